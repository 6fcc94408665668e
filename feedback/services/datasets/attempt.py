"""One attempt at building a dataset: the lease, what the row says meanwhile, and how it ends."""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.log import record
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets.marking import mark_what_was_withdrawn_meanwhile
from feedback.services.webhooks.deliveries import announce

LEASE: Final = timedelta(minutes=2)
MOST_TRIES: Final = 3
# How often the row is told how far it is, at most: pages ask every second or two.
_TOLD_EVERY_S: Final = 1.0

_CLAIMABLE: Final = Q(state=Dataset.State.WAITING) | Q(
    state=Dataset.State.BUILDING, lease_until__lt=Now(), tries__lt=MOST_TRIES
)


class AttemptLost(RuntimeError):
    """Somebody else builds this dataset by now, or it was cancelled."""


def claim(dataset_id: int) -> Dataset | None:
    """Take the dataset for a new attempt, unless somebody holds it, it has ended, it failed its
    workers too often, or another one of its salt is being built.
    """
    try:
        with transaction.atomic():
            claimed = Dataset.objects.filter(_CLAIMABLE, pk=dataset_id).update(
                state=Dataset.State.BUILDING,
                attempt=F("attempt") + 1,
                tries=F("tries") + 1,
                lease_until=Now() + LEASE,
                started_at=Now(),
                stage=Dataset.Stage.PREPARING,
                done=0,
                wanted=0,
            )
    except IntegrityError:
        return None
    return Dataset.objects.get(pk=dataset_id) if claimed else None


class Attempt:
    """What a build says about itself. Every write is under its own attempt number only."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self._told_at = time.monotonic()

    def enter(self, stage: Dataset.Stage, wanted: int = 0) -> None:
        """Begin a stage. Raises AttemptLost."""
        self._move(stage=stage, done=0, wanted=wanted, lease_until=Now() + LEASE)
        self._told_at = time.monotonic()

    def tell(self, done: int) -> None:
        """Say how many rows of the stage are done, and keep the lease.

        Call it after each batch, at least every few seconds: it writes once a second at most. What
        it says is committed at once, so it must not run in the transaction that reads the rows.
        Raises AttemptLost where the dataset was cancelled or somebody else builds it.
        """
        if time.monotonic() - self._told_at < _TOLD_EVERY_S:
            return
        self._move(done=done, lease_until=Now() + LEASE)
        self._told_at = time.monotonic()

    def end_ready(self, files: Sequence[DatasetFile], rows: int, manifest: object) -> None:
        """Call the dataset ready, with its files; its rows are written by then.

        Must run in a transaction of Django's own connection. Raises AttemptLost.
        """
        # Files are taken only while it is built; whoever has lost the attempt is stopped before.
        self._move(stage=Dataset.Stage.STORING)
        DatasetFile.objects.bulk_create(files)
        self._move(
            state=Dataset.State.READY,
            lease_until=None,
            finished_at=Now(),
            rows=rows,
            bytes=sum(file.bytes for file in files),
            manifest=manifest,
            stage="",
        )
        mark_what_was_withdrawn_meanwhile(self.dataset)
        announce(self.dataset)
        record(None, "dataset ready", self.dataset, rows=rows)

    def end_failed(self, sentence: str) -> None:
        """Call the dataset failed and say why. Raises AttemptLost."""
        with transaction.atomic():
            self._move(
                state=Dataset.State.FAILED,
                failure=sentence[:500],
                lease_until=None,
                finished_at=Now(),
                stage="",
            )
            record(None, "dataset failed", self.dataset, reason=sentence[:500])

    def give_back(self, *, counts: bool) -> None:
        """Let the dataset wait for a worker again, from its beginning; `counts` says whether this
        attempt was one of the `MOST_TRIES`. Raises AttemptLost.
        """
        self._move(
            state=Dataset.State.WAITING,
            tries=F("tries") if counts else F("tries") - 1,
            lease_until=None,
            stage="",
            done=0,
            wanted=0,
        )

    def _move(self, **changes: object) -> None:
        moved = Dataset.objects.filter(
            pk=self.dataset.pk, attempt=self.dataset.attempt, state=Dataset.State.BUILDING
        ).update(**changes)
        if not moved:
            raise AttemptLost(f"{self.dataset} is built elsewhere, or by nobody any more.")
