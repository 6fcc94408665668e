"""Heavy reads: a time limit of their own, and so many at once that they never slow an editor down.

The budget is the database's, so it holds over all processes of the web server: a read that finds
it spent waits a little, and is then refused.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from django.db import DatabaseError, connection, transaction
from django.utils.translation import gettext as _

LONGEST_S: Final = 5.0
AT_ONCE: Final = 3
"""Half of what two cores answer quickly together; editors have the rest."""
_PATIENCE_S: Final = 3.0
_PAUSE_S: Final = 0.05
_BUDGET: Final = 0x57A7


class ReadRefused(Exception):
    """Numbers that cannot be shown now; the text is a sentence for people."""


class TookTooLong(ReadRefused):
    """A read that was stopped at its time limit."""


class DeskBusy(ReadRefused):
    """So many read heavily that this one would slow editors down; it can be tried again."""


@contextmanager
def heavy_read() -> Iterator[None]:
    """Let the block read tables for numbers, and write none; it is one transaction.

    Raises DeskBusy when too many do so at once, TookTooLong at the time limit.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            _take_a_seat()
            cursor.execute(
                "SELECT current_setting('statement_timeout'), current_setting('jit'),"
                " set_config('statement_timeout', %s, true), set_config('jit', 'off', true)",
                [str(int(LONGEST_S * 1000))],
            )
            timeout_before, jit_before, *_now = cursor.fetchone()
            yield
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('jit', %s, true)",
                [timeout_before, jit_before],
            )
    except DatabaseError as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            raise TookTooLong(
                _("These numbers were stopped after their time limit. Ask about fewer days.")
            ) from error
        raise


def _take_a_seat() -> None:
    """Hold one of the seats until the transaction ends. Raises DeskBusy."""
    until = time.monotonic() + _PATIENCE_S
    any_seat = " OR ".join(["pg_try_advisory_xact_lock(%s, %s)"] * AT_ONCE)
    seats = [value for seat in range(AT_ONCE) for value in (_BUDGET, seat)]
    while True:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {any_seat}", seats)
            (is_free,) = cursor.fetchone()
        if is_free:
            return
        if time.monotonic() >= until:
            raise DeskBusy(_("Many look at numbers just now. Try again in a moment."))
        time.sleep(_PAUSE_S)
