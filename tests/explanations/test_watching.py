"""How far runs are, and what holds them up."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from explanations.models import Draft, Drainer, ModelServer, ModelVersion, Recommendation, Run
from explanations.services.watching import (
    Progress,
    counts_of,
    hindrance_of,
    hindrances_of,
    progress_of,
)
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.explanations.test_claiming import waiting

LONG_AGO = timedelta(hours=1)


@pytest.fixture
def old_run(run: Run, recommendation: Recommendation) -> Run:
    """A run of an hour ago, with a draft that waits."""
    Run.objects.update(created_at=F("created_at") - LONG_AGO)
    waiting(run, recommendation)
    run.refresh_from_db()
    return run


@pytest.fixture
def drainer(db: None) -> Drainer:
    """A drainer that beats."""
    return Drainer.objects.create(name="host:1:a")


def ended(run: Run, number: int, **changes: Any) -> None:
    """One more draft of a run that has ended."""
    track = recommended(run.task, f"track:{number}", TRACK, LISTENER, "g")
    draft = drafted(run, track, "A line.")
    Draft.objects.filter(pk=draft.pk).update(**changes)


# Progress -----------------------------------------------------------------------------------------


def test_progress_is_one_query(run: Run, recommendation: Recommendation) -> None:
    waiting(run, recommendation)
    for number in range(2):
        ended(run, number, state="FAILED", failure_reason="cut_off", failure="Cut.")
    ended(run, 2, state="FAILED", failure_reason="refused", failure="Refused.")
    ended(run, 3, prompt_tokens=50, completion_tokens=12)
    ended(run, 4, state="REVIEWED", prompt_tokens=50, completion_tokens=12)
    with CaptureQueriesContext(connection) as queries:
        progress = progress_of(run)
    assert len(queries) == 1
    assert (progress.total, progress.ended, progress.ready) == (6, 5, 2)
    assert [(failed.reason, failed.count) for failed in progress.failures] == [
        ("cut_off", 2),
        ("refused", 1),
    ]
    assert (progress.prompt_tokens, progress.completion_tokens) == (100, 24)


def test_a_sentence_that_stands_for_others_says_so(run: Run) -> None:
    for number, sentence in enumerate(["Too long: 900.", "Too long: 901."]):
        ended(run, number, state="FAILED", failure_reason="refused", failure=sentence)
    ended(run, 2, state="FAILED", failure_reason="empty", failure="The model wrote nothing.")
    found = {failed.reason: failed.is_example for failed in progress_of(run).failures}
    assert found == {"refused": True, "empty": False}


def test_the_pace_is_that_of_the_last_minute(old_run: Run) -> None:
    ended(old_run, 1, finished_at=Now())
    ended(old_run, 2, finished_at=Now())
    ended(old_run, 3, finished_at=timezone.now() - LONG_AGO)
    progress = progress_of(old_run)
    assert progress.per_minute == 2
    assert progress.minutes_left == 0.5


def test_a_young_run_is_not_taken_for_a_slow_one(run: Run) -> None:
    """It began half a minute ago, so what ended is half of what a minute brings."""
    Run.objects.update(created_at=TransactionNow() - timedelta(seconds=30))
    ended(run, 1, finished_at=Now())
    assert progress_of(run).per_minute == 2


def test_the_time_left_is_unknown_until_something_has_ended(old_run: Run) -> None:
    progress = progress_of(old_run)
    assert progress.minutes_left is None
    assert progress.time_left == ""


@pytest.mark.parametrize(
    ("per_minute", "words"),
    [(600, "about a minute"), (20, "about 30 minutes"), (4, "about 2 h 30 min")],
)
def test_the_time_left_is_said_in_words(per_minute: float, words: str) -> None:
    by_state = dict.fromkeys(Draft.State.values, 0) | {"PENDING": 600}
    assert Progress(by_state, per_minute=per_minute).time_left == words


def test_the_counts_of_many_runs_are_one_query(run: Run, old_run: Run) -> None:
    empty = Run.objects.create(task=run.task, prompt=run.prompt, model_version=run.model_version)
    with CaptureQueriesContext(connection) as queries:
        counts = counts_of([old_run, empty])
    assert len(queries) == 1
    assert (counts[old_run.pk].total, counts[empty.pk].total) == (1, 0)


# What holds them up -------------------------------------------------------------------------------


def test_a_run_that_is_worked_on_is_held_up_by_nothing(old_run: Run, drainer: Drainer) -> None:
    assert hindrance_of(old_run) is None


def test_a_run_that_no_drainer_works_on_says_so(old_run: Run) -> None:
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert hindrance.cause == "no_worker"


def test_a_drainer_that_has_fallen_silent_works_on_nothing(old_run: Run, drainer: Drainer) -> None:
    Drainer.objects.update(beat_at=timezone.now() - LONG_AGO)
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert hindrance.cause == "no_worker"


def test_a_run_that_has_just_begun_waits_for_nobody_yet(
    run: Run, recommendation: Recommendation
) -> None:
    waiting(run, recommendation)
    assert hindrance_of(run) is None


def test_drafts_that_wait_for_their_time_are_held_up_by_nobody(old_run: Run) -> None:
    old_run.drafts.update(not_before=timezone.now() + LONG_AGO)
    assert hindrance_of(old_run) is None


def test_a_run_whose_server_is_in_trouble_names_it(old_run: Run, drainer: Drainer) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert hindrance.cause == "server_in_trouble"
    assert [(server.name, server.trouble) for server in hindrance.servers] == [
        ("Own server", "It cannot be reached.")
    ]
    assert hindrance.tries_again_within_s == 60


def test_a_trouble_that_begins_and_ends_while_one_looks_is_seen(
    old_run: Run, drainer: Drainer
) -> None:
    assert hindrance_of(old_run) is None
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    assert hindrance_of(old_run) is not None
    ModelServer.objects.update(trouble="", trouble_since=None)
    assert hindrance_of(old_run) is None


def test_a_second_server_that_is_well_carries_the_run_and_the_first_ones_trouble_is_said(
    old_run: Run, drainer: Drainer, model_version: ModelVersion
) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    well = ModelServer.objects.create(name="Second", base_url="http://127.0.0.1:10/v1")
    model_version.servers.add(well)
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert (hindrance.cause, hindrance.only_slows) == ("fewer_servers", True)
    assert hindrance.brief == "1 of 2 model servers in trouble"
    assert [server.name for server in hindrance.servers] == ["Own server"]


def test_that_nobody_works_on_a_run_is_said_before_what_only_slows_it(
    old_run: Run, model_version: ModelVersion
) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    well = ModelServer.objects.create(name="Second", base_url="http://127.0.0.1:10/v1")
    model_version.servers.add(well)
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert hindrance.cause == "no_worker"


def test_a_run_whose_model_nobody_serves_any_more_says_so(
    old_run: Run, drainer: Drainer, model_version: ModelVersion
) -> None:
    model_version.servers.set(ModelServer.objects.none())
    hindrance = hindrance_of(old_run)
    assert hindrance is not None
    assert hindrance.cause == "no_server"
    assert "smollm2-135m-instruct" in hindrance.sentence


@pytest.mark.parametrize("state", ["PAUSED", "DONE", "CANCELLED"])
def test_a_run_that_is_not_running_is_held_up_by_nothing(old_run: Run, state: str) -> None:
    Run.objects.update(state=state)
    old_run.refresh_from_db()
    assert hindrance_of(old_run) is None


def test_what_holds_up_many_runs_takes_a_constant_number_of_queries(
    old_run: Run, model_version: ModelVersion
) -> None:
    several = [
        Run.objects.create(task=old_run.task, prompt=old_run.prompt, model_version=model_version)
        for _ in range(5)
    ]
    runs = list(Run.objects.select_related("model_version"))
    with CaptureQueriesContext(connection) as queries:
        found = hindrances_of(runs)
    # The servers; who waits for a worker.
    assert len(queries) == 2
    assert set(found) == {old_run.pk}
    assert len(runs) == len(several) + 1
