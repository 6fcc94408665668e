"""Waiting drafts become somebody's for a while."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models.functions import Now

from explanations.models import Draft, ModelVersion, Recommendation, Run, Task
from explanations.services.drafting.claiming import (
    Claim,
    Holding,
    claim,
    claim_suspect,
    hand_back,
    renew,
    seconds_to_next,
)
from tests.conftest import LISTENER, TRACK, recommended

LEASE_S = 60.0


def waiting(run: Run, recommendation: Recommendation, **more: Any) -> Draft:
    """A draft that waits for the model."""
    values = {"priority": recommendation.priority, **more}
    return Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=recommendation,
        prompt=run.prompt,
        model_version=run.model_version,
        **values,
    )


def take(run: Run, at_most: int = 10) -> list[Claim]:
    return claim([run.model_version_id], at_most, "a drainer", LEASE_S)


@pytest.fixture
def drafts(run: Run, music_task: Task) -> list[Draft]:
    """Three waiting drafts, of priorities 10, 90 and 50."""
    return [
        waiting(run, recommended(music_task, f"track:{priority}", TRACK, LISTENER, "g", priority))
        for priority in (10, 90, 50)
    ]


@pytest.fixture
def other_session() -> Iterator[Any]:
    """A second connection to the same database, as another drainer has."""
    other = connections.create_connection("default")
    yield other
    other.close()


def test_the_most_urgent_come_first(run: Run, drafts: list[Draft]) -> None:
    claimed = [taken.holding.draft_id for taken in take(run, at_most=2)]
    assert claimed == [drafts[1].pk, drafts[2].pk]


def test_a_claim_raises_the_attempt_and_takes_a_lease_and_the_facts_of_now(
    run: Run, recommendation: Recommendation
) -> None:
    draft = waiting(run, recommendation)
    (taken,) = take(run)
    draft.refresh_from_db()
    assert taken.holding == Holding(draft.pk, 1)
    assert (draft.state, draft.attempt, draft.claimed_by) == ("RUNNING", 1, "a drainer")
    assert draft.snapshot == recommendation.snapshot
    assert taken.facts == {"item": TRACK, "audience": LISTENER}
    assert Draft.objects.filter(pk=draft.pk, lease_until__gt=Now() + timedelta(seconds=50)).exists()


def test_what_is_claimed_is_not_claimed_again(run: Run, drafts: list[Draft]) -> None:
    assert len(take(run)) == 3
    assert take(run) == []


@pytest.mark.parametrize("state", ["PAUSED", "CANCELLED", "DONE"])
def test_only_running_runs_are_drafted(run: Run, drafts: list[Draft], state: str) -> None:
    Run.objects.update(state=state)
    assert take(run) == []


def test_a_draft_that_has_to_wait_is_left_alone(run: Run, drafts: list[Draft]) -> None:
    Draft.objects.filter(pk=drafts[1].pk).update(not_before=Now() + timedelta(minutes=1))
    assert [taken.holding.draft_id for taken in take(run)] == [drafts[2].pk, drafts[0].pk]


def test_a_draft_whose_wait_is_over_is_taken(run: Run, drafts: list[Draft]) -> None:
    Draft.objects.filter(pk=drafts[1].pk).update(not_before=Now() - timedelta(seconds=1))
    assert len(take(run)) == 3


def test_drafts_of_other_models_are_left_alone(run: Run, drafts: list[Draft]) -> None:
    other = ModelVersion.objects.create(name="another model")
    assert claim([other.pk], 10, "a drainer", LEASE_S) == []


def test_several_runs_share_one_queue(
    run: Run, drafts: list[Draft], music_task: Task, recommendation: Recommendation
) -> None:
    assert music_task.prompt is not None
    second = Run.objects.create(
        task=music_task, prompt=music_task.prompt, model_version=run.model_version
    )
    urgent = waiting(second, recommendation, priority=70)
    claimed = [taken.holding.draft_id for taken in take(run, at_most=2)]
    assert claimed == [drafts[1].pk, urgent.pk]


def test_a_draft_that_may_kill_its_drainer_is_taken_alone(run: Run, drafts: list[Draft]) -> None:
    Draft.objects.filter(pk=drafts[1].pk).update(lost=2)
    assert len(take(run)) == 2
    (suspect,) = claim_suspect([run.model_version_id], "a drainer", LEASE_S)
    assert suspect.holding.draft_id == drafts[1].pk


def test_a_lease_is_renewed_for_those_who_hold_it(run: Run, drafts: list[Draft]) -> None:
    holdings = [taken.holding for taken in take(run)]
    Draft.objects.update(lease_until=Now())
    assert renew(holdings, LEASE_S) == {draft.pk for draft in drafts}
    assert not Draft.objects.filter(lease_until__lt=Now() + timedelta(seconds=50)).exists()


def test_a_lease_is_not_renewed_for_an_earlier_attempt(run: Run, drafts: list[Draft]) -> None:
    first = [taken.holding for taken in take(run)]
    hand_back(first)
    take(run)
    assert renew(first, LEASE_S) == set()


def test_what_is_handed_back_waits_again_at_once(run: Run, drafts: list[Draft]) -> None:
    holdings = [taken.holding for taken in take(run)]
    assert hand_back(holdings) == {draft.pk for draft in drafts}
    again = take(run)
    assert {taken.holding.attempt for taken in again} == {2}
    assert {(draft.tries, draft.setbacks, draft.lost) for draft in Draft.objects.all()} == {
        (0, 0, 0)
    }


def test_an_earlier_attempt_cannot_hand_back_what_somebody_else_holds(
    run: Run, drafts: list[Draft]
) -> None:
    first = [taken.holding for taken in take(run)]
    hand_back(first)
    take(run)
    assert hand_back(first) == set()
    assert Draft.objects.filter(state="RUNNING").count() == 3


def test_the_wait_for_the_next_draft_is_known(run: Run, drafts: list[Draft]) -> None:
    models = [run.model_version_id]
    assert seconds_to_next(models) == 0
    Draft.objects.update(not_before=Now() + timedelta(seconds=40))
    wait_s = seconds_to_next(models)
    assert wait_s is not None
    assert round(wait_s) == 40
    Draft.objects.update(state="CANCELLED")
    assert seconds_to_next(models) is None


@pytest.mark.django_db(transaction=True)
def test_two_drainers_never_take_the_same_draft(
    run: Run, drafts: list[Draft], other_session: Any
) -> None:
    """Another session claims, and has not committed, while we claim."""
    other_session.set_autocommit(False)
    with other_session.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM explanations_draft ORDER BY priority DESC LIMIT 2"
            " FOR UPDATE SKIP LOCKED"
        )
        theirs = {draft_id for (draft_id,) in cursor.fetchall()}
        ours = {taken.holding.draft_id for taken in take(run)}
    other_session.rollback()
    assert len(theirs) == 2
    assert len(ours) == 1
    assert not ours & theirs


@pytest.fixture
def earlier_drafts(run: Run, music_task: Task) -> None:
    """A run that is long over, and the database's statistics of that time."""
    earlier = Run.objects.create(
        task=music_task, prompt=run.prompt, model_version=run.model_version, state=Run.State.DONE
    )
    many_drafts(earlier, 1000, Draft.State.CANCELLED)
    analyze()


@pytest.mark.usefixtures("earlier_drafts")
@pytest.mark.parametrize("statistics", ["of now", "from before"])
def test_a_claim_reads_no_more_than_it_takes(run: Run, music_task: Task, statistics: str) -> None:
    """However long the queue, however many drafts wait in paused runs, and however new the run."""
    paused = Run.objects.create(
        task=music_task, prompt=run.prompt, model_version=run.model_version, state=Run.State.PAUSED
    )
    for owner in (run, paused):
        many_drafts(owner, 3000)
    if statistics == "of now":
        analyze()
    before = rows_read()
    take(run, at_most=20)
    assert rows_read() - before < 400


@pytest.mark.usefixtures("earlier_drafts")
@pytest.mark.parametrize("statistics", ["of now", "from before"])
def test_a_lease_is_renewed_without_reading_what_others_hold(run: Run, statistics: str) -> None:
    many_drafts(run, 3000)
    taken = take(run, at_most=3000)
    if statistics == "of now":
        analyze()
    before = rows_read()
    assert len(renew([one.holding for one in taken[:20]], LEASE_S)) == 20
    assert rows_read() - before < 400


def many_drafts(run: Run, count: int, state: str = Draft.State.PENDING) -> None:
    """So many drafts of one recommendation."""
    one = recommended(run.task, f"track:{run.pk}", TRACK, LISTENER, "g")
    Draft.objects.bulk_create(
        Draft(
            run=run,
            task=run.task,
            recommendation=one,
            prompt=run.prompt,
            model_version=run.model_version,
            ordinal=ordinal,
            priority=ordinal % 100,
            state=state,
        )
        for ordinal in range(1, count + 1)
    )


def analyze() -> None:
    """Let the database's statistics be of now."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE explanations_draft, explanations_run")


def rows_read() -> int:
    """Rows of the drafts' table that this transaction has read so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0)"
            " FROM pg_stat_xact_user_tables WHERE relname = 'explanations_draft'"
        )
        (rows,) = cursor.fetchone()
    return int(rows)
