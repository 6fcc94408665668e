"""Which decided lines may be near to a text: a few numbers that near texts are likely to share.

Bands of a MinHash signature over the words that are no facts, so that "Avicii keeps Levels light on
its feet" lies beside "Queen keeps Jealousy light on its feet". No Django.
"""

from collections.abc import Mapping, Set
from typing import Final

from explanations.checks.published import Words, words_beside_facts
from explanations.checks.words import words_of
from explanations.context import mentioned_facts
from feedback.min_hash import bands

# Eight bands of three: two texts that share half of their words meet in one of them two times in
# three, and with two thirds of their words nine times in ten.
BANDS: Final = 8
ROWS: Final = 3
# Of fewer words nothing can be said.
FEWEST_WORDS: Final = 3


def bands_of(text: str, facts: Mapping[str, object]) -> list[int]:
    """Return the bands of a text that was written for these facts, as 32-bit numbers.

    Empty where too little is left of it beside its facts.
    """
    mentions = mentioned_facts(text, facts)
    return bands_of_words(words_beside_facts(text, [(each.start, each.end) for each in mentions]))


def bands_of_words(words: Words) -> list[int]:
    """Return the same for who has the words of the text that are no facts at hand."""
    different = set(words)
    if len(different) < FEWEST_WORDS:
        return []
    return bands(different, BANDS, ROWS)


def shared_words(one: str, other: str) -> float:
    """Return which share of the words of two texts both have, 0 to 1."""
    ours, theirs = set(words_of(one)), set(words_of(other))
    return _share(ours, theirs)


def _share(ours: Set[str], theirs: Set[str]) -> float:
    return len(ours & theirs) / len(ours | theirs) if ours or theirs else 0.0
