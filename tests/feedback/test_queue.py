"""Who gets which draft, and keeps it."""

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Place, Task
from feedback.models import Assignment, FactReport, Review
from feedback.services import queue
from feedback.services.queue import (
    LeaseLost,
    WorkConflict,
    claim_next,
    prepare_next,
    release,
    renew,
    save_work,
    sweep_expired,
)
from feedback.services.queue_statements import LEASE_NOW
from feedback.tasks import sweep_assignments
from tests.feedback.conftest import DraftMaker, let_the_lease_run_out
from tests.feedback.people_at_work import leased_ahead

A_KEY = "00000000-0000-4000-8000-0000000000"


def claimed(editor: Person) -> Assignment:
    assignment = claim_next(editor)
    assert assignment is not None
    return assignment


def reviewed(draft: Draft, editor: Person, outcome: str = "ACCEPT", number: int = 1) -> Review:
    place = draft.places.get()
    return Review.objects.create(
        draft=draft,
        place=place,
        editor=editor,
        key=f"{A_KEY}{number:02}",
        body_sha256="",
        outcome=outcome,
        reason="later" if outcome == "SKIP" else "",
    )


def doubted(draft: Draft, pointer: str, editor: Person) -> FactReport:
    return FactReport.objects.create(
        recommendation=draft.recommendation,
        pointer=pointer,
        problem=FactReport.Problem.WRONG,
        reported_by=editor,
    )


class TestOrder:
    def test_the_highest_priority_comes_first(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(2, priority=10)
        [urgent] = drafts(1, priority=90)
        assert claimed(editor).place.draft == urgent

    def test_of_one_priority_the_oldest_comes_first(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        first, _second = drafts(2)
        assert claimed(editor).place.draft == first

    def test_an_empty_queue_gives_nothing(self, editor: Person) -> None:
        assert claim_next(editor) is None

    def test_an_editor_can_ask_for_one_task(
        self, editor: Person, drafts: DraftMaker, ready_job_draft: Draft, job_task: Task
    ) -> None:
        drafts(1, priority=90)
        assignment = claim_next(editor, tasks=[job_task])
        assert assignment is not None
        assert assignment.place.draft == ready_job_draft

    def test_an_untouched_draft_of_another_task_goes_back(
        self, editor: Person, drafts: DraftMaker, ready_job_draft: Draft, job_task: Task
    ) -> None:
        drafts(1, priority=90)
        music = claimed(editor)
        assert claim_next(editor, tasks=[job_task]) != music
        music.refresh_from_db()
        assert music.state == Assignment.State.RELEASED


class TestWhoGetsWhat:
    def test_asking_again_gives_the_same_draft(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(2)
        assert claimed(editor) == claimed(editor)

    def test_two_editors_get_different_drafts(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        assert claimed(editor).place != claimed(second_editor).place

    def test_the_next_is_leased_ahead_and_then_the_current_one(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(3)
        current, ahead = claimed(editor), leased_ahead(editor)
        assert ahead != current
        assert prepare_next(editor) == ahead.pk
        assert claimed(editor) == current
        release(current.pk, editor)
        assert claimed(editor) == ahead

    def test_the_one_with_work_is_the_current_one(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(2)
        claimed(editor)
        ahead = leased_ahead(editor)
        save_work(ahead.pk, editor, {"note": "typed here"}, 0, 0)
        assert claimed(editor) == ahead

    def test_no_editor_gets_a_draft_that_they_have_reviewed(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        reviewed(draft, editor, "SKIP")
        assert claim_next(editor) is None
        assert claimed(second_editor).place.draft == draft

    @pytest.mark.parametrize(("reason", "comes_again"), [("later", True), ("field", False)])
    def test_not_now_is_no_never(
        self, editor: Person, drafts: DraftMaker, reason: str, comes_again: bool
    ) -> None:
        [draft] = drafts(1)
        yesterday = Review.objects.create(
            draft=draft,
            place=draft.places.get(),
            editor=editor,
            key=f"{A_KEY}01",
            body_sha256="",
            outcome="SKIP",
            reason=reason,
            created_at=timezone.now() - timedelta(hours=13),
        )
        assert (claim_next(editor) is not None) is comes_again
        assert yesterday in Review.objects.standing()

    def test_a_review_that_was_taken_back_does_not_count(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        skip = reviewed(draft, editor, "SKIP")
        Review.objects.create(
            draft=draft,
            place=draft.places.get(),
            editor=editor,
            key=f"{A_KEY}02",
            body_sha256="",
            outcome="UNDO",
            supersedes=skip,
        )
        assert claimed(editor).place.draft == draft

    def test_nobody_holds_two_places_of_one_draft(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        Place.objects.create(draft=draft, ordinal=2, task=draft.task, priority=draft.priority)
        claimed(editor)
        assert prepare_next(editor) is None
        assert claimed(second_editor).place.draft == draft

    def test_what_is_with_the_lead_is_not_in_the_ordinary_queue(
        self, editor: Person, lead: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        draft.places.update(state=Place.State.ESCALATED)
        assert claim_next(editor) is None
        assignment = claim_next(lead, escalated=True)
        assert assignment is not None
        assert assignment.place.draft == draft

    def test_what_is_with_the_lead_does_not_come_back_to_an_editor_who_had_it_before(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        before = claimed(editor)
        save_work(before.pk, editor, {"note": "hm"}, 0, 0)
        let_the_lease_run_out(before)
        Place.objects.update(state=Place.State.ESCALATED)
        sweep_assignments()

        with pytest.raises(LeaseLost, match="with the lead"):
            save_work(before.pk, editor, {"note": "mine again"}, 1, 0)
        before.refresh_from_db()
        assert before.work == {"note": "mine again"}
        assert not Assignment.objects.active().exists()

    def test_a_lead_may_settle_what_they_escalated_themselves(
        self, lead: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        draft.places.update(state=Place.State.ESCALATED)
        Review.objects.create(
            draft=draft,
            place=draft.places.get(),
            editor=lead,
            key=f"{A_KEY}01",
            body_sha256="",
            outcome="ESCALATE",
            reason="guide",
        )
        assert claim_next(lead, escalated=True) is not None


class TestALongQueue:
    def test_what_waits_far_behind_what_one_may_not_have_is_found(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        *skipped, last = drafts(13)
        for number, draft in enumerate(skipped):
            reviewed(draft, editor, "SKIP", number=10 + number)
        assert claimed(editor).place.draft == last

    def test_a_queue_without_anything_for_an_editor_has_an_end(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        for number, draft in enumerate(drafts(11)):
            reviewed(draft, editor, "SKIP", number=10 + number)
        assert claim_next(editor) is None


class TestFactsInDoubt:
    @pytest.mark.parametrize(
        ("pointer", "is_held"),
        [
            ("/item/artist", True),
            ("/item", True),
            ("/item/artist/name", True),
            ("/item/art", False),
            ("/item/title", False),
        ],
    )
    def test_a_draft_that_rests_on_a_reported_fact_is_held_back(
        self, editor: Person, lead: Person, drafts: DraftMaker, pointer: str, is_held: bool
    ) -> None:
        [draft] = drafts(1)
        doubted(draft, pointer, lead)
        assert (claim_next(editor) is None) is is_held

    def test_it_comes_back_when_the_report_is_refused(
        self, editor: Person, lead: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        report = doubted(draft, "/item/artist", lead)
        FactReport.objects.filter(pk=report.pk).update(state=FactReport.State.REFUSED)
        assert claimed(editor).place.draft == draft

    def test_the_same_fact_of_another_recommendation_holds_nothing(
        self, editor: Person, lead: Person, drafts: DraftMaker
    ) -> None:
        first, second = drafts(2)
        doubted(first, "/item/artist", lead)
        assert claimed(editor).place.draft == second

    def test_one_leased_ahead_goes_back_when_its_fact_is_doubted(
        self, editor: Person, lead: Person, drafts: DraftMaker
    ) -> None:
        first, second, third = drafts(3)
        assert claimed(editor).place.draft == first
        prepare_next(editor)
        doubted(second, "/item/artist", lead)
        release(claimed(editor).pk, editor)
        reviewed(first, editor, "SKIP")
        assert claimed(editor).place.draft == third

    def test_one_with_work_is_kept(self, editor: Person, lead: Person, drafts: DraftMaker) -> None:
        [draft] = drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "half a line"}, 0, 0)
        doubted(draft, "/item/artist", lead)
        assert claimed(editor) == assignment


class TestLease:
    def test_it_lasts_three_minutes_by_the_databases_clock(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        assert assignment.leased_until - assignment.created_at == timedelta(minutes=3)

    def test_renewing_moves_both_of_an_editors_leases(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        current, ahead = claimed(editor), leased_ahead(editor)
        let_the_lease_run_out(current)
        let_the_lease_run_out(ahead)
        renew(current.pk, editor)
        assert sweep_expired() == 0

    def test_one_that_ran_out_frees_the_place(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        assert claim_next(second_editor) is None
        let_the_lease_run_out(assignment)
        assert sweep_assignments() == 1
        assert claimed(second_editor).place == assignment.place

    def test_an_editor_who_finds_nothing_need_not_wait_for_the_sweeper(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        let_the_lease_run_out(claimed(editor))
        assert claim_next(second_editor) is not None

    def test_a_heartbeat_is_not_refused_while_nobody_else_has_the_place(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        assert renew(assignment.pk, editor).state == Assignment.State.ACTIVE
        assert sweep_expired() == 0

    def test_a_heartbeat_says_that_somebody_else_has_the_place(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        claimed(second_editor)
        with pytest.raises(LeaseLost) as lost:
            renew(assignment.pk, editor)
        assert lost.value.reason == "taken"

    def test_a_heartbeat_says_that_the_draft_was_withdrawn(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        assignment = claimed(editor)
        draft.places.update(state=Place.State.CLOSED)
        with pytest.raises(LeaseLost) as lost:
            renew(assignment.pk, editor)
        assert lost.value.reason == "withdrawn"

    def test_a_heartbeat_does_not_bring_back_what_was_given_back(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        release(assignment.pk, editor)
        with pytest.raises(LeaseLost) as lost:
            renew(assignment.pk, editor)
        assert lost.value.reason == "released"

    def test_a_returning_tab_takes_the_slot_of_an_untouched_draft(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        drafts(2, priority=100)
        claimed(editor)
        prepare_next(editor)
        assert renew(assignment.pk, editor).state == Assignment.State.ACTIVE
        assert Assignment.objects.active().filter(editor=editor).count() == 2

    def test_a_returning_tab_never_takes_the_slot_of_work(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        drafts(2, priority=100)
        for other in (claimed(editor), leased_ahead(editor)):
            save_work(other.pk, editor, {"note": "typed"}, 0, 0)
        with pytest.raises(LeaseLost) as lost:
            renew(assignment.pk, editor)
        assert lost.value.reason == "full"

    def test_nobody_renews_for_somebody_else(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        with pytest.raises(Assignment.DoesNotExist):
            renew(assignment.pk, second_editor)


class TestLeasedAhead:
    """The next draft is there before the current one is submitted."""

    def test_whoever_has_no_current_draft_gets_none_ahead(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assert prepare_next(editor) is None
        assert not Assignment.objects.exists()

    def test_one_that_does_not_fit_the_wish_any_more_is_exchanged(
        self, editor: Person, drafts: DraftMaker, ready_job_draft: Draft, job_task: Task
    ) -> None:
        drafts(2, priority=90)
        current, music = claimed(editor), leased_ahead(editor)
        save_work(current.pk, editor, {"note": "at it"}, 0, 0)

        job = prepare_next(editor, tasks=[job_task])

        assert job is not None
        assert Assignment.objects.get(pk=job).place.draft == ready_job_draft
        music.refresh_from_db()
        assert music.state == Assignment.State.RELEASED

    def test_it_is_held_for_as_long_as_somebody_works_on_the_current_one(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        current, ahead = claimed(editor), leased_ahead(editor)
        Assignment.objects.filter(pk=ahead.pk).update(leased_until=Now() + timedelta(seconds=5))

        save_work(current.pk, editor, {"note": "still at it"}, 0, 0)

        assert lasts(ahead) > timedelta(minutes=2)

    def test_nobody_holds_it_once_the_browser_is_gone(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        for held in (claimed(editor), leased_ahead(editor)):
            let_the_lease_run_out(held)
        assert sweep_assignments() == 2
        assert claimed(second_editor).place.draft.pk == Draft.objects.earliest("pk").pk

    def test_it_comes_to_somebody_else_where_nothing_else_waits(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        current, ahead = claimed(editor), leased_ahead(editor)

        assert claimed(second_editor).place == ahead.place

        assert claimed(editor) == current
        assert prepare_next(editor) is None

    def test_what_is_shown_or_worked_on_comes_to_nobody_else(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        current, ahead = claimed(editor), leased_ahead(editor)
        assert claimed(second_editor).place == ahead.place
        release(current.pk, editor)

        assert claimed(editor).place == current.place
        for person in (editor, second_editor):
            save_work(claimed(person).pk, person, {"note": "at it"}, 0, 0)
        assert queue._give_up_one_ahead(second_editor, queue.Wish()) is False

    def test_a_lease_and_the_sweep_after_it_are_over_in_four_minutes(self) -> None:
        sweep = settings.CELERY_BEAT_SCHEDULE["sweep-assignments"]
        assert queue.LEASE + timedelta(seconds=sweep["schedule"]) < timedelta(minutes=4)

    @pytest.mark.parametrize("state", [Place.State.CLOSED, Place.State.ESCALATED])
    def test_one_that_is_no_longer_for_the_editor_is_not_shown(
        self, editor: Person, drafts: DraftMaker, state: Place.State
    ) -> None:
        _first, second, third = drafts(3)
        current = claimed(editor)
        prepare_next(editor)
        second.places.update(state=state)
        release(current.pk, editor)
        reviewed(current.place.draft, editor, "SKIP")

        assert claimed(editor).place.draft == third

    def test_a_tab_that_returns_to_one_place_of_a_draft_gives_up_the_other(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        Place.objects.create(draft=draft, ordinal=2, task=draft.task, priority=draft.priority)
        first = claimed(editor)
        let_the_lease_run_out(first)
        sweep_expired()
        Place.objects.filter(pk=first.place_id).update(priority=0)
        second = claimed(editor)
        assert second.place_id != first.place_id

        save_work(first.pk, editor, {"note": "typed before lunch"}, 0, 0)

        assert list(Assignment.objects.active()) == [first]

    def test_what_was_left_is_not_brought_back_when_its_draft_was_reviewed_since(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        [draft] = drafts(1)
        Place.objects.create(draft=draft, ordinal=2, task=draft.task, priority=draft.priority)
        left = claimed(editor)
        save_work(left.pk, editor, {"note": "typed"}, 0, 0)
        let_the_lease_run_out(left)
        sweep_expired()
        Review.objects.create(
            draft=draft,
            place=draft.places.get(ordinal=2),
            editor=editor,
            key=f"{A_KEY}01",
            body_sha256="",
            outcome="ACCEPT",
        )
        assert claim_next(editor) is None


def lasts(assignment: Assignment) -> timedelta:
    """How long a lease goes on, by the database's clock."""
    row = Assignment.objects.annotate(now=Now()).get(pk=assignment.pk)
    left: timedelta = row.leased_until - row.now  # type: ignore[attr-defined]
    return left


class TestWork:
    def test_it_is_kept_with_its_revision(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(1)
        assignment = claimed(editor)
        assert save_work(assignment.pk, editor, {"rewrite": "a"}, 0, 0).revision == 1
        assert save_work(assignment.pk, editor, {"rewrite": "ab"}, 1, 0).revision == 2
        assert claimed(editor).work == {"rewrite": "ab"}

    def test_an_older_tab_does_not_overwrite_a_newer_one(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "new"}, 0, 0)
        with pytest.raises(WorkConflict) as conflict:
            save_work(assignment.pk, editor, {"rewrite": "old"}, 0, 0)
        assert conflict.value.assignment.work == {"rewrite": "new"}
        assert conflict.value.assignment.revision == 1

    def test_the_same_save_again_is_no_conflict(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "once"}, 0, 0)
        assert save_work(assignment.pk, editor, {"rewrite": "once"}, 0, 0).revision == 1

    def test_saving_renews_the_lease(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        save_work(assignment.pk, editor, {}, 0, 0)
        assert sweep_expired() == 0

    def test_a_late_save_is_kept_when_somebody_else_has_the_place(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        claimed(second_editor)
        with pytest.raises(LeaseLost) as lost:
            save_work(assignment.pk, editor, {"rewrite": "late"}, 0, 0)
        assert lost.value.reason == "taken"
        assignment.refresh_from_db()
        assert assignment.work == {"rewrite": "late"}

    def test_a_late_save_that_is_sent_again_is_refused_again(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        claimed(second_editor)
        for _time in range(2):
            with pytest.raises(LeaseLost) as lost:
                save_work(assignment.pk, editor, {"rewrite": "late"}, 0, 0)
            assert lost.value.reason == "taken"

    def test_a_late_save_takes_a_free_place_again(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        save_work(assignment.pk, editor, {"rewrite": "late"}, 0, 0)
        assert claim_next(second_editor) is None

    def test_an_editor_who_comes_back_gets_what_they_were_at_first(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "before lunch"}, 0, 0)
        let_the_lease_run_out(assignment)
        sweep_expired()
        drafts(1, priority=100)
        assert claimed(editor) == assignment
        assert claimed(editor).work == {"rewrite": "before lunch"}

    def test_what_was_typed_in_a_draft_given_back_is_there_when_it_comes_again(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "typed"}, 0, 0)
        release(assignment.pk, editor)
        assert claimed(editor).work == {"rewrite": "typed"}

    def test_nobody_sees_what_another_editor_typed(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "mine"}, 0, 0)
        release(assignment.pk, editor)
        assert claimed(second_editor).work == {}

    def test_characters_that_cannot_be_stored_do_not_stop_a_save(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {"rewrite": "a\x00b\ud800c"}, 0, 0)
        assert claimed(editor).work == {"rewrite": "abc"}

    def test_the_time_at_work_is_never_longer_than_the_time_since_the_claim(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        save_work(assignment.pk, editor, {}, 0, 10**12)
        assignment.refresh_from_db()
        assert assignment.active_ms < 60_000
        Assignment.objects.filter(pk=assignment.pk).update(created_at=Now() - timedelta(hours=1))
        save_work(assignment.pk, editor, {}, 1, 90_000)
        save_work(assignment.pk, editor, {}, 2, 80_000)
        assignment.refresh_from_db()
        assert assignment.active_ms == 90_000

    def test_a_draft_met_again_after_months_is_kept_as_any_other(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        Assignment.objects.update(created_at=Now() - timedelta(days=90))

        save_work(assignment.pk, editor, {}, 0, 90_000)

        assignment.refresh_from_db()
        assert assignment.active_ms == 90_000


class TestCost:
    """Two of the queries open and close a transaction, before which somebody looks without it."""

    def test_a_claim_takes_five_queries(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(3)
        with django_assert_num_queries(1 + 2 + 4):
            claim_next(editor)

    def test_what_is_held_takes_two(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(3)
        claimed(editor)
        with django_assert_num_queries(2):
            claim_next(editor)

    def test_to_lease_one_ahead_takes_five(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(3)
        claimed(editor)
        with django_assert_num_queries(1 + 2 + 4):
            prepare_next(editor)

    def test_what_is_leased_ahead_takes_one(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(3)
        claimed(editor)
        ahead = prepare_next(editor)
        with django_assert_num_queries(1):
            assert prepare_next(editor) == ahead

    def test_a_save_takes_one(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        with django_assert_num_queries(1):
            save_work(assignment.pk, editor, {"rewrite": "a"}, 0, 1000)


def lease(place_id: int, editor: Person) -> object:
    """Lease a locked place, if a second look finds it free."""
    return LEASE_NOW.row(place=place_id, editor=editor.pk, slot=1, lease=queue.LEASE)


def claim_into(got: list[Assignment | None], editor: Person) -> None:
    got.append(claim_next(editor))


def side_by_side(*calls: Callable[[], None]) -> list[BaseException]:
    """Run each call in a thread with a connection of its own; return what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], None]) -> None:
        try:
            start.wait()
            call()
        except BaseException as error:  # handed to the test, which says what may be raised
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[call]) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_editors_never_get_the_same_place(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(60)

        def take_thirty(person: Person) -> None:
            for _round in range(30):
                assignment = claim_next(person)
                assert assignment is not None
                with transaction.atomic():
                    Place.objects.filter(pk=assignment.place_id).update(state=Place.State.DONE)
                    Assignment.objects.filter(pk=assignment.pk).update(
                        state=Assignment.State.SUBMITTED
                    )

        assert side_by_side(lambda: take_thirty(editor), lambda: take_thirty(second_editor)) == []
        places = Assignment.objects.values_list("place", flat=True)
        assert len(places) == len(set(places)) == 60

    def test_two_tabs_of_one_editor_get_the_same_draft(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(20)
        for _round in range(10):
            got: list[Assignment | None] = []
            raised = side_by_side(*[partial(claim_into, got, editor)] * 3)
            assert raised == []
            assert len({assignment.pk for assignment in got if assignment}) == 1
            assert got[0]
            release(got[0].pk, editor)

    def test_a_draft_that_is_being_shown_is_not_given_to_somebody_else(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        """Its editor goes on to the one leased ahead while another editor finds nothing else."""
        drafts(2)
        for _round in range(10):
            current = claimed(editor)
            prepare_next(editor)
            got: list[Assignment | None] = []
            theirs: list[Assignment | None] = []

            def go_on(mine: Assignment = current, shown: list[Assignment | None] = got) -> None:
                release(mine.pk, editor)
                claim_into(shown, editor)

            assert side_by_side(go_on, partial(claim_into, theirs, second_editor)) == []
            shown = [each for each in (*got, *theirs) if each is not None]
            assert len({each.place_id for each in shown}) == len(shown)
            held = Assignment.objects.active().filter(pk__in=[each.pk for each in shown])
            assert held.count() == len(shown)
            for each in Assignment.objects.active():
                release(each.pk, each.editor)

    def test_one_statement_alone_would_give_one_place_to_two(
        self,
        editor: Person,
        second_editor: Person,
        drafts: DraftMaker,
    ) -> None:
        """The control: without the second look, only the constraint stands between two editors.

        The second editor's statement takes its snapshot, and is held up by an advisory lock until
        the first one has claimed and committed. The place's row is free by then, and the old
        snapshot knows of no assignment.
        """
        drafts(1)
        gate, has_snapshot = 77, threading.Event()
        found: list[int] = []

        def claim_in_one_statement() -> None:
            with transaction.atomic(), connection.cursor() as cursor:
                has_snapshot.set()
                cursor.execute(
                    """
                    WITH gate AS MATERIALIZED (SELECT pg_advisory_xact_lock(%s))
                    SELECT place.id FROM gate, explanations_place place
                    WHERE place.state = 'OPEN' AND NOT EXISTS (
                        SELECT 1 FROM feedback_assignment held
                        WHERE held.place_id = place.id AND held.state = 'ACTIVE'
                    )
                    ORDER BY place.priority DESC, place.id LIMIT 1
                    FOR NO KEY UPDATE OF place SKIP LOCKED
                    """,
                    [gate],
                )
                found.extend(place_id for (place_id,) in cursor.fetchall())
                # What the desk does, and the single statement does not.
                assert lease(found[0], second_editor) is None

        def claim_first() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [gate])
                opened.set()
                has_snapshot.wait()
                waiting = 0
                while not waiting:
                    cursor.execute(
                        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    )
                    [waiting] = cursor.fetchone()
                assert claim_next(editor) is not None
                cursor.execute("SELECT pg_advisory_unlock(%s)", [gate])

        opened = threading.Event()

        def claim_second() -> None:
            opened.wait()
            claim_in_one_statement()

        assert side_by_side(claim_first, claim_second) == []
        assert found == [Assignment.objects.get(editor=editor).place_id]

    def test_the_constraint_stands_behind(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        assignment = claimed(editor)
        with pytest.raises(IntegrityError, match="one_active_assignment_per_place"):
            Assignment.objects.create(
                place=assignment.place,
                editor=second_editor,
                slot=1,
                leased_until=assignment.leased_until,
            )
