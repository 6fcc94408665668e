"""Skills that a text names: each must be where the text says that it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.job_fit.claim import (
    SKILLS,
    WANTED,
    grounding_finding,
    is_in_facts,
)
from explanations.checks.job_fit.clauses import Clause, Stance
from explanations.checks.subject import Subject
from explanations.context import fold

_VENDORS: Final = (
    *("microsoft", "adobe", "autodesk", "intuit", "atlassian", "oracle", "google", "apple"),
    *("amazon web services aws", "amazon web services", "amazon", "ibm", "esri", "bentley"),
    *("dassault systemes", "the mathworks", "mathworks", "apache", "cisco", "trimble", "kronos"),
    *("henry schein", "eclipse", "red hat", "salesforce", "sap"),
)
_KIND_WORDS: Final = (" software", " system", " systems")
_ACRONYM: Final = regex.compile(r"(.+) (\p{Lu}[\p{Lu}\p{N}]{1,5})")
# Short forms that are English words as well: they count only as names are written.
_ALSO_WORDS: Final = frozenset(
    (
        *(
            "access",
            "word",
            "office",
            "project",
            "teams",
            "excel",
            "outlook",
            "go",
            "r",
            "c",
            "chef",
        ),
        *("swift", "puppet", "slack", "zoom", "react", "bash", "spark", "hive", "epic", "windows"),
        *("workspace", "docs", "sheets", "concur", "analytics", "acrobat", "confluence", "bamboo"),
        *("shell script", "access", "java", "ruby", "scala", "selenium", "canva", "publisher"),
        *("dynamics", "enterprise", "visual studio", "database", "maven", "tomcat", "spring boot"),
    )
)
_NEAR: Final = regex.compile(
    r"\b(?:close|similar|relative|related|akin|like|instead of|rather than|alternative|comparable|"
    r"next to|helps? with|bridge|carr(?:y|ies) over|transfers?|step (?:to|toward)|beside|overlaps?|"
    r"counts? for|covers?|amounts? to|part of)\b",
    flags=regex.IGNORECASE,
)
_TOKEN: Final = regex.compile(r"[\p{L}\p{N}][\p{L}\p{N}.+#/&'’-]*[\p{L}\p{N}+#]|[\p{L}\p{N}][+#]*")
_NAME_LIKE: Final = regex.compile(r"\p{Lu}|\p{Ll}+\p{Lu}|.*[+#]")
# Capitals that name no skill and no employer.
_NO_NAMES: Final = frozenset(
    (
        *("i", "i'm", "cv", "hr", "it", "ok", "pc", "uk", "us", "usa", "eu", "you", "your", "the"),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
        *("october", "november", "december", "monday", "tuesday", "wednesday", "thursday"),
        *("friday", "saturday", "sunday", "strong", "partial", "weak", "fit", "verdict", "match"),
        *("matches", "gap", "gaps", "next", "step", "steps", "linkedin", "english", "microsoft"),
        *("adobe", "overall", "try", "job", "profile", "yes", "no", "a", "an", "and"),
    )
)
# A sentence that begins with a name and says where it is: "Django is in your profile already."
_SUBJECT: Final = regex.compile(
    r"(?!(?:what|nothing|everything|experience|one|both|there|here|this|that|it|more|years?|which|"
    r"each|all|some|none|most|half|neither|either|another|still|missing|only|leadership)\b)"
    r"\p{Lu}[\p{L}\p{N}+#.]*\s+(?:is|are|remains|counts|would be)\s+"
    r"(?:(?:also|already|still|both)\s+)?"
    r"(?:in your|on your|wanted|missing|required|needed|not|asked|part|a gap|another|there|absent)",
    flags=regex.IGNORECASE,
)
_KNOWN_TOOLS: Final = frozenset(
    (
        *("python", "javascript", "typescript", "sql", "kubernetes", "docker", "tableau", "linux"),
        *("photoshop", "salesforce", "autocad", "quickbooks", "powerpoint", "github", "git", "php"),
        *("html", "css", "matlab", "solidworks", "wordpress", "hadoop", "tensorflow", "pytorch"),
        *("jira", "sharepoint", "figma", "power bi", "node.js", "mongodb", "postgresql", "mysql"),
        *("aws", "azure", "terraform", "ansible", "jenkins", "c++", "c#", "kotlin", "rust"),
    )
)


@dataclass(frozen=True, slots=True)
class Named:
    """Words that name something, and where the facts have it."""

    start: int
    end: int
    wanted: str = ""
    """The pointer of the skill that the job wants, "" where it wants no such thing."""
    owned: str = ""
    """The pointer of the skill that the profile holds, "" where it holds none."""


def names_said(subject: Subject, clauses: Sequence[Clause]) -> Iterator[Finding]:
    index = Skills(subject)
    known = index.named_in(subject.text)
    for clause in clauses:
        if clause.stance is Stance.STEP:
            continue
        here = [name for name in known if clause.start <= name.start < clause.end]
        is_near = bool(_NEAR.search(subject.text, clause.start, clause.end))
        for name in here:
            yield from _of_skill(subject.text, clause, name, is_near=is_near)
        yield from _strangers(subject, clause, here)


def _of_skill(text: str, clause: Clause, name: Named, *, is_near: bool) -> Iterator[Finding]:
    words, span = text[name.start : name.end], (name.start, name.end)
    if clause.stance is Stance.HAS and not clause.is_gap:
        if not name.owned and not is_near:
            message = f"The profile does not hold {words}; only the job asks for it."
            yield grounding_finding("unsupported", message, span, name.wanted)
    elif clause.is_gap or clause.stance is Stance.LACKS:
        if name.owned:
            message = f"{words} is no gap: the profile holds it."
            yield grounding_finding("contradicts", message, span, name.owned)
    elif clause.stance is Stance.WANTS and not name.wanted:
        yield grounding_finding(
            "unsupported", f"The job does not ask for {words}.", span, name.owned
        )


def _strangers(subject: Subject, clause: Clause, known: Sequence[Named]) -> Iterator[Finding]:
    """Yield names that stand in no fact of profile or job."""
    run: list[regex.Match[str]] = []
    found = list(_TOKEN.finditer(subject.text, clause.start, clause.end))
    for position, token in enumerate(found):
        is_first = position == 0 and not _SUBJECT.match(subject.text, token.start())
        is_told = clause.stance is not Stance.OPEN or token.group().lower() in _KNOWN_TOOLS
        if is_told and _is_name_like(token.group(), is_first=is_first):
            run.append(token)
            if position + 1 < len(found) and found[position + 1].start() == token.end() + 1:
                continue
        if run:
            yield from _stranger(subject, run, known)
            run = []
    if run:
        yield from _stranger(subject, run, known)


def _is_name_like(token: str, *, is_first: bool) -> bool:
    folded = token.lower()
    if folded in _KNOWN_TOOLS:
        return True
    if is_first and (token[1:].islower() or len(token) == 1):
        return False
    return bool(_NAME_LIKE.match(token)) and folded.removesuffix("'s") not in _NO_NAMES


def _stranger(
    subject: Subject, run: Sequence["regex.Match[str]"], known: Sequence[Named]
) -> Iterator[Finding]:
    unknown = [
        token
        for token in run
        if not any(name.start <= token.start() < name.end for name in known)
        and not is_in_facts(token.group(), subject.words_of_facts)
    ]
    if unknown:
        span = unknown[0].start(), unknown[-1].end()
        message = f"Neither profile nor job speaks of {subject.text[slice(*span)]}."
        yield grounding_finding("unsupported", message, span)


class Skills:
    """The skills of one profile and one job, by all the forms in which a text may name them."""

    def __init__(self, subject: Subject) -> None:
        self._forms: dict[str, dict[str, str]] = {}
        for fact in subject.leaves:
            for below in (WANTED, SKILLS):
                if fact.pointer.startswith(below + "/") and isinstance(fact.value, str):
                    for form in _forms_of(fact.value):
                        self._forms.setdefault(form, {}).setdefault(below, fact.pointer)

    def named_in(self, text: str) -> list[Named]:
        """Return where a text names one of the skills, of names that overlap the longest."""
        lower = text.lower()
        if len(lower) != len(text):
            return []
        taken: list[Named] = []
        for form in sorted(self._forms, key=len, reverse=True):
            start = lower.find(form)
            while start != -1:
                end = start + len(form)
                if _is_name_at(text, start, end, form) and all(
                    end <= name.start or name.end <= start for name in taken
                ):
                    taken.append(self._named(start, end, form))
                start = lower.find(form, start + 1)
        return sorted(taken, key=lambda name: name.start)

    def _named(self, start: int, end: int, form: str) -> Named:
        pointers = self._forms[form]
        owned = pointers.get(SKILLS, "")
        return Named(start, end, pointers.get(WANTED, ""), owned)


def _is_name_at(text: str, start: int, end: int, form: str) -> bool:
    if start and (text[start - 1].isalnum() or text[start - 1] in "-/&"):
        return False
    if end < len(text) and (text[end].isalnum() or text[end] in "+#&"):
        return False
    return form not in _ALSO_WORDS or text[start].isupper()


@lru_cache(maxsize=4096)
def _forms_of(skill: str) -> tuple[str, ...]:
    """Return a skill as it is written and as it is called: "Intuit QuickBooks", "QuickBooks"."""
    whole = fold(skill).characters.strip()
    forms = [whole]
    bare = whole
    for kind in _KIND_WORDS:
        bare = bare.removesuffix(kind)
    forms.append(bare)
    for vendor in _VENDORS:
        if bare.startswith(vendor + " "):
            forms.append(bare.removeprefix(vendor + " "))
            break
    spelt = skill.strip()
    for kind in _KIND_WORDS:
        spelt = spelt.removesuffix(kind)
    if acronym := _ACRONYM.fullmatch(spelt):
        forms += [fold(part).characters.strip() for part in acronym.groups()]
    return tuple(dict.fromkeys(form for form in forms if form))
