"""Building datasets: whole and of one moment, or nothing but the reason why."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Now

from accounts.models import Person
from explanations.models import Draft, Task
from feedback.models import Dataset, DatasetFile, Lesson
from feedback.recipe import InvalidRecipe, read_recipe
from feedback.services.datasets import attempt as attempts
from feedback.services.datasets import building, lessons, reading, writing
from feedback.services.datasets.attempt import MOST_TRIES, Attempt
from feedback.services.datasets.creating import KeyUsed, cancel_dataset, create_dataset
from feedback.services.datasets.patterns import lines
from tests.feedback.building_desk import MUSIC, dataset_folder
from tests.feedback.test_exporting import LINE, another_draft, reviewed

__all__ = ["another_draft", "dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]


def test_a_dataset_is_built_from_the_recipe_and_its_files_are_as_the_rows_say(
    ready_draft: Draft, editor: Person, ml_engineer: Person, dataset_folder: Path
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    assert building.build_dataset(asked.pk)

    dataset = reading.newest_version("music-sft")
    assert dataset is not None
    assert dataset.pk == asked.pk
    assert (dataset.number, dataset.state, dataset.rows) == (1, Dataset.State.READY, 1)
    for file in dataset.files.all():
        content = reading.open_file(dataset, file.path).read()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    [row] = reading.open_file(dataset, "sft/train.jsonl").read().splitlines()
    assert json.loads(row)["completion"][0]["content"] == LINE
    assert sorted(path.name for path in dataset_folder.iterdir()) == [".building", "music-sft"]
    assert list((dataset_folder / ".building").iterdir()) == []


def test_a_recipe_that_fits_nothing_fails_with_a_sentence_and_leaves_nothing(
    music_task: Task, ml_engineer: Person, dataset_folder: Path
) -> None:
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    building.build_dataset(asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.failure) == (Dataset.State.FAILED, "No golden fits this recipe.")
    assert [path for path in dataset_folder.rglob("*") if path.is_file()] == []


def test_the_same_key_asks_for_the_same_dataset(music_task: Task, ml_engineer: Person) -> None:
    key = uuid4()
    first = create_dataset(read_recipe(MUSIC), ml_engineer, key)

    assert create_dataset(read_recipe(MUSIC), ml_engineer, key).pk == first.pk
    with pytest.raises(KeyUsed):
        create_dataset(read_recipe({**MUSIC, "name": "other"}), ml_engineer, key)
    assert create_dataset(read_recipe(MUSIC), ml_engineer, uuid4()).number == 2


def test_a_cancelled_dataset_is_not_built(music_task: Task, ml_engineer: Person) -> None:
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    cancel_dataset(asked.pk, ml_engineer)

    assert not building.build_dataset(asked.pk)


def test_a_recipe_for_a_task_that_there_is_not_is_refused(
    music_task: Task, ml_engineer: Person
) -> None:
    with pytest.raises(InvalidRecipe, match="podcast"):
        create_dataset(read_recipe({**MUSIC, "tasks": ["podcast"]}), ml_engineer, uuid4())


def test_nothing_of_a_dataset_can_be_opened_before_it_is_ready(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    assert reading.newest_version("music-sft") is None
    with pytest.raises(DatasetFile.DoesNotExist):
        reading.open_file(asked, "manifest.json")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"filters": {"editors": ["ada", "nobody"]}}, "filters.editors"),
        ({"filters": {"models": ["gpt-0"]}}, "filters.models"),
        ({"filters": {"prompts": [9]}}, "filters.prompts"),
        ({"filters": {"tags": ["typo"]}}, "filters.tags"),
        ({"filters": {"criteria": {"shiny": "yes"}}}, "filters.criteria"),
        ({"prompts": {"music-oneliner": 9}}, "prompts"),
        ({"prompts": {"job-fit": 1}}, "prompts"),
    ],
)
def test_what_the_desk_does_not_have_is_refused_by_its_field(
    music_task: Task, editor: Person, ml_engineer: Person, more: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidRecipe) as refused:
        create_dataset(read_recipe({**MUSIC, **more}), ml_engineer, uuid4())

    assert list(refused.value.problems) == [field]


def test_a_dataset_of_two_tasks_counts_the_rows_of_both(
    ready_draft: Draft, job_task: Task, editor: Person, ml_engineer: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    both = {**MUSIC, "tasks": ["music-oneliner", "job-fit"]}
    asked = create_dataset(read_recipe(both), ml_engineer, uuid4())

    building.build_dataset(asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.rows) == (Dataset.State.READY, 1)


def test_a_build_that_is_cancelled_while_it_writes_stops_and_leaves_nothing(
    ready_draft: Draft,
    editor: Person,
    ml_engineer: Person,
    dataset_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    def cancelled_meanwhile(*given: Any) -> Any:
        cancel_dataset(asked.pk, ml_engineer)
        yield from lines(*given)

    monkeypatch.setattr(writing, "lines", cancelled_meanwhile)
    building.build_dataset(asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.rows) == (Dataset.State.CANCELLED, 0)
    assert not asked.files.exists()
    assert not asked.dataset_rows.exists()
    assert [path for path in dataset_folder.rglob("*") if path.is_file()] == []


def test_a_build_holds_its_lease_while_it_writes(
    ready_draft: Draft, editor: Person, ml_engineer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())
    held: list[bool] = []

    def after_a_long_time(*given: Any) -> Any:
        Dataset.objects.filter(pk=asked.pk).update(lease_until=Now() - timedelta(seconds=1))
        yield from lines(*given)

    def told(attempt: Attempt, done: int) -> None:
        tell(attempt, done)
        held.append(Dataset.objects.filter(pk=asked.pk, lease_until__gt=Now()).exists())

    tell = Attempt.tell
    monkeypatch.setattr(attempts, "_TOLD_EVERY_S", 0.0)
    monkeypatch.setattr(writing, "lines", after_a_long_time)
    monkeypatch.setattr(Attempt, "tell", told)
    building.build_dataset(asked.pk)

    assert held[-1]
    assert Dataset.objects.get(pk=asked.pk).state == Dataset.State.READY


# Builds that are tried again ---------------------------------------------------------------------


def _cut_own(own: Any) -> None:
    """PostgreSQL ends the connection that the build reads from."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [own.info.backend_pid])


def _cut_the_desks(own: Any) -> None:
    """PostgreSQL ends the connection on which the build says how far it is."""
    assert connection.connection is not None
    own.execute("SELECT pg_terminate_backend(%s, 10000)", [connection.connection.info.backend_pid])


@pytest.mark.parametrize("cut", [_cut_own, _cut_the_desks])
def test_a_build_that_loses_a_connection_waits_for_another_attempt_and_leaves_nothing(
    cut: Callable[[Any], None],
    ready_draft: Draft,
    editor: Person,
    ml_engineer: Person,
    dataset_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    def lines_until_it_is_cut(own: Any, *given: Any) -> Any:
        cut(own)
        yield from lines(own, *given)

    with monkeypatch.context() as once:
        once.setattr(writing, "lines", lines_until_it_is_cut)
        assert not building.build_dataset(asked.pk)

    asked.refresh_from_db()
    assert (asked.state, asked.tries, asked.failure) == (Dataset.State.WAITING, 1, "")
    assert building.sweep() == [asked.pk]
    assert [path for path in dataset_folder.rglob("*") if path.is_file()] == []

    assert building.build_dataset(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.attempt) == (Dataset.State.READY, 2)


def test_a_build_that_loses_its_connection_each_time_fails_with_a_sentence(
    ready_draft: Draft, editor: Person, ml_engineer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    def cut(own: Any, *_given: Any) -> Any:
        _cut_own(own)
        own.execute("SELECT")

    monkeypatch.setattr(building, "choose", lambda cursor, _recipe: cut(cursor.connection))
    for _ in range(MOST_TRIES):
        assert not building.build_dataset(asked.pk)

    asked.refresh_from_db()
    assert asked.state == Dataset.State.FAILED
    assert asked.failure.endswith("the last time it lost its database.")


def test_what_a_build_has_no_time_to_prepare_is_left_to_its_next_attempt_which_goes_on_there(
    another_draft: Callable[[], Draft],
    editor: Person,
    ml_engineer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3 * (MOST_TRIES + 1)):
        reviewed(another_draft(), editor)
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())
    monkeypatch.setattr(lessons, "BATCH", 1)
    # Each batch takes so long that there is time for three.
    turns = count()
    clock = SimpleNamespace(monotonic=lambda: next(turns) * building._PREPARING_S / 4.5)
    monkeypatch.setattr(lessons, "time", clock)

    made = []
    while Dataset.objects.get(pk=asked.pk).state != Dataset.State.READY:
        assert building.build_dataset(asked.pk)
        made.append(Lesson.objects.count())

    assert len(made) > MOST_TRIES
    assert made == sorted(made)
    assert Dataset.objects.get(pk=asked.pk).tries == 1
