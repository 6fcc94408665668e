"""Look something up beside the requests, so that nobody waits for it."""

import logging
from collections.abc import Callable
from threading import Thread
from typing import Final

from django.db import connection

ASIDE: Final = "aside"
"""The name of the threads."""

logger = logging.getLogger(__name__)


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
