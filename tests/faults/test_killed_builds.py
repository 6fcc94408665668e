"""Builds of datasets are killed, frozen and cut off; a dataset is there as a whole or not at all.

`make soak` kills fifty builds at random moments, `make test` four. FAULT_SEED=… plays the same.
"""

import functools
import hashlib
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest
from django.core.files.storage import storages
from pytest_django import Settings

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import building, storage
from feedback.services.datasets.creating import cancel_dataset
from feedback.services.datasets.leftovers import remove_leftovers
from tests.faults.building import (
    Builders,
    asked_for,
    at_work,
    builders,
    let_the_lease_run_out,
    partial,
    visible,
)
from tests.faults.workers import until
from tests.feedback.test_exporting import another_draft, reviewed  # noqa: F401 - a fixture

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

SEED: Final = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
KILLS: Final = [4, pytest.param(50, marks=pytest.mark.soak)]
GOLDENS: Final = 24
WORDS: Final = (
    "carry drums through rain and let guitars burn while choirs answer over slow bass with open "
    "hands until metalcore breathes under heavy doors where nobody waits but echoes stay"
)


@pytest.fixture(scope="module")
def one_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where datasets lie for the length of this file."""
    return Path(tmp_path_factory.mktemp("store")) / "datasets"


@pytest.fixture(scope="module")
def begun(one_folder: Path, django_db_setup: None) -> Iterator[Builders]:
    """Builders for the length of this file: importing everything takes them a while."""
    with builders(one_folder) as begun:
        yield begun


@pytest.fixture(autouse=True)
def folder(settings: Settings, one_folder: Path) -> Path:
    """The same folder, empty."""
    shutil.rmtree(one_folder, ignore_errors=True)
    settings.STORAGES = {
        **settings.STORAGES,
        "datasets": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": one_folder},
        },
    }
    assert storages["datasets"].path("") == str(one_folder)
    return one_folder


@pytest.fixture(autouse=True)
def goldens(another_draft: Callable[[], Draft], editor: Person) -> None:  # noqa: F811 - the fixture
    """Enough lines for a build to be a while at work."""
    chance = random.Random(1)
    for _ in range(GOLDENS):
        # No two are near enough to one another to be left out.
        reviewed(
            another_draft(), editor, f"Dead Rabbitts {' '.join(chance.sample(WORDS.split(), 9))}."
        )


def is_as_it_says(dataset: Dataset) -> bool:
    """Whether the dataset is ready and each of its files is what its row says."""
    dataset.refresh_from_db()
    files = list(DatasetFile.objects.filter(dataset=dataset).select_related("dataset"))
    return (
        dataset.state == Dataset.State.READY
        and dataset.rows == GOLDENS
        and bool(files)
        and all(
            hashlib.sha256(storage.open_stored(file).read()).hexdigest() == file.sha256
            for file in files
        )
    )


def nothing_else_is_there(folder: Path) -> bool:
    """Whether every visible file is one of a ready dataset, and nobody is at work."""
    wanted = {
        folder / storage.address(file.dataset, file.path)
        for file in DatasetFile.objects.select_related("dataset")
    }
    return set(visible(folder)) == wanted and at_work(folder) == []


# At every moment ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", KILLS)
def test_killed_at_any_moment_a_build_shows_no_partial_file_and_the_next_one_ends_it(
    kills: int, begun: Builders, ml_engineer: Person
) -> None:
    chance = random.Random(SEED)
    takes_s = 0.0
    killed = 0
    while killed < kills:
        dataset = asked_for(ml_engineer)
        for _ in range(2 if takes_s else 0):
            child = begun.begin(dataset)
            until(functools.partial(begun_or_over, dataset, child))
            time.sleep(chance.uniform(0, takes_s))
            begun.signal(child, signal.SIGKILL)
            begun.wait_for(child)
            assert partial(begun.folder) == [], SEED
            dataset.refresh_from_db()
            if dataset.state != Dataset.State.BUILDING:
                takes_s *= 0.7  # it came too late: the machine has less to do than it had
                break
            killed += 1
            let_the_lease_run_out(dataset)
        if dataset.state != Dataset.State.READY:
            began = time.monotonic()
            begun.attempt(dataset)
            takes_s = takes_s or time.monotonic() - began
        assert is_as_it_says(dataset), (SEED, dataset.state, dataset.failure)
        remove_leftovers()
        assert nothing_else_is_there(begun.folder), SEED


def begun_or_over(dataset: Dataset, child: int) -> bool:
    """Whether the child has begun a new attempt, or has ended."""
    attempt = Dataset.objects.values_list("attempt", flat=True).get(pk=dataset.pk)
    return attempt > dataset.attempt or not psutil.pid_exists(child)


def test_killed_at_any_step_to_the_disk_a_build_leaves_nothing_that_stays(
    begun: Builders, ml_engineer: Person
) -> None:
    """Among the steps: files are in their place, and the dataset is not ready yet."""
    left_in_place, step = 0, 0
    while True:
        step += 1
        dataset = asked_for(ml_engineer)
        begun.attempt(dataset, dies_at=step)
        dataset.refresh_from_db()
        if dataset.state != Dataset.State.BUILDING:
            break
        left_in_place += storage.Place(dataset.name, dataset.number, 1) in storage.places("lines")
        assert partial(begun.folder) == []
        assert not is_as_it_says(dataset)

        cancel_dataset(dataset.pk, ml_engineer)
        remove_leftovers()

        assert nothing_else_is_there(begun.folder)
    assert step > 4
    assert left_in_place


def test_without_a_workshop_partial_files_would_be_seen(folder: Path, ml_engineer: Person) -> None:
    """The control: with the files written where they are read, the tests above would fail."""
    with builders(folder, "--without-workshop") as begun:
        begun.attempt(asked_for(ml_engineer), dies_at=1)

    assert partial(folder)


# Thought dead ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 5])
def test_a_builder_that_wakes_up_when_another_one_has_finished_changes_nothing(
    step: int, begun: Builders, ml_engineer: Person
) -> None:
    dataset = asked_for(ml_engineer)
    frozen = begun.begin(dataset, stops_at=step)
    until(lambda: is_stopped(frozen))
    let_the_lease_run_out(dataset)
    begun.attempt(dataset)
    assert is_as_it_says(dataset)

    begun.signal(frozen, signal.SIGCONT)
    begun.wait_for(frozen)

    assert dataset.attempt == 2
    assert is_as_it_says(dataset)
    assert nothing_else_is_there(begun.folder)


def is_stopped(process_id: int) -> bool:
    """Whether a process is frozen."""
    stat = Path(f"/proc/{process_id}/stat").read_text()
    return stat.rpartition(")")[2].split()[0] == "T"


def test_what_is_being_built_is_left_alone(begun: Builders, ml_engineer: Person) -> None:
    dataset = asked_for(ml_engineer)
    frozen = begun.begin(dataset, stops_at=3)
    until(lambda: is_stopped(frozen))

    assert remove_leftovers() == 0

    begun.signal(frozen, signal.SIGCONT)
    begun.wait_for(frozen)
    assert is_as_it_says(dataset)


def test_a_build_that_kills_its_worker_each_time_ends_with_a_sentence(
    begun: Builders, ml_engineer: Person
) -> None:
    dataset = asked_for(ml_engineer)
    for _ in range(3):
        begun.attempt(dataset, dies_at=1)
        let_the_lease_run_out(dataset)

    begun.attempt(dataset)  # a message that came late
    assert building.sweep() == []
    remove_leftovers()

    dataset.refresh_from_db()
    assert (dataset.state, dataset.attempt) == (Dataset.State.FAILED, 3)
    assert dataset.failure == "The build was begun 3 times and its worker died each time."
    assert nothing_else_is_there(begun.folder)


# A full disk -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "most_bytes"), [("jsonl", 9000), ("jsonl.gz", 700)])
def test_a_full_disk_ends_a_build_with_a_sentence_and_leaves_nothing(
    begun: Builders, ml_engineer: Person, kind: str, most_bytes: int
) -> None:
    dataset = asked_for(ml_engineer, files=[kind], formats=["sft", "spans"])

    begun.attempt(dataset, most_bytes=most_bytes)

    dataset.refresh_from_db()
    assert (dataset.state, dataset.attempt) == (Dataset.State.FAILED, 1)
    assert dataset.failure == "The disk is full: there is no room for the files of this dataset."
    assert visible(begun.folder) == []
    assert at_work(begun.folder) == []


def test_a_full_disk_in_the_middle_of_parquet_is_said_so_too(
    begun: Builders, ml_engineer: Person
) -> None:
    """Arrow speaks of errors in its own words."""
    dataset = asked_for(ml_engineer, files=["parquet"])

    begun.attempt(dataset, most_bytes=600)

    dataset.refresh_from_db()
    assert dataset.failure == "The disk is full: there is no room for the files of this dataset."
    assert visible(begun.folder) == []
    assert at_work(begun.folder) == []
