"""What the modules of a job's fit share: where the facts stand, and how a finding is made."""

from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject
from explanations.context import FactMissing, get_fact

VERSION: Final = 1
WANTED: Final = "/item/skills_wanted"
SKILLS: Final = "/audience/skills"
YEARS_WANTED: Final = "/item/years_wanted"
YEARS: Final = "/audience/years_of_experience"
CONTENT: Final = regex.compile(r"\p{L}{3,}")
PART: Final = regex.compile(r"[\p{L}\p{N}]+")

Span = tuple[int, int]


def strings_at(subject: Subject, pointer: str) -> list[str]:
    try:
        value = get_fact(subject.facts, pointer)
    except FactMissing:
        return []
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def in_years_short(years: float) -> str:
    """Say how many years are missing."""
    return f"{years:g} years short" if years > 0 else "the years are there"


def is_in_facts(token: str, words: frozenset[str]) -> bool:
    """Say whether each part of a name is a word of the facts."""
    folded = token.lower().replace("’", "'").removesuffix("'s")
    parts = PART.findall(folded)
    if len(folded) == 1 or folded[-1] in "+#":
        # One letter is a name of its own: the "R" of "R&D" and the "C" of "C++" are others.
        return False
    return bool(parts) and all(
        part in words or part.removesuffix("s") in words or f"{part}s" in words for part in parts
    )


def grounding_finding(
    category: str, message: str, span: Span | None, pointer: str = "", *, severity: str = "warning"
) -> Finding:
    start, end = span or (None, None)
    return Finding(
        check="grounding",
        version=VERSION,
        severity="error" if severity == "error" else "warning",
        message=message,
        start=start,
        end=end,
        category=category,
        pointer=pointer,
    )


def number_at(subject: Subject, pointer: str) -> float | None:
    try:
        value = get_fact(subject.facts, pointer)
    except FactMissing:
        return None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
