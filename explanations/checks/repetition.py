"""Repetition: a model that is caught in a loop."""

from collections.abc import Iterator

import regex

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject

VERSION = 1
CATEGORY = "language"
LONGEST_LOOP = 6

_WORD = regex.compile(r"[\p{L}\p{N}]+(?:['’][\p{L}]+)*")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for words said three times in a row, a warning for a word doubled."""
    words = [
        (found.group().casefold(), found.start(), found.end())
        for found in _WORD.finditer(subject.masked)
    ]
    loop = _first_loop([word for word, _, _ in words])
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
        start=words[first][1],
        end=words[first + length * times - 1][2],
        category=CATEGORY,
    )


def _first_loop(words: list[str]) -> tuple[int, int, int] | None:
    """Return (first word, words in the loop, times) of the first immediate repetition.

    One word may be doubled by design ("very, very"), so two in a row count as a loop of one only
    for the editor; longer stretches must come three times, since "the more, the more" is a style.
    """
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
