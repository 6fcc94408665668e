"""Days, months, years and decades."""

from collections.abc import Iterator
from typing import Final

import regex

from explanations.checks.grounding.claim import Claim, Reading
from explanations.checks.grounding.known import Known, KnownDate
from explanations.checks.numbers import number_of

MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTH: Final = (
    r"(?P<month>January|February|March|April|May|June|July|August|September|October|November"
    r"|December|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.?"
)
_DAY: Final = r"(?P<day>[0-3]?[0-9])(?:st|nd|rd|th)?"
_YEAR: Final = r"(?P<year>(?:1[89]|20)[0-9]{2})"
_EDGE: Final = r"(?<![\p{L}\p{N}])"
_END: Final = r"(?![\p{L}\p{N}])"
_DATES: Final = (
    regex.compile(
        rf"{_EDGE}(?P<year>(?:1[89]|20)[0-9]{{2}})-(?P<month>[01][0-9])"
        rf"(?:-(?P<day>[0-3][0-9]))?{_END}"
    ),
    regex.compile(rf"{_EDGE}(?:the )?{_DAY} (?:of )?{_MONTH}(?:,? {_YEAR})?{_END}"),
    regex.compile(rf"{_EDGE}{_MONTH} (?:the )?{_DAY}(?:,? {_YEAR})?{_END}(?![:%]|\s?(?:bpm|BPM))"),
    regex.compile(rf"{_EDGE}{_MONTH},?(?: of)? {_YEAR}{_END}"),
)
_NUMERIC_DATE: Final = regex.compile(
    rf"{_EDGE}(?P<first>[0-3]?[0-9])(?P<sign>[/.])(?P<second>[0-3]?[0-9])(?P=sign)"
    rf"(?P<year>(?:1[89]|20)?[0-9]{{2}}){_END}"
)
_BARE_MONTH: Final = regex.compile(
    rf"{_EDGE}(?:in|since|from|on|until|by|last|early|late|mid|a|this|that)[ -]{_MONTH}{_END}"
)
_PUBLISHING: Final = regex.compile(
    r"\b(?:releas\w+|out|came|drop\w*|since|edition|arriv\w+|land\w+|first|record\w+|issu\w+|dat\w+"
    r"|single|debut\w*|surfac\w+|appear\w+|publish\w+|launch\w*)\b",
    flags=regex.IGNORECASE,
)
_WRITTEN_UNIT: Final = "one|two|three|four|five|six|seven|eight|nine"
_WRITTEN_TEEN: Final = (
    "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)
_WRITTEN_TENS: Final = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_WRITTEN_YEAR: Final = regex.compile(
    rf"\b(?:(?P<century>nineteen|twenty)[ -](?:hundred[ -](?:and )?)?"
    rf"(?P<rest>(?:{_WRITTEN_TENS})(?:[ -](?:{_WRITTEN_UNIT}))?|{_WRITTEN_TEEN}"
    rf"|oh?[ -](?:{_WRITTEN_UNIT}))"
    rf"|two thousand(?: and)? (?P<millennium>{_WRITTEN_TEEN}|{_WRITTEN_UNIT}"
    rf"|twenty(?:[ -](?:{_WRITTEN_UNIT}))?))\b(?![ -](?:bpm|beats|seconds|minutes|times))",
    flags=regex.IGNORECASE,
)
_YEAR_IN_DIGITS: Final = regex.compile(
    r"(?<![\p{L}\p{N}.,:$€£#])(?<!-(?=[0-9]))(?P<year>(?:1[89]|20)[0-9]{2})"
    r"(?![\p{N}]|[.,:][0-9]|['’]?s(?!\p{L})\b|\s?(?:bpm|seconds|plays|streams|copies|%))",
    flags=regex.IGNORECASE,
)
_SHORT_YEAR: Final = regex.compile(
    r"(?<![\p{L}\p{N}])['’‘](?P<year>[0-9]{2})(?![\p{N}]|['’]?s(?!\p{L}))"
)
_DECADE: Final = regex.compile(
    r"(?<![\p{L}\p{N}.,:])['’‘]?(?P<decade>(?:1[89]|20)?[0-9]0)['’]?s(?![\p{L}\p{N}])",
    flags=regex.IGNORECASE,
)
_DECADE_WORDS: Final = {
    "twenties": 20,
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
    "noughties": 0,
    "naughties": 0,
    "aughts": 0,
    "two-thousands": 0,
    "two thousands": 0,
    "twenty-tens": 10,
    "twenty tens": 10,
}
_DECADE_IN_WORDS: Final = regex.compile(
    rf"\b(?P<decade>{'|'.join(_DECADE_WORDS)})\b", flags=regex.IGNORECASE
)


def dates_in(reading: Reading) -> Iterator[Claim]:
    """Yield days and months, each with the year that stands beside it."""
    text, known = reading.text, reading.known
    for pattern in _DATES:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            day = int(parts.get("day") or 0)
            year = int(parts.get("year") or 0)
            yield _date(found, KnownDate(year, _month(parts["month"]), day, ""), known)
    for found in _NUMERIC_DATE.finditer(text):
        yield _numeric_date(found, known)
    for found in _BARE_MONTH.finditer(text):
        if _PUBLISHING.search(text):
            start, end = found.span("month")
            claimed = KnownDate(0, _month(found["month"]), 0, "")
            yield _judged(text[start:end], (start, end), claimed, known)


def years_in(reading: Reading) -> Iterator[Claim]:
    """Yield years, in digits and in words."""
    text, known = reading.text, reading.known
    for found in _YEAR_IN_DIGITS.finditer(text):
        yield _year(found, int(found["year"]), known)
    for found in _SHORT_YEAR.finditer(text):
        ending = int(found["year"])
        is_known = any(year % 100 == ending for year in known.years)
        yield _claim(found, is_known, f"No fact holds the year {found.group()}.", known)
    for found in _WRITTEN_YEAR.finditer(text):
        yield _year(found, _written_year(found), known)


def decades_in(reading: Reading) -> Iterator[Claim]:
    """Yield decades, in digits and in words."""
    text, known = reading.text, reading.known
    for found in _DECADE.finditer(text):
        written = int(found["decade"])
        is_known = any(
            (year // 10 * 10 == written) if written > 99 else (year // 10 % 10 * 10 == written)
            for year in known.years
        )
        yield _decade(found, is_known, known)
    for found in _DECADE_IN_WORDS.finditer(text):
        decade = _DECADE_WORDS[found["decade"].lower()]
        is_known = any(year // 10 % 10 * 10 == decade for year in known.years)
        yield _decade(found, is_known, known)


def _date(found: "regex.Match[str]", claimed: KnownDate, known: Known) -> Claim:
    return _judged(found.group(), found.span(), claimed, known)


def _numeric_date(found: "regex.Match[str]", known: Known) -> Claim:
    first, second, year = int(found["first"]), int(found["second"]), int(found["year"])
    readings = [
        KnownDate(year, month, day, "")
        for day, month in ((first, second), (second, first))
        if 1 <= month <= 12
    ]
    for claimed in readings:
        if any(_agrees(claimed, date) for date in known.dates):
            return Claim(*found.span())
    return _unknown(found.group(), found.span(), known)


def _judged(words: str, span: tuple[int, int], claimed: KnownDate, known: Known) -> Claim:
    if any(_agrees(claimed, date) for date in known.dates):
        return Claim(*span)
    return _unknown(words, span, known)


def _agrees(claimed: KnownDate, date: KnownDate) -> bool:
    return (
        (not claimed.year or claimed.year in {date.year, date.year % 100})
        and (not claimed.month or claimed.month == date.month)
        and (not claimed.day or claimed.day == date.day)
    )


def _unknown(words: str, span: tuple[int, int], known: Known) -> Claim:
    date = known.dates[0] if known.dates else None
    said = f"; the facts say {_written(date)}" if date else ""
    return Claim(*span, f"No fact holds {words}{said}.", pointer=date.pointer if date else "")


def _year(found: "regex.Match[str]", year: int, known: Known) -> Claim:
    said = f"; the facts say {known.dates[0].year}" if known.dates else ""
    return _claim(found, year in known.years, f"No fact holds the year {year}{said}.", known)


def _claim(found: "regex.Match[str]", is_known: bool, message: str, known: Known) -> Claim:
    if is_known:
        return Claim(*found.span())
    pointer = known.dates[0].pointer if known.dates else ""
    return Claim(*found.span(), message, pointer=pointer)


def _decade(found: "regex.Match[str]", is_known: bool, known: Known) -> Claim:
    if is_known:
        return Claim(*found.span())
    # A decade may be a manner ("eighties gloss") and need not say when something came out.
    return Claim(*found.span(), f"No fact speaks of the “{found.group()}”.", severity="warning")


def _written_year(found: "regex.Match[str]") -> int:
    if found["millennium"]:
        return 2000 + int(number_of(found["millennium"]) or 0)
    century = 1900 if found["century"].lower() == "nineteen" else 2000
    rest = found["rest"].lower().replace("oh-", "").replace("oh ", "").replace("o-", "")
    return century + int(number_of(rest) or 0)


def _written(date: KnownDate) -> str:
    parts = [str(date.year), f"{date.month:02d}", f"{date.day:02d}"]
    return "-".join(part for part in parts if part != "00")


def _month(written: str) -> int:
    if written.isdecimal():
        return int(written)
    opening = written.lower()[:3]
    return next(place for place, month in enumerate(MONTHS, start=1) if month.startswith(opening))
