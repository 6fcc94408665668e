"""Build datasets: from one moment of the database, streamed into files that appear together.

Whatever happens, a build leaves either the whole dataset or nothing but the reason why.
"""

import hashlib
import logging
import os
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final

import psycopg
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from psycopg import sql

from feedback.descriptions import descriptions
from feedback.descriptions.base import as_json
from feedback.models import Dataset, DatasetFile
from feedback.recipe import read_recipe
from feedback.services.datasets import storage
from feedback.services.datasets.attempt import MOST_TRIES, Attempt, AttemptLost, claim
from feedback.services.datasets.choosing import choose
from feedback.services.datasets.examples import count_rows, count_wanted
from feedback.services.datasets.failures import DIED, LOST, sentence_of
from feedback.services.datasets.lessons import prepare_all_lessons
from feedback.services.datasets.manifest import MANIFEST, count_chosen, make_manifest
from feedback.services.datasets.moment import one_moment
from feedback.services.datasets.shortfalls import shortfalls
from feedback.services.datasets.sizes import too_small
from feedback.services.datasets.writing import WrittenFile, write_files

log = logging.getLogger(__name__)

# Half of what a build may take in all; the rest is for the build itself.
_PREPARING_S: Final = 7 * 60.0
# Of PostgreSQL's error classes: connections, servers that end or begin, and transactions that would
# go through another time.
_PASSING: Final = ("08", "57P", "40")


class CannotBuild(Exception):
    """The recipe and the desk's data make no dataset; the message is a sentence for people."""


class NotPrepared(Exception):
    """There is more to prepare than one attempt has time for; the next goes on with it."""


def build_dataset(dataset_id: int) -> bool:
    """Build a dataset that waits, from beginning to end; return whether to look at once for what
    waits: another one, or this one where all its time went into preparing.

    Does nothing if somebody else builds it or it has ended. Where the database goes away it waits
    for the sweeper. Must not run inside a transaction.
    """
    dataset = claim(dataset_id)
    if dataset is None:
        return False
    attempt = Attempt(dataset)
    try:
        _build(attempt)
    except AttemptLost:
        log.info("Attempt %s at %s was ended from outside.", dataset.attempt, dataset)
        _clear_place(dataset)
    except NotPrepared:
        with suppress(AttemptLost):
            attempt.give_back(counts=False)
    except Exception as error:
        if is_passing(error):
            log.warning("%s lost its database.", dataset, exc_info=True)
            _leave_to_the_next(attempt)
            return False
        if not isinstance(error, CannotBuild | OSError):
            log.exception("%s cannot be built.", dataset)
        with suppress(AttemptLost):
            attempt.end_failed(str(error) if isinstance(error, CannotBuild) else sentence_of(error))
            _clear_place(dataset)
    finally:
        storage.close_workshop(dataset)
    return True


def is_passing(error: BaseException) -> bool:
    """Whether an error says that the database went away, and not that it refused something."""
    if isinstance(error, OperationalError | InterfaceError) and error.__cause__ is not None:
        error = error.__cause__
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_PASSING)


def _leave_to_the_next(attempt: Attempt) -> None:
    """Let the dataset wait for another attempt, or end it where there were enough.

    A database that is still away hears nothing of it: the lease runs out, and the sweeper sees it.
    """
    dataset = attempt.dataset
    try:
        connection.close()
        if dataset.tries < MOST_TRIES:
            attempt.give_back(counts=True)
        else:
            attempt.end_failed(LOST % {"times": MOST_TRIES})
        _clear_place(dataset)
    except AttemptLost:
        log.info("Attempt %s at %s had ended before.", dataset.attempt, dataset)
    except (OperationalError, InterfaceError):
        log.info("%s waits for its lease to run out.", dataset)


def sweep() -> list[int]:
    """Return the datasets that wait for a worker; end those whose workers died each time."""
    lease_ran_out = Q(state=Dataset.State.BUILDING, lease_until__lt=Now())
    for dataset in Dataset.objects.filter(lease_ran_out, tries__gte=MOST_TRIES):
        attempt = Attempt(dataset)
        with suppress(AttemptLost):
            attempt.end_failed(DIED % {"times": MOST_TRIES})
    waiting = Q(state=Dataset.State.WAITING) | lease_ran_out
    return list(Dataset.objects.filter(waiting).order_by("pk").values_list("pk", flat=True))


def _clear_place(dataset: Dataset) -> None:
    """Remove what an attempt has placed that made no dataset; nobody else works at its place.

    A store that cannot be reached now is cleared by the sweeper.
    """
    try:
        storage.remove_placed(dataset)
    except Exception:
        log.exception("What was placed of %s cannot be removed.", dataset)


def _build(attempt: Attempt) -> None:
    dataset = attempt.dataset
    recipe = read_recipe(dataset.recipe)
    workshop = storage.open_workshop(dataset)
    attempt.enter(Dataset.Stage.PREPARING)
    if not prepare_all_lessons(attempt.tell, _PREPARING_S):
        raise NotPrepared
    with one_moment() as own:
        attempt.enter(Dataset.Stage.CHOOSING)
        choice = choose(own.cursor(), recipe)
        if why := too_small(recipe, choice):
            raise CannotBuild(why)
        counts = count_chosen(own.cursor())
        warnings = shortfalls(own.cursor(), recipe, choice, count_rows(own.cursor(), recipe))
        attempt.enter(Dataset.Stage.WRITING, wanted=count_wanted(own.cursor(), recipe))
        written = write_files(own, recipe, workshop, attempt.tell)
        attempt.enter(Dataset.Stage.STORING)
        files = [_described(dataset, each) for each in written]
        manifest = make_manifest(dataset, choice, counts, warnings, files)
        for name, content in descriptions(manifest).items():
            files.append(_written_whole(dataset, workshop, name, content))
        manifest = make_manifest(dataset, choice, counts, warnings, files)
        files.append(_written_whole(dataset, workshop, MANIFEST, as_json(manifest)))
        storage.put_in_place(dataset, workshop, tell=lambda: attempt.tell(0))
        attempt.enter(Dataset.Stage.STORING)
        with transaction.atomic():
            _keep_what_is_in_it(own, dataset)
            attempt.end_ready(files, choice.all_reviews, manifest)


_ROWS_A_MESSAGE: Final = 1_000
_MEMBERS: Final = """
COPY (SELECT {dataset}::bigint, review_id, golden_id, split FROM chosen ORDER BY review_id)
TO STDOUT (FORMAT binary)
"""
_NEW_GROUPS: Final = """
COPY (
    SELECT {salt}::text, grp, split, {dataset}::bigint
    FROM (SELECT DISTINCT grp, split FROM chosen) grouped
    WHERE NOT EXISTS (
        SELECT FROM feedback_groupsplit kept WHERE kept.salt = {salt} AND kept."group" = grp
    )
    ORDER BY grp
) TO STDOUT (FORMAT binary)
"""


def _keep_what_is_in_it(own: psycopg.Connection[Any], dataset: Dataset) -> None:
    """Keep which reviews are in the dataset, and the splits of its groups, in this transaction.

    Both are in a temporary table of the connection that chose them, and are piped across.
    """
    given = {"dataset": sql.Literal(dataset.pk), "salt": sql.Literal(dataset.salt)}
    for statement, table in (
        (_MEMBERS, "feedback_datasetrow (dataset_id, review_id, golden_id, split)"),
        (_NEW_GROUPS, 'feedback_groupsplit (salt, "group", split, dataset_id)'),
    ):
        with (
            connection.cursor() as here,
            own.cursor().copy(sql.SQL(statement).format(**given)) as read,
            here.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as write,
        ):
            # Handed over by the thousand, as each message costs as much as a row does.
            while rows := b"".join(islice(read, _ROWS_A_MESSAGE)):
                write.write(rows)


def _described(dataset: Dataset, file: WrittenFile) -> DatasetFile:
    return DatasetFile(
        dataset=dataset,
        path=file.path,
        format=file.format,
        split=file.split,
        rows=file.written.rows,
        bytes=file.written.bytes,
        sha256=file.written.sha256,
    )


def _written_whole(dataset: Dataset, workshop: Path, name: str, content: bytes) -> DatasetFile:
    """Write a file that is about the dataset."""
    with (workshop / name).open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    return DatasetFile(
        dataset=dataset,
        path=name,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
