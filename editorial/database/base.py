"""The database as Django speaks to it, on connections that stay open and keep their plans."""

import select
from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorWrapper
from psycopg.pq import TransactionStatus

# The first time already: what is written for this cursor comes again and again.
_PREPARED_FROM: Final = 0


class PreparingCursor(psycopg.Cursor[Any]):
    """Hands over text and values apart, so that PostgreSQL plans a text once a connection.

    Django's own cursor puts the values into the text: each is new, and planned anew.
    """

    def execute(self, query: Any, params: Any = None, **options: Any) -> "PreparingCursor":
        """Execute a statement that stays prepared."""
        return super().execute(query, params, **(options | {"prepare": True}))


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, with a cursor for statements that stay prepared."""

    def get_connection_params(self) -> dict[str, Any]:
        """Return what a connection is opened with; of Django's own cursors none prepares."""
        return {**super().get_connection_params(), "prepare_threshold": _PREPARED_FROM}

    def preparing_cursor(self) -> CursorWrapper:
        """Return a cursor for `accounts.statements`, counted, logged and guarded as any other."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor: CursorWrapper = self._prepare_cursor(  # type: ignore[attr-defined]
                PreparingCursor(self.connection)
            )
        return cursor

    def is_usable(self) -> bool:
        """Whether the connection kept from the last request still stands.

        Django asks the server with each request. A server that ends, or ends a connection, says so:
        while there is nothing to read, nothing went wrong and no transaction is open, which could
        be a failed one, it need not be asked.
        """
        connection = self.connection
        if connection is None or connection.closed or self.errors_occurred:
            return super().is_usable()
        return _is_idle(connection) or super().is_usable()


def _is_idle(connection: "psycopg.Connection[Any]") -> bool:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN | select.POLLERR | select.POLLHUP)
    return not poll.poll(0)
