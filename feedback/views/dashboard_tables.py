"""What the dashboard's pages are made of: tables of figures, with what a chart draws of them.

What a page shows, what a spreadsheet gets and what a program reads are made from the same rows, so
that they cannot differ.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Final

from django.urls import get_script_prefix, reverse
from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from feedback import charts
from feedback.charts import Mark
from feedback.figures import Difference, ErrorLine, Example, Figure, Point, Step, Unit
from feedback.intervals import FEWEST
from feedback.question import Question
from feedback.services.statistics.desk_figures import DayOfWork
from feedback.written_numbers import write_number

# Of this many reviews on, a tenth of a per cent says something.
MANY_REVIEWS: Final = 1_000
WHOLE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Row:
    """What was counted apart, a category or a model, with a figure for each column."""

    key: str
    name: str
    figures: Sequence[Figure]
    category_key: str = ""
    said: str = ""
    """What stands below the name."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind. `key` names it in CSV and JSON; `columns` are key and words of each figure.

    Where it `draws`, each row has a bar of its first figure.
    """

    key: str
    title: str
    head: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    note: str = ""
    draws: bool = True

    @property
    def methods(self) -> list[str]:
        """How its intervals were made, each method once."""
        said = [_(figure.method) for row in self.rows for figure in row.figures if figure.method]
        return list(dict.fromkeys(said))

    @property
    def has_too_few(self) -> bool:
        """Whether a number is missing in it because too little is behind it."""
        return any(
            figure.is_too_few and not _is_none(figure) and not _is_all(figure)
            for row in self.rows
            for figure in row.figures
        )

    def drawn(self) -> list["DrawnRow"]:
        """Return the rows as a page writes them."""
        heads = [words for _key, words in self.columns]
        first = [row.figures[0] if row.figures else None for row in self.rows]
        unit = next((figure.unit for figure in first if figure), None)
        bars: Sequence[charts.Bar | None] = (
            charts.bars(
                [None if figure is None else mark_of(figure) for figure in first],
                whole=WHOLE if unit == "share" else None,
            )
            if self.draws
            else [None] * len(self.rows)
        )
        return [
            DrawnRow(row, heads, [shown(figure) for figure in row.figures], bar)
            for row, bar in zip(self.rows, bars, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as a page writes it, in the reader's language."""

    words: str
    interval: str
    is_too_few: bool
    is_none: bool
    """There were reviews enough, and none had it."""
    is_all: bool
    """There were reviews enough, and each had it."""
    count: int
    address: str
    n: int
    among_address: str


@dataclass(frozen=True, slots=True)
class DrawnRow:
    """A row with its words and its bar."""

    row: Row
    heads: Sequence[str]
    """What stands above each figure."""
    figures: Sequence[Shown]
    bar: charts.Bar | None

    @property
    def cells(self) -> Iterable[tuple[str, Shown]]:
        """Each figure with the head of its column, which a phone shows beside it."""
        return zip(self.heads, self.figures, strict=True)


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A point of a line over time, with where it leads and what it says when it is pointed at."""

    at: charts.Point
    address: str
    count: int
    said: str


@dataclass(frozen=True, slots=True)
class TrendChart:
    """A line over time, and the table of figures behind it; None where the page has its own."""

    table: Table | None
    frame: charts.Frame
    ticks: Sequence[tuple[charts.Tick, str]]
    points: Sequence[TrendPoint]
    strokes: Sequence[charts.Stroke]
    named: Sequence[tuple[str, str, str]]
    """The words below, where, and how they hang there."""


@dataclass(frozen=True, slots=True)
class SmallChart:
    """A line over time among others."""

    of: ErrorLine
    chart: TrendChart


@dataclass(frozen=True, slots=True)
class LinesBeside:
    """Lines over time beside each other, on one scale, and the table behind all of them."""

    table: Table
    charts: Sequence[SmallChart]
    too_rare: Sequence[tuple[str, Shown]]
    """What was found too seldom for a line: its name, and the figure of all the time."""


@dataclass(frozen=True, slots=True)
class DrawnDifference:
    """What is compared, with both numbers and the line that shows how far they are apart."""

    of: Difference
    name: str
    one: Shown
    other: Shown
    apart: str
    interval: str
    line: charts.Difference | None


def address_of(question: Question) -> str:
    """Return where the drafts of a question are listed."""
    return f"{_drafts_address(get_script_prefix())}?{question.as_query()}"


@cache
def _drafts_address(_script_prefix: str) -> str:
    # Looked up once and not for each of a thousand figures.
    return reverse("dashboard-drafts")


def mark_of(figure: Figure) -> Mark | None:
    """Return what a chart draws of a figure; None where there were too few reviews to say."""
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return Mark(figure.value, figure.low, figure.high)


def highest_of(unit: Unit | None) -> float:
    """Return the highest value that there can be."""
    return WHOLE if unit == "share" else float("inf")


def shown(figure: Figure) -> Shown:
    """Return a figure in words: the number, its interval, and where its drafts are."""
    return Shown(
        words=in_words(figure.value, figure.unit, figure.n),
        interval=interval_in_words(figure.low, figure.high, figure.unit, figure.n),
        is_too_few=figure.is_too_few,
        is_none=_is_none(figure),
        is_all=_is_all(figure),
        count=figure.count,
        address=address_of(figure.question),
        n=figure.n,
        among_address=address_of(figure.among),
    )


def _is_none(figure: Figure) -> bool:
    return figure.is_too_few and not figure.count and figure.n >= FEWEST


def _is_all(figure: Figure) -> bool:
    is_share = figure.unit == "share"
    return is_share and figure.is_too_few and figure.count == figure.n >= FEWEST


def in_words(value: float | None, unit: Unit, n: int) -> str:
    """Return a value of so many reviews as its unit is written; "" where there is none."""
    if value is None:
        return ""
    if unit == "share":
        return _("%(number)s %%") % {
            "number": write_number(100 * value, 1 if n >= MANY_REVIEWS else 0)
        }
    return write_number(value, 1)


def interval_in_words(low: float | None, high: float | None, unit: Unit, n: int) -> str:
    """Return an interval as its unit is written; "" where there is none."""
    if low is None or high is None:
        return ""
    factor, decimals = (100, 1 if n >= MANY_REVIEWS else 0) if unit == "share" else (1, 1)
    return _("%(low)s to %(high)s") % {
        "low": write_number(factor * low, decimals),
        "high": write_number(factor * high, decimals),
    }


def trend_chart(
    key: str,
    title: str,
    column: tuple[str, str],
    points: Sequence[Point],
    step: Step,
    of: Callable[[Point], Figure],
    frame: charts.Frame = charts.WIDE,
) -> TrendChart:
    """Return a line through one figure of each stretch of time, with the table behind it.

    A stretch in which nothing was judged has its place on the line, and is no row of the table.
    """
    figures = [of(point) for point in points]
    rows = [
        Row(point.first.isoformat(), days_in_words(point.first, point.last), [figure])
        for point, figure in zip(points, figures, strict=True)
    ]
    table = Table(key, title, _("Days"), [column], rows, draws=False)
    return _line_through(figures, points, step, table, frame)


def _line_through(
    figures: Sequence[Figure],
    points: Sequence[Point],
    step: Step,
    table: Table,
    frame: charts.Frame = charts.WIDE,
    beside: Sequence[Figure] = (),
) -> TrendChart:
    """Return a line through a figure of each point of time, on one scale with those `beside`."""
    unit: Unit = figures[0].unit if figures else "share"
    places = _places([point.first for point in points], step)
    marks: list[Mark | None] = [None] * (places[-1] + 1 if places else 0)
    for place, figure in zip(places, figures, strict=True):
        marks[place] = mark_of(figure)
    drawn = charts.trend(
        marks, most=highest_of(unit), frame=frame, beside=[mark_of(each) for each in beside]
    )
    names = [days_in_words(point.first, point.last) for point in points]
    at = {place: number for number, place in enumerate(places)}
    return TrendChart(
        table=table,
        frame=drawn.frame,
        ticks=[(tick, _tick_in_words(tick.number, unit)) for tick in drawn.ticks],
        points=[
            _trend_point(each, names[at[each.of]], figures[at[each.of]]) for each in drawn.points
        ],
        strokes=drawn.strokes,
        named=[
            (date_format(points[at[place]].first, "j M"), x, anchor)
            for place, x, anchor in drawn.named
            if place in at
        ],
    )


def lines_beside(
    key: str,
    title: str,
    points: Sequence[Point],
    step: Step,
    lines: Sequence[ErrorLine],
    whole: Mapping[str, Figure],
) -> LinesBeside:
    """Return a small chart for each line, all on one scale, with one table behind all of them.

    `whole` has the figures of all the time, by the slugs of the lines. Those that most drafts have
    come first; what was found too seldom for two points is named with its drafts, and not drawn.
    """
    # The two were read one after the other: a kind may have been found for the first time between.
    lines = [line for line in lines if line.slug in whole]
    table = Table(
        key,
        title,
        _("Days"),
        [(line.slug, line.name) for line in lines],
        [
            Row(
                point.first.isoformat(),
                days_in_words(point.first, point.last),
                [line.figures[number] for line in lines],
            )
            for number, point in enumerate(points)
        ],
        draws=False,
    )
    found = sorted(
        (line for line in lines if whole[line.slug].count),
        key=lambda line: whole[line.slug].count,
        reverse=True,
    )
    drawn = [line for line in found if _has_a_line(line)]
    beside = [figure for line in drawn for figure in line.figures]
    return LinesBeside(
        table=table,
        charts=[
            SmallChart(line, _line_through(line.figures, points, step, table, charts.SMALL, beside))
            for line in drawn
        ],
        too_rare=[(line.name, shown(whole[line.slug])) for line in found if not _has_a_line(line)],
    )


def _has_a_line(line: ErrorLine) -> bool:
    return sum(not figure.is_too_few for figure in line.figures) > 1


def _places(begins: Sequence[date], step: Step) -> list[int]:
    """Return the place of each stretch on a line on which each day, week or month has one."""

    def number(day: date) -> int:
        if step == "month":
            return day.year * 12 + day.month
        # A week begins on Monday, and so did the first day of the calendar.
        return day.toordinal() if step == "day" else (day.toordinal() - 1) // 7

    return [number(day) - number(begins[0]) for day in begins]


def day_chart(days: Sequence[DayOfWork]) -> TrendChart:
    """Return a line through what was decided on each day."""
    drawn = charts.trend([Mark(*[float(each.decided.value)] * 3) for each in days], counts=True)
    return TrendChart(
        table=None,
        frame=drawn.frame,
        ticks=[(tick, number_format(tick.number, 0, force_grouping=True)) for tick in drawn.ticks],
        points=[
            TrendPoint(
                at,
                days[at.of].decided.address,
                days[at.of].decided.value,
                f"{days_in_words(days[at.of].day, days[at.of].day)}: {days[at.of].decided.value}",
            )
            for at in drawn.points
        ],
        strokes=drawn.strokes,
        named=[
            (date_format(days[number].day, "j M"), x, anchor) for number, x, anchor in drawn.named
        ],
    )


def _trend_point(at: charts.Point, name: str, figure: Figure) -> TrendPoint:
    words = shown(figure)
    said = _("%(days)s: %(number)s (%(interval)s), %(n)s reviews") % {
        "days": name,
        "number": words.words,
        "interval": words.interval,
        "n": figure.n,
    }
    return TrendPoint(at, words.address, figure.count, said)


def _tick_in_words(number: float, unit: Unit) -> str:
    if unit == "share":
        return in_words(number, unit, 0)
    return number_format(f"{number:.6g}", use_l10n=True, force_grouping=True)


def days_in_words(first: date, last: date) -> str:
    """Return a stretch of time as people say it, both days included."""
    if first == last:
        return date_format(first, "j M")
    return _("%(first)s to %(last)s") % {
        "first": date_format(first, "j M"),
        "last": date_format(last, "j M"),
    }


def drawn_differences(differences: Sequence[Difference]) -> list[DrawnDifference]:
    """Return what was compared as a page writes it, with a line for each around the middle.

    Each lies on a scale of its own unit: a share and errors have none in common.
    """
    units = {difference.one.unit for difference in differences}
    lines: dict[int, charts.Difference | None] = {}
    for unit in units:
        of_unit = [number for number, each in enumerate(differences) if each.one.unit == unit]
        marks = [_mark_of_difference(differences[number]) for number in of_unit]
        lines |= zip(of_unit, charts.differences(marks), strict=True)
    return [
        DrawnDifference(
            of=each,
            name=capfirst(_(each.name)),
            one=shown(each.one),
            other=shown(each.other),
            apart=_apart_in_words(each),
            interval=_points_of(each.low, each.high, each),
            line=lines[number],
        )
        for number, each in enumerate(differences)
    ]


def _mark_of_difference(difference: Difference) -> Mark | None:
    if difference.difference is None or difference.low is None or difference.high is None:
        return None
    return Mark(difference.difference, difference.low, difference.high)


def _apart_in_words(each: Difference) -> str:
    if each.difference is None:
        return ""
    factor = 100 if each.one.unit == "share" else 1
    number = write_number(factor * each.difference, 1)
    return f"+{number}" if each.difference > 0 else number


def _points_of(low: float | None, high: float | None, each: Difference) -> str:
    if low is None or high is None:
        return ""
    factor = 100 if each.one.unit == "share" else 1
    return _("%(low)s to %(high)s") % {
        "low": write_number(factor * low, 1),
        "high": write_number(factor * high, 1),
    }


def tagged_words(example: Example | None) -> tuple[str, str, str]:
    """Return an example's text in three: before the tagged words, these words, and after them."""
    if example is None:
        return "", "", ""
    before, quote, after = example.text.partition(example.quote) if example.quote else ("", "", "")
    return (before, quote, after) if quote else (example.text, "", "")
