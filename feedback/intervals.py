"""Intervals: how far a number of a sample may lie from the truth. No Django.

Each function returns None where there are too few reviews for an interval that keeps its promise:
that 95 of 100 such intervals hold the truth. What "too few" is was found by simulation, which
tests/feedback/test_intervals.py repeats. The functions behind the methods are scipy's.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from scipy.special import betaincinv, chdtrc, gammaincinv, ndtr, ndtri, stdtrit

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
SCORE_DIFFERENCE_METHOD: Final = translatable(
    "interval by the method of variance estimates recovery, of the severities that either side met"
)
MEDIAN_METHOD: Final = translatable("interval between order statistics")
DIFFERENCE_METHOD: Final = translatable("interval by the method of variance estimates recovery")


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Level:
    """The counts of what weighs as much."""

    weight: float
    total: float
    squares: float
    """The sum of the squares of the drafts' counts."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What a score is made of: counts of several weights in `n` drafts."""

    levels: Sequence[Level]
    squares: float
    """The sum of the squares of the drafts' whole weights."""
    n: int

    @property
    def value(self) -> float:
        """Return the mean weight of a draft."""
        return sum(each.weight * each.total for each in self.levels) / self.n


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


def score(of: Weights) -> Interval | None:
    """Return the mean weight of drafts, of counts that have a weight each.

    However heavy, a level that nobody has met yet may be met: that belongs to the interval.
    """
    if _are_too_few(of):
        return None
    above = _above(of, of.levels)
    met = _above(of, [each for each in of.levels if each.total])
    below = _below(of, _tail_below(above / met))
    together = _together(of)
    return Interval(of.value, max(0.0, of.value - below * together), of.value + above * together)


def difference_of_scores(one: Weights, other: Weights) -> Interval | None:
    """Return how far the mean weight of `other` lies above that of `one`, two samples that are
    independent, of the levels that at least one of them met.

    A level that neither met says nothing about which is heavier. With room for it on both sides the
    interval would hold the truth in all samples, and tell nothing; see `unmet` and `most_unmet`.
    """
    if _are_too_few(one) or _are_too_few(other):
        return None
    left_out = set(unmet(one, other))
    above_one, above_other = (
        _above(each, [level for level in each.levels if level.weight not in left_out])
        * _together(each)
        for each in (one, other)
    )
    below_one, below_other = (_below(each) * _together(each) for each in (one, other))
    between = other.value - one.value
    return Interval(
        between,
        between - math.hypot(below_other, above_one),
        between + math.hypot(above_other, below_one),
    )


def unmet(one: Weights, other: Weights) -> list[float]:
    """Return the weights of the levels that neither sample met."""
    met = {each.weight for of in (one, other) for each in of.levels if each.total}
    return sorted({each.weight for of in (one, other) for each in of.levels} - met)


def most_unmet(n: int) -> float:
    """Return how many drafts, 0 to 1, may have what none of `n` has: had more of them it, 95 of 100
    such samples would have met it.
    """
    return -math.expm1(math.log(_ALPHA) / n)


def _are_too_few(of: Weights) -> bool:
    number = sum(each.total for each in of.levels)
    if of.n < FEWEST or not number:
        return True
    return number**2 < FEWEST_EVENTS * sum(each.squares for each in of.levels)


def _above(of: Weights, levels: Iterable[Level]) -> float:
    """Return how far above its value the mean weight of these levels may lie, if each error came
    alone.
    """
    return math.hypot(
        *(
            each.weight * (_limit_above(each.total, each.squares, of.n) - each.total / of.n)
            for each in levels
        )
    )


def _below(of: Weights, tail: float = _ALPHA / 2) -> float:
    """Return how far below its value a mean weight may lie, if each error came alone."""
    return math.hypot(
        *(
            each.weight
            * max(0.0, each.total / of.n - _limit_below(each.total, each.squares, of.n, tail))
            for each in of.levels
        )
    )


def _together(of: Weights) -> float:
    """Return how much further a mean weight may lie than if each error came alone: where a draft
    has one it has others, or seldom.
    """
    alone = sum(
        each.weight**2 * (each.squares - each.total * each.total / of.n) for each in of.levels
    )
    if alone <= 0:
        return 1.0
    return math.sqrt(max(0.0, of.squares - of.value * of.value * of.n) / alone)


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
    apart = (squares - total * total / n) / (n - 1)
    # How far few counts differ is itself uncertain, by what Student's t says.
    wider = float(stdtrit(n - 1, 1 - _ALPHA / 2)) / _Z
    variance = max(apart * n * wider**2, squares / n)
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
