"""Workers are killed, stopped and frozen; no draft is lost, none is written twice.

`make soak` kills a thousand drainers, `make test` thirty. FAULT_SEED=… plays the same moments.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from celery import current_app
from django.conf import settings
from django.db import connection
from kombu import Connection

from explanations import nudge
from explanations.models import Draft, Drainer, Finding, Place, Run, Task
from explanations.services import runs
from tests.faults.drafting import own_line, run_of, served, states, table, tracks, unfinished
from tests.faults.workers import (
    Nursery,
    held_by,
    kill_a_pool_process,
    kill_session,
    nursery,
    swept,
    until,
    within_seconds,
    worker,
)
from tests.stub_model_server import StubModelServer, running

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

SEED: Final = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
KILLS = [30, pytest.param(1000, marks=pytest.mark.soak)]
DRAFTS: Final = 600
# A draft that is with a dead drainer has to be somebody else's a minute after its lease at most.
MOST_OVERDUE_S: Final = 60.0


@pytest.fixture
def stub() -> Iterator[StubModelServer]:
    """A model server that takes a little while, and never the same."""
    with running(StubModelServer(latency_s=lambda: random.uniform(0.02, 0.1))) as stub:
        yield stub


@pytest.fixture(autouse=True)
def nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Runs begin without a message, so that only this test's drainers draft them."""
    send = nudge.send
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)
    return lambda: monkeypatch.setattr(nudge, "send", send)


@pytest.fixture
def task_on_stub(music_task: Task, stub: StubModelServer) -> Task:
    """The music task, drafted by the stub."""
    served(music_task, stub.base_url)
    return music_task


@pytest.fixture
def run(task_on_stub: Task, nobody_is_told: Callable[[], None]) -> Run:
    """A run of many drafts that nobody has been told of; from here on messages are sent."""
    started = run_of(task_on_stub, tracks(task_on_stub, DRAFTS))
    nobody_is_told()
    return started


# What was written, and how often ------------------------------------------------------------------


@contextmanager
def every_write_counted() -> Iterator[None]:
    """Keep a ledger of how often each draft was written, in the database itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE write_ledger (draft_id bigint, attempt integer);
            CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN INSERT INTO write_ledger VALUES (NEW.id, NEW.attempt); RETURN NULL; END $$;
            CREATE TRIGGER note_write AFTER UPDATE ON explanations_draft FOR EACH ROW
                WHEN (NEW.state IN ('READY', 'BLOCKED')) EXECUTE FUNCTION note_write();
            """
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "DROP TRIGGER note_write ON explanations_draft; DROP FUNCTION note_write;"
                "DROP TABLE write_ledger"
            )


def written_twice() -> int:
    """How many drafts the ledger saw written more than once."""
    return int(
        _number(
            "SELECT count(*) FROM"
            " (SELECT FROM write_ledger GROUP BY draft_id HAVING count(*) > 1) AS twice"
        )
    )


def overdue_s() -> float:
    """By how many seconds the most overdue draft has outstayed its lease."""
    return float(
        _number(
            "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - lease_until)), 0)"
            " FROM explanations_draft WHERE state = 'RUNNING'"
        )
    )


def _number(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        (number,) = cursor.fetchone()
    return number


# Drainers are killed and frozen -------------------------------------------------------------------


@dataclass
class Torment:
    """Kills drainers at random moments, and freezes some until they were thought dead."""

    task: Task
    children: Nursery
    chance: random.Random
    one_in_how_many_is_frozen: int
    made: list[Run] = field(default_factory=list)
    killed: int = 0
    frozen: int = 0
    most_overdue_s: float = 0.0

    def go_on(self, kills: int, seen_enough: Callable[[], bool] = lambda: False) -> None:
        """Kill so many drainers, two at work at any time, while runs go on."""
        while self.killed < kills and not seen_enough():
            self._keep_work_waiting()
            while len(self.children.children) < 2:
                self.children.fork()
            time.sleep(self.chance.uniform(0.01, 0.3))
            victim = self.chance.choice(self.children.children)
            if not self.chance.randrange(self.one_in_how_many_is_frozen):
                self._freeze_until_replaced(victim, seen_enough)
            self.children.kill(victim)
            self.killed += 1
            self.sweep()

    def let_finish(self) -> None:
        """Kill nobody any more: one drainer finishes all runs, also what was lost too often."""
        self.children.fork()
        for run in self.made:
            until(lambda run=run: not unfinished(run), self.sweep)  # type: ignore[misc]
        self.sweep()

    def sweep(self) -> None:
        """Sweep, and note how long a draft has been stuck before that."""
        self.most_overdue_s = max(self.most_overdue_s, overdue_s())
        swept()

    def _keep_work_waiting(self) -> None:
        if not self.made or self.made[-1].drafts.filter(state="PENDING").count() < 100:
            self.made.append(run_of(self.task, tracks(self.task, DRAFTS)))

    def _freeze_until_replaced(self, child: int, seen_enough: Callable[[], bool]) -> None:
        """Freeze a drainer that has drafts; let it go on when others have done its work."""
        run = self.made[-1]
        if not within_seconds(3, lambda: bool(held_by(child, run))):
            return
        self.children.signal(child, signal.SIGSTOP)
        held = run.drafts.filter(pk__in=held_by(child, run))
        ids = list(held.values_list("pk", flat=True))

        def taken_from_it() -> bool:
            self.sweep()
            return not held_by(child, run)

        within_seconds(10, taken_from_it)
        within_seconds(3, run.drafts.filter(pk__in=ids, state="READY").exists)
        self.children.signal(child, signal.SIGCONT)
        self.frozen += 1
        # Time for its late answers to come home.
        within_seconds(0.8, seen_enough)


@pytest.mark.parametrize("kills", KILLS)
def test_no_draft_is_lost_or_written_twice_whatever_is_killed(
    task_on_stub: Task, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with every_write_counted(), nursery() as children:
        torment = Torment(task_on_stub, children, random.Random(SEED), 6)
        torment.go_on(kills)
        torment.let_finish()
        drafts = Draft.objects.all()
        failed = Counter(drafts.filter(state="FAILED").values_list("failure_reason", flat=True))
        # A draft with which three drainers died says so, and waits for a person to try it again.
        assert set(failed) <= {"worker_lost"}
        for run in torment.made:
            if run.drafts.filter(state="FAILED").exists():
                runs.retry_failed(run, None)
        torment.let_finish()
        tell(f"{kills} kills, seed {SEED}", torment, failed["worker_lost"], capsys)
        assert written_twice() == 0
    assert Counter(drafts.values_list("state", flat=True)) == {"READY": drafts.count()}
    assert set(Counter(Place.objects.values_list("draft", flat=True)).values()) == {1}
    assert Place.objects.count() == drafts.count()
    for draft in drafts.select_related("recommendation"):
        assert draft.text == own_line(draft.recommendation.external_id)
    assert set(Run.objects.values_list("state", flat=True)) == {"DONE"}
    assert torment.most_overdue_s < MOST_OVERDUE_S


@pytest.mark.parametrize("kills", [30, pytest.param(300, marks=pytest.mark.soak)])
def test_without_the_fence_drafts_would_be_written_twice(
    task_on_stub: Task, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The control: the same torment, without the token and without what the database forbids."""

    def seen_enough() -> bool:
        return kills < 100 and written_twice() > 0

    with every_write_counted(), nursery("--without-fence") as children:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE explanations_draft DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE explanations_draft ENABLE TRIGGER note_write")
        try:
            torment = Torment(task_on_stub, children, random.Random(SEED), 6)
            # Chance decides who is frozen with answers on their way: as often as it takes.
            torment.go_on(max(kills, 300), seen_enough)
            tell(f"Control, {torment.killed} kills, seed {SEED}", torment, None, capsys)
            assert written_twice() > 0
        finally:
            for child in list(children.children):
                children.kill(child)
            Finding.objects.all().delete()
            Place.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE explanations_draft CASCADE")
                cursor.execute("ALTER TABLE explanations_draft ENABLE TRIGGER USER")


def tell(
    title: str, torment: Torment, failed: int | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Print what the torment came to."""
    ended = Counter(Draft.objects.values_list("state", flat=True))
    with capsys.disabled():
        table(
            title,
            [
                ("drafts", sum(ended.values())),
                ("drainers killed", torment.killed),
                ("of them frozen until they were replaced", torment.frozen),
                ("written twice", written_twice()),
                ("not ended", ended["PENDING"] + ended["RUNNING"]),
                ("failed with three drainers, tried again", "-" if failed is None else failed),
                ("longest past its lease", f"{torment.most_overdue_s:.1f} s"),
            ],
        )


# Real workers -------------------------------------------------------------------------------------


def until_drafted(run: Run, at_least: int) -> None:
    """Nudge and wait until so many drafts are ready."""
    until(lambda: states(run)["READY"] >= at_least, lambda: nudge.send(nudge.DRAIN_DRAFTS))


def swept_until_done(run: Run) -> None:
    """Sweep until every draft of the run has ended; fail if that never happens."""
    until(lambda: not unfinished(run), swept)
    swept()


def test_a_killed_worker_leaves_nothing_behind(run: Run) -> None:
    with every_write_counted():
        with worker() as first:
            until_drafted(run, 20)
            kill_session(first)
        held = states(run)["RUNNING"]
        with worker():
            until_drafted(run, 30)
            swept_until_done(run)
        assert written_twice() == 0
    assert held > 0
    assert states(run) == {"READY": DRAFTS}
    assert Place.objects.count() == DRAFTS


@pytest.mark.soak
def test_whole_workers_and_processes_of_their_pools_are_killed_a_hundred_times(
    task_on_stub: Task, nobody_is_told: Callable[[], None], capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    times = 50
    made: list[Run] = []
    with every_write_counted():
        for _ in range(times):
            if not made or made[-1].drafts.filter(state="PENDING").count() < DRAFTS:
                made.append(run_of(task_on_stub, tracks(task_on_stub, 5 * DRAFTS)))
                nobody_is_told()
            with worker() as process:
                drafted_at_random_moment(made[-1], chance)
                kill_a_pool_process(process)
                drafted_at_random_moment(made[-1], chance)
        with worker():
            for run in made:
                until(lambda run=run: not unfinished(run), nudged_and_swept)  # type: ignore[misc]
        swept()
        ended = Counter(Draft.objects.values_list("state", "failure_reason"))
        with capsys.disabled():
            table(
                f"{times} workers and as many processes of their pools killed, seed {SEED}",
                [
                    *((state, reason, count) for (state, reason), count in sorted(ended.items())),
                    ("written twice", "", written_twice()),
                ],
            )
        assert written_twice() == 0
    assert set(ended) <= {("READY", ""), ("FAILED", "worker_lost")}


def drafted_at_random_moment(run: Run, chance: random.Random) -> None:
    """Wait until a drainer is at work, or all is done, and then a moment."""
    begun = states(run)["READY"]
    until(lambda: states(run)["READY"] > begun or not unfinished(run), nudged_and_swept)
    time.sleep(chance.uniform(0.0, 0.5))


def nudged_and_swept() -> None:
    """Do what beat has done, as often as it takes."""
    nudge.send(nudge.DRAIN_DRAFTS)
    swept()


def test_a_worker_that_is_asked_to_stop_hands_its_drafts_back(
    run: Run, stub: StubModelServer
) -> None:
    """Only the worker itself is told, as a supervisor does; its pool hears it from the worker.

    Nobody sweeps here: what waits again was handed back, and did not wait for its lease.
    """
    with worker() as stopped:
        until_drafted(run, 20)
        stub.plan("hang")
        until(lambda: stub.outcomes["hang"] >= 8)
        stopped.send_signal(signal.SIGTERM)
        stopped.wait(timeout=60)
    assert states(run)["RUNNING"] == 0
    assert states(run)["PENDING"] > 0
    assert not run.drafts.exclude(lost=0, tries=0, setbacks=0).exists()
    assert not Drainer.objects.exists()


def test_a_worker_obeys_a_message_of_a_later_version(run: Run) -> None:
    with worker():
        until(
            lambda: states(run)["READY"] > 0,
            lambda: current_app.send_task(
                nudge.DRAIN_DRAFTS, args=("a server",), kwargs={"since": "a later version"}
            ),
        )


def test_a_poisonous_draft_fails_alone(run: Run) -> None:
    """It kills every drainer that takes it; those that were in flight beside it get through."""
    Draft.objects.filter(pk=run.drafts.values("pk")[:1]).update(priority=99)
    poison = run.drafts.get(priority=99)
    poison.recommendation.locale = "poison"
    poison.recommendation.save()
    with nursery("--poison") as children:

        def keep_one_at_work() -> None:
            swept()
            if not Drainer.objects.exists():
                children.fork()
            time.sleep(0.5)

        until(lambda: not unfinished(run), keep_one_at_work)
    poison.refresh_from_db()
    assert (poison.state, poison.failure_reason) == ("FAILED", "worker_lost")
    assert states(run) == {"READY": DRAFTS - 1, "FAILED": 1}


def test_the_broker_can_be_emptied(run: Run) -> None:
    """The messages are gone; the rows are not, and the sweeper tells of them again."""
    with Connection(settings.CELERY_BROKER_URL) as broker:
        channel: Any = broker.channel()
        with worker():
            until_drafted(run, 5)
            channel.client.flushall()
            until_drafted(run, DRAFTS)
    assert states(run) == {"READY": DRAFTS}
