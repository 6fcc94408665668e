"""What workers run. The messages only wake them: what is to be done is in PostgreSQL."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from celery import shared_task
from celery.signals import worker_init, worker_process_init, worker_shutting_down

from explanations import nudge
from explanations.services import importing
from explanations.services.drafting.drain import drain
from explanations.services.drafting.pace import pace
from explanations.services.drafting.sweeping import sweep

# Web and workers of two versions run beside each other while one replaces the other. So every task
# takes what it does not know (`*_newer`, `**_named`), keeps its name, and never needs more than its
# first version did.

# The drain itself, the last answers coming home, and room for the writing. Must stay below the
# broker's visibility timeout of 900 s; a drainer that has not ended by then hangs and is killed.
_HARD_LIMIT_S: Final = int(pace().drain_s + pace().finish_s + 60)
# An import hands over between batches, which take a second at most.
_IMPORT_S: Final = 600.0
_IMPORT_LIMIT_S: Final = 780


@shared_task(name=nudge.DRAIN_DRAFTS, time_limit=_HARD_LIMIT_S)
def drain_drafts(*_newer: object, **_named: object) -> None:
    """Draft for some minutes, then hand over."""
    drain(pace(), _call_drainer, _stop_with_the_worker)


@shared_task(name="explanations.tasks.sweep_drafts")
def sweep_drafts(*_newer: object, **_named: object) -> None:
    """Put right what stalled, and wake a drainer if work waits."""
    if sweep(pace()).work_waits:
        _call_drainer()


@shared_task(name=nudge.IMPORT_DELIVERY, time_limit=_IMPORT_LIMIT_S)
def import_delivery(import_id: int, *_newer: object, **_named: object) -> None:
    """Import for some minutes, then hand over."""
    if importing.run_delivery(import_id, seconds=_IMPORT_S):
        nudge.send(nudge.IMPORT_DELIVERY, import_id)


@shared_task(name="explanations.tasks.sweep_imports")
def sweep_imports(*_newer: object, **_named: object) -> None:
    """End the imports that nobody can go on with, and wake workers for those that wait."""
    for import_id in importing.sweep():
        nudge.send(nudge.IMPORT_DELIVERY, import_id)


def _call_drainer() -> None:
    nudge.send(nudge.DRAIN_DRAFTS)


# Stopping with the worker ------------------------------------------------------------------------
# On SIGTERM a worker waits for its tasks, and its pool's processes hear nothing of it. So the
# worker holds the one end of a pipe and they watch the other: it closes when the worker begins to
# stop. A SIGTERM to the process itself does the same.

_stop_pipe: tuple[int, int] | None = None


@worker_init.connect
def _open_stop_pipe(**_signal: Any) -> None:
    global _stop_pipe
    _stop_pipe = os.pipe()


@worker_process_init.connect
def _watch_only(**_signal: Any) -> None:
    if _stop_pipe is not None:
        os.close(_stop_pipe[1])


@worker_shutting_down.connect
def _close_stop_pipe(**_signal: Any) -> None:
    if _stop_pipe is not None:
        with suppress(OSError):
            os.close(_stop_pipe[1])


def _stop_with_the_worker(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ValueError, RuntimeError):  # not in the main thread: nobody signals it
        loop.add_signal_handler(signal.SIGTERM, stop)
    if _stop_pipe is not None:
        watched = _stop_pipe[0]

        def end_of_worker() -> None:
            loop.remove_reader(watched)
            stop()

        loop.add_reader(watched, end_of_worker)
