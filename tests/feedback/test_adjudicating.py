"""Where reviews disagree a lead settles it once, and can take it back."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models.functions import Now

from accounts.models import LogEntry, Person
from explanations.models import Draft, FactSnapshot, Place
from feedback.models import Adjudication, Golden, JudgedDraft, Review
from feedback.services.adjudicating import (
    AdjudicationRefused,
    adjudicate,
    undo_adjudication,
    where_reviews_disagree,
)
from feedback.services.goldens import approve_golden, send_back
from feedback.services.memory import decided_before
from feedback.services.reviewing import UndoRefused, undo_review
from feedback.services.statistics.keeping import keep_statistics
from feedback.services.statistics.recounting import recount
from tests.conftest import drafted
from tests.feedback.conftest import DraftMaker
from tests.feedback.counted_by_hand import counted_by_hand, counted_by_the_desk
from tests.feedback.disagreeing import Disagree, Disagreement, disagree, disagreement
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on_all

__all__ = ["disagree", "disagreement"]

REWRITE = "Dead Rabbitts play metalcore as if it were the first time."
WHY = "The guide calls this empty praise."


def state_of(review: Review) -> Golden.State:
    """What became of the golden of a review."""
    return Golden.State(review.goldens.get().state)


class TestSettling:
    def test_the_draft_is_settled_as_the_review_decided(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        assert list(where_reviews_disagree()) == [disagreement.draft]
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert disagreement.outcome() == "REJECT"
        assert not where_reviews_disagree().exists()

    def test_goldens_of_the_other_reviews_are_withdrawn(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        assert state_of(disagreement.accepted) == Golden.State.APPROVED
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert state_of(disagreement.accepted) == Golden.State.WITHDRAWN

    def test_the_golden_is_the_one_that_the_review_alone_would_have_given(
        self, lead: Person, disagree: Disagree
    ) -> None:
        disagreement = disagree(outcome="EDIT", rewrite=REWRITE, tags=[tag_on_all()])
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        standing = Golden.objects.exclude(state=Golden.State.WITHDRAWN).get()
        assert (standing.review, standing.text) == (disagreement.other, REWRITE)
        assert standing.grade == Golden.Grade.EXEMPLARY

    def test_a_golden_that_waits_for_a_second_person_goes_on_waiting(
        self, lead: Person, ready_draft: Draft, disagree: Disagree
    ) -> None:
        ready_draft.task.second_person_required = True
        ready_draft.task.save()
        disagreement = disagree(outcome="EDIT", rewrite=REWRITE, tags=[tag_on_all()])
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert state_of(disagreement.other) == Golden.State.PROPOSED
        approve_golden(disagreement.other.goldens.get().pk, lead)
        assert state_of(disagreement.other) == Golden.State.APPROVED

    def test_it_is_written_down(self, lead: Person, disagreement: Disagreement) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, f"  {WHY} ")
        entry = LogEntry.objects.get(action="settled")
        assert entry.actor == lead
        assert entry.detail == {
            "review": disagreement.other.pk,
            "outcome": "REJECT",
            "reason": WHY,
        }

    def test_the_same_again_is_answered_as_before(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        first = adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        again = adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert again == first
        assert LogEntry.objects.filter(action="settled").count() == 1

    def test_what_was_overruled_is_not_shown_as_decided_before(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        draft = disagreement.draft
        alike = drafted(draft.run, draft.recommendation, draft.text, ordinal=2)
        assert {each.review for each in decided_before(alike)} == {
            disagreement.accepted,
            disagreement.other,
        }
        adjudicate(draft.pk, disagreement.other.pk, lead, WHY)
        assert [each.review for each in decided_before(alike)] == [disagreement.other]


class TestRefused:
    def test_anybody_but_a_lead(self, editor: Person, disagreement: Disagreement) -> None:
        with pytest.raises(AdjudicationRefused, match="a lead settles it"):
            adjudicate(disagreement.draft.pk, disagreement.other.pk, editor, WHY)
        with pytest.raises(AdjudicationRefused, match="a lead settles it"):
            undo_adjudication(disagreement.draft.pk, editor)

    @pytest.mark.parametrize(("reason", "said"), [(" ", "Say why"), ("a" * 501, "500")])
    def test_a_reason_that_says_nothing_or_too_much(
        self, lead: Person, disagreement: Disagreement, reason: str, said: str
    ) -> None:
        with pytest.raises(AdjudicationRefused, match=said):
            adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, reason)

    def test_a_draft_whose_reviews_agree(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        review = reviewed(editor, outcome="ACCEPT").review
        with pytest.raises(AdjudicationRefused, match="do not disagree"):
            adjudicate(ready_draft.pk, review.pk, lead, WHY)

    def test_a_draft_that_still_wants_a_review(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        Place.objects.create(draft=ready_draft, ordinal=2, task=ready_draft.task, priority=50)
        review = reviewed(editor, outcome="ACCEPT").review
        with pytest.raises(AdjudicationRefused, match="not all in"):
            adjudicate(ready_draft.pk, review.pk, lead, WHY)

    def test_a_draft_that_was_withdrawn(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        Place.objects.create(draft=ready_draft, ordinal=2, task=ready_draft.task, priority=50)
        review = reviewed(editor, outcome="ACCEPT").review
        Draft.objects.update(state=Draft.State.WITHDRAWN)
        with pytest.raises(AdjudicationRefused, match="withdrawn"):
            adjudicate(ready_draft.pk, review.pk, lead, WHY)

    def test_a_review_that_was_taken_back(
        self, second_editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        again = undo_review(second_editor, disagreement.other.pk)
        assert again.assignment is not None
        submitted(second_editor, again.assignment, outcome="BLAND")
        with pytest.raises(AdjudicationRefused, match="taken back"):
            adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)

    def test_a_review_that_decides_nothing(
        self, editor: Person, lead: Person, disagree: Disagree, second_editor: Person
    ) -> None:
        skipped_by = second_editor
        disagreement = disagree(outcome="SKIP", reason="field")
        submitted(lead, claimed(lead), outcome="REJECT", tags=[tag_on_all()])
        assert disagreement.other.editor == skipped_by
        with pytest.raises(AdjudicationRefused, match="does not decide"):
            adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)

    def test_a_review_of_another_draft(
        self, editor: Person, lead: Person, disagreement: Disagreement, drafts: DraftMaker
    ) -> None:
        drafts(1)
        elsewhere = reviewed(editor, outcome="ACCEPT").review
        with pytest.raises(AdjudicationRefused, match="no such review"):
            adjudicate(disagreement.draft.pk, elsewhere.pk, lead, WHY)

    def test_what_somebody_has_settled_otherwise_meanwhile(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        with pytest.raises(AdjudicationRefused, match=f"{lead} has settled"):
            adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        assert disagreement.outcome() == "REJECT"

    def test_to_take_back_what_was_never_settled(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        with pytest.raises(AdjudicationRefused, match="No lead has settled"):
            undo_adjudication(disagreement.draft.pk, lead)


class TestTakingBack:
    def test_all_is_as_before(self, lead: Person, disagreement: Disagreement) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undone = undo_adjudication(disagreement.draft.pk, lead)
        assert undone.undone_by == lead
        assert disagreement.outcome() == ""
        assert list(where_reviews_disagree()) == [disagreement.draft]
        assert state_of(disagreement.accepted) == Golden.State.APPROVED
        assert LogEntry.objects.filter(action="unsettled", actor=lead).count() == 1

    def test_twice_takes_back_once(self, lead: Person, disagreement: Disagreement) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        first = undo_adjudication(disagreement.draft.pk, lead)
        assert undo_adjudication(disagreement.draft.pk, lead) == first
        assert LogEntry.objects.filter(action="unsettled").count() == 1

    def test_the_other_review_can_be_found_right_then(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undo_adjudication(disagreement.draft.pk, lead)
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, "On second thoughts.")
        assert disagreement.outcome() == "ACCEPT"
        assert state_of(disagreement.accepted) == Golden.State.APPROVED
        assert Adjudication.objects.count() == 2

    def test_a_golden_comes_back_with_the_state_that_it_had(
        self, lead: Person, disagree: Disagree
    ) -> None:
        disagreement = disagree(outcome="EDIT", rewrite=REWRITE, tags=[tag_on_all()])
        send_back(disagreement.other.goldens.get().pk, lead, "Too long.")
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        assert state_of(disagreement.other) == Golden.State.WITHDRAWN
        undo_adjudication(disagreement.draft.pk, lead)
        golden = disagreement.other.goldens.get()
        assert (golden.state, golden.state_reason) == (Golden.State.SENT_BACK, "Too long.")

    def test_a_golden_whose_facts_changed_meanwhile_needs_a_new_review(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        about = disagreement.draft.recommendation
        assert about.snapshot is not None
        about.snapshot = FactSnapshot.objects.create(
            recommendation=about,
            number=2,
            cause=FactSnapshot.Cause.IMPORT,
            item=about.snapshot.item | {"artist": "Somebody Else", "genre": "polka"},
            audience=about.snapshot.audience,
        )
        about.save()
        undo_adjudication(disagreement.draft.pk, lead)
        assert state_of(disagreement.accepted) == Golden.State.NEEDS_REVIEW


class TestAReviewTakenBack:
    def test_ends_what_rests_on_it(
        self, second_editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undo_review(second_editor, disagreement.other.pk)
        assert not Adjudication.objects.standing().exists()
        assert Adjudication.objects.get().undone_by == second_editor
        disagreement.draft.refresh_from_db()
        assert disagreement.draft.state == Draft.State.READY
        assert disagreement.outcome() == ""
        assert state_of(disagreement.accepted) == Golden.State.APPROVED

    def test_asks_the_lead_again_where_the_new_one_disagrees(
        self, second_editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undone = undo_review(second_editor, disagreement.other.pk)
        assert undone.assignment is not None
        submitted(second_editor, undone.assignment, outcome="BLAND")
        assert list(where_reviews_disagree()) == [disagreement.draft]

    def test_asks_nobody_where_the_new_one_agrees(
        self, second_editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undone = undo_review(second_editor, disagreement.other.pk)
        assert undone.assignment is not None
        submitted(second_editor, undone.assignment, outcome="ACCEPT")
        assert disagreement.outcome() == "ACCEPT"

    @pytest.mark.parametrize(
        "body",
        [
            {"outcome": "REJECT", "tags": [tag_on_all()]},
            {"outcome": "EDIT", "rewrite": REWRITE, "tags": [tag_on_all()]},
        ],
    )
    def test_is_refused_to_who_was_overruled(
        self, second_editor: Person, lead: Person, disagree: Disagree, body: dict[str, Any]
    ) -> None:
        disagreement = disagree(**body)
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        with pytest.raises(UndoRefused, match=r"another review of th(e|is) draft right"):
            undo_review(second_editor, disagreement.other.pk)
        assert disagreement.outcome() == "ACCEPT"

    def test_of_a_golden_that_was_sent_back_goes_on_as_ever(
        self, second_editor: Person, lead: Person, disagree: Disagree
    ) -> None:
        disagreement = disagree(outcome="EDIT", rewrite=REWRITE, tags=[tag_on_all()])
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        send_back(disagreement.other.goldens.get().pk, lead, "Too long.")
        assert undo_review(second_editor, disagreement.other.pk).assignment is not None


class TestTheDatabase:
    """Whatever a service may do wrong."""

    @pytest.fixture
    def settled(self, lead: Person, disagreement: Disagreement) -> Adjudication:
        return adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)

    def test_knows_one_answer_at_a_time(
        self, lead: Person, settled: Adjudication, disagreement: Disagreement
    ) -> None:
        with pytest.raises(IntegrityError, match="one_standing"), transaction.atomic():
            Adjudication.objects.create(
                draft=settled.draft, review=disagreement.accepted, lead=lead, reason=WHY
            )

    def test_takes_no_review_of_another_draft(
        self, lead: Person, settled: Adjudication, drafts: DraftMaker
    ) -> None:
        (elsewhere,) = drafts(1)
        with pytest.raises(IntegrityError, match="of its own draft"), transaction.atomic():
            Adjudication.objects.create(
                draft=elsewhere, review=settled.review, lead=lead, reason=WHY
            )

    def test_takes_none_without_a_reason(
        self, lead: Person, settled: Adjudication, disagreement: Disagreement
    ) -> None:
        undo_adjudication(settled.draft_id, lead)
        with pytest.raises(IntegrityError, match="says_why"), transaction.atomic():
            Adjudication.objects.create(draft=settled.draft, review=settled.review, lead=lead)

    def test_says_who_took_it_back_or_not_at_all(self, settled: Adjudication) -> None:
        with pytest.raises(IntegrityError, match="when_and_by_whom"), transaction.atomic():
            Adjudication.objects.update(undone_at=Now())

    @pytest.mark.parametrize("change", [{"reason": "Else."}, {"withdrew": []}])
    def test_never_changes_what_was_said(
        self, settled: Adjudication, change: dict[str, Any]
    ) -> None:
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            Adjudication.objects.update(**change)

    def test_takes_back_once(self, lead: Person, settled: Adjudication) -> None:
        undo_adjudication(settled.draft_id, lead)
        with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic():
            Adjudication.objects.update(undone_at=None, undone_by=None)

    def test_keeps_it(self, settled: Adjudication) -> None:
        with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
            Adjudication.objects.all().delete()


class TestWhatIsCounted:
    def test_is_the_review_that_was_found_right(
        self, editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        keep_statistics()
        assert not JudgedDraft.objects.exists()
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        assert keep_statistics() == 1
        judged = JudgedDraft.objects.get()
        assert (judged.review, judged.editor) == (disagreement.accepted, editor)
        assert counted_by_the_desk() == counted_by_hand()
        assert recount().is_right

    def test_is_that_one_also_where_a_later_one_came_to_the_same(
        self,
        editor: Person,
        second_editor: Person,
        lead: Person,
        disagree: Disagree,
        ready_draft: Draft,
    ) -> None:
        Place.objects.create(draft=ready_draft, ordinal=3, task=ready_draft.task, priority=50)
        disagreement = disagree(outcome="REJECT", tags=[tag_on_all()])
        submitted(lead, claimed(lead), outcome="ACCEPT")
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        keep_statistics()
        assert JudgedDraft.objects.get().review == disagreement.accepted

    def test_is_nothing_any_more_once_it_is_taken_back(
        self, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        keep_statistics()
        undo_adjudication(disagreement.draft.pk, lead)
        assert keep_statistics() == 1
        assert not JudgedDraft.objects.exists()
        assert recount().is_right

    def test_belongs_to_the_day_of_the_review_however_late_it_is_settled(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        Place.objects.create(draft=ready_draft, ordinal=2, task=ready_draft.task, priority=50)
        long_ago = datetime(2026, 3, 2, 12, tzinfo=UTC)
        first, second = ready_draft.places.order_by("ordinal")
        given = {"draft": ready_draft, "body_sha256": "", "created_at": long_ago}
        right = Review.objects.create(
            place=first, editor=editor, key=uuid.uuid4(), outcome="ACCEPT", **given
        )
        Review.objects.create(
            place=second,
            editor=lead,
            key=uuid.uuid4(),
            outcome="UNREVIEWABLE",
            reason="broken",
            **given,
        )
        ready_draft.places.update(state=Place.State.DONE)
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.REVIEWED)
        adjudicate(ready_draft.pk, right.pk, lead, WHY)
        keep_statistics()
        assert JudgedDraft.objects.get().day == long_ago.date()
