"""Goldens judged over REST, by the rules of the pages."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, Task
from feedback.models import Golden
from tests.conftest import TokenMaker, bearer
from tests.feedback.people_at_work import reviewed

GOLDENS = "/api/v1/goldens/"


@pytest.fixture
def golden(music_task: Task, editor: Person, ready_draft: Draft) -> Golden:
    """Ada's golden, which waits for a second person."""
    Task.objects.update(second_person_required=True)
    made = reviewed(editor, outcome="ACCEPT").golden
    assert made is not None
    return made


def post(client: Client, path: str, token: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=bearer(token))


@pytest.fixture
def second_editor_token(second_editor: Person, token_for: TokenMaker) -> str:
    return token_for(second_editor, "reviews:write")


@pytest.fixture
def lead_token(lead: Person, token_for: TokenMaker) -> str:
    return token_for(lead, "lead:write")


def test_a_second_person_approves(
    client: Client, golden: Golden, second_editor_token: str, second_editor: Person
) -> None:
    answer = post(client, f"{GOLDENS}{golden.pk}/approve/", second_editor_token)
    assert (answer.status_code, answer.json()["state"]) == (200, "APPROVED")
    golden.refresh_from_db()
    assert golden.approved_by == second_editor


def test_its_editor_does_not(client: Client, golden: Golden, editor_token: str) -> None:
    answer = post(client, f"{GOLDENS}{golden.pk}/approve/", editor_token)
    assert (answer.status_code, answer.json()["code"]) == (409, "golden_refused")
    assert "somebody else" in answer.json()["detail"]


def test_what_was_approved_already_is_not_approved_again(
    client: Client, golden: Golden, second_editor_token: str
) -> None:
    post(client, f"{GOLDENS}{golden.pk}/approve/", second_editor_token)
    answer = post(client, f"{GOLDENS}{golden.pk}/approve/", second_editor_token)
    assert answer.status_code == 409


def test_it_is_sent_back_with_a_reason(
    client: Client, golden: Golden, second_editor_token: str
) -> None:
    path = f"{GOLDENS}{golden.pk}/send-back/"
    assert post(client, path, second_editor_token).status_code == 400
    answer = post(client, path, second_editor_token, {"reason": "Too dry."})
    assert (answer.json()["state"], answer.json()["state_reason"]) == ("SENT_BACK", "Too dry.")


def test_a_lead_withdraws_it_with_a_reason(client: Client, golden: Golden, lead_token: str) -> None:
    path = f"{GOLDENS}{golden.pk}/withdraw/"
    assert post(client, path, lead_token, {"reason": " "}).status_code == 400
    answer = post(client, path, lead_token, {"reason": "It is not true."})
    assert answer.json()["state"] == "WITHDRAWN"
    assert post(client, path, lead_token, {"reason": "Again."}).status_code == 409


def test_an_editor_withdraws_nothing_whatever_the_token_says(
    client: Client, golden: Golden, second_editor: Person, token_for: TokenMaker
) -> None:
    token = token_for(second_editor, "lead:write", "reviews:write")
    answer = post(client, f"{GOLDENS}{golden.pk}/withdraw/", token, {"reason": "Mine."})
    assert answer.status_code == 403


@pytest.mark.parametrize("step", ["approve", "send-back"])
def test_a_golden_that_is_not_there_is_not_found(
    client: Client, second_editor_token: str, step: str
) -> None:
    answer = post(client, f"{GOLDENS}4711/{step}/", second_editor_token, {"reason": "x"})
    assert answer.status_code == 404
