"""Texts that are nearly the same, names included: how alike two are, and numbers that such share.

Alike are texts with the same pairs of neighbouring words, whatever their case and punctuation.
Bands of a MinHash signature find them: of two texts that share four pairs in five, one in sixteen
thousand is missed, of seven in ten one in fifty; of those that share three in ten, as many do that
are written to one form, one in forty is looked at. No Django.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

from feedback.min_hash import bands

_BANDS: Final = 32
_ROWS: Final = 6

_WORD: Final = regex.compile(r"[\p{L}\p{N}\p{M}]+")
_EDGE: Final = ""

Pairs = frozenset[tuple[str, str]]


def word_pairs(text: str) -> Pairs:
    """Return the pairs of words that follow one another, the edges of the text counted as words."""
    words = [_EDGE, *_WORD.findall(text.casefold()), _EDGE]
    return frozenset(pairwise(words))


def alike(ours: Pairs, theirs: Pairs) -> float:
    """Return which share of the pairs of both is in both, 0 to 1."""
    shared = len(ours & theirs)
    return shared / (len(ours) + len(theirs) - shared)


Numbers = NDArray[np.int64]
"""The pairs of a text, each as the number that this process knows it by."""


def numbers_of(pairs: Pairs) -> Numbers:
    """Return the pairs as numbers of 64 bits, the same as long as the process lives."""
    return np.fromiter(map(hash, pairs), np.int64, len(pairs))


class Texts:
    """Some texts that others are compared with all at once; as much memory as eight times theirs
    is taken meanwhile.
    """

    def __init__(self, texts: Sequence[Numbers]) -> None:
        """Take one text or more."""
        self._sizes = np.array([len(text) for text in texts])
        pairs = np.concatenate(texts)
        order = np.argsort(pairs, kind="stable")
        # The texts that have it, pair by pair; where those of each begin; and which pair it is.
        self._having = np.repeat(np.arange(len(texts)), self._sizes)[order]
        self._known, begins = np.unique(pairs[order], return_index=True)
        self._begins = np.append(begins, len(pairs))

    def alike(self, own: Numbers) -> NDArray[np.float64]:
        """Return for each text which share of the pairs of both is in both, as `alike` does."""
        at = np.searchsorted(self._known, own)
        at[at == len(self._known)] = 0
        at = at[self._known[at] == own]
        having = [self._having[self._begins[each] : self._begins[each + 1]] for each in at]
        none = np.empty(0, np.int64)
        shared = np.bincount(np.concatenate([none, *having]), minlength=len(self._sizes))
        return shared / (len(own) + self._sizes - shared)


def near_bands(pairs: Pairs) -> list[int]:
    """Return the bands of a text by its pairs, as 32-bit numbers."""
    return bands([f"{one} {other}" for one, other in pairs], _BANDS, _ROWS)
