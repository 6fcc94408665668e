"""Repetition: a model that is caught in a loop, or that says what was said before."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.format import is_one_line
from explanations.checks.published import MOST_OWNERS
from explanations.checks.subject import Subject, Word
from explanations.context import Mention, cut

VERSION = 3
CATEGORY = "language"
LONGEST_LOOP = 6
SHORTEST_REPEAT: Final = 4
LONG_REPEAT: Final = 6
"""Beyond a turn of phrase: the model is caught."""
MANY: Final = 3
"""So many others make a line the same one everywhere."""
_SHOWN: Final = 160

_WORD: Final = regex.compile(r"[\p{L}\p{N}]+(?:['’][\p{L}]+)*")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for words said three times in a row, warnings for a word doubled and for
    a line that is, names aside, a published one or that of many others.
    """
    yield from _loops(subject)
    if is_one_line(subject):
        yield from _said_twice(subject)
        yield from _said_before(subject)


def _said_twice(subject: Subject) -> Iterator[Finding]:
    """Yield the longest stretch of a line that it has said already."""
    if not _may_repeat(subject.text):
        return
    for line in _lines(subject):
        words = [word.written for word in line]
        found = None if any(_all_loops(words)) else _longest_repeat(words)
        if found is not None:
            first, length = found
            yield Finding(
                check="repetition",
                version=VERSION,
                severity="error" if length >= LONG_REPEAT else "warning",
                message="The line has said these words already.",
                start=line[first].start,
                end=line[first + length - 1].end,
                category=CATEGORY,
            )


def _longest_repeat(words: list[str]) -> tuple[int, int] | None:
    """Return (first word, words) of the second time that at least `SHORTEST_REPEAT` are said."""
    for length in range(len(words) // 2, SHORTEST_REPEAT - 1, -1):
        seen: dict[tuple[str, ...], int] = {}
        for first in range(len(words) - length + 1):
            begun = seen.setdefault(tuple(words[first : first + length]), first)
            if begun + length <= first:
                return first, length
    return None


def _said_before(subject: Subject) -> Iterator[Finding]:
    published = subject.published
    if published is None:
        return
    words, owner = subject.words_beside_facts, subject.owner
    others = published.said_of_others(subject.text, words, owner)
    if others >= MANY:
        number = f"{MOST_OWNERS} or more" if others >= MOST_OWNERS - 1 else str(others)
        yield _repeat(f"Names aside, {number} other lines say exactly this.")
    elif near := published.nearest(words, owner):
        yield _repeat(f"Names aside, this is published already: “{cut(near.text, _SHOWN)}”")
    elif others:
        yield _repeat("Names aside, another line says exactly this.")


def _repeat(message: str) -> Finding:
    return Finding(
        check="repetition",
        version=VERSION,
        severity="warning",
        message=message,
        category="generic",
    )


def _loops(subject: Subject) -> Iterator[Finding]:
    """Yield the first loop of each line that is not a name which repeats itself."""
    for line in _raw_lines(subject):
        for first, length, times in _all_loops([word.written for word in line]):
            stretch = line[first : first + length * times]
            start, end = stretch[0].start, stretch[-1].end
            if any(_is_of(stretch, named) for named in subject.mentions):
                continue  # "on On & On" repeats what a title repeats
            is_doubled = length == 1 and times == 2
            if is_doubled and not subject.text[line[first].end : line[first + 1].start].isspace():
                continue  # "slower, slower" is style
            yield Finding(
                check="repetition",
                version=VERSION,
                severity="warning" if is_doubled else "error",
                message=(
                    "A word is doubled."
                    if is_doubled
                    else f"The same words stand {times} times in a row."
                ),
                start=start,
                end=end,
                category=CATEGORY,
            )
            break


def _may_repeat(line: str) -> bool:
    """Say whether a line says a word twice in a row or two words twice: most lines do neither."""
    pairs = list(pairwise(_WORD.findall(line.casefold())))
    return len(set(pairs)) < len(pairs) or any(first == second for first, second in pairs)


def _is_of(stretch: list[Word], named: Mention) -> bool:
    """Say whether a stretch is a name, but for one word that stands before or behind it."""
    return sum(not named.start <= word.start < named.end for word in stretch) <= 1


def _raw_lines(subject: Subject) -> Iterator[list[Word]]:
    """Yield the words of each line. Bullets may begin alike, so no loop runs across lines."""
    start = 0
    for line in subject.text.split("\n"):
        if _may_repeat(line):
            yield [
                Word(found.group().casefold(), start + found.start(), start + found.end())
                for found in _WORD.finditer(line)
            ]
        start += len(line) + 1


def _lines(subject: Subject) -> list[list[Word]]:
    """Return the words of each line. Bullets may begin alike, so no loop runs across lines.

    A named fact is one word: a title may repeat itself, and "with Excel, with Word, with Access"
    says three things.
    """
    words = [*subject.words, *_facts_as_words(subject)]
    lines: list[list[Word]] = [[]]
    past = 0
    for word in sorted(words, key=lambda word: word.start):
        if "\n" in subject.text[past : word.start]:
            lines.append([])
        lines[-1].append(word)
        past = word.end
    return lines


def _facts_as_words(subject: Subject) -> Iterator[Word]:
    past = 0
    for mention in subject.mentions:
        if mention.start >= past:
            named = subject.text[mention.start : mention.end].casefold()
            yield Word(f"{mention.pointer} {named}", mention.start, mention.end)
            past = mention.end


def _all_loops(words: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (first word, words in the loop, times) of immediate repetitions.

    One word may be doubled by design ("very, very"), so two in a row count as a loop of one only
    for the editor; longer stretches must come three times, since "the more, the more" is a style.
    """
    if len(set(words)) == len(words):
        return
    for first in range(len(words)):
        for length in range(1, min(LONGEST_LOOP, (len(words) - first) // 2) + 1):
            times = _times(words, first, length)
            if times >= (2 if length == 1 else 3):
                yield first, length, times


def _times(words: list[str], first: int, length: int) -> int:
    pattern = words[first : first + length]
    times = 1
    while words[first + times * length : first + (times + 1) * length] == pattern:
        times += 1
    return times
