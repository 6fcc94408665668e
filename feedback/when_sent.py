"""Do something when an answer has been sent, while nobody waits for it."""

import logging
from collections.abc import Callable

from django.db import DatabaseError
from django.http.response import HttpResponseBase

logger = logging.getLogger(__name__)


def when_sent(response: HttpResponseBase, work: Callable[[], object]) -> None:
    """Let `work` run in the request's own thread as soon as its answer is with the browser.

    It must be something that may as well not happen: whoever kills the server in between kills it
    too, and of a database that fails only the log hears.
    """
    close = response.close

    def work_and_close() -> None:
        try:
            work()
        except DatabaseError:
            logger.exception("What was to be done after an answer could not be done.")
        finally:
            close()

    response.close = work_and_close  # type: ignore[method-assign]
