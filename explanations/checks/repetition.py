"""Repetition: a model that is caught in a loop, or that says what was said before."""

from collections.abc import Iterator
from typing import Final

from explanations.checks.finding import Finding
from explanations.checks.format import is_one_line
from explanations.checks.subject import Subject, Word
from explanations.context import cut

VERSION = 3
CATEGORY = "language"
LONGEST_LOOP = 6
MANY: Final = 3
"""So many others make a line the same one everywhere."""
_SHOWN: Final = 160


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for words said three times in a row, warnings for a word doubled and for
    a line that is, names aside, a published one or that of many others.
    """
    for line in _lines(subject):
        yield from _loop_in(line)
    if is_one_line(subject):
        yield from _said_before(subject)


def _said_before(subject: Subject) -> Iterator[Finding]:
    published = subject.published
    if published is None:
        return
    words, owner = subject.words_beside_facts, subject.owner
    others = published.said_of_others(subject.text, words, owner)
    if others >= MANY:
        yield _repeat(f"Names aside, {others} other lines say exactly this.")
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
