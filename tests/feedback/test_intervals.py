"""Intervals keep their promise, shown on samples whose truth is known; too few is no number."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback import intervals
from feedback.intervals import (
    FEWEST,
    FEWEST_EVENTS,
    Interval,
    Level,
    Weights,
    differ,
    difference,
    difference_of_scores,
    mean,
    median,
    more_reviews,
    most_unmet,
    quantile,
    score,
    share,
    unmet,
)
from feedback.services.statistics.counting import LAST_MINUTE_CLASS, MINUTE_CLASSES

RATES = (0.5, 1, 2, 5, 10, 25, 60)
"""Errors per 100 drafts, and shares in per cent."""
SIZES = (FEWEST, 60, 100, 200, 412, 1000, 2000)
# Tags on a draft that has any: most have one, some have five.
SINGLE = (np.array([1]), np.array([1.0]))
CLUSTERS = (np.array([1, 2, 3, 4, 5]), np.array([0.62, 0.22, 0.1, 0.04, 0.02]))
WEIGHTS = np.array([1, 5, 25])
Random = np.random.Generator


@dataclass(frozen=True)
class Trials:
    """What became of many samples of one truth."""

    of: str
    shown: float
    """Share of the samples that gave a number."""
    covered: float
    """Share of the numbers whose interval held the truth."""
    group: str = ""
    """Those of one group hold the promise together as well."""

    @property
    def misled(self) -> float:
        """Share of all samples that gave an interval without the truth."""
        return self.shown * (1 - self.covered) if self.shown else 0.0


def trials(of: str, truth: float, intervals: list[Interval | None], group: str = "") -> Trials:
    return trials_of_truths(of, [truth] * len(intervals), intervals, group)


def trials_of_truths(
    of: str, truths: Sequence[float], intervals: list[Interval | None], group: str = ""
) -> Trials:
    """Of samples that are asked about a truth each."""
    shown = [
        each.low <= truth <= each.high
        for truth, each in zip(truths, intervals, strict=True)
        if each is not None
    ]
    covered = sum(shown) / len(shown) if shown else math.nan
    return Trials(of, len(shown) / len(intervals), covered, group)


def shares(chance: Random, times: int) -> Iterator[Trials]:
    for percent in (*RATES, 75, 90, 98):
        for n in SIZES:
            counts = chance.binomial(n, percent / 100, times)
            found = {count: share(int(count), n) for count in set(counts)}
            yield trials(f"{percent} % of {n}", percent / 100, [found[each] for each in counts])


def counts_of_errors(chance: Random, times: int) -> Iterator[Trials]:
    for sizes, odds in (SINGLE, CLUSTERS):
        of_one = float(sizes @ odds)
        for rate in RATES:
            for n in SIZES:
                drafts = chance.binomial(n, rate / 100 / of_one, times)
                by_size = np.array([chance.multinomial(each, odds) for each in drafts])
                sums = zip(by_size @ sizes, by_size @ sizes**2, strict=True)
                found = [mean(float(total), float(squares), n) for total, squares in sums]
                yield trials(f"{rate} per 100, {len(sizes)} sizes, {n}", rate / 100, found)


# How the severities of minor, major and critical errors are shared out; the last three make some
# of them never.
SEVERITIES = (
    (0.7, 0.27, 0.03),
    (0.5, 0.4, 0.1),
    (0.8, 0.19, 0.01),
    (0.6, 0.4, 0.0),
    (0.9, 0.1, 0.0),
    (1.0, 0.0, 0.0),
)
# Of drafts with errors, how many have one, two, three; and how much the odds of a major and of a
# critical one grow with each more.
COMPANY = {
    "alone": ((1.0,), (0.0, 0.0)),
    "in company": ((0.66, 0.24, 0.1), (0.0, 0.0)),
    "in worse company": ((0.66, 0.24, 0.1), (0.7, 1.2)),
}


def drafts_with_errors(odds: tuple[float, ...], company: str) -> tuple[Any, Any]:
    """What a draft with errors may have, as counts by severity, and how often it does."""
    numbers, worse = COMPANY[company]
    kinds: dict[tuple[int, ...], float] = {}
    for more, often in enumerate(numbers):
        there = np.array(odds) * [1, 1 + worse[0] * more, 1 + worse[1] * more]
        there /= there.sum()
        for levels in product(range(3), repeat=more + 1):
            kind = tuple(np.bincount(levels, minlength=3))
            kinds[kind] = kinds.get(kind, 0.0) + often * float(np.prod(there[list(levels)]))
    return np.array(list(kinds)), np.array(list(kinds.values()))


def samples_of_drafts(
    chance: Random, kinds: Any, odds: Any, rate: float, n: int, times: int
) -> tuple[Any, Any, Any]:
    """Of each sample, the sums of the counts by severity, of their squares, and of the squares of
    the drafts' weights, at a rate of errors per 100 drafts.
    """
    chances = odds * (rate / 100 / float(odds @ kinds.sum(axis=1)))
    drawn = chance.multinomial(n, [*chances, 1 - chances.sum()], times)[:, :-1]
    return drawn @ kinds, drawn @ kinds**2, drawn @ (kinds @ WEIGHTS) ** 2


def weights_of(sums: Sequence[Any], n: int) -> Weights:
    counts, squares, of_weights = sums
    levels = zip(WEIGHTS.tolist(), counts.tolist(), squares.tolist(), strict=True)
    return Weights([Level(*each) for each in levels], float(of_weights), n)


def scores(chance: Random, times: int) -> Iterator[Trials]:
    few = times < 1000
    for shared, company in product(SEVERITIES, COMPANY):
        kinds, odds = drafts_with_errors(shared, company)
        of_one = float(odds @ kinds @ WEIGHTS) / float(odds @ kinds.sum(axis=1))
        for rate, n in product((2, 10, 60) if few else RATES, (60, 412, 2000) if few else SIZES):
            sums = zip(*samples_of_drafts(chance, kinds, odds, rate, n, times), strict=True)
            found = [score(weights_of(each, n)) for each in sums]
            of = f"{shared} {company} at {rate} per 100 of {n}"
            yield trials(of, of_one * rate / 100, found, group=str(shared))


def differences_of_scores(chance: Random, times: int) -> Iterator[Trials]:
    """The truth that is asked about is of the severities that at least one side met."""
    for of, truths, found, shared in compared_scores(chance, times, ALIKE):
        yield trials_of_truths(of, truths[:, 0].tolist(), found, shared)


def differences_of_whole_scores(chance: Random, times: int) -> Iterator[Trials]:
    """The truth that is asked about is of all severities, also of those that nobody met: where both
    sides share their errors out alike, what is left out is little.
    """
    for of, truths, found, shared in compared_scores(chance, times, ALIKE):
        yield trials_of_truths(of, truths[:, 1].tolist(), found, shared)


def differences_of_unlike_scores(chance: Random, times: int) -> Iterator[Trials]:
    """The truth that is asked about is of the severities that at least one side met."""
    for of, truths, found, _shared in compared_scores(chance, times, UNLIKE):
        yield trials_of_truths(of, truths[:, 0].tolist(), found)


ALIKE = tuple((each, each) for each in SEVERITIES)
# One of the two makes critical errors, and the other one none at all.
UNLIKE = (
    ((0.6, 0.4, 0.0), (0.7, 0.27, 0.03)),
    ((0.8, 0.19, 0.01), (1.0, 0.0, 0.0)),
    ((1.0, 0.0, 0.0), (0.8, 0.19, 0.01)),
    ((0.9, 0.1, 0.0), (0.5, 0.4, 0.1)),
)


def compared_scores(
    chance: Random, times: int, shared: Sequence[tuple[tuple[float, ...], tuple[float, ...]]]
) -> Iterator[tuple[str, Any, list[Interval | None], str]]:
    """Of each two truths what they are, of each sample both truths (of what is compared, and of
    all) and the interval, and how the errors were shared out.
    """
    few = times < 1000
    rates = ((10, 10), (60, 40)) if few else ((2, 2), (5, 10), (10, 10), (25, 5), (60, 40))
    sizes = ((412, 388), (2000, 300)) if few else ((60, 60), (412, 388), (2000, 300), (2000, 2000))
    for both, company, of_rates, of_sizes in product(shared, COMPANY, rates, sizes):
        truths = np.zeros((2, 3))
        drawn = []
        for side, (rate, n) in enumerate(zip(of_rates, of_sizes, strict=True)):
            kinds, odds = drafts_with_errors(both[side], company)
            truths[side] = odds @ kinds / float(odds @ kinds.sum(axis=1)) * rate / 100
            drawn.append(samples_of_drafts(chance, kinds, odds, rate, n, times))
        apart = (truths[1] - truths[0]) * WEIGHTS
        compared = (drawn[0][0] + drawn[1][0] > 0) @ apart
        found = [
            difference_of_scores(
                *(weights_of(each, n) for each, n in zip(sides, of_sizes, strict=True))
            )
            for sides in zip(*(zip(*each, strict=True) for each in drawn), strict=True)
        ]
        of = f"weights {both} {company} at {of_rates} per 100 of {of_sizes}"
        yield of, np.stack([compared, np.full(times, apart.sum())], axis=1), found, str(both)


def classes_of_minutes(minutes: Any) -> list[tuple[float, float, int]]:
    """Times at work in the classes in which the desk keeps them."""
    numbers = np.floor(MINUTE_CLASSES * np.log2(np.maximum(minutes * 60, 1))).astype(int)
    found, counts = np.unique(np.minimum(numbers, LAST_MINUTE_CLASS), return_counts=True)
    return [
        (2 ** (each / MINUTE_CLASSES) / 60, 2 ** ((each + 1) / MINUTE_CLASSES) / 60, int(count))
        for each, count in zip(found, counts, strict=True)
    ]


def medians(chance: Random, times: int) -> Iterator[Trials]:
    for spread in (0.4, 0.8, 1.3):
        for n in SIZES:
            samples = chance.lognormal(math.log(1.4), spread, (times, n))
            found = [median(classes_of_minutes(each)) for each in samples]
            yield trials(f"median of {n}, spread {spread}", 1.4, found)


def medians_of_words(chance: Random, times: int) -> Iterator[Trials]:
    for size, middle in ((2.0, 4.0), (5.0, 9.0)):
        odds = size / (size + middle)
        truth = quantile(classes_of_words(1 + chance.negative_binomial(size, odds, 400_000)), 0.5)
        for n in SIZES:
            samples = 1 + chance.negative_binomial(size, odds, (times, n))
            found = [median(classes_of_words(each)) for each in samples]
            yield trials(f"median of words of {n}, {middle}", truth, found)


def classes_of_words(words: Any) -> list[tuple[float, float, int]]:
    found, counts = np.unique(words, return_counts=True)
    return [(w - 0.5, w + 0.5, int(c)) for w, c in zip(found, counts, strict=True)]


def means_of_words(chance: Random, times: int) -> Iterator[Trials]:
    for size, middle in ((1.0, 3.0), (2.0, 4.0), (5.0, 9.0)):
        for n in SIZES:
            samples = 1 + chance.negative_binomial(size, size / (size + middle), (times, n))
            sums = zip(samples.sum(axis=1), (samples**2).sum(axis=1), strict=True)
            found = [mean(float(total), float(squares), n) for total, squares in sums]
            yield trials(f"{middle} words of {n}", 1 + middle, found)


def differences_of_shares(chance: Random, times: int) -> Iterator[Trials]:
    for one, other in ((10, 10), (50, 60), (90, 95), (75, 40)):
        for n, m in ((412, 388), (2000, 100), (100, 100)):
            drawn = zip(
                chance.binomial(n, one / 100, times),
                chance.binomial(m, other / 100, times),
                strict=True,
            )
            found = [
                difference(own, others)
                if (own := share(int(first), n)) and (others := share(int(second), m))
                else None
                for first, second in drawn
            ]
            yield trials(f"{one} and {other} % of {n} and {m}", (other - one) / 100, found)


def differences(chance: Random, times: int) -> Iterator[Trials]:
    for one, other in ((4.9, 4.2), (10, 10), (25, 40), (60, 55)):
        for n, m in ((412, 388), (2000, 100), (1000, 1000)):
            found = []
            drawn = zip(
                chance.binomial(n, one / 100, times),
                chance.binomial(m, other / 100, times),
                strict=True,
            )
            for first, second in drawn:
                own, others = mean(int(first), int(first), n), mean(int(second), int(second), m)
                found.append(difference(own, others) if own and others else None)
            yield trials(f"{one} and {other} per 100 of {n} and {m}", (other - one) / 100, found)


KINDS: dict[str, Callable[[Random, int], Iterator[Trials]]] = {
    "shares": shares,
    "errors": counts_of_errors,
    "scores": scores,
    "medians": medians,
    "medians of words": medians_of_words,
    "means of words": means_of_words,
    "differences of errors": differences,
    "differences of shares": differences_of_shares,
    "differences of scores": differences_of_scores,
    "differences of whole scores": differences_of_whole_scores,
    "differences of unlike scores": differences_of_unlike_scores,
}
ALWAYS = 0.99
# Of few errors that nobody met a critical one of, the samples with many show a number first.
MOST_MISLED = {"scores": 0.09, "differences of unlike scores": 0.09}
# Where one side alone makes critical errors, and few of its reviews meet one, its first one
# decides: nearly all samples of one kind hold the truth, and fewer of the other.
BETWEEN = {"differences of unlike scores": (0.91, 1.0)}


def check(kind: str, times: int, slack: float) -> None:
    """Hold a method to its promise; `slack` is what chance does to so many samples."""
    done = list(KINDS[kind](np.random.default_rng(20261123), times))
    always = [each for each in done if each.shown >= ALWAYS]
    assert len(always) >= 8
    # Where nearly every sample gives a number, 93 to 97 of 100 intervals hold the truth.
    least, most = BETWEEN.get(kind, (0.93, 0.97))
    outside = [each for each in always if not least - slack <= each.covered <= most + slack]
    assert not outside
    for group in {each.group for each in always} if kind not in BETWEEN else ():
        covered = [each.covered for each in always if each.group == group]
        assert 0.935 <= sum(covered) / len(covered) <= 0.965, group
    # Where it depends on the sample, few are misled all the same: the others see no number.
    assert max(each.misled for each in done) <= MOST_MISLED.get(kind, 0.07) + slack


@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str) -> None:
    check(kind, times=400, slack=0.03)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_intervals_hold_the_truth_as_often_as_they_say_in_many_samples(kind: str) -> None:
    check(kind, times=10_000, slack=0.008)


def test_a_method_for_many_reviews_does_not_pass_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the interval that most people compute, and numbers from few reviews."""

    def wald(count: int, n: int) -> Interval:
        value = count / n
        half = 1.96 * math.sqrt(value * (1 - value) / n)
        return Interval(value, value - half, value + half)

    monkeypatch.setitem(globals(), "share", wald)
    with pytest.raises(AssertionError):
        check("shares", times=400, slack=0.03)


def test_a_score_without_room_for_what_was_not_met_does_not_pass_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: the mean weight and its standard error, as most people compute them."""

    def wald(of: Weights) -> Interval | None:
        half = 1.96 * math.sqrt(max(0.0, of.squares - of.value * of.value * of.n)) / of.n
        return Interval(of.value, of.value - half, of.value + half)

    monkeypatch.setitem(globals(), "score", wald)
    with pytest.raises(AssertionError):
        check("scores", times=400, slack=0.03)


def test_a_score_that_gives_both_tails_as_much_does_not_pass_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the other side: it holds the truth in 98 of 100 samples."""
    monkeypatch.setattr(intervals, "_MOST_BELOW", 0.025)
    with pytest.raises(AssertionError):
        check("scores", times=400, slack=0.03)


def test_a_difference_with_room_for_what_neither_side_met_does_not_pass_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: it holds the truth in practically all samples, and tells nothing."""
    monkeypatch.setattr(intervals, "unmet", lambda _one, _other: [])
    with pytest.raises(AssertionError):
        check("differences of scores", times=400, slack=0.03)


def test_a_difference_without_room_for_what_one_side_met_does_not_pass_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control of the other side: what one side met may be met on the other."""

    def unmet_on_a_side(one: Weights, other: Weights) -> list[float]:
        return [each.weight for of in (one, other) for each in of.levels if not each.total]

    monkeypatch.setattr(intervals, "unmet", unmet_on_a_side)
    with pytest.raises(AssertionError):
        check("differences of scores", times=400, slack=0.03)


# Their edges -------------------------------------------------------------------------------------


@given(st.integers(0, 3000), st.data())
def test_a_share_lies_in_its_interval_or_is_no_number(n: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, n))
    found = share(count, n)
    few = n < FEWEST or min(count, n - count) < FEWEST_EVENTS
    assert (found is None) is few
    if found is not None:
        assert 0 <= found.low <= found.value <= found.high <= 1


@given(st.lists(st.integers(0, 5), max_size=300))
def test_a_mean_lies_in_its_interval_or_is_no_number(counts: list[int]) -> None:
    found = mean(sum(counts), sum(each**2 for each in counts), len(counts))
    if found is not None:
        assert 0 <= found.low <= found.value <= found.high
    if len(counts) < FEWEST or sum(map(bool, counts)) < FEWEST_EVENTS:
        assert found is None


def test_as_many_errors_in_every_draft_are_a_number_too() -> None:
    found = mean(100, 100, 100)
    assert found is not None
    assert found.low < 1 < found.high


SMALL_ONES = Weights([Level(1, 40, 40), Level(5, 0, 0), Level(25, 0, 0)], 40, 400)
ONE_CRITICAL = Weights([Level(1, 40, 40), Level(5, 0, 0), Level(25, 1, 1)], 665, 400)


def test_one_critical_error_among_many_small_ones_widens_the_score() -> None:
    small, worse = score(SMALL_ONES), score(ONE_CRITICAL)
    assert small is not None
    assert worse is not None
    assert worse.high - worse.low > small.high - small.low


def test_a_difference_is_none_where_both_are_the_same() -> None:
    one = Interval(0.3, 0.2, 0.4)
    same = difference(one, one)
    assert same.value == 0
    assert same.low < 0 < same.high


def test_a_critical_error_that_one_side_met_may_be_met_on_the_other() -> None:
    small = difference_of_scores(SMALL_ONES, SMALL_ONES)
    worse = difference_of_scores(SMALL_ONES, ONE_CRITICAL)
    assert small is not None
    assert worse is not None
    assert worse.value == pytest.approx(25 / 400)
    # With its lower limit alone, and none above the nought of the other side, it would be worse.
    assert worse.low < 0 < worse.high
    assert small.high < worse.high


def test_a_severity_that_neither_side_met_is_left_out_and_said() -> None:
    assert unmet(SMALL_ONES, SMALL_ONES) == [5, 25]
    assert unmet(SMALL_ONES, ONE_CRITICAL) == unmet(ONE_CRITICAL, SMALL_ONES) == [5]
    levels = [Level(1, 40, 40)]
    alone = difference_of_scores(Weights(levels, 40, 400), Weights(levels, 40, 400))
    assert difference_of_scores(SMALL_ONES, SMALL_ONES) == alone


def test_too_few_on_one_side_are_no_difference_of_scores() -> None:
    assert difference_of_scores(SMALL_ONES, Weights(SMALL_ONES.levels, 40, FEWEST - 1)) is None
    assert difference_of_scores(Weights([Level(1, 3, 3)], 3, 400), SMALL_ONES) is None


@given(st.integers(1, 5000))
def test_what_nobody_met_is_met_in_most_samples_by_more_than_it_may_be_of(n: int) -> None:
    most = most_unmet(n)
    assert 0 < most < 1
    assert (1 - most) ** n == pytest.approx(0.05)


def test_how_many_more_reviews_would_tell() -> None:
    assert more_reviews(Interval(-1.7, -2.6, -0.8), 400) == 0
    close = more_reviews(Interval(0.5, -0.1, 1.1), 400)
    assert close is not None
    assert 0 < close <= 2000
    assert more_reviews(Interval(0.001, -1, 1), 400) is None
    assert more_reviews(Interval(0.0, -1, 1), 400) is None


def test_samples_differ_only_where_chance_does_not_explain_it() -> None:
    assert differ({"popular": 400, "niche": 100}, {"popular": 100, "niche": 400})
    assert not differ({"popular": 55, "niche": 45}, {"popular": 45, "niche": 55})
    assert not differ({"popular": 9, "niche": 1}, {"popular": 6, "niche": 4})
    assert not differ({}, {"popular": 400})
    assert not differ({"popular": 400}, {"popular": 4})
