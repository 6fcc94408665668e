"""A thread in which an engine speaks to PostgreSQL."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Final, ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0


class DatabaseThread:
    """Runs database work in one thread, through Django's connection of that thread.

    One, because the work of an engine is a sequence, and a thread has a connection of its own.
    What is run must be safe to run twice: work that a lost connection or a deadlock cut off is
    done again until it succeeds or the thread is told to give up. Everything that drafting writes
    is fenced by an attempt, so the second time finds the first one's result and changes nothing.
    """

    def __init__(self, name: str = "drafting-database") -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._gives_up = False

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns. Raises what it raises, but for a lost connection."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._thread, lambda: self._insist(lambda: work(*args, **kwargs))
        )

    def give_up(self) -> None:
        """From now on a lost connection is an error: the process has to end."""
        self._gives_up = True

    async def close(self) -> None:
        """Close the thread's connection and end it."""
        await asyncio.get_running_loop().run_in_executor(
            self._thread,
            lambda: connection.close(),  # looked up there: each thread has its own
        )
        self._thread.shutdown()

    def _insist(self, work: Callable[[], T]) -> T:
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                return work()
            except (OperationalError, InterfaceError) as error:
                connection.close()
                if self._gives_up:
                    raise
                log.warning("The database is away or busy (%s); trying again.", _first_line(error))
                sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
