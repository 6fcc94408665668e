"""Imports and recommendations over REST."""

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.models import Person
from explanations import nudge
from explanations.models import Import, Recommendation, Task
from explanations.services import facts, importing
from explanations.tasks import import_delivery, sweep_imports
from tests.conftest import TRACK, bearer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk_files")]

ADDRESS = "/api/v1/recommendations/import/"
NDJSON = "application/x-ndjson"


@pytest.fixture
def desk_files(settings: Settings, tmp_path: Path) -> None:
    """A store of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The messages that would have gone to the broker."""
    sent: list[tuple[object, ...]] = []

    def send(*message: object) -> bool:
        sent.append(message)
        return True

    monkeypatch.setattr(nudge, "send", send)
    return sent


def line(external_id: str, **fields: Any) -> bytes:
    told = {"task": "music-oneliner", "external_id": external_id, "item": TRACK}
    return json.dumps({**told, **fields}).encode() + b"\n"


def sent(client: Client, token: str, body: bytes, content_type: str = NDJSON, **more: str) -> Any:
    return client.post(
        ADDRESS + more.pop("query", ""),
        body,
        content_type=content_type,
        headers={**bearer(token), **more},
    )


def test_a_delivery_is_stored_and_answered_before_it_is_imported(
    client: Client,
    music_task: Task,
    ml_engineer: Person,
    ml_engineer_token: str,
    nudges: list[tuple[object, ...]],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = sent(
            client,
            ml_engineer_token,
            line("a") + line("b"),
            query="?catalogue_owner=music@x.example&source=nightly",
        )

    assert answer.status_code == 202
    delivery = Import.objects.get()
    assert answer.headers["Location"] == f"/api/v1/imports/{delivery.pk}/"
    assert (delivery.state, delivery.source, delivery.catalogue_owner, delivery.created_by) == (
        Import.State.RECEIVED,
        "nightly",
        "music@x.example",
        ml_engineer,
    )
    assert Recommendation.objects.count() == 0
    assert nudges == [(nudge.IMPORT_DELIVERY, delivery.pk)]

    import_delivery(delivery.pk)

    shown = client.get(answer.headers["Location"], headers=bearer(ml_engineer_token)).json()
    assert (shown["state"], shown["new"], shown["created_by"]) == ("DONE", 2, "mia")


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        (line("a"), "application/x-ndjson", {}),
        (gzip.compress(line("a")), "application/x-ndjson", {"Content-Encoding": "gzip"}),
        (gzip.compress(line("a")), "application/gzip", {}),
        (line("a"), "application/octet-stream", {}),
        (b"task,external_id,item.title\nmusic-oneliner,a,Ritual\n", "text/csv", {}),
        (b"task;external_id;item.title\nmusic-oneliner;a;Ritual\n", "text/csv; charset=utf-8", {}),
    ],
)
def test_ndjson_and_csv_come_plain_or_packed(
    client: Client,
    music_task: Task,
    ml_engineer_token: str,
    body: bytes,
    content_type: str,
    encoding: dict[str, str],
) -> None:
    answer = sent(client, ml_engineer_token, body, content_type, **encoding)

    assert answer.status_code == 202
    import_delivery(answer.json()["id"])
    assert Recommendation.objects.get().external_id == "a"


def test_a_form_brings_a_file(
    client: Client, music_task: Task, ml_engineer_token: str, settings: Settings
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    answer = client.post(
        ADDRESS,
        {"file": SimpleUploadedFile("x/tracks.jsonl", line("a")), "catalogue_owner": "us"},
        headers=bearer(ml_engineer_token),
    )

    assert answer.status_code == 202
    assert (answer.json()["source"], answer.json()["catalogue_owner"]) == ("tracks.jsonl", "us")
    import_delivery(answer.json()["id"])
    assert Recommendation.objects.count() == 1


def test_a_form_without_a_file_is_refused(client: Client, ml_engineer_token: str) -> None:
    answer = client.post(ADDRESS, {"source": "x"}, headers=bearer(ml_engineer_token))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/file"


def test_refused_lines_come_page_by_page(
    client: Client, music_task: Task, ml_engineer_token: str
) -> None:
    answer = sent(client, ml_engineer_token, line("a") + b"{\n" * 5)
    import_delivery(answer.json()["id"])

    seen = []
    address = answer.headers["Location"] + "?page_size=2"
    while address:
        page = client.get(address, headers=bearer(ml_engineer_token)).json()
        assert page["refused"] == 5
        seen += [refused["line"] for refused in page["refused_lines"]["results"]]
        address = page["refused_lines"]["next"]

    assert seen == [2, 3, 4, 5, 6]


def test_a_delivery_above_the_limit_is_refused_before_it_is_read(
    client: Client, ml_engineer_token: str, settings: Settings
) -> None:
    settings.IMPORT_MAX_BYTES = 1_000

    answer = sent(client, ml_engineer_token, b"x" * 100_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert not Import.objects.exists()


def test_a_delivery_that_unpacks_beyond_the_limit_fails_with_the_reason(
    client: Client, music_task: Task, ml_engineer_token: str, settings: Settings
) -> None:
    settings.IMPORT_MAX_BYTES = 100_000
    answer = sent(client, ml_engineer_token, gzip.compress(line("a") + b"x" * 2_000_000))

    import_delivery(answer.json()["id"])

    shown = client.get(answer.headers["Location"], headers=bearer(ml_engineer_token)).json()
    assert (shown["state"], shown["new"]) == ("FAILED", 1)
    assert "unpacks to more than 100,000 bytes" in shown["failure"]


@pytest.mark.parametrize(
    ("body", "content_type", "headers", "status"),
    [
        (b"", NDJSON, {}, 400),
        (b"{}", "application/json", {}, 415),
        (b"{}", NDJSON, {"Content-Encoding": "br"}, 415),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused(
    client: Client,
    ml_engineer_token: str,
    body: bytes,
    content_type: str,
    headers: dict[str, str],
    status: int,
) -> None:
    answer = sent(client, ml_engineer_token, body, content_type, **headers)

    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert not Import.objects.exists()


def test_a_body_without_a_length_is_asked_for_one(client: Client, ml_engineer_token: str) -> None:
    answer = client.post(
        ADDRESS,
        content_type=NDJSON,
        headers={**bearer(ml_engineer_token), "Transfer-Encoding": "chunked"},
        CONTENT_LENGTH="",
    )

    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_body_that_breaks_off_at_a_line_end_leaves_nothing_behind(
    client: Client, music_task: Task, ml_engineer_token: str
) -> None:
    whole = line("a") + line("b")
    cut_off: dict[str, Any] = {
        "CONTENT_LENGTH": str(len(whole)),
        "wsgi.input": io.BytesIO(line("a")),
    }

    answer = client.generic(
        "POST",
        ADDRESS,
        line("a"),
        content_type=NDJSON,
        headers=bearer(ml_engineer_token),
        **cut_off,
    )

    assert answer.status_code == 400
    assert "broke off" in answer.json()["detail"]
    assert not Import.objects.exists()
    assert default_storage.listdir("imports")[1] == []


def test_the_desk_takes_deliveries_while_the_broker_is_away(
    client: Client,
    music_task: Task,
    ml_engineer_token: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    nudges: list[tuple[object, ...]],
) -> None:
    def away(*_message: object) -> bool:
        return False

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(nudge, "send", away)
        with django_capture_on_commit_callbacks(execute=True):
            answer = sent(client, ml_engineer_token, line("a"))

    assert answer.status_code == 202
    sweep_imports()
    assert nudges == [(nudge.IMPORT_DELIVERY, answer.json()["id"])]


def test_an_import_that_runs_out_of_time_calls_its_successor(
    client: Client,
    music_task: Task,
    ml_engineer_token: str,
    monkeypatch: pytest.MonkeyPatch,
    nudges: list[tuple[object, ...]],
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 1)
    monkeypatch.setattr("explanations.tasks._IMPORT_S", 0.0)
    delivery_id = sent(client, ml_engineer_token, line("a") + line("b")).json()["id"]

    import_delivery(delivery_id)

    assert nudges == [(nudge.IMPORT_DELIVERY, delivery_id)]


def test_imports_are_listed_newest_first(
    client: Client, music_task: Task, ml_engineer_token: str
) -> None:
    first = sent(client, ml_engineer_token, line("a")).json()["id"]
    second = sent(client, ml_engineer_token, line("a")).json()["id"]

    listed = client.get("/api/v1/imports/", headers=bearer(ml_engineer_token)).json()

    assert [delivery["id"] for delivery in listed["results"]] == [second, first]


def test_only_those_who_import_may_send_and_see_deliveries(
    client: Client,
    editor_client: Client,
    editor_token: str,
    ml_engineer: Person,
    token_for: Any,
    music_task: Task,
) -> None:
    narrow = token_for(ml_engineer, "desk:read")

    assert sent(client, editor_token, line("a")).status_code == 403
    assert sent(client, narrow, line("a")).status_code == 403
    assert client.post(ADDRESS, line("a"), content_type=NDJSON).status_code == 401
    assert editor_client.get("/api/v1/imports/").status_code == 403
    assert not Import.objects.exists()


# Recommendations ---------------------------------------------------------------------------------


def test_recommendations_are_listed_by_task_group_and_id(
    client: Client,
    recommendation: Recommendation,
    job_recommendation: Recommendation,
    editor_token: str,
) -> None:
    def listed(query: str) -> list[str]:
        answer = client.get(f"/api/v1/recommendations/{query}", headers=bearer(editor_token))
        assert answer.status_code == 200
        return [each["external_id"] for each in answer.json()["results"]]

    assert listed("") == ["job:dba:1", "track:deer-heart"]
    assert listed("?task=job-fit") == ["job:dba:1"]
    assert listed("?task=haiku") == []
    assert listed("?group=Dead%20Rabbitts") == ["track:deer-heart"]
    assert listed("?external_id=job:dba:1") == ["job:dba:1"]


def test_a_filter_that_the_database_could_not_take_is_refused(
    client: Client, editor_token: str
) -> None:
    answer = client.get("/api/v1/recommendations/?group=%00", headers=bearer(editor_token))

    assert answer.status_code == 400


def test_a_recommendation_shows_its_facts_as_they_are_now(
    client: Client, recommendation: Recommendation, editor: Person, editor_token: str
) -> None:
    facts.add_fact(recommendation, "Label", "Own Records", "the sleeve", editor)

    shown = client.get(
        f"/api/v1/recommendations/{recommendation.pk}/", headers=bearer(editor_token)
    ).json()

    assert shown["task"] == "music-oneliner"
    assert shown["facts"]["number"] == 2
    assert shown["facts"]["item"] == {**TRACK, "label": "Own Records"}
    assert shown["facts"]["sources"] == {"/item/label": "the sleeve"}


def test_a_recommendation_that_is_not_there_is_a_404(client: Client, editor_token: str) -> None:
    for number in ("1", "99999999999999999999"):
        answer = client.get(f"/api/v1/recommendations/{number}/", headers=bearer(editor_token))
        assert answer.status_code == 404
