"""Where the marks of a chart lie: across in percent of its width, down in pixels.

No view box: a chart is as wide as the page gives it, and its words stay as large as those beside
it. Every number comes as an attribute is written: no language puts a comma into it. No Django.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

# A scale goes up in steps of one of these, times a power of ten.
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
# So many times are all named below a line.
_FEW: Final = 4
# A narrower bar cannot be seen, nor pressed.
_THINNEST: Final = 0.4


@dataclass(frozen=True, slots=True)
class Frame:
    """The room that a line over time has: down in pixels, across in percent."""

    height: int
    top: float
    """Above it is room for the words of the topmost line of the scale."""
    floor: float
    """Below it is room for the words of the days."""
    left: float
    """Left of it the words of the scale stand on their lines."""
    right: float
    steps: int
    """The most steps that its scale has."""

    @property
    def words_y(self) -> str:
        """Where the words of the days stand."""
        return _pixels(self.floor + 20)

    @property
    def column_height(self) -> str:
        """How far down a column is pressed."""
        return _pixels(self.floor + 2)


WIDE: Final = Frame(height=200, top=22, floor=168, left=9, right=97, steps=5)
SMALL: Final = Frame(height=140, top=20, floor=112, left=14, right=97, steps=3)
"""One of several beside each other."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A number with the interval that it may as well lie in."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scale:
    """From 0 to a round number; `ticks` are the numbers worth a line, 0 and `top` among them."""

    top: float
    ticks: Sequence[float]

    def share(self, number: float) -> float:
        """Return how far up the number is: 0 at the foot, 1 at the top, and never beyond."""
        return min(max(number / self.top, 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from the left edge and its whisker."""

    width: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across a chart and the number that it stands for."""

    y: str
    words_y: str
    number: float


@dataclass(frozen=True, slots=True)
class Point:
    """One mark of a trend, with the column that is pressed to follow it; where the mark is."""

    of: int
    """Which of the marks that were given."""
    x: str
    y: str
    low_y: str
    high_y: str
    column_x: str
    column_width: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """The line between two points that follow one another."""

    x1: str
    y1: str
    x2: str
    y2: str


@dataclass(frozen=True, slots=True)
class Trend:
    """A line over time. What was too few to say leaves a gap."""

    frame: Frame
    ticks: Sequence[Tick]
    points: Sequence[Point]
    strokes: Sequence[Stroke]
    named: Sequence[tuple[int, str, str]]
    """Which times are named below, where, and how their words hang there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference around the middle, where the two are alike."""

    x: str
    low: str
    high: str


def scale_to(
    highest: float,
    most: float = math.inf,
    steps: int = WIDE.steps,
    *,
    counts: bool = False,
) -> Scale:
    """Return a scale of at most so many steps that ends at a round number not below `highest`, and
    not above `most`. One that `counts` has whole numbers alone.
    """
    highest = min(highest, most) if highest > 0 else min(1.0, most)
    if counts:
        highest = max(highest, 1.0)
    power = 10.0 ** math.floor(math.log10(highest / steps))
    step = next(
        step * power
        for step in _STEPS
        if step * power * steps >= highest * (1 - 1e-9)
        and (not counts or (step * power).is_integer())
    )
    count = math.ceil(highest / step - 1e-9)
    return Scale(step * count, [step * number for number in range(count + 1)])


def bars(marks: Sequence[Mark | None], whole: float | None = None) -> list[Bar | None]:
    """Return a bar for each mark, all on one scale; None stays None, so that rows keep their bars.

    The scale ends at the `whole` that they are parts of, or else at the longest whisker.
    """
    top = whole or max((mark.high for mark in marks if mark), default=0.0) or 1.0
    scale = Scale(top, [0.0, top])
    return [None if mark is None else _bar(mark, scale) for mark in marks]


def _bar(mark: Mark, scale: Scale) -> Bar:
    width, low, high = (100 * scale.share(at) for at in (mark.value, mark.low, mark.high))
    return Bar(_percent(max(width, _THINNEST)), _percent(low), _percent(high))


def trend(
    marks: Sequence[Mark | None],
    most: float = math.inf,
    *,
    frame: Frame = WIDE,
    beside: Sequence[Mark | None] = (),
    counts: bool = False,
) -> Trend:
    """Return a line through the marks, left to right at equal distances.

    Its scale holds those of the lines `beside` it too, so that they can be compared. Of marks that
    are `counts` it has whole numbers alone.
    """
    highest = max((mark.high for mark in (*marks, *beside) if mark), default=0.0)
    scale = scale_to(highest, most, frame.steps, counts=counts)
    column = (frame.right - frame.left) / max(len(marks), 1)

    def across(number: int) -> float:
        return frame.left + column * (number + 0.5)

    def down(value: float) -> float:
        return frame.floor - (frame.floor - frame.top) * scale.share(value)

    seen = [(number, mark) for number, mark in enumerate(marks) if mark]
    return Trend(
        frame=frame,
        ticks=[Tick(_pixels(down(at)), _pixels(down(at) - 4), at) for at in scale.ticks],
        points=[
            Point(
                of=number,
                x=_percent(across(number)),
                y=_pixels(down(mark.value)),
                low_y=_pixels(down(mark.low)),
                high_y=_pixels(down(mark.high)),
                column_x=_percent(across(number) - column / 2),
                column_width=_percent(column),
            )
            for number, mark in seen
        ],
        strokes=[
            Stroke(
                _percent(across(one)),
                _pixels(down(mark.value)),
                _percent(across(other)),
                _pixels(down(next_mark.value)),
            )
            for (one, mark), (other, next_mark) in pairwise(seen)
            if other == one + 1
        ],
        named=_named(len(marks), across),
    )


def _named(count: int, across: Callable[[int], float]) -> list[tuple[int, str, str]]:
    """Return all of a few times; else the first, the middle and the last: more would not fit on a
    phone.
    """
    if count <= _FEW:
        return [(number, _percent(across(number)), "middle") for number in range(count)]
    anchors = {0: "start", count - 1: "end"}
    return [
        (number, _percent(across(number)), anchors.get(number, "middle"))
        for number in (0, count // 2, count - 1)
    ]


def differences(marks: Sequence[Mark | None]) -> list[Difference | None]:
    """Return each mark around a middle of 0, all on one scale."""
    furthest = max((max(abs(mark.low), abs(mark.high)) for mark in marks if mark), default=0.0)
    scale = scale_to(furthest)

    def across(value: float) -> str:
        return _percent(50 + math.copysign(50 * scale.share(abs(value)), value))

    return [
        None
        if mark is None
        else Difference(across(mark.value), across(mark.low), across(mark.high))
        for mark in marks
    ]


def _percent(number: float) -> str:
    return f"{number:.2f}%"


def _pixels(number: float) -> str:
    return f"{number:.1f}"
