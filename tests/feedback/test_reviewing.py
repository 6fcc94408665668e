"""One submission makes one review, and all that follows from it."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from accounts.models import LogEntry, Person
from explanations.models import Draft, FactSnapshot, Finding, Guide, Place, Task
from feedback.models import Assignment, Golden, Review
from feedback.review_body import BodyRefused
from feedback.services.queue import LeaseLost, claim_next, release, save_work, sweep_expired
from feedback.services.reviewing import AlreadySubmitted, KeyReused, Submitted, undo_review
from tests.conftest import JOB_OUTPUT
from tests.feedback.conftest import DraftMaker, let_the_lease_run_out
from tests.feedback.people_at_work import (
    cause_of,
    claimed,
    reviewed,
    submitted,
    tag_on,
    tag_on_all,
)

CHANGE = {
    "start": 2,
    "end": 5,
    "before": "new",
    "after_start": 2,
    "after_end": 4,
    "after": "my",
    "tags": [1],
    "by": "overlap",
    "cause": "",
}
REWRITE = "Dead Rabbitts turn metalcore into a rush of pure adrenaline."


class TestAccept:
    def test_it_makes_an_approved_exemplary_golden(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT", answers={"specific": "yes"})
        assert done.golden is not None
        assert done.golden.text == ready_draft.text
        assert done.golden.grade == Golden.Grade.EXEMPLARY
        assert done.golden.snapshot == ready_draft.snapshot
        assert {"/item/artist", "/item/genre"} <= set(done.golden.rests_on)

    def test_it_ends_assignment_place_and_draft(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.REVIEWED
        assert ready_draft.settled_outcome == "ACCEPT"
        assert ready_draft.places.get().state == Place.State.DONE
        assert done.review.assignment is not None
        done.review.assignment.refresh_from_db()
        assert done.review.assignment.state == Assignment.State.SUBMITTED

    def test_it_is_written_down(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        entry = LogEntry.objects.get(subject_type="draft", subject_id=ready_draft.pk)
        assert entry.actor == editor
        assert entry.detail == {"review": done.review.pk, "outcome": "ACCEPT"}

    def test_it_is_refused_while_a_tag_stands(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="ACCEPT", tags=[tag_on(ready_draft, "latest")])
        assert set(refusal.value.errors) == {"tags"}
        assert not Review.objects.exists()
        assert ready_draft.places.get().state == Place.State.OPEN

    def test_it_is_refused_with_a_criterion_answered_no(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="ACCEPT", answers={"specific": "no"})
        assert set(refusal.value.errors) == {"answers"}

    def test_it_is_refused_when_the_text_was_changed(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="ACCEPT", rewrite=REWRITE)
        assert set(refusal.value.errors) == {"rewrite"}

    def test_bland_makes_a_publishable_golden(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="BLAND", answers={"specific": "no"})
        assert done.golden is not None
        assert done.golden.grade == Golden.Grade.PUBLISHABLE


class TestEdit:
    def test_it_keeps_the_rewrite_with_each_change_and_its_tag(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite="Dead Rabbitts' new single is a metalcore adrenaline rush.",
            tags=[tag_on(ready_draft, "latest", "timebound"), tag_on(ready_draft, "!", "taste", 0)],
        )
        assert done.golden is not None
        assert done.golden.text == done.review.rewrite
        assert done.golden.grade == Golden.Grade.EXEMPLARY
        changes = [
            (hunk["before"], hunk["after"], hunk["tags"], hunk["by"])
            for hunk in done.review.alignment
        ]
        assert changes == [("latest", "new", [1], "overlap"), ("!", ".", [2], "overlap")]

    def test_a_cause_is_kept_with_its_change_and_teaches_as_its_tag_would(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite="Dead Rabbitts' new single is a metalcore adrenaline rush.",
            tags=[tag_on(ready_draft, "!", "taste", 0)],
            causes=[cause_of(ready_draft, "latest", "unsupported")],
        )
        change = done.review.alignment[0]
        assert (change["tags"], change["by"], change["cause"]) == ([2], "cause", "unsupported")
        made = done.review.tags.get(ordinal=2)
        assert (made.category.slug, made.severity, made.quote) == ("unsupported", 5, "latest")

    def test_undone_it_gives_the_causes_back_and_not_their_tags(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        asked = cause_of(ready_draft, "latest", "unsupported")
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite=ready_draft.text.replace("latest", "new"),
            causes=[asked],
        )
        undone = undo_review(editor, done.review.pk)
        assert undone.assignment is not None
        assert undone.assignment.work["causes"] == [asked]
        assert undone.assignment.work["tags"] == []

    def test_a_cause_that_answers_no_question_is_refused(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(
                editor,
                outcome="EDIT",
                rewrite=ready_draft.text.replace("latest", "new"),
                causes=[cause_of(ready_draft, "single", "tone")],
            )
        assert set(refusal.value.errors) == {"causes.0.start"}

    def test_a_cause_of_another_task_is_refused(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(
                editor,
                outcome="EDIT",
                rewrite=ready_draft.text.replace("latest", "new"),
                causes=[cause_of(ready_draft, "latest", "verdict")],
            )
        assert set(refusal.value.errors) == {"causes.0.category"}

    def test_without_a_cause_it_is_saved_as_it_is(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite=ready_draft.text.replace("latest", "new"),
            tags=[tag_on(ready_draft, "!")],
        )
        assert [change["cause"] for change in done.review.alignment] == [""]

    def test_where_the_task_asks_for_it_each_change_needs_one(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        Task.objects.filter(pk=ready_draft.task_id).update(every_change_explained=True)
        rewrite = ready_draft.text.replace("latest", "new")
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="EDIT", rewrite=rewrite, tags=[tag_on(ready_draft, "!")])
        assert set(refusal.value.errors) == {"causes", "tags"}
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite=rewrite,
            causes=[cause_of(ready_draft, "latest", "taste")],
        )
        assert done.review.outcome == "EDIT"

    @pytest.mark.parametrize(
        "changes",
        [
            [{"start": 0}],
            {},
            [{**CHANGE, "end": 1}],
            [{**CHANGE, "before": 7}],
            [{**CHANGE, "tags": "1"}],
            [CHANGE, None],
        ],
    )
    def test_the_database_keeps_nothing_but_changes(
        self, editor: Person, ready_draft: Draft, changes: object
    ) -> None:
        place = ready_draft.places.get()
        said = {"editor": editor, "draft": ready_draft, "place": place, "outcome": "EDIT"}
        said |= {"rewrite": "Loud.", "body_sha256": ""}
        Review.objects.create(**said, key=uuid.uuid4(), alignment=[CHANGE])
        with pytest.raises(IntegrityError, match="alignment_holds_changes"), transaction.atomic():
            Review.objects.create(**said, key=uuid.uuid4(), alignment=changes)

    def test_nothing_but_an_edit_has_changes(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(IntegrityError, match="alignment_is_of_an_edit"), transaction.atomic():
            Review.objects.create(
                editor=editor,
                draft=ready_draft,
                place=ready_draft.places.get(),
                outcome="ACCEPT",
                key=uuid.uuid4(),
                alignment=[CHANGE],
            )

    def test_the_tags_keep_their_order_and_words(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite=REWRITE,
            tags=[tag_on_all(), tag_on(ready_draft, "latest single", "timebound", 5)],
        )
        assert [
            (tag.ordinal, tag.category.slug, tag.severity, tag.scope, tag.quote)
            for tag in done.review.tags.all()
        ] == [(1, "generic", 1, "draft", ""), (2, "timebound", 5, "span", "latest single")]

    def test_unchanged_it_is_an_accept(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="EDIT", rewrite=ready_draft.text)
        assert done.review.outcome == "ACCEPT"
        assert done.review.rewrite == ""
        assert done.golden is not None
        assert done.golden.text == ready_draft.text

    def test_unchanged_it_is_refused_as_an_accept_would_be(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(
                editor,
                outcome="EDIT",
                rewrite=ready_draft.text,
                tags=[tag_on(ready_draft, "latest")],
            )
        assert set(refusal.value.errors) == {"tags"}

    def test_it_needs_a_rewrite(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="EDIT")
        assert set(refusal.value.errors) == {"rewrite"}

    def test_a_rewrite_that_the_format_refuses_is_named(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="EDIT", rewrite="Two lines.\nWhere one was asked for.")
        assert set(refusal.value.errors) == {"rewrite"}


class TestEditOfAJob:
    def test_the_text_follows_from_the_output(self, editor: Person, ready_job_draft: Draft) -> None:
        output = {**JOB_OUTPUT, "verdict": "partial"}
        done = reviewed(
            editor, outcome="EDIT", rewrite_output=output, tags=[tag_on_all("verdict", 5)]
        )
        assert done.golden is not None
        assert done.golden.output == output
        assert done.golden.text.startswith("Partial fit")
        assert done.review.rewrite == done.golden.text
        assert done.golden.rests_on == ["/audience/skills/0", "/item/skills_wanted/1"]

    def test_an_unchanged_output_is_an_accept(self, editor: Person, ready_job_draft: Draft) -> None:
        done = reviewed(editor, outcome="EDIT", rewrite_output=JOB_OUTPUT)
        assert done.review.outcome == "ACCEPT"
        assert done.golden is not None
        assert done.golden.output == JOB_OUTPUT

    def test_a_bullet_on_a_fact_that_is_not_there_is_refused(
        self, editor: Person, ready_job_draft: Draft
    ) -> None:
        matches = [{"text": "You know Rust.", "fact": "/audience/skills/9"}]
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="EDIT", rewrite_output={**JOB_OUTPUT, "matches": matches})
        assert set(refusal.value.errors) == {"rewrite_output"}

    def test_one_text_is_refused(self, editor: Person, ready_job_draft: Draft) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="EDIT", rewrite="Weak fit")
        assert "rewrite_output" in refusal.value.errors


class TestReject:
    def test_it_makes_no_golden_and_settles_the_draft(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="REJECT", tags=[tag_on_all("contradicts", 5)])
        ready_draft.refresh_from_db()
        assert done.golden is None
        assert ready_draft.settled_outcome == "REJECT"

    def test_it_needs_a_tag(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="REJECT")
        assert set(refusal.value.errors) == {"tags"}

    def test_a_rewrite_that_was_begun_is_kept(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(
            editor, outcome="REJECT", rewrite="Dead Rabb", tags=[tag_on_all("contradicts", 5)]
        )
        assert done.review.rewrite == "Dead Rabb"
        assert done.golden is None


class TestLeavingItToOthers:
    def test_a_skipped_draft_waits_for_somebody_else(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="SKIP", reason="field")
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.READY
        assert claim_next(editor) is None
        assert claimed(second_editor).place.draft == ready_draft

    def test_an_escalated_draft_waits_for_the_lead(
        self, editor: Person, second_editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ESCALATE", reason="guide")
        assert claim_next(second_editor) is None
        done = submitted(lead, claimed(lead, escalated=True), outcome="ACCEPT")
        ready_draft.refresh_from_db()
        assert ready_draft.settled_outcome == "ACCEPT"
        assert done.golden is not None

    def test_what_is_with_the_lead_is_not_escalated_again(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ESCALATE", reason="guide")
        with pytest.raises(BodyRefused) as refusal:
            submitted(lead, claimed(lead, escalated=True), outcome="ESCALATE", reason="guide")
        assert set(refusal.value.errors) == {"outcome"}

    def test_an_unreviewable_draft_is_done_with(self, editor: Person, ready_draft: Draft) -> None:
        reviewed(editor, outcome="UNREVIEWABLE", reason="broken")
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.REVIEWED
        assert ready_draft.settled_outcome == "UNREVIEWABLE"

    @pytest.mark.parametrize("outcome", ["SKIP", "ESCALATE", "UNREVIEWABLE"])
    def test_each_needs_a_reason(self, editor: Person, ready_draft: Draft, outcome: str) -> None:
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome=outcome)
        assert set(refusal.value.errors) == {"reason"}


class TestSeveralReviews:
    @pytest.fixture
    def wanted_twice(self, ready_draft: Draft) -> Draft:
        Place.objects.create(
            draft=ready_draft, ordinal=2, task=ready_draft.task, priority=ready_draft.priority
        )
        return ready_draft

    def test_the_draft_ends_with_its_last_place(
        self, editor: Person, second_editor: Person, wanted_twice: Draft
    ) -> None:
        reviewed(editor, outcome="ACCEPT")
        wanted_twice.refresh_from_db()
        assert wanted_twice.state == Draft.State.READY
        reviewed(second_editor, outcome="ACCEPT")
        wanted_twice.refresh_from_db()
        assert wanted_twice.state == Draft.State.REVIEWED
        assert wanted_twice.settled_outcome == "ACCEPT"

    def test_where_they_disagree_nothing_is_settled(
        self, editor: Person, second_editor: Person, wanted_twice: Draft
    ) -> None:
        reviewed(editor, outcome="ACCEPT")
        reviewed(second_editor, outcome="REJECT", tags=[tag_on_all()])
        wanted_twice.refresh_from_db()
        assert wanted_twice.state == Draft.State.REVIEWED
        assert wanted_twice.settled_outcome == ""


class TestOnce:
    def test_the_same_submission_again_gets_the_stored_answer(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment, key = claimed(editor), uuid.uuid4()
        first = submitted(editor, assignment, key, outcome="ACCEPT")
        again = submitted(editor, assignment, key, outcome="ACCEPT", active_ms=999)
        assert again == Submitted(first.review, first.golden, replayed=True)
        assert not first.replayed
        assert Review.objects.count() == 1

    def test_another_body_under_the_same_key_is_refused(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment, key = claimed(editor), uuid.uuid4()
        submitted(editor, assignment, key, outcome="ACCEPT")
        with pytest.raises(KeyReused):
            submitted(editor, assignment, key, outcome="BLAND")

    def test_the_key_of_another_draft_is_refused(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(2)
        key = uuid.uuid4()
        submitted(editor, claimed(editor), key, outcome="ACCEPT")
        second = claimed(editor)
        with pytest.raises(KeyReused):
            submitted(editor, second, key, outcome="ACCEPT")
        second.refresh_from_db()
        assert second.state == Assignment.State.ACTIVE

    def test_two_editors_may_make_the_same_key(
        self, editor: Person, second_editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        key = uuid.uuid4()
        for person in (editor, second_editor):
            assert not submitted(person, claimed(person), key, outcome="ACCEPT").replayed

    def test_a_second_tab_makes_no_second_review(self, editor: Person, ready_draft: Draft) -> None:
        assignment = claimed(editor)
        first = submitted(editor, assignment, outcome="ACCEPT")
        with pytest.raises(AlreadySubmitted) as already:
            submitted(editor, assignment, outcome="BLAND")
        assert already.value.review == first.review


class TestLate:
    def test_a_late_submission_counts_while_the_place_is_free(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        assert submitted(editor, assignment, outcome="ACCEPT").golden is not None

    def test_one_given_back_counts_while_the_place_is_free(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        release(assignment.pk, editor)
        assert submitted(editor, assignment, outcome="ACCEPT").golden is not None

    @pytest.mark.parametrize(
        ("end", "reason"), [("taken", "taken"), ("done", "finished"), ("closed", "withdrawn")]
    )
    def test_one_that_comes_too_late_is_kept_and_explained(
        self, editor: Person, second_editor: Person, ready_draft: Draft, end: str, reason: str
    ) -> None:
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        if end == "closed":
            ready_draft.places.update(state=Place.State.CLOSED)
        else:
            others = claimed(second_editor)
            if end == "done":
                submitted(second_editor, others, outcome="ACCEPT")
        with pytest.raises(LeaseLost) as lost:
            submitted(editor, assignment, outcome="EDIT", rewrite=REWRITE)
        assert lost.value.reason == reason
        assignment.refresh_from_db()
        assert assignment.work["rewrite"] == REWRITE

    def test_a_withdrawn_draft_takes_no_review(self, editor: Person, ready_draft: Draft) -> None:
        assignment = claimed(editor)
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.WITHDRAWN)
        with pytest.raises(LeaseLost):
            submitted(editor, assignment, outcome="ACCEPT")

    def test_nobody_submits_for_somebody_else(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        with pytest.raises(Assignment.DoesNotExist):
            submitted(second_editor, assignment, outcome="ACCEPT")


class TestDetails:
    def test_a_tag_can_take_a_finding(self, editor: Person, ready_draft: Draft) -> None:
        finding = Finding.objects.create(
            draft=ready_draft,
            check_name="grounding",
            check_version=1,
            level=Finding.Level.WARNING,
            message="No fact says so.",
        )
        tag = {**tag_on(ready_draft, "latest", "timebound"), "finding": finding.pk}
        done = reviewed(editor, outcome="REJECT", tags=[tag])
        assert done.review.tags.get().finding == finding

    def test_the_finding_of_another_draft_is_refused(
        self, editor: Person, ready_draft: Draft, drafts: DraftMaker
    ) -> None:
        [other] = drafts(1, priority=1)
        finding = Finding.objects.create(
            draft=other, check_name="x", check_version=1, level="warning", message="x"
        )
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="REJECT", tags=[{**tag_on_all(), "finding": finding.pk}])
        assert set(refusal.value.errors) == {"tags.0.finding"}

    def test_a_retired_category_is_refused(
        self, editor: Person, ready_draft: Draft, music_task: Task
    ) -> None:
        music_task.categories.filter(slug="generic").update(retired_at=Now())
        with pytest.raises(BodyRefused) as refusal:
            reviewed(editor, outcome="REJECT", tags=[tag_on_all("generic")])
        assert set(refusal.value.errors) == {"tags.0.category"}

    def test_the_guide_in_use_is_kept_with_the_review_and_is_final_from_then_on(
        self, editor: Person, ready_draft: Draft, music_task: Task
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        assert done.review.guide == music_task.guide
        assert Guide.objects.get(task=music_task).used_at is not None

    def test_the_time_at_work_is_bounded_by_the_time_since_the_claim(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        assert reviewed(editor, outcome="ACCEPT", active_ms=10**9).review.active_ms < 60_000
        assignment = claimed(editor)
        Assignment.objects.filter(pk=assignment.pk).update(created_at=Now() - timedelta(hours=1))
        save_work(assignment.pk, editor, {}, 0, 42_000)
        done = submitted(editor, assignment, outcome="ACCEPT", active_ms=40_000)
        assert done.review.active_ms == 42_000

    def test_a_blocked_draft_of_the_blind_sample_is_reviewed_like_any(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.BLOCKED, blind=True)
        reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.REVIEWED

    def test_a_fact_added_during_the_review_goes_into_the_golden(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        recommendation = ready_draft.recommendation
        assert ready_draft.snapshot is not None
        recommendation.snapshot = FactSnapshot.objects.create(
            recommendation=recommendation,
            number=2,
            cause=FactSnapshot.Cause.OVERLAY,
            item={**ready_draft.snapshot.item, "singer": "Craig Mabbitt"},
            audience=ready_draft.snapshot.audience,
            sources={"/item/singer": "the sleeve"},
        )
        recommendation.save()
        done = submitted(
            editor,
            assignment,
            outcome="EDIT",
            rewrite="Craig Mabbitt drives Dead Rabbitts to a metalcore adrenaline rush!",
        )
        assert done.golden is not None
        assert done.golden.snapshot == recommendation.snapshot
        assert "/item/singer" in done.golden.rests_on


class TestCost:
    def test_an_accept_locks_reads_and_writes_in_three_statements(
        self,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        drafts(2)
        reviewed(editor, outcome="ACCEPT")
        assignment = claimed(editor)
        with django_assert_num_queries(5):  # two of them open and close the transaction
            submitted(editor, assignment, outcome="ACCEPT", answers={"specific": "yes"})

    def test_after_a_few_submissions_no_statement_is_planned_anew(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        """PostgreSQL goes on planning what it takes for dearer than planning."""
        drafts(8)
        for _ in range(6):
            reviewed(editor, outcome="ACCEPT", answers={"specific": "yes"})
        planned = plans_made()
        assert len(planned) >= 3
        reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
        reviewed(editor, outcome="ACCEPT")
        assert plans_made() == planned


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_a_double_enter_makes_one_review(self, editor: Person, drafts: DraftMaker) -> None:
        for draft in drafts(10):
            assignment, key = claimed(editor), uuid.uuid4()
            answers = at_once(editor, assignment, [key, key, key])
            assert draft.reviews.count() == 1
            assert sorted(
                answer.replayed for answer in answers if isinstance(answer, Submitted)
            ) == [
                False,
                True,
                True,
            ]
            assert Golden.objects.filter(review__draft=draft).count() == 1

    def test_two_tabs_make_one_review(self, editor: Person, drafts: DraftMaker) -> None:
        for draft in drafts(10):
            assignment = claimed(editor)
            answers = at_once(editor, assignment, [uuid.uuid4(), uuid.uuid4()])
            assert draft.reviews.count() == 1
            assert {type(answer) for answer in answers} == {Submitted, AlreadySubmitted}


def plans_made() -> dict[str, int]:
    """How often each prepared statement of this connection was planned for its values."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, custom_plans FROM pg_prepared_statements")
        return dict(cursor.fetchall())


def at_once(editor: Person, assignment: Assignment, keys: list[uuid.UUID]) -> list[object]:
    """Submit once for each key, all at the same time; return the answers and what was raised."""
    answers: list[object] = []
    start = threading.Barrier(len(keys))

    def submit(key: uuid.UUID) -> None:
        try:
            start.wait()
            answers.append(submitted(editor, assignment, key, outcome="ACCEPT"))
        except Exception as error:  # the test says which may be raised
            answers.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=submit, args=[key]) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
