"""Near-misses of a name: "Ed Sheran" is meant to be Ed Sheeran."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rapidfuzz.distance import OSA

from explanations.checks.catalogue import words_of_name
from explanations.checks.subject import Subject


class Window(NamedTuple):
    """One or more words in a row that no fact explains; ``words`` as they are compared."""

    start: int
    end: int
    words: str


def windows(subject: Subject, names: Iterable[str]) -> list[Window]:
    """Return the stretches of words in which one of these names could stand misspelt.

    They begin with a capital or a digit, are about as long as one of the names, and not all of
    their words are those of facts.
    """
    wanted = [words_of_name(name).strip() for name in names]
    if not wanted:
        return []
    most_words = 3 + max(name.count(" ") for name in wanted)
    slips = [_most_slips(len(name), is_missing=True) for name in wanted]
    shortest = min(len(name) - most for name, most in zip(wanted, slips, strict=True))
    longest = max(len(name) + most for name, most in zip(wanted, slips, strict=True))
    return list(_windows(subject, most_words, shortest, longest))


def nearest(name: str, among: Sequence[Window], *, is_missing: bool) -> Window | None:
    """Return the window that a slip of the pen could have made of a name.

    A name that is missing from the text is looked for with more patience than one that need not be
    there.
    """
    wanted = words_of_name(name).strip()
    most = _most_slips(len(wanted), is_missing)
    best: tuple[int, Window] | None = None
    for window in among:
        if abs(len(window.words) - len(wanted)) > most:
            continue
        slips = _slips(wanted, window.words, most)
        if 0 < slips <= most and (best is None or slips < best[0]):
            best = slips, window
    return best[1] if best else None


def _windows(subject: Subject, most_words: int, shortest: int, longest: int) -> Iterator[Window]:
    words = subject.worded
    places = list(words.spans.items())
    is_open = [not subject.masked[start:end].isspace() for _, (start, end) in places]
    for index, (at, (start, _)) in enumerate(places):
        if not _may_begin(subject.text[start]):
            continue
        some_open = False
        for place in range(index, min(index + most_words, len(places))):
            some_open = some_open or is_open[place]
            last_at, (_, end) = places[place]
            past = words.words.index(" ", last_at)
            if past - at > longest:
                break
            if some_open and past - at >= shortest:
                yield Window(start, end, words.words[at:past])


def _may_begin(first: str) -> bool:
    return first.isupper() or first.isdigit() or not first.isascii()


def _slips(wanted: str, written: str, most: int) -> int:
    """Return how many letters are wrong; spaces alone are half a slip to nobody."""
    slips = OSA.distance(wanted, written, score_cutoff=most)
    if slips <= most:
        return slips
    joined = OSA.distance(wanted.replace(" ", ""), written.replace(" ", ""), score_cutoff=most)
    return joined + 1


def _most_slips(letters: int, is_missing: bool) -> int:
    if letters < 3:
        return 0
    if letters < 5:
        return 1 if is_missing else 0
    if letters < 8:
        return 2 if is_missing else 1
    return max(2, letters // 4) if is_missing else 2
