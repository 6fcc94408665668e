"""Statements in plain SQL: planned once a connection, and otherwise as Django's own queries."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.backends import PERSON
from accounts.models import Person
from accounts.statements import Statement
from tests.conftest import TokenMaker, bearer

SUM = Statement("SELECT %(one)s::bigint + %(other)s::bigint")


def plans_of(text: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE starts_with(statement, %s)", [text]
        )
        row = cursor.fetchone()
    assert row
    return int(row[0])


def test_a_statement_is_planned_once_whatever_its_values(db: None) -> None:
    assert SUM.row(one=1, other=1) == (2,)
    assert SUM.row(one=2**20, other=2**40) == (2**20 + 2**40,)

    assert plans_of("SELECT $1::bigint + $2::bigint") == 1


def test_it_is_counted_as_any_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        SUM.row(one=1, other=1)


def test_what_the_database_refuses_is_refused_as_from_any_query(editor: Person) -> None:
    again = Statement("INSERT INTO auth_group (id, name) SELECT id, name FROM auth_group")

    with pytest.raises(IntegrityError), transaction.atomic():
        again.changed()


def test_it_says_how_many_rows_it_changed(editor: Person, lead: Person) -> None:
    rename = Statement("UPDATE accounts_person SET first_name = 'Al' WHERE id = ANY(%(ids)s)")

    assert rename.changed(ids=[editor.pk, lead.pk]) == 2


def test_a_row_becomes_what_the_model_makes_of_it(editor: Person) -> None:
    editor.own_keys = {"accept": "KeyP"}
    editor.save()
    one = Statement(
        "SELECT {person} FROM accounts_person person WHERE id = %(id)s", person=PERSON
    ).row(id=editor.pk)

    assert one
    read = PERSON.read(one)
    assert read == editor
    assert (read.own_keys, read.date_joined) == ({"accept": "KeyP"}, editor.date_joined)
    assert not read._state.adding


class TestWhoAsks:
    """One query for a program, two for a person with a session."""

    def test_a_token_its_person_and_what_they_may_are_one_query(
        self,
        client: Client,
        editor: Person,
        token_for: TokenMaker,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        token = token_for(editor, "desk:read")
        with django_assert_num_queries(1):
            assert client.get("/api/v1/", headers=bearer(token)).status_code == 200

    def test_a_session_is_one_and_its_person_another(
        self, editor_client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(2):
            assert editor_client.get("/review/session/").status_code == 200

    def test_a_token_that_has_expired_is_gone_once_it_was_tried(
        self, client: Client, editor: Person, token_for: TokenMaker
    ) -> None:
        token = token_for(editor, "desk:read", expiry=timedelta(seconds=-1))
        assert client.get("/api/v1/", headers=bearer(token)).status_code == 401
        assert not editor.auth_token_set.filter(expiry__lt=timezone.now()).exists()
