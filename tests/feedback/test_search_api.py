"""The search and what is done with all it finds, over REST, by the rules of the pages."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft
from tests.conftest import TokenMaker, bearer
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

DRAFTS = "/api/v1/search/drafts/"
GOLDENS = "/api/v1/search/goldens/"
ACTIONS = "/api/v1/bulk-actions/"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def lead_token(lead: Person, token_for: TokenMaker) -> str:
    return token_for(lead, "lead:write", "desk:read")


def post(client: Client, path: str, token: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=bearer(token))


def test_a_search_counts_and_pages(client: Client, lead_token: str, drafts: DraftMaker) -> None:
    made = drafts(3)
    Draft.objects.filter(pk=made[0].pk).update(state=Draft.State.BLOCKED)
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        asked: dict[str, str | int] = {"words": "metalcore", "page_size": 2, **before}
        answer = client.get(DRAFTS, asked, headers=bearer(lead_token))
        assert answer.status_code == 200
        page = answer.json()
        assert (page["total"], page["by_state"]) == (3, {"READY": 2, "BLOCKED": 1})
        seen += [row["id"] for row in page["results"]]
        if page["older"] is None:
            break
        before = {"before": page["older"]}
    assert seen == [draft.pk for draft in reversed(made)]


def test_goldens_are_searched_too(
    client: Client, lead_token: str, editor: Person, drafts: DraftMaker
) -> None:
    drafts(1)
    golden = reviewed(editor, outcome="ACCEPT").golden
    assert golden is not None
    asked = {"words": "metalcore", "state": ["APPROVED", "PROPOSED"]}
    page = client.get(GOLDENS, asked, headers=bearer(lead_token)).json()
    assert [row["id"] for row in page["results"]] == [golden.pk]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"pattern": "("}, "/pattern"),
        ({"state": "LOST"}, "/state"),
        ({"made_to": "soon"}, "/made_to"),
        ({"similar_to": "7"}, "/similar_to"),
        ({"page_size": "0"}, "/page_size"),
    ],
)
def test_what_cannot_be_searched_for_is_named(
    client: Client, lead_token: str, asked: dict[str, str], field: str
) -> None:
    answer = client.get(DRAFTS, asked, headers=bearer(lead_token))
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith(field)


def test_an_action_is_prepared_done_and_undone(
    client: Client, lead_token: str, drafts: DraftMaker
) -> None:
    drafts(2)
    body = {"kind": "quarantine", "search": {"words": "metalcore", "made_from": "2020-01-01"}}
    prepared = post(client, ACTIONS, lead_token, body)
    assert prepared.status_code == 201
    action = prepared.json()
    assert (action["state"], action["counts"]["states"]) == ("PREPARED", {"READY": 2})
    assert action["search"] == {"about": "drafts", "words": "metalcore", "made_from": "2020-01-01"}

    path = f"{ACTIONS}{action['id']}/"
    assert post(client, f"{path}undo/", lead_token).status_code == 409
    assert post(client, f"{path}do/", lead_token).status_code == 400
    done = post(client, f"{path}do/", lead_token, {"reason": "All alike."}).json()
    assert (done["state"], done["changed"], done["reason"]) == ("DONE", 2, "All alike.")
    assert client.get(path, headers=bearer(lead_token)).json() == done
    undone = post(client, f"{path}undo/", lead_token).json()
    assert (undone["state"], undone["restored"], undone["undone_by"]) == ("UNDONE", 2, "lin")
    assert post(client, f"{path}do/", lead_token, {"reason": "x"}).status_code == 409
    listed = client.get(ACTIONS, headers=bearer(lead_token)).json()["results"]
    assert listed == [undone]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "burn", "search": {}}, "/kind"),
        ({"kind": "redraft"}, "/search"),
        ({"kind": "redraft", "search": {"pattern": "("}}, "/search/pattern"),
        ({"kind": "redraft", "search": {"run": 0}}, "/search/run"),
        ({"kind": "redraft", "about": "goldens", "search": {}}, ""),
    ],
)
def test_what_cannot_be_prepared_is_named(
    client: Client, lead_token: str, body: dict[str, Any], field: str
) -> None:
    answer = post(client, ACTIONS, lead_token, body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == field


def test_an_action_that_is_not_there_is_not_found(client: Client, lead_token: str) -> None:
    for step in ("", "do/", "undo/"):
        path = f"{ACTIONS}4711/{step}"
        answer = (
            post(client, path, lead_token, {"reason": "x"})
            if step
            else client.get(path, headers=bearer(lead_token))
        )
        assert answer.status_code == 404
