"""Repetition: a model that is caught in a loop."""

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject

VERSION = 2
CATEGORY = "language"
LONGEST_LOOP = 6

_WORD = regex.compile(r"[\p{L}\p{N}]+(?:['’][\p{L}]+)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the text, or a whole fact that the text names, with where it stands."""

    written: str
    start: int
    end: int


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for words said three times in a row, a warning for a word doubled."""
    for line in _lines(subject):
        yield from _loop_in(line)


def _loop_in(words: list[Word]) -> Iterator[Finding]:
    loop = _first_loop([word.written for word in words])
    if loop is None:
        return
    first, length, times = loop
    looped = times > 2 or length > 1
    yield Finding(
        check="repetition",
        version=VERSION,
        severity="error" if looped else "warning",
        message=(
            f"The same words stand {times} times in a row." if looped else "A word is doubled."
        ),
        start=words[first].start,
        end=words[first + length * times - 1].end,
        category=CATEGORY,
    )


def _lines(subject: Subject) -> list[list[Word]]:
    """Return the words of each line. Bullets may begin alike, so no loop runs across lines.

    A named fact is one word: a title may repeat itself, and "with Excel, with Word, with Access"
    says three things.
    """
    words = [
        Word(found.group().casefold(), found.start(), found.end())
        for found in _WORD.finditer(subject.masked)
    ]
    words += _facts_as_words(subject)
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
            yield Word(mention.pointer, mention.start, mention.end)
            past = mention.end


def _first_loop(words: list[str]) -> tuple[int, int, int] | None:
    """Return (first word, words in the loop, times) of the first immediate repetition.

    One word may be doubled by design ("very, very"), so two in a row count as a loop of one only
    for the editor; longer stretches must come three times, since "the more, the more" is a style.
    """
    if len(set(words)) == len(words):
        return None
    for first in range(len(words)):
        for length in range(1, min(LONGEST_LOOP, (len(words) - first) // 2) + 1):
            times = _times(words, first, length)
            if times >= (2 if length == 1 else 3):
                return first, length, times
    return None


def _times(words: list[str], first: int, length: int) -> int:
    pattern = words[first : first + length]
    times = 1
    while words[first + times * length : first + (times + 1) * length] == pattern:
        times += 1
    return times
