"""Lessons: worked out once for each review, and judged anew when the rules are others."""

from collections.abc import Callable

import pytest

from accounts.models import Person
from explanations.models import Draft, Guide
from feedback.models import Golden, Lesson, NearLessons
from feedback.services.datasets import lessons
from feedback.services.datasets.lessons import UNSUPPORTED, prepare_lessons
from tests.feedback.test_choosing import FIRST, rejected
from tests.feedback.test_exporting import LINE, another_draft, reviewed

__all__ = ["another_draft"]

pytestmark = pytest.mark.django_db

INVENTED = "Recorded in 1987, Dead Rabbitts' metalcore still burns."


def test_each_approved_golden_and_each_reject_has_one_lesson_however_often_it_is_looked(
    another_draft: Callable[[], Draft], editor: Person
) -> None:
    golden = reviewed(another_draft(), editor)
    review = rejected(another_draft(), editor)
    waits = reviewed(another_draft(), editor, state=Golden.State.PROPOSED)

    assert prepare_lessons() == 2
    assert prepare_lessons() == 0
    Golden.objects.filter(pk=waits.pk).update(state=Golden.State.APPROVED)
    assert prepare_lessons() == 1

    assert set(Lesson.objects.values_list("review", "golden")) == {
        (golden.review_id, golden.pk),
        (review.pk, None),
        (waits.review_id, waits.pk),
    }


def test_what_was_judged_by_other_rules_is_judged_anew_and_nothing_else(
    ready_draft: Draft, another_draft: Callable[[], Draft], editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    reviewed(another_draft(), editor, INVENTED)
    prepare_lessons()
    refused = Lesson.objects.get(refused=UNSUPPORTED)
    task = ready_draft.task
    task.guide = Guide.objects.create(task=task, number=2, text="# Two")
    task.save()

    assert prepare_lessons() == 2
    assert prepare_lessons() == 0

    refused.refresh_from_db()
    assert refused.refused == UNSUPPORTED
    assert Lesson.objects.values_list("judged_by").distinct().count() == 1


def test_time_that_is_up_leaves_the_rest_to_whoever_comes_next(
    ready_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)

    assert prepare_lessons(seconds=0) == 0
    assert prepare_lessons(seconds=60) == 1


def test_what_somebody_else_has_made_meanwhile_is_not_made_twice_and_nothing_is_forgotten(
    another_draft: Callable[[], Draft], editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "BATCH", 2)
    monkeypatch.setattr(lessons, "_LOOKED_FOR_AT_ONCE", 5)
    for _ in range(9):
        reviewed(another_draft(), editor)
    for _ in range(3):
        rejected(another_draft(), editor)
    others: list[int] = []

    def somebody_else_goes_on(done: int) -> None:
        # After the rejects and two batches of goldens, and not while that other one works.
        if done == 7:
            others.append(0)
            others[0] = prepare_lessons(seconds=60)

    assert prepare_lessons(somebody_else_goes_on) == 7
    assert others == [5]
    assert Lesson.objects.count() == 12


def test_near_texts_are_known_of_each_other_and_goldens_are_not_compared_with_rejects(
    another_draft: Callable[[], Draft], editor: Person
) -> None:
    reviewed(another_draft(), editor, FIRST)
    reviewed(another_draft(), editor, f"{FIRST} alone")
    reviewed(another_draft(), editor, LINE)
    rejected(another_draft(), editor)

    prepare_lessons()

    [near] = NearLessons.objects.all()
    assert near.later_id > near.earlier_id
    assert 0.8 < near.alike < 1
