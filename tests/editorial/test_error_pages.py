"""When something is not there, not allowed or broken, the desk says so in words."""

import pytest
from django.test import Client

from feedback.views.home import Home

pytestmark = pytest.mark.django_db


def test_an_unknown_address_says_so_and_leads_back(editor_client: Client) -> None:
    answer = editor_client.get("/no/such/page/")

    assert answer.status_code == 404
    assert "Nothing here" in answer.content.decode()


def test_a_page_of_another_role_says_whom_to_ask(editor_client: Client) -> None:
    answer = editor_client.get("/escalated/")

    assert answer.status_code == 403
    assert "ask a lead" in answer.content.decode()


def test_a_form_out_of_date_says_that_nothing_was_saved() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"username": "ada"})

    assert answer.status_code == 403
    assert "Nothing was saved" in answer.content.decode()


def test_a_mistake_of_the_desk_is_owned_in_words(
    editor_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Home, "get", broken)
    editor_client.raise_request_exception = False

    answer = editor_client.get("/")

    assert answer.status_code == 500
    assert "It is ours, not yours" in answer.content.decode()
