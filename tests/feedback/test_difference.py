"""Two versions of a dataset: what came, what went, and what it does to the mix."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from accounts.models import Person
from explanations.models import Draft, Task
from feedback.models import Golden, Review
from feedback.recipe import read_recipe
from feedback.services.datasets.creating import create_dataset
from feedback.services.datasets.difference import difference
from tests.feedback.building_desk import MUSIC, built, dataset_folder
from tests.feedback.test_exporting import LINE, another_draft, reviewed

__all__ = ["another_draft", "dataset_folder"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_reviews_that_came_went_and_changed_are_told_apart_and_listed(
    another_draft: Callable[[], Draft],
    editor: Person,
    lead: Person,
    ml_engineer: Person,
    dataset_folder: Path,
) -> None:
    stays = reviewed(another_draft(), editor)
    goes = reviewed(another_draft(), editor)
    changes = reviewed(another_draft(), editor)
    older = built(ml_engineer)
    Golden.objects.filter(pk__in=[goes.pk, changes.pk]).update(state=Golden.State.WITHDRAWN)
    rewritten = Golden.objects.create(
        task=changes.task,
        recommendation=changes.recommendation,
        review=changes.review,
        replaces=changes,
        rewritten_by=lead,
        snapshot=changes.snapshot,
        prompt=changes.prompt,
        text=LINE,
        grade=changes.grade,
        state=Golden.State.APPROVED,
    )
    comes = reviewed(another_draft(), editor)
    newer = built(ml_engineer)

    seen = difference(older, newer)

    assert (seen.added, seen.removed, seen.changed, seen.unchanged) == (1, 1, 1, 1)
    [added] = seen.listed["added"]
    assert (added.review_id, added.text_before, added.text_after) == (
        comes.review_id,
        "",
        comes.text,
    )
    [removed] = seen.listed["removed"]
    assert (removed.golden_before, removed.golden_after, removed.why) == (
        goes.pk,
        None,
        "WITHDRAWN",
    )
    [changed] = seen.listed["changed"]
    assert (changed.golden_before, changed.golden_after) == (changes.pk, rewritten.pk)
    assert (changed.text_before, changed.text_after) == (changes.text, LINE)
    listed = {each.review_id for rows in seen.listed.values() for each in rows}
    assert stays.review_id not in listed


def test_the_mix_is_shown_before_and_after_and_so_is_what_the_recipes_differ_in(
    another_draft: Callable[[], Draft], editor: Person, ml_engineer: Person, dataset_folder: Path
) -> None:
    for _ in range(7):
        reviewed(another_draft(), editor)
    older = built(ml_engineer)
    for _ in range(3):
        reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)
    newer = built(ml_engineer, alike=0.9, filters={"locales": ["en"]})

    seen = difference(older, newer)

    accepted, edited = seen.mix["outcomes"]
    assert (accepted.name, accepted.before, accepted.after) == ("ACCEPT", 0, 3)
    assert (edited.share_before, edited.share_after) == (1.0, 0.7)
    assert seen.recipe == {"alike": (0.8, 0.9), "filters.locales": ([], ["en"])}


def test_a_dataset_that_is_not_ready_is_not_compared(music_task: Task, ml_engineer: Person) -> None:
    asked = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())

    with pytest.raises(ValueError, match="not ready"):
        difference(asked, asked)
