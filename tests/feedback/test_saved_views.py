"""Views of the dashboard that are saved under a name, found again, and shared."""

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import Person
from feedback.models import SavedView

pytestmark = pytest.mark.django_db
VIEWS = "/dashboard/views/"
VIEW = {"name": "Weekly look", "page": "errors", "asked": "task=music-oneliner&days=7"}


def saved(owner: Person, **other: object) -> SavedView:
    return SavedView.objects.create(owner=owner, **{**VIEW, **other})


def test_a_view_is_saved_and_leads_back_to_its_page(
    manager_client: Client, manager: Person
) -> None:
    answer = manager_client.post(VIEWS, VIEW)
    assert answer["Location"] == "/dashboard/errors/?task=music-oneliner&days=7"
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.shared) == (manager, "Weekly look", False)
    assert "Weekly look" in manager_client.get("/dashboard/").content.decode()


def test_a_name_used_again_moves_on_to_the_new_filters(manager_client: Client) -> None:
    manager_client.post(VIEWS, VIEW)
    manager_client.post(VIEWS, {**VIEW, "page": "outcomes", "asked": "days=90"})
    view = SavedView.objects.get()
    assert (view.page, view.asked) == ("outcomes", "days=90")


def test_only_shared_views_are_seen_by_others(
    manager: Person, manager_client: Client, lead_client: Client
) -> None:
    view = saved(manager)
    assert view.name not in lead_client.get(VIEWS).content.decode()
    manager_client.post(f"{VIEWS}{view.pk}/", {"decision": "share"})
    assert view.name in lead_client.get(VIEWS).content.decode()
    manager_client.post(f"{VIEWS}{view.pk}/", {"decision": "keep"})
    assert view.name not in lead_client.get(VIEWS).content.decode()


def test_only_its_owner_shares_or_forgets_a_view(manager: Person, lead_client: Client) -> None:
    view = saved(manager, shared=True)
    assert lead_client.post(f"{VIEWS}{view.pk}/", {"decision": "forget"}).status_code == 404
    assert lead_client.post(f"{VIEWS}{view.pk}/", {"decision": "keep"}).status_code == 404
    assert SavedView.objects.get().shared


def test_a_view_is_forgotten(manager: Person, manager_client: Client) -> None:
    view = saved(manager)
    manager_client.post(f"{VIEWS}{view.pk}/", {"decision": "forget"})
    assert not SavedView.objects.exists()
    assert "No saved views" in manager_client.get(VIEWS).content.decode()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": " "}, "give it one"),
        ({"page": "nowhere"}, "nowhere is not one"),
        ({"asked": "x" * 5_000}, "more filters than a view can hold"),
    ],
)
def test_what_is_no_view_is_not_saved(
    manager_client: Client, wrong: dict[str, str], said: str
) -> None:
    answer = manager_client.post(VIEWS, {**VIEW, **wrong}, follow=True)
    assert said in answer.content.decode()
    assert not SavedView.objects.exists()


def test_what_is_saved_leads_nowhere_else(manager_client: Client) -> None:
    answer = manager_client.post(VIEWS, {**VIEW, "asked": "/../..//evil.example"})
    assert answer["Location"].startswith("/dashboard/errors/?")


def test_the_database_keeps_a_persons_names_apart(manager: Person) -> None:
    saved(manager)
    with pytest.raises(IntegrityError):
        saved(manager)
