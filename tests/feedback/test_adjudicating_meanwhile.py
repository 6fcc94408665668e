"""Two leads settle the same draft at the same moment: one wins, and the other one is told."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection

from accounts import roles
from accounts.models import LogEntry, Person
from explanations.models import Draft
from feedback.models import Adjudication, Golden, JudgedDraft, Review
from feedback.services import adjudicating
from feedback.services.adjudicating import AdjudicationRefused, adjudicate
from feedback.services.statistics.keeping import keep_statistics
from feedback.services.statistics.recounting import recount
from tests.conftest import person
from tests.feedback.counted_by_hand import counted_by_hand, counted_by_the_desk
from tests.feedback.disagreeing import Disagreement, disagree, disagreement

__all__ = ["disagree", "disagreement"]

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class SameMoment:
    """Calls that run at once, each on a connection of its own.

    Each stops where it has read that nobody has settled the draft, until as many as can have read
    that: the others wait for a lock of the database by then.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.raised: list[BaseException] = []
        self._has_read = 0
        self._one_at_a_time = threading.Lock()
        self._go_on = threading.Event()
        self._read = adjudicating.standing_adjudication
        monkeypatch.setattr(adjudicating, "standing_adjudication", self._read_and_wait)

    def run(self, calls: list[Callable[[], Any]]) -> None:
        """Run them to their ends, and keep what they raise."""
        threads = [threading.Thread(target=self._run, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads) and not self._go_on.is_set():
            with connection.cursor() as cursor:
                cursor.execute(WAITING)
                (waiting,) = cursor.fetchone()
            if self._has_read and self._has_read + waiting == len(calls):
                self._go_on.set()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()

    def _run(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except Exception as error:
            self.raised.append(error)
        finally:
            connection.close()

    def _read_and_wait(self, draft: Draft) -> Adjudication | None:
        found = self._read(draft)
        if found is None:
            with self._one_at_a_time:
                self._has_read += 1
            assert self._go_on.wait(60)
        return found


@pytest.fixture
def second_lead() -> Person:
    """Kim leads beside Lin."""
    return person("kim", "Kim", "Weber", roles.LEAD)


@pytest.fixture
def settle_at_once(
    lead: Person,
    second_lead: Person,
    disagreement: Disagreement,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], list[BaseException]]:
    """Lin finds Ada right and Kim finds Bela right; returns what they were told."""

    def settle() -> list[BaseException]:
        moment, draft = SameMoment(monkeypatch), disagreement.draft.pk
        moment.run(
            [
                lambda: adjudicate(draft, disagreement.accepted.pk, lead, "It is fine."),
                lambda: adjudicate(draft, disagreement.other.pk, second_lead, "It is not."),
            ]
        )
        return moment.raised

    return settle


def test_one_wins_the_other_is_told_and_statistics_are_right(
    settle_at_once: Callable[[], list[BaseException]], disagreement: Disagreement
) -> None:
    (told,) = settle_at_once()
    settled = Adjudication.objects.get()
    assert isinstance(told, AdjudicationRefused)
    assert str(told).startswith(f"{settled.lead} has settled this draft meanwhile")
    assert disagreement.outcome() == settled.review.outcome
    assert LogEntry.objects.get(action="settled").actor == settled.lead
    stands = Golden.objects.exclude(state=Golden.State.WITHDRAWN).exists()
    assert stands is (settled.review == disagreement.accepted)

    keep_statistics()
    assert JudgedDraft.objects.get().review_id == settled.review_id
    assert counted_by_the_desk() == counted_by_hand()
    assert recount().is_right


def test_the_lock_is_what_tells_the_other(
    settle_at_once: Callable[[], list[BaseException]],
    disagreement: Disagreement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control: without it both read that nobody has settled it, and only the constraint behind
    it keeps the second row out, with an error that says nothing to a lead.
    """
    monkeypatch.setattr(adjudicating, "_locked", lambda pk: Draft.objects.get(pk=pk))
    (raised,) = settle_at_once()
    assert isinstance(raised, IntegrityError)
    assert "one_standing_adjudication_per_draft" in str(raised)
    assert Adjudication.objects.count() == 1
    assert Review.objects.standing().count() == 2
