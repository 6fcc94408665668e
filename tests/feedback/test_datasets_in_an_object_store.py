"""Datasets in an S3-compatible store: built, handed out by signed addresses, pulled in parts."""

import hashlib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.conf import settings as desk_settings
from django.core.files.storage import storages
from django.test import Client
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from accounts.models import Person
from editorial.settings import _dataset_storage
from explanations.models import Draft
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import building, storage
from feedback.services.datasets.leftovers import remove_leftovers
from tests.conftest import TokenMaker, bearer
from tests.feedback.building_desk import attempted, built, content_of
from tests.feedback.running_web import web_server
from tests.feedback.test_exporting import LINE, reviewed
from training.pull import pull

pytestmark = pytest.mark.django_db(transaction=True)

BUCKET = "sets"
ADDRESS = "/api/v1/datasets/music-sft/1/files/sft/train.jsonl"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A store that speaks S3, for the length of this file; its address."""
    running = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def store_address(server: str) -> str:
    """An empty bucket, as DATASETS_STORE names it."""
    reset = urllib.request.Request(f"{server}/moto-api/reset", method="POST")
    with urllib.request.urlopen(reset):
        pass
    options = f"endpoint_url={server}&region_name=us-east-1&access_key=a&secret_key=b"
    return f"s3://{BUCKET}/desk?{options}"


@pytest.fixture
def bucket(server: str, store_address: str, settings: Settings) -> Any:
    """The bucket, in which the desk's datasets lie now."""
    settings.STORAGES = {**desk_settings.STORAGES, "datasets": _dataset_storage(store_address)}
    assert storages["datasets"]
    made = boto3.resource(
        "s3",
        endpoint_url=server,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    ).Bucket(BUCKET)
    made.create()
    return made


@pytest.fixture
def dataset(bucket: Any, ready_draft: Draft, editor: Person, ml_engineer: Person) -> Dataset:
    """A dataset in the store."""
    reviewed(ready_draft, editor, LINE)
    return built(ml_engineer)


def keys(bucket: Any) -> set[str]:
    return {each.key for each in bucket.objects.all()}


def test_a_dataset_is_built_into_the_store_and_its_files_are_what_their_rows_say(
    dataset: Dataset, bucket: Any
) -> None:
    files = list(dataset.files.all())

    assert keys(bucket) == {f"desk/music-sft/1-1/{file.path}" for file in files}
    for file in files:
        assert hashlib.sha256(content_of(dataset, file.path)).hexdigest() == file.sha256


def test_a_signed_address_hands_out_the_file_and_parts_of_it(
    dataset: Dataset, ml_engineer: Person, token_for: TokenMaker
) -> None:
    whole = content_of(dataset, "sft/train.jsonl")
    client = Client(headers=bearer(token_for(ml_engineer, "datasets:read")))

    answer = client.get(ADDRESS)

    assert (answer.status_code, answer["Cache-Control"]) == (302, "no-store")
    with urllib.request.urlopen(answer["Location"]) as sent:
        assert sent.read() == whole
    part = urllib.request.Request(answer["Location"], headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(part) as sent:
        assert (sent.status, sent.read()) == (206, whole[10:20])
        assert sent.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"


def test_a_training_job_pulls_it_through_the_desk(
    dataset: Dataset,
    store_address: str,
    ml_engineer: Person,
    token_for: TokenMaker,
    tmp_path: Path,
) -> None:
    token = token_for(ml_engineer, "datasets:read")
    with web_server(threads=2, DATASETS_STORE=store_address) as port:
        folder = pull(f"http://127.0.0.1:{port}", "music-sft", "newest", tmp_path, token)

    assert (folder / "sft/train.jsonl").read_bytes() == content_of(dataset, "sft/train.jsonl")


def test_what_a_lost_worker_has_sent_is_removed_and_nothing_else(
    dataset: Dataset, bucket: Any
) -> None:
    before = keys(bucket)
    bucket.put_object(Key="desk/music-sft/1-7/sft/train.jsonl", Body=b"{}\n")
    bucket.put_object(Key="desk/music-sft/2-1/manifest.json", Body=b"{}")

    assert remove_leftovers() == 2

    assert keys(bucket) == before


def test_a_store_that_refuses_fails_the_build_and_leaves_nothing(
    bucket: Any, ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    bucket.delete()

    failed = attempted(ml_engineer)

    assert failed.state == Dataset.State.FAILED
    assert failed.failure
    assert storage.workshops() == []
    assert not DatasetFile.objects.exists()
    assert not building.build_dataset(failed.pk)
