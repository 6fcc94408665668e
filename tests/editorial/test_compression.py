"""What travels compressed and what does not, and what the whole review page weighs."""

import gzip
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from pytest_django import Settings

from editorial.compression import CompressPages, compressed
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
    packed = editor_client.get("/review/", headers=ACCEPTS)
    plain = editor_client.get("/review/")

    assert packed["Content-Encoding"] == "gzip"
    assert b'id="draft"' in gzip.decompress(packed.content)
    assert "Content-Encoding" not in plain


def test_the_length_of_a_compressed_page_does_not_tell_what_is_in_it() -> None:
    page = b"<p>secret</p>" * 100

    lengths = {len(compressed(page)) for _ in range(200)}

    assert len(lengths) > 50
    assert gzip.decompress(compressed(page)) == page


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse("short"),
        HttpResponse("{}" * 500, content_type="application/json"),
        HttpResponse(b"x" * 500, headers={"Content-Encoding": "br"}),
        StreamingHttpResponse(["x" * 500]),
    ],
    ids=["short", "json", "compressed", "streamed"],
)
def test_what_would_not_gain_by_it_stays_as_it_is(
    answer: HttpResponseBase, rf: RequestFactory
) -> None:
    before = dict(answer.items())

    served = CompressPages(lambda _request: answer).process_response(
        rf.get("/", headers=ACCEPTS), answer
    )

    assert dict(served.items()) == before


def test_compressed_bytes_are_not_called_the_same(rf: RequestFactory) -> None:
    answer = HttpResponse("x" * 500, headers={"ETag": '"page"'})

    served = CompressPages(lambda _request: answer).process_response(
        rf.get("/", headers=ACCEPTS), answer
    )

    assert isinstance(served, HttpResponse)
    assert served["ETag"] == 'W/"page"'
    assert served["Vary"] == "Accept-Encoding"
    assert served["Content-Length"] == str(len(served.content))


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
