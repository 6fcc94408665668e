"""Grounding: numbers that no fact supports, and a verdict that the facts do not."""

from collections.abc import Iterable, Iterator, Mapping

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject
from explanations.context import Fact, FactMissing, get_fact
from explanations.output_formats.job_fit import fit_of

VERSION = 1
CHECKS = ("grounding", "verdict")
CATEGORY = "unsupported"

_NUMBER = regex.compile(r"(?<![\p{L}\p{N}.,])[0-9]+(?:[.,:][0-9]+)*(?![\p{L}\p{N}])")
_YEAR = regex.compile(r"(?:19|20)[0-9]{2}")
_DECADE = regex.compile(
    r"(?<![\p{L}\p{N}])['’]?((?:19|20)?[0-9]0)['’]?s(?![\p{L}\p{N}])", flags=regex.IGNORECASE
)
_DIGITS = regex.compile(r"[0-9]+")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield errors for years and missing facts, warnings for other numbers and odd verdicts."""
    known = _known_numbers(subject.leaves)
    yield from _decades(subject, known)
    yield from _numbers(subject, known)
    if subject.output is not None:
        yield from _missing_facts(subject, subject.output)
        yield from _verdict(subject, subject.output)


def _decades(subject: Subject, known: set[str]) -> Iterator[Finding]:
    decades = {year[2:3] + "0" for year in known if _YEAR.fullmatch(year)}
    for found in _DECADE.finditer(subject.masked):
        if found.group(1)[-2:] not in decades:
            yield _finding("warning", f'No fact speaks of the "{found.group()}".', found.span())


def _numbers(subject: Subject, known: set[str]) -> Iterator[Finding]:
    for found in _NUMBER.finditer(subject.masked):
        number = found.group()
        if number in known or number.lstrip("0") in known:
            continue
        year = _YEAR.fullmatch(number)
        message = f"No fact holds the year {number}." if year else f"No fact holds {number}."
        yield _finding("error" if year else "warning", message, found.span())


def _missing_facts(subject: Subject, output: Mapping[str, object]) -> Iterator[Finding]:
    for pointer in _pointers(output):
        try:
            get_fact(subject.facts, pointer)
        except FactMissing:
            yield _finding("error", "A bullet rests on a fact that is not there.", None, pointer)


def _verdict(subject: Subject, output: Mapping[str, object]) -> Iterator[Finding]:
    fit = fit_of(subject.facts)
    if "verdict" not in output or output["verdict"] == fit.verdict or not fit.skills_wanted:
        return
    end = subject.text.find("\n")
    yield Finding(
        check="verdict",
        version=VERSION,
        severity="warning",
        message=(
            f"By the rule this is a {fit.verdict} fit: {fit.skills_met} of {fit.skills_wanted} "
            f"wanted skills, {_years_short(fit.years_short)}."
        ),
        start=0,
        end=end if end > 0 else len(subject.text),
        category="verdict",
        pointer="/item/skills_wanted",
    )


def _years_short(years: float) -> str:
    return f"{years:g} years short" if years > 0 else "the years are there"


def _pointers(output: Mapping[str, object]) -> list[str]:
    lists = [output.get("matches"), output.get("gaps")]
    bullets = [bullet for value in lists if isinstance(value, list) for bullet in value]
    return [str(bullet["fact"]) for bullet in bullets if isinstance(bullet, dict)]


def _known_numbers(facts: Iterable[Fact]) -> set[str]:
    """Return every number that stands in a fact, whole values and digits inside strings alike."""
    known: set[str] = set()
    for fact in facts:
        written = str(fact.value)
        if not _DIGITS.search(written):
            continue
        known.update(_DIGITS.findall(written))
        known.update(found.group() for found in _NUMBER.finditer(written))
        if fact.pointer == "/item/duration_s" and isinstance(fact.value, int | float):
            minutes, seconds = divmod(round(fact.value), 60)
            known.add(f"{minutes}:{seconds:02d}")
    return known


def _finding(
    severity: str, message: str, span: tuple[int, int] | None, pointer: str = ""
) -> Finding:
    start, end = span or (None, None)
    return Finding(
        check="grounding",
        version=VERSION,
        severity="error" if severity == "error" else "warning",
        message=message,
        start=start,
        end=end,
        category=CATEGORY,
        pointer=pointer,
    )
