"""Tempos, durations, and measures from 0 to 1 that a writer puts as percentages."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from explanations.checks.finding import Severity
from explanations.checks.grounding.claim import Claim, Reading
from explanations.checks.grounding.known import Known, Measure
from explanations.checks.numbers import (
    DIGITS,
    HEDGE,
    WORDS,
    Hedge,
    Tolerance,
    hedge_of,
    number_of,
)

_BEATS: Final = (
    r"(?:bpm\b|beats?[ -](?:per|a|each|every|to (?:a|the))[ -]minute|beats?\b|clicks? (?:per|a) "
    r"minute)"
)
_EDGE: Final = r"(?<![\w.,:'’])"
_NOT_A_TEMPO: Final = r"(?!\s?(?:percent|%|seconds|minutes|[0-9:]))"
_TEMPOS: Final = (
    re.compile(
        rf"{_EDGE}{HEDGE}(?:a |an )?(?P<number>(?:one|two)[ -](?:{WORDS})|{DIGITS}|{WORDS})"
        rf"(?P<ish>-?ish)?[ -]{{0,2}}(?:or so )?{_BEATS}"
    ),
    re.compile(
        rf"\b(?:bpm|tempo)(?: is| sits| stays| runs)?(?: of| at|:)? {HEDGE}(?P<number>{DIGITS})"
        rf"{_NOT_A_TEMPO}"
    ),
    re.compile(
        rf"\btempo\b[^.,;:]{{0,80}}?\b(?:is|at|to|hits|reads|sits|stays) {HEDGE}"
        rf"(?P<number>{DIGITS}){_NOT_A_TEMPO}"
    ),
)
_TEMPO_TOLERANCE: Final = Tolerance(exact=0.6, about=5, beyond=10)

# "Beats a minute" is no length.
_LASTING: Final = re.compile(
    r"(?<!\ba )(?<!\bper )(?<!\beach )(?<!\bevery )(?<![a-z])min|hour|hrs|sec|[0-9][:′]|[0-9] ?m"
)
_CLOCK: Final = re.compile(
    rf"{_EDGE}{HEDGE}(?P<minutes>[0-9]{{1,2}})[:′](?P<seconds>[0-5][0-9])(?![\w:]|\s?[ap]\.?m\b)",
)
_HALF: Final = r"(?P<half>[ -]and[ -]a[ -](?:half|quarter)|½)"
_MINUTES: Final = re.compile(
    rf"{_EDGE}{HEDGE}(?P<number>{DIGITS}|{WORDS}|a|half[ -]a|a[ -]half)?"
    rf"(?:{_HALF})?[ -]?(?:(?P<unit>min(?:ute)?s?|m|hours?|hrs?)(?:\b|(?=[0-9])))"
    rf"(?P<half_after> and a half)?"
    rf"(?:(?:,| and)?[ ]?(?P<seconds>{DIGITS}|{WORDS})[ -]?(?:s|secs?|seconds?)\b)?",
)
_SECONDS: Final = re.compile(
    rf"{_EDGE}{HEDGE}(?P<number>{DIGITS}|{WORDS})(?:[ -]?(?:seconds?|secs?)| s|(?<=[0-9]{{3}})s)\b",
)
# Minutes of the listener's, or some of the track's, but not all of them.
_ERRAND: Final = re.compile(
    r"\s(?:in|into|later|before|from)\b"
    r"|[ -](?:walk|run|drive|ride|commute|break|shower|jog|stroll|nap|coffee|warm-up|workout)\b",
)
_CLOCK_TOLERANCE: Final = Tolerance(exact=1, about=15, beyond=45)
_SECONDS_TOLERANCE: Final = Tolerance(exact=0.6, about=6, beyond=15)
_MINUTES_TOLERANCE: Final = Tolerance(exact=1, about=30, beyond=60)
_HALF_TOLERANCE: Final = Tolerance(exact=20, about=30, beyond=45)

_NAMED_MEASURE: Final = (
    r"(?P<name>energy|energetic|danceability|danceable|dance|acousticness|acoustic|valence|mood"
    r"|happiness|positivity|positive|instrumentalness|speechiness|liveness)"
)
_PERCENT: Final = re.compile(
    rf"{_EDGE}{HEDGE}(?P<number>{DIGITS}|{WORDS})[ -]?(?:%|percent\b|per[ -]cent\b|per cent\b)",
)
_OUT_OF: Final = re.compile(
    rf"{_EDGE}{HEDGE}(?P<number>{DIGITS}|{WORDS})(?: out of |/)"
    r"(?P<most>10|100|5|ten|a hundred|five)"
    r"(?![\w/])",
)
_DECIMAL: Final = re.compile(
    rf"(?<![\w.,:]){HEDGE}(?P<number>0?\.[0-9]{{1,3}}|1\.0+)(?![\w]|[.,][0-9])"
)
_MEASURE_NEARBY: Final = re.compile(_NAMED_MEASURE)
_MEASURES: Final = {
    **dict.fromkeys(("energy", "energetic"), "energy"),
    **dict.fromkeys(("danceability", "danceable", "dance"), "danceability"),
    **dict.fromkeys(("acousticness", "acoustic"), "acousticness"),
    **dict.fromkeys(("valence", "mood", "happiness", "positivity", "positive"), "mood_valence"),
}
_SHARE_TOLERANCE: Final = Tolerance(exact=0.6, about=4, beyond=8)


def tempos_in(reading: Reading) -> Iterator[Claim]:
    """Yield tempos: "128 BPM", "around 120 beats a minute"."""
    text, known = reading.lowered, reading.known
    for found in chain.from_iterable(pattern.finditer(text) for pattern in _TEMPOS):
        number = _tempo_number(found["number"])
        if number is None or number < 20:
            continue
        is_vague = bool(found.groupdict().get("ish"))
        hedge: Hedge = "about" if is_vague else hedge_of(found["hedge"])
        claim = _measured(found, number, hedge, known.tempos, _TEMPO_TOLERANCE)
        if claim.message and not known.tempos:
            yield Claim(claim.start, claim.end, claim.message, severity="warning")
        else:
            yield claim


def durations_in(reading: Reading) -> Iterator[Claim]:
    """Yield durations: "3:15", "nearly four minutes", "195 seconds"."""
    text, known = reading.lowered, reading.known
    if not _LASTING.search(text):
        return
    for found in _CLOCK.finditer(text):
        seconds = int(found["minutes"]) * 60 + int(found["seconds"])
        yield _lasting(found, seconds, hedge_of(found["hedge"]), known, _CLOCK_TOLERANCE)
    taken = []
    for found in _MINUTES.finditer(text):
        claim = _minutes(found, text, known)
        if claim:
            taken.append((claim.start, claim.end))
            yield claim
    for found in _SECONDS.finditer(text):
        number = number_of(found["number"])
        is_part = any(start <= found.start() < end for start, end in taken)
        if number is None or number >= 1800 or is_part or _ERRAND.match(text, found.end()):
            continue
        yield _lasting(found, number, hedge_of(found["hedge"]), known, _SECONDS_TOLERANCE)


def shares_in(reading: Reading) -> Iterator[Claim]:
    """Yield percentages, "9 out of 10" and decimals, which measures from 0 to 1 may bear out."""
    text, known = reading.lowered, reading.known
    for pattern in (_PERCENT, _OUT_OF, _DECIMAL):
        for found in pattern.finditer(text):
            number = number_of(found["number"])
            if number is None:
                continue
            if pattern is _OUT_OF:
                number *= 100 / (number_of(found["most"]) or 1)
            elif pattern is _DECIMAL:
                number *= 100
            yield from _share(found, text, number, known, coarse=pattern is not _PERCENT)


def _share(
    found: re.Match[str], text: str, number: float, known: Known, *, coarse: bool
) -> Iterator[Claim]:
    named = _measure_nearby(text, found)
    candidates = [known.shares[named]] if named in known.shares else list(known.shares.values())
    if number >= 100 and named is None:
        return  # "a hundred percent" is a way of speaking
    hedge = hedge_of(found["hedge"])
    digits = len(found["number"].partition(".")[2])
    tolerance = Tolerance(5.1, 10, 10) if coarse and digits < 2 else _SHARE_TOLERANCE
    percent = [Measure(share.value * 100, share.pointer) for share in candidates]
    claim = _measured(found, number, hedge, percent, tolerance)
    if claim.message:
        pointer = claim.pointer if named in known.shares else ""
        yield Claim(claim.start, claim.end, claim.message, severity="warning", pointer=pointer)
    else:
        yield claim


def _measure_nearby(text: str, found: re.Match[str]) -> str | None:
    near = _MEASURE_NEARBY.search(text, found.end(), found.end() + 24)
    if near is None:
        for before in _MEASURE_NEARBY.finditer(text, max(0, found.start() - 24), found.start()):
            near = before
    return _MEASURES.get(near["name"].lower(), "") if near else None


def _minutes(found: re.Match[str], text: str, known: Known) -> Claim | None:
    written, unit = found["number"], found["unit"].lower()
    has_half = bool(found["half"] or found["half_after"])
    if written is None or (unit == "m" and not found["seconds"]):
        return None
    if written.lower() == "a" and not has_half:
        return None  # "for a minute", "beats a minute"
    if (
        written.lower() == "one"
        and "-" not in found.group()
        and not found["seconds"]
        and not has_half
    ):
        return None  # "one minute it whispers, the next it roars"
    number = 0.5 if "half" in written.lower() else number_of(written)
    if number is None or _ERRAND.match(text, found.end()):
        return None
    number += 0.5 if has_half else 0
    if unit.startswith("h"):
        return Claim(*found.span())  # "a 24-hour party": hours are hardly ever a track's
    seconds = number * 60 + (number_of(found["seconds"]) or 0 if found["seconds"] else 0)
    hedge = hedge_of(found["hedge"])
    if found["seconds"]:
        return _lasting(found, seconds, hedge, known, _CLOCK_TOLERANCE)
    if number != int(number):
        return _lasting(found, seconds, hedge, known, _HALF_TOLERANCE)
    if hedge == "exact":
        lengths = {length.value for length in known.durations}
        if any(number in {length // 60, round(length / 60)} for length in lengths):
            return Claim(*found.span())
    return _lasting(found, seconds, hedge, known, _MINUTES_TOLERANCE)


def _lasting(
    found: re.Match[str], seconds: float, hedge: Hedge, known: Known, tolerance: Tolerance
) -> Claim:
    claim = _measured(found, seconds, hedge, known.durations, tolerance)
    if not claim.message:
        return claim
    said = ""
    if known.durations:
        minutes, rest = divmod(round(known.durations[0].value), 60)
        said = f"; it lasts {minutes}:{rest:02d}"
    message = f"No fact holds a length of {_bare(found)}{said}."
    severity: Severity = "error" if known.durations else "warning"
    return Claim(claim.start, claim.end, message, severity, claim.pointer)


def _measured(
    found: re.Match[str],
    number: float,
    hedge: Hedge,
    facts: Sequence[Measure],
    tolerance: Tolerance,
) -> Claim:
    span = _span(found)
    if any(tolerance.allows(number, hedge, fact.value) for fact in facts):
        return Claim(*span)
    if not facts:
        return Claim(*span, f"No fact speaks of {_bare(found)}.")
    said = f"{facts[0].value:g}"
    return Claim(
        *span, f"No fact holds {_bare(found)}; the facts say {said}.", pointer=facts[0].pointer
    )


def _tempo_number(written: str) -> float | None:
    """Return a tempo, spoken ones among them: "one twenty-four" is 124."""
    head, _, rest = written.lower().replace("-", " ").partition(" ")
    hundreds = {"one": 100, "two": 200}.get(head)
    if hundreds and rest and not rest.startswith(("hundred", "thousand")):
        spoken = number_of(rest)
        return None if spoken is None else hundreds + spoken
    return number_of(written)


def _span(found: re.Match[str]) -> tuple[int, int]:
    return found.start() + len(found.group()) - len(found.group().lstrip()), found.end()


def _bare(found: re.Match[str]) -> str:
    return found.group().strip()
