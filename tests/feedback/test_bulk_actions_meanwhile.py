"""Editors and leads at the same drafts at the same time: nobody waits for ever, nothing is lost."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Place
from feedback.models import Assignment, BulkAction, Review
from feedback.services.bulk_actions import do, prepare, undo
from feedback.services.queue import LeaseLost, claim_next
from feedback.services.searching import Search
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import submitted

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 12


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


def test_drafts_are_quarantined_and_put_back_while_editors_review_them(
    lead: Person, editor: Person, second_editor: Person, drafts: DraftMaker
) -> None:
    made = drafts(40)
    over = threading.Event()
    failed: list[BaseException] = []

    def review(person: Person) -> None:
        while not over.is_set():
            assignment = claim_next(person)
            if assignment is None:
                continue
            try:
                submitted(person, assignment, outcome="ACCEPT")
            except LeaseLost:
                continue

    editors = [
        threading.Thread(target=guarded, args=(lambda person=person: review(person), failed))
        for person in (editor, second_editor)
    ]
    for thread in editors:
        thread.start()
    try:
        for _round in range(ROUNDS):
            action = prepare(BulkAction.Kind.QUARANTINE, Search(words="metalcore"), lead)
            action = undo(do(action.pk, lead, "A try.").pk, lead)
            assert action.restored == action.changed
    finally:
        over.set()
        for thread in editors:
            thread.join()

    assert failed == []
    states = set(Draft.objects.values_list("state", flat=True))
    assert states <= {"READY", "REVIEWED"}
    assert Review.objects.count() == Draft.objects.filter(state="REVIEWED").count()
    assert not Place.objects.filter(draft__state="READY").exclude(state="OPEN").exists()
    assert not Place.objects.filter(draft__state="REVIEWED").exclude(state="DONE").exists()
    assert Place.objects.count() == len(made)
    # What is left on a desk is on one desk.
    held = Assignment.objects.active().values_list("place", flat=True)
    assert len(held) == len(set(held))


def guarded(step: Callable[[], None], failed: list[BaseException]) -> None:
    """Run a step in a thread of its own, and keep what it dies of."""
    try:
        step()
    except BaseException as error:
        failed.append(error)
    finally:
        connection.close()
        connections.close_all()
