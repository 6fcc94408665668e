"""All that happened to a draft, told on one page in the order in which it did."""

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Finding
from feedback.services.goldens import send_back
from feedback.services.queue import release
from feedback.services.reviewing import undo_review
from tests.feedback.people_at_work import claimed, reviewed, tag_on_all

pytestmark = pytest.mark.django_db


def told(client: Client, draft: Draft) -> list[str]:
    """The events as they are read, without their times."""
    html = client.get(f"/drafts/{draft.pk}/reviews/").content.decode()
    events = html[html.index('<ol class="events"') : html.index("</ol>")]
    items = re.findall(r"<li><time.*?</time>(.*?)</li>", events, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>", " ", item).split()) for item in items]


def test_it_says_who_did_what_in_order(
    editor: Person, second_editor: Person, editor_client: Client, ready_draft: Draft
) -> None:
    release(claimed(second_editor).pk, second_editor)
    done = reviewed(editor, outcome="ACCEPT", note="Fine.")
    assert done.golden is not None
    send_back(done.golden.pk, second_editor, "It is not.")
    undo_review(editor, done.review.pk)
    reviewed(editor, outcome="REJECT", tags=[tag_on_all("generic")])

    events = told(editor_client, ready_draft)

    number = done.golden.pk
    assert events[0] == f"Mia Sørensen asked for it in run {ready_draft.run_id}"
    for event in (
        "Bela Novak took it",
        "Bela Novak gave it back",
        "Ada Okafor decided: accepted as exemplary Fine.",
        f"Bela Novak sent golden {number} back It is not.",
        f"Ada Okafor withdrew golden {number} Its editor took the review back.",
        "Ada Okafor decided: undone",
        "Ada Okafor decided: rejected",
    ):
        assert event in events
    assert events.index("Ada Okafor decided: undone") < events.index("Ada Okafor decided: rejected")


def test_what_checks_say_is_not_told_while_it_may_be_reviewed_blind(
    editor_client: Client, lead_client: Client, ready_draft: Draft
) -> None:
    Draft.objects.update(blind=True, finished_at=ready_draft.created_at)
    Finding.objects.create(
        draft=ready_draft, check_name="tone", check_version=1, level="warning", message="Too much."
    )

    assert not any("Too much." in event for event in told(editor_client, ready_draft))
    assert any("Too much." in event for event in told(lead_client, ready_draft))


def test_however_long_it_is_the_queries_are_the_same(
    editor: Person,
    editor_client: Client,
    ready_draft: Draft,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _time in range(3):
        undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
    with django_assert_num_queries(15):
        editor_client.get(f"/drafts/{ready_draft.pk}/reviews/")


@pytest.mark.parametrize("address", ["/drafts/", "/goldens/"])
class TestPages:
    def test_an_older_page_begins_where_the_newer_one_ended(
        self, editor_client: Client, editor: Person, ready_draft: Draft, address: str
    ) -> None:
        if address == "/goldens/":
            reviewed(editor, outcome="ACCEPT")
        assert "Older" not in editor_client.get(address).content.decode()
        older = editor_client.get(f"{address}?before=1").content.decode()
        assert "Newest" in older
        assert ready_draft.text[:20] not in older

    @pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "٣"])
    def test_a_place_that_cannot_be_is_no_error(
        self, editor_client: Client, ready_draft: Draft, address: str, before: str
    ) -> None:
        assert editor_client.get(address, {"before": before}).status_code == 200
