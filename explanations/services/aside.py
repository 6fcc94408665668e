"""Look something up beside the requests, so that nobody waits for it."""

import logging
from collections.abc import Callable, Iterable, Iterator
from threading import Lock, Thread, current_thread
from time import sleep, thread_time
from typing import Final, TypeVar

from django.db import connection

ASIDE: Final = "aside"
"""The name of the threads."""
BUSY_S: Final = 0.002
REST_S: Final = 0.006
"""Computing without a rest, a thread holds the interpreter for 5 ms each time that a request asks
for it, and a request asks after each answer of the database."""

logger = logging.getLogger(__name__)
T = TypeVar("T")


class Turn:
    """A lock that one thread at a time holds, who can see whether a request waits for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: list[Thread] = []

    @property
    def is_taken(self) -> bool:
        """Whether somebody holds it."""
        return self._lock.locked()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for it who is no thread of `aside`."""
        return bool(self._waiting)

    def __enter__(self) -> None:
        if current_thread().name == ASIDE:
            self._lock.acquire()
            return
        self._waiting.append(current_thread())
        try:
            self._lock.acquire()
        finally:
            self._waiting.remove(current_thread())

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def giving_way(rows: Iterable[T], turn: Turn) -> Iterator[T]:
    """Yield rows; in a thread of `aside` with rests between them, in which requests go first.

    `turn` is held meanwhile. When a request waits for it there is no more rest.
    """
    if current_thread().name != ASIDE:
        yield from rows
        return
    since = thread_time()
    for row in rows:
        yield row
        if thread_time() - since > BUSY_S:
            if not turn.is_awaited:
                sleep(REST_S)
            since = thread_time()


def aside(look: Callable[[], object]) -> None:
    """Let `look` run in a thread of its own, with a database connection of its own.

    It may fail: the log hears of it, and whoever needs what it looks for looks again.
    """

    def run() -> None:
        try:
            look()
        except Exception:
            logger.exception("What checks know could not be looked up.")
        finally:
            connection.close()

    Thread(target=run, name=ASIDE, daemon=True).start()
