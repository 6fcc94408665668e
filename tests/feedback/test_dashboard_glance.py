"""The dashboard's first screen: four questions, answered at a glance."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from explanations.models import Run
from tests.feedback.conftest import DraftMaker
from tests.feedback.dashboard_pages import counted_links, page_of, text_of
from tests.feedback.disagreeing import Disagreement, disagree, disagreement
from tests.feedback.judged_desk import JudgedDesk

__all__ = ["disagree", "disagreement"]

pytestmark = pytest.mark.django_db


def test_what_is_publishable_stands_beside_the_period_before(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = text_of(page_of(manager_client, "glance"))
    # 95 of 165 in these weeks, 20 of 60 in those before.
    assert "58 % " in page
    assert "the period before: 33 %" in page


def test_the_live_model_and_its_candidate_are_compared_in_words(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = page_of(manager_client, "glance")
    assert "smollm2-tuned makes fewer" in text_of(page)
    assert "of=model&amp;one=smollm2-135m-instruct&amp;other=smollm2-tuned" in page


def test_the_commonest_errors_have_an_example_with_its_words_marked(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = page_of(manager_client, "glance")
    assert page.index("</kbd> Tone") < page.index("</kbd> Generic") < page.index("</kbd> Attrib")
    assert "Dead Rabbitts sound <mark>metalcore</mark> for the" in page


def test_the_queue_says_how_many_wait_and_how_long(
    manager_client: Client, busy_desk: JudgedDesk, drafts: DraftMaker
) -> None:
    drafts(3)
    page = text_of(page_of(manager_client, "glance"))
    assert "3 wait" in page
    assert "the oldest for" in page


def test_where_editors_disagree_is_a_number_that_leads_there(
    manager_client: Client, busy_desk: JudgedDesk, disagreement: Disagreement
) -> None:
    page = page_of(manager_client, "glance")
    assert "Editors disagree 1 draft" in text_of(page)
    assert ("/disagreements/?task=music-oneliner", 1) in counted_links(page)


def test_where_nobody_disagrees_is_said_in_a_word(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    assert "Editors disagree nowhere" in text_of(page_of(manager_client, "glance"))


def test_pages_say_until_when_all_is_counted(manager_client: Client, busy_desk: JudgedDesk) -> None:
    assert "As of " in page_of(manager_client, "glance")


def test_few_reviews_are_said_to_be_too_few(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 4)
    judged_desk.count()
    page = text_of(page_of(manager_client, "glance"))
    assert "Too few" in page
    assert "100 %" not in page


def test_an_empty_desk_says_that_nothing_is_judged(manager_client: Client) -> None:
    assert "Nothing is judged yet" in page_of(manager_client, "glance")


def test_whoever_may_look_finds_the_dashboard_in_the_navigation(
    manager_client: Client, editor_client: Client, nobody_special_client: Client
) -> None:
    link = '<a href="/dashboard/"'
    assert link in manager_client.get("/").content.decode()
    assert link in editor_client.get("/").content.decode()
    assert link not in nobody_special_client.get("/accounts/password/").content.decode()


def test_statements_are_as_many_however_much_was_judged(
    manager_client: Client,
    busy_desk: JudgedDesk,
    candidate_run: Run,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def look() -> None:
        manager_client.get("/dashboard/", {"task": "music-oneliner"})

    look()
    with django_assert_num_queries(GLANCE_QUERIES):
        look()
    for days_ago in range(1, 20):
        busy_desk.judge(candidate_run, 3, "REJECT", tags=[("language", 1)], days_ago=days_ago)
    busy_desk.count()
    with django_assert_num_queries(GLANCE_QUERIES):
        look()


GLANCE_QUERIES = 46
