"""Builds of datasets that tests kill and freeze, and what must be true of the store meanwhile."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from accounts.models import Person
from feedback.models import Dataset
from feedback.recipe import read_recipe
from feedback.services.datasets.creating import create_dataset
from tests.faults.workers import CHECKOUT, environment, until

WORKSHOPS = ".building"


class Builders:
    """Forks builders of datasets into a folder."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self.folder = folder
        self.children: list[int] = []

    def begin(self, dataset: Dataset, **asked: Any) -> int:
        """Begin an attempt at a dataset; return its process number."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"dataset": dataset.pk, **asked}) + "\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        self.children.append(child)
        return child

    def signal(self, child: int, number: signal.Signals) -> None:
        """Send a signal to a builder, should it still be there."""
        with suppress(ProcessLookupError):
            os.kill(child, number)

    def attempt(self, dataset: Dataset, **asked: Any) -> None:
        """Make an attempt at a dataset, and wait for its end."""
        self.wait_for(self.begin(dataset, **asked))

    def wait_for(self, child: int) -> None:
        """Wait for the end of a builder, whatever that is."""
        until(lambda: not psutil.pid_exists(child))
        self.children.remove(child)


@contextmanager
def builders(folder: Path, *options: str) -> Iterator[Builders]:
    """Keep builders for the length of a block; none outlives it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.building_children", str(folder), *options],
        cwd=CHECKOUT,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    begun = Builders(process, folder)
    try:
        yield begun
    finally:
        for child in begun.children:
            begun.signal(child, signal.SIGKILL)
        process.kill()
        process.wait()


def asked_for(person: Person, name: str = "lines", **recipe: Any) -> Dataset:
    """Ask for a dataset of the music task."""
    body = {"name": name, "tasks": ["music-oneliner"], **recipe}
    return create_dataset(read_recipe(body), person, uuid4())


def let_the_lease_run_out(dataset: Dataset) -> None:
    """Turn the desk's clock past the lease by moving the lease into the past."""
    Dataset.objects.filter(pk=dataset.pk, state=Dataset.State.BUILDING).update(
        lease_until="2026-01-01T00:00:00Z"
    )


# What must be true of the store ------------------------------------------------------------------


def visible(folder: Path) -> list[Path]:
    """Return the files that lie where files of datasets are read."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and WORKSHOPS not in path.relative_to(folder).parts
    )


def partial(folder: Path) -> list[Path]:
    """Return the visible files that do not belong to a whole dataset."""
    found = []
    for place in {folder.joinpath(*path.relative_to(folder).parts[:2]) for path in visible(folder)}:
        found += [path for path in visible(folder) if place in path.parents and not whole(place)]
    return found


def whole(place: Path) -> bool:
    """Whether all files of the manifest that lies there are there as it says, and no others."""
    manifest = place / "manifest.json"
    if not manifest.exists():
        return False
    try:
        files = json.loads(manifest.read_bytes())["files"]
    except ValueError:
        return False
    there = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    return there == {"manifest.json", *(file["path"] for file in files)} and all(
        hashlib.sha256((place / file["path"]).read_bytes()).hexdigest() == file["sha256"]
        for file in files
    )


def at_work(folder: Path) -> list[str]:
    """Return the names of the workshops."""
    workshops = folder / WORKSHOPS
    return sorted(path.name for path in workshops.iterdir()) if workshops.exists() else []
