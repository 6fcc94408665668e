"""A real disk of 2 MB: what does not fit is said in a sentence, and nothing of it stays."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Person
from explanations.models import Prompt, Run
from feedback.models import Dataset
from feedback.services.datasets import failures
from tests.faults.building import at_work, visible
from tests.feedback.building_desk import attempted, dataset_folder
from tests.feedback.test_choosing import grouped_draft, own_line
from tests.feedback.test_exporting import reviewed

__all__ = ["dataset_folder"]

pytestmark = pytest.mark.django_db(transaction=True)

DISK_BYTES = 2 * 1024 * 1024
GOLDENS = 24


@pytest.fixture
def small_disk(dataset_folder: Path) -> Iterator[Path]:
    """The folder of datasets, on a disk of its own."""
    dataset_folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", dataset_folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield dataset_folder
    subprocess.run(["umount", "--lazy", dataset_folder], check=True)


@pytest.fixture
def recipe(run: Run, editor: Person) -> dict[str, Any]:
    """A recipe whose rows take 2.4 MB, most of it the instructions that each begins with."""
    for number in range(GOLDENS):
        reviewed(
            grouped_draft(run, number, f"group {number}", "A draft."), editor, own_line(number)
        )
    long = Prompt.objects.create(
        task=run.task,
        number=2,
        system="Write one sentence. " * (DISK_BYTES // GOLDENS // 17),
        user_template="Title: {{ /item/title }}",
        sha256="9" * 64,
    )
    return {"prompts": {"music-oneliner": long.number}}


def test_a_dataset_that_does_not_fit_fails_with_a_sentence_and_leaves_the_disk_empty(
    small_disk: Path, recipe: dict[str, Any], ml_engineer: Person
) -> None:
    dataset = attempted(ml_engineer, **recipe)

    assert (dataset.state, dataset.failure) == (Dataset.State.FAILED, failures.FULL_DISK)
    assert (visible(small_disk), at_work(small_disk)) == ([], [])
    assert not dataset.files.exists()

    small = attempted(ml_engineer)
    assert small.state == Dataset.State.READY, small.failure


@pytest.mark.usefixtures("dataset_folder")
def test_on_a_larger_disk_it_is_built(recipe: dict[str, Any], ml_engineer: Person) -> None:
    """The control: it is the disk that was too small."""
    dataset = attempted(ml_engineer, **recipe)

    assert dataset.state == Dataset.State.READY, dataset.failure
    assert dataset.bytes > DISK_BYTES
