"""Workers and drainers that tests start, kill, freeze and stop."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import psutil
import pytest
from django.conf import settings
from django.db import connection

from explanations.models import Run
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.sweeping import sweep

CHECKOUT = Path(__file__).resolve().parents[2]
LEASE_S = 0.8
# Limits for what is waited for: nobody should meet them, on however busy a machine.
PATIENCE_S = 120.0


def environment() -> dict[str, str]:
    """Return what a process needs to work on this test's database and broker."""
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


def swept() -> None:
    """Do what beat has done every few seconds."""
    sweep(Pace(lease_s=LEASE_S))


def until(happened: Callable[[], bool], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Wait until something has happened; fail if it never does."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, "It never happened."
        meanwhile()
        time.sleep(0.05)


def within_seconds(seconds: float, happened: Callable[[], bool]) -> bool:
    """Wait for something that may also never happen; return whether it did."""
    end = time.monotonic() + seconds
    while not (did := happened()) and time.monotonic() < end:
        time.sleep(0.02)
    return did


# Drainers without a worker around them ------------------------------------------------------------


class Nursery:
    """Forks drainers and remembers those that live."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.children: list[int] = []

    def fork(self) -> int:
        """Begin a drainer; return its process number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        self.children.append(child)
        return child

    def kill(self, child: int) -> None:
        """Kill a drainer, as a machine that runs out of memory does."""
        self.children.remove(child)
        self.signal(child, signal.SIGKILL)

    def signal(self, child: int, number: signal.Signals) -> None:
        """Send a signal to a drainer, should it still be there."""
        with suppress(ProcessLookupError):
            os.kill(child, number)


@contextmanager
def nursery(*options: str) -> Iterator[Nursery]:
    """Keep a nursery for the length of a block; no drainer outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.drafting_children", *options],
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


def held_by(child: int, run: Run) -> list[int]:
    """Return the drafts of a run that a drainer of this process number holds."""
    return list(
        run.drafts.filter(state="RUNNING", claimed_by__contains=f":{child}:").values_list(
            "pk", flat=True
        )
    )


# Real workers -------------------------------------------------------------------------------------


@contextmanager
def worker() -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Celery worker of the drafting queue, as in production, in a session of its own."""
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
        kill_session(process)


def kill_session(process: "subprocess.Popen[bytes]") -> None:
    """Kill a worker and its pool at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_a_pool_process(process: "subprocess.Popen[bytes]") -> bool:
    """Kill one process of a worker's pool; return whether there was one."""
    try:
        children = psutil.Process(process.pid).children()
    except psutil.NoSuchProcess:
        pytest.fail("The worker has ended by itself.")
    if children:
        with suppress(psutil.NoSuchProcess):
            children[0].kill()
    return bool(children)
