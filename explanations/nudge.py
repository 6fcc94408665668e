"""Wake a worker, after the commit and without ever holding up whoever asks.

The row in PostgreSQL is the job; a message only says that there is one. So a message that cannot
be sent is no error: the sweeper looks at the rows and sends another.
"""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache, partial
from threading import Lock
from typing import Final

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

DRAIN_DRAFTS: Final = "explanations.tasks.drain_drafts"
IMPORT_DELIVERY: Final = "explanations.tasks.import_delivery"

# A page is held up no longer than this by a broker that hangs; the attempt goes on behind it. One
# that is well takes a few milliseconds.
PATIENCE_S: Final = 0.3
# A nudge that nobody took for so long has been followed by others.
WORTH_S: Final = 120.0


def after_commit(task: str, *arguments: object) -> None:
    """Send a task by name once what it is about has been committed. Never raises."""
    transaction.on_commit(partial(send, task, *arguments), robust=True)


def send(task: str, *arguments: object) -> bool:
    """Send a task by name, now; return whether the broker took it in time. Never raises."""
    load()  # a command's first message: what it takes to load says nothing about the broker
    return _sender.send(partial(_publish, task, *arguments))


@cache
def load() -> None:
    """Load what publishing needs, and ask nobody: the first page that publishes must not wait."""
    with current_app.connection_for_write() as unconnected:
        unconnected.transport  # noqa: B018 - asking for it loads it
    current_app.amqp.send_task_message  # noqa: B018
    current_app.backend  # noqa: B018


def _publish(task: str, *arguments: object) -> None:
    current_app.send_task(task, args=arguments, expires=WORTH_S, retry=False, ignore_result=True)


class _Sender:
    """Publishes in a thread of its own, one message at a time.

    While one attempt hangs, further ones are given up at once rather than queued behind it: what
    they would say, the sweeper says later.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a fork copies this object and not its thread."""
        self._thread: ThreadPoolExecutor | None = None
        self._under_way: Future[None] | None = None
        self._lock = Lock()

    def send(self, publish: Callable[[], None]) -> bool:
        with self._lock:
            if self._under_way is not None and not self._under_way.done():
                log.warning("The broker hangs; the sweeper will send this later.")
                return False
            if self._thread is None:
                self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nudge")
            attempt = self._under_way = self._thread.submit(publish)
        try:
            attempt.result(timeout=PATIENCE_S)
        except TookTooLong:
            log.warning("The broker does not answer; the sweeper will send this later.")
            return False
        except Exception as error:
            log.warning("The broker cannot be reached (%s); the sweeper will send later.", error)
            return False
        return True


_sender = _Sender()
os.register_at_fork(after_in_child=_sender.forget)
