"""The desk itself: what waits, how fast it is worked off, what gets in the way.

Every figure comes with the address of the list that holds exactly the rows it counts. Long periods
are answered from days that are counted already (`desk_days`); what waits is counted when asked, by
indexes that hold nothing else. The number of statements never depends on what they find.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlencode

from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import Task
from feedback.intervals import SHARE_METHOD, share
from feedback.models import DeskDaysCounted, FactReport, Review
from feedback.outcomes import (
    ENDS_THE_PLACE,
    NO_REASON,
    NONE_GIVEN,
    REASONS,
    UNDO_REASONS,
    Outcome,
)
from feedback.services.adjudicating import where_reviews_disagree
from feedback.services.statistics.desk_lists import (
    DECIDED,
    JUDGED,
    NOBODY,
    NOT_IN,
    OPEN_CRITICAL,
)
from feedback.times_at_work import median_minutes

USUAL_DAYS: Final = 28
MOST_DAYS: Final = 732
# Goldens since the last dataset are counted up to here; more is "more than".
MOST_GOLDENS: Final = 10_000


class PeriodRefused(Exception):
    """A period that ends before it begins, or is too long; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the desk's time zone, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Raise PeriodRefused for what is no period."""
        if self.last < self.first:
            raise PeriodRefused(_("The period ends before it begins."))
        if (self.last - self.first).days >= MOST_DAYS:
            raise PeriodRefused(_("The period is longer than two years."))

    @classmethod
    def lately(cls, days: int = USUAL_DAYS) -> "Period":
        """Return the last days, today among them."""
        today = timezone.localdate()
        return cls(today - timedelta(days=days - 1), today)

    @property
    def before(self) -> "Period":
        """Return as many days that end where this period begins."""
        length = self.last - self.first + timedelta(days=1)
        return Period(self.first - length, self.first - timedelta(days=1))

    @property
    def days(self) -> Sequence[date]:
        """Return each day."""
        return [
            self.first + timedelta(days=number)
            for number in range((self.last - self.first).days + 1)
        ]


@dataclass(frozen=True)
class Counted:
    """A number, and the page that lists what it counts: as many rows as it says."""

    value: int
    page: str
    asked: Mapping[str, str]
    is_at_least: bool = False
    """There are more; counting stopped here."""

    @cached_property
    def address(self) -> str:
        """The path of the list, with its filters."""
        return f"{reverse(self.page)}?{urlencode(self.asked)}"


@dataclass(frozen=True, slots=True)
class Named:
    """A count of one kind: its code, and its words for people."""

    code: str
    words: str
    count: Counted


@dataclass(frozen=True, slots=True)
class Minutes:
    """The median time at work of decisions, idle time not counted; None where none was timed."""

    median: float | None
    timed: Counted
    """Decisions behind it. A program that reviews over REST may send no time."""


@dataclass(frozen=True, slots=True)
class TaskQueue:
    """What waits in a task, against its target."""

    task: str
    name: str
    within_hours: int
    """The target."""
    waiting: Counted
    late: Counted
    """Waiting longer than the target."""
    with_lead: Counted
    oldest_at: datetime | None
    oldest_hours: float | None

    @property
    def keeps_up(self) -> bool:
        """Return whether nothing waits longer than the target."""
        return self.late.value == 0


@dataclass(frozen=True, slots=True)
class DayOfWork:
    """What was decided on one day."""

    day: date
    decided: Counted


@dataclass(frozen=True, slots=True)
class Precision:
    """How often a check is right, with its 95 % interval; the three are None together where too few
    of its findings were judged to say.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    """Findings that were taken or dismissed."""
    method: str = SHARE_METHOD
    """Of the interval, in words for people; marked for translators."""


@dataclass(frozen=True, slots=True)
class CheckFigures:
    """What editors made of one version of a check: judgements in reviews of the period."""

    task: str
    check: str
    version: int
    taken: Counted
    dismissed: Counted
    left: Counted
    judged: Counted
    """Taken or dismissed."""

    @property
    def precision(self) -> Precision:
        """Return the share of the judged findings that were taken."""
        n = self.judged.value
        found = share(self.taken.value, n)
        if found is None:
            return Precision(None, None, None, n)
        return Precision(found.value, found.low, found.high, n)


@dataclass(frozen=True, slots=True)
class OwnerFacts:
    """The facts of one catalogue that editors doubted."""

    owner: str
    """Empty where the import names nobody."""
    open: Counted
    """Not settled yet, whenever it was reported."""
    reported: Counted
    """In the period."""
    accepted: Counted
    """Of these: the fact was wrong."""
    refused: Counted


@dataclass(frozen=True, slots=True)
class TaskGoldens:
    """Exemplary goldens of a task that its newest dataset does not have yet."""

    task: str
    name: str
    dataset: str
    """Its name and number; empty where none was built."""
    built_from: datetime | None
    exemplary: Counted


@dataclass(frozen=True, slots=True)
class PersonFigures:
    """What one person did in the period: for that person and for leads."""

    username: str
    name: str
    decided: Counted
    skipped: Counted
    undone: Counted
    minutes: Minutes


@dataclass(frozen=True, slots=True)
class DeskFigures:
    """How the desk works."""

    period: Period
    task: str
    """The task it is about; empty for all."""
    as_of: datetime | None
    """Days are counted until here; what waits is as it is now. None before the first count."""
    queues: Sequence[TaskQueue]
    decided: Counted
    decided_before: Counted
    """In as many days before the period."""
    days: Sequence[DayOfWork]
    outcomes: Sequence[Named]
    minutes: Minutes
    skips: Sequence[Named]
    escalations: Sequence[Named]
    unreviewable: Sequence[Named]
    undone: Sequence[Named]
    """By what was taken back."""
    undo_reasons: Sequence[Named]
    """Why; an undo asks for no reason, so most often none was given."""
    checks: Sequence[CheckFigures]
    open_critical: Counted
    disagreements: Counted
    """Drafts whose reviews disagree, and that no lead has settled yet."""
    wrong_facts: Sequence[OwnerFacts]
    goldens: Sequence[TaskGoldens]
    people: Sequence[PersonFigures]
    """Everybody for a lead, else the one who asks."""


def desk_figures(viewer: Person, period: Period, task: Task | None = None) -> DeskFigures:
    """Return how the desk works in a period, for all tasks or one, as this person may see it."""
    asked = _Asked(period, task)
    before = _Asked(period.before, task)
    seen_by = None if has_right(viewer, LEAD) else viewer
    counted = DeskDaysCounted.objects.first()
    by_day, by_editor = _outcomes(asked)
    times = _times_by_editor(asked)
    in_all = _sum(by_day.values())
    return DeskFigures(
        period=period,
        task=task.slug if task else "",
        as_of=counted.counted_at if counted else None,
        queues=_queues(asked),
        decided=asked.reviews(_decided(in_all), outcome=DECIDED),
        decided_before=before.reviews(_decided(_outcomes_in_all(before)), outcome=DECIDED),
        days=[_day_of_work(asked, day, by_day[day]) for day in period.days],
        outcomes=[
            Named(
                outcome,
                str(Review.Outcome(outcome).label),
                asked.reviews(in_all[outcome], outcome=outcome),
            )
            for outcome in Outcome
            if outcome in ENDS_THE_PLACE
        ],
        minutes=_minutes(asked, times.values()),
        skips=_reasons(asked, in_all, Outcome.SKIP),
        escalations=_reasons(asked, in_all, Outcome.ESCALATE),
        unreviewable=_reasons(asked, in_all, Outcome.UNREVIEWABLE),
        undone=_undone(asked, in_all),
        undo_reasons=_undo_reasons(asked, in_all),
        checks=_checks(asked),
        open_critical=_open_critical(asked),
        disagreements=_disagreements(asked),
        wrong_facts=_wrong_facts(asked),
        goldens=_goldens(asked),
        people=_people(asked, by_editor, times, seen_by),
    )


def queues_of(task: Task | None = None) -> list[TaskQueue]:
    """Return what waits in each task, or in one, against its target."""
    return _queues(_Asked(Period.lately(), task))


def disagreements_of(task: Task | None = None) -> Counted:
    """Return how many drafts of a task, or of all, editors disagree about, as it is now.

    Counted by an index that holds nothing else.
    """
    return _disagreements(_Asked(Period.lately(), task))


class _Asked:
    """What is asked, as statements and addresses have it."""

    def __init__(self, period: Period, task: Task | None) -> None:
        self.period: Final = period
        self.task: Final = task

    @property
    def values(self) -> dict[str, Any]:
        """Return what statements are given."""
        return {
            "first": self.period.first,
            "last": self.period.last,
            "task": self.task.pk if self.task else None,
        }

    def rows(self, statement: str, **more: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement."""
        with connection.cursor() as cursor:
            cursor.execute(statement, self.values | more)
            return list(cursor.fetchall())

    def counted(self, value: int, page: str, **filters: str) -> Counted:
        """Return a count with its list, in the task that is asked for."""
        if self.task and "task" not in filters:
            filters = {"task": self.task.slug, **filters}
        return Counted(value, page, filters)

    def in_period(self, value: int, page: str, **filters: str) -> Counted:
        """Return a count with its list, in the days that are asked for."""
        days = {"from": str(self.period.first), "to": str(self.period.last)}
        return self.counted(value, page, **(days | filters))

    def reviews(self, value: int, **filters: str) -> Counted:
        """Return a count of reviews."""
        return self.in_period(value, "reviews", **filters)


# What waits ---------------------------------------------------------------------------------------

_QUEUES: Final = """
SELECT task.slug, task.name, task.review_within_hours,
       (SELECT count(*) FROM explanations_place place
        WHERE place.task_id = task.id AND place.state = 'OPEN'),
       (SELECT count(*) FROM explanations_place place
        WHERE place.task_id = task.id AND place.state = 'OPEN'
          AND place.opened_at < now() - task.review_within_hours * interval '1 hour'),
       (SELECT count(*) FROM explanations_place place
        WHERE place.task_id = task.id AND place.state = 'ESCALATED'),
       oldest.at, extract(epoch FROM statement_timestamp() - oldest.at) / 3600
FROM explanations_task task
CROSS JOIN LATERAL (
    SELECT min(place.opened_at) AS at FROM explanations_place place
    WHERE place.task_id = task.id AND place.state = 'OPEN'
) AS oldest
WHERE %(task)s::bigint IS NULL OR task.id = %(task)s
ORDER BY task.slug
"""


def _queues(asked: _Asked) -> list[TaskQueue]:
    return [
        TaskQueue(
            task=slug,
            name=name,
            within_hours=within_hours,
            waiting=asked.counted(waiting, "queue", task=slug),
            late=asked.counted(late, "queue", task=slug, late="1"),
            with_lead=asked.counted(with_lead, "queue", task=slug, state="ESCALATED"),
            oldest_at=oldest_at,
            oldest_hours=None if hours is None else float(hours),
        )
        for slug, name, within_hours, waiting, late, with_lead, oldest_at, hours in asked.rows(
            _QUEUES
        )
    ]


# What was done ------------------------------------------------------------------------------------

# By day and by editor at once: to unfold the rows is what takes the time.
_OUTCOMES: Final = """
SELECT desk.day, desk.editor_id, outcome.kind, sum(outcome.how_many::integer)
FROM feedback_deskday desk, jsonb_each_text(desk.outcomes) AS outcome(kind, how_many)
WHERE desk.day BETWEEN %(first)s AND %(last)s
  AND (%(task)s::bigint IS NULL OR desk.task_id = %(task)s)
GROUP BY GROUPING SETS ((desk.day, outcome.kind), (desk.editor_id, outcome.kind))
"""
_OUTCOMES_IN_ALL: Final = """
SELECT outcome.kind, sum(outcome.how_many::integer)
FROM feedback_deskday desk, jsonb_each_text(desk.outcomes) AS outcome(kind, how_many)
WHERE desk.day BETWEEN %(first)s AND %(last)s
  AND (%(task)s::bigint IS NULL OR desk.task_id = %(task)s)
GROUP BY 1
"""
_TIMES_BY_EDITOR: Final = """
SELECT desk.editor_id, length.number - 1, sum(length.how_many)
FROM feedback_deskday desk, unnest(desk.times) WITH ORDINALITY AS length(how_many, number)
WHERE desk.day BETWEEN %(first)s AND %(last)s AND length.how_many > 0
  AND (%(task)s::bigint IS NULL OR desk.task_id = %(task)s)
GROUP BY 1, 2
"""


Kinds = dict[Any, Counter[str]]


def _outcomes(asked: _Asked) -> tuple[Kinds, Kinds]:
    """Return how many there were of each kind by day, and by the number of an editor."""
    by_day: Kinds = defaultdict(Counter)
    by_editor: Kinds = defaultdict(Counter)
    for day, editor_id, kind, how_many in asked.rows(_OUTCOMES):
        found = by_editor[editor_id] if day is None else by_day[day]
        found[kind] += how_many
    return by_day, by_editor


def _outcomes_in_all(asked: _Asked) -> Counter[str]:
    return _sum([Counter(dict(asked.rows(_OUTCOMES_IN_ALL)))])


def _sum(counts: Iterable[Counter[str]]) -> Counter[str]:
    """Return how many there were of each kind, and of each outcome whatever its reason.

    Of undos also by what was taken back whatever the reason, and by the reason whatever that was.
    """
    in_all: Counter[str] = Counter()
    for each in counts:
        in_all.update(each)
    for kind, how_many in list(in_all.items()):
        outcome, _space, rest = kind.partition(" ")
        if rest:
            in_all[outcome] += how_many
        if outcome == Review.Outcome.UNDO:
            undone, _space, reason = rest.partition(" ")
            in_all[_undone_because(reason or NO_REASON)] += how_many
            if reason:
                in_all[f"{outcome} {undone}"] += how_many
    return in_all


def _undone_because(reason: str) -> str:
    return f"UNDO because {reason}"


def _decided(in_all: Counter[str]) -> int:
    return sum(in_all[outcome] for outcome in ENDS_THE_PLACE)


def _day_of_work(asked: _Asked, day: date, kinds: Counter[str]) -> DayOfWork:
    that_day = {"from": str(day), "to": str(day)}
    return DayOfWork(day, asked.reviews(_decided(_sum([kinds])), outcome=DECIDED, **that_day))


def _reasons(asked: _Asked, in_all: Counter[str], outcome: Outcome) -> list[Named]:
    """Return how often each reason was given, the most frequent first; all that may be given."""
    found = [
        Named(
            reason,
            _(words),
            asked.reviews(in_all[f"{outcome} {reason}"], outcome=outcome, reason=reason),
        )
        for reason, words in REASONS[outcome].items()
    ]
    return sorted(found, key=lambda named: -named.count.value)


def _undone(asked: _Asked, in_all: Counter[str]) -> list[Named]:
    found = [
        Named(
            outcome,
            str(outcome.label),
            asked.reviews(in_all[f"UNDO {outcome}"], outcome=Review.Outcome.UNDO, undone=outcome),
        )
        for outcome in Review.Outcome
        if outcome != Review.Outcome.UNDO
    ]
    return sorted(found, key=lambda named: -named.count.value)


def _undo_reasons(asked: _Asked, in_all: Counter[str]) -> list[Named]:
    found = [
        Named(
            reason,
            _(words),
            asked.reviews(
                in_all[_undone_because(reason)], outcome=Review.Outcome.UNDO, reason=reason
            ),
        )
        for reason, words in {**UNDO_REASONS, NO_REASON: NONE_GIVEN}.items()
    ]
    return sorted(found, key=lambda named: -named.count.value)


def _times_by_editor(asked: _Asked) -> dict[int, Counter[int]]:
    found: dict[int, Counter[int]] = defaultdict(Counter)
    for editor_id, length, how_many in asked.rows(_TIMES_BY_EDITOR):
        found[editor_id][length] += how_many
    return found


def _minutes(asked: _Asked, times: Iterable[Counter[int]], **whose: str) -> Minutes:
    together: Counter[int] = Counter()
    for each in times:
        together.update(each)
    counts = [together[length] for length in range(max(together, default=-1) + 1)]
    timed = asked.reviews(sum(counts), outcome=DECIDED, timed="1", **whose)
    return Minutes(median_minutes(counts), timed)


def _people(
    asked: _Asked, outcomes: Kinds, times: Mapping[int, Counter[int]], only: Person | None
) -> list[PersonFigures]:
    """Return what people did; of everybody, or of one."""
    people = Person.objects.in_bulk([pk for pk in outcomes if only is None or pk == only.pk])
    found = [
        _person_figures(asked, person, _sum([outcomes[pk]]), times.get(pk, Counter()))
        for pk, person in people.items()
    ]
    return sorted(found, key=lambda figures: (-figures.decided.value, figures.username))


def _person_figures(
    asked: _Asked, person: Person, in_all: Counter[str], times: Counter[int]
) -> PersonFigures:
    def mine(value: int, outcome: str) -> Counted:
        return asked.reviews(value, outcome=outcome, editor=person.username)

    return PersonFigures(
        username=person.username,
        name=str(person),
        decided=mine(_decided(in_all), DECIDED),
        skipped=mine(in_all[Review.Outcome.SKIP], Review.Outcome.SKIP),
        undone=mine(in_all[Review.Outcome.UNDO], Review.Outcome.UNDO),
        minutes=_minutes(asked, [times], editor=person.username),
    )


# What the checks said -----------------------------------------------------------------------------

_CHECKS: Final = """
SELECT task.slug, checked.check_name, checked.check_version,
       sum(checked.taken), sum(checked.dismissed), sum(checked."left")
FROM feedback_checkday checked
JOIN explanations_task task ON task.id = checked.task_id
WHERE checked.day BETWEEN %(first)s AND %(last)s
  AND (%(task)s::bigint IS NULL OR checked.task_id = %(task)s)
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3 DESC
"""


def _checks(asked: _Asked) -> list[CheckFigures]:
    def judged(value: int, slug: str, check: str, version: int, verdict: str) -> Counted:
        filters = {"task": slug, "check": check, "version": str(version), "verdict": verdict}
        return asked.in_period(int(value), "judgements", **filters)

    return [
        CheckFigures(
            task=slug,
            check=check,
            version=version,
            taken=judged(taken, slug, check, version, "taken"),
            dismissed=judged(dismissed, slug, check, version, "dismissed"),
            left=judged(left, slug, check, version, "left"),
            judged=judged(taken + dismissed, slug, check, version, JUDGED),
        )
        for slug, check, version, taken, dismissed, left in asked.rows(_CHECKS)
    ]


# What is wrong ------------------------------------------------------------------------------------

_WRONG_FACTS: Final = """
SELECT report.catalogue_owner,
       count(*) FILTER (WHERE report.state = 'OPEN'),
       count(*) FILTER (WHERE lately.is_so),
       count(*) FILTER (WHERE lately.is_so AND report.state = 'ACCEPTED'),
       count(*) FILTER (WHERE lately.is_so AND report.state = 'REFUSED')
FROM feedback_factreport report
JOIN explanations_recommendation recommendation ON recommendation.id = report.recommendation_id
CROSS JOIN LATERAL (
    SELECT report.created_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
       AND report.created_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS is_so
) AS lately
WHERE (report.state = 'OPEN' OR lately.is_so)
  AND (%(task)s::bigint IS NULL OR recommendation.task_id = %(task)s)
GROUP BY 1
ORDER BY 2 DESC, 3 DESC, 1
"""


def _open_critical(asked: _Asked) -> Counted:
    ((how_many,),) = asked.rows(f"SELECT count(*) FROM ({OPEN_CRITICAL}) AS tagged")
    return asked.counted(how_many, "reviews", critical="open")


def _disagreements(asked: _Asked) -> Counted:
    found = where_reviews_disagree(asked.task.slug if asked.task else "")
    return asked.counted(found.count(), "disagreements")


def _wrong_facts(asked: _Asked) -> list[OwnerFacts]:
    state = FactReport.State
    found = []
    for owner, waiting, reported, accepted, refused in asked.rows(
        _WRONG_FACTS, zone=timezone.get_default_timezone_name()
    ):
        whose = owner or NOBODY

        def lately(value: int, wanted: str, whose: str = whose) -> Counted:
            return asked.in_period(value, "fact-reports", owner=whose, state=wanted)

        found.append(
            OwnerFacts(
                owner=owner,
                open=asked.counted(waiting, "fact-reports", owner=whose, state=state.OPEN),
                reported=lately(reported, "ALL"),
                accepted=lately(accepted, state.ACCEPTED),
                refused=lately(refused, state.REFUSED),
            )
        )
    return found


# What is new for training -------------------------------------------------------------------------

_GOLDENS: Final = f"""
SELECT task.slug, task.name, newest.name, newest.number, newest.started_at, new.how_many
FROM explanations_task task
LEFT JOIN LATERAL (
    SELECT dataset.id, dataset.name, dataset.number, dataset.started_at
    FROM feedback_dataset dataset
    WHERE dataset.state = 'READY' AND dataset.recipe->'tasks' ? task.slug
    ORDER BY dataset.id DESC LIMIT 1
) AS newest ON true
CROSS JOIN LATERAL (
    SELECT count(*) AS how_many FROM (
        SELECT FROM feedback_golden golden
        WHERE golden.task_id = task.id AND golden.state = 'APPROVED' AND golden.grade = 'exemplary'
          AND (newest.id IS NULL
               OR golden.changed_at >= newest.started_at AND {NOT_IN.format(dataset="newest.id")})
        LIMIT %(most)s
    ) AS found
) AS new
WHERE %(task)s::bigint IS NULL OR task.id = %(task)s
ORDER BY task.slug
"""


def _goldens(asked: _Asked) -> list[TaskGoldens]:
    found = []
    for slug, name, dataset, number, built_from, how_many in asked.rows(
        _GOLDENS, most=MOST_GOLDENS
    ):
        filters = {"task": slug, "state": "APPROVED", "grade": "exemplary"}
        if dataset:
            filters["not_in"] = f"{dataset}-{number}"
        exemplary = Counted(how_many, "goldens", filters, is_at_least=how_many == MOST_GOLDENS)
        built = f"{dataset} {number}" if dataset else ""
        found.append(TaskGoldens(slug, name, built, built_from, exemplary))
    return found
