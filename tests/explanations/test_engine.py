"""The engine against a model server over real sockets, with a real database and every fault."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
from django.db import OperationalError, connection

from explanations.checks import Catalogue
from explanations.models import (
    Draft,
    Drainer,
    ModelServer,
    ModelVersion,
    Place,
    Prompt,
    Run,
    Task,
)
from explanations.services import runs
from explanations.services.drafting.drain import drain
from explanations.services.drafting.judging import judge
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.writing import write
from explanations.services.selecting import Selection
from explanations.services.trials import result_of, start_trial
from tests.conftest import LISTENER, TRACK, recommended
from tests.stub_model_server import FAULTS, HOSTILE, StubModelServer, running

pytestmark = pytest.mark.django_db(transaction=True)

QUICK = Pace(
    lease_s=30.0,
    drain_s=30.0,
    request_timeout_s=1.0,
    connect_timeout_s=0.5,
    write_every_s=0.01,
    idle_s=0.05,
    linger_s=0.0,
    rest_s=0.05,
    longest_rest_s=0.2,
    first_backoff_s=0.01,
    longest_backoff_s=0.05,
)


def pace(**changes: float) -> Pace:
    values = {name: getattr(QUICK, name) for name in QUICK.__slots__}
    return Pace(**{**values, **changes})


class Draining:
    """A drainer in a thread of its own, as a worker runs it."""

    def __init__(self, with_pace: Pace) -> None:
        self.ended: int | None = None
        self.successors = 0
        self._pace = with_pace
        self._started = Event()
        self._stop: Callable[[], None] = lambda: None
        self._thread = Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, as a worker does that shuts down."""
        self._started.wait(10)
        self._stop()

    def join(self) -> int | None:
        """Wait for its end; return how many drafts it ended."""
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        return self.ended

    def _run(self) -> None:
        self.ended = drain(self._pace, self._call_successor, self._on_stop)

    def _call_successor(self) -> None:
        self.successors += 1

    def _on_stop(self, stop: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()

        def stop_there() -> None:
            loop.call_soon_threadsafe(stop)

        self._stop = stop_there
        self._started.set()


def drained(with_pace: Pace = QUICK) -> int | None:
    return Draining(with_pace).join()


@pytest.fixture
def stub() -> Iterator[StubModelServer]:
    """A model server that answers at once."""
    with running(StubModelServer()) as stub:
        yield stub


@pytest.fixture
def served(music_task: Task, stub: StubModelServer) -> ModelServer:
    """The music task's model on the stub, eight requests at a time."""
    server = ModelServer.objects.create(name="Stub", base_url=stub.base_url, window=8)
    music_task.model_version = ModelVersion.objects.create(name="stub")
    music_task.model_version.servers.add(server)
    music_task.save()
    return server


def start(task: Task, count: int, **item: Any) -> Run:
    """A run of new recommendations; `item` says more about each track."""
    known = task.recommendations.count()
    names = [f"track:{number}" for number in range(known, known + count)]
    for name in names:
        recommended(task, name, {**TRACK, **item}, LISTENER, "g")
    assert task.prompt is not None
    assert task.model_version is not None
    return runs.start_run(
        task, task.prompt, task.model_version, Selection(external_ids=names), 1, None
    )


def states(run: Run) -> Counter[str]:
    return Counter(run.drafts.values_list("state", flat=True))


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explanations.nudge.send", lambda *_arguments: True)


def until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened; fail if it never does."""
    for _ in range(2_400):
        if happened():
            return
        Event().wait(0.05)
    pytest.fail("It never happened.")


def test_a_run_is_drafted_to_its_end(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    run = start(music_task, 40)
    assert drained() == 40
    run.refresh_from_db()
    assert (states(run), run.state) == ({"READY": 40}, "DONE")
    assert Place.objects.filter(draft__run=run, state="OPEN").count() == 40
    assert stub.calls == 40


def test_the_window_is_full_and_no_fuller(music_task: Task, served: ModelServer) -> None:
    with running(StubModelServer(latency_s=0.3)) as slow:
        ModelServer.objects.update(base_url=slow.base_url)
        run = start(music_task, 40)
        drained(pace(request_timeout_s=10.0))
    assert states(run) == {"READY": 40}
    assert slow.most_in_flight == 8


def test_nobody_waits_for_the_slowest(music_task: Task, served: ModelServer) -> None:
    """One of two requests at a time gets no answer at all, and the others go past it."""
    with running(StubModelServer(plan=["hang"] + [""] * 29)) as uneven:
        ModelServer.objects.update(base_url=uneven.base_url, window=2)
        run = start(music_task, 30)
        draining = Draining(pace(request_timeout_s=60.0))
        until(lambda: states(run) == {"READY": 29, "RUNNING": 1})
        draining.stop()
        draining.join()
    assert uneven.most_in_flight == 2


def test_every_fault_ends_in_a_clean_row(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    """Each fault is met by two drafts, again and again, among ten for whom all is well."""
    whole = {
        *("white-space", "hostile", "nul", "surrogate", "control", "html", "extra-keys", "twice"),
    }
    faulty = {fault: start(music_task, 2, genre=f"metalcore @{fault}") for fault in FAULTS}
    well = start(music_task, 10)
    for _ in range(60):
        drained(pace(request_timeout_s=0.3))
        if not Draft.objects.filter(state__in=["PENDING", "RUNNING"]).exists():
            break
    assert states(well) == {"READY": 10}
    for fault, run in faulty.items():
        if fault in whole:
            # What the checks make of such a text is their business; it is whole and clean.
            assert set(states(run)) <= {"READY", "BLOCKED"}, fault
        else:
            assert states(run) == {"FAILED": 2}, fault
            for draft in run.drafts.all():
                assert draft.failure.endswith("."), fault
                assert draft.failure_reason, fault
    for draft in Draft.objects.filter(state__in=["READY", "BLOCKED"]):
        assert draft.finish_reason == "stop"
        assert not set(draft.text) & set("\x00\u202e\ud800")
        assert "A line that" not in draft.text
    assert "\x00" in HOSTILE


def test_a_server_that_comes_back_gets_its_drafts(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    stub.plan("500")
    run = start(music_task, 30)
    draining = Draining(QUICK)
    until(lambda: bool(ModelServer.objects.get().trouble))
    server = ModelServer.objects.get()
    assert server.trouble == "The model server “Stub” answered with error 500."
    assert server.trouble_since is not None
    stub.plan("")
    draining.join()
    assert states(run) == {"READY": 30}
    server.refresh_from_db()
    assert server.trouble == ""


def test_drafts_are_not_spent_on_a_server_that_is_down(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    stub.plan("500")
    run = start(music_task, 100)
    draining = Draining(pace(rest_s=30.0, longest_rest_s=30.0))
    until(lambda: bool(ModelServer.objects.get().trouble))
    draining.stop()
    draining.join()
    assert stub.calls <= 8 + 5
    assert run.drafts.filter(state="PENDING", setbacks=0).count() >= 85


def test_an_overloaded_server_gets_less_at_once_and_nothing_is_lost(
    music_task: Task, served: ModelServer
) -> None:
    with running(StubModelServer(latency_s=0.05, at_once=2)) as small:
        ModelServer.objects.update(base_url=small.base_url)
        run = start(music_task, 60)
        for _ in range(20):
            drained()
            if states(run) == {"READY": 60}:
                break
    assert states(run) == {"READY": 60}
    assert small.outcomes["refused"] < 60
    found = ModelServer.objects.get().window_found
    assert found is not None
    assert found < 8


def test_a_stopped_drainer_hands_everything_back(music_task: Task, served: ModelServer) -> None:
    with running(StubModelServer(plan=["hang"])) as hanging:
        ModelServer.objects.update(base_url=hanging.base_url)
        run = start(music_task, 30)
        draining = Draining(pace(request_timeout_s=60.0))
        until(lambda: hanging.most_in_flight == 8)
        draining.stop()
        assert draining.join() == 0
        until(lambda: hanging.disconnects == 8)
    assert states(run) == {"PENDING": 30}
    assert not run.drafts.exclude(setbacks=0, lost=0, tries=0).exists()
    assert not Drainer.objects.exists()


def test_a_drainer_whose_time_is_up_calls_its_successor(
    music_task: Task, served: ModelServer
) -> None:
    with running(StubModelServer(latency_s=0.5)) as slow:
        ModelServer.objects.update(base_url=slow.base_url)
        run = start(music_task, 60)
        # Time for a claim on the busiest machine, and for the smaller part of the run.
        draining = Draining(pace(drain_s=1.0, request_timeout_s=10.0))
        assert (draining.join() or 0) > 0
    assert draining.successors == 1
    assert states(run)["READY"] > 0
    assert states(run)["RUNNING"] == 0


def test_a_cancelled_run_frees_the_server(music_task: Task, served: ModelServer) -> None:
    with running(StubModelServer(plan=["hang"])) as hanging:
        ModelServer.objects.update(base_url=hanging.base_url)
        run = start(music_task, 20)
        draining = Draining(pace(lease_s=0.6, request_timeout_s=60.0))
        until(lambda: hanging.most_in_flight == 8)
        runs.cancel(run, None)
        until(lambda: hanging.disconnects == 8)
        draining.join()
    assert states(run) == {"CANCELLED": 20}


def test_a_suspect_is_drafted_alone(music_task: Task, served: ModelServer) -> None:
    with running(StubModelServer(latency_s=0.1)) as slow:
        ModelServer.objects.update(base_url=slow.base_url)
        run = start(music_task, 3)
        run.drafts.update(lost=2)
        drained()
    assert states(run) == {"READY": 3}
    assert slow.most_in_flight == 1


def test_two_servers_share_the_load(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    with running(StubModelServer(latency_s=0.05)) as second:
        other = ModelServer.objects.create(name="Second", base_url=second.base_url, window=8)
        served.model_versions.get().servers.add(other)
        ModelServer.objects.filter(pk=served.pk).update(base_url=second.base_url)
        run = start(music_task, 60)
        drained()
    assert states(run) == {"READY": 60}
    shares = Counter(run.drafts.values_list("served_by", flat=True))
    assert min(shares["Stub"], shares["Second"]) >= 20


def test_a_broken_prompt_fails_with_its_reason_and_asks_nothing(
    music_task: Task, served: ModelServer, stub: StubModelServer
) -> None:
    music_task.prompts.update(user_template="Artist: {{ nonsense }}")
    run = start(music_task, 5)
    drained()
    assert states(run) == {"FAILED": 5}
    draft = run.drafts.first()
    assert draft is not None
    assert draft.failure.startswith("The prompt cannot be filled in: Line 1")
    assert stub.calls == 0


def test_no_transaction_is_open_while_a_request_is(music_task: Task, served: ModelServer) -> None:
    with running(StubModelServer(plan=["hang"])) as hanging:
        ModelServer.objects.update(base_url=hanging.base_url)
        start(music_task, 10)
        draining = Draining(pace(request_timeout_s=60.0))
        until(lambda: hanging.most_in_flight == 8)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
                " AND state LIKE 'idle in transaction%'"
            )
            (open_transactions,) = cursor.fetchone()
        draining.stop()
        draining.join()
    assert open_transactions == 0


def test_a_lost_connection_to_the_database_is_outlived(
    music_task: Task, served: ModelServer
) -> None:
    with running(StubModelServer(latency_s=0.1)) as slow:
        ModelServer.objects.update(base_url=slow.base_url)
        run = start(music_task, 60)
        draining = Draining(QUICK)
        until(lambda: states(run)["READY"] > 0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
        draining.join()
    assert states(run) == {"READY": 60}


def test_a_database_that_goes_away_while_checks_look_there_fails_no_draft(
    music_task: Task, served: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = count()

    def look() -> Catalogue:
        if next(looks) in {1, 4}:
            raise OperationalError("server closed the connection unexpectedly")
        return Catalogue.of([])

    monkeypatch.setattr("explanations.services.drafting.judging.catalogue_now", look)
    run = start(music_task, 12)
    drained()
    assert states(run) == {"READY": 12}


def test_what_the_checks_know_is_loaded_before_anything_is_held(
    music_task: Task, served: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalogue of many names takes longer to read than a lease lasts."""
    start(music_task, 3)
    held: list[bool] = []

    def load() -> None:
        held.append(Draft.objects.filter(state="RUNNING").exists())

    monkeypatch.setattr("explanations.services.drafting.engine.load_what_checks_know", load)
    drained()
    assert held == [False]


# Trials -------------------------------------------------------------------------------------------


def test_both_sides_of_a_trial_are_drafted_and_nothing_of_it_waits_for_an_editor(
    music_task: Task, next_prompt: Prompt, served: ModelServer, stub: StubModelServer
) -> None:
    for number in range(6):
        recommended(music_task, f"track:{number}", TRACK, LISTENER, "g")
    assert music_task.prompt is not None
    assert music_task.model_version is not None
    trial = start_trial(next_prompt, music_task.prompt, music_task.model_version, 5, 1, None)

    assert drained() == 10

    result = result_of(trial)
    assert result.is_finished
    assert [(side.ready, side.failed) for side in result.sides] == [(5, 0), (5, 0)]
    assert set(trial.runs.values_list("state", flat=True)) == {"DONE"}
    assert not Place.objects.exists()


def test_no_more_is_claimed_while_answers_pile_up_that_wait_to_be_written(
    music_task: Task, served: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(music_task, 120)
    held: list[int] = []

    def judge_slowly(*arguments: Any) -> Any:
        sleep(0.01)
        held.append(run.drafts.filter(state=Draft.State.RUNNING).count())
        return judge(*arguments)

    monkeypatch.setattr("explanations.services.drafting.engine.judge", judge_slowly)
    drained(pace(write_at_most=5))

    assert run.drafts.filter(state=Draft.State.PENDING).count() == 0
    # Twice a batch of answers, a window in flight, and a window and a half at hand.
    assert max(held) <= 2 * 5 + 8 + 12


def test_answers_are_judged_while_others_are_written(
    music_task: Task, served: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(music_task, 30)
    looks = count()
    next_are_judged = Event()

    def judge_and_tell(*arguments: Any) -> Any:
        # More than one batch holds.
        if next(looks) == 5:
            next_are_judged.set()
        return judge(*arguments)

    def write_after_that(outcomes: Any) -> int:
        assert next_are_judged.wait(60)
        return write(outcomes)

    monkeypatch.setattr("explanations.services.drafting.engine.judge", judge_and_tell)
    monkeypatch.setattr("explanations.services.drafting.engine.write", write_after_that)
    drained(pace(write_at_most=5))
    assert states(run) == {"READY": 30}
