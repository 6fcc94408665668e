"""Goldens keep the facts they rest on, and stand only as long as those do."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import LogEntry, Person
from explanations.models import Draft, FactSnapshot, PublishedLine, Recommendation, Task
from explanations.services.facts import correct_fact
from feedback.models import Golden
from feedback.services.goldens import (
    GoldenRefused,
    approve_golden,
    facts_seen,
    mark_outdated,
    send_back,
    uses_unshown_fact,
    withdraw_golden,
)
from tests.feedback.people_at_work import reviewed

FactChange = Callable[..., FactSnapshot]


@pytest.fixture
def facts_become(recommendation: Recommendation) -> FactChange:
    """Give the recommendation new facts: `facts_become(genre="pop")` by a delivery, or added."""

    def change(*, added_by_editor: bool = False, **item: Any) -> FactSnapshot:
        now = recommendation.snapshot
        assert now is not None
        sources = {f"/item/{name}": "the sleeve" for name in item} if added_by_editor else {}
        recommendation.snapshot = FactSnapshot.objects.create(
            recommendation=recommendation,
            number=now.number + 1,
            cause=(FactSnapshot.Cause.OVERLAY if added_by_editor else FactSnapshot.Cause.IMPORT),
            item={**now.item, **item},
            audience=now.audience,
            sources={**now.sources, **sources},
        )
        recommendation.save()
        return recommendation.snapshot

    return change


@pytest.fixture
def strict_task(music_task: Task) -> Task:
    """The music task, where a golden needs a second pair of eyes."""
    music_task.second_person_required = True
    music_task.save()
    return music_task


def golden_of(editor: Person, **body: Any) -> Golden:
    golden = reviewed(editor, **(body or {"outcome": "ACCEPT"})).golden
    assert golden is not None
    return golden


class TestPublished:
    def test_an_approved_line_is_handed_down_and_a_withdrawn_one_taken_back(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor)
        line = PublishedLine.objects.get()
        assert (line.source, line.text) == (f"golden {golden.pk}", golden.text)
        withdraw_golden(golden.pk, lead, "It names nobody.")
        assert not PublishedLine.objects.exists()

    def test_a_line_that_waits_is_not_published_before_it_is_approved(
        self, editor: Person, lead: Person, strict_task: Task, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor)
        assert not PublishedLine.objects.exists()
        approve_golden(golden.pk, lead)
        assert PublishedLine.objects.get().text == golden.text


class TestFacts:
    def test_it_keeps_those_that_the_model_was_shown(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        assert golden_of(editor).snapshot == ready_draft.snapshot

    def test_one_added_by_an_editor_is_seen_and_kept(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        now = facts_become(added_by_editor=True, singer="Craig Mabbitt")
        ready_draft.refresh_from_db()
        assert facts_seen(ready_draft) == (now.facts, {"/item/singer": "the sleeve"})
        assert golden_of(editor).snapshot == now

    def test_one_delivered_since_is_not_what_the_editor_saw(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        facts_become(label="Tragic Hero")
        assert golden_of(editor).snapshot == ready_draft.snapshot

    def test_one_changed_since_never_gets_into_a_golden_that_was_made_before(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        facts_become(tempo_bpm=99)
        added = facts_become(added_by_editor=True, singer="Craig Mabbitt")
        golden = golden_of(
            editor,
            outcome="EDIT",
            rewrite="Craig Mabbitt drives Dead Rabbitts to a metalcore adrenaline rush!",
        )
        assert ready_draft.snapshot is not None
        assert golden.snapshot.item == {**ready_draft.snapshot.item, "singer": "Craig Mabbitt"}
        assert golden.snapshot.sources == {"/item/singer": "the sleeve"}
        assert golden.recommendation.snapshot == added

    def test_resting_on_a_fact_that_changed_it_needs_a_new_review(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        facts_become(title="Dear Heart")
        golden = golden_of(
            editor, outcome="EDIT", rewrite="“Deer Heart” is a metalcore rush by Dead Rabbitts."
        )
        assert golden.state == Golden.State.NEEDS_REVIEW
        assert "/item/title" in golden.state_reason

    def test_it_says_whether_the_model_could_have_known(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        facts_become(added_by_editor=True, singer="Craig Mabbitt")
        golden = golden_of(
            editor,
            outcome="EDIT",
            rewrite="Craig Mabbitt drives Dead Rabbitts to a metalcore adrenaline rush!",
        )
        assert uses_unshown_fact(golden)

    def test_it_says_so_only_where_it_uses_the_fact(
        self, editor: Person, ready_draft: Draft, facts_become: FactChange
    ) -> None:
        facts_become(added_by_editor=True, singer="Craig Mabbitt")
        assert not uses_unshown_fact(golden_of(editor))


class TestSecondPerson:
    def test_it_stands_by_itself_where_the_task_asks_for_nobody(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor)
        assert golden.state == Golden.State.APPROVED
        assert golden.approved_by is None

    def test_it_waits_where_the_task_asks_for_one(
        self, editor: Person, strict_task: Task, ready_draft: Draft
    ) -> None:
        assert golden_of(editor).state == Golden.State.PROPOSED

    def test_somebody_else_approves_it(
        self, editor: Person, second_editor: Person, strict_task: Task, ready_draft: Draft
    ) -> None:
        golden = approve_golden(golden_of(editor).pk, second_editor)
        golden.refresh_from_db()
        assert golden.state == Golden.State.APPROVED
        assert golden.approved_by == second_editor
        assert LogEntry.objects.filter(action="golden approved", actor=second_editor).exists()

    def test_nobody_approves_their_own(
        self, editor: Person, strict_task: Task, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor)
        with pytest.raises(GoldenRefused, match="somebody else"):
            approve_golden(golden.pk, editor)
        golden.refresh_from_db()
        assert golden.state == Golden.State.PROPOSED

    def test_what_is_approved_is_not_approved_again(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        with pytest.raises(GoldenRefused, match="does not wait"):
            approve_golden(golden_of(editor).pk, second_editor)

    def test_one_on_a_changed_fact_is_not_approved(
        self,
        editor: Person,
        second_editor: Person,
        strict_task: Task,
        ready_draft: Draft,
        facts_become: FactChange,
    ) -> None:
        golden = golden_of(editor)
        facts_become(artist="The Dead Rabbitts Band")
        with pytest.raises(GoldenRefused, match="/item/artist"):
            approve_golden(golden.pk, second_editor)


class TestChecks:
    INVENTED = "Dead Rabbitts bring back the metalcore of 1987."

    def test_a_text_that_a_check_forbids_is_kept_and_waits_with_the_reason(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor, outcome="EDIT", rewrite=self.INVENTED)
        assert golden.state == Golden.State.PROPOSED
        assert "1987" in golden.state_reason

    def test_and_nobody_approves_it(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor, outcome="EDIT", rewrite=self.INVENTED)
        with pytest.raises(GoldenRefused, match="1987"):
            approve_golden(golden.pk, second_editor)


class TestLater:
    def test_it_is_sent_back_with_a_reason(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        golden = send_back(golden_of(editor).pk, lead, " Say what it sounds like. ")
        golden.refresh_from_db()
        assert golden.state == Golden.State.SENT_BACK
        assert golden.state_reason == "Say what it sounds like."

    def test_never_without_one(self, editor: Person, lead: Person, ready_draft: Draft) -> None:
        with pytest.raises(GoldenRefused, match="why"):
            send_back(golden_of(editor).pk, lead, "  ")

    def test_nobody_sends_back_their_own(self, editor: Person, ready_draft: Draft) -> None:
        with pytest.raises(GoldenRefused, match="Undo"):
            send_back(golden_of(editor).pk, editor, "Hm.")

    def test_it_is_withdrawn_for_good(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        golden = withdraw_golden(golden_of(editor).pk, lead, "The artist asked for it.")
        assert golden.state == Golden.State.WITHDRAWN
        with pytest.raises(GoldenRefused, match="already"):
            withdraw_golden(golden.pk, lead, "Again.")
        with pytest.raises(GoldenRefused, match="already"):
            send_back(golden.pk, lead, "Again.")
        with pytest.raises(GoldenRefused, match="does not wait"):
            approve_golden(golden.pk, lead)

    def test_one_whose_fact_changes_needs_a_new_review(
        self,
        editor: Person,
        ready_draft: Draft,
        recommendation: Recommendation,
        facts_become: FactChange,
    ) -> None:
        golden = golden_of(editor)
        facts_become(genre="post-hardcore")
        assert mark_outdated([recommendation.pk]) == 1
        assert mark_outdated([recommendation.pk]) == 0
        golden.refresh_from_db()
        assert golden.state == Golden.State.NEEDS_REVIEW
        assert "/item/genre" in golden.state_reason

    def test_it_needs_one_however_the_fact_was_changed(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        golden = golden_of(editor)
        correct_fact(ready_draft.recommendation, "/item/genre", "post-hardcore", "the label", lead)
        golden.refresh_from_db()
        assert golden.state == Golden.State.NEEDS_REVIEW

    def test_one_that_does_not_rest_on_what_changed_is_left_alone(
        self,
        editor: Person,
        ready_draft: Draft,
        recommendation: Recommendation,
        facts_become: FactChange,
    ) -> None:
        golden = golden_of(editor)
        facts_become(tempo_bpm=99)
        assert mark_outdated([recommendation.pk]) == 0
        golden.refresh_from_db()
        assert golden.state == Golden.State.APPROVED
