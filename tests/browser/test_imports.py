"""An ML engineer imports a file on the page and watches it go in."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Import, Task
from explanations.services import importing
from tests.browser.conftest import Witness, log_in
from tests.conftest import TRACK

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_file_is_sent_watched_and_its_bad_lines_read(
    page: Page,
    live_server: LiveServer,
    ml_engineer: Person,
    music_task: Task,
    witness: Witness,
    tmp_path: Path,
) -> None:
    good = {"task": "music-oneliner", "external_id": "a", "item": TRACK}
    file = tmp_path / "tracks.jsonl"
    file.write_text(json.dumps(good) + '\n{"task": "<b>haiku</b>"}\n')
    log_in(page.context, live_server, ml_engineer)
    page.goto(f"{live_server.url}/imports/")

    page.get_by_label("File").set_input_files(file)
    page.get_by_label("Catalogue owner").fill("music@catalogue.example")
    page.get_by_role("button", name="Import").press("Enter")

    expect(page.get_by_role("heading", name="tracks.jsonl")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()

    importing.run_delivery(Import.objects.get().pk, seconds=60)

    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_role("status").last).to_contain_text("done")
    expect(page.get_by_role("table")).to_contain_text("is missing")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as CSV").press("Enter")
    assert download.value.suggested_filename.endswith("-refused.csv")
    assert witness.complaints == []
