"""A review that is taken back gives back the draft, the work and the place."""

import uuid

import pytest

from accounts.models import LogEntry, Person
from explanations.models import Draft, FactSnapshot, Finding, Place
from feedback.models import Assignment, Golden, Review
from feedback.review_body import parse_body
from feedback.services.goldens import send_back, withdraw_golden
from feedback.services.queue import (
    assignment_on,
    claim_next,
    prepare_next,
    save_work,
)
from feedback.services.reviewing import UNDOABLE, UndoRefused, submit_review, undo_review
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import (
    claimed,
    leased_ahead,
    reviewed,
    submitted,
    tag_on,
    tag_on_all,
)


class TestUndo:
    def test_the_draft_is_the_editors_again_with_all_that_was_sent(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        tag = tag_on(ready_draft, "latest", "timebound")
        done = reviewed(
            editor,
            outcome="EDIT",
            rewrite="Dead Rabbitts' new single is a metalcore adrenaline rush!",
            tags=[tag],
            answers={"specific": "yes"},
            note="Not the latest.",
        )
        undone = undo_review(editor, done.review.pk)
        assert undone.assignment is not None
        assert undone.assignment.place.draft == ready_draft
        assert undone.assignment != done.review.assignment
        work = undone.assignment.work
        assert work["outcome"] == "EDIT"
        assert work["rewrite"] == done.review.rewrite
        assert work["tags"][0]["quote"] == "latest"
        assert work["answers"] == {"specific": "yes"}
        assert work["note"] == "Not the latest."
        assert claimed(editor) == undone.assignment

    def test_the_draft_waits_again(self, editor: Person, ready_draft: Draft) -> None:
        undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.READY
        assert ready_draft.settled_outcome == ""
        assert ready_draft.places.get().state == Place.State.OPEN

    def test_the_review_stays_and_is_superseded(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        undone = undo_review(editor, done.review.pk)
        assert undone.review.supersedes == done.review
        assert not Review.objects.standing().exists()
        assert Review.objects.count() == 2

    def test_the_golden_is_withdrawn(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        undo_review(editor, done.review.pk)
        assert Golden.objects.get().state == Golden.State.WITHDRAWN

    def test_it_is_written_down(self, editor: Person, ready_draft: Draft) -> None:
        undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
        assert LogEntry.objects.filter(action="undid a review", actor=editor).count() == 1

    def test_the_draft_can_be_submitted_once_more(self, editor: Person, ready_draft: Draft) -> None:
        undone = undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
        assert undone.assignment is not None
        again = submitted(editor, undone.assignment, outcome="REJECT", tags=[tag_on_all()])
        ready_draft.refresh_from_db()
        assert ready_draft.settled_outcome == "REJECT"
        assert list(Review.objects.standing()) == [again.review]

    def test_undoing_twice_undoes_once(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(2)
        done = reviewed(editor, outcome="ACCEPT")
        reviewed(editor, outcome="ACCEPT")
        assert undo_review(editor, done.review.pk) == undo_review(editor, done.review.pk)
        assert Review.objects.filter(outcome="UNDO").count() == 1

    def test_it_asks_for_no_reason_and_keeps_one_that_is_given(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        first, second = reviewed(editor, outcome="ACCEPT"), reviewed(editor, outcome="ACCEPT")
        assert undo_review(editor, first.review.pk).review.reason == ""
        assert undo_review(editor, second.review.pk, "slip").review.reason == "slip"

    def test_a_reason_that_is_not_on_the_list_is_refused(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        with pytest.raises(UndoRefused, match="second-thoughts"):
            undo_review(editor, done.review.pk, "whim")

    def test_that_its_golden_was_sent_back_is_known_without_saying_so(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        assert done.golden is not None
        send_back(done.golden.pk, lead, "Too dry.")
        assert undo_review(editor, done.review.pk).review.reason == "sent-back"

    def test_a_skip_can_be_taken_back(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="SKIP", reason="later")
        assert claim_next(editor) is None
        assert undo_review(editor, done.review.pk).assignment is not None

    def test_a_skip_is_not_taken_back_once_somebody_gave_the_draft_to_the_lead(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="SKIP", reason="later")
        reviewed(second_editor, outcome="ESCALATE", reason="guide")

        with pytest.raises(UndoRefused, match="with the lead"):
            undo_review(editor, done.review.pk)

    def test_a_draft_taken_back_from_the_lead_is_in_the_ordinary_queue(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ESCALATE", reason="guide")
        undo_review(editor, done.review.pk)
        assert ready_draft.places.get().state == Place.State.OPEN

    def test_what_a_lead_takes_back_stays_with_the_lead(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ESCALATE", reason="guide")
        done = submitted(lead, claimed(lead, escalated=True), outcome="ACCEPT")
        undo_review(lead, done.review.pk)
        assert ready_draft.places.get().state == Place.State.ESCALATED

    def test_a_blocked_draft_of_the_blind_sample_is_blocked_again(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.BLOCKED, blind=True)
        Finding.objects.create(
            draft=ready_draft,
            check_name="x",
            check_version=1,
            level="error",
            message="x",
            blocked=True,
        )
        done = reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
        undo_review(editor, done.review.pk)
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.BLOCKED

    def test_a_draft_whose_facts_have_changed_since_is_drafted_again_instead(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        recommendation, shown = ready_draft.recommendation, ready_draft.snapshot
        assert shown is not None
        recommendation.snapshot = FactSnapshot.objects.create(
            recommendation=recommendation,
            number=2,
            item={**shown.item, "genre": "post-hardcore"},
            audience={},
        )
        recommendation.save()
        assert undo_review(editor, done.review.pk).assignment is None
        ready_draft.refresh_from_db()
        assert ready_draft.state == Draft.State.WITHDRAWN
        assert ready_draft.redrafts.count() == 1


class TestOneAfterTheOther:
    def test_ten_reviews_are_taken_back_and_come_again_each_with_its_own_work(
        self, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(UNDOABLE + 2)
        done = [reviewed(editor, outcome="BLAND", note=f"{n}").review for n in range(UNDOABLE)]
        prepare_next(editor)

        for review in reversed(done):
            undone = undo_review(editor, review.pk)
            assert undone.assignment is not None
            assert undone.assignment.work["note"] == review.note
            assert claimed(editor) == undone.assignment
        assert not Review.objects.standing().exists()

        for _ in done:
            again = claimed(editor)
            submitted(editor, again, outcome="BLAND", note=again.work["note"])
        assert {each.draft_id for each in Review.objects.standing()} == {
            each.draft_id for each in done
        }

    def test_a_late_repetition_of_what_was_taken_back_gets_its_answer_and_submits_nothing(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        key = uuid.uuid4()
        done = submitted(editor, claimed(editor), key, outcome="ACCEPT")
        undo_review(editor, done.review.pk)

        body = parse_body({"outcome": "ACCEPT"})
        again = submit_review(editor, assignment_on(ready_draft.pk, editor, key), key, body)

        assert again.replayed
        assert again.review == done.review
        assert not Review.objects.standing().exists()


class TestRoom:
    def test_the_draft_leased_ahead_makes_room(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(4)
        done = reviewed(editor, outcome="ACCEPT")
        current = claimed(editor)
        save_work(current.pk, editor, {"note": "begun"}, 0, 0)
        prepare_next(editor)
        undone = undo_review(editor, done.review.pk)
        assert claimed(editor) == undone.assignment
        assert set(Assignment.objects.active().filter(editor=editor)) == {
            current,
            undone.assignment,
        }

    def test_two_drafts_with_work_make_none(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(4)
        done = reviewed(editor, outcome="ACCEPT")
        for assignment in (claimed(editor), leased_ahead(editor)):
            save_work(assignment.pk, editor, {"note": "begun"}, 0, 0)
        with pytest.raises(UndoRefused, match="unsaved work"):
            undo_review(editor, done.review.pk)


class TestRefused:
    def test_somebody_elses_review(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        with pytest.raises(Review.DoesNotExist):
            undo_review(second_editor, done.review.pk)

    def test_an_older_one_than_the_last_ten(self, editor: Person, drafts: DraftMaker) -> None:
        drafts(UNDOABLE + 1)
        first, *later = [reviewed(editor, outcome="ACCEPT") for _ in range(UNDOABLE + 1)]
        with pytest.raises(UndoRefused, match="last 10"):
            undo_review(editor, first.review.pk)
        assert undo_review(editor, later[0].review.pk).assignment is not None

    def test_but_not_one_whose_golden_was_sent_back(
        self, editor: Person, lead: Person, drafts: DraftMaker
    ) -> None:
        drafts(UNDOABLE + 1)
        first, *_later = [reviewed(editor, outcome="ACCEPT") for _ in range(UNDOABLE + 1)]
        assert first.golden is not None
        send_back(first.golden.pk, lead, "Say what it sounds like.")
        assert undo_review(editor, first.review.pk).assignment is not None

    def test_a_skip_of_a_draft_that_somebody_else_has_now(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="SKIP", reason="later")
        claimed(second_editor)
        with pytest.raises(UndoRefused, match="Somebody else has this draft"):
            undo_review(editor, done.review.pk)

    def test_a_skip_of_a_draft_that_somebody_else_has_reviewed(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="SKIP", reason="later")
        reviewed(second_editor, outcome="ACCEPT")
        with pytest.raises(UndoRefused, match="reviewed this draft since"):
            undo_review(editor, done.review.pk)

    def test_a_review_of_a_draft_that_was_pulled(self, editor: Person, ready_draft: Draft) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.QUARANTINED)
        with pytest.raises(UndoRefused, match="quarantined"):
            undo_review(editor, done.review.pk)

    def test_one_whose_golden_a_lead_has_withdrawn_for_good(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        assert done.golden is not None
        withdraw_golden(done.golden.pk, lead, "The artist asked for it.")
        with pytest.raises(UndoRefused, match="The artist asked for it"):
            undo_review(editor, done.review.pk)

    def test_an_undo(self, editor: Person, ready_draft: Draft) -> None:
        undone = undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
        with pytest.raises(UndoRefused, match="not undone"):
            undo_review(editor, undone.review.pk)
