"""What the first screen answers at a glance."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final

from django.db import connection

from explanations.models import ModelVersion, Task
from feedback.figures import Answer, CommonError, Comparison, Example, FirstScreen
from feedback.question import Question
from feedback.services.statistics.answering import by, of_the_last_days
from feedback.services.statistics.comparing import against_period_before, compare
from feedback.services.statistics.tallies import Measure, cohorts_of

COMMONEST: Final = 3


def first_screen(question: Question) -> FirstScreen:
    """Return the first screen about the days that the question names, or the last ones."""
    about = of_the_last_days(question.about())
    if about.first is None:
        about = replace(about, first=about.last)
    beside = against_period_before(about)
    assert beside is not None  # noqa: S101  (it has a first day; for the type checker)
    this_period = beside.answers[1]
    return FirstScreen(
        question=about,
        before=beside.one,
        as_of=this_period.as_of,
        publishable=beside.differences[0],
        live_and_candidate=_live_and_candidate(about),
        commonest=_commonest(this_period),
    )


def _live_and_candidate(about: Question) -> Comparison | None:
    """Return the live model of the question's task beside the newest other one that was judged."""
    live = (
        Task.objects.filter(slug=about.task).values_list("model_version__name", flat=True).first()
    )
    judged = [part.value for part in by(replace(about, models=()), "model")]
    candidate = (
        ModelVersion.objects.filter(name__in=judged)
        .exclude(name=live)
        .order_by("-pk")
        .values_list("name", flat=True)
        .first()
    )
    if live is None or candidate is None:
        return None
    return compare(
        replace(about, models=(live,)), replace(about, models=(candidate,)), live, candidate
    )


# --- The commonest errors ------------------------------------------------------------------------


def _commonest(answer: Answer) -> list[CommonError]:
    """Return the categories that most drafts were tagged with, each with its newest example."""
    most = sorted(
        (each for each in answer.categories if each.per_100.count),
        key=lambda each: each.per_100.count,
        reverse=True,
    )[:COMMONEST]
    examples = _examples(answer.question, [each.slug for each in most])
    return [CommonError(each, examples.get(each.slug)) for each in most]


# The tallies know on which day the newest example was judged.
_EXAMPLES: Final = """
SELECT category.slug, draft.id, draft.text, tag.quote, tag.note
FROM explanations_category category
CROSS JOIN LATERAL (
    SELECT max(tally.day) AS day FROM feedback_tally tally
    WHERE tally.cohort_id = ANY(%(cohorts)s) AND tally.measure = %(errors)s AND tally.span = 'd'
      AND tally.day BETWEEN %(first)s AND %(last)s AND tally.a = category.id AND tally.b = -1
) newest
CROSS JOIN LATERAL (
    SELECT judged.draft_id, judged.review_id FROM feedback_judgeddraft judged
    WHERE judged.cohort_id = ANY(%(cohorts)s) AND judged.day = newest.day
      AND category.id = ANY(judged.categories)
    ORDER BY judged.draft_id DESC LIMIT 20
) judged
JOIN explanations_draft draft ON draft.id = judged.draft_id
CROSS JOIN LATERAL (
    SELECT tag.quote, tag.note FROM feedback_tag tag
    WHERE tag.review_id = judged.review_id AND tag.category_id = category.id AND tag.severity > 0
    ORDER BY tag.severity DESC, tag.ordinal LIMIT 1
) tag
WHERE category.slug = ANY(%(slugs)s)
ORDER BY draft.id
"""


def _examples(question: Question, slugs: Sequence[str]) -> dict[str, Example]:
    if not slugs:
        return {}
    values: dict[str, Any] = {
        "cohorts": [cohort.id for cohort in cohorts_of(question)],
        "errors": int(Measure.ERRORS),
        "first": question.first or date(1, 1, 1),
        "last": question.last or date(9999, 12, 31),
        "slugs": list(slugs),
    }
    with connection.cursor() as cursor:
        cursor.execute(_EXAMPLES, values)
        return {slug: Example(*rest) for slug, *rest in cursor.fetchall()}
