"""Runs are started, steered and watched."""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import LogEntry, Person
from explanations import nudge
from explanations.models import (
    Draft,
    Import,
    ModelServer,
    ModelVersion,
    Prompt,
    Recommendation,
    Run,
    Task,
)
from explanations.services import runs
from explanations.services.runs import CannotStart, CannotSteer, KeyReused, start_run
from explanations.services.selecting import Selection
from explanations.services.watching import progress_of
from tests.conftest import LISTENER, TRACK, drafted, recommended


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that were asked for after a commit, instead of a broker."""
    asked: list[str] = []

    def send(task: str, *_arguments: object) -> bool:
        asked.append(task)
        return True

    monkeypatch.setattr(nudge, "send", send)
    return asked


@pytest.fixture
def tracks(music_task: Task) -> list[Recommendation]:
    """Ten recommendations, of priorities 0 to 90."""
    return [
        recommended(music_task, f"track:{number}", TRACK, LISTENER, f"artist {number}", number * 10)
        for number in range(10)
    ]


@pytest.fixture
def start(music_task: Task, model_version: ModelVersion, ml_engineer: Person) -> Any:
    """Start a run: `start(limit=3)`."""

    def start_with(
        drafts_each: int = 1,
        priority: int | None = None,
        key: UUID | None = None,
        **selection: Any,
    ) -> Run:
        assert music_task.prompt is not None
        return start_run(
            music_task,
            music_task.prompt,
            model_version,
            Selection(**selection),
            drafts_each,
            ml_engineer,
            priority=priority,
            key=key,
        )

    return start_with


def chosen(run: Run) -> list[str]:
    """The recommendations of a run, in the order in which they will be drafted."""
    return list(
        run.drafts.order_by("-priority", "id").values_list("recommendation__external_id", flat=True)
    )


# Starting -----------------------------------------------------------------------------------------


def test_a_run_drafts_everything_that_is_asked_for(start: Any, tracks: list[Any]) -> None:
    run = start()
    assert len(chosen(run)) == 10
    assert set(run.drafts.values_list("state", "attempt", "priority").distinct()) == {
        ("PENDING", 0, number * 10) for number in range(10)
    }


def test_a_run_says_who_started_it_and_what_was_asked_for(
    start: Any, tracks: list[Any], ml_engineer: Person
) -> None:
    run = start(limit=3, not_drafted=True)
    assert run.created_by == ml_engineer
    assert run.selection == {"limit": 3, "not_drafted": True}
    entry = LogEntry.objects.get(action="run.started")
    assert (entry.actor, entry.subject_id, entry.detail) == (ml_engineer, run.pk, {"drafts": 3})


def test_a_limit_takes_the_most_urgent(start: Any, tracks: list[Any]) -> None:
    assert chosen(start(limit=2)) == ["track:9", "track:8"]


def test_external_ids_are_taken_as_named(start: Any, tracks: list[Any]) -> None:
    assert chosen(start(external_ids=["track:3", "track:1", "unknown"])) == ["track:3", "track:1"]


def test_an_import_is_taken_as_a_whole(start: Any, tracks: list[Any]) -> None:
    delivery = Import.objects.create(source="a file")
    Recommendation.objects.filter(external_id="track:4").update(delivery=delivery)
    assert chosen(start(import_id=delivery.pk)) == ["track:4"]


@pytest.mark.parametrize(
    ("state", "counts_as_drafted"),
    [("READY", True), ("REVIEWED", True), ("FAILED", False), ("CANCELLED", False)],
)
def test_not_drafted_means_that_no_draft_is_there_or_on_its_way(
    start: Any,
    tracks: list[Any],
    run: Run,
    state: str,
    counts_as_drafted: bool,
) -> None:
    draft = drafted(run, tracks[9], "A line.", failure_reason="refused")
    Draft.objects.filter(pk=draft.pk).update(state=state)
    assert ("track:9" not in chosen(start(not_drafted=True))) is counts_as_drafted


def test_what_was_rejected_can_be_drafted_again(start: Any, tracks: list[Any], run: Run) -> None:
    drafted(run, tracks[2], "A line.", settled_outcome="REJECT")
    drafted(run, tracks[3], "A line.", settled_outcome="ACCEPT")
    Draft.objects.update(state="REVIEWED")
    assert chosen(start(rejected_before=True)) == ["track:2"]


def test_a_sample_is_random_and_of_the_size_that_was_asked_for(
    start: Any, tracks: list[Any]
) -> None:
    samples = [chosen(start(sample=4)) for _ in range(6)]
    assert {len(sample) for sample in samples} == {4}
    assert len({tuple(sample) for sample in samples}) > 1


def test_what_is_asked_for_together_must_hold_together(start: Any, tracks: list[Any]) -> None:
    run = start(external_ids=["track:1", "track:2", "track:3"], limit=1)
    assert chosen(run) == ["track:3"]


def test_recommendations_of_other_tasks_are_left_alone(
    start: Any, tracks: list[Any], job_recommendation: Recommendation
) -> None:
    assert job_recommendation.external_id not in chosen(start())


def test_several_drafts_of_each_are_numbered(start: Any, tracks: list[Any]) -> None:
    run = start(drafts_each=3, limit=1)
    assert sorted(run.drafts.values_list("ordinal", flat=True)) == [1, 2, 3]


def test_the_prompt_is_final_from_its_first_run_on(
    start: Any, tracks: list[Any], music_task: Task
) -> None:
    start(limit=1)
    prompt = music_task.prompt
    assert prompt is not None
    prompt.refresh_from_db()
    assert prompt.used_at is not None
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        Prompt.objects.filter(pk=prompt.pk).update(system="Something else.")


def test_a_draft_is_of_its_run(start: Any, tracks: list[Any], music_task: Task) -> None:
    """The database refuses a draft whose prompt is not its run's."""
    run = start(limit=1)
    other = Prompt.objects.create(
        task=music_task, number=2, system="", user_template="", sha256="3" * 64
    )
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        run.drafts.update(prompt=other)


@pytest.mark.parametrize("drafts_each", [0, 9])
def test_too_many_drafts_of_each_are_refused(
    start: Any, tracks: list[Any], drafts_each: int
) -> None:
    with pytest.raises(CannotStart, match="One to 8"):
        start(drafts_each=drafts_each)


def test_a_run_of_nothing_is_refused_and_leaves_nothing(start: Any, music_task: Task) -> None:
    with pytest.raises(CannotStart, match="No recommendation"):
        start()
    assert not Run.objects.exists()


def test_a_prompt_of_another_task_is_refused(
    music_task: Task, job_task: Task, model_version: ModelVersion, tracks: list[Any]
) -> None:
    assert job_task.prompt is not None
    with pytest.raises(CannotStart, match="another task"):
        start_run(music_task, job_task.prompt, model_version, Selection(), 1, None)


def test_a_model_that_nobody_serves_is_refused(
    start: Any, tracks: list[Any], model_version: ModelVersion
) -> None:
    model_version.servers.set(ModelServer.objects.none())
    with pytest.raises(CannotStart, match="No model server"):
        start()


def test_parameters_that_would_not_be_sent_are_refused(
    start: Any, tracks: list[Any], music_task: Task
) -> None:
    Prompt.objects.update(parameters={"n": 8})
    assert music_task.prompt is not None
    music_task.prompt.refresh_from_db()
    with pytest.raises(CannotStart, match="“n”"):
        start()


@pytest.mark.parametrize("selection", [{"sample": 0}, {"least_priority": 101}])
def test_a_selection_that_nothing_can_fit_is_refused(
    start: Any, tracks: list[Any], selection: dict[str, int]
) -> None:
    with pytest.raises(CannotStart, match=r"at least one|from 0 to 100"):
        start(**selection)


def test_an_import_that_is_not_there_is_refused(start: Any, tracks: list[Any]) -> None:
    with pytest.raises(CannotStart, match="no import 4711"):
        start(import_id=4711)


# How urgent, and how often ------------------------------------------------------------------------


def test_a_run_can_be_more_urgent_than_what_it_drafts(start: Any, tracks: list[Any]) -> None:
    run = start(priority=95)
    assert set(run.drafts.values_list("priority", flat=True)) == {95}


@pytest.mark.parametrize("priority", [-1, 101])
def test_priorities_have_bounds(start: Any, tracks: list[Any], priority: int) -> None:
    with pytest.raises(CannotStart, match="from 0 to 100"):
        start(priority=priority)


def test_a_run_keeps_the_seed_of_its_sample(start: Any, tracks: list[Any]) -> None:
    run = start(sample=4)
    again = start(**run.selection)
    assert chosen(again) == chosen(run)


KEY = UUID("0189d3a2-0000-4000-8000-000000000001")


def test_the_same_key_starts_one_run(start: Any, tracks: list[Any]) -> None:
    """Its sample was drawn by the desk, so the second request knows no seed."""
    run = start(key=KEY, sample=4)
    assert start(key=KEY, sample=4) == run
    assert Run.objects.count() == 1
    assert Draft.objects.count() == 4


@pytest.mark.parametrize(
    "other", [{"limit": 3}, {"drafts_each": 2}, {"priority": 5}, {"sample": 4, "seed": 7}]
)
def test_a_key_that_started_another_run_is_refused(
    start: Any, tracks: list[Any], other: dict[str, int]
) -> None:
    run = start(key=KEY, sample=4, seed=8)
    with pytest.raises(KeyReused, match=f"run {run.pk} already"):
        start(key=KEY, **other)
    assert Run.objects.count() == 1


def test_the_key_of_somebody_else_is_no_matter(
    start: Any, tracks: list[Any], music_task: Task, model_version: ModelVersion, lead: Person
) -> None:
    assert music_task.prompt is not None
    start(key=KEY)
    start_run(music_task, music_task.prompt, model_version, Selection(), 1, lead, key=KEY)
    assert Run.objects.count() == 2


def test_a_key_whose_run_could_not_start_can_start_another(start: Any, music_task: Task) -> None:
    with pytest.raises(CannotStart):
        start(key=KEY)
    recommended(music_task, "track:late", TRACK, LISTENER, "g")
    assert start(key=KEY).drafts.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one_run(start: Any, tracks: list[Any]) -> None:
    together = Barrier(2)
    started: list[Run] = []

    def click() -> None:
        together.wait()
        try:
            started.append(start(key=KEY))
        finally:
            connection.close()

    clicks = [Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert Run.objects.count() == 1
    assert started == [Run.objects.get()] * 2
    assert Draft.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_do_not_both_draft_what_has_no_draft(
    start: Any, tracks: list[Any]
) -> None:
    together = Barrier(2)
    refused: list[str] = []

    def begin() -> None:
        together.wait()
        try:
            start(not_drafted=True)
        except CannotStart as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    people = [Thread(target=begin) for _ in range(2)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    assert refused == ["No recommendation fits this selection."]
    assert Draft.objects.count() == 10


# The blind sample ---------------------------------------------------------------------------------


@pytest.fixture
def thousand(music_task: Task) -> None:
    """A thousand recommendations that share their facts."""
    first = recommended(music_task, "track:first", TRACK, LISTENER, "g")
    Recommendation.objects.bulk_create(
        Recommendation(
            task=music_task,
            external_id=f"track:{number}",
            group="g",
            locale="en",
            content_sha256="0" * 64,
            snapshot=first.snapshot,
        )
        for number in range(999)
    )
    Task.objects.filter(pk=music_task.pk).update(blind_share=0.1)
    music_task.refresh_from_db()


def test_about_a_tenth_of_the_first_attempts_is_reviewed_blind(start: Any, thousand: None) -> None:
    run = start(drafts_each=2)
    blind = run.drafts.filter(blind=True)
    assert 60 <= blind.count() <= 140
    assert set(blind.values_list("ordinal", flat=True)) == {1}


def test_the_blind_share_of_a_sample_is_no_other(start: Any, thousand: None) -> None:
    """What is sampled and what is blind must be drawn apart from one another."""
    run = start(sample=300)
    assert 10 <= run.drafts.filter(blind=True).count() <= 60


def test_another_run_has_another_blind_sample(start: Any, thousand: None) -> None:
    first, second = (
        set(start().drafts.filter(blind=True).values_list("recommendation_id", flat=True))
        for _ in range(2)
    )
    assert first != second


# Waking a drainer ---------------------------------------------------------------------------------


def test_a_drainer_is_woken_after_the_commit_and_not_before(
    start: Any, tracks: list[Any], nudges: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start()
        assert nudges == []
    assert nudges == [nudge.DRAIN_DRAFTS]


# Steering -----------------------------------------------------------------------------------------


def test_a_paused_run_can_be_resumed(
    run: Run,
    ml_engineer: Person,
    nudges: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:
    assert runs.pause(run, ml_engineer).state == "PAUSED"
    with django_capture_on_commit_callbacks(execute=True):
        assert runs.resume(run, ml_engineer).state == "RUNNING"
    assert nudges == [nudge.DRAIN_DRAFTS]
    assert list(LogEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "run.paused",
        "run.resumed",
    ]


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("PAUSED", runs.pause),
        ("DONE", runs.pause),
        ("RUNNING", runs.resume),
        ("CANCELLED", runs.resume),
        ("DONE", runs.cancel),
        ("CANCELLED", runs.cancel),
    ],
)
def test_a_step_that_does_not_fit_the_state_is_refused(run: Run, state: str, step: Any) -> None:
    Run.objects.update(state=state)
    with pytest.raises(CannotSteer, match="his run is"):
        step(run, None)
    run.refresh_from_db()
    assert run.state == state


def test_a_step_that_was_taken_already_says_so(run: Run) -> None:
    runs.pause(run, None)
    with pytest.raises(CannotSteer, match="This run is paused already"):
        runs.pause(run, None)
    assert LogEntry.objects.filter(action="run.paused").count() == 1


def test_cancelling_ends_what_is_not_written(
    start: Any, tracks: list[Any], ml_engineer: Person
) -> None:
    run = start()
    written = run.drafts.first()
    assert written is not None
    Draft.objects.filter(pk=written.pk).update(
        state="READY", text="A line.", snapshot=tracks[0].snapshot
    )
    runs.cancel(run, ml_engineer)
    run.refresh_from_db()
    assert run.state == "CANCELLED"
    assert run.finished_at is not None
    assert progress_of(run).by_state["CANCELLED"] == 9
    assert progress_of(run).by_state["READY"] == 1


def test_failed_drafts_are_tried_again_with_fresh_counters(
    start: Any, tracks: list[Any], ml_engineer: Person
) -> None:
    run = start(limit=4)
    run.drafts.update(
        state="FAILED", failure_reason="cut_off", failure="Cut.", tries=3, setbacks=2, lost=1
    )
    Run.objects.update(state="DONE")
    assert runs.retry_failed(run, ml_engineer) == 4
    assert run.state == "RUNNING"
    assert set(run.drafts.values_list("state", "tries", "setbacks", "lost", "failure_reason")) == {
        ("PENDING", 0, 0, 0, "")
    }


def test_a_paused_run_stays_paused_when_its_failed_drafts_are_tried_again(
    start: Any, tracks: list[Any]
) -> None:
    run = start(limit=1)
    run.drafts.update(state="FAILED", failure_reason="cut_off")
    runs.pause(run, None)
    runs.retry_failed(run, None)
    assert run.state == "PAUSED"


def test_a_run_without_failures_has_nothing_to_try_again(start: Any, tracks: list[Any]) -> None:
    with pytest.raises(CannotSteer, match="No draft"):
        runs.retry_failed(start(), None)
