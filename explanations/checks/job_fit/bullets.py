"""Bullets whose facts are known by their pointers."""

from collections.abc import Iterator, Mapping

from explanations.checks.finding import Finding
from explanations.checks.job_fit.claim import (
    SKILLS,
    WANTED,
    YEARS,
    YEARS_WANTED,
    Span,
    grounding_finding,
    in_years_short,
    strings_at,
)
from explanations.checks.subject import Subject
from explanations.context import FactMissing, fold, get_fact
from explanations.output_formats.job_fit import Fit


def facts_pointed_at(subject: Subject, fit: Fit) -> Iterator[Finding]:
    if subject.output is None:
        return
    owned = {fold(value).characters.strip() for value in strings_at(subject, SKILLS)}
    for name in ("matches", "gaps"):
        for bullet in _bullets(subject.output, name):
            pointer, span = str(bullet.get("fact", "")), _span_of(subject, bullet)
            try:
                value = get_fact(subject.facts, pointer)
            except FactMissing:
                message = "A bullet rests on a fact that is not there."
                yield grounding_finding("unsupported", message, None, pointer, severity="error")
                continue
            if name == "gaps" and pointer.startswith(WANTED + "/"):
                if fold(str(value)).characters.strip() in owned:
                    message = f"{value} is no gap: the profile holds it."
                    yield grounding_finding("contradicts", message, span, pointer)
            elif name == "gaps" and pointer == YEARS_WANTED and fit.years_short <= 0:
                yield grounding_finding(
                    "contradicts", "No gap: the years are there.", span, pointer
                )
            elif name == "matches" and pointer == YEARS and fit.years_short > 0:
                message = f"No match: the profile is {in_years_short(fit.years_short)}."
                yield grounding_finding("contradicts", message, span, pointer)


def _bullets(output: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    value = output.get(name)
    return (
        [bullet for bullet in value if isinstance(bullet, Mapping)]
        if isinstance(value, list)
        else []
    )


def _span_of(subject: Subject, bullet: Mapping[str, object]) -> Span | None:
    words = str(bullet.get("text", ""))
    start = subject.text.find(words) if words else -1
    return (start, start + len(words)) if start >= 0 else None
