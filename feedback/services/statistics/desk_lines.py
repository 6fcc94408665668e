"""The desk's own figures as lines of a table: for spreadsheets, and for programs that want one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from feedback.services.statistics.desk_figures import (
    CheckFigures,
    Counted,
    DeskFigures,
    Minutes,
    PersonFigures,
)

REVIEWS: Final = "reviews"
SHARE: Final = "share"
MINUTES: Final = "minutes"
HOURS: Final = "hours"


@dataclass(frozen=True, slots=True)
class DeskLine:
    """One number of the desk, and where what it counts is listed."""

    table: str
    row: str
    name: str
    """The row in words."""
    measure: str
    unit: str
    """`count`, `share`, `minutes` or `hours`."""
    value: float | None
    """None where there is nothing to say, or too few to say it."""
    low: float | None = None
    high: float | None = None
    n: int | None = None
    """What it rests on, where that is not what it counts."""
    method: str = ""
    address: str = ""


def desk_lines(desk: DeskFigures) -> Iterator[DeskLine]:
    """Return every number of the desk's figures, people's among them as far as they are shown."""
    for queue in desk.queues:
        of_task = ("queue", queue.task, queue.name)
        yield _count(*of_task, "waiting", queue.waiting)
        yield _count(*of_task, "late", queue.late)
        yield _count(*of_task, "with_lead", queue.with_lead)
        yield DeskLine(*of_task, "oldest", HOURS, queue.oldest_hours)
    yield _count("decided", "all", "", REVIEWS, desk.decided)
    yield _count("decided", "before", "", REVIEWS, desk.decided_before)
    yield _median("decided", "all", "", desk.minutes)
    for day in desk.days:
        yield _count("days", str(day.day), "", REVIEWS, day.decided)
    for table in ("outcomes", "skips", "escalations", "unreviewable", "undone"):
        for named in getattr(desk, table):
            yield _count(table, named.code, named.words, REVIEWS, named.count)
    for check in desk.checks:
        yield from _of_check(check)
    yield _count("open_critical", "all", "", REVIEWS, desk.open_critical)
    yield _count("disagreements", "all", "", "drafts", desk.disagreements)
    for owner in desk.wrong_facts:
        for measure in ("open", "reported", "accepted", "refused"):
            yield _count("wrong_facts", owner.owner, owner.owner, measure, getattr(owner, measure))
    for goldens in desk.goldens:
        yield _count("goldens", goldens.task, goldens.name, "exemplary", goldens.exemplary)
    yield from people_lines(desk.people)


def people_lines(people: Sequence[PersonFigures]) -> Iterator[DeskLine]:
    """Return what these people did."""
    for person in people:
        of_person = ("people", person.username, person.name)
        for measure in ("decided", "skipped", "undone"):
            yield _count(*of_person, measure, getattr(person, measure))
        yield _median(*of_person, person.minutes)


def _of_check(check: CheckFigures) -> Iterator[DeskLine]:
    row = f"{check.task}/{check.check}/{check.version}"
    for measure in ("taken", "dismissed", "left"):
        yield _count("checks", row, check.check, measure, getattr(check, measure))
    found = check.precision
    yield DeskLine(
        "checks",
        row,
        check.check,
        "precision",
        SHARE,
        found.value,
        found.low,
        found.high,
        found.n,
        found.method,
        check.judged.address,
    )


def _count(table: str, row: str, name: str, measure: str, counted: Counted) -> DeskLine:
    return DeskLine(table, row, name, measure, "count", counted.value, address=counted.address)


def _median(table: str, row: str, name: str, minutes: Minutes) -> DeskLine:
    timed = minutes.timed
    return DeskLine(
        *(table, row, name, "median", MINUTES, minutes.median), n=timed.value, address=timed.address
    )
