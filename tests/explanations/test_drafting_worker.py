"""Workers are killed, stopped and frozen; no draft is lost, none is written twice."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.db import connection
from kombu import Connection

from explanations import nudge
from explanations.models import (
    Draft,
    Drainer,
    Finding,
    ModelServer,
    ModelVersion,
    Place,
    Recommendation,
    Run,
    Task,
)
from explanations.services import runs
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.sweeping import sweep
from tests.conftest import LISTENER, TRACK, recommended
from tests.stub_model_server import StubModelServer, running

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

CHECKOUT = Path(__file__).resolve().parents[2]
LEASE_S = 0.8
PATIENCE_S = 90.0
DRAFTS = 600


def environment() -> dict[str, str]:
    """What a process needs to work on this test's database and broker."""
    database = connection.settings_dict
    options = urlencode({"host": database["HOST"], "port": database["PORT"] or "5432"})
    who = f"{quote(database['USER'])}:{quote(database['PASSWORD'])}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": f"postgresql://{who}@/{database['NAME']}?{options}",
        "BROKER_URL": settings.CELERY_BROKER_URL,
        "DRAFTING_LEASE_S": str(LEASE_S),
        # Those that were killed count as drainers until they have been silent for a lease.
        "DRAFTING_DRAINERS": "1000",
    }


@pytest.fixture
def stub() -> Iterator[StubModelServer]:
    """A model server that takes a little while."""
    with running(StubModelServer(latency_s=0.05)) as stub:
        yield stub


@pytest.fixture
def run(music_task: Task, stub: StubModelServer, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of many drafts that nobody has been told of."""
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)
    server = ModelServer.objects.create(name="Stub", base_url=stub.base_url, window=8)
    version = ModelVersion.objects.create(name="stub")
    version.servers.add(server)
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
        for number in range(DRAFTS - 1)
    )
    assert music_task.prompt is not None
    started = runs.start_run(music_task, music_task.prompt, version, runs.Selection(), 1, None)
    monkeypatch.undo()
    return started


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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM"
            " (SELECT FROM write_ledger GROUP BY draft_id HAVING count(*) > 1) AS twice"
        )
        (count,) = cursor.fetchone()
    return int(count)


def states(run: Run) -> Counter[str]:
    return Counter(run.drafts.values_list("state", flat=True))


def swept() -> None:
    """What beat has done every few seconds."""
    sweep(Pace(lease_s=LEASE_S))


def swept_until_done(run: Run) -> None:
    """Sweep until every draft of the run has ended; fail if that never happens."""
    end = time.monotonic() + PATIENCE_S
    while run.drafts.filter(state__in=["PENDING", "RUNNING"]).exists():
        assert time.monotonic() < end, f"Stuck: {states(run)}, {list(Drainer.objects.values())}"
        swept()
        time.sleep(0.1)
    swept()


# Drainers that are forked, killed and frozen -----------------------------------------------------


class Nursery:
    """Forks drainers and remembers those that live."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.children: list[int] = []

    def fork(self) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        self.children.append(child)
        return child

    def kill(self, child: int) -> None:
        self.children.remove(child)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    def signal(self, child: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(child, number)


@contextmanager
def nursery(*options: str) -> Iterator[Nursery]:
    """A nursery for the length of a test."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.explanations.drafting_children", *options],
        cwd=CHECKOUT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    children = Nursery(process)
    try:
        yield children
    finally:
        for child in list(children.children):
            children.kill(child)
        process.kill()
        process.wait()


def torment(
    children: Nursery, run: Run, rounds: int, seed: int, seen_enough: Callable[[], bool]
) -> None:
    """Kill drainers at random moments, and freeze some until they were thought dead."""
    chance = random.Random(seed)
    for number in range(rounds):
        if seen_enough():
            break
        if number % 3:
            child = children.fork()
            time.sleep(chance.uniform(0.02, 0.3))
            children.kill(child)
            swept()
        else:
            freeze_until_replaced(children, run)


def freeze_until_replaced(children: Nursery, run: Run) -> None:
    """Freeze a drainer with requests in flight; let it go on when another has done its work."""
    child = children.fork()
    within_seconds(3, run.drafts.filter(state="RUNNING").exists)
    children.signal(child, signal.SIGSTOP)
    held = list(run.drafts.filter(state="RUNNING").values_list("pk", flat=True))
    time.sleep(LEASE_S + 0.1)
    swept()
    successor = children.fork()
    within_seconds(3, run.drafts.filter(pk__in=held, state="READY").exists)
    children.signal(child, signal.SIGCONT)
    # Time for its late answers to come home, on a busy machine too.
    time.sleep(0.8)
    children.kill(child)
    children.kill(successor)


def within_seconds(seconds: float, happened: Callable[[], bool]) -> None:
    """Wait for something that may also never happen."""
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.02)


def tormented(
    run: Run, rounds: int, *options: str, seen_enough: Callable[[], bool] = lambda: False
) -> None:
    """Torment drainers, then let one finish the run."""
    with nursery(*options) as children:
        torment(children, run, rounds, 11, seen_enough)
        children.fork()
        swept_until_done(run)


def test_no_draft_is_lost_or_written_twice_whatever_is_killed(run: Run) -> None:
    with every_write_counted():
        tormented(run, 30)
        assert written_twice() == 0
    ended = states(run)
    assert set(ended) <= {"READY", "FAILED"}
    assert sum(ended.values()) == DRAFTS
    assert ended["READY"] >= DRAFTS * 0.8
    assert set(run.drafts.filter(state="FAILED").values_list("failure_reason", flat=True)) <= {
        "worker_lost"
    }
    places = Counter(Place.objects.values_list("draft", flat=True))
    assert len(places) == ended["READY"]
    assert set(places.values()) == {1}
    run.refresh_from_db()
    assert run.state == "DONE"


def begin_again(run: Run) -> None:
    """Put the run back to its beginning, with an empty ledger."""
    Finding.objects.all().delete()
    Place.objects.all().delete()
    Drainer.objects.all().delete()
    run.drafts.update(state="PENDING", lease_until=None, text="", output=None, lost=0, tries=0)
    Run.objects.filter(pk=run.pk).update(state="RUNNING", finished_at=None)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE write_ledger")


def test_without_the_fence_drafts_would_be_written_twice(run: Run) -> None:
    """The control: the same torment, without the token and without what the database forbids."""
    with every_write_counted():
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE explanations_draft DISABLE TRIGGER USER")
            cursor.execute("ALTER TABLE explanations_draft ENABLE TRIGGER note_write")
        try:
            # Chance decides which drainer is frozen with answers on their way; ask it again.
            for _chance in range(4):
                tormented(run, 30, "--without-fence", seen_enough=lambda: written_twice() > 0)
                if written_twice():
                    break
                begin_again(run)
            assert written_twice() > 0
        finally:
            Finding.objects.all().delete()
            Place.objects.all().delete()
            with connection.cursor() as cursor:
                cursor.execute("TRUNCATE explanations_draft CASCADE")
                cursor.execute("ALTER TABLE explanations_draft ENABLE TRIGGER USER")


# A real worker ----------------------------------------------------------------------------------


@contextmanager
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker of the drafting queue, as it runs in production."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "celery", "--app", "editorial", "worker"),
            *("--queues", "drafting", "--concurrency", "1", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle"),
        ],
        cwd=CHECKOUT,
        env=environment(),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until_drafted(run: Run, at_least: int) -> None:
    """Nudge and wait until so many drafts are ready."""
    end = time.monotonic() + PATIENCE_S
    while states(run)["READY"] < at_least:
        assert time.monotonic() < end, f"Nothing is drafted: {states(run)}"
        nudge.send(nudge.DRAIN_DRAFTS)
        time.sleep(0.2)


def test_a_killed_worker_leaves_nothing_behind(run: Run) -> None:
    with every_write_counted():
        with worker() as first:
            until_drafted(run, 20)
            os.killpg(first.pid, signal.SIGKILL)
        held = states(run)["RUNNING"]
        with worker():
            until_drafted(run, 30)
            swept_until_done(run)
        assert written_twice() == 0
    assert held > 0
    assert states(run) == {"READY": DRAFTS}
    assert Place.objects.count() == DRAFTS


def test_a_worker_that_is_asked_to_stop_hands_its_drafts_back(
    run: Run, stub: StubModelServer
) -> None:
    """Only the worker itself is told, as a supervisor does; its pool hears it from the worker."""
    with worker() as stopped:
        until_drafted(run, 20)
        stub.plan("hang")
        time.sleep(0.5)
        stopped.send_signal(signal.SIGTERM)
        stopped.wait(timeout=20)
    assert states(run)["RUNNING"] == 0
    assert states(run)["PENDING"] > 0
    assert not run.drafts.exclude(lost=0, tries=0, setbacks=0).exists()
    assert not Drainer.objects.exists()


def test_a_poisonous_draft_fails_alone(run: Run) -> None:
    """It kills every drainer that takes it; those that were in flight beside it get through."""
    Draft.objects.filter(pk=run.drafts.values("pk")[:1]).update(priority=99)
    poison = run.drafts.get(priority=99)
    poison.recommendation.locale = "poison"
    poison.recommendation.save()
    with nursery("--poison") as children:
        end = time.monotonic() + PATIENCE_S
        while run.drafts.filter(state__in=["PENDING", "RUNNING"]).exists():
            assert time.monotonic() < end, f"Stuck: {states(run)}"
            swept()
            if not Drainer.objects.exists():
                children.fork()
            time.sleep(0.5)
    poison.refresh_from_db()
    assert (poison.state, poison.failure_reason) == ("FAILED", "worker_lost")
    assert states(run) == {"READY": DRAFTS - 1, "FAILED": 1}


def test_the_broker_can_be_emptied(run: Run, stub: StubModelServer) -> None:
    """The messages are gone; the rows are not, and the sweeper tells of them again."""
    with Connection(settings.CELERY_BROKER_URL) as broker:
        channel: Any = broker.channel()
        with worker():
            until_drafted(run, 5)
            channel.client.flushall()
            until_drafted(run, DRAFTS)
    assert states(run) == {"READY": DRAFTS}
