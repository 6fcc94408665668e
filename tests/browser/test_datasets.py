"""An ML engineer looks at a recipe, builds it and downloads a file, with one page after another."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft
from feedback.models import Dataset
from feedback.services.datasets import building
from tests.browser.axe import is_clean
from tests.browser.conftest import Witness, log_in
from tests.feedback.test_exporting import another_draft, reviewed

__all__ = ["another_draft"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_recipe_is_looked_at_built_and_downloaded(
    page: Page,
    live_server: LiveServer,
    editor: Person,
    ml_engineer: Person,
    another_draft: Callable[[], Draft],
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)
    for _ in range(3):
        reviewed(another_draft(), editor)
    log_in(page.context, live_server, ml_engineer)
    page.goto(f"{live_server.url}/datasets/new/")

    page.get_by_label("Name").fill("music-sft")
    page.get_by_label("Music one-liner").first.check()
    page.get_by_role("button", name="Look at it first").press("Enter")
    expect(page.get_by_text("3 reviews give rows")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name="Build it").press("Enter")

    expect(page.get_by_role("heading", name="music-sft 1")).to_be_visible()
    expect(page.get_by_text("waits for a worker")).to_be_visible()

    building.build_dataset(Dataset.objects.get().pk)

    with page.expect_download() as download:
        page.get_by_role("link", name="sft/train.jsonl").press("Enter")
    assert download.value.suggested_filename == "music-sft-1-sft-train.jsonl"
    assert witness.complaints == []
