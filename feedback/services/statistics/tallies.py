"""Reading tallies: which cohorts a question is about, which stretches of days, and their sums."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection

from feedback.models import Tally
from feedback.question import BLIND, OUTCOMES, Question
from feedback.services.statistics.counting import OUTCOME_CODES, tallied

Measure = Tally.Measure
_EARLIEST: Final = date(1, 1, 1)
_LATEST: Final = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class CohortKey:
    """A cohort by the names that people know."""

    id: int
    task: str
    task_name: str
    model: str
    prompt: int
    locale: str
    stratum: str
    blind: bool
    guide: int | None


@dataclass(slots=True)
class Sums:
    """The sums of a tally."""

    drafts: int = 0
    total: int = 0
    squares: int = 0
    score: int = 0
    score_squares: int = 0

    def add(self, other: "Sums") -> None:
        """Add another's."""
        self.drafts += other.drafts
        self.total += other.total
        self.squares += other.squares
        self.score += other.score
        self.score_squares += other.score_squares


_NOTHING: Final = Sums()


@dataclass(slots=True)
class Counts:
    """The sums of all that a question is about, by measure, a and b."""

    sums: dict[tuple[int, int, int], Sums] = field(default_factory=dict)

    def add(self, measure: int, a: int, b: int, sums: Sums) -> None:
        """Add to what is counted."""
        self.sums.setdefault((measure, a, b), Sums()).add(sums)

    def of(self, measure: int, a: int, b: int = 0) -> Sums:
        """Return the sums of one measure, a and b."""
        return self.sums.get((measure, a, b), _NOTHING)

    def all_of(self, measure: int) -> list[tuple[int, int, Sums]]:
        """Return a, b and sums of a measure, in ascending order."""
        return [(a, b, sums) for (each, a, b), sums in sorted(self._items()) if each == measure]

    def _items(self) -> Iterable[tuple[tuple[int, int, int], Sums]]:
        return ((key, self.sums[key]) for key in self.sums)

    def with_outcome(self, outcome: str) -> int:
        """Return how many drafts came to an outcome, one of feedback.question.OUTCOMES."""
        return sum(
            self.of(Measure.OUTCOME, OUTCOME_CODES[each]).drafts for each in OUTCOMES[outcome]
        )

    @property
    def reviews(self) -> int:
        """Return how many drafts are judged in all."""
        return sum(sums.drafts for _a, _b, sums in self.all_of(Measure.OUTCOME))


def cohorts_of(question: Question) -> list[CohortKey]:
    """Return the cohorts that a question is about."""
    conditions, values = ["true"], dict[str, Any]()
    for condition, name, value in (
        ("task.slug = %(task)s", "task", question.task),
        ("model.name = ANY(%(models)s)", "models", list(question.models)),
        ("prompt.number = ANY(%(prompts)s)", "prompts", list(question.prompts)),
        ("cohort.locale = ANY(%(locales)s)", "locales", list(question.locales)),
        ("cohort.stratum = ANY(%(strata)s)", "strata", list(question.strata)),
        ("guide.number = ANY(%(guides)s)", "guides", list(question.guides)),
    ):
        if value:
            conditions.append(condition)
            values[name] = value
    if question.sample:
        conditions.append("cohort.blind = %(blind)s")
        values["blind"] = question.sample == BLIND
    with connection.cursor() as cursor:
        cursor.execute(_COHORTS.format(where=" AND ".join(conditions)), values)
        return [CohortKey(*row) for row in cursor.fetchall()]


_COHORTS: Final = """
SELECT cohort.id, task.slug, task.name, model.name, prompt.number, cohort.locale, cohort.stratum,
       cohort.blind, guide.number
FROM feedback_cohort cohort
JOIN explanations_task task ON task.id = cohort.task_id
JOIN explanations_modelversion model ON model.id = cohort.model_version_id
JOIN explanations_prompt prompt ON prompt.id = cohort.prompt_id
LEFT JOIN explanations_guide guide ON guide.id = cohort.guide_id
WHERE {where}
ORDER BY cohort.id
"""


def stretches(
    first: date | None, last: date | None, *, days_only: bool = False
) -> list[tuple[str, date, date]]:
    """Return which tallies make up the days from `first` to `last`: whole months, and days."""
    begin, end = first or _EARLIEST, last or _LATEST
    if days_only:
        return [("d", begin, end)]
    first_month = begin if begin.day == 1 else _next_month(begin)
    last_month = end.replace(day=1) if end == _LATEST or _is_month_end(end) else None
    if last_month is None:
        last_month = _month_before(end)
    if last_month is None or first_month is None or first_month > last_month:
        return [("d", begin, end)]
    found = [("m", first_month, last_month)]
    if begin < first_month:
        found.append(("d", begin, first_month - timedelta(days=1)))
    if (after := _next_month(last_month)) is not None and after <= end:
        found.append(("d", after, end))
    return found


def _next_month(day: date) -> date | None:
    if (day.year, day.month) == (_LATEST.year, 12):
        return None
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _month_before(day: date) -> date | None:
    first = day.replace(day=1)
    return None if first == _EARLIEST else (first - timedelta(days=1)).replace(day=1)


def _is_month_end(day: date) -> bool:
    return day == _LATEST or (day + timedelta(days=1)).day == 1


# Each piece of days is a range of the tallies' own order, for each cohort and measure.
_SUMS: Final = """
SELECT {by}, tally.measure, tally.a, tally.b,
       sum(tally.drafts)::bigint, sum(tally.total)::bigint, sum(tally.squares)::bigint,
       sum(tally.score)::bigint, sum(tally.score_squares)::bigint
FROM unnest(%(spans)s::text[], %(firsts)s::date[], %(lasts)s::date[])
    AS stretch (span, first, last)
JOIN feedback_tally tally
  ON tally.cohort_id = ANY(%(cohorts)s) AND tally.measure = ANY(%(measures)s)
 AND tally.span = stretch.span AND tally.day BETWEEN stretch.first AND stretch.last
GROUP BY {by}, tally.measure, tally.a, tally.b
"""
# Of one person there are so few that they are counted from the drafts themselves.
_SUMS_OF_EDITOR: Final = f"""
WITH theirs AS MATERIALIZED (
    SELECT judged.* FROM feedback_judgeddraft judged
    WHERE judged.editor_id = (
            SELECT id FROM accounts_person WHERE username = %(editor)s
        )
      AND judged.day BETWEEN %(first)s AND %(last)s AND judged.cohort_id = ANY(%(cohorts)s)
)
SELECT {{by}}, tally.measure, tally.a, tally.b, sum(tally.drafts)::bigint,
       sum(tally.total)::bigint, sum(tally.squares)::bigint,
       sum(tally.score)::bigint, sum(tally.score_squares)::bigint
FROM ({tallied("theirs")}) tally
WHERE tally.measure = ANY(%(measures)s)
GROUP BY {{by}}, tally.measure, tally.a, tally.b
"""
ALL_MEASURES: Final = tuple(int(measure) for measure in Measure if measure != Measure.EDITOR)
_HEADLINE_MEASURES: Final = (int(Measure.OUTCOME), int(Measure.ALL_ERRORS))


def sums_of(
    question: Question,
    cohorts: Iterable[CohortKey],
    by: str = "0::bigint",
    measures: Sequence[int] = ALL_MEASURES,
    *,
    headlines: bool = False,
    days_only: bool = False,
) -> Mapping[Any, Counts]:
    """Return the sums of a question, by a column of the tallies; by default all together, as 0.

    `headlines` leaves out all but outcomes and errors in all, of each severity.
    """
    values: dict[str, Any] = {
        "cohorts": [cohort.id for cohort in cohorts],
        "measures": list(_HEADLINE_MEASURES if headlines else measures),
    }
    if question.editor:
        statement = _SUMS_OF_EDITOR.format(by=by)
        values |= {
            "editor": question.editor,
            "first": question.first or _EARLIEST,
            "last": question.last or _LATEST,
        }
    else:
        statement = _SUMS.format(by=by)
        pieces = stretches(question.first, question.last, days_only=days_only)
        values |= {
            "spans": [span for span, _first, _last in pieces],
            "firsts": [first for _span, first, _last in pieces],
            "lasts": [last for _span, _first, last in pieces],
        }
    found: dict[Any, Counts] = defaultdict(Counts)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for group, measure, a, b, *sums in cursor.fetchall():
            found[group].add(measure, a, b, Sums(*sums))
    return found


def as_of() -> datetime | None:
    """Return until when all that was submitted is counted; None while nothing was ever counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce("
            "  (SELECT at FROM feedback_drafttocount ORDER BY id LIMIT 1),"
            "  (SELECT looked_at FROM feedback_statisticskeeper))"
            " WHERE EXISTS (SELECT FROM feedback_statisticskeeper)"
        )
        row = cursor.fetchone()
    return row[0] if row else None
