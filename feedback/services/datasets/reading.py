"""Find datasets and their files."""

from typing import IO

from django.db.models import QuerySet

from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import storage


def datasets_newest_first() -> QuerySet[Dataset]:
    """Return all datasets, of every state, newest first."""
    return Dataset.objects.select_related("created_by", "parent").order_by("-pk")


def dataset_at(name: str, number: int) -> Dataset:
    """Return the version of this number. Raises Dataset.DoesNotExist."""
    return datasets_newest_first().get(name=name, number=number)


def newest_version(name: str) -> Dataset | None:
    """Return the newest version of this name that is ready, or None."""
    ready = datasets_newest_first().filter(name=name, state=Dataset.State.READY)
    return ready.order_by("-number").first()


def file_at(dataset: Dataset, path: str) -> DatasetFile:
    """Return a file of a ready dataset. Raises DatasetFile.DoesNotExist, also while it is built."""
    return DatasetFile.objects.select_related("dataset").get(
        dataset=dataset, dataset__state=Dataset.State.READY, path=path
    )


def open_file(dataset: Dataset, path: str) -> IO[bytes]:
    """Open a file of a ready dataset for reading.

    Raises DatasetFile.DoesNotExist, and storage.FileGone where the store has lost it.
    """
    return storage.open_stored(file_at(dataset, path))
