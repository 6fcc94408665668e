"""What the desk did on each day: counted whole, never twice, and never missed."""

import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pgtrigger
import pytest
from django.db import connection, transaction
from pytest_django import Settings

from accounts.models import Person
from explanations.models import Draft, Finding
from feedback.models import Assignment, CheckDay, DeskDay, DeskDaysCounted, Review
from feedback.services.adjudicating import adjudicate, undo_adjudication
from feedback.services.reviewing import undo_review
from feedback.services.statistics import desk_days
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.times_at_work import BOUNDS_MS, median_minutes
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on, tag_on_all

pytestmark = pytest.mark.django_db

EDIT = {"outcome": "EDIT", "rewrite": "Dead Rabbitts turn metalcore up."}


def counted() -> dict[str, int]:
    """What is counted of all days, together."""
    keep_desk_days()
    found: dict[str, int] = {}
    for day in DeskDay.objects.all():
        for kind, how_many in day.outcomes.items():
            found[kind] = found.get(kind, 0) + how_many
    return found


def moved_to(review: Review, moment: datetime) -> None:
    """Turn back the clock at which it was submitted."""
    with pgtrigger.ignore("feedback.Review:review_is_append_only"):
        Review.objects.filter(pk=review.pk).update(created_at=moment)


def test_reviews_are_counted_by_outcome_and_reason(drafts: DraftMaker, editor: Person) -> None:
    drafts(4)
    reviewed(editor, outcome="ACCEPT")
    reviewed(editor, **EDIT)
    reviewed(editor, outcome="SKIP", reason="field")
    reviewed(editor, outcome="REJECT", tags=[tag_on_all()])

    assert counted() == {"ACCEPT": 1, "EDIT": 1, "SKIP field": 1, "REJECT": 1}


def test_counting_again_counts_nothing_twice(drafts: DraftMaker, editor: Person) -> None:
    drafts(2)
    reviewed(editor, outcome="ACCEPT")
    assert [counted(), counted()] == [{"ACCEPT": 1}] * 2
    reviewed(editor, outcome="ACCEPT")
    assert [counted(), counted()] == [{"ACCEPT": 2}] * 2


def test_an_undo_of_weeks_ago_changes_the_day_of_its_review(
    drafts: DraftMaker, editor: Person
) -> None:
    drafts(2)
    long_ago = reviewed(editor, **EDIT).review
    reviewed(editor, outcome="ACCEPT")
    moved_to(long_ago, long_ago.created_at - timedelta(days=40))
    while keep_desk_days():
        pass
    assert DeskDay.objects.count() == 2
    long_ago.refresh_from_db()
    undo_review(editor, long_ago.pk)

    assert counted() == {"ACCEPT": 1, "UNDO EDIT": 1}
    assert DeskDay.objects.count() == 1


def test_a_day_is_a_day_of_the_desks_time_zone(
    drafts: DraftMaker, editor: Person, settings: Settings
) -> None:
    drafts(2)
    evening = datetime(2026, 3, 28, 23, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    first, second = (reviewed(editor, outcome="ACCEPT").review for _ in range(2))
    moved_to(first, evening)
    moved_to(second, evening + timedelta(hours=1))

    def days() -> dict[str, Any]:
        while keep_desk_days():
            pass
        return {str(day.day): day.outcomes for day in DeskDay.objects.all()}

    assert days() == {"2026-03-28": {"ACCEPT": 2}}
    settings.TIME_ZONE = "Europe/Berlin"
    assert days() == {"2026-03-28": {"ACCEPT": 1}, "2026-03-29": {"ACCEPT": 1}}


def test_times_are_those_of_decisions_that_stand(drafts: DraftMaker, editor: Person) -> None:
    drafts(3)
    minute = timedelta(minutes=1)
    for number, outcome in enumerate(("ACCEPT", "ACCEPT", "SKIP"), start=1):
        held = claimed(editor)
        Assignment.objects.filter(pk=held.pk).update(created_at=held.created_at - 9 * minute)
        body: dict[str, Any] = {"reason": "field"} if outcome == "SKIP" else {}
        done = submitted(editor, held, outcome=outcome, active_ms=60_000 * number, **body)
        if number == 1:
            undo_review(editor, done.review.pk)
            Assignment.objects.active().update(state="RELEASED")
    keep_desk_days()

    (day,) = DeskDay.objects.all()
    assert sum(day.times) == 1
    assert median_minutes(day.times) == pytest.approx(2, rel=0.1)


def test_what_became_of_findings_is_counted_by_check(drafts: DraftMaker, editor: Person) -> None:
    first, second = drafts(2)
    findings = [
        Finding.objects.create(
            draft=draft, check_name="tone", check_version=2, level="warning", message="Worn."
        )
        for draft in (first, second)
    ]
    reviewed(editor, outcome="ACCEPT", dismissed=[findings[0].pk])
    taken = tag_on(second, "metalcore") | {"finding": findings[1].pk}
    undone = reviewed(editor, outcome="REJECT", tags=[taken])

    def judged() -> list[tuple[str, int, int, int]]:
        keep_desk_days()
        names = ("check_name", "check_version", "taken", "dismissed")
        return list(CheckDay.objects.values_list(*names))

    assert judged() == [("tone", 2, 1, 1)]
    undo_review(editor, undone.review.pk)
    assert judged() == [("tone", 2, 0, 1)]


def test_what_a_lead_overrules_weeks_later_changes_the_day_of_the_review(
    ready_draft: Draft, editor: Person, second_editor: Person, lead: Person
) -> None:
    ready_draft.places.create(ordinal=2, task=ready_draft.task, priority=50)
    finding = Finding.objects.create(
        draft=ready_draft, check_name="tone", check_version=2, level="warning", message="Worn."
    )
    accepted = reviewed(editor, outcome="ACCEPT", dismissed=[finding.pk]).review
    tag = tag_on(ready_draft, "metalcore") | {"finding": finding.pk}
    rejected = reviewed(second_editor, outcome="REJECT", tags=[tag]).review
    for days_ago, review in ((40, accepted), (20, rejected)):
        moved_to(review, review.created_at - timedelta(days=days_ago))

    def judged() -> list[tuple[int, int]]:
        while keep_desk_days():
            pass
        return list(CheckDay.objects.order_by("day").values_list("taken", "dismissed"))

    assert judged() == [(0, 1), (1, 0)]
    adjudicate(ready_draft.pk, accepted.pk, lead, "The guide allows it.")
    assert judged() == [(0, 1)]
    undo_adjudication(ready_draft.pk, lead)
    assert judged() == [(0, 1), (1, 0)]
    # The work was done all the same.
    assert counted() == {"ACCEPT": 1, "REJECT": 1}


def test_the_median_of_times_kept_by_their_length() -> None:
    assert median_minutes([]) is None
    assert median_minutes([0, 0]) is None
    for minutes in (0.5, 1, 4, 30, 400):
        length = sum(bound <= minutes * 60_000 for bound in BOUNDS_MS)
        counts = [0] * length + [11]
        assert median_minutes(counts) == pytest.approx(minutes, rel=0.15)
    assert median_minutes([1, 0, 0, 5]) == pytest.approx(BOUNDS_MS[2] * 1.07 / 60_000, rel=0.1)


# Committed late -----------------------------------------------------------------------------


@pytest.fixture
def in_another_connection() -> Iterator[list[threading.Thread]]:
    """Threads that the test begins; all have ended when it does."""
    begun: list[threading.Thread] = []
    yield begun
    for thread in begun:
        thread.join(60)
        assert not thread.is_alive()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("looks_at_open_transactions", [True, False])
def test_a_review_that_is_committed_late_is_counted(
    drafts: DraftMaker,
    editor: Person,
    in_another_connection: list[threading.Thread],
    monkeypatch: pytest.MonkeyPatch,
    looks_at_open_transactions: bool,
) -> None:
    """The control, which goes by the clock alone, misses it: so the look is what finds it."""
    monkeypatch.setattr(desk_days, "MARGIN", timedelta(0))
    if not looks_at_open_transactions:
        monkeypatch.setattr(desk_days, "_SETTLED_UNTIL", "SELECT statement_timestamp()")
    early, late = drafts(2)
    written, may_commit = threading.Event(), threading.Event()

    def review_slowly() -> None:
        with transaction.atomic():
            Review.objects.create(
                draft=late,
                place=late.places.get(),
                editor=editor,
                key=uuid.uuid4(),
                outcome="ACCEPT",
            )
            written.set()
            assert may_commit.wait(60)
        connection.close()

    thread = threading.Thread(target=review_slowly)
    in_another_connection.append(thread)
    thread.start()
    assert written.wait(60)
    Review.objects.create(
        draft=early, place=early.places.get(), editor=editor, key=uuid.uuid4(), outcome="ACCEPT"
    )
    assert counted() == {"ACCEPT": 1}
    assert counted() == {"ACCEPT": 1}
    may_commit.set()
    thread.join(60)

    assert counted() == ({"ACCEPT": 2} if looks_at_open_transactions else {"ACCEPT": 1})


@pytest.mark.django_db(transaction=True)
def test_one_process_at_a_time_counts(drafts: DraftMaker, editor: Person) -> None:
    drafts(1)
    reviewed(editor, outcome="ACCEPT")
    answers: list[Any] = []

    def count() -> None:
        answers.append(keep_desk_days())
        answers.append(DeskDaysCounted.objects.exists())
        connection.close()

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [desk_days._COUNTING])
        other = threading.Thread(target=count)
        other.start()
        other.join(60)
    assert answers == [False, False]
    assert counted() == {"ACCEPT": 1}


def test_a_desk_with_years_behind_it_is_counted_in_pieces(
    drafts: DraftMaker, editor: Person
) -> None:
    drafts(3)
    for days in (0, 20, 400):
        review = reviewed(editor, outcome="ACCEPT").review
        moved_to(review, review.created_at - timedelta(days=days))
    looks = 1
    while keep_desk_days():
        looks += 1

    assert looks > 2
    assert counted() == {"ACCEPT": 3}
    assert DeskDay.objects.count() == 3


def test_nothing_is_counted_where_nobody_reviewed(ready_draft: Draft) -> None:
    assert keep_desk_days() is False
    assert not DeskDay.objects.exists()
