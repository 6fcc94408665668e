"""Intervals: how far a number of a sample may lie from the truth. No Django.

Each function returns None where there are too few reviews for an interval that keeps its promise:
that 95 of 100 such intervals hold the truth. What "too few" is was found by simulation, which
tests/feedback/test_intervals.py repeats. The functions behind the methods are scipy's.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scipy.special import betaincinv, chdtrc, gammaincinv, ndtr, ndtri

from accounts.words import translatable

FEWEST: Final = 30
"""Reviews below which no number is shown."""
FEWEST_EVENTS: Final = 4
"""So many drafts must have what is counted, and as many must not, for a share to be shown; for
counts, so many events that are independent of one another.
"""

_ALPHA: Final = 0.05
# Of the 5 %, so much at most for the lower limit of a score.
_MOST_BELOW: Final = 0.04
_Z: Final = float(ndtri(1 - _ALPHA / 2))
# To find a difference that there is in four of five cases.
_POWER_Z: Final = float(ndtri(0.8))
_MOST_MORE: Final = 20_000

SHARE_METHOD: Final = translatable("Jeffreys interval")
MEAN_METHOD: Final = translatable("gamma interval for counts that come in clusters (Fay and Feuer)")
SCORE_METHOD: Final = translatable(
    "the same for each severity, put together by variance estimates recovery (Zou and Donner), with"
    " room for a severity that was not met"
)
MEDIAN_METHOD: Final = translatable("interval between order statistics")
DIFFERENCE_METHOD: Final = translatable("interval by the method of variance estimates recovery")


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


def share(count: int, n: int) -> Interval | None:
    """Return the share of `count` in `n`, 0 to 1."""
    if n < FEWEST or min(count, n - count) < FEWEST_EVENTS:
        return None
    successes, failures = count + 0.5, n - count + 0.5
    return Interval(
        count / n,
        float(betaincinv(successes, failures, _ALPHA / 2)),
        float(betaincinv(successes, failures, 1 - _ALPHA / 2)),
    )


def mean(total: float, squares: float, n: int) -> Interval | None:
    """Return the mean of `n` counts of 0 or more: mostly 0, and in clusters.

    `total` is their sum, `squares` the sum of their squares.
    """
    if n < FEWEST or not total or total * total < FEWEST_EVENTS * squares:
        return None
    return Interval(total / n, _limit_below(total, squares, n), _limit_above(total, squares, n))


def score(levels: Sequence[tuple[float, float, float]], squares: float, n: int) -> Interval | None:
    """Return the mean weight of `n` drafts, of counts that have a weight each.

    Each level is a weight, the sum of its counts and the sum of their squares; `squares` is the sum
    of the squares of the drafts' whole weights. However heavy, a level that nobody has met yet may
    be met: that belongs to the interval.
    """
    number = sum(count for _weight, count, _its_squares in levels)
    if n < FEWEST or not number:
        return None
    if number**2 < FEWEST_EVENTS * sum(its_squares for _weight, _count, its_squares in levels):
        return None
    above = {
        weight: weight * (_limit_above(count, its_squares, n) - count / n)
        for weight, count, its_squares in levels
    }
    met = [above[weight] for weight, count, _squares in levels if count]
    tail = _tail_below(math.hypot(*above.values()) / math.hypot(*met))
    below = [
        weight * max(0.0, count / n - _limit_below(count, its_squares, n, tail))
        for weight, count, its_squares in levels
    ]
    value = sum(weight * count for weight, count, _squares in levels) / n
    apart = sum(w * w * (its_squares - count * count / n) for w, count, its_squares in levels)
    # Where a draft has one error it has others, or seldom: they are not as if each came alone.
    together = math.sqrt(max(0.0, squares - value * value * n) / apart) if apart > 0 else 1.0
    return Interval(
        value,
        max(0.0, value - math.hypot(*below) * together),
        value + math.hypot(*above.values()) * together,
    )


def _tail_below(widened: float) -> float:
    """Return how often the lower limit may lie above the truth, where levels that nobody has met
    widen the interval upwards by this factor.

    Hardly a truth lies above such an upper limit. What that leaves of the 5 % goes to the lower
    one: the interval would otherwise hold the truth in 98 of 100 samples.
    """
    return min(_MOST_BELOW, _ALPHA - float(ndtr(-_Z * widened)))


def _limit_below(total: float, squares: float, n: int, tail: float = _ALPHA / 2) -> float:
    """Return the lower limit of a mean count, above the truth in so many of 1 samples."""
    return _quantile_of_mean(total, squares, n, tail) if total else 0.0


def _limit_above(total: float, squares: float, n: int, tail: float = _ALPHA / 2) -> float:
    """Return the upper limit of a mean count, below the truth in so many of 1 samples."""
    if not total:
        return float(gammaincinv(0.5, 1 - tail)) / n
    return _quantile_of_mean(total, squares, n, 1 - tail)


def _quantile_of_mean(total: float, squares: float, n: int, share_below: float) -> float:
    """Return where a mean count may lie. One more event, of the usual size, is half there: what
    Jeffreys does for a Poisson count.
    """
    if squares == total < n:  # no draft has two: a share
        return float(betaincinv(total + 0.5, n - total + 0.5, share_below))
    # Where every draft has as many, they do not differ, and nothing is known of how far they might.
    variance = max((squares - total * total / n) * n / (n - 1), squares / n)
    half = squares / total / 2
    middle, spread = total + half, variance * (1 + half / total)
    shape, scale = middle * middle / spread, spread / middle / n
    return float(gammaincinv(shape, share_below)) * scale


def median(classes: Sequence[tuple[float, float, int]]) -> Interval | None:
    """Return the median of values in classes: lower edge, upper edge, how many; in ascending order.

    Within a class values are taken to lie evenly.
    """
    n = sum(count for _low, _high, count in classes)
    if n < FEWEST:
        return None
    away = _Z / 2 / math.sqrt(n)
    return Interval(
        quantile(classes, 0.5), quantile(classes, 0.5 - away), quantile(classes, 0.5 + away)
    )


def quantile(classes: Sequence[tuple[float, float, int]], share_below: float) -> float:
    """Return the value below which such a share lies, 0 to 1, of values in classes."""
    wanted = share_below * sum(count for _low, _high, count in classes)
    below = 0
    for low, high, count in classes:
        if count and below + count >= wanted:
            return low + (high - low) * (wanted - below) / count
        below += count
    return classes[-1][1]


def difference(one: Interval, other: Interval) -> Interval:
    """Return how far `other` lies above `one`, of two samples that are independent."""
    between = other.value - one.value
    return Interval(
        between,
        between - math.hypot(other.value - other.low, one.high - one.value),
        between + math.hypot(other.high - other.value, one.value - one.low),
    )


def more_reviews(between: Interval, n: int) -> int | None:
    """Return about how many reviews more than `n` each of two samples needs to tell a difference of
    this size in four of five cases; None where not even very many would do.

    0 where it can be told already.
    """
    if between.low > 0 or between.high < 0:
        return 0
    half = (between.high - between.low) / 2
    if abs(between.value) * math.sqrt(_MOST_MORE / n + 1) < half * (_Z + _POWER_Z) / _Z:
        return None
    wanted = n * (half * (_Z + _POWER_Z) / _Z / between.value) ** 2 - n
    return _about(max(wanted, 1))


def _about(number: float) -> int:
    """Return a number rounded up to one digit, and tens at least."""
    step = max(10, int(10 ** math.floor(math.log10(number))))
    return step * math.ceil(number / step)


def differ(one: Mapping[object, int], other: Mapping[object, int]) -> bool:
    """Whether two samples are made up differently: by more than a tenth, and more than by chance.

    Each maps a part to how many are of it.
    """
    n, m = sum(one.values()), sum(other.values())
    if not n or not m:
        return False
    parts = sorted(one.keys() | other.keys(), key=str)
    apart = sum(abs(one.get(part, 0) / n - other.get(part, 0) / m) for part in parts) / 2
    if apart <= 0.1 or len(parts) < 2:
        return False
    chi_squared = 0.0
    for part in parts:
        both = one.get(part, 0) + other.get(part, 0)
        for counts, size in ((one, n), (other, m)):
            expected = both * size / (n + m)
            chi_squared += (counts.get(part, 0) - expected) ** 2 / expected
    return bool(chdtrc(len(parts) - 1, chi_squared) < 0.01)
