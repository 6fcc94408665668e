"""Thresholds, dismissals and drafts let through over REST."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, Finding, Task
from tests.conftest import TokenMaker, bearer

BLOCKING = "/api/v1/tasks/music-oneliner/blocking/"
DISMISSALS = "/api/v1/tasks/music-oneliner/dismissals/"

Sender = Callable[..., Any]


@pytest.fixture
def send(client: Client, lead: Person, token_for: TokenMaker) -> Sender:
    """Lin's program: `send("put", address, {...})`."""
    headers = bearer(token_for(lead, "lead:write", "desk:read"))

    def send(method: str, address: str, data: Any = None) -> Any:
        return getattr(client, method)(
            address, data, content_type="application/json", headers=headers
        )

    return send


@pytest.fixture
def blocked(ready_draft: Draft) -> Draft:
    """A draft that a check has blocked."""
    ready_draft.places.all().delete()
    Draft.objects.update(state="BLOCKED")
    Finding.objects.create(
        draft=ready_draft,
        check_name="privacy",
        check_version=1,
        level="error",
        message="A link stands in the text.",
        start=0,
        end=4,
        gist="dead",
        blocked=True,
    )
    return ready_draft


def test_what_blocks_is_read_and_set(send: Sender, music_task: Task) -> None:
    wanted = {"usual": "nothing", "by_check": {"privacy": "errors"}, "redrafts": False}
    assert send("put", BLOCKING, wanted).json() == wanted
    assert send("get", BLOCKING).json() == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        {"usual": "sometimes"},
        {"usual": "errors", "by_check": {"format": "sometimes"}},
        {"usual": "errors", "by_check": {"no such check": "errors"}},
        {},
    ],
)
def test_what_cannot_be_is_refused(send: Sender, music_task: Task, wanted: Any) -> None:
    assert send("put", BLOCKING, wanted).status_code == 400


def test_a_blocked_draft_is_let_through_once(send: Sender, blocked: Draft) -> None:
    address = f"/api/v1/drafts/{blocked.pk}/let-through/"
    assert send("post", address, {"reason": ""}).status_code == 400
    assert send("post", address, {"reason": "It is a title."}).json()["state"] == "READY"
    assert send("post", address, {"reason": "It is a title."}).status_code == 409
    assert send("post", "/api/v1/drafts/999999/let-through/", {"reason": "x"}).status_code == 404


def test_a_finding_is_dismissed_for_the_task_and_revoked(send: Sender, blocked: Draft) -> None:
    finding = blocked.findings.get()
    made = send("post", DISMISSALS, {"finding": finding.pk, "reason": "A title."})
    assert made.status_code == 201
    assert made.json()["words"] == "Dead"
    (listed,) = send("get", DISMISSALS).json()["results"]
    assert listed["dismissed_by"] == "lin"
    address = f"/api/v1/dismissals/{listed['id']}/revoke/"
    assert send("post", address).json()["revoked_by"] == "lin"
    assert send("post", address).status_code == 409
    assert send("post", "/api/v1/dismissals/999999/revoke/").status_code == 404


def test_a_finding_of_another_task_is_no_finding_of_this_one(
    send: Sender, blocked: Draft, job_task: Task
) -> None:
    address = "/api/v1/tasks/job-fit/dismissals/"
    answer = send("post", address, {"finding": blocked.findings.get().pk, "reason": "x"})
    assert answer.status_code == 400


def test_blocked_drafts_are_listed_by_the_check_that_blocked_them(
    send: Sender, blocked: Draft
) -> None:
    listed = send("get", "/api/v1/drafts/?state=BLOCKED&check=privacy").json()["results"]
    assert [draft["id"] for draft in listed] == [blocked.pk]
    assert send("get", "/api/v1/drafts/?state=BLOCKED&check=tone").json()["results"] == []


def test_a_draft_tells_its_assertions_and_what_blocked_it(send: Sender, blocked: Draft) -> None:
    draft = send("get", f"/api/v1/drafts/{blocked.pk}/").json()
    assert [finding["blocked"] for finding in draft["findings"]] == [True]
    (assertion,) = draft["assertions"]
    assert assertion["standing"] == "supported"
    assert {"/item/artist", "/item/genre"} <= set(assertion["pointers"])
    assert (draft["told"], draft["redraft_of"]) == ("", None)
