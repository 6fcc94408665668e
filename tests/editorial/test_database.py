"""A connection that is kept between requests: used without asking whether it stands, and opened
anew when it does not.
"""

from typing import Any

import psycopg
import pytest
from django.db import DataError, connection, transaction


@pytest.fixture
def kept(transactional_db: None) -> int:
    """A connection of the last request, as it is when the next begins; the server's number."""
    server = asked()
    connection.health_check_enabled = True  # type: ignore[attr-defined]
    connection.health_check_done = False  # type: ignore[attr-defined]
    return server


def asked() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        row = cursor.fetchone()
    assert row
    return int(row[0])


def test_a_connection_that_stands_is_not_asked_whether_it_does(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[Any] = []
    execute = psycopg.Cursor.execute

    def note(cursor: psycopg.Cursor[Any], query: Any, *more: Any, **other: Any) -> Any:
        statements.append(query)
        return execute(cursor, query, *more, **other)

    monkeypatch.setattr(psycopg.Cursor, "execute", note)

    assert asked() == kept
    assert statements == ["SELECT pg_backend_pid()"]


def test_one_that_the_server_has_ended_is_opened_anew(kept: int) -> None:
    with psycopg.connect(connection.connection.info.dsn, password=password()) as other:
        other.execute("SELECT pg_terminate_backend(%s, 60_000)", [kept])

    assert asked() != kept


def test_after_an_error_it_is_asked(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "errors_occurred", True)
    monkeypatch.setattr("editorial.database.base.base.DatabaseWrapper.is_usable", lambda _: False)

    assert asked() != kept


def test_in_a_failed_transaction_it_is_not_usable(kept: int) -> None:
    with transaction.atomic():
        with pytest.raises(DataError):
            fail()
        assert not connection.is_usable()
        transaction.set_rollback(True)

    assert connection.is_usable()


def fail() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def password() -> str:
    return str(connection.settings_dict["PASSWORD"])
