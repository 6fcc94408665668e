"""A ready dataset never changes, whoever tries and by whichever way."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db import Error, IntegrityError, ProgrammingError, connection, transaction
from django.test import Client

from accounts.models import Person
from accounts.rights import SCOPES
from explanations import nudge
from explanations.models import Run
from feedback.models import Dataset, DatasetFile, GroupSplit
from feedback.recipe import read_recipe
from feedback.services.datasets import building, leftovers, storage
from feedback.services.datasets.attempt import Attempt, AttemptLost, claim
from feedback.services.datasets.creating import CannotCancel, cancel_dataset, create_dataset
from feedback.services.datasets.marking import mark_review
from tests.conftest import TokenMaker, bearer, person
from tests.feedback.building_desk import MUSIC, built, content_of, dataset_folder
from tests.feedback.test_choosing import THIRDS, grouped_draft, own_line
from tests.feedback.test_exporting import reviewed
from tests.test_who_may import Door, doors

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

RECIPE: dict[str, Any] = {"shares": THIRDS, "formats": ["sft", "kto"], "files": ["jsonl.gz"]}


@pytest.fixture
def ready(
    run: Run, editor: Person, ml_engineer: Person, monkeypatch: pytest.MonkeyPatch
) -> Dataset:
    """A dataset of several files."""
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)
    for number in range(6):
        reviewed(
            grouped_draft(run, number, f"group {number}", "A draft."), editor, own_line(number)
        )
    return built(ml_engineer, **RECIPE)


@pytest.fixture
def program(token_for: TokenMaker) -> Client:
    """A program that may all that a program can be allowed."""
    owner = person("olu", "Olu", "Berg", None)
    owner.groups.set(Group.objects.all())
    return Client(headers=bearer(token_for(owner, *SCOPES)))


@pytest.fixture
def superuser(db: None) -> Client:
    """A browser of somebody who may everything."""
    everything = Person.objects.create_superuser("root", "root@desk.example", None)
    found = Client()
    found.force_login(everything)
    return found


def all_of(dataset: Dataset) -> dict[str, Any]:
    """Everything that a dataset is: its row, its files with their bytes, what went into it."""
    files = list(dataset.files.order_by("path").values())
    return {
        "row": Dataset.objects.filter(pk=dataset.pk).values().get(),
        "files": files,
        "content": {file["path"]: content_of(dataset, file["path"]) for file in files},
        "rows": list(dataset.dataset_rows.order_by("review_id").values()),
        "splits": list(GroupSplit.objects.filter(dataset=dataset).order_by("pk").values()),
    }


def downloaded(program: Client, dataset: Dataset) -> dict[str, tuple[str, bytes]]:
    """Every file, as a training job gets it at its address."""
    found = {}
    for path in dataset.files.values_list("path", flat=True):
        answer: Any = program.get(f"/api/v1/datasets/{dataset.name}/{dataset.number}/files/{path}")
        found[path] = (answer["ETag"], b"".join(answer.streaming_content))
    return found


# The database ------------------------------------------------------------------------------------

STATEMENTS = [
    "UPDATE feedback_datasetfile SET sha256 = repeat('0', 64)",
    "UPDATE feedback_datasetfile SET path = 'other' || path",
    "UPDATE feedback_datasetfile SET bytes = bytes + 1",
    "DELETE FROM feedback_datasetfile",
    "INSERT INTO feedback_datasetfile (dataset_id, path, format, split, bytes, sha256)"
    " SELECT id, 'one-more.json', '', '', 1, repeat('0', 64) FROM feedback_dataset",
    "UPDATE feedback_dataset SET number = 7",
    "UPDATE feedback_dataset SET name = 'other'",
    "UPDATE feedback_dataset SET state = 'WAITING', manifest = NULL",
    "UPDATE feedback_dataset SET manifest = '{}'",
    "UPDATE feedback_dataset SET recipe = '{}'",
    "UPDATE feedback_dataset SET salt = 'other'",
    "UPDATE feedback_dataset SET rows = 1",
    # Its files lie at a place that is named after the attempt: another number is another place.
    "UPDATE feedback_dataset SET attempt = attempt + 1",
    "UPDATE feedback_dataset SET finished_at = NULL",
    "DELETE FROM feedback_dataset",
    "UPDATE feedback_datasetrow SET split = 'test'",
    "UPDATE feedback_datasetrow SET golden_id = NULL",
    "DELETE FROM feedback_datasetrow",
    "INSERT INTO feedback_datasetrow (dataset_id, review_id, split)"
    " SELECT id, 0, 'train' FROM feedback_dataset",
    "UPDATE feedback_groupsplit SET split = 'test'",
    "DELETE FROM feedback_groupsplit",
    'INSERT INTO feedback_groupsplit (salt, "group", split, dataset_id)'
    " SELECT 'other', 'one more', 'train', id FROM feedback_dataset",
]


def test_the_database_refuses_every_change(ready: Dataset) -> None:
    before = all_of(ready)

    for statement in STATEMENTS:
        with pytest.raises(ProgrammingError, match="pgtrigger"), connection.cursor() as cursor:
            cursor.execute(statement)
        assert all_of(ready) == before, statement


def test_rows_for_one_that_is_built_bring_none_into_one_that_is_ready(ready: Dataset) -> None:
    before = all_of(ready)
    under_way = claim(create_dataset(read_recipe(MUSIC), ready.created_by, uuid4()).pk)
    assert under_way is not None

    both = (
        "INSERT INTO feedback_datasetrow (dataset_id, review_id, split)"
        " SELECT unnest(%s), 7, 'test'"
    )
    with pytest.raises(ProgrammingError, match="pgtrigger"), connection.cursor() as cursor:
        cursor.execute(both, [[under_way.pk, ready.pk]])

    assert all_of(ready) == before
    assert not under_way.dataset_rows.exists()


def test_no_second_dataset_has_its_name_and_number(ready: Dataset) -> None:
    with pytest.raises(IntegrityError, match="dataset_number_is_unique"):
        Dataset.objects.create(
            name=ready.name,
            number=ready.number,
            recipe=ready.recipe,
            salt=ready.salt,
            created_by=ready.created_by,
            key=uuid4(),
            body_sha256=ready.body_sha256,
        )


# The services ------------------------------------------------------------------------------------


def save_it_otherwise(dataset: Dataset) -> None:
    dataset.rows += 1
    dataset.save()


def end_it_again(dataset: Dataset) -> None:
    with transaction.atomic():
        Attempt(dataset).end_ready([], 1, {})


def give_it_a_file(dataset: Dataset) -> None:
    DatasetFile.objects.create(dataset=dataset, path="more.json", bytes=1, sha256="0" * 64)


def put_other_files_in_its_place(dataset: Dataset) -> None:
    workshop = storage.open_workshop(dataset)
    (workshop / "manifest.json").write_text("{}")
    storage.put_in_place(dataset, workshop)


def save_over_a_file(dataset: Dataset) -> None:
    """The store gives what comes second another name."""
    storage._store().save(storage.address(dataset, "manifest.json"), ContentFile(b"{}"))


def build_it_in_its_own_name_again(dataset: Dataset) -> None:
    again = create_dataset(read_recipe({**MUSIC, **RECIPE}), dataset.created_by, uuid4())
    assert again.number == dataset.number + 1
    assert building.build_dataset(again.pk)


def remove_what_is_left_over(dataset: Dataset) -> None:
    leftovers.remove_leftovers()


def mark_what_is_in_it(dataset: Dataset) -> None:
    """A mark is beside the dataset."""
    row = dataset.dataset_rows.first()
    assert row is not None
    with transaction.atomic():
        assert mark_review(row.review_id)


WAYS: list[Callable[[Dataset], object]] = [
    lambda dataset: cancel_dataset(dataset.pk, dataset.created_by),
    lambda dataset: claim(dataset.pk),
    lambda dataset: building.build_dataset(dataset.pk),
    lambda dataset: building.sweep(),
    lambda dataset: dataset.delete(),
    lambda dataset: dataset.files.first().delete(),  # type: ignore[union-attr]
    lambda dataset: dataset.files.update(bytes=1),
    lambda dataset: dataset.dataset_rows.update(split="test"),
    lambda dataset: Attempt(dataset).enter(Dataset.Stage.WRITING),
    lambda dataset: Attempt(dataset).end_failed("It is not wanted."),
    lambda dataset: storage.remove_placed(dataset),
    lambda dataset: storage.close_workshop(dataset),
    save_it_otherwise,
    end_it_again,
    give_it_a_file,
    put_other_files_in_its_place,
    save_over_a_file,
    build_it_in_its_own_name_again,
    remove_what_is_left_over,
    mark_what_is_in_it,
]


def test_no_service_changes_it(ready: Dataset, program: Client) -> None:
    before, had = all_of(ready), downloaded(program, ready)

    for way in WAYS:
        with suppress(Error, AttemptLost, CannotCancel, storage.IsReady):
            way(Dataset.objects.get(pk=ready.pk))
        assert all_of(ready) == before, way

    assert downloaded(program, ready) == had


# Pages, REST and the administration --------------------------------------------------------------

BODIES: Sequence[dict[str, Any]] = (
    {},
    {**MUSIC, **RECIPE, "number": 1, "state": "WAITING", "manifest": {}, "files": ["jsonl"]},
)
STEPS = ("cancel", "next", "preview", "delete")


def at(door: Door, dataset: Dataset) -> str:
    """The door's address, of this dataset."""
    return "/" + door.address.replace("<slug:name>", dataset.name).replace(
        "<int:number>", str(dataset.number)
    ).replace("<path:path>", "sft/train.jsonl.gz").replace("<path:object_id>", str(dataset.pk))


def doors_of_datasets() -> Iterator[Door]:
    """Every address that is about datasets."""
    return (door for door in doors() if "dataset" in door.address)


def test_no_method_of_any_address_changes_it_for_a_program(ready: Dataset, program: Client) -> None:
    before, had = all_of(ready), downloaded(program, ready)
    addresses = {at(door, ready) for door in doors_of_datasets() if "api/" in door.address}
    assert len(addresses) > 4

    for address in sorted(addresses):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COPY", "MOVE"):
            for asked in BODIES:
                program.generic(
                    method,
                    address,
                    data=str(asked).replace("'", '"'),
                    content_type="application/json",
                )

    assert all_of(ready) == before
    assert downloaded(program, ready) == had


def test_no_button_of_any_page_changes_it_for_whoever_may_everything(
    ready: Dataset, superuser: Client, program: Client
) -> None:
    before, had = all_of(ready), downloaded(program, ready)
    addresses = {at(door, ready) for door in doors_of_datasets() if "api/" not in door.address}
    assert any(address.startswith("/admin/feedback/dataset/") for address in addresses)

    for address in sorted(addresses):
        for step in STEPS:
            superuser.post(
                address,
                {
                    "step": step,
                    "key": str(uuid4()),
                    "post": "yes",
                    "action": "delete_selected",
                    "_selected_action": str(ready.pk),
                    "name": ready.name,
                    "number": "7",
                    "state": "FAILED",
                    "files-TOTAL_FORMS": "0",
                    "files-INITIAL_FORMS": "0",
                },
            )

    assert all_of(ready) == before
    assert downloaded(program, ready) == had


# The disk ----------------------------------------------------------------------------------------


def test_its_files_are_read_only_on_the_disk(ready: Dataset) -> None:
    for file in ready.files.select_related("dataset"):
        path = storage.local_path(file)
        assert path is not None
        assert path.stat().st_mode & 0o222 == 0


def test_a_build_that_wakes_up_late_has_a_place_of_its_own(ready: Dataset, program: Client) -> None:
    """The attempt that was thought dead puts its files in place after another one has ended."""
    had = downloaded(program, ready)
    late = Dataset.objects.get(pk=ready.pk)
    late.attempt -= 1
    workshop = storage.open_workshop(late)
    (workshop / "manifest.json").write_text("{}")

    storage.put_in_place(late, workshop)

    assert len(storage.places(ready.name)) == 2
    assert downloaded(program, ready) == had
    leftovers.remove_leftovers()
    assert len(storage.places(ready.name)) == 1
    assert downloaded(program, ready) == had
