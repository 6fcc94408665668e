"""Imports: a delivery is received, its lines go in batch by batch, and the row says how far it is.

The row is the job. Whoever works on it holds a lease and an attempt number; every batch goes in
in one transaction with the counts and the line that it reached, and only under that attempt. So an
import that is killed goes on where it stood, and two that work on one row cannot count a line
twice.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import PurePath
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from psycopg.errors import DeadlockDetected

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.delivery_file import Readable, Refusal, UnreadableFileError
from explanations.models import Import, RefusedLine, Task
from explanations.recommendation_lines import RecommendationLine, read_recommendations
from explanations.services import staging

BATCH_LINES: Final = 3_000
BATCH_BYTES: Final = 5_000_000
KEPT_REFUSALS: Final = 1_000
LEASE: Final = timedelta(minutes=2)
MOST_TRIES: Final = 5
TRIES_AFTER_DEADLOCK: Final = 3

OnProgress = Callable[[Import], None]


class DeliveryTooLargeError(ValueError):
    """The upload is larger than `IMPORT_MAX_BYTES`; the message says so."""


class AttemptLostError(RuntimeError):
    """Somebody else works on this import by now; what this attempt had not committed is undone."""


def import_file(
    source: Readable,
    *,
    name: str,
    person: Person | None = None,
    catalogue_owner: str = "",
    on_progress: OnProgress | None = None,
) -> Import:
    """Import an NDJSON or CSV file, gzipped or not, while the caller waits.

    Bad lines are refused and stop nothing else. `on_progress` is called after every batch. Returns
    the import as DONE, or as FAILED if the file, or the rest of it, could not be read: what was
    good until then is in.
    """
    delivery = Import.objects.create(
        source=name[:300], catalogue_owner=catalogue_owner[:200], created_by=person
    )
    record(person, "import started", delivery, source=delivery.source)
    attempt = _claim(delivery.pk)
    assert attempt is not None  # noqa: S101 - nobody else has seen the row yet
    _work(attempt, source, on_progress=on_progress)
    return attempt


def receive(
    chunks: Iterable[bytes],
    *,
    name: str,
    person: Person | None = None,
    catalogue_owner: str = "",
) -> Import:
    """Store an upload as it comes in and have a worker import it; return the RECEIVED import.

    The message to the worker goes out after the commit; without a broker the sweeper sends it
    again. Raises DeliveryTooLargeError, and keeps nothing, above `IMPORT_MAX_BYTES`.
    """
    stored = f"imports/{uuid4().hex}"
    try:
        stored = default_storage.save(stored, _Incoming(chunks))
        with transaction.atomic():
            delivery = Import.objects.create(
                source=(PurePath(name).name or "upload")[:300],
                file=stored,
                catalogue_owner=catalogue_owner[:200],
                created_by=person,
            )
            record(person, "import received", delivery, source=delivery.source)
            nudge.after_commit(nudge.IMPORT_DELIVERY, delivery.pk)
    except BaseException:
        default_storage.delete(stored)
        raise
    return delivery


def run_delivery(import_id: int, *, seconds: float) -> bool:
    """Work on a received import for at most about `seconds`; return whether more is left to do.

    Does nothing if somebody else works on it or it has ended.
    """
    delivery = _claim(import_id)
    if delivery is None:
        return False
    try:
        stored = delivery.file.open("rb")
    except OSError:
        _fail(delivery, "The file is no longer in the store; send it again.")
        return False
    with closing(stored):
        try:
            ended = _work(
                delivery,
                stored,
                max_bytes=settings.IMPORT_MAX_BYTES,
                until=time.monotonic() + seconds,
            )
        except AttemptLostError:
            return False
    if delivery.state == Import.State.DONE:
        # Its lines are in the catalogue now, and they are about people.
        Import.objects.filter(pk=delivery.pk).update(file="")
        delivery.file.delete(save=False)
    return not ended


def sweep() -> list[int]:
    """Return the imports that wait for a worker and end those that nobody can go on with.

    An import waits when it was received, or when its worker's lease ran out. One that was read
    from a caller's file cannot be taken up again; nor is one that was tried `MOST_TRIES` times
    without a line going in.
    """
    lease_ran_out = Q(state=Import.State.RUNNING, lease_until__lt=Now())
    Import.objects.filter(lease_ran_out, file="").update(
        state=Import.State.FAILED,
        failure="The import was interrupted; start it again, what is in stays as it is.",
        lease_until=None,
        finished_at=Now(),
    )
    Import.objects.filter(lease_ran_out, tries__gte=MOST_TRIES).update(
        state=Import.State.FAILED,
        failure=f"The import was tried {MOST_TRIES} times and stopped at the same line each time.",
        lease_until=None,
        finished_at=Now(),
    )
    waiting = Q(state=Import.State.RECEIVED) & ~Q(file="")
    return list(
        Import.objects.filter(waiting | lease_ran_out).order_by("id").values_list("pk", flat=True)
    )


class _Incoming(File):  # type: ignore[type-arg]
    """An upload as the store reads it: in chunks, counted, never as a whole."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__(None, name="upload")
        self._chunks = chunks

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        size = 0
        for chunk in self._chunks:
            size += len(chunk)
            if size > settings.IMPORT_MAX_BYTES:
                raise DeliveryTooLargeError(
                    f"An upload may have {settings.IMPORT_MAX_BYTES:,} bytes; send it in parts."
                )
            yield chunk


# One attempt -------------------------------------------------------------------------------------


def _claim(import_id: int) -> Import | None:
    """Take the import for this attempt, unless somebody holds it or it has ended."""
    claimed = Import.objects.filter(
        Q(state=Import.State.RECEIVED) | Q(state=Import.State.RUNNING, lease_until__lt=Now()),
        pk=import_id,
    ).update(
        state=Import.State.RUNNING,
        attempt=F("attempt") + 1,
        tries=F("tries") + 1,
        lease_until=Now() + LEASE,
    )
    return Import.objects.get(pk=import_id) if claimed else None


def _work(
    delivery: Import,
    source: Readable,
    *,
    max_bytes: int | None = None,
    until: float | None = None,
    on_progress: OnProgress | None = None,
) -> bool:
    """Bring in what is left of the file; return whether the import has ended."""
    task_ids = dict(Task.objects.values_list("slug", "pk"))
    counted = _Counted(source)
    staging.begin()
    try:
        lines = read_recommendations(counted, task_ids, max_bytes=max_bytes)
        for batch in _read_ahead(_batches(lines)):
            in_before, left = batch.split(delivery.read_to)
            if in_before.good:
                staging.remember(in_before.good, task_ids)
            if left.last_line <= delivery.read_to:
                # Not a reason to hand over: the successor would come no further than this.
                _move(delivery, lease_until=Now() + LEASE)
                continue
            _bring_in(delivery, left, task_ids, counted.bytes_read)
            if on_progress:
                on_progress(delivery)
            if until is not None and time.monotonic() > until:
                _move(delivery, state=Import.State.RECEIVED, lease_until=None)
                return False
    except UnreadableFileError as error:
        _fail(delivery, str(error))
        return True
    _move(delivery, state=Import.State.DONE, lease_until=None, finished_at=Now())
    return True


class _Counted:
    """A file that knows how much of it was read."""

    def __init__(self, source: Readable) -> None:
        self._source = source
        self.bytes_read = 0

    def read(self, size: int, /) -> bytes:
        content = self._source.read(size)
        self.bytes_read += len(content)
        return content


@dataclass(slots=True)
class _Batch:
    """Some records in the order of the file."""

    good: list[RecommendationLine] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    last_line: int = 0

    def add(self, record: RecommendationLine | Refusal) -> None:
        if isinstance(record, Refusal):
            self.refused.append(record)
        else:
            self.good.append(record)
        self.last_line = record.line

    def split(self, line: int) -> tuple["_Batch", "_Batch"]:
        """Those up to `line`, and those behind it."""
        if not line:
            return _Batch(), self
        return (
            _Batch(
                [good for good in self.good if good.line <= line],
                [refused for refused in self.refused if refused.line <= line],
                min(line, self.last_line),
            ),
            _Batch(
                [good for good in self.good if good.line > line],
                [refused for refused in self.refused if refused.line > line],
                self.last_line,
            ),
        )


def _batches(lines: Iterable[RecommendationLine | Refusal]) -> Iterator[_Batch]:
    """Cut the file into pieces bounded in lines and in bytes.

    What was read before the file turned out unreadable is still a batch.
    """
    batch = _Batch()
    size = 0
    try:
        for line in lines:
            batch.add(line)
            if not isinstance(line, Refusal):
                size += len(line.item) + len(line.audience)
            if len(batch.good) + len(batch.refused) >= BATCH_LINES or size >= BATCH_BYTES:
                yield batch
                batch, size = _Batch(), 0
    except UnreadableFileError:
        if batch.last_line:
            yield batch
        raise
    if batch.last_line:
        yield batch


def _read_ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """Read and check the next batch while the database is busy with this one."""
    usual = sys.getswitchinterval()
    # By default the reading thread lets each answer of the database wait for five milliseconds,
    # which is a quarter of the time that an import takes.
    sys.setswitchinterval(0.0005)
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
            coming = reader.submit(next, batches, None)
            while (batch := coming.result()) is not None:
                coming = reader.submit(next, batches, None)
                yield batch
    finally:
        sys.setswitchinterval(usual)


def _bring_in(delivery: Import, batch: _Batch, task_ids: dict[str, int], bytes_read: int) -> None:
    """Commit one batch together with its counts; raise AttemptLostError if it is not ours."""
    for tries_left in reversed(range(TRIES_AFTER_DEADLOCK)):
        try:
            with transaction.atomic():
                merged = staging.merge(delivery, batch.good, task_ids)
                refused = sorted([*batch.refused, *merged.repeated])
                _keep_refusals(delivery, refused)
                _move(
                    delivery,
                    lines=delivery.lines + len(batch.good) + len(batch.refused),
                    new=delivery.new + merged.new,
                    changed=delivery.changed + merged.changed,
                    unchanged=delivery.unchanged + merged.unchanged,
                    refused=delivery.refused + len(refused),
                    read_to=max(delivery.read_to, batch.last_line),
                    bytes_read=bytes_read,
                    tries=0,
                    lease_until=Now() + LEASE,
                )
            return
        except OperationalError as error:
            # Drafts are locked by others too, in an order of their own.
            if not isinstance(error.__cause__, DeadlockDetected) or not tries_left:
                raise
            delivery.refresh_from_db()


def _keep_refusals(delivery: Import, refused: list[Refusal]) -> None:
    """Store refusals up to `KEPT_REFUSALS` for the whole import; all are counted."""
    room = max(0, KEPT_REFUSALS - delivery.refused)
    RefusedLine.objects.bulk_create(
        RefusedLine(
            delivery_id=delivery.pk,
            line=refusal.line,
            field=refusal.field[:100],
            reason=refusal.reason[:500],
        )
        for refusal in refused[:room]
    )


def _fail(delivery: Import, reason: str) -> None:
    _move(
        delivery,
        state=Import.State.FAILED,
        failure=reason[:500],
        lease_until=None,
        finished_at=Now(),
    )


def _move(delivery: Import, **changes: object) -> None:
    """Write to the row under this attempt only, and read back what it says."""
    moved = Import.objects.filter(
        pk=delivery.pk, attempt=delivery.attempt, state=Import.State.RUNNING
    ).update(**changes)
    if not moved:
        raise AttemptLostError(f"{delivery} is worked on elsewhere.")
    delivery.refresh_from_db()
