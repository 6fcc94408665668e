"""What leaves the desk in a dataset names no editor, opens nothing and holds nobody's data."""

import gzip
from collections.abc import Iterator
from typing import Any

import pyarrow.parquet
import pytest
from django.conf import settings

from accounts import roles
from accounts.models import Person
from explanations.models import Run
from feedback.formats import FILE_KINDS, training_format_slugs
from feedback.models import Dataset, Review
from feedback.services.datasets.manifest import pseudonym
from tests.conftest import TokenMaker, person
from tests.feedback.building_desk import built, content_of, dataset_folder, rows_of
from tests.feedback.people_at_work import claimed, submitted, tag_on
from tests.feedback.test_choosing import grouped_draft, rejected
from tests.feedback.test_exporting import reviewed

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

LINES = [
    "Dead Rabbitts stack guitars until metalcore feels like weather.",
    "Dead Rabbitts open quietly, then metalcore breaks every window.",
    "Dead Rabbitts let drums argue while metalcore riffs agree.",
]


@pytest.fixture
def writer(db: None) -> Person:
    """Wilhelmina has a name that stands in no line."""
    return person("wilhelmina", "Wilhelmina", "Quarterstaff", roles.EDITOR)


@pytest.fixture
def named_dataset(run: Run, writer: Person, ml_engineer: Person, token_for: TokenMaker) -> Dataset:
    """A dataset in every format and kind, of one editor whom its recipe names."""
    token_for(ml_engineer, "datasets:read")
    for number, line in enumerate(LINES):
        draft = grouped_draft(run, number, f"group {number}", f"A loud draft, take {number}.")
        tags = [tag_on(draft, "loud", severity=5)]
        submitted(writer, claimed(writer), outcome="EDIT", rewrite=line, tags=tags)
    rejected(grouped_draft(run, 9, "group 0", "Another loud draft."), writer)
    return built(
        ml_engineer,
        formats=training_format_slugs(),
        files=list(FILE_KINDS),
        filters={"editors": ["wilhelmina"]},
        shares={"train": 0.5, "validation": 0.25, "test": 0.25},
    )


def readable(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Path and text of every file, whatever it is packed in."""
    for file in dataset.files.all():
        content = content_of(dataset, file.path)
        if file.path.endswith(".gz"):
            content = gzip.decompress(content)
        if file.path.endswith(".parquet"):
            rows: Any = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
            yield file.path, f"{rows.schema.metadata} {rows.to_pylist()}"
        else:
            yield file.path, content.decode()


def test_no_file_names_an_editor_or_holds_what_opens_the_desk(
    named_dataset: Dataset, writer: Person, ml_engineer: Person
) -> None:
    secrets = [
        *("wilhelmina", "quarterstaff", "desk.example", "desk_", "sørensen"),
        writer.password,
        settings.SECRET_KEY,
        *(str(key) for key in Review.objects.values_list("key", flat=True)),
    ]

    files = dict(readable(named_dataset))

    assert len(files) > 10
    for path, text in files.items():
        for secret in secrets:
            assert secret.lower() not in text.lower(), (path, secret)


def test_editors_stand_under_the_same_pseudonym_wherever_they_are_named(
    named_dataset: Dataset, writer: Person
) -> None:
    assert named_dataset.manifest is not None
    assert named_dataset.manifest["editors"] == {pseudonym(writer.pk): 4}
    assert named_dataset.manifest["recipe"]["filters"]["editors"] == [pseudonym(writer.pk)]
    assert named_dataset.recipe["filters"]["editors"] == ["wilhelmina"]


@pytest.mark.parametrize(
    "private", ["mia.sorensen@gmail.com", "+45 31 22 33 44", "sk-proj-abcdefABCDEF0123456789abcd"]
)
def test_a_golden_with_somebodys_data_or_a_secret_is_refused_and_counted(
    run: Run, writer: Person, ml_engineer: Person, private: str
) -> None:
    for number, line in enumerate(LINES):
        draft = grouped_draft(run, number, f"group {number}", "A draft.")
        reviewed(draft, writer, f"{line} Write to {private}." if number == 1 else line)

    dataset = built(ml_engineer)

    assert private not in content_of(dataset, "sft/train.jsonl").decode()
    assert len(rows_of(dataset, "sft/train.jsonl")) == 2
    assert dataset.manifest is not None
    assert sum(dataset.manifest["left_out"].values()) == 1, dataset.manifest["left_out"]
