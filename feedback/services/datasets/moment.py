"""One moment of the database, on a connection of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from django.db import connection
from psycopg.types.json import set_json_loads

# What sorts and joins of a million narrow rows take before they go to the disk, of PostgreSQL's
# memory: there are one or two builds at a time.
_MEMORY = "96MB"


@contextmanager
def one_moment() -> Iterator[psycopg.Connection[Any]]:
    """Yield a connection that sees the database as it is now, however long it is held.

    It is not Django's: that one stays free to say meanwhile how far the work is. What is written on
    it is temporary, and is gone at the end.
    """
    settings = connection.get_connection_params()
    # Values are written into the statements, as Django does: what makes a table takes no others.
    settings["cursor_factory"] = psycopg.ClientCursor
    with psycopg.connect(**settings) as own:
        set_json_loads(orjson.loads, own)
        own.execute(f"SET SESSION temp_buffers = '{_MEMORY}'")
        own.commit()
        own.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        give_room(own)
        try:
            yield own
        finally:
            own.rollback()


def give_room(cursor: Any) -> None:
    """Let the rest of the transaction sort and join a million rows without going to the disk."""
    cursor.execute(f"SET LOCAL work_mem = '{_MEMORY}'")
    cursor.execute("SET LOCAL jit = off")
    # Of a million rows six thousand say enough.
    cursor.execute("SET LOCAL default_statistics_target = 20")
