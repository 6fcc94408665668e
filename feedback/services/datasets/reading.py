"""Find datasets and their files."""

from collections.abc import Collection
from typing import IO

from django.db.models import QuerySet

from feedback.models import Dataset, DatasetFile, DatasetRow
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


def versions_of(name: str) -> QuerySet[Dataset]:
    """Return all versions of this name, of every state, newest first, without their manifests."""
    return datasets_newest_first().filter(name=name).defer("manifest").order_by("-number")


def names() -> list[str]:
    """Return the names that datasets have, in the order of the alphabet."""
    return list(Dataset.objects.order_by("name").values_list("name", flat=True).distinct())


def built_before(dataset: Dataset) -> Dataset | None:
    """Return the dataset of the same salt that is being built now: this one waits for its end."""
    others = datasets_newest_first().exclude(pk=dataset.pk)
    return others.filter(salt=dataset.salt, state=Dataset.State.BUILDING).first()


def rows_of(dataset: Dataset, split: str = "") -> QuerySet[DatasetRow]:
    """Return the reviews that gave the dataset rows, with draft and golden, in their order."""
    rows = DatasetRow.objects.filter(dataset=dataset)
    if split:
        rows = rows.filter(split=split)
    return rows.select_related("review__draft__recommendation", "golden").order_by("review_id")


def holding(review_ids: Collection[int]) -> QuerySet[DatasetRow]:
    """Return where ready datasets hold these reviews, newest datasets first."""
    ready = DatasetRow.objects.filter(dataset__state=Dataset.State.READY)
    return (
        ready.filter(review__in=review_ids)
        .select_related("dataset")
        .defer("dataset__manifest", "dataset__recipe")
        .order_by("-dataset_id")
    )


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
