"""Reviews that disagree, over REST."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from tests.conftest import TokenMaker, bearer
from tests.feedback.disagreeing import Disagreement, disagree, disagreement

__all__ = ["disagree", "disagreement"]

pytestmark = pytest.mark.django_db

WHY = "The guide calls this empty praise."


@pytest.fixture
def lead_token(lead: Person, token_for: TokenMaker) -> str:
    return token_for(lead, "desk:read", "lead:write")


def sent(client: Client, token: str, address: str, body: dict[str, Any] | None = None) -> Any:
    return client.post(
        f"/api/v1/{address}", body or {}, content_type="application/json", headers=bearer(token)
    )


def read(client: Client, token: str, address: str) -> Any:
    return client.get(f"/api/v1/{address}", headers=bearer(token)).json()


def test_lists_what_waits_without_names(
    client: Client, lead_token: str, disagreement: Disagreement
) -> None:
    (waiting,) = read(client, lead_token, "disagreements/?task=music-oneliner")["results"]
    assert waiting["draft"] == disagreement.draft.pk
    assert [(review["id"], review["outcome"]) for review in waiting["reviews"]] == [
        (disagreement.accepted.pk, "ACCEPT"),
        (disagreement.other.pk, "REJECT"),
    ]
    assert set(waiting["reviews"][0]) == {"id", "outcome", "created_at"}


def test_settles_and_takes_back(
    client: Client, lead_token: str, disagreement: Disagreement
) -> None:
    address = f"drafts/{disagreement.draft.pk}/adjudication/"
    body = {"review": disagreement.other.pk, "reason": WHY}
    answer = sent(client, lead_token, address, body)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "REJECT"
    assert disagreement.outcome() == "REJECT"
    assert sent(client, lead_token, address, body).json() == answer.json()

    undone = sent(client, lead_token, f"{address}undo/")
    assert undone.status_code == 200
    assert undone.json()["undone_by"] == "Lin Haddad"
    assert disagreement.outcome() == ""
    assert sent(client, lead_token, f"{address}undo/").json() == undone.json()
    assert read(client, lead_token, address) == [undone.json()]


def test_says_why_it_is_refused(
    client: Client, lead_token: str, disagreement: Disagreement
) -> None:
    address = f"drafts/{disagreement.draft.pk}/adjudication/"
    refused = sent(client, lead_token, f"{address}undo/")
    assert (refused.status_code, refused.json()["code"]) == (409, "adjudication_refused")
    body = {"review": disagreement.other.pk + 1000, "reason": WHY}
    assert sent(client, lead_token, address, body).status_code == 409


@pytest.mark.parametrize("missing", ["review", "reason"])
def test_names_what_is_missing(
    client: Client, lead_token: str, disagreement: Disagreement, missing: str
) -> None:
    body = {"review": disagreement.other.pk, "reason": WHY}
    del body[missing]
    answer = sent(client, lead_token, f"drafts/{disagreement.draft.pk}/adjudication/", body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{missing}"]


def test_knows_no_draft_that_there_is_not(client: Client, lead_token: str) -> None:
    body = {"review": 1, "reason": WHY}
    for answer in (
        sent(client, lead_token, "drafts/99/adjudication/", body),
        sent(client, lead_token, "drafts/99/adjudication/undo/"),
        client.get("/api/v1/drafts/99/adjudication/", headers=bearer(lead_token)),
    ):
        assert answer.status_code == 404
