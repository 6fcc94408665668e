"""Texts that are nearly the same, names included: how alike two are, and numbers that such share.

Alike are texts with the same pairs of neighbouring words, whatever their case and punctuation.
Bands of a MinHash signature find them: of two texts that share four pairs in five, one in sixteen
thousand is missed, of seven in ten one in fifty; of those that share three in ten, as many do that
are written to one form, one in forty is looked at. No Django.
"""

from itertools import pairwise
from typing import Final

import regex

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


def near_bands(pairs: Pairs) -> list[int]:
    """Return the bands of a text by its pairs, as 32-bit numbers."""
    return bands([f"{one} {other}" for one, other in pairs], _BANDS, _ROWS)
