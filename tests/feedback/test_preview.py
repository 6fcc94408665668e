"""A recipe is looked at before it is built: what it would give, and why not more."""

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Person
from explanations.models import Draft, Task
from feedback.models import Golden, Review
from feedback.recipe import InvalidRecipe, read_recipe
from feedback.services.datasets import choosing
from feedback.services.datasets.lessons import UNSUPPORTED
from feedback.services.datasets.preview import PreviewTooLong, preview
from tests.feedback.test_exporting import LINE, another_draft, reviewed

__all__ = ["another_draft"]

pytestmark = pytest.mark.django_db

MUSIC = {"name": "music", "tasks": ["music-oneliner"]}


def test_a_preview_counts_what_a_dataset_would_hold_and_what_it_would_not(
    another_draft: Callable[[], Draft], editor: Person
) -> None:
    for _ in range(7):
        reviewed(another_draft(), editor)
    for _ in range(5):
        reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)
    reviewed(another_draft(), editor, "Recorded in 1987, Dead Rabbitts' metalcore still burns.")
    reviewed(another_draft(), editor, state=Golden.State.PROPOSED)

    seen = preview(read_recipe({**MUSIC, "formats": ["sft", "kto"]}))

    assert seen.reviews == {"train": 12, "validation": 0, "test": 0}
    assert seen.rows == {"sft": {"train": 10}, "kto": {"train": 12}}
    assert seen.tasks == {"music-oneliner": 12}
    assert seen.outcomes == {"ACCEPT": 5, "EDIT": 7}
    assert seen.left_out == {
        choosing.ACCEPTED: 2,
        UNSUPPORTED: 1,
        choosing.NOT_APPROVED[Golden.State.PROPOSED]: 1,
    }
    assert (seen.too_small, seen.unprepared) == ("", 0)


def test_a_preview_shows_five_rows_of_each_format_as_a_trainer_reads_them(
    another_draft: Callable[[], Draft], editor: Person
) -> None:
    goldens = [reviewed(another_draft(), editor) for _ in range(6)]

    seen = preview(read_recipe({**MUSIC, "formats": ["sft", "spans"]}))

    assert [row["id"] for row in seen.examples["sft"]] == [
        f"golden-{golden.pk}" for golden in goldens[:5]
    ]
    assert seen.examples["sft"][0]["completion"] == [
        {"role": "assistant", "content": goldens[0].text}
    ]
    assert len(seen.examples["spans"]) == 5


def test_a_preview_says_why_a_dataset_would_not_be_built(
    ready_draft: Draft, editor: Person
) -> None:
    assert preview(read_recipe(MUSIC)).too_small == "No golden fits this recipe."

    reviewed(ready_draft, editor, LINE)

    seen = preview(read_recipe({**MUSIC, "fewest": {"train": 2}}))
    assert seen.too_small.startswith("The split train would have too few reviews: 1")


def test_a_preview_leaves_nothing_behind_and_can_be_asked_for_again(
    ready_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)

    assert preview(read_recipe(MUSIC)) == preview(read_recipe(MUSIC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('chosen'), current_setting('statement_timeout')")
        assert cursor.fetchone() == (None, "0")


def test_a_preview_that_takes_too_long_ends_with_a_sentence(
    ready_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)

    with pytest.raises(PreviewTooLong, match="Build it"):
        preview(read_recipe(MUSIC), seconds=0)

    assert preview(read_recipe(MUSIC)).all_reviews == 1


def test_what_the_desk_does_not_have_is_refused(music_task: Task) -> None:
    with pytest.raises(InvalidRecipe, match="podcast"):
        preview(read_recipe({**MUSIC, "tasks": ["podcast"]}))
