"""Where the files of datasets lie: a folder of the desk, or an object store.

A build writes into a workshop, a folder that nobody reads, and its files come to their address
together: by renaming the folder, or by sending each to the object store before the dataset is
called ready. An address holds the name and the number of its dataset, so it never means two things.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from feedback.models import Dataset, DatasetFile

STORAGE: Final = "datasets"
_WORKSHOPS: Final = ".building"


class FileGone(LookupError):
    """A dataset's file is no longer in the store."""


def address(dataset: Dataset, path: str = "") -> str:
    """Return where a dataset's file lies in the store; without `path`, its folder."""
    return "/".join(filter(None, (dataset.name, str(dataset.number), path)))


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
    """Make the folder in which this attempt writes, empty, and remove those of earlier ones.

    It lies on the store's own disk where that is a folder, so that renaming is enough.
    """
    close_workshops(dataset)
    workshop = _workshops() / f"{dataset.pk}-{dataset.attempt}"
    workshop.mkdir(parents=True)
    return workshop


def close_workshops(dataset: Dataset) -> None:
    """Remove what attempts at this dataset have left. Safe to repeat."""
    for left in _workshops().glob(f"{dataset.pk}-*"):
        shutil.rmtree(left, ignore_errors=True)


def put_in_place(dataset: Dataset, workshop: Path) -> None:
    """Bring all files of the workshop to the dataset's address; they are on the disk then.

    What an earlier attempt has left there, which nobody was ever shown, is replaced. Raises
    OSError, and what the client of the object store raises.
    """
    remove(dataset)
    folder = _folder()
    if folder is None:
        for path in _files_in(workshop):
            with path.open("rb") as opened:
                _store().save(address(dataset, str(path.relative_to(workshop))), File(opened))
        return
    for each in (workshop, *(path for path in workshop.rglob("*") if path.is_dir())):
        _sync(each)
    target = folder / address(dataset)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(workshop, target)
    _sync(target.parent)


def remove(dataset: Dataset) -> None:
    """Remove what lies at the address of a dataset that is not ready. Safe to repeat."""
    folder = _folder()
    if folder is not None:
        shutil.rmtree(folder / address(dataset), ignore_errors=True)
        return
    _remove_below(address(dataset))


def _remove_below(prefix: str) -> None:
    folders, files = _store().listdir(prefix)
    for name in files:
        _store().delete(f"{prefix}/{name}")
    for name in folders:
        _remove_below(f"{prefix}/{name}")


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
