"""Degrees, employers and experience that a text gives to somebody."""

from collections.abc import Iterator, Sequence
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.job_fit.claim import (
    CONTENT,
    PART,
    SKILLS,
    WANTED,
    grounding_finding,
    is_in_facts,
)
from explanations.checks.job_fit.clauses import Clause, Stance
from explanations.checks.subject import Subject

_CREDENTIAL: Final = regex.compile(
    r"\b(?:(?:bachelor|master|doctor|associate)(?:['’]?s)?\s+(?:degree\b|of\b|in\b)|bachelor['’]s|master['’]s"
    r"|(?:(?:university|college|advanced|graduate)\s+)?degrees?\b(?!\s+of\s+(?:freedom|detail|overlap|fit))"
    r"|ph\.?\s?d\b|doctorate|mba\b|b\.?sc\b|m\.?sc\b|diploma|certifi(?:ed|cation|cate)\w*|licen[cs]ed?\b"
    r"|accredit\w+|apprenticeship|graduate of|graduated\b|alumn\w+|pmp\b|cpa\b|award(?:s|ed)?\b"
    r"|security clearance)",
    flags=regex.IGNORECASE,
)
_CAPITALISED: Final = r"\p{Lu}[\p{L}\p{N}&.'’-]*(?:\s+(?:and|&|of)?\s*\p{Lu}[\p{L}\p{N}&.'’-]*)*"
_EMPLOYER: Final = regex.compile(
    r"\b(?:worked|working|work|employed|employment|time|tenure|years|stint|internship|interned|role|"
    r"position|job|career|experience|employer|company|manager|engineer|clerk|stay)\b[^.;\n]{0,24}?"
    r"(?<!\b(?:ask|asks|asked|asking|look|looks|looking|call|calls|calling|stand|stands) )"
    rf"\b(?:at|for)\s+(?!the\b)(?P<name>{_CAPITALISED})"
    rf"|\b(?:previous|former|last|current|your) employer,?\s+(?P<name>{_CAPITALISED})",
)
_EXPERIENCE: Final = regex.compile(
    r"\b(?:experienced?|expertise|background|training|trained|knowledge|proficien\w+|fluent|fluency|"
    r"familiar\w*|specialis\w+|specializ\w+|versed|expert|skilled|skills|track record|talent|"
    r"command|certified|strength|strengths|excel|excels|adept|qualified)\s+"
    r"(?:in|with|of|as|at|on|for)\s+(?P<what>[^.,;:\n]+)"
    r"|\byou(?:['’]ve| have| also| already)?\s+(?:led|managed|built|headed|ran|founded|taught|"
    r"designed|supervised|directed|launched|speak)\s+(?P<what>[^.,;:\n]+)",
    flags=regex.IGNORECASE,
)
# A step that the model took for a requirement.
_LESSON_WANTED: Final = regex.compile(
    r"\b(?:asks?|calls?|looks?) for (?P<what>an? (?:short |basic )?(?:beginners?['’]?s?|course|"
    r"class|tutorial|introduction)\b[^.,;\n]*)",
    flags=regex.IGNORECASE,
)
_WHAT_ENDS: Final = regex.compile(
    r"\s+(?:and|or|but|where|which|that|while|as|for|to|than|who|so|because|when|at|from|yet|is|are)\s"
    r"|\s+(?:the|this|your) (?:job|role|profile)\b",
    flags=regex.IGNORECASE,
)
_SAYS_LITTLE: Final = frozenset(
    (
        *(
            "the",
            "and",
            "you",
            "for",
            "its",
            "all",
            "one",
            "two",
            "any",
            "own",
            "day",
            "use",
            "how",
        ),
        *("few", "new", "job", "way", "ways", "thre", "four", "five", "six", "ten", "not", "has"),
        *(
            "team",
            "year",
            "work",
            "task",
            "tool",
            "role",
            "jobs",
            "area",
            "this",
            "that",
            "same",
            "such",
        ),
        *("simi", "rele", "rela", "fiel", "kind", "most", "many", "some", "what", "thes", "thos"),
        *("soft", "syst", "skil", "expe", "wide", "rang", "seve", "vari", "like", "very", "both"),
        *("here", "ther", "want", "list", "name", "requ", "need", "them", "they", "half", "bett"),
        *("part", "with", "from", "your", "also", "long", "near", "clos", "match", "matc", "occu"),
        *("acti", "prof", "duti", "resp", "well", "each", "fact", "over", "hand", "prac", "real"),
    )
)
_STEM: Final = 6
_SHORTEST_STEM: Final = 4


def credentials_said(subject: Subject, clauses: Sequence[Clause]) -> Iterator[Finding]:
    has_credential = bool(_CREDENTIAL.search(subject.text))
    has_employer = bool(_EMPLOYER.search(subject.text))
    if not has_credential and not has_employer:
        return
    words = subject.words_of_facts
    for clause in clauses:
        if clause.stance is Stance.STEP:
            continue
        for found in _CREDENTIAL.finditer(subject.text, clause.start, clause.end):
            said = [word.lower() for word in CONTENT.findall(found.group())]
            if not all(_has_stem(word, words) for word in said):
                message = f"Neither profile nor job speaks of a {found.group().strip()}."
                yield grounding_finding("unsupported", message, found.span())
        if clause.stance is Stance.HAS or clause.stance is Stance.OPEN:
            yield from _employers(subject, clause)


def _employers(subject: Subject, clause: Clause) -> Iterator[Finding]:
    for found in _EMPLOYER.finditer(subject.text, clause.start, clause.end):
        name = found.group("name")
        if not is_in_facts(name, _words_beside_skills(subject)):
            message = f"No fact names {name} as an employer."
            yield grounding_finding("unsupported", message, found.span("name"))


def _words_beside_skills(subject: Subject) -> frozenset[str]:
    """Return the words of all facts but the skills: "Google Docs" makes Google no employer."""
    return frozenset(
        word
        for fact in subject.leaves
        if isinstance(fact.value, str) and not fact.pointer.startswith((WANTED, SKILLS))
        for word in PART.findall(fact.value.lower())
    )


def experience_said(subject: Subject, clauses: Sequence[Clause]) -> Iterator[Finding]:
    """Yield what somebody is said to know or to have done that no fact has a word of."""
    if not _EXPERIENCE.search(subject.text):
        return
    for clause in clauses:
        if clause.stance is not Stance.HAS and clause.stance is not Stance.WANTS:
            continue
        for found in _EXPERIENCE.finditer(subject.text, clause.start, clause.end):
            start, end = found.span("what")
            if cut := _WHAT_ENDS.search(subject.text, start, end):
                end = cut.start()
            said = [
                word.lower()
                for word in CONTENT.findall(subject.text, start, end)
                if word.lower()[:4] not in _SAYS_LITTLE
            ]
            if said and not any(_is_spoken_of(word, subject.words_of_facts) for word in said):
                words = subject.text[start:end].strip()
                if words:
                    message = f"Neither profile nor job speaks of {words}."
                    yield grounding_finding("unsupported", message, (start, start + len(words)))


def _is_spoken_of(word: str, words: frozenset[str]) -> bool:
    """Say whether a word of the facts begins alike: "auditing" speaks of an "audit"."""
    stem = word[:_STEM]
    return any(
        other.startswith(stem) or (len(other) >= _SHORTEST_STEM and word.startswith(other))
        for other in words
    )


def lessons_wanted(subject: Subject, clauses: Sequence[Clause]) -> Iterator[Finding]:
    """Yield lessons that the job is said to ask for: they are steps, and no job wants them."""
    if not _LESSON_WANTED.search(subject.text):
        return
    for clause in clauses:
        if clause.stance is Stance.WANTS:
            for found in _LESSON_WANTED.finditer(subject.text, clause.start, clause.end):
                words = found.group("what").split()[:2]
                if not all(word.lower() in subject.words_of_facts for word in words):
                    message = "A job asks for no lessons; they would be a next step."
                    yield grounding_finding("unsupported", message, found.span("what"))


def _has_stem(word: str, words: frozenset[str]) -> bool:
    stem = word[: max(5, len(word) - 2)]
    return any(other.startswith(stem) for other in words)
