"""What PostgreSQL cannot store or count is answered with a 4xx, wherever somebody says it."""

from base64 import b64encode
from typing import Any

import pytest
from django.test import Client

from explanations.models import Draft, ModelVersion, Recommendation, Task
from feedback.models import FactReport
from tests.conftest import bearer

pytestmark = pytest.mark.django_db

TOO_DEEP = "[" * 1000 + "]" * 1000
TOO_LARGE = 2**64 - 1


@pytest.mark.parametrize(
    "address",
    ["/goldens/?task=%00", "/review/?task=%00", "/?%00=1", "/%00", "/api/v1/goldens/?task=%00"],
)
def test_a_nul_in_an_address_is_a_bad_request(editor_client: Client, address: str) -> None:
    assert editor_client.get(address).status_code == 400


def test_a_nul_in_a_cookie_is_a_bad_request() -> None:
    stranger = Client()
    stranger.cookies["sessionid"] = "somebody\0else"

    assert stranger.get("/").status_code == 400


def test_a_nul_in_a_form_is_a_bad_request(editor_client: Client) -> None:
    assert editor_client.post("/accounts/tokens/", {"revoke": "\0"}).status_code == 400


def test_a_form_without_one_goes_through(editor_client: Client) -> None:
    assert editor_client.post("/accounts/tokens/", {"revoke": "desk_none"}).status_code == 302


def test_a_nul_in_a_report_from_the_review_screen_is_left_out(
    editor_client: Client, ready_draft: Draft
) -> None:
    said = {"problem": "wrong", "pointer": "/item/title", "note": "Not\0 this."}
    answer = editor_client.post(
        f"/drafts/{ready_draft.pk}/facts/report/", said, content_type="application/json"
    )

    assert answer.status_code == 200
    assert FactReport.objects.get().note == "Not this."


@pytest.mark.parametrize("position", ["abc", "\0", "1.5", "-1"])
def test_a_cursor_that_nobody_made_leads_nowhere(
    client: Client, editor_token: str, position: str
) -> None:
    cursor = b64encode(f"p={position}".encode()).decode()
    answer = client.get("/api/v1/goldens/", {"cursor": cursor}, headers=bearer(editor_token))

    assert answer.status_code == 404


@pytest.mark.parametrize("field", ["value", "name"])
def test_a_body_that_is_nested_too_deeply_is_refused_by_the_api(
    client: Client, editor_token: str, recommendation: Recommendation, field: str
) -> None:
    answer = client.post(
        f"/api/v1/recommendations/{recommendation.pk}/facts/",
        f'{{"name": "tempo", "value": 1, "source": "\\u0000", "{field}": {TOO_DEEP}}}',
        content_type="application/json",
        headers=bearer(editor_token),
    )

    assert answer.status_code == 400
    assert "nested too deeply" in answer.json()["detail"]


@pytest.mark.parametrize("asked", [{"limit": TOO_LARGE}, {"sample": TOO_LARGE}])
def test_a_run_may_ask_for_more_than_there_can_be(
    client: Client, ml_engineer_token: str, drafted_by_default: Task, asked: dict[str, Any]
) -> None:
    assert start_run(client, ml_engineer_token, asked) == 201


def test_an_import_that_no_number_names_selects_nothing(
    client: Client, ml_engineer_token: str, drafted_by_default: Task
) -> None:
    assert start_run(client, ml_engineer_token, {"import_id": TOO_LARGE}) == 400


@pytest.fixture
def drafted_by_default(
    music_task: Task, model_version: ModelVersion, recommendation: Recommendation
) -> Task:
    """The music task, which one recommendation waits for."""
    music_task.model_version = model_version
    music_task.save()
    return music_task


def start_run(client: Client, token: str, selection: dict[str, Any]) -> int:
    """Ask for a run and return how it was answered."""
    return client.post(
        "/api/v1/runs/",
        {"task": "music-oneliner", "selection": selection},
        content_type="application/json",
        headers=bearer(token),
    ).status_code
