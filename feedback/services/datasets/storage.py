"""Where the files of datasets lie: a folder of the desk, or an object store.

An attempt at a build writes into a workshop, a folder that nobody reads, and its files come to
their place together: by renaming the folder, or by sending each to the object store before the
dataset is called ready. Place and workshop belong to that one attempt and to no other, so that
nothing is ever written where something is: a worker that was thought dead and wakes up again
touches no file of a dataset that another one has finished.
"""

import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from feedback.models import Dataset, DatasetFile

STORAGE: Final = "datasets"
_WORKSHOPS: Final = ".building"
_TWO_NUMBERS: Final = re.compile(r"([0-9]+)-([0-9]+)")
# Nothing of the desk writes to a file that is in its place.
_READABLE: Final = 0o444


class FileGone(LookupError):
    """A dataset's file is no longer in the store."""


class IsReady(RuntimeError):
    """The files of a ready dataset stay as they are."""


class Place(NamedTuple):
    """Where one attempt puts its files in the store."""

    name: str
    number: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.name}/{self.number}-{self.attempt}"


class Workshop(NamedTuple):
    """Where one attempt writes."""

    dataset_id: int
    attempt: int

    def __str__(self) -> str:
        return f"{self.dataset_id}-{self.attempt}"


def address(dataset: Dataset, path: str) -> str:
    """Return where a file of the dataset's newest attempt lies in the store."""
    return f"{_place(dataset)}/{path}"


def open_stored(file: DatasetFile) -> IO[bytes]:
    """Open a file of a dataset for reading, at its beginning. Raises FileGone."""
    try:
        return _store().open(address(file.dataset, file.path), "rb")
    except FileNotFoundError as gone:
        raise FileGone(file.path) from gone


def local_path(file: DatasetFile) -> Path | None:
    """Return where the file lies on this machine, or None where an object store has it."""
    folder = _folder()
    return None if folder is None else folder / address(file.dataset, file.path)


def signed_address(file: DatasetFile, seconds: int) -> str | None:
    """Return an address at which an object store hands out the file for so long, or None where the
    desk has the file itself.
    """
    if _folder() is not None:
        return None
    return str(_store().url(address(file.dataset, file.path), expire=seconds))  # type: ignore[call-arg]


# --- While it is built ---------------------------------------------------------------------------


def open_workshop(dataset: Dataset) -> Path:
    """Make the folder in which this attempt writes.

    It lies on the store's own disk where that is a folder, so that renaming is enough.
    """
    close_workshop(dataset)
    workshop = _workshops() / str(Workshop(dataset.pk, dataset.attempt))
    workshop.mkdir(parents=True)
    return workshop


def put_in_place(
    dataset: Dataset, workshop: Path, tell: Callable[[], object] = lambda: None
) -> None:
    """Bring all files of the workshop to this attempt's place; they are on the disk then.

    `tell` is called while they are sent to an object store, and what it raises ends that. Raises
    IsReady, OSError, and what the client of the object store raises.
    """
    # No attempt comes here twice: what is there is of a desk that was since put back from a copy.
    remove_placed(dataset)
    folder = _folder()
    if folder is None:
        for path in _files_in(workshop):
            with path.open("rb") as opened:
                _store().save(
                    address(dataset, str(path.relative_to(workshop))), _Told(opened, tell)
                )
        return
    for path in _files_in(workshop):
        path.chmod(_READABLE)
    for each in (workshop, *(path for path in workshop.rglob("*") if path.is_dir())):
        _sync(each)
    target = folder / str(_place(dataset))
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(workshop, target)
    _sync(target.parent)


class _Told(File):  # type: ignore[type-arg]
    """A file that says that it is being read."""

    def __init__(self, opened: IO[bytes], tell: Callable[[], object]) -> None:
        super().__init__(opened)
        self._opened = opened
        self._tell = tell

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        self._tell()
        return self._opened.read(size)


# --- What attempts have left ---------------------------------------------------------------------


def workshops() -> list[Workshop]:
    """Return all workshops on this machine."""
    return [
        Workshop(int(found[1]), int(found[2]))
        for path in _workshops().glob("*")
        if (found := _TWO_NUMBERS.fullmatch(path.name))
    ]


def places(name: str) -> list[Place]:
    """Return all places of datasets of this name that hold something."""
    try:
        folders, _files = _store().listdir(name)
    except FileNotFoundError:
        return []
    return [
        Place(name, int(found[1]), int(found[2]))
        for folder in folders
        if (found := _TWO_NUMBERS.fullmatch(folder))
    ]


def close_workshop(dataset: Dataset) -> None:
    """Remove the workshop of this attempt, should it be there."""
    remove_workshop(Workshop(dataset.pk, dataset.attempt))


def remove_workshop(workshop: Workshop) -> None:
    """Remove what an attempt has left where it wrote. Safe to repeat."""
    shutil.rmtree(_workshops() / str(workshop), ignore_errors=True)


def remove_placed(dataset: Dataset) -> None:
    """Remove what this attempt has brought to its place. Raises IsReady where that is a dataset."""
    of_this_attempt = Dataset.objects.filter(pk=dataset.pk, attempt=dataset.attempt)
    if of_this_attempt.filter(state=Dataset.State.READY).exists():
        raise IsReady(str(dataset))
    remove_place(_place(dataset))


def remove_place(place: Place) -> None:
    """Remove what an attempt has left in the store. Safe to repeat."""
    folder = _folder()
    if folder is not None:
        shutil.rmtree(folder / str(place), ignore_errors=True)
        return
    _remove_below(str(place))


def _remove_below(prefix: str) -> None:
    folders, files = _store().listdir(prefix)
    for name in files:
        _store().delete(f"{prefix}/{name}")
    for name in folders:
        _remove_below(f"{prefix}/{name}")


def _place(dataset: Dataset) -> Place:
    return Place(dataset.name, dataset.number, dataset.attempt)


def _files_in(workshop: Path) -> list[Path]:
    return sorted(path for path in workshop.rglob("*") if path.is_file())


def _store() -> Storage:
    return storages[STORAGE]


def _folder() -> Path | None:
    store = _store()
    return Path(store.location) if isinstance(store, FileSystemStorage) else None


def _workshops() -> Path:
    folder = _folder() or Path(storages["default"].path("datasets"))
    return folder / _WORKSHOPS


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems know no fsync of a folder
            os.fsync(handle)
    finally:
        os.close(handle)
