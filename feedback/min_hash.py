"""Bands of a MinHash signature: the more alike two sets of words are, the likelier they share one.

By the banding of Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", 3.4. Both kinds of
bands that the desk keeps are an index in its database: what is written here is for ever. No Django.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Final

from rensa import RMinHash

_SEED: Final = 20_26


def bands(words: Collection[str], number: int, rows: int) -> list[int]:
    """Return so many bands, of so many rows each, as signed 32-bit numbers, the same for ever."""
    signature = RMinHash(number * rows, _SEED)
    signature.update(sorted(words))
    digest = signature.digest()
    return [_band(place, digest[place * rows : (place + 1) * rows]) for place in range(number)]


def _band(place: int, rows: Sequence[int]) -> int:
    written = ",".join(map(str, (place, *rows)))
    return int.from_bytes(blake2b(written.encode(), digest_size=4).digest(), "big", signed=True)
