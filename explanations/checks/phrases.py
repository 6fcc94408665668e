"""Looking for many phrases at once in the words of a text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import regex

from explanations.checks.subject import Subject
from explanations.checks.words import words_of

_BETWEEN: Final = regex.compile(r"[\s‐‑–-]*")


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase at ``[start, end)`` of a text."""

    phrase: str
    start: int
    end: int


class Phrases:
    """Phrases by their first words. A hyphen or a space between words makes no difference."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._single: dict[str, str] = {}
        # By two words: so many begin with "your" that trying them all would cost a text its time.
        self._longer: dict[str, dict[str, list[tuple[tuple[str, ...], str]]]] = {}
        for phrase in phrases:
            words = words_of(phrase)
            if len(words) == 1:
                self._single[words[0]] = phrase
            elif words:
                seconds = self._longer.setdefault(words[0], {})
                seconds.setdefault(words[1], []).append((words, phrase))
        for seconds in self._longer.values():
            for alike in seconds.values():
                alike.sort(key=lambda each: -len(each[0]))
        self._first = self._single.keys() | self._longer.keys()

    def found_in(self, subject: Subject) -> Iterator[Found]:
        """Yield the phrases among the words that are no facts, of those that overlap the longest.

        Phrases whose every word a fact holds are left out: a track called "Timeless" makes
        "timeless" its own.
        """
        words = subject.words
        past = 0
        for position, word in enumerate(words):
            if word.written not in self._first or word.start < past:
                continue
            wanted, phrase = self._longest_at(subject, position)
            if wanted:
                past = words[position + len(wanted) - 1].end
                if not subject.words_of_facts.issuperset(wanted):
                    yield Found(phrase, word.start, past)

    def _longest_at(self, subject: Subject, position: int) -> tuple[tuple[str, ...], str]:
        words = subject.words
        first = words[position].written
        seconds = self._longer.get(first)
        if seconds and position + 1 < len(words):
            for wanted, phrase in seconds.get(words[position + 1].written, ()):
                if self._stands(subject, position, wanted):
                    return wanted, phrase
        phrase = self._single.get(first, "")
        return ((first,), phrase) if phrase else ((), "")

    def _stands(self, subject: Subject, position: int, wanted: tuple[str, ...]) -> bool:
        words = subject.words[position : position + len(wanted)]
        return tuple(word.written for word in words) == wanted and all(
            _BETWEEN.fullmatch(subject.text, before.end, after.start)
            for before, after in pairwise(words)
        )


@lru_cache(maxsize=64)
def phrases_of(phrases: tuple[str, ...]) -> Phrases:
    """Return the index of a guide's phrases, made once."""
    return Phrases(phrases)
