"""Answers are about exactly the drafts that they name, and say when there are too few of them."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pgtrigger
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import Person
from explanations.models import (
    Category,
    Draft,
    FactSnapshot,
    ModelVersion,
    Place,
    Prompt,
    Recommendation,
    Run,
    Task,
)
from feedback.figures import Difference, Figure, Step
from feedback.intervals import SCORE_DIFFERENCE_METHOD, most_unmet
from feedback.models import CriterionAnswer, Golden, Review, Tag
from feedback.question import Question, QuestionRefused
from feedback.services.statistics.answering import (
    DIMENSIONS,
    STEPS,
    answer,
    by,
    choices,
    errors_over_time,
    over_time,
    period_before,
)
from feedback.services.statistics.behind import drafts_behind
from feedback.services.statistics.comparing import against_period_before, compare
from feedback.services.statistics.first_screen import first_screen
from feedback.services.statistics.keeping import keep_statistics
from feedback.services.statistics.recounting import recount
from tests.conftest import LISTENER, TRACK

pytestmark = pytest.mark.django_db

OUTCOMES = ("ACCEPT", "BLAND", "EDIT", "REJECT", "UNREVIEWABLE")


@pytest.fixture
def many(
    music_task: Task,
    run: Run,
    model_version: ModelVersion,
    ml_engineer: Person,
    editor: Person,
    second_editor: Person,
    next_prompt: Prompt,
) -> Task:
    """Two hundred reviews of two models, two prompts and two editors, over forty days."""
    newer = ModelVersion.objects.create(name="newer")
    runs = [
        run,
        Run.objects.create(
            task=music_task, prompt=next_prompt, model_version=newer, created_by=ml_engineer
        ),
    ]
    tone, generic, taste = (
        Category.objects.get(slug=slug) for slug in ("tone", "generic", "taste")
    )
    specific = music_task.criteria.get(slug="specific")
    recommendations = Recommendation.objects.bulk_create(
        Recommendation(
            task=music_task,
            external_id=f"track:{number}",
            group="g",
            locale="de" if number % 5 == 0 else "en",
            priority=number % 100,
            content_sha256="2" * 64,
        )
        for number in range(200)
    )
    snapshots = FactSnapshot.objects.bulk_create(
        FactSnapshot(recommendation=each, number=1, item=TRACK, audience=LISTENER)
        for each in recommendations
    )
    outcomes = [OUTCOMES[number % 5 if number % 7 else 3] for number in range(200)]
    drafts = Draft.objects.bulk_create(
        Draft(
            run=runs[number % 2],
            task=music_task,
            recommendation=recommendations[number],
            snapshot=snapshots[number],
            prompt=runs[number % 2].prompt,
            model_version=runs[number % 2].model_version,
            priority=50,
            blind=number % 3 == 0,
            state="REVIEWED",
            settled_outcome=outcomes[number],
            text=f"A line of words, the {number}th.",
        )
        for number in range(200)
    )
    places = Place.objects.bulk_create(
        Place(draft=draft, task=music_task, priority=50, state="DONE") for draft in drafts
    )
    reviews = Review.objects.bulk_create(
        Review(
            draft=drafts[number],
            place=places[number],
            editor=(editor, second_editor)[number % 2],
            key=UUID(int=number),
            outcome=outcomes[number],
            rewrite="Another line." if outcomes[number] == "EDIT" else "",
            reason="broken" if outcomes[number] == "UNREVIEWABLE" else "",
            guide=music_task.guide if number % 4 else None,
            active_ms=1000 * number,
            created_at=timezone.now() - timedelta(days=number % 40),
        )
        for number in range(200)
    )
    Golden.objects.bulk_create(
        Golden(
            task=music_task,
            recommendation=recommendations[number],
            review=review,
            snapshot=snapshots[number],
            prompt=drafts[number].prompt,
            text="Another line.",
            grade="exemplary",
            state="WITHDRAWN" if number % 6 == 0 else "APPROVED",
        )
        for number, review in enumerate(reviews)
        if review.outcome == "EDIT"
    )
    Tag.objects.bulk_create(
        Tag(review=review, ordinal=ordinal, category=category, severity=severity, scope="draft")
        for number, review in enumerate(reviews)
        if review.outcome in {"EDIT", "REJECT"}
        for ordinal, (category, severity) in enumerate(
            [(tone, 1), (tone, 5), (generic, 1), (taste, 0)][: 1 + number % 4], start=1
        )
    )
    CriterionAnswer.objects.bulk_create(
        CriterionAnswer(review=review, criterion=specific, answer=("yes", "no", "na")[number % 3])
        for number, review in enumerate(reviews)
        if number % 2
    )
    assert keep_statistics() == 200
    return music_task


def figures_in(answered: Any) -> Iterator[Figure]:
    """Every figure of an answer, however deep it lies."""
    if isinstance(answered, Figure):
        yield answered
    elif is_dataclass(answered):
        for each in fields(answered):
            yield from figures_in(getattr(answered, each.name))
    elif isinstance(answered, list | tuple):
        for each in answered:
            yield from figures_in(each)


def all_behind(question: Question, page_size: int = 60) -> list[int]:
    """The drafts of a question, page after page."""
    found, after = [], ""
    while True:
        page = drafts_behind(question, after, page_size)
        found += [row.draft_id for row in page.rows]
        if not page.next:
            assert page.total == len(found)
            return found
        after = page.next


def test_every_figure_leads_to_exactly_as_many_drafts_as_it_says(many: Task) -> None:
    assert recount().is_right
    about = Question(task=many.slug)
    answered: list[Any] = [
        answer(about),
        answer(replace(about, sample="blind", strata=("niche",))),
        answer(replace(about, editor="ada")),
        *(by(about, dimension) for dimension in DIMENSIONS),
        *(over_time(replace(about, models=("newer",)), step) for step in STEPS),
        errors_over_time(replace(about, models=("newer",)), "month"),
        compare(replace(about, prompts=(1,)), replace(about, prompts=(2,))),
        first_screen(about),
    ]
    asked: dict[Question, int] = {}
    for figure in figures_in(answered):
        for question, number in ((figure.among, figure.n), (figure.question, figure.count)):
            assert asked.setdefault(question, number) == number
    assert len(asked) > 400
    for question, number in asked.items():
        found = all_behind(question)
        assert len(found) == len(set(found)) == number, question.as_query()


def test_pages_are_of_any_size_and_in_one_order(many: Task) -> None:
    about = Question(task=many.slug, category="tone")
    whole = all_behind(about, 200)
    for size in (1, 7, len(whole)):
        assert all_behind(about, size) == whole
    with pytest.raises(QuestionRefused):
        drafts_behind(about, "2026-13-01.4")


def test_what_is_narrowed_by_several_things_is_found_too(many: Task) -> None:
    narrow = Question(task=many.slug, outcome="rejected", category="tone", severity="major")
    expected = Review.objects.filter(
        outcome="REJECT", tags__category__slug="tone", tags__severity=5
    ).values_list("draft", flat=True)
    assert set(all_behind(narrow, 5)) == set(expected)


def test_days_are_counted_from_the_first_to_the_last(many: Task) -> None:
    today = timezone.localdate()
    days = [timezone.localdate(at) for at in Review.objects.values_list("created_at", flat=True)]
    for first, last in product((None, 0, 3, 20, 33), (None, 0, 2, 34)):
        question = Question(
            first=None if first is None else today - timedelta(days=first),
            last=None if last is None else today - timedelta(days=last),
        )
        expected = sum(
            (question.first or date.min) <= day <= (question.last or date.max) for day in days
        )
        assert answer(question).reviews == expected, question


def test_shares_of_outcomes_make_up_a_whole(many: Task) -> None:
    answered = answer(Question(task=many.slug))
    assert sum(each.share.count for each in answered.outcomes) == answered.reviews == 200
    assert sum(each.share.value or 0 for each in answered.outcomes) == pytest.approx(1)


def test_too_few_reviews_are_no_number(many: Task) -> None:
    narrow = Question(task=many.slug, first=timezone.localdate())
    answered = answer(narrow)
    assert 0 < answered.reviews < 30
    for figure in (answered.publishable, answered.errors, answered.minutes):
        assert figure.is_too_few
        assert (figure.low, figure.high) == (None, None)


def test_nobody_has_judged_anything(music_task: Task) -> None:
    answered = answer(Question(task=music_task.slug))
    assert answered.reviews == 0
    assert answered.as_of is None
    assert first_screen(Question()).commonest == []
    assert choices(Question()).models == []


@pytest.mark.parametrize("step", STEPS)
def test_each_point_of_time_is_what_an_answer_about_its_days_says(many: Task, step: Step) -> None:
    about = Question(task=many.slug)
    found = errors_over_time(about, step)
    assert found.points == over_time(about, step)
    assert len(found.points) > 1
    for number, point in enumerate(found.points):
        answered = answer(point.question)
        categories = {each.slug: each.per_100 for each in answered.categories}
        severities = {each.severity: each.per_100 for each in answered.by_severity}
        assert all(
            line.figures[number] == said[line.slug]
            for lines, said in (
                (found.by_category, categories),
                (found.by_severity, severities),
            )
            for line in lines
        )


def test_parts_and_points_of_time_have_the_weighted_score_of_an_answer(many: Task) -> None:
    about = Question(task=many.slug)
    parts, points = by(about, "model"), over_time(about, "month")
    scores = [(part.question, part.score) for part in parts]
    scores += [(point.question, point.score) for point in points]
    for question, score in scores:
        assert score == answer(question).score
    assert any(score.value for _question, score in scores)


def test_two_questions_are_answered_in_words(many: Task) -> None:
    old, new = (
        Question(task=many.slug, models=(name,)) for name in ("smollm2-135m-instruct", "newer")
    )
    found = compare(old, new)
    assert (found.one_name, found.other_name) == ("smollm2-135m-instruct", "newer")
    assert {each.verdict for each in found.differences} <= {
        "better",
        "worse",
        "too_close",
        "too_few",
    }
    assert "100 reviews" in found.differences[0].said or "100 and 100" in found.differences[0].said
    assert any("different editors" in warning for warning in found.warnings)
    assert any("prompts" in warning for warning in found.warnings)
    with translation.override("de"):
        assert compare(old, new).differences[0].said != found.differences[0].said


def test_a_severity_that_neither_side_met_is_left_out_of_the_difference_and_said(
    many: Task,
) -> None:
    def compared() -> Difference:
        one, other = (Question(task=many.slug, prompts=(number,)) for number in (1, 2))
        differences = {each.name: each for each in compare(one, other).differences}
        assert not differences["errors per 100 drafts"].left_out
        return differences["weighted errors per 100 drafts"]

    score = compared()
    assert score.left_out.startswith("Nobody met a critical error on either side: the difference")
    assert score.method == SCORE_DIFFERENCE_METHOD
    for side, name in ((score.one, "prompt 1"), (score.other, "prompt 2")):
        (most,) = re.findall(rf"([\d.]+)(?: of 100 drafts)? of {name}", score.left_out)
        assert 100 * most_unmet(side.n) <= float(most) < 100 * most_unmet(side.n) + 0.1

    with pgtrigger.ignore("feedback.Tag:tag_is_append_only"):
        tag = Tag.objects.filter(severity=5).earliest("pk")
        Tag.objects.filter(pk=tag.pk).update(severity=25)
    recount(mend=True)
    assert compared().left_out == ""


def test_what_is_left_out_is_said_in_the_readers_language(many: Task) -> None:
    one, other = (Question(task=many.slug, prompts=(number,)) for number in (1, 2))
    with translation.override("de"):
        said = [each.left_out for each in compare(one, other).differences if each.left_out]
    assert len(said) == 1
    assert "kritisch" in said[0]


def test_a_period_is_beside_the_one_before(many: Task) -> None:
    today = timezone.localdate()
    question = Question(first=today - timedelta(days=9), last=today)
    before = period_before(question)
    assert before == Question(first=today - timedelta(days=19), last=today - timedelta(days=10))
    beside = against_period_before(question)
    assert beside is not None
    assert (beside.one, beside.other) == (before, question)
    assert against_period_before(Question()) is None


def test_the_first_screen_shows_the_commonest_errors_with_examples(many: Task) -> None:
    many.model_version = ModelVersion.objects.get(name="newer")
    many.save()
    shown = first_screen(Question(task=many.slug))
    assert [each.category.slug for each in shown.commonest] == ["tone", "generic"]
    assert all(each.example is not None for each in shown.commonest)
    assert shown.live_and_candidate is not None
    assert shown.live_and_candidate.one_name == "newer"


def test_as_many_queries_however_much_there_is(many: Task) -> None:
    about = Question(task=many.slug)
    few = replace(about, models=("newer",), first=timezone.localdate())
    for ask in (answer, drafts_behind, over_time_by_week, errors_by_week, first_screen):
        with CaptureQueriesContext(
            connection,
        ) as of_few:
            ask(few)
        with CaptureQueriesContext(connection) as of_all:
            ask(about)
        assert len(of_all) <= max(len(of_few), 30)


def over_time_by_week(question: Question) -> Any:
    return over_time(question, "week")


def errors_by_week(question: Question) -> Any:
    return errors_over_time(question, "week")
