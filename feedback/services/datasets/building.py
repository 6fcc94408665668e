"""Build datasets: from one moment of the database, streamed into files that appear together.

Whatever happens, a build leaves either the whole dataset or nothing but the reason why.
"""

import errno
import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import storage
from feedback.services.datasets.attempt import MOST_TRIES, Attempt, AttemptLost, claim
from feedback.services.exporting import export_goldens

log = logging.getLogger(__name__)

MANIFEST: Final = "manifest.json"
MANIFEST_SCHEMA: Final = 1

_FULL_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class CannotBuild(Exception):
    """The recipe and the desk's data make no dataset; the message is a sentence for people."""


def build_dataset(dataset_id: int) -> bool:
    """Build a dataset that waits, from beginning to end; return whether this attempt was one.

    Does nothing if somebody else builds it or it has ended. Must not run inside a transaction.
    """
    dataset = claim(dataset_id)
    if dataset is None:
        return False
    attempt = Attempt(dataset)
    try:
        _build(attempt)
    except AttemptLost:
        log.info("Attempt %s at %s was ended from outside.", dataset.attempt, dataset)
    except Exception as error:
        if not isinstance(error, CannotBuild | OSError):
            log.exception("%s cannot be built.", dataset)
        with suppress(AttemptLost):
            attempt.end_failed(_sentence(error))
            storage.remove(dataset)
    finally:
        storage.close_workshops(dataset)
    return True


def sweep() -> list[int]:
    """Return the datasets that wait for a worker, and end those that fail their workers each time.

    What attempts at ended ones have left behind is removed.
    """
    lease_ran_out = Q(state=Dataset.State.BUILDING, lease_until__lt=Now())
    for dataset in Dataset.objects.filter(lease_ran_out, tries__gte=MOST_TRIES):
        attempt = Attempt(dataset)
        with suppress(AttemptLost):
            attempt.end_failed(
                f"The build was begun {MOST_TRIES} times and its worker died each time."
            )
            storage.close_workshops(dataset)
            storage.remove(dataset)
    waiting = Q(state=Dataset.State.WAITING) | lease_ran_out
    return list(Dataset.objects.filter(waiting).order_by("pk").values_list("pk", flat=True))


def _sentence(error: Exception) -> str:
    if isinstance(error, CannotBuild):
        return str(error)
    if isinstance(error, OSError) and error.errno in _FULL_DISK:
        return "The disk is full: there is no room for the files of this dataset."
    if isinstance(error, OSError):
        return f"The files could not be written: {error.strerror or error}."
    return f"The build broke: {type(error).__name__}. The worker's log says where."


def _build(attempt: Attempt) -> None:
    dataset = attempt.dataset
    workshop = storage.open_workshop(dataset)
    attempt.enter(Dataset.Stage.WRITING)
    files, rows = [], 0
    for task in dataset.recipe["tasks"]:
        path = workshop / "sft" / "train.jsonl"
        path.parent.mkdir(exist_ok=True)
        with path.open("ab") as opened:
            counts = export_goldens(task, "sft", opened.write)
            rows += counts.written
            opened.flush()
            os.fsync(opened.fileno())
    if rows == 0:
        raise CannotBuild("No golden fits this recipe.")
    files.append(_described(dataset, path, workshop, rows))
    attempt.enter(Dataset.Stage.STORING)
    manifest: dict[str, Any] = {
        "schema_version": MANIFEST_SCHEMA,
        "name": dataset.name,
        "number": dataset.number,
        # What training/pull.py checks each file by.
        "files": [
            {
                "path": file.path,
                "format": file.format,
                "split": file.split,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in files
        ],
    }
    written = workshop / MANIFEST
    with written.open("wb") as opened:
        opened.write(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        opened.flush()
        os.fsync(opened.fileno())
    files.append(_described(dataset, written, workshop))
    storage.put_in_place(dataset, workshop)
    with transaction.atomic():
        attempt.end_ready(files, rows, manifest)


def _described(
    dataset: Dataset, path: Path, workshop: Path, rows: int | None = None
) -> DatasetFile:
    with path.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    relative = path.relative_to(workshop)
    return DatasetFile(
        dataset=dataset,
        path=str(relative),
        format="" if rows is None else relative.parts[0],
        split="" if rows is None else relative.parts[1].split(".")[0],
        rows=rows,
        bytes=path.stat().st_size,
        sha256=digest,
    )
