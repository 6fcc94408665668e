"""What travels compressed and what does not, and what the whole review page weighs."""

import gzip
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from editorial.templatetags.modules import imported
from explanations.models import Draft

ACCEPTS = {"Accept-Encoding": "gzip, deflate, br"}
STATIC = re.compile(r'(?:src|href)="/static/([^"]+)"')


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    """The static files as the web server serves them."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "editorial.static_files.DeskStaticFiles"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_a_page_is_compressed_for_whoever_can_unpack_it(
    editor_client: Client, ready_draft: Draft
) -> None:
    compressed = editor_client.get("/review/", headers=ACCEPTS)
    plain = editor_client.get("/review/")

    assert compressed["Content-Encoding"] == "gzip"
    assert b'id="draft"' in gzip.decompress(compressed.content)
    assert "Content-Encoding" not in plain


def test_what_programs_read_is_not_compressed(editor_client: Client) -> None:
    answer = editor_client.get("/api/v1/", headers=ACCEPTS)

    assert "Content-Encoding" not in answer


def test_the_whole_review_page_stays_below_120_kilobytes(
    editor_client: Client, ready_draft: Draft, collected: Path
) -> None:
    page = editor_client.get("/review/", headers=ACCEPTS)
    loaded = set(STATIC.findall(gzip.decompress(page.content).decode()))
    modules = {re.sub(r"\.[0-9a-f]{12}\.js$", ".js", name) for name in loaded}
    assert {"feedback/review.js", *imported("feedback/review.js")} <= modules

    def weight(name: str) -> int:
        path = collected / f"{name}.gz"
        return (path if path.exists() else collected / name).stat().st_size

    assert len(page.content) + sum(weight(name) for name in loaded) < 120_000


def test_every_module_that_the_screen_imports_is_announced_ahead() -> None:
    names = imported("feedback/review.js")

    assert "feedback/open_draft.js" in names
    assert "desk/words.js" in names  # from another folder
    assert "feedback/code_points.js" in names  # of an imported one
    assert "feedback/review.js" not in names
