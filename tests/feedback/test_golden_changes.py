"""The feed of goldens: every change once, in one order, while others write."""

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Golden, GoldenChange
from feedback.services.golden_changes import changes_since
from feedback.services.goldens import withdraw_golden
from tests.conftest import TokenMaker, bearer
from tests.editorial.test_api import assert_problem
from tests.faults.workers import environment
from tests.feedback.test_exporting import LINE, reviewed

pytestmark = pytest.mark.django_db(transaction=True)

CHANGES = "/api/v1/goldens/changes/"


@pytest.fixture
def golden(ready_draft: Draft, editor: Person) -> Golden:
    reviewed(ready_draft, editor, LINE)
    return Golden.objects.get()


@pytest.fixture
def program(editor: Person, token_for: TokenMaker) -> Client:
    return Client(headers=bearer(token_for(editor, "desk:read")))


def test_what_becomes_of_a_golden_is_told_in_order(
    program: Client, golden: Golden, lead: Person
) -> None:
    withdraw_golden(golden.pk, lead, "Made up.")

    page = program.get(CHANGES).json()

    told = [(each["number"], each["golden"], each["state"]) for each in page["results"]]
    assert told == [(1, golden.pk, "APPROVED"), (2, golden.pk, "WITHDRAWN")]
    assert page["results"][0]["text"] == LINE
    assert (page["since"], page["more"]) == (2, False)
    later = program.get(CHANGES, {"since": 2}).json()
    assert later == {"since": 2, "more": False, "results": []}


def test_a_change_that_is_none_is_not_told(program: Client, golden: Golden) -> None:
    Golden.objects.update(state_reason="Looked at.", state="APPROVED")

    assert len(program.get(CHANGES).json()["results"]) == 1


def test_pages_follow_one_another(program: Client, golden: Golden, lead: Person) -> None:
    withdraw_golden(golden.pk, lead, "Made up.")

    first = program.get(CHANGES, {"page_size": 1}).json()
    second = program.get(CHANGES, {"page_size": 1, "since": first["since"]}).json()

    assert [first["more"], second["more"]] == [True, False]
    assert [each["number"] for each in first["results"] + second["results"]] == [1, 2]


@pytest.mark.parametrize("asked", ["since=-1", "since=x", f"since={2**63}", "page_size=501"])
def test_rubbish_is_refused(program: Client, golden: Golden, asked: str) -> None:
    assert_problem(program.get(f"{CHANGES}?{asked}"), 400, "invalid")


# While others write ------------------------------------------------------------------------------

Look = Callable[[int], list[tuple[int, int]]]
"""A cursor -> what lies behind it: the cursor of each change, and the change."""


def by_number(since: int) -> list[tuple[int, int]]:
    """The feed."""
    return [(change.number or 0, change.pk) for change in changes_since(since)[:7]]


def by_id(since: int) -> list[tuple[int, int]]:
    """The control: what most feeds do."""
    found = GoldenChange.objects.filter(pk__gt=since).order_by("pk")[:7]
    return [(change.pk, change.pk) for change in found]


@pytest.fixture
def writers(golden: Golden) -> Iterator[Callable[[], psycopg.Connection[Any]]]:
    """Makes connections of editors."""
    opened: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        opened.append(psycopg.connect(environment()["DATABASE_URL"]))
        return opened[-1]

    yield connect
    for each in opened:
        each.close()


def write(editor: psycopg.Connection[Any], golden: Golden) -> None:
    editor.execute(
        "INSERT INTO feedback_goldenchange (golden_id, state) VALUES (%s, 'APPROVED')", [golden.pk]
    )


@pytest.mark.parametrize(("look", "misses"), [(by_number, 0), (by_id, 1)], ids=["feed", "control"])
def test_who_began_first_and_commits_last_is_not_missed(
    golden: Golden,
    writers: Callable[[], psycopg.Connection[Any]],
    look: Look,
    misses: int,
) -> None:
    slow, quick = writers(), writers()
    write(slow, golden)
    write(quick, golden)
    quick.commit()
    seen = look(0)
    slow.commit()
    seen += look(seen[-1][0])

    assert GoldenChange.objects.count() - len({change for _cursor, change in seen}) == misses


def test_eight_editors_write_and_one_who_follows_sees_each_change_once(
    golden: Golden, writers: Callable[[], psycopg.Connection[Any]]
) -> None:
    seed = random.randrange(2**32)
    each_writes = 60

    def work(editor: psycopg.Connection[Any], chance: random.Random) -> None:
        for _ in range(each_writes):
            for _ in range(chance.randrange(1, 4)):
                write(editor, golden)
            editor.execute("SELECT pg_sleep(%s)", [chance.random() / 500])
            editor.commit() if chance.random() < 0.8 else editor.rollback()

    threads = [
        threading.Thread(target=work, args=(writers(), random.Random(seed + number)))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    seen: list[tuple[int, int]] = []
    while any(thread.is_alive() for thread in threads):
        seen += by_number(seen[-1][0] if seen else 0)
    while page := by_number(seen[-1][0] if seen else 0):
        seen += page
    for thread in threads:
        thread.join()

    assert [number for number, _change in seen] == list(range(1, len(seen) + 1)), seed
    assert sorted(change for _number, change in seen) == sorted(
        GoldenChange.objects.values_list("pk", flat=True)
    ), seed
    assert connection.connection is not None
