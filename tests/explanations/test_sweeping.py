"""What stalled goes back, what is finished is closed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from explanations.models import Draft, Drainer, ModelServer, Recommendation, Run
from explanations.services.drafting import drainers
from explanations.services.drafting.claiming import claim
from explanations.services.drafting.pace import MOST_LOST, Pace
from explanations.services.drafting.sweeping import finish_runs, sweep, take_back, work_waits
from tests.explanations.test_claiming import waiting

PACE = Pace()


@pytest.fixture
def held(run: Run, recommendation: Recommendation) -> Draft:
    """A draft that a drainer holds."""
    draft = waiting(run, recommendation)
    claim([run.model_version_id], 1, "a drainer", 60.0)
    draft.refresh_from_db()
    return draft


def let_the_lease_run_out() -> None:
    Draft.objects.filter(state="RUNNING").update(lease_until=Now() - timedelta(seconds=1))


def test_a_held_draft_is_left_alone(held: Draft) -> None:
    assert take_back() == (0, 0)
    held.refresh_from_db()
    assert held.state == "RUNNING"


def test_a_draft_whose_lease_ran_out_waits_again(held: Draft) -> None:
    let_the_lease_run_out()
    assert take_back() == (1, 0)
    held.refresh_from_db()
    assert (held.state, held.lost, held.attempt) == ("PENDING", 1, 1)


def test_a_draft_that_kills_its_drainer_again_and_again_fails(held: Draft, run: Run) -> None:
    Draft.objects.update(lost=MOST_LOST - 1)
    let_the_lease_run_out()
    assert take_back() == (0, 1)
    held.refresh_from_db()
    assert (held.state, held.failure_reason) == ("FAILED", "worker_lost")
    assert "3 times" in held.failure


def test_a_run_is_done_when_all_its_drafts_have_ended(held: Draft, run: Run) -> None:
    assert finish_runs() == 0
    Draft.objects.update(state="FAILED", failure_reason="refused", lease_until=None)
    assert finish_runs() == 1
    run.refresh_from_db()
    assert run.state == "DONE"
    assert run.finished_at is not None


@pytest.mark.parametrize("state", ["PAUSED", "CANCELLED"])
def test_only_a_running_run_becomes_done(run: Run, state: str) -> None:
    Run.objects.update(state=state)
    assert finish_runs() == 0
    run.refresh_from_db()
    assert run.state == state


def test_work_waits_while_a_draft_is_due(run: Run, recommendation: Recommendation) -> None:
    assert not work_waits()
    waiting(run, recommendation)
    assert work_waits()


def test_a_draft_that_has_to_wait_is_no_work_yet(run: Run, recommendation: Recommendation) -> None:
    waiting(run, recommendation, not_before=Now() + timedelta(minutes=1))
    assert not work_waits()


def test_a_paused_run_is_no_work(run: Run, recommendation: Recommendation) -> None:
    waiting(run, recommendation)
    Run.objects.update(state="PAUSED")
    assert not work_waits()


def test_a_draft_that_no_server_serves_is_no_work(run: Run, recommendation: Recommendation) -> None:
    """Otherwise drainers would be called again and again and find nothing."""
    waiting(run, recommendation)
    run.model_version.servers.set(ModelServer.objects.none())
    assert not work_waits()


def test_a_sweep_says_that_what_it_took_back_waits(held: Draft) -> None:
    let_the_lease_run_out()
    swept = sweep(PACE)
    assert (swept.taken_back, swept.work_waits) == (1, True)


def test_a_dead_drainer_is_forgotten(db: None) -> None:
    Drainer.objects.create(name="dead")
    Drainer.objects.update(beat_at=Now() - timedelta(seconds=PACE.silent_s + 1))
    Drainer.objects.create(name="alive")
    sweep(PACE)
    assert [drainer.name for drainer in Drainer.objects.all()] == ["alive"]


def test_no_more_drainers_enter_than_the_settings_allow(
    db: None, settings: pytest.FixtureRequest
) -> None:
    settings.DRAFTING_DRAINERS = 2  # type: ignore[attr-defined]
    assert [drainers.enter(f"drainer {number}", 60.0) for number in range(3)] == [True, True, False]
    drainers.leave("drainer 0")
    assert drainers.enter("drainer 3", 60.0)


def test_a_dead_drainer_makes_room(db: None, settings: pytest.FixtureRequest) -> None:
    settings.DRAFTING_DRAINERS = 1  # type: ignore[attr-defined]
    drainers.enter("dead", 60.0)
    Drainer.objects.update(beat_at=Now() - timedelta(seconds=61))
    assert drainers.enter("its successor", 60.0)
