"""Where the marks of a chart lie."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.charts import SMALL, Mark, bars, differences, scale_to, trend


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (4.1, [0, 1, 2, 3, 4, 5]),
        (5, [0, 1, 2, 3, 4, 5]),
        (0.37, [0, 0.1, 0.2, 0.3, 0.4]),
        (23, [0, 5, 10, 15, 20, 25]),
        (12, [0, 2.5, 5, 7.5, 10, 12.5]),
        (0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ],
)
def test_a_scale_ends_at_a_round_number(highest: float, ticks: list[float]) -> None:
    assert scale_to(highest).ticks == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (12, [0, 5, 10, 15]),
        (23, [0, 5, 10, 15, 20, 25]),
    ],
)
def test_a_scale_of_counts_has_whole_numbers_alone(highest: float, ticks: list[float]) -> None:
    assert scale_to(highest, counts=True).ticks == ticks


def test_a_scale_of_shares_never_goes_above_all_of_them() -> None:
    assert scale_to(0.97, most=1).ticks == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert scale_to(1.7, most=1).top == 1


@given(st.floats(1e-6, 1e9))
def test_every_scale_holds_its_highest_number_with_few_lines(highest: float) -> None:
    scale = scale_to(highest)
    assert scale.top >= highest * (1 - 1e-6)
    assert 2 <= len(scale.ticks) <= 6


def test_bars_of_one_table_lie_on_one_scale() -> None:
    long, nothing, short = bars([Mark(4, 3, 5), None, Mark(1, 0.5, 2)])
    assert nothing is None
    assert long is not None
    assert short is not None
    assert (long.width, long.low, long.high) == ("80.00%", "60.00%", "100.00%")
    assert (short.width, short.low, short.high) == ("20.00%", "10.00%", "40.00%")


def test_a_bar_of_nothing_can_still_be_seen() -> None:
    (bar,) = bars([Mark(0, 0, 2)])
    assert bar is not None
    assert bar.width == "0.40%"


def test_an_interval_that_leaves_its_scale_ends_at_the_edge() -> None:
    (bar,) = bars([Mark(0.99, -0.1, 1.2)], whole=1)
    assert bar is not None
    assert (bar.low, bar.high) == ("0.00%", "100.00%")


def test_no_bars_are_no_bars() -> None:
    assert bars([]) == []
    assert bars([None]) == [None]


def test_a_trend_goes_from_left_to_right_and_up_with_its_numbers() -> None:
    drawn = trend([Mark(1, 0.5, 1.5), Mark(2, 1, 3)])
    first, second = drawn.points
    assert float(first.x[:-1]) < float(second.x[:-1])
    assert float(first.y) > float(second.y)
    assert float(second.high_y) < float(second.y) < float(second.low_y)
    assert [tick.number for tick in drawn.ticks] == [0, 1, 2, 3]


def test_what_was_too_few_to_say_leaves_a_gap_in_the_line() -> None:
    mark = Mark(1, 0.5, 1.5)
    drawn = trend([mark, mark, None, mark])
    assert [point.of for point in drawn.points] == [0, 1, 3]
    assert len(drawn.strokes) == 1


def test_the_columns_that_are_pressed_touch_and_do_not_overlap() -> None:
    first, second = trend([Mark(1, 1, 1)] * 2).points
    assert float(first.column_x[:-1]) + float(first.column_width[:-1]) == pytest.approx(
        float(second.column_x[:-1]), abs=0.02
    )


@pytest.mark.parametrize(
    ("count", "named"),
    [(0, []), (1, [0]), (2, [0, 1]), (4, [0, 1, 2, 3]), (5, [0, 2, 4]), (30, [0, 15, 29])],
)
def test_a_few_times_are_all_named_of_many_the_first_the_middle_and_the_last(
    count: int, named: list[int]
) -> None:
    drawn = trend([Mark(1, 1, 1)] * count)
    assert [number for number, _x, _anchor in drawn.named] == named


def test_differences_lie_around_the_middle() -> None:
    fewer, more, unknown = differences([Mark(-2, -4, 0), Mark(1, -1, 3), None])
    assert unknown is None
    assert fewer is not None
    assert more is not None
    assert (fewer.low, fewer.x, fewer.high) == ("0.00%", "25.00%", "50.00%")
    assert float(more.low[:-1]) < 50 < float(more.x[:-1])


def test_no_difference_at_all_lies_in_the_middle() -> None:
    (none,) = differences([Mark(0, 0, 0)])
    assert none is not None
    assert none.x == "50.00%"


def test_lines_beside_each_other_lie_on_one_scale() -> None:
    often, seldom = [Mark(8, 6, 10)] * 2, [Mark(1, 0, 2)] * 2
    drawn = trend(seldom, frame=SMALL, beside=often)
    assert drawn.ticks == trend(often, frame=SMALL, beside=seldom).ticks
    assert [tick.number for tick in drawn.ticks] == [0, 5, 10]
    assert drawn.frame.height < trend(seldom).frame.height
