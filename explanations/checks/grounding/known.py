"""What the facts of a recommendation say in numbers, by what the numbers mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from explanations.context import Fact

_ISO_DATE: Final = re.compile(
    r"(?P<year>[12][0-9]{3})(?:-(?P<month>[01][0-9])(?:-(?P<day>[0-3][0-9]))?)?(?:T.*)?"
)
_YEAR: Final = re.compile(r"(?<![0-9])(?:1[89]|20)[0-9]{2}(?![0-9])")
_HAS_DIGIT: Final = re.compile(r"[0-9]")
_NUMBER: Final = re.compile(r"(?<![^\W\d_])[0-9]+(?:[.,:][0-9]+)*(?![^\W\d_])")
_DIGITS: Final = re.compile(r"(?<!\w)[0-9]+(?!\w)")
_DATED: Final = re.compile(r"date|released|year|published|recorded")
_TEMPO: Final = re.compile(r"tempo|bpm")
_DURATION: Final = re.compile(r"duration|length|runtime")
_NAMES: Final = frozenset({"title", "artist", "album"})


@dataclass(frozen=True, slots=True)
class KnownDate:
    """A day, a month or a year that a fact names; what it does not say is 0."""

    year: int
    month: int
    day: int
    pointer: str


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a fact, and where it stands."""

    value: float
    pointer: str


@dataclass(slots=True)
class Known:
    """All of it."""

    dates: list[KnownDate] = field(default_factory=list)
    years: set[int] = field(default_factory=set)
    tempos: list[Measure] = field(default_factory=list)
    durations: list[Measure] = field(default_factory=list)
    """In seconds."""
    shares: dict[str, Measure] = field(default_factory=dict)
    """Measures from 0 to 1, by the last name of their pointer."""
    numbers: set[str] = field(default_factory=set)
    """Every other number, as it may be written."""
    counts: set[float] = field(default_factory=set)
    """Those of them that are facts of their own, not part of a name or a description."""
    lists: dict[str, int] = field(default_factory=dict)
    """How many members the lists have, by their pointer."""


def known_numbers(facts: Sequence[Fact]) -> Known:
    """Sort what the facts say in numbers."""
    known = Known()
    for fact in facts:
        path, _, name = fact.pointer.rpartition("/")
        if name.isdecimal():
            known.lists[path] = int(name) + 1
            name = path.rpartition("/")[2]
        else:
            above, _, index = path.rpartition("/")
            if index.isdecimal():
                known.lists[above] = int(index) + 1
        if isinstance(fact.value, str):
            _add_string(known, fact.pointer, fact.value, name)
        elif not isinstance(fact.value, bool):
            _add_number(known, fact.pointer, fact.value, name)
    if "/item/skills_wanted" in known.lists:
        _add_fit(known, facts)
    return known


def _add_fit(known: Known, facts: Sequence[Fact]) -> None:
    """Add what a comparison of job and profile comes to: "two of six skills, a year short"."""
    values = {fact.pointer: fact.value for fact in facts}
    wanted = {_below(fact) for fact in facts if fact.pointer.startswith("/item/skills_wanted/")}
    owned = {_below(fact) for fact in facts if fact.pointer.startswith("/audience/skills/")}
    met = len(wanted & owned)
    counted: list[float] = [len(wanted), met, len(wanted) - met]
    years = [values.get("/item/years_wanted"), values.get("/audience/years_of_experience")]
    asked, had = (float(each) if isinstance(each, int | float) else None for each in years)
    if asked is not None and had is not None:
        counted.append(abs(asked - had))
    known.counts.update(counted)
    known.numbers.update(f"{number:g}" for number in counted)


def _below(fact: Fact) -> str:
    return str(fact.value).casefold()


def _add_string(known: Known, pointer: str, value: str, name: str) -> None:
    if not _HAS_DIGIT.search(value):
        return
    date = _ISO_DATE.fullmatch(value)
    if date and (date["month"] or _DATED.search(name)):
        year, month, day = (int(date[part] or 0) for part in ("year", "month", "day"))
        known.dates.append(KnownDate(year, month, day, pointer))
        known.years.add(year)
        return
    # A number in the title of what somebody heard says nothing about the item.
    if pointer.startswith("/audience/") and name in _NAMES:
        return
    known.years.update(int(year) for year in _YEAR.findall(value))
    known.numbers.update(_DIGITS.findall(value))
    known.numbers.update(_NUMBER.findall(value))


def _add_number(known: Known, pointer: str, value: float, name: str) -> None:
    measure = Measure(value, pointer)
    if _TEMPO.search(name):
        known.tempos.append(measure)
    elif _DURATION.search(name):
        seconds = value / 1000 if name.endswith("ms") else value
        known.durations.append(Measure(seconds, pointer))
    elif isinstance(value, float) and 0 <= value <= 1:
        known.shares[name] = measure
    else:
        known.counts.add(value)
        known.numbers.add(f"{value:g}")
        known.numbers.add(str(value))
        if _DATED.search(name) and 1800 <= value < 2100:
            known.dates.append(KnownDate(int(value), 0, 0, pointer))
        if value == int(value) and 1800 <= value < 2100:
            known.years.add(int(value))
