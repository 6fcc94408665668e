"""Answers: all figures of a question, of its parts, and over time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from explanations.models import Category, Criterion
from feedback.figures import (
    Answer,
    CategoryFigure,
    Choices,
    CriterionFigure,
    Dimension,
    ErrorLine,
    ErrorsOverTime,
    Figure,
    OutcomeFigure,
    Part,
    Point,
    SeverityFigure,
    Step,
    Unit,
)
from feedback.intervals import (
    MEAN_METHOD,
    MEDIAN_METHOD,
    SCORE_METHOD,
    SHARE_METHOD,
    Interval,
    Level,
    Weights,
    mean,
    median,
    score,
    share,
)
from feedback.question import (
    BLIND,
    EDITED,
    JUDGED,
    PUBLISHABLE,
    QUEUE,
    REJECTED,
    REWRITTEN,
    SAMPLES,
    SEVERITIES,
    STRATA,
    UNREVIEWABLE,
    Question,
)
from feedback.services.statistics.counting import (
    ALL_CATEGORIES,
    ANSWER_CODES,
    LAST_MINUTE_CLASS,
    MINOR_OR_WORSE,
    MINUTE_CLASSES,
)
from feedback.services.statistics.tallies import (
    ALL_MEASURES,
    CohortKey,
    Counts,
    Measure,
    Sums,
    as_of,
    cohorts_of,
    sums_of,
)

WHOLE: Final = (PUBLISHABLE, EDITED, REJECTED, UNREVIEWABLE)
"""The outcomes that make up a whole."""
LEVELS: Final = ("critical", "major", "minor", "neutral")
LAST_DAYS: Final = 28
"""So many days a page is about where nobody says."""


def answer(question: Question) -> Answer:
    """Return all figures of a question, about all drafts that its outcome, tags and answers would
    only narrow, in four queries.
    """
    about = question.about()
    cohorts = cohorts_of(about)
    counts = sums_of(about, cohorts)[0] if cohorts else Counts()
    return answer_from(about, counts, cohorts)


def answer_from(about: Question, counts: Counts, cohorts: Sequence[CohortKey]) -> Answer:
    """Return the answer that these counts give."""
    tasks = {cohort.task for cohort in cohorts}
    figures = Figures(about, counts)
    return Answer(
        question=about,
        as_of=as_of(),
        reviews=figures.reviews,
        publishable=figures.share_of(PUBLISHABLE),
        outcomes=[OutcomeFigure(each, figures.share_of(each)) for each in WHOLE],
        errors=figures.errors(),
        score=figures.score(),
        by_severity=[SeverityFigure(each, figures.errors(severity=each)) for each in LEVELS],
        categories=figures.categories(Category.objects.filter(task__slug__in=tasks)),
        criteria=figures.criteria(Criterion.objects.filter(task__slug__in=tasks)),
        words=figures.words(),
        words_median=figures.median_of_words(),
        minutes=figures.minutes(),
        minutes_of_rewrites=figures.minutes(rewritten=True),
    )


class Figures:
    """The figures that counts give, each with the questions that lead to its drafts."""

    def __init__(self, about: Question, counts: Counts) -> None:
        self.about: Final = about
        self._counts: Final = counts
        self.reviews: Final = counts.reviews
        self._judged: Final = counts.with_outcome(JUDGED)

    def share_of(self, outcome: str) -> Figure:
        """Return the share of an outcome in all that is judged."""
        count = self._counts.with_outcome(outcome)
        return _figure(
            "share",
            share(count, self.reviews),
            SHARE_METHOD,
            (self.reviews, self.about),
            (count, replace(self.about, outcome=outcome)),
        )

    def errors(self, ids: Iterable[int] = (), category: str = "", severity: str = "") -> Figure:
        """Return errors per 100 drafts whose text was judged; minor or worse by default.

        `ids` are the numbers of a category, one in each task.
        """
        sums = self._sums_of_errors(ids, severity)
        return self._per_100(sums, mean(sums.total, sums.squares, self._judged), category, severity)

    def score(self, ids: Iterable[int] = (), category: str = "") -> Figure:
        """Return the weights of errors per 100 drafts whose text was judged."""
        sums = self._sums_of_errors(ids, "")
        return self._per_100(sums, score(self.weights(ids)), category, "", SCORE_METHOD)

    def weights(self, ids: Iterable[int] = ()) -> Weights:
        """Return what the score is made of."""
        levels = [
            Level(SEVERITIES[level][0], each.total, each.squares)
            for level in ("minor", "major", "critical")
            for each in [self._sums_of_errors(ids, level)]
        ]
        return Weights(levels, self._sums_of_errors(ids, "").score_squares, self._judged)

    def _sums_of_errors(self, ids: Iterable[int], severity: str) -> Sums:
        level = SEVERITIES[severity][0] if severity else MINOR_OR_WORSE
        found = Sums()
        if not ids:
            return self._counts.of(Measure.ALL_ERRORS, ALL_CATEGORIES, level)
        for category in ids:
            found.add(self._counts.of(Measure.ERRORS, category, level))
        return found

    def _per_100(
        self,
        sums: Sums,
        found: Interval | None,
        category: str,
        severity: str,
        method: str = MEAN_METHOD,
    ) -> Figure:
        behind = replace(
            self.about,
            category=category,
            severity=severity or ("" if category else "error"),
        )
        return _figure(
            "per_100",
            found and Interval(100 * found.value, 100 * found.low, 100 * found.high),
            method,
            (self._judged, replace(self.about, outcome=JUDGED)),
            (sums.drafts, behind),
        )

    def categories(self, categories: QuerySet[Category]) -> list[CategoryFigure]:
        """Return the figures of each category; those of several tasks that share a slug are one."""
        return [
            CategoryFigure(
                slug=slug,
                name=first.name,
                key=first.key,
                per_100=self.errors(ids, slug),
                score=self.score(ids, slug),
                by_severity=[
                    SeverityFigure(level, self.errors(ids, slug, level)) for level in LEVELS
                ],
            )
            for slug, (first, ids) in by_slug(categories).items()
            if first.retired_at is None or self._are_counted(ids)
        ]

    def categories_found(self) -> set[int]:
        """Return the numbers of the categories with an error, minor or worse."""
        return {
            category
            for category, level, sums in self._counts.all_of(Measure.ERRORS)
            if level == MINOR_OR_WORSE and sums.drafts
        }

    def _are_counted(self, ids: Iterable[int]) -> bool:
        return any(
            self._counts.of(Measure.ERRORS, category, level).drafts
            for category in ids
            for level in (MINOR_OR_WORSE, 0)
        )

    def criteria(self, criteria: QuerySet[Criterion]) -> list[CriterionFigure]:
        """Return how often each criterion was answered yes."""
        ids: dict[str, list[int]] = defaultdict(list)
        first: dict[str, Criterion] = {}
        for criterion in criteria.order_by("task__slug", "ordinal"):
            ids[criterion.slug].append(criterion.pk)
            first.setdefault(criterion.slug, criterion)
        found = []
        for slug, criterion in first.items():
            yes, no = (self._answered(ids[slug], each) for each in ("yes", "no"))
            if criterion.retired_at is not None and not yes + no:
                continue
            about = replace(self.about, criterion=slug)
            figure = _figure(
                "share",
                share(yes, yes + no),
                SHARE_METHOD,
                (yes + no, about),
                (yes, replace(about, answer="yes")),
            )
            found.append(CriterionFigure(slug, criterion.name, criterion.question, figure))
        return found

    def _answered(self, ids: Iterable[int], answer: str) -> int:
        code = ANSWER_CODES[answer]
        return sum(self._counts.of(Measure.ANSWER, each, code).drafts for each in ids)

    def words(self) -> Figure:
        """Return the words changed from draft to golden, the mean of those rewritten."""
        sums = Sums()
        for _words, _b, each in self._counts.all_of(Measure.WORDS):
            sums.add(each)
        return self._of_rewrites(
            "words", mean(sums.total, sums.squares, sums.drafts), MEAN_METHOD, sums.drafts
        )

    def median_of_words(self) -> Figure:
        """Return the median of the words changed, each number of words lying half around itself."""
        classes = [
            (words - 0.5, words + 0.5, sums.drafts)
            for words, _b, sums in self._counts.all_of(Measure.WORDS)
        ]
        number = sum(count for _low, _high, count in classes)
        return self._of_rewrites("words", median(classes), MEDIAN_METHOD, number)

    def minutes(self, *, rewritten: bool = False) -> Figure:
        """Return the median of the minutes at work, of all or of those rewritten."""
        counted: dict[int, int] = defaultdict(int)
        for each, is_rewritten, sums in self._counts.all_of(Measure.MINUTES):
            if is_rewritten or not rewritten:
                counted[each] += sums.drafts
        classes = [(*_minutes(each), counted[each]) for each in sorted(counted)]
        number, found = sum(counted.values()), median(classes)
        if rewritten:
            return self._of_rewrites("minutes", found, MEDIAN_METHOD, number)
        drafts = (number, self.about)
        return _figure("minutes", found, MEDIAN_METHOD, drafts, drafts)

    def _of_rewrites(self, unit: Unit, found: Interval | None, method: str, number: int) -> Figure:
        drafts = (number, replace(self.about, outcome=REWRITTEN))
        return _figure(unit, found, method, drafts, drafts)


def by_slug(categories: QuerySet[Category]) -> dict[str, tuple[Category, list[int]]]:
    """Return the categories of one or more tasks by their slug: the first task's, and the numbers
    of all that share it.
    """
    found: dict[str, tuple[Category, list[int]]] = {}
    for category in categories.order_by("ordinal", "task_id"):
        found.setdefault(category.slug, (category, []))[1].append(category.pk)
    return found


def _minutes(each: int) -> tuple[float, float]:
    """Return the edges of a class of the time at work, in minutes; the last one has no upper."""
    low = 0.0 if each <= 0 else 2 ** (each / MINUTE_CLASSES) / 60
    return low, 2 ** ((min(each, LAST_MINUTE_CLASS) + 1) / MINUTE_CLASSES) / 60


def _figure(
    unit: Unit,
    found: Interval | None,
    method: str,
    among: tuple[int, Question],
    behind: tuple[int, Question],
) -> Figure:
    value, low, high = (found.value, found.low, found.high) if found else (None, None, None)
    return Figure(unit, value, low, high, method, *among, *behind)


# --- Parts ---------------------------------------------------------------------------------------

_PARTS: Final[dict[Dimension, Callable[[CohortKey], tuple[str, str]]]] = {
    "model": lambda cohort: (cohort.model, cohort.model),
    "prompt": lambda cohort: (str(cohort.prompt), str(cohort.prompt)),
    "locale": lambda cohort: (cohort.locale, cohort.locale),
    "stratum": lambda cohort: (cohort.stratum, _(STRATA[cohort.stratum])),
    "guide": lambda cohort: (str(cohort.guide or ""), str(cohort.guide or _("none"))),
    "sample": lambda cohort: (
        BLIND if cohort.blind else QUEUE,
        _(SAMPLES[BLIND if cohort.blind else QUEUE]),
    ),
    "task": lambda cohort: (cohort.task, cohort.task_name),
}
DIMENSIONS: Final = tuple(_PARTS)
_FIELDS: Final[dict[Dimension, str]] = {
    "model": "models",
    "prompt": "prompts",
    "locale": "locales",
    "stratum": "strata",
    "guide": "guides",
    "sample": "sample",
    "task": "task",
}


def by(question: Question, dimension: Dimension) -> list[Part]:
    """Return the headline figures of each value of a dimension, in two queries.

    Numbers of prompts and guides are those of a task: a question without one has no such parts.
    Raises KeyError for what is no dimension.
    """
    about = question.about()
    part_of = _PARTS[dimension]
    if dimension in {"prompt", "guide"} and not about.task:
        return []
    cohorts = cohorts_of(about)
    sums = sums_of(about, cohorts, by="tally.cohort_id", headlines=True)
    counts: dict[tuple[str, str], Counts] = defaultdict(Counts)
    for cohort in cohorts:
        for (measure, a, b), each in sums[cohort.id].sums.items() if cohort.id in sums else ():
            counts[part_of(cohort)].add(measure, a, b, each)
    parts = []
    for value, label in sorted(counts, key=_by_number_or_name):
        if not value:
            continue  # reviewed without a guide: nothing that could be asked for
        part = narrowed(about, dimension, value)
        figures = Figures(part, counts[value, label])
        parts.append(
            Part(
                value=value,
                label=label,
                question=part,
                reviews=figures.reviews,
                publishable=figures.share_of(PUBLISHABLE),
                errors=figures.errors(),
                score=figures.score(),
            )
        )
    return parts


def narrowed(question: Question, dimension: Dimension, value: str) -> Question:
    """Return a question about one value of a dimension."""
    given: Any = value
    if dimension in {"prompt", "guide"}:
        given = (int(value),)
    elif dimension in {"model", "locale", "stratum"}:
        given = (value,)
    return replace(question, **{_FIELDS[dimension]: given})


def _by_number_or_name(part: tuple[str, str]) -> tuple[int, str]:
    value, _label = part
    return (int(value) if value.isdecimal() else 0, value)


# --- Over time -----------------------------------------------------------------------------------

_STEPS: Final[dict[Step, str]] = {
    "day": "tally.day",
    "week": "date_trunc('week', tally.day::timestamp)::date",
    "month": "date_trunc('month', tally.day::timestamp)::date",
}
STEPS: Final = tuple(_STEPS)
MOST_POINTS: Final = 400
_ERROR_MEASURES: Final = (int(Measure.OUTCOME), int(Measure.ERRORS), int(Measure.ALL_ERRORS))


def over_time(question: Question, step: Step) -> list[Point]:
    """Return the headline figures of each day, week or month in which something was judged, the
    oldest first and the newest MOST_POINTS at most, in two queries.

    Weeks begin on Monday; the first and the last may be cut by the question's days. Raises KeyError
    for what is no step.
    """
    about = question.about()
    cohorts = cohorts_of(about)
    sums = sums_of(about, cohorts, by=_STEPS[step], headlines=True, days_only=step != "month")
    return [_point(each) for each in _figures_of_stretches(about, sums, step)]


def errors_over_time(question: Question, step: Step) -> ErrorsOverTime:
    """Return the same points, and errors by category and by severity at each, in three queries.

    Raises KeyError for what is no step.
    """
    about = question.about()
    cohorts = cohorts_of(about)
    sums = sums_of(
        about, cohorts, by=_STEPS[step], measures=_ERROR_MEASURES, days_only=step != "month"
    )
    stretches = _figures_of_stretches(about, sums, step)
    tasks = {cohort.task for cohort in cohorts}
    categories = [each.categories_found() for each in stretches]
    return ErrorsOverTime(
        points=[_point(each) for each in stretches],
        by_category=[
            ErrorLine(slug, first.name, first.key, [each.errors(ids, slug) for each in stretches])
            for slug, (first, ids) in by_slug(Category.objects.filter(task__slug__in=tasks)).items()
            if any(found & set(ids) for found in categories)
        ],
        by_severity=[
            ErrorLine(level, level, "", [each.errors(severity=level) for each in stretches])
            for level in LEVELS
            if level != "neutral"
        ],
    )


def _figures_of_stretches(about: Question, sums: Mapping[Any, Counts], step: Step) -> list[Figures]:
    """Return the figures of each stretch of time in which something was judged."""
    found = []
    for begin in sorted(sums)[-MOST_POINTS:]:
        first, last = begin, _last_of(begin, step)
        first = max(first, about.first) if about.first else first
        last = min(last, about.last) if about.last else last
        found.append(Figures(replace(about, first=first, last=last), sums[begin]))
    return found


def _point(figures: Figures) -> Point:
    about = figures.about
    assert about.first is not None  # noqa: S101  (a stretch has both; for the type checker)
    assert about.last is not None  # noqa: S101
    return Point(
        first=about.first,
        last=about.last,
        question=about,
        reviews=figures.reviews,
        publishable=figures.share_of(PUBLISHABLE),
        errors=figures.errors(),
        score=figures.score(),
    )


def _last_of(begin: date, step: Step) -> date:
    if step == "day":
        return begin
    if step == "week":
        return begin + timedelta(days=6)
    return (begin.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


# --- What can be asked ---------------------------------------------------------------------------


def choices(question: Question) -> Choices:
    """Return what judged drafts have that can be asked for: of the question's task, or of all."""
    cohorts = cohorts_of(Question(task=question.task))
    return Choices(
        tasks=sorted({(cohort.task, cohort.task_name) for cohort in cohorts_of(Question())}),
        models=sorted({cohort.model for cohort in cohorts}),
        prompts=sorted({cohort.prompt for cohort in cohorts}) if question.task else [],
        locales=sorted({cohort.locale for cohort in cohorts}),
        guides=(
            sorted({cohort.guide for cohort in cohorts if cohort.guide is not None})
            if question.task
            else []
        ),
    )


def of_the_last_days(question: Question, days: int = LAST_DAYS) -> Question:
    """Return the question about the last days, today included, where it names none."""
    if question.first or question.last:
        return question
    today = timezone.localdate()
    return replace(question, first=today - timedelta(days=days - 1), last=today)


def period_before(question: Question) -> Question | None:
    """Return the question about as many days right before; None where it has no first day."""
    if question.first is None:
        return None
    last = question.last or timezone.localdate()
    days = (last - question.first).days + 1
    return replace(
        question,
        first=question.first - timedelta(days=days),
        last=question.first - timedelta(days=1),
    )


__all__ = [
    "ALL_MEASURES",
    "DIMENSIONS",
    "LAST_DAYS",
    "STEPS",
    "WHOLE",
    "Figures",
    "answer",
    "answer_from",
    "by",
    "choices",
    "errors_over_time",
    "narrowed",
    "of_the_last_days",
    "over_time",
    "period_before",
]
