"""A tag answers the criteria that its category decides; what the editor answers counts more."""

import pytest
from django.db import IntegrityError

from accounts.models import Person
from explanations.models import Category, Criterion, DecidedAnswer, Draft, Task
from feedback.models import CriterionAnswer, Review
from tests.feedback.people_at_work import reviewed, tag_on, tag_on_all

pytestmark = pytest.mark.django_db


def decides(task: Task, category: str, criterion: str, answer: str = "no") -> DecidedAnswer:
    return DecidedAnswer.objects.create(
        category=Category.objects.get(task=task, slug=category),
        criterion=Criterion.objects.get(task=task, slug=criterion),
        answer=answer,
    )


@pytest.fixture(autouse=True)
def generic_is_not_specific(music_task: Task) -> None:
    decides(music_task, "generic", "specific")


def answers(review: Review) -> dict[str, tuple[str, bool]]:
    """By criterion: the answer, and whether a tag gave it."""
    return {
        each.criterion.slug: (each.answer, each.by_tag)
        for each in CriterionAnswer.objects.filter(review=review).select_related("criterion")
    }


def test_a_tag_answers_what_its_category_decides(editor: Person, ready_draft: Draft) -> None:
    review = reviewed(
        editor, outcome="REJECT", tags=[tag_on_all("generic")], answers={"grounded": "yes"}
    ).review

    assert answers(review) == {"specific": ("no", True), "grounded": ("yes", False)}


def test_what_the_editor_answers_counts_more(editor: Person, ready_draft: Draft) -> None:
    review = reviewed(
        editor, outcome="REJECT", tags=[tag_on_all("generic")], answers={"specific": "yes"}
    ).review

    assert answers(review) == {"specific": ("yes", False)}


def test_a_neutral_tag_decides_nothing(editor: Person, ready_draft: Draft) -> None:
    review = reviewed(editor, outcome="ACCEPT", tags=[tag_on_all("generic", severity=0)]).review

    assert answers(review) == {}


def test_of_two_tags_that_disagree_the_worse_answer_counts(
    editor: Person, music_task: Task, ready_draft: Draft
) -> None:
    decides(music_task, "tone", "specific", "yes")
    tags = [tag_on(ready_draft, "rush"), tag_on_all("generic")]

    review = reviewed(editor, outcome="REJECT", tags=tags).review

    assert answers(review) == {"specific": ("no", True)}


def test_a_category_decides_no_criterion_of_another_task(music_task: Task, job_task: Task) -> None:
    with pytest.raises(IntegrityError, match="own task"):
        DecidedAnswer.objects.create(
            category=Category.objects.get(task=music_task, slug="generic"),
            criterion=Criterion.objects.get(task=job_task, slug="kind-and-candid"),
        )
