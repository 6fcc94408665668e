"""The pages of imports."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from accounts.models import Person
from explanations.models import Import, RefusedLine, Task
from explanations.services import importing
from explanations.services.importing import import_file
from explanations.spreadsheet_cells import safe_cell
from tests.conftest import TRACK

pytestmark = pytest.mark.django_db


def delivered(*lines: bytes, name: str = "tracks.jsonl") -> Import:
    good = {"task": "music-oneliner", "external_id": "a", "item": TRACK}
    return import_file(io.BytesIO(b"\n".join([json.dumps(good).encode(), *lines])), name=name)


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


def test_a_file_that_is_sent_gets_a_page_of_its_own(
    ml_engineer_client: Client, ml_engineer: Person, music_task: Task, desk_files: None
) -> None:
    file = SimpleUploadedFile("tracks.jsonl", b'{"task": "music-oneliner"}\n')

    answer = ml_engineer_client.post("/imports/", {"file": file, "catalogue_owner": "us"})

    delivery = Import.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/imports/{delivery.pk}/")
    assert (delivery.source, delivery.created_by, delivery.state) == (
        "tracks.jsonl",
        ml_engineer,
        "RECEIVED",
    )
    page = ml_engineer_client.get(answer.headers["Location"]).content.decode()
    assert 'data-look-again-s="2"' in page

    importing.run_delivery(delivery.pk, seconds=60)

    page = ml_engineer_client.get(answer.headers["Location"]).content.decode()
    assert "hx-trigger" not in page, "a finished import is not asked about for ever"
    assert "is missing" in page


def test_a_form_without_a_file_says_what_is_missing(ml_engineer_client: Client) -> None:
    answer = ml_engineer_client.post("/imports/", {"catalogue_owner": "us"})

    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()


def test_a_file_above_the_limit_is_turned_away_before_it_is_read(
    ml_engineer_client: Client, settings: Settings
) -> None:
    settings.IMPORT_MAX_BYTES = 1_000
    file = SimpleUploadedFile("tracks.jsonl", b"x" * 100_000)

    answer = ml_engineer_client.post("/imports/", {"file": file})

    assert answer.status_code == 413
    assert not Import.objects.exists()


def test_a_form_of_another_site_is_refused(ml_engineer: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ml_engineer)

    answer = browser.post("/imports/", {"file": SimpleUploadedFile("x", b"{}")})

    assert answer.status_code == 403
    assert not Import.objects.exists()


def test_the_list_shows_what_each_delivery_brought(
    ml_engineer_client: Client, music_task: Task
) -> None:
    delivered(b"{", name="<b>tracks</b>")

    page = ml_engineer_client.get("/imports/").content.decode()

    assert "&lt;b&gt;tracks&lt;/b&gt;" in page
    assert "<b>tracks" not in page


def test_the_fragment_is_the_part_of_the_page_that_changes(
    ml_engineer_client: Client, music_task: Task
) -> None:
    delivery = delivered(b"{")

    fragment = ml_engineer_client.get(
        f"/imports/{delivery.pk}/", headers={"HX-Request": "true"}
    ).content.decode()

    assert "<html" not in fragment
    assert 'id="outcome"' in fragment


def test_refused_lines_are_downloaded_without_formulas(
    ml_engineer_client: Client, music_task: Task
) -> None:
    delivery = delivered(b'{"=HYPERLINK(1)": 1}', json.dumps({"task": "=1+1"}).encode())
    RefusedLine.objects.create(delivery=delivery, line=9, field="@x", reason="=2")

    answer = ml_engineer_client.get(f"/imports/{delivery.pk}/refused.csv")

    assert "attachment" in answer.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode())))
    assert rows[0] == ["line", "field", "reason"]
    assert rows[1][:2] == ["2", "'=HYPERLINK(1)"]
    assert rows[-1] == ["9", "'@x", "'=2"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "＝1"])
def test_a_formula_is_disarmed(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "The line is bad.", "1-2"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == text


def test_only_those_who_import_see_the_pages(
    client: Client, editor_client: Client, manager_client: Client, music_task: Task
) -> None:
    delivery = delivered()
    addresses = ["/imports/", f"/imports/{delivery.pk}/", f"/imports/{delivery.pk}/refused.csv"]

    def statuses(browser: Any) -> set[int]:
        return {browser.get(address).status_code for address in addresses}

    assert statuses(editor_client) == {403}
    assert statuses(manager_client) == {403}
    assert statuses(client) == {302}
    assert client.post("/imports/").status_code == 302
