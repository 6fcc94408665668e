"""Files of datasets over HTTP: whole, in parts, and only ever the same bytes."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages
from django.test import Client
from pytest_django import Settings

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Dataset, DatasetFile
from feedback.recipe import read_recipe
from feedback.services.datasets import building, storage
from feedback.services.datasets.creating import create_dataset
from tests.conftest import TokenMaker, bearer
from tests.editorial.test_api import assert_problem
from tests.feedback.test_exporting import LINE, reviewed

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/api/v1/datasets/music-sft/1/files/sft/train.jsonl"


@pytest.fixture
def file(ready_draft: Draft, editor: Person, ml_engineer: Person) -> DatasetFile:
    """The rows of a dataset that is ready."""
    reviewed(ready_draft, editor, LINE)
    recipe = read_recipe({"name": "music-sft", "tasks": ["music-oneliner"]})
    building.build_dataset(create_dataset(recipe, ml_engineer, uuid4()).pk)
    found = DatasetFile.objects.select_related("dataset").filter(path="sft/train.jsonl").first()
    assert found is not None
    return found


@pytest.fixture
def content(file: DatasetFile) -> bytes:
    with storage.open_stored(file) as opened:
        return opened.read()


@pytest.fixture
def program(ml_engineer: Person, token_for: TokenMaker) -> Client:
    return Client(headers=bearer(token_for(ml_engineer, "datasets:read")))


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_file_comes_whole_with_its_length_and_its_checksum(
    program: Client, file: DatasetFile, content: bytes
) -> None:
    answer = program.get(ADDRESS, headers={"Accept-Encoding": "gzip", "Accept": "text/plain"})

    assert answer.status_code == 200
    assert body(answer) == content
    assert answer["Content-Length"] == str(len(content))
    assert answer["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Type"] == "application/x-ndjson"
    assert "no-transform" in answer["Cache-Control"]
    assert "Content-Encoding" not in answer


def test_head_says_the_same_without_the_file(program: Client, file: DatasetFile) -> None:
    whole, head = program.get(ADDRESS), program.head(ADDRESS, headers={"Range": "bytes=0-3"})
    whole.close()

    assert head.status_code == 200
    assert head.content == b""
    assert dict(head.headers) == dict(whole.headers)


PARTS: list[tuple[str, Callable[[int], tuple[int, int]]]] = [
    ("bytes=0-0", lambda size: (0, 1)),
    ("bytes=10-19", lambda size: (10, 20)),
    ("bytes=10-", lambda size: (10, size)),
    ("bytes=10-99999999", lambda size: (10, size)),
    ("bytes=-5", lambda size: (size - 5, size)),
    ("bytes=-99999999", lambda size: (0, size)),
]


@pytest.mark.parametrize(("asked", "expected"), PARTS)
def test_a_part_comes_as_206(
    program: Client,
    content: bytes,
    asked: str,
    expected: Callable[[int], tuple[int, int]],
) -> None:
    answer = program.get(ADDRESS, headers={"Range": asked})

    start, end = expected(len(content))
    assert answer.status_code == 206
    assert body(answer) == content[start:end]
    assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}"
    assert answer["Content-Length"] == str(end - start)


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=0-1,4-5", "٣"]
)
def test_what_is_no_single_range_is_answered_with_all_of_it(
    program: Client, content: bytes, asked: str
) -> None:
    answer = program.get(ADDRESS, headers={"Range": asked})

    assert answer.status_code == 200
    assert body(answer) == content


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=-0", "bytes=9999999999999999999-"])
def test_a_part_that_there_is_not_is_refused(
    program: Client, file: DatasetFile, asked: str
) -> None:
    answer = program.get(ADDRESS, headers={"Range": asked})

    assert_problem(answer, 416, "range_not_satisfiable")
    assert answer["Content-Range"] == f"bytes */{file.bytes}"


def test_the_rest_comes_only_of_the_file_that_the_caller_has(
    program: Client, file: DatasetFile, content: bytes
) -> None:
    def rest(of: str) -> Any:
        return program.get(ADDRESS, headers={"Range": "bytes=10-", "If-Range": of})

    same = rest(f'"{file.sha256}"')
    assert (same.status_code, body(same)) == (206, content[10:])
    for other in (f'"{"0" * 64}"', f'W/"{file.sha256}"', "Mon, 23 Nov 2026 09:00:00 GMT"):
        whole = rest(other)
        assert (whole.status_code, body(whole)) == (200, content)


def test_what_the_caller_knows_is_not_sent_again(program: Client, file: DatasetFile) -> None:
    known = program.get(ADDRESS, headers={"If-None-Match": f'"x", "{file.sha256}"'})
    weakly = program.get(ADDRESS, headers={"If-None-Match": f'W/"{file.sha256}"'})
    meant = program.get(ADDRESS, headers={"If-Match": f'"x", "{file.sha256}"'})
    meant.close()

    assert (known.status_code, known.content) == (304, b"")
    assert weakly.status_code == 304
    assert meant.status_code == 200
    # What is nearly the same file is not the one that is meant.
    for other in ('"x"', f'W/"{file.sha256}"', "x"):
        refused = program.get(ADDRESS, headers={"If-Match": other})
        assert_problem(refused, 412, "precondition_failed")


def test_strangers_read_a_sentence(file: DatasetFile, editor_token: str) -> None:
    nobody = assert_problem(Client().get(ADDRESS), 401, "not_authenticated")
    wrong = Client(headers=bearer("desk_nothing"))
    ended = assert_problem(wrong.get(ADDRESS), 401, "authentication_failed")
    assert nobody["detail"]
    assert "unknown, revoked or expired" in ended["detail"]
    editor = Client(headers=bearer(editor_token))
    assert_problem(editor.get(ADDRESS), 403, "permission_denied")


@pytest.mark.parametrize(
    "path",
    [
        "music-sft/1/files/sft/test.jsonl.nothing",
        "music-sft/2/files/sft/train.jsonl",
        "music-sft/1/files/../../../secret",
        "music-sft/1/files//etc/passwd",
        "music/1/files/sft/train.jsonl",
    ],
)
def test_there_is_nothing_at_any_other_address(
    program: Client, file: DatasetFile, path: str
) -> None:
    assert_problem(program.get(f"/api/v1/datasets/{path}"), 404, "not_found")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("WAITING", "music-sft 2 has no files yet: it is not ready."),
        ("CANCELLED", "music-sft 2 has no files: it was cancelled."),
        ("FAILED", "music-sft 2 has no files: it failed. No golden fits this recipe."),
    ],
)
def test_what_has_no_files_says_why(
    program: Client, file: DatasetFile, state: str, says: str
) -> None:
    asked = create_dataset(
        read_recipe({"name": "music-sft", "tasks": ["music-oneliner"]}),
        file.dataset.created_by,
        uuid4(),
    )
    failure = "No golden fits this recipe." if state == "FAILED" else ""
    Dataset.objects.filter(pk=asked.pk).update(state=state, failure=failure)
    answer = program.get("/api/v1/datasets/music-sft/2/files/manifest.json")
    assert_problem(answer, 404, "not_found")
    assert answer.json()["detail"] == says


def test_no_file_is_the_latest(program: Client, file: DatasetFile) -> None:
    for word in ("latest", "newest", "0"):
        address = f"/api/v1/datasets/music-sft/{word}/files/sft/train.jsonl"
        assert program.get(address).status_code == 404


# What was changed behind the desk's back (by the desk: test_datasets_never_change.py) -------------


@pytest.mark.parametrize("change", ["shorter", "longer", "gone"])
def test_a_file_that_somebody_changed_on_the_disk_is_not_sent(
    program: Client, file: DatasetFile, content: bytes, change: str
) -> None:
    path = storage.local_path(file)
    assert path is not None
    path.chmod(0o600)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if change == "shorter" else content + b"{}\n")

    assert_problem(program.get(ADDRESS), 410, "file_gone")


# Other senders -----------------------------------------------------------------------------------


def test_behind_nginx_it_is_nginx_that_sends(
    program: Client, file: DatasetFile, settings: Settings
) -> None:
    settings.DOWNLOADS_X_ACCEL = "/sent-by-nginx/"

    answer = program.get(ADDRESS, headers={"Range": "bytes=1-2"})

    assert answer.status_code == 200  # nginx makes the part
    assert answer["X-Accel-Redirect"] == "/sent-by-nginx/music-sft/1-1/sft/train.jsonl"
    assert answer["ETag"] == f'"{file.sha256}"'
    assert answer.content == b""


def test_of_an_object_store_the_caller_gets_a_signed_address(
    program: Client, file: DatasetFile, settings: Settings
) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "datasets": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": "sets",
                "access_key": "a",
                "secret_key": "b",
                "endpoint_url": "http://127.0.0.1:9",
                "region_name": "us-east-1",
            },
        },
    }
    assert storages["datasets"]

    answer = program.get(ADDRESS)
    head = program.head(ADDRESS)

    assert answer.status_code == 302
    assert answer["Location"].startswith("http://127.0.0.1:9/sets/music-sft/1-1/sft/train.jsonl?")
    assert "Signature" in answer["Location"]
    assert answer["Cache-Control"] == "no-store"
    assert (head.status_code, head["ETag"]) == (200, f'"{file.sha256}"')
    assert Dataset.objects.get().state == "READY"
