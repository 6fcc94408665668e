"""What lies beside a dataset's rows: loaders, catalogues and trainers find their way by it."""

import json
from pathlib import Path
from typing import Any

import mlcroissant
import pyarrow.parquet as parquet
import pytest
from datasets import load_dataset

from accounts.models import Person
from explanations.models import Draft, Run
from feedback.formats import FILE_KINDS, get_training_format, training_format_slugs
from feedback.models import Dataset
from feedback.services.datasets.storage import local_path
from tests.feedback.building_desk import built, content_of, dataset_folder, rows_of
from tests.feedback.test_choosing import (
    MAJOR,
    THIRDS,
    grouped_draft,
    many_goldens,
    own_line,
    rejected,
    sibling_of,
    tagged,
)
from tests.feedback.test_exporting import LINE, reviewed

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

# The guide is null in all rows of some files, and tags are empty in others: types that a loader
# would have to guess.
RECIPE: dict[str, Any] = {"shares": THIRDS, "formats": training_format_slugs()}


@pytest.fixture
def worked_desk(run: Run, ready_draft: Draft, editor: Person) -> None:
    """A desk on which every kind of decision was made."""
    many_goldens(run, editor)
    for number in range(24, 30):
        draft = grouped_draft(run, number, f"group {number}", f"Hype number {number}!")
        tagged(reviewed(draft, editor, own_line(number)).review, MAJOR)
    reviewed(ready_draft, editor, LINE)
    rejected(sibling_of(ready_draft), editor)


def folder_of(dataset: Dataset) -> Path:
    """Where the dataset lies, as somebody who pulled it has it."""
    path = local_path(dataset.files.get(path="README.md"))
    assert path is not None
    return path.parent


@pytest.mark.usefixtures("worked_desk")
@pytest.mark.parametrize("kind", FILE_KINDS)
def test_datasets_loads_each_format_from_the_folder_with_the_types_of_its_columns(
    ml_engineer: Person, tmp_path: Path, kind: str
) -> None:
    dataset = built(ml_engineer, **RECIPE, files=[kind])
    assert dataset.manifest is not None

    for slug, by_split in dataset.manifest["rows"].items():
        loaded = load_dataset(str(folder_of(dataset)), slug, cache_dir=str(tmp_path / "cache"))
        assert {split: len(rows) for split, rows in loaded.items()} == by_split
        for rows in loaded.values():
            assert rows.column_names == list(get_training_format(slug).columns)


@pytest.mark.usefixtures("worked_desk")
def test_every_kind_of_file_holds_the_same_rows(ml_engineer: Person) -> None:
    dataset = built(ml_engineer, **RECIPE, files=list(FILE_KINDS))

    folder = folder_of(dataset)
    lines = [file for file in dataset.files.all() if file.path.endswith(".jsonl")]
    assert {file.format for file in lines} == set(training_format_slugs())
    for file in lines:
        rows = rows_of(dataset, file.path)
        assert rows_of(dataset, f"{file.path}.gz") == rows
        packed = folder / file.path.replace(".jsonl", ".parquet")
        assert parquet.read_table(packed).to_pylist() == rows


@pytest.mark.usefixtures("worked_desk")
def test_the_metadata_validates_as_croissant_and_names_every_file_of_rows(
    ml_engineer: Person,
) -> None:
    dataset = built(ml_engineer, **RECIPE, files=["jsonl", "parquet"])

    checked = mlcroissant.Dataset(str(folder_of(dataset) / "croissant.json"))

    assert not checked.metadata.ctx.issues.errors
    assert {each.sha256 for each in checked.metadata.distribution} == {
        file.sha256 for file in dataset.files.exclude(format="")
    }


@pytest.mark.usefixtures("worked_desk")
def test_the_card_and_the_manifest_count_the_same_and_the_manifest_names_the_card(
    ml_engineer: Person,
) -> None:
    dataset = built(ml_engineer, **RECIPE)

    manifest = json.loads(content_of(dataset, "manifest.json"))
    card = content_of(dataset, "README.md").decode()
    described = {file["path"] for file in manifest["files"]}
    assert described == set(dataset.files.values_list("path", flat=True)) - {"manifest.json"}
    assert f"| `dpo` | {get_training_format('dpo').sentence} | train |" in card
    assert "editor-" in card
    assert "ada" not in card
    assert sum(manifest["splits"].values()) == manifest["reviews"] == dataset.rows


def test_a_dataset_without_rows_for_a_trainer_does_not_speak_of_it(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    reviewed(ready_draft, editor, LINE)

    dataset = built(ml_engineer)

    assert sorted(dataset.files.values_list("path", flat=True)) == [
        "README.md",
        "croissant.json",
        "manifest.json",
        "sft/train.jsonl",
    ]
