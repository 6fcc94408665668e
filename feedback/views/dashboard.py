"""The dashboard's pages: whether the copy gets better, what goes wrong, and where to look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import Person
from accounts.rights import READ, RightRequiredMixin, person_of
from explanations.models import Task
from feedback.charts import SMALL, WIDE, Frame
from feedback.figures import (
    Answer,
    Choices,
    Difference,
    Dimension,
    ErrorLine,
    Figure,
    Part,
    Point,
    Step,
)
from feedback.intervals import FEWEST, FEWEST_EVENTS
from feedback.models import SavedView
from feedback.question import OUTCOME_WORDS, SEVERITY_WORDS, Question, QuestionRefused
from feedback.services.saved_views import views_seen_by
from feedback.services.statistics.answering import (
    answer,
    by,
    choices,
    errors_over_time,
    over_time,
    period_before,
)
from feedback.services.statistics.asking import NotTheirs
from feedback.services.statistics.comparing import compare
from feedback.services.statistics.desk_figures import (
    DeskFigures,
    Period,
    PeriodRefused,
    desk_figures,
    disagreements_of,
    queues_of,
)
from feedback.services.statistics.desk_lines import DeskLine, desk_lines, people_lines
from feedback.services.statistics.first_screen import first_screen
from feedback.services.statistics.reading import DeskBusy, TookTooLong, heavy_read
from feedback.services.statistics.tallies import as_of
from feedback.views.dashboard_asked import AskedForm, Look, chosen, is_narrowed, look_of
from feedback.views.dashboard_export import csv_of, json_of
from feedback.views.dashboard_tables import (
    LinesBeside,
    Row,
    Table,
    TrendChart,
    day_chart,
    days_in_words,
    drawn_differences,
    lines_beside,
    shown,
    tagged_words,
    trend_chart,
)
from feedback.views.question_words import question_in_words

Words = str | Promise

ERRORS: Final = ("errors_per_100", gettext_lazy("Errors per 100 drafts"))
SCORE: Final = ("score_per_100", gettext_lazy("Weighted score"))
PUBLISHABLE: Final = ("publishable", gettext_lazy("Publishable as it is"))
SHARE: Final = ("share", gettext_lazy("Share of all"))

DIMENSIONS: Final[Mapping[Dimension, Words]] = {
    "model": gettext_lazy("Model"),
    "prompt": gettext_lazy("Prompt version"),
    "locale": gettext_lazy("Locale"),
    "stratum": gettext_lazy("Popular or niche"),
    "guide": gettext_lazy("Guide version"),
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: a table, or a line over time, or several, with the table behind it."""

    title: str
    said: str = ""
    table: Table | None = None
    trend: TrendChart | None = None
    lines: LinesBeside | None = None
    is_by_dimension: bool = False
    is_folded: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a page says. Its tables and differences are in its CSV and its JSON too."""

    as_of: datetime | None
    reviews: int
    sections: Sequence[Section] = ()
    differences: Sequence[Difference] = ()
    more: Mapping[str, object] = field(default_factory=dict)
    lines: Sequence[DeskLine] = ()
    """What the desk itself did, line by line."""

    @property
    def tables(self) -> list[Table]:
        """All tables, those behind charts among them."""
        return [
            table
            for section in self.sections
            for table in (
                section.table,
                section.trend and section.trend.table,
                section.lines and section.lines.table,
            )
            if table
        ]


@dataclass(frozen=True, slots=True)
class Asking:
    """Who looks, at what, and what there is to choose from."""

    person: Person
    look: Look
    choices: Choices
    address: Mapping[str, str]

    @property
    def question(self) -> Question:
        """What the page is about."""
        return self.look.question

    @property
    def in_words(self) -> str:
        """What the page is about, for people."""
        return question_in_words(self.look.question, self.choices, says_all=False)

    @property
    def dimension(self) -> Dimension:
        """By what the drafts are divided, where a page divides them."""
        asked = self.address.get("by", "")
        return next((each for each in DIMENSIONS if each == asked), "model")


class DashboardPage(RightRequiredMixin, View):
    """A page of figures about the question in its address; as CSV or JSON where `as` says so."""

    rights = (READ,)
    page: ClassVar[SavedView.Page]
    body: ClassVar[str] = "feedback/dashboard/sections.html"
    samples_apart: ClassVar[bool] = True
    """Whether the random sample and what the queue saw are two things to this page."""
    narrows: ClassVar[bool] = True
    """Whether models, prompts and so on make a difference to it."""
    is_never_empty: ClassVar[bool] = False
    has_intervals: ClassVar[bool] = True
    """Whether its numbers are estimates, which want to be read with care."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer the question, or say why it cannot be answered."""
        person = person_of(request)
        context: dict[str, object] = {
            "page": self.page,
            "body": self.body,
            "samples_apart": self.samples_apart,
            "narrows": self.narrows,
            "is_never_empty": self.is_never_empty,
            "has_intervals": self.has_intervals,
            "fewest": FEWEST,
            "fewest_events": FEWEST_EVENTS,
            "pages": SavedView.Page.choices,
            "saved": views_seen_by(person),
            "dimensions": DIMENSIONS.items(),
        }
        status = 200
        try:
            with heavy_read():
                asking = self._asking(request, person)
                content = self.content(asking)
        except QuestionRefused as refused:
            context["refused"] = str(refused)
        except NotTheirs:
            raise PermissionDenied from None
        except (TookTooLong, DeskBusy) as too_slow:
            context["refused"] = str(too_slow)
            status = 503
        else:
            if request.GET.get("as") == "csv":
                return csv_of(
                    request, self.page, content.tables, content.differences, content.lines
                )
            if request.GET.get("as") == "json":
                return json_of(
                    request,
                    self.page,
                    asking.question,
                    content.as_of,
                    content.tables,
                    content.differences,
                    content.lines,
                )
            context |= {
                "asking": asking,
                "look": asking.look,
                "form": AskedForm(asking.look, asking.choices),
                "chosen": chosen(asking.look),
                "is_narrowed": is_narrowed(asking.question),
                "kept": [
                    (name, request.GET[name])
                    for name in ("by", "of", "one", "other", "editor")
                    if request.GET.get(name)
                ],
                "content": content,
                **content.more,
            }
        part = "#dashboard" if getattr(request, "htmx", False) else ""
        return render(request, f"feedback/dashboard/page.html{part}", context, status=status)

    def content(self, asking: Asking) -> Content:
        """Return what the page says. Raises QuestionRefused."""
        raise NotImplementedError

    def _asking(self, request: HttpRequest, person: Person) -> Asking:
        wanted = request.GET.get("task", "")
        offered = choices(Question(task=wanted))
        if not wanted and offered.tasks:
            wanted = offered.tasks[0][0]
            offered = choices(Question(task=wanted))
        look = look_of(request.GET, person, wanted, samples_apart=self.samples_apart)
        return Asking(person, look, offered, request.GET.dict())


class ErrorsPage(DashboardPage):
    """`/dashboard/errors/`: how many, of which kind, how bad, since when, and of which model."""

    page = SavedView.Page.ERRORS

    def content(self, asking: Asking) -> Content:
        """Count errors by category, severity, time and what the address asks them by."""
        question, step = asking.question, asking.look.step
        found, in_time = answer(question), errors_over_time(question, step)
        severities = list(found.categories[0].by_severity) if found.categories else []
        categories = Table(
            "categories",
            _("By category"),
            _("Category"),
            [
                _column(ERRORS),
                _column(SCORE),
            ],
            [
                Row(each.slug, each.name, [each.per_100, each.score], category_key=each.key)
                for each in found.categories
            ],
        )
        both = Table(
            "categories_by_severity",
            _("By category and severity"),
            _("Category"),
            [(each.severity, capfirst(_(SEVERITY_WORDS[each.severity]))) for each in severities],
            [
                Row(
                    each.slug,
                    each.name,
                    [one.per_100 for one in each.by_severity],
                    category_key=each.key,
                )
                for each in found.categories
            ],
            draws=False,
        )
        by_severity = Table(
            "severities",
            _("By severity"),
            _("Severity"),
            [_column(ERRORS)],
            [
                Row(each.severity, capfirst(_(SEVERITY_WORDS[each.severity])), [each.per_100])
                for each in found.by_severity
            ],
            note=_(
                "A weighted score counts a minor error once, a major one 5 times and a critical "
                "one 25 times."
            ),
        )
        return Content(
            found.as_of,
            found.reviews,
            [
                _both_samples(question, [ERRORS, SCORE, PUBLISHABLE], _errors_of_part),
                _line_of(
                    in_time.points, step, "errors_over_time", ERRORS, lambda point: point.errors
                ),
                Section(categories.title, table=categories),
                *_lines_of(
                    "categories_over_time",
                    _("By category over time"),
                    in_time.points,
                    step,
                    in_time.by_category,
                    {each.slug: each.per_100 for each in found.categories},
                ),
                Section(by_severity.title, table=by_severity),
                *_lines_of(
                    "severities_over_time",
                    _("By severity over time"),
                    in_time.points,
                    step,
                    [
                        replace(line, name=capfirst(_(SEVERITY_WORDS[line.slug])))
                        for line in in_time.by_severity
                    ],
                    {each.severity: each.per_100 for each in found.by_severity},
                ),
                Section(both.title, table=both, is_folded=True),
                _by_dimension(asking, [ERRORS, SCORE, PUBLISHABLE], _errors_of_part),
            ],
        )


class OutcomesPage(DashboardPage):
    """`/dashboard/outcomes/`: what became of the drafts."""

    page = SavedView.Page.OUTCOMES

    def content(self, asking: Asking) -> Content:
        """Share the drafts out by outcome, over time and by what the address asks."""
        question = asking.question
        found = answer(question)
        outcomes = _outcomes(found)
        return Content(
            found.as_of,
            found.reviews,
            [
                _both_samples(question, [PUBLISHABLE, ERRORS], _publishable_of_part),
                Section(outcomes.title, table=outcomes),
                _over_time(
                    asking, "publishable_over_time", PUBLISHABLE, lambda point: point.publishable
                ),
                _by_dimension(asking, [PUBLISHABLE, ERRORS], _publishable_of_part),
            ],
        )


class CriteriaPage(DashboardPage):
    """`/dashboard/criteria/`: how often each criterion is answered yes."""

    page = SavedView.Page.CRITERIA

    def content(self, asking: Asking) -> Content:
        """Share out the answers."""
        found = answer(asking.question)
        criteria = Table(
            "criteria",
            _("Answered yes"),
            _("Criterion"),
            [("yes", _("Yes"))],
            [Row(each.slug, each.name, [each.yes], said=each.question) for each in found.criteria],
            note=_("Of the answers yes and no; “not applicable” is left out."),
        )
        return Content(found.as_of, found.reviews, [Section(criteria.title, table=criteria)])


class EffortPage(DashboardPage):
    """`/dashboard/effort/`: how far goldens are from their drafts, in words and in time."""

    page = SavedView.Page.EFFORT

    def content(self, asking: Asking) -> Content:
        """Measure words and minutes."""
        found = answer(asking.question)
        return Content(found.as_of, found.reviews, _effort(found))


# Parts that pages share --------------------------------------------------------------------------


def _column(named: tuple[str, Words]) -> tuple[str, str]:
    key, words = named
    return key, str(words)


def _errors_of_part(part: Part) -> list[Figure]:
    return [part.errors, part.score, part.publishable]


def _publishable_of_part(part: Part) -> list[Figure]:
    return [part.publishable, part.errors]


def _outcomes(found: Answer) -> Table:
    return Table(
        "outcomes",
        _("What became of the drafts"),
        _("Outcome"),
        [_column(SHARE)],
        [
            Row(each.outcome, capfirst(_(OUTCOME_WORDS[each.outcome])), [each.share])
            for each in found.outcomes
        ],
    )


def _effort(found: Answer) -> list[Section]:
    words = Table(
        "words",
        _("Words changed from draft to golden"),
        _("Of the drafts that were rewritten"),
        [("words", _("Words"))],
        [
            Row("words_mean", _("Mean"), [found.words]),
            Row("words_median", _("Median"), [found.words_median]),
        ],
        draws=False,
    )
    minutes = Table(
        "minutes",
        _("Minutes at work"),
        _("Idle time is not counted"),
        [("minutes", _("Minutes"))],
        [
            Row("minutes_median", _("A review, median"), [found.minutes]),
            Row("minutes_of_rewrites_median", _("A rewrite, median"), [found.minutes_of_rewrites]),
        ],
        draws=False,
    )
    return [Section(table.title, table=table) for table in (words, minutes)]


def _both_samples(
    question: Question, columns: Sequence[tuple[str, Words]], of: Callable[[Part], list[Figure]]
) -> Section:
    """Return the headline: the random blind sample, and apart from it what the queue saw."""
    both = replace(question, sample="")
    rows = [Row(part.value, capfirst(part.label), of(part)) for part in by(both, "sample")]
    before = period_before(both)
    if before and before.first and before.last:
        days = days_in_words(before.first, before.last)
        said = _("the period before: %(days)s") % {"days": days}
        rows += [
            Row(f"{part.value}_before", capfirst(part.label), of(part), said=said)
            for part in by(before, "sample")
            if part.value == question.sample
        ]
    named = [_column(each) for each in columns]
    table = Table("samples", _("In short"), _("Drafts of"), named, rows)
    said = _(
        "The headline is the random blind sample: a random share of all first attempts, reviewed "
        "without findings. The queue sees what its priorities and the checks leave."
    )
    return Section(table.title, said, table=table)


def _over_time(
    asking: Asking,
    key: str,
    column: tuple[str, Words],
    of: Callable[[Point], Figure],
    frame: Frame = WIDE,
) -> Section:
    step = asking.look.step
    return _line_of(over_time(asking.question, step), step, key, column, of, frame)


def _line_of(
    points: Sequence[Point],
    step: Step,
    key: str,
    column: tuple[str, Words],
    of: Callable[[Point], Figure],
    frame: Frame = WIDE,
) -> Section:
    title = _("%(measure)s over time") % {"measure": column[1]}
    return Section(title, trend=trend_chart(key, title, _column(column), points, step, of, frame))


def _lines_of(
    key: str,
    title: str,
    points: Sequence[Point],
    step: Step,
    lines: Sequence[ErrorLine],
    whole: Mapping[str, Figure],
) -> list[Section]:
    """Return a small line for each kind of error, unless there was none of any."""
    if not any(figure.count for figure in whole.values()):
        return []
    return [Section(title, lines=lines_beside(key, title, points, step, lines, whole))]


def _by_dimension(
    asking: Asking, columns: Sequence[tuple[str, Words]], of: Callable[[Part], list[Figure]]
) -> Section:
    dimension = asking.dimension
    words = str(DIMENSIONS[dimension])
    rows = [Row(part.value, part.label, of(part)) for part in by(asking.question, dimension)]
    table = Table(f"by_{dimension}", words, words, [_column(each) for each in columns], rows)
    return Section(_("Side by side"), table=table, is_by_dimension=True)


# The first screen ---------------------------------------------------------------------------------


class GlancePage(DashboardPage):
    """`/dashboard/`: is the copy getting better, is the next model, what goes wrong, what waits."""

    page = SavedView.Page.GLANCE
    body = "feedback/dashboard/glance.html"

    def content(self, asking: Asking) -> Content:
        """Answer at a glance."""
        screen = first_screen(asking.question)
        task = Task.objects.filter(slug=asking.question.task).first()
        trend = _over_time(
            asking, "publishable_over_time", PUBLISHABLE, lambda point: point.publishable, SMALL
        )
        both = screen.live_and_candidate
        differences = [screen.publishable, *([both.headline] if both else [])]
        drawn = drawn_differences(differences)
        commonest = [
            (each, shown(each.category.per_100), tagged_words(each.example))
            for each in screen.commonest
        ]
        return Content(
            screen.as_of,
            screen.publishable.other.n or screen.publishable.one.n,
            [trend],
            differences,
            {
                "screen": screen,
                "publishable": drawn[0],
                "method": _(screen.publishable.one.method),
                "both": both,
                "headline": drawn[1] if both else None,
                "commonest": commonest,
                "queues": queues_of(task),
                "disagreements": disagreements_of(task),
            },
        )


class ComparisonPage(DashboardPage):
    """`/dashboard/comparison/`: two models or two prompts beside each other, in words."""

    page = SavedView.Page.COMPARISON
    body = "feedback/dashboard/comparison.html"

    def content(self, asking: Asking) -> Content:
        """Compare what the address names: the newest two where it names none."""
        of = "prompt" if asking.address.get("of") == "prompt" else "model"
        offered = [str(each) for each in getattr(asking.choices, f"{of}s")]
        one, other = _sides(asking, of, offered)
        more: dict[str, object] = {"of": of, "offered": offered, "one": one, "other": other}
        if not (one and other):
            return Content(as_of(), len(offered), more=more)
        found = compare(
            _only(asking.question, of, one), _only(asking.question, of, other), one, other
        )
        differences = found.differences
        drawn = drawn_differences(differences)
        more |= {
            "found": found,
            "told": [each for each in drawn if each.of.difference is not None],
            "untold": [each for each in drawn if each.of.difference is None],
            "methods": list(dict.fromkeys(_(each.method) for each in differences if each.method)),
        }
        one_answer, other_answer = found.answers
        reviews = one_answer.reviews + other_answer.reviews
        return Content(other_answer.as_of, reviews, differences=differences, more=more)


def _sides(asking: Asking, of: str, offered: Sequence[str]) -> tuple[str, str]:
    """Return the two that are compared, each "" where there is nothing to choose."""
    asked = [asking.address.get(side, "") for side in ("one", "other")]
    if any(side and side not in offered for side in asked):
        raise QuestionRefused(of, _("Nothing that it wrote was judged."))
    left = [each for each in reversed(offered) if each not in asked]
    other = asked[1] or (left.pop(0) if left else "")
    one = asked[0] or (left.pop(0) if left else "")
    if one == other and one:
        raise QuestionRefused(of, _("Choose two that are not the same."))
    return one, other


def _only(question: Question, of: str, value: str) -> Question:
    if of == "prompt":
        return replace(question, prompts=(int(value),))
    return replace(question, models=(value,))


class PeoplePage(DashboardPage):
    """`/dashboard/people/`: what somebody did, for that person and for leads."""

    page = SavedView.Page.PEOPLE
    body = "feedback/dashboard/people.html"
    samples_apart = False
    is_never_empty = True

    def content(self, asking: Asking) -> Content:
        """Show the person's own figures; a lead sees everybody and chooses one."""
        question = asking.question
        whose = question.editor or asking.person.username
        found = answer(replace(question, editor=whose))
        desk = _desk(asking)
        outcomes = _outcomes(found)
        sections = [Section(outcomes.title, table=outcomes), *_effort(found)]
        names = {each.username: each.name for each in desk.people}
        return Content(
            found.as_of,
            found.reviews,
            sections if found.reviews else [],
            lines=list(people_lines(desk.people)),
            more={
                "people": desk.people,
                "whose": whose,
                "name": names.get(whose, whose),
                "is_own": whose == asking.person.username,
            },
        )


class DeskPage(DashboardPage):
    """`/dashboard/desk/`: what waits, how fast it is worked off, what gets in the way."""

    page = SavedView.Page.DESK
    body = "feedback/dashboard/desk.html"
    samples_apart = False
    narrows = False
    is_never_empty = True
    has_intervals = False

    def content(self, asking: Asking) -> Content:
        """Show how the desk works."""
        desk = _desk(asking)
        titled = [
            (_("Decisions"), desk.outcomes),
            (_("Skipped, because"), desk.skips),
            (_("To the lead, because"), desk.escalations),
            (_("Unreviewable, because"), desk.unreviewable),
            (_("Undone"), desk.undone),
            (_("Undone, because"), desk.undo_reasons),
        ]
        reasons = [(title, [each for each in named if each.count.value]) for title, named in titled]
        more = {"desk": desk, "chart": day_chart(desk.days), "reasons": reasons}
        return Content(desk.as_of, desk.decided.value, lines=list(desk_lines(desk)), more=more)


def _desk(asking: Asking) -> DeskFigures:
    """Return the desk's own figures of the days that the question is about."""
    question = asking.question
    usual = Period.lately()
    try:
        period = Period(question.first or usual.first, question.last or usual.last)
    except PeriodRefused as refused:
        raise QuestionRefused("to", str(refused)) from None
    task = Task.objects.filter(slug=question.task).first()
    return desk_figures(asking.person, period, task)
