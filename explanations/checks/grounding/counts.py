"""How many remixes, albums, guests: counts that the facts may bear out, and bare numbers."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from explanations.checks.catalogue import credited_in_title
from explanations.checks.grounding.claim import Claim, Reading
from explanations.checks.numbers import DIGITS, ORDINAL, WORDS, number_of
from explanations.context import FactMissing, get_fact

_WORK: Final = (
    r"(?:remix(?:es)?|versions?|albums?|singles?|tracks?|songs?|tunes?|cuts?|records?|eps?|lps?"
    r"|mixtapes?|reissues?|remasters?|editions?|covers?|hits?|anthems?|ballads?|bangers?|releases?)"
)
_PEOPLE: Final = (
    r"(?:guests?|guest stars?|features?|artists?|singers?|rappers?|producers?|collaborators?"
    r"|collaborations?|voices?|vocalists?|members?|remixers?|djs?|songwriters?|writers?|musicians?"
    r"|bands?|mcs?|players?)"
)
_ELSE: Final = (
    r"(?:countries|continents|markets|territories|weeks?|months?|years?|decades?|verses?|choruses"
    r"|movements?|takes?|tours?|generations?|key changes|samples|languages)"
)
_COUNT: Final = re.compile(
    rf"(?<![\w.,:-])(?P<number>(?!one\b|a\b|1\b)(?:{WORDS}|{DIGITS}|a dozen|dozens of))"
    rf"(?:[ -](?:[\w-]+[ ]){{0,2}}?|-)"
    rf"(?P<noun>(?P<work>{_WORK})|(?P<people>{_PEOPLE})|{_ELSE})\b",
)
_LISTENER: Final = re.compile(r"\b(?:you|your|you['’]ve|plays|played)\b")
_LISTENED_TO: Final = re.compile(
    r"artists?|singers?|bands?|djs?|tracks?|songs?|tunes?|cuts?|records?"
)
_GUEST: Final = re.compile(r"\b(?:guest|feature)")
_BEHIND_THE_SCENES: Final = re.compile(r"writers?\b|producers?\b|musicians?\b")
_RANK: Final = re.compile(
    rf"\b(?P<number>{ORDINAL}|debut|sophomore|maiden)(?:[ -](?:[\w-]+[ ]){{0,2}}?)"
    r"(?P<noun>(?:album|single|ep|lp|mixtape|release|remix|hit|anniversary|studio|collaboration)s?)"
    r"\b(?! malt)",
)
_ANY_NUMBER: Final = re.compile(
    r"(?<![\w.,])[0-9]+(?:[.,:][0-9]+)*(?![\w]|-(?:inch|bar|step|track|bit|piece)\b)"
)
# Names of machines, measures and habits that hold no number of anything.
_IDIOM: Final = re.compile(
    r"(?<![0-9.,])(?:24/7|50[/-]50|4/4|3/4|6/8|7/8|5/4|2/4|12/8|9[- ]?(?:to|-)[- ]?5"
    r"|4[- ]to[- ]the[- ]floor"
    r"|[0-9]{1,2}(?::[0-9]{2})?\s?[ap]\.?m\b\.?|[0-9]{1,2} o['’]clock|360(?:[ -]degrees?)?"
    r"|180(?:[ -]degrees?)?|808s?|909s?|303s?|[0-9]+[ ]?(?:°|degrees)|20/20|1-2|2-step"
    r"|(?:7|10|12)[- ]?(?:inch|\")|100(?=\s?(?:%|percent))"
    r"|[0-9]+[- ](?:inch|bar|step|bit|piece)s?)(?![0-9])",
)


def counts_in(reading: Reading) -> Iterator[Claim]:
    """Yield counts of works and people."""
    for found in _COUNT.finditer(reading.lowered):
        number = number_of(found["number"]) or 0
        if 1800 <= number < 2100:
            continue  # a year
        if number == 1 or _is_borne_out(found, number, reading):
            yield Claim(*found.span())
        else:
            message = f"No fact counts {found.group()}."
            yield Claim(*found.span(), message, severity="warning")


def ranks_in(reading: Reading) -> Iterator[Claim]:
    """Yield ranks such as "third album" and "debut single"."""
    for found in _RANK.finditer(reading.lowered):
        message = f"No fact speaks of a {found.group()}."
        yield Claim(*found.span(), message, severity="warning")


def bare_numbers_in(reading: Reading) -> Iterator[Claim]:
    """Yield the numbers in digits that nothing else in this family reads."""
    text, known = reading.lowered, reading.known
    measures = (*known.tempos, *known.durations, *known.shares.values())
    measured = {f"{measure.value:g}" for measure in measures}
    idioms: list[tuple[int, int]] | None = None
    for found in _ANY_NUMBER.finditer(text):
        number = found.group()
        if {number, number.lstrip("0"), number.replace(",", "")} & (known.numbers | measured):
            continue
        if idioms is None:
            idioms = [idiom.span() for idiom in _IDIOM.finditer(text)]
        if not any(start <= found.start() < end for start, end in idioms):
            yield Claim(*found.span(), f"No fact holds {number}.", severity="warning")


def _is_borne_out(found: re.Match[str], number: float, reading: Reading) -> bool:
    if number in reading.known.counts:
        return True
    if found["people"] and number in _people(reading.subject.facts, found.group()):
        return True
    if not (_LISTENED_TO.fullmatch(found["noun"]) and _LISTENER.search(reading.lowered)):
        return False
    # "Four tracks that you played": the lists of the listener.
    lists = reading.known.lists.items()
    return any(pointer.startswith("/audience/") and count == number for pointer, count in lists)


def _people(facts: Mapping[str, object], counted: str) -> set[int]:
    """Return how many people the credits amount to, counted in whichever way."""
    if _BEHIND_THE_SCENES.search(counted):
        return set()
    try:
        title, artist = get_fact(facts, "/item/title"), get_fact(facts, "/item/artist")
    except FactMissing:
        return set()
    guests = len(set(credited_in_title(str(title))))
    if _GUEST.search(counted):
        return {guests}
    sides = 1 + str(artist).count(" & ") + str(artist).count(", ") + str(artist).count(" and ")
    return {guests, guests + 1, sides, guests + sides, *range(2, guests + sides + 1)}
