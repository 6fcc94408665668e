"""A dataset that has less than its recipe asks for says so: what, why, and what to change."""

import hashlib
import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Person
from explanations.models import Draft, Run
from feedback.models import Dataset, Golden
from feedback.recipe import DEFAULT_SALT, SPLITS, SplitName, read_recipe
from feedback.services.datasets import choosing, shortfalls
from feedback.services.datasets.preview import preview
from tests.conftest import TokenMaker, bearer
from tests.feedback.building_desk import MUSIC, attempted, built, content_of, dataset_folder
from tests.feedback.test_choosing import ALMOST, FIRST, grouped_draft, many_goldens
from tests.feedback.test_choosing import rejected as reject
from tests.feedback.test_exporting import LINE, reviewed

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

HALVES = {"train": 0.5, "test": 0.5}
MOSTLY_TEST = {"train": 0.02, "test": 0.98}


def warnings_of(dataset: Dataset) -> list[str]:
    """What the manifest of a ready dataset warns of."""
    warnings: list[str] = json.loads(content_of(dataset, "manifest.json"))["warnings"]
    return warnings


def groups_of(split: SplitName, salt: str = DEFAULT_SALT) -> Iterator[str]:
    """Names of groups that fall into this split where there are two halves, train and test."""
    for number in count():
        digest = hashlib.md5(f"{salt}\x1fgroup {number}".encode()).hexdigest()  # noqa: S324
        if (digest < "8") == (split == "test"):
            yield f"group {number}"


# Splits ------------------------------------------------------------------------------------------


def test_a_dataset_that_is_as_asked_warns_of_nothing(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor)

    dataset = built(ml_engineer)

    assert warnings_of(dataset) == []
    assert "Warnings" not in content_of(dataset, "README.md").decode()


def test_groups_that_are_all_held_out_leave_nothing_to_train_on_and_the_dataset_says_so(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=2)

    dataset = built(ml_engineer, shares=MOSTLY_TEST)

    assert not dataset.files.filter(split="train").exists()
    assert warnings_of(dataset) == [
        "The split train has 0 of 4 reviews, and the recipe asks for 2 %: a group is never "
        "divided, and there are 2, the largest with 2 of the reviews. Take in more groups by wider "
        "filters, cap the reviews of each, change the shares, or deal anew with another salt."
    ]


def test_groups_that_an_earlier_dataset_held_out_are_told_from_chance(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=3)
    built(ml_engineer, shares={"test": 1})

    again = built(ml_engineer)
    anew = built(ml_engineer, salt="another")

    assert not again.files.filter(split="train").exists()
    assert warnings_of(again) == [
        "The split train has 0 of 6 reviews, and the recipe asks for 100 %: 3 of its 3 groups stay "
        "in the split where an earlier dataset of the salt copydesk put them. Name another salt to "
        "deal them anew."
    ]
    assert warnings_of(anew) == []


def test_a_split_that_lost_its_rows_to_the_others_says_that_they_were_left_out(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    trained, examined = next(groups_of("train")), next(groups_of("test"))
    reviewed(grouped_draft(run, 1, trained, "A draft."), editor, FIRST)
    reviewed(grouped_draft(run, 2, examined, "Another draft."), editor, ALMOST)

    dataset = built(ml_engineer, shares=HALVES)

    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {choosing.LEAKING: 1}
    [said] = warnings_of(dataset)
    assert said.startswith(
        "The split train has 0 of 1 reviews, and the recipe asks for 50 %: 1 reviews came into it"
    )


def test_a_recipe_that_gives_training_no_share_is_told_what_that_means(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=1)

    assert warnings_of(built(ml_engineer, shares={"test": 1})) == [shortfalls.NOTHING_TO_TRAIN_ON]
    assert warnings_of(built(ml_engineer, shares={"test": 1}, formats=["eval"])) == []


@pytest.mark.parametrize(
    ("shares", "reviews", "short"),
    [
        ((0.8, 0.1, 0.1), (80, 10, 10), []),
        ((0.8, 0.1, 0.1), (71, 19, 10), []),  # chance
        ((0.8, 0.1, 0.1), (69, 21, 10), ["train"]),
        ((0.8, 0.1, 0.1), (90, 5, 5), []),  # half of what was asked is the least
        ((0.8, 0.1, 0.1), (90, 4, 6), ["validation"]),
        ((0.8, 0.1, 0.1), (100, 0, 0), ["validation", "test"]),
        ((1.0, 0.0, 0.0), (3, 0, 0), []),
        ((1.0, 0.0, 0.0), (89, 0, 11), ["train"]),
        ((1.0, 0.0, 0.0), (0, 0, 3), ["train"]),
        ((0.0, 0.5, 0.5), (0, 1, 0), ["test"]),
    ],
)
def test_a_split_is_short_where_half_or_a_tenth_of_all_is_missing(
    shares: tuple[float, ...], reviews: tuple[int, ...], short: list[str]
) -> None:
    asked = dict(zip(SPLITS, shares, strict=True))
    counted = dict(zip(SPLITS, reviews, strict=True))

    assert [split for split in SPLITS if shortfalls.is_short(asked, counted, split)] == short


def test_a_split_below_the_fewest_is_no_warning_but_the_end_of_the_build(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=2)
    asked = {"shares": MOSTLY_TEST, "fewest": {"train": 1}}

    dataset = attempted(ml_engineer, **asked)
    seen = preview(read_recipe({**MUSIC, **asked}))

    assert dataset.state == Dataset.State.FAILED
    assert dataset.failure.startswith("The split train would have too few reviews: 0")
    assert seen.too_small == dataset.failure
    assert seen.warnings[0].startswith("The split train has 0 of 4 reviews")


def test_a_recipe_whose_goldens_are_all_left_out_says_how_many_and_where_to_see_why(
    ready_draft: Draft, editor: Person, ml_engineer: Person, ml_engineer_client: Client
) -> None:
    reviewed(ready_draft, editor, LINE, state=Golden.State.PROPOSED)

    dataset = attempted(ml_engineer)

    assert dataset.failure.startswith("No golden fits this recipe: all 1 that there would be")
    german = {"Accept-Language": "de"}
    page = ml_engineer_client.get("/datasets/music-sft/1/", headers=german).content.decode()
    assert "Keine Reinfassung passt zu diesem Rezept: Alle 1" in page


# Formats -----------------------------------------------------------------------------------------


def test_a_format_without_rows_is_named_with_what_it_takes(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=2)

    dataset = built(ml_engineer, formats=["sft", "dpo", "openai-preference", "kto"])

    assert warnings_of(dataset) == [
        "dpo, openai-preference has no row in train, and no file of it: it takes edits with a tag "
        "of minor or worse, and rejected drafts beside a golden of the same prompt. Take in more "
        "by wider filters, or leave the format out."
    ]


def test_a_format_without_rows_in_one_split_is_named_with_that_split(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    trained, examined = next(groups_of("train")), next(groups_of("test"))
    reviewed(grouped_draft(run, 1, trained, "A draft."), editor, LINE)
    reject(grouped_draft(run, 2, examined, "Another draft."), editor)

    dataset = built(ml_engineer, shares=HALVES, formats=["sft", "kto"])

    [said] = warnings_of(dataset)
    assert said.startswith("sft has no row in test, and no file of it: it takes edits")


def test_a_format_for_scoring_is_nothing_without_a_split_that_is_held_out(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    reviewed(ready_draft, editor, LINE)

    beside = built(ml_engineer, formats=["sft", "eval"])
    alone = attempted(ml_engineer, formats=["eval"])

    [said] = warnings_of(beside)
    assert said.startswith("eval has no row and no file: it takes goldens of validation and test")
    assert alone.state == Dataset.State.FAILED
    assert alone.failure.startswith("The format eval takes goldens of validation and test")


# Where it is said --------------------------------------------------------------------------------


@pytest.fixture
def held_out(run: Run, editor: Person, ml_engineer: Person) -> Dataset:
    """A dataset whose groups are all in test."""
    many_goldens(run, editor, groups=2)
    return built(ml_engineer, shares=MOSTLY_TEST)


def test_card_page_and_rest_say_what_the_manifest_says(
    held_out: Dataset, ml_engineer: Person, ml_engineer_client: Client, token_for: TokenMaker
) -> None:
    [said] = warnings_of(held_out)
    program = Client(headers=bearer(token_for(ml_engineer, "datasets:read")))
    address = f"/datasets/{held_out.name}/{held_out.number}/"

    assert f"## Warnings\n\n- {said}\n" in content_of(held_out, "README.md").decode()
    assert said in ml_engineer_client.get(address).content.decode()
    assert program.get(f"/api/v1{address}").json()["warnings"] == [said]


def test_the_preview_says_what_the_manifest_will_say(held_out: Dataset) -> None:
    recipe = {**MUSIC, "shares": MOSTLY_TEST, "salt": "another"}

    seen = preview(read_recipe(recipe))

    assert [each.partition(",")[0] for each in seen.warnings] == [
        "The split train has 0 of 4 reviews"
    ]
    assert preview(read_recipe({**MUSIC, "shares": {"test": 1}})).warnings == [
        shortfalls.NOTHING_TO_TRAIN_ON
    ]


def test_the_form_shows_what_the_preview_warns_of(
    held_out: Dataset, ml_engineer_client: Client
) -> None:
    asked: dict[str, Any] = {
        "key": str(uuid4()),
        "name": "music-sft",
        "tasks": ["music-oneliner"],
        "formats": ["sft"],
        "file_kinds": ["jsonl"],
        "agreement": "any",
        "share_train": "0",
        "share_test": "100",
        "step": "preview",
    }

    shown = ml_engineer_client.post("/datasets/new/", asked, headers={"HX-Request": "true"})

    assert shortfalls.NOTHING_TO_TRAIN_ON in shown.content.decode()


def test_every_warning_is_known_again_in_german() -> None:
    numbers = {"there_are": 1, "reviews": 12, "found": 7, "kept": 3, "groups": 4, "largest": 5}
    words = {"split": "train", "asked": "33.3", "salt": "copy.desk", "splits": "train, test"}
    values = {**numbers, **words, "formats": "dpo, openai-preference"}
    patterns = (
        *(shortfalls.KEPT, shortfalls.LEFT_OUT, shortfalls.FEW_GROUPS, shortfalls.NOT_HELD_OUT),
        *shortfalls.WITHOUT_ROWS.values(),
    )
    with translation.override("de"):
        assert shortfalls.in_readers_words(shortfalls.NOTHING_TO_TRAIN_ON).startswith("Nichts")
        for pattern in patterns:
            said = shortfalls.in_readers_words(pattern % values)
            assert said != pattern % values
            assert "%(" not in said
