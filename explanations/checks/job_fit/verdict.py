"""The verdict of a text, held against the rule and against what the text itself says."""

from collections.abc import Iterator, Sequence
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.job_fit.claim import WANTED, Span, grounding_finding, in_years_short
from explanations.checks.job_fit.clauses import Clause, Stance
from explanations.checks.subject import Subject
from explanations.output_formats.job_fit import Fit

_VERDICT_LINE: Final = regex.compile(
    r"\s*(?:\W*verdict\W*)?\s*(?P<verdict>strong|partial|weak)(?:\s+(?:fit|match))?\W*$",
    flags=regex.IGNORECASE,
)
_VERDICT_SAID: Final = regex.compile(
    r"\b(?:(?P<strong>strong|excellent|great|good|very good|perfect|ideal|solid|clear)"
    r"|(?P<partial>partial|moderate|reasonable|possible|fair|decent|middling|mixed)"
    r"|(?P<weak>weak|poor|limited|bad|unlikely))\s+(?:overall\s+)?(?:fit|match|candidate)\b",
    flags=regex.IGNORECASE,
)
_NOT: Final = regex.compile(
    r"\b(?:not|n['’]t|no|never|hardly|isn['’]t)\s+(?:yet\s+)?(?:an?\s+)?$", regex.IGNORECASE
)


def verdict_said(subject: Subject, clauses: Sequence[Clause], fit: Fit) -> Iterator[Finding]:
    verdict, span = _verdict_of(subject)
    if not verdict:
        return
    if (fit.skills_wanted or fit.years_short > 0) and verdict != fit.verdict:
        message = (
            f"By the rule this is a {fit.verdict} fit: {fit.skills_met} of {fit.skills_wanted} "
            f"wanted skills, {in_years_short(fit.years_short)}."
        )
        yield grounding_finding("verdict", message, span, WANTED)
        return
    has_matches = any(clause.stance is Stance.HAS and not clause.is_gap for clause in clauses)
    gaps = sum(clause.is_gap or clause.stance is Stance.LACKS for clause in clauses)
    if verdict == "strong" and gaps > 1 and not has_matches:
        yield grounding_finding(
            "verdict", "A strong fit, and all that is said are gaps.", span, WANTED
        )
    elif verdict == "weak" and has_matches and not gaps and not fit.skills_wanted:
        yield grounding_finding(
            "verdict", "A weak fit, and all that is said are matches.", span, WANTED
        )


def _verdict_of(subject: Subject) -> tuple[str, Span]:
    first = subject.text.split("\n", 1)[0]
    whole = (0, max(len(first), 1))
    if subject.output is not None and "verdict" in subject.output:
        return str(subject.output["verdict"]), whole
    if found := _VERDICT_LINE.fullmatch(first):
        return found.group("verdict").lower(), whole
    for said in _VERDICT_SAID.finditer(subject.text):
        name = str(said.lastgroup)
        if _NOT.search(subject.text, 0, said.start()):
            if name != "strong" or said.group("strong").lower() == "strong":
                continue
            name = "weak"
        return name, said.span()
    return "", whole
