"""A harmful tag sets the same words aside, tells the leads, and is taken back with its review."""

import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accounts.models import LogEntry, Person
from explanations.models import Draft, Place, PublishedLine, Run, Task
from feedback.models import BulkAction, Golden, Review
from feedback.services.bulk_actions import caused_by_reviews, let_stand, undo
from feedback.services.goldens import withdraw_golden
from feedback.services.queue import LeaseLost, claim_next, save_work
from feedback.services.reviewing import undo_review
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on_all

pytestmark = pytest.mark.django_db

CRUEL = "Dead Rabbitts sound like what they deserve."


@pytest.fixture
def same_line(run: Run, music_task: Task) -> list[Draft]:
    """Three tracks of which the model says the same; the first one is the most urgent."""
    return [said_of(run, music_task, number) for number in range(3)]


def said_of(run: Run, task: Task, number: int, text: str = CRUEL, **more: Any) -> Draft:
    about = recommended(
        task, f"track:{number}", {**TRACK, "title": f"Deer Heart {number}"}, LISTENER, "DR", 90
    )
    return drafted(run, about, text, **more)


def state(draft: Draft) -> str:
    return Draft.objects.values_list("state", flat=True).get(pk=draft.pk)


def called_harmful(editor: Person, outcome: str = "REJECT", **more: Any) -> Review:
    return reviewed(editor, outcome=outcome, tags=[tag_on_all("harmful", 25)], **more).review


def test_the_same_words_leave_the_queue(editor: Person, same_line: list[Draft]) -> None:
    called_harmful(editor)

    assert [state(draft) for draft in same_line] == ["REVIEWED", "QUARANTINED", "QUARANTINED"]
    assert not Place.objects.filter(state=Place.State.OPEN).exists()
    assert claim_next(editor) is None


def test_other_words_other_tasks_and_the_blind_sample_stay(
    editor: Person, run: Run, music_task: Task, same_line: list[Draft], ready_job_draft: Draft
) -> None:
    other = said_of(run, music_task, 7, CRUEL.upper())
    blind = said_of(run, music_task, 8, blind=True)
    elsewhere = drafted(ready_job_draft.run, ready_job_draft.recommendation, CRUEL, ordinal=2)

    called_harmful(editor)

    assert [state(draft) for draft in (other, blind, elsewhere)] == ["READY"] * 3


def test_a_blocked_draft_with_the_same_words_is_quarantined_too(
    editor: Person, same_line: list[Draft]
) -> None:
    Draft.objects.filter(pk=same_line[2].pk).update(state="BLOCKED")
    Place.objects.filter(draft=same_line[2]).delete()

    review = called_harmful(editor)
    assert state(same_line[2]) == "QUARANTINED"

    undo_review(editor, review.pk)
    assert state(same_line[2]) == "BLOCKED"


@pytest.mark.parametrize(
    ("outcome", "severity", "more"),
    [("SKIP", 25, {"reason": "later"}), ("ACCEPT", 0, {})],
    ids=["a skip", "a neutral tag"],
)
def test_what_calls_nothing_harmful_sets_nothing_aside(
    editor: Person, same_line: list[Draft], outcome: str, severity: int, more: dict[str, str]
) -> None:
    reviewed(editor, outcome=outcome, tags=[tag_on_all("harmful", severity)], **more)

    assert state(same_line[1]) == "READY"
    assert not BulkAction.objects.exists()


def test_a_golden_with_the_same_words_needs_a_new_review_and_is_no_model_any_more(
    editor: Person, second_editor: Person, same_line: list[Draft]
) -> None:
    golden = reviewed(second_editor, outcome="ACCEPT").golden
    assert golden is not None
    assert PublishedLine.objects.exists()

    review = called_harmful(editor)

    golden.refresh_from_db()
    assert golden.state == Golden.State.NEEDS_REVIEW
    assert "harmful" in golden.state_reason
    assert not PublishedLine.objects.exists()

    undo_review(editor, review.pk)
    golden.refresh_from_db()
    assert golden.state == Golden.State.APPROVED
    assert PublishedLine.objects.exists()


def test_undo_brings_the_drafts_back(editor: Person, same_line: list[Draft]) -> None:
    review = called_harmful(editor)

    undo_review(editor, review.pk)

    assert [state(draft) for draft in same_line] == ["READY"] * 3
    assert Place.objects.filter(state=Place.State.OPEN).count() == 3
    assert not caused_by_reviews().exists()


def test_undo_leaves_alone_what_was_withdrawn_since(
    editor: Person, second_editor: Person, lead: Person, same_line: list[Draft]
) -> None:
    golden = reviewed(second_editor, outcome="ACCEPT").golden
    assert golden is not None
    review = called_harmful(editor)
    withdraw_golden(golden.pk, lead, "It is cruel.")

    undo_review(editor, review.pk)

    golden.refresh_from_db()
    assert golden.state == Golden.State.WITHDRAWN


def test_who_has_one_of_them_open_is_told_and_keeps_what_they_typed(
    editor: Person, second_editor: Person, same_line: list[Draft]
) -> None:
    mine, theirs = claimed(editor), claimed(second_editor)
    save_work(theirs.pk, second_editor, {"note": "half"}, 0, 0)

    submitted(editor, mine, outcome="REJECT", tags=[tag_on_all("harmful", 25)])

    with pytest.raises(LeaseLost) as lost:
        save_work(theirs.pk, second_editor, {"note": "whole"}, 1, 0)
    assert lost.value.reason == "withdrawn"
    theirs.refresh_from_db()
    assert theirs.work == {"note": "whole"}


class TestTheLead:
    def test_is_told_on_the_front_page_until_they_let_it_stand(
        self, editor: Person, lead_client: Client, same_line: list[Draft]
    ) -> None:
        called_harmful(editor)
        action = BulkAction.objects.get()

        page = lead_client.get("/").content.decode()
        assert CRUEL in page
        assert "2 drafts that say the same are in quarantine" in page

        lead_client.post(f"/bulk-actions/{action.pk}/", {"decision": "let_stand"})

        assert CRUEL not in lead_client.get("/").content.decode()
        assert state(same_line[1]) == "QUARANTINED"
        assert LogEntry.objects.filter(action="let stand").count() == 1

    def test_is_told_of_words_that_nothing_else_says(
        self, editor: Person, lead_client: Client, ready_draft: Draft
    ) -> None:
        called_harmful(editor)

        assert "No other draft says the same" in lead_client.get("/").content.decode()

    def test_releases_them(
        self, editor: Person, lead_client: Client, same_line: list[Draft]
    ) -> None:
        called_harmful(editor)
        action = BulkAction.objects.get()
        page = lead_client.get(f"/bulk-actions/{action.pk}/").content.decode()
        assert "Release them" in page
        assert "Ready for review" in page

        lead_client.post(f"/bulk-actions/{action.pk}/", {"decision": "undo"})

        assert [state(draft) for draft in same_line] == ["REVIEWED", "READY", "READY"]
        assert not caused_by_reviews().exists()

    def test_lets_it_stand_once(self, editor: Person, lead: Person, same_line: list[Draft]) -> None:
        called_harmful(editor)
        action = BulkAction.objects.get()

        assert let_stand(action.pk, lead).settled_at == let_stand(action.pk, lead).settled_at
        assert undo(action.pk, lead).state == BulkAction.State.UNDONE


@pytest.mark.django_db(transaction=True)
def test_two_who_call_the_same_words_harmful_at_once_both_are_heard(
    editor: Person, second_editor: Person, same_line: list[Draft]
) -> None:
    taken = [(editor, claimed(editor)), (second_editor, claimed(second_editor))]
    barrier, refused = threading.Barrier(2), []

    def call_it_harmful(person: Person, assignment: object) -> None:
        try:
            barrier.wait(120)
            submitted(person, assignment, outcome="REJECT", tags=[tag_on_all("harmful", 25)])  # type: ignore[arg-type]
        except LeaseLost:
            refused.append(person)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=call_it_harmful, args=each) for each in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    # Whoever comes second finds the draft withdrawn from under them, or both were in time.
    assert len(refused) <= 1
    assert sorted(map(state, same_line)) in (
        ["QUARANTINED", "QUARANTINED", "REVIEWED"],
        ["QUARANTINED", "REVIEWED", "REVIEWED"],
    )
