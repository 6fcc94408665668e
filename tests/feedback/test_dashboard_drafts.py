"""The list of the drafts behind a number."""

import re

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Run
from tests.feedback.dashboard_pages import text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db
LIST = "/dashboard/drafts/"


def shown_at(client: Client, address: str) -> tuple[list[int], str]:
    """The drafts that a page of the list shows, and where the next one begins."""
    answer = client.get(address)
    assert answer.status_code == 200
    page = answer.content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', page)
    drafts = [int(number) for number in re.findall(r'data-draft="(\d+)"', page)]
    return drafts, LIST + older[1].replace("&amp;", "&") if older else ""


def test_it_says_what_is_asked_for_how_many_there_are_and_what_was_tagged(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    asked = {"task": "music-oneliner", "sample": "blind", "category": "generic"}
    page = text_of(manager_client.get(LIST, asked).content.decode())
    assert "30 drafts behind the number" in page
    assert "Music one-liner · The random blind sample · Tagged Generic" in page
    assert "Tone, minor" in page
    assert "smollm2-135m-instruct, prompt 1" in page


def test_its_pages_hold_each_draft_once_the_newest_day_first(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    made = {
        draft.pk: timezone.localdate().toordinal() - days_ago
        for days_ago in (1, 2, 3)
        for draft in judged_desk.judge(run, 40, days_ago=days_ago)
    }
    judged_desk.count()
    seen: list[int] = []
    address = f"{LIST}?task=music-oneliner"
    while address:
        drafts, address = shown_at(manager_client, address)
        seen += drafts
    assert sorted(seen) == sorted(made)
    assert [made[draft] for draft in seen] == sorted((made[draft] for draft in seen), reverse=True)


def test_no_drafts_are_said_to_be_none(manager_client: Client, music_task: object) -> None:
    page = manager_client.get(LIST, {"task": "music-oneliner", "outcome": "rejected"})
    assert "No drafts here" in page.content.decode()


def test_what_cannot_be_asked_is_said_in_a_sentence(manager_client: Client) -> None:
    page = manager_client.get(LIST, {"from": "2026-02-30"})
    assert "A day is written like" in page.content.decode()
    page = manager_client.get(LIST, {"after": "nowhere"})
    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


def test_drafts_of_a_person_are_shown_to_that_person_and_to_leads(
    editor_client: Client,
    second_editor_client: Client,
    lead_client: Client,
    manager_client: Client,
    busy_desk: JudgedDesk,
    editor: Person,
) -> None:
    of_ada = f"{LIST}?task=music-oneliner&editor={editor.username}"
    assert editor_client.get(of_ada).status_code == 200
    assert lead_client.get(of_ada).status_code == 200
    assert second_editor_client.get(of_ada).status_code == 403
    assert manager_client.get(of_ada).status_code == 403


def test_statements_are_as_many_however_many_drafts_there_are(
    manager_client: Client,
    judged_desk: JudgedDesk,
    run: Run,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def look() -> None:
        manager_client.get(LIST, {"task": "music-oneliner", "category": "tone"})

    judged_desk.judge(run, 5, "REJECT", tags=[("tone", 1)])
    judged_desk.count()
    look()
    with django_assert_num_queries(LIST_QUERIES):
        look()
    judged_desk.judge(run, 60, "REJECT", tags=[("tone", 1), ("generic", 1)], days_ago=4)
    judged_desk.count()
    with django_assert_num_queries(LIST_QUERIES):
        look()


LIST_QUERIES = 16
