"""Datasets in tests: where they lie, and how one is built and read."""

import gzip
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages

from accounts.models import Person
from feedback.models import Dataset
from feedback.recipe import read_recipe
from feedback.services.datasets import building, reading
from feedback.services.datasets.creating import create_dataset

MUSIC: dict[str, Any] = {"name": "music-sft", "tasks": ["music-oneliner"]}


@pytest.fixture
def dataset_folder(tmp_path: Path, settings: Any) -> Path:
    """Datasets of a test lie in a folder of its own."""
    folder = tmp_path / "datasets"
    settings.STORAGES = {
        **settings.STORAGES,
        "datasets": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder},
        },
    }
    assert storages["datasets"].path("") == str(folder)
    return folder


def attempted(person: Person, **more: Any) -> Dataset:
    """The next version of the dataset as its build left it."""
    asked = create_dataset(read_recipe({**MUSIC, **more}), person, uuid4())
    building.build_dataset(asked.pk)
    asked.refresh_from_db()
    return asked


def built(person: Person, **more: Any) -> Dataset:
    """The next version of the dataset, ready."""
    dataset = attempted(person, **more)
    assert dataset.state == Dataset.State.READY, dataset.failure
    return dataset


def content_of(dataset: Dataset, path: str) -> bytes:
    """A file of the dataset, as it is downloaded."""
    with reading.open_file(dataset, path) as opened:
        return opened.read()


def rows_of(dataset: Dataset, path: str) -> list[dict[str, Any]]:
    """The rows of a file of lines; none where there is no such file."""
    if not dataset.files.filter(path=path).exists():
        return []
    content = content_of(dataset, path)
    lines = gzip.decompress(content) if path.endswith(".gz") else content
    return [json.loads(line) for line in lines.splitlines()]
