"""Times at work, kept as how many there were of each length: enough for a median. No Django.

Lengths grow by a seventh, so that a median is right within a few seconds of a minute.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

SHORTEST_MS: Final = 1000
_GROWTH: Final = 1.15
_LENGTHS: Final = 75

BOUNDS_MS: Final = tuple(round(SHORTEST_MS * _GROWTH**number) for number in range(_LENGTHS))
"""Length n, counted from 1, begins at BOUNDS_MS[n - 1]; length 0 is all that is shorter."""


def median_minutes(counts: Sequence[int]) -> float | None:
    """Return the median of times in minutes; None of none.

    `counts[n]` says how many there were of length n. Within a length times are taken to be evenly
    spread.
    """
    total = sum(counts)
    if not total:
        return None
    half = total / 2
    until = list(accumulate(counts))
    length = next(number for number, reached in enumerate(until) if reached >= half)
    begins = BOUNDS_MS[length - 1] if length else 0
    ends = BOUNDS_MS[min(length, _LENGTHS - 1)]
    share = (half - (until[length] - counts[length])) / counts[length]
    return (begins + (ends - begins) * share) / 60_000
