"""Grounding: what a text says and no fact supports, and what a fact contradicts.

Each kind of claim is read by a module of its own, which also yields what the facts bear out, so
that a number that has been read once ("3:15") is not read again as another. What a text says of
somebody's fit for a job is `job_fit`'s matter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import ahocorasick
import regex

from explanations.checks.finding import Finding
from explanations.checks.grounding.claim import Claim, Reading
from explanations.checks.grounding.claims import awards_in, charts_in, sales_in
from explanations.checks.grounding.counts import bare_numbers_in, counts_in, ranks_in
from explanations.checks.grounding.dates import dates_in, decades_in, years_in
from explanations.checks.grounding.measures import durations_in, shares_in, tempos_in
from explanations.checks.grounding.titles import (
    named_works_in,
    quoted_titles_in,
    works_of_artist_in,
)
from explanations.checks.subject import Subject

VERSION = 2
UNSUPPORTED: Final = "unsupported"
CONTRADICTS: Final = "contradicts"


@dataclass(frozen=True, slots=True)
class Reader:
    """Finds one kind of claim in texts that hold a cue of each of these groups."""

    read: Callable[[Reading], Iterator[Claim]]
    cues: frozenset[str]


# The most telling reading of a word comes first; "number one for ten weeks" counts no weeks.
READERS: Final = (
    Reader(quoted_titles_in, frozenset({"quote"})),
    Reader(dates_in, frozenset({"date"})),
    Reader(tempos_in, frozenset({"number", "beat"})),
    Reader(durations_in, frozenset({"number", "lasting"})),
    Reader(shares_in, frozenset({"number", "share"})),
    Reader(charts_in, frozenset({"chart"})),
    Reader(awards_in, frozenset({"award"})),
    Reader(sales_in, frozenset({"number", "sale"})),
    Reader(decades_in, frozenset({"decade"})),
    Reader(years_in, frozenset({"year"})),
    Reader(counts_in, frozenset({"number", "counted"})),
    Reader(ranks_in, frozenset({"rank", "counted"})),
    Reader(bare_numbers_in, frozenset({"digit"})),
    Reader(named_works_in, frozenset({"work"})),
    Reader(works_of_artist_in, frozenset()),
)

_ISO_DATE: Final = regex.compile(r"[12][0-9]{3}(?:-[01][0-9](?:-[0-3][0-9])?)?")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield errors for invented years, charts, prizes and sales; warnings for softer claims."""
    reading = Reading(subject, _without_facts(subject))
    cues = _cues_in(reading.text)
    taken: list[tuple[int, int]] = []
    for reader in READERS:
        if not reader.cues <= cues:
            continue
        for claim in reader.read(reading):
            if any(claim.start < end and start < claim.end for start, end in taken):
                continue
            taken.append((claim.start, claim.end))
            if claim.message:
                yield _finding(claim)


def _without_facts(subject: Subject) -> str:
    """Return the text with the names of facts blanked out, but for dates and bare numbers.

    A title "1999" is nothing that a writer could be blamed for; a tempo of 125 is no reason to let
    "125 seconds" pass.
    """
    values = {fact.pointer: fact.value for fact in subject.leaves}
    characters = list(subject.text)
    for mention in subject.mentions:
        value = values[mention.pointer]
        if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
            characters[mention.start : mention.end] = " " * (mention.end - mention.start)
    return "".join(characters)


def _finding(claim: Claim) -> Finding:
    return Finding(
        check="grounding",
        version=VERSION,
        severity=claim.severity,
        message=claim.message,
        start=claim.start,
        end=claim.end,
        category=CONTRADICTS if claim.pointer else UNSUPPORTED,
        pointer=claim.pointer,
    )


# --- Which readers a text needs -------------------------------------------------------------------

_DIGITS: Final = "0 1 2 3 4 5 6 7 8 9"
_CUES: Final = {
    "digit": _DIGITS,
    "number": f"""{_DIGITS} one two three four five six seven eight nine ten eleven twelve teen
        twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion dozen
        couple half ½ ² ³ countless several multiple sold shifted moved clocked amassed racked
        gathered drew""",
    "quote": "\" “ „ « ‘ ' *",
    "date": """- / january february march april may june july august september october november
        december jan feb mar apr jun jul aug sep oct nov dec .1 .2 .0""",
    "beat": "beat bpm tempo click",
    "lasting": "min hour hr sec : ′ m1 m2 m3 m4 m5 m0",
    "share": "% percent per_cent out_of / 0. 1.0",
    "chart": """chart number no. nos. no_1 no_2 no_3 no_4 no_5 no_6 no_7 no_8 no_9 # № top_ top-
        billboard hot_100 platinum gold diamond sell hit_ hit- hits hit. hit, week most_ most- much_
        much- record- viral smash breakout""",
    "award": """grammy grammies oscar globe emmy emmies vma ama mobo juno brits mercury eurovision
        novello pulitzer fame award prize medal troph nominat accolade decorated honor honour""",
    "sale": """thousand million billion trillion stream plays listen copies sales views download
        units follower subscriber fans sold shifted clocked amassed racked gathered 0m 0k 0bn 5m 5k
        1m 2m 3m 4m 6m 7m 8m 9m 1k 2k 3k 4k 6k 7k 8k 9k 1bn 2bn 3bn 4bn 5bn""",
    "decade": """0s 0's 0’s twenties thirties forties fifties sixties seventies eighties nineties
        noughties naughties aughts thousands tens""",
    "year": "18 19 20 nineteen twenty thousand '0 '1 '2 '3 '4 '5 '6 '7 '8 '9 "
    "’0 ’1 ’2 ’3 ’4 ’5 ’6 ’7 ’8 ’9 ‘0 ‘1 ‘2 ‘3 ‘4 ‘5 ‘6 ‘7 ‘8 ‘9",
    "counted": """remix version album single track song tune cut record ep lp mixtape reissue
        remaster edition cover hit anthem ballad banger release guest feature artist singer rapper
        producer collaborat voice vocalist member dj writer musician band brother sister mc player
        women men countries continents markets territories week month year decade verse chorus chord
        part movement take tour generation change sample language anniversary number studio""",
    "rank": """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth 1st
        2nd 3rd 4th 5th 6th 7th 8th 9th 0th debut sophomore maiden""",
    "work": """album lp ep mixtape record soundtrack compilation debut collection single song track
        anthem hit tune sessions era""",
}


def _automaton_of_cues() -> ahocorasick.Automaton:
    """Return an automaton of what must stand in a text for a reader to find anything.

    Most texts hold few of them, and looking for all at once costs a hundredth of the reading.
    """
    groups: dict[str, set[str]] = {}
    for group, words in _CUES.items():
        for word in words.split():
            groups.setdefault(word.replace("_", " "), set()).add(group)
    automaton = ahocorasick.Automaton()
    for word, named in groups.items():
        automaton.add_word(word, frozenset(named))
    automaton.make_automaton()
    return automaton


_AUTOMATON: Final = _automaton_of_cues()


def _cues_in(text: str) -> set[str]:
    found: set[str] = set()
    for _, groups in _AUTOMATON.iter(text.lower()):
        found |= groups
    return found
