"""A recipe is looked at before it is built: what it would give, and why not more."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from accounts.models import Person
from explanations.models import Draft, Run, Task
from feedback.models import Golden, Lesson, Review
from feedback.recipe import InvalidRecipe, Recipe, read_recipe
from feedback.services.datasets import choosing
from feedback.services.datasets import preview as previews
from feedback.services.datasets.choosing import Choice
from feedback.services.datasets.lessons import UNSUPPORTED, prepare_lessons
from feedback.services.datasets.preview import PreviewTooLong, preview
from tests.feedback.test_choosing import THIRDS, grouped_draft, own_line
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


def test_a_preview_asks_as_often_however_much_there_is(
    run: Run, editor: Person, django_assert_num_queries: Any
) -> None:
    recipe = read_recipe({**MUSIC, "shares": THIRDS, "formats": ["sft", "dpo", "kto", "eval"]})
    for many in (range(3), range(3, 24)):
        for number in many:
            draft = grouped_draft(run, number, f"group {number}", "A draft.")
            reviewed(draft, editor, own_line(number))
        prepare_lessons()

        with django_assert_num_queries(111):
            preview(recipe)


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


def chosen_reviews(recipe: Recipe, one_in: int) -> tuple[set[int], Choice]:
    """The reviews that give rows, and what is said of them."""
    with transaction.atomic(), connection.cursor() as cursor:
        choice = choosing.choose(cursor, recipe, one_in)
        cursor.execute("SELECT review_id FROM chosen")
        reviews = {review for (review,) in cursor.fetchall()}
        transaction.set_rollback(True)
    return reviews, choice


def test_of_the_groups_that_are_looked_at_the_same_is_chosen_as_of_all(
    run: Run, editor: Person
) -> None:
    for number in range(40):
        # Each text is in two groups, which only one of them gives.
        draft = grouped_draft(run, number, f"group {number}", "A draft.")
        reviewed(draft, editor, own_line(number // 2))
    prepare_lessons()
    recipe = read_recipe({**MUSIC, "shares": THIRDS, "formats": ["sft", "dpo", "eval"]})
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT review_id FROM feedback_lesson WHERE hashtextextended("group", 1) % 3 = 0'
        )
        looked_at = {review for (review,) in cursor.fetchall()}

    everything, exact = chosen_reviews(recipe, 1)
    some, estimate = chosen_reviews(recipe, 3)

    assert (exact.all_reviews, sum(exact.left_out.values())) == (20, 20)
    assert some == everything & looked_at
    assert 3 < len(some) < len(looked_at) < 30
    assert estimate.left_out
    assert estimate.left_out.keys() <= exact.left_out.keys()


def test_of_a_great_many_groups_some_are_looked_at_and_the_preview_says_so(
    run: Run, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        draft = grouped_draft(run, number, f"group {number}", "A draft.")
        reviewed(draft, editor, own_line(number))
    prepare_lessons()
    monkeypatch.setattr(previews, "count_roughly", lambda cursor, recipe: 60_000)

    seen = preview(read_recipe(MUSIC))

    assert seen.one_in == 3
    assert seen.all_reviews % 3 == 0
    assert seen.examples["sft"]


@pytest.mark.parametrize(
    ("found", "one_in", "of_all"),
    [(12_345, 1, 12_345), (0, 9, 0), (3, 9, 27), (12_345, 9, 110_000), (7, 100, 700)],
)
def test_an_estimate_has_no_more_digits_than_it_is_good_for(
    found: int, one_in: int, of_all: int
) -> None:
    assert choosing.of_all(found, one_in) == of_all


def test_a_preview_waits_for_nobody_who_prepares_and_says_what_is_not_counted(
    ready_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    with psycopg.connect(**connection.get_connection_params()) as somebody_else:
        somebody_else.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('feedback.lessons', 0))"
        )
        seen = preview(read_recipe(MUSIC))
    assert (seen.all_reviews, seen.unprepared) == (0, 1)
    assert preview(read_recipe(MUSIC)).all_reviews == 1


def test_at_a_large_desk_nobody_looks_through_all_goldens_for_those_of_the_last_hour(
    another_draft: Callable[[], Draft], editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed(another_draft(), editor, LINE)
    prepare_lessons()
    new = reviewed(another_draft(), editor, LINE)
    monkeypatch.setattr(previews, "_goldens_roughly", lambda cursor: 1_000_000)

    seen = preview(read_recipe(MUSIC))

    assert (seen.one_in, seen.all_reviews, seen.unprepared) == (1, 1, 1)
    assert not Lesson.objects.filter(golden=new).exists()
