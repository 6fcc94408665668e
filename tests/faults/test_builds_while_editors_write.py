"""Datasets are built while twenty editors submit: each is of one moment.

The control takes the protection away, and the same look at the files finds what does not agree.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts import roles
from accounts.models import Person
from explanations.models import Run
from feedback.models import Dataset, Golden, Review
from feedback.services.datasets import building
from feedback.services.datasets.manifest import count_chosen
from feedback.services.datasets.moment import one_moment
from feedback.services.queue import claim_next
from tests.conftest import person
from tests.faults.test_killed_builds import WORDS
from tests.feedback.building_desk import built, dataset_folder, rows_of
from tests.feedback.people_at_work import submitted, tag_on
from tests.feedback.test_choosing import grouped_draft, own_line, sibling_of
from tests.feedback.test_exporting import reviewed

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

EDITORS = 20
DRAFTS = 60
FORMATS = ["sft", "dpo", "kto", "spans"]


@pytest.fixture
def editors(run: Run) -> list[Person]:
    """Twenty editors, and drafts for all of them."""
    chance = random.Random(3)
    for number in range(DRAFTS):
        words = " ".join(chance.sample(WORDS.split(), 9))
        grouped_draft(run, number, f"group {number}", f"Dead Rabbitts {words} loudly.")
    return [person(f"editor{n}", "Editor", f"No. {n}", roles.EDITOR) for n in range(EDITORS)]


def editing(editor: Person) -> int:
    """Edit drafts until there are none, naming the draft in each tag; return how many."""
    done = 0
    try:
        while (assignment := claim_next(editor)) is not None:
            draft = assignment.place.draft
            submitted(
                editor,
                assignment,
                outcome="EDIT",
                rewrite=draft.text.replace("loudly", "quietly"),
                tags=[tag_on(draft, "loudly", severity=5) | {"note": draft.text}],
            )
            done += 1
    finally:
        connection.close()
    return done


def test_every_dataset_is_of_one_moment_and_none_of_its_rows_is_torn(
    editors: list[Person], ml_engineer: Person
) -> None:
    with ThreadPoolExecutor(EDITORS) as desk:
        at_work = [desk.submit(editing, editor) for editor in editors]
        datasets = [built(ml_engineer, formats=FORMATS) for _ in _until_all_are(at_work)]

    assert sum(each.result() for each in at_work) == DRAFTS
    datasets.append(built(ml_engineer, formats=FORMATS))
    for dataset in datasets:
        holds_whole_rows(dataset)
        is_of_one_moment(dataset)
    sizes = [dataset.rows for dataset in datasets]
    assert sizes == sorted(sizes)
    assert sizes[-1] == DRAFTS


def _until_all_are(at_work: list[Any]) -> Iterator[None]:
    """Go on as long as anybody is at work, once something has been submitted."""
    while not all(each.done() for each in at_work):
        if Review.objects.exists():
            yield


def holds_whole_rows(dataset: Dataset) -> None:
    """Draft, golden, tags and alignment of each row belong together."""
    for row in rows_of(dataset, "spans/train.jsonl"):
        assert row["golden"] == row["draft"].replace("loudly", "quietly")
        [tag] = row["tags"]
        assert (tag["note"], tag["quote"]) == (row["draft"], "loudly")
        assert row["alignment"], json.dumps(row)


def is_of_one_moment(dataset: Dataset) -> None:
    """Every format and the manifest have the same reviews, and no editor's later review without the
    earlier ones.
    """
    reviews = {
        slug: {row["review_id"] for row in rows_of(dataset, f"{slug}/train.jsonl")}
        for slug in FORMATS
    }
    there = reviews["sft"]
    assert all(ids == there for ids in reviews.values())
    assert dataset.manifest is not None
    counts = dataset.manifest
    assert counts["reviews"] == sum(counts["editors"].values()) == counts["tags"]["tone"]
    assert counts["reviews"] == dataset.rows == dataset.dataset_rows.count() == len(there)
    assert counts["rows"]["kto"]["train"] == 2 * len(there)
    by_editor: dict[int, list[int]] = defaultdict(list)
    for editor, review in Review.objects.order_by("pk").values_list("editor_id", "pk"):
        by_editor[editor].append(review)
    for written in by_editor.values():
        had = [review in there for review in written]
        assert had == sorted(had, reverse=True)


# Between two statements of one build ------------------------------------------------------------


@contextmanager
def many_moments() -> Iterator[psycopg.Connection[Any]]:
    """The connection of a build that sees at each statement what is there by then."""
    with one_moment() as own:
        own.rollback()
        own.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        yield own


@pytest.mark.parametrize(
    ("moment", "agrees"), [(one_moment, True), (many_moments, False)], ids=["build", "control"]
)
def test_a_golden_that_is_withdrawn_in_the_middle_is_in_the_whole_build_or_in_nothing_of_it(
    run: Run,
    editor: Person,
    ml_engineer: Person,
    monkeypatch: pytest.MonkeyPatch,
    moment: Any,
    agrees: bool,
) -> None:
    draft = grouped_draft(run, 0, "group", "A draft.")
    withdrawn = reviewed(draft, editor, own_line(0))
    reviewed(sibling_of(draft), editor, own_line(1))

    def and_meanwhile(cursor: Any) -> Any:
        Golden.objects.filter(pk=withdrawn.pk).update(state=Golden.State.WITHDRAWN)
        return count_chosen(cursor)

    monkeypatch.setattr(building, "one_moment", moment)
    monkeypatch.setattr(building, "count_chosen", and_meanwhile)

    dataset = built(ml_engineer, formats=["eval"], shares={"test": 1, "train": 0})

    assert dataset.rows == 2
    assert alternatives_agree(dataset) is agrees


def alternatives_agree(dataset: Dataset) -> bool:
    """Whether each row names as its alternatives what the others about the same answer."""
    rows = rows_of(dataset, "eval/test.jsonl")
    return all(
        set(row["alternatives"])
        == {
            other["answer"]
            for other in rows
            if other["recommendation"] == row["recommendation"] and other is not row
        }
        for row in rows
    )
