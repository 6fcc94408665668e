"""The drafts behind a number: exactly those of its question, in pages, the newest day first.

The tallies say on which days such drafts are and how many, so a page reads the drafts of a few days
and not all that were ever judged. That holds for what a figure asks for, which narrows its question
by one thing; where somebody narrows it by several, the tallies of the first only bound it.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from feedback.figures import DraftPage, DraftRow
from feedback.models import Tag
from feedback.question import (
    ACCEPTED,
    ANSWERS,
    BLAND,
    DECIDED,
    EDITED,
    ERROR,
    OUTCOMES,
    REJECTED,
    REWRITTEN,
    SEVERITIES,
    UNREVIEWABLE,
    Question,
    QuestionRefused,
)
from feedback.services.statistics.counting import (
    ANSWER_CODES,
    MINOR_OR_WORSE,
    OUTCOME_CODES,
)
from feedback.services.statistics.tallies import Measure, cohorts_of

A_PAGE: Final = 50
MOST_ON_A_PAGE: Final = 200
_OUTCOME_OF: Final = {
    "ACCEPT": ACCEPTED,
    "BLAND": BLAND,
    "EDIT": EDITED,
    "REJECT": REJECTED,
    "UNREVIEWABLE": UNREVIEWABLE,
}
_AFTER: Final = re.compile(r"(\d{4}-\d{2}-\d{2})\.(\d{1,18})")
_EARLIEST: Final = date(1, 1, 1)
_LATEST: Final = date(9999, 12, 31)


def drafts_behind(question: Question, after: str = "", page_size: int = A_PAGE) -> DraftPage:
    """Return a page of the drafts of a question, and how many there are in all, in five queries.

    `after` is where the last page ended, its `next`. Raises QuestionRefused for what is no such
    place.
    """
    last_seen = _place(after)
    values: dict[str, Any] = {
        "cohorts": [cohort.id for cohort in cohorts_of(question)],
        "first": question.first or _EARLIEST,
        "last": question.last or _LATEST,
        "seen_day": last_seen[0],
        "seen_draft": last_seen[1],
        "most": page_size + 1,
        **_narrowing_values(question),
    }
    total, days = _days(question, values)
    found = _drafts(question, values | days)
    page = found[:page_size]
    more = len(found) > page_size
    return DraftPage(
        question=question,
        total=total,
        rows=_rows(page),
        next=f"{page[-1][1].isoformat()}.{page[-1][0]}" if more else "",
    )


def _place(after: str) -> tuple[date, int]:
    if not after:
        return _LATEST, 2**62
    match = _AFTER.fullmatch(after)
    if not match:
        raise QuestionRefused("after", "No page ends there.")
    try:
        return date.fromisoformat(match[1]), int(match[2])
    except ValueError:
        raise QuestionRefused("after", "No page ends there.") from None


# --- Which ---------------------------------------------------------------------------------------


def _narrowing_values(question: Question) -> dict[str, Any]:
    severities = SEVERITIES[question.severity or ERROR]
    return {
        "outcomes": list(OUTCOMES[question.outcome]) if question.outcome else [],
        "category": question.category,
        "severities": list(severities),
        "criterion": question.criterion,
        "answers": list(ANSWERS[question.answer or DECIDED]),
        "editor": question.editor,
    }


def _conditions(question: Question) -> list[str]:
    """Return what a judged draft of the question fulfils, beside its cohort and day."""
    found = []
    if question.outcome:
        found.append("judged.outcome = ANY(%(outcomes)s)")
    if question.outcome == REWRITTEN:
        found.append("judged.words_changed IS NOT NULL")
    if question.category:
        found.append(
            "EXISTS (SELECT FROM unnest(judged.categories, judged.severities) AS tag (id, severity)"
            " WHERE tag.id IN (SELECT id FROM explanations_category WHERE slug = %(category)s)"
            " AND tag.severity = ANY(%(severities)s))"
        )
    elif question.severity:
        found.append("judged.severities && %(severities)s::smallint[]")
    if question.criterion:
        found.append(
            "EXISTS (SELECT FROM unnest(judged.criteria, judged.answers) AS answer (id, answer)"
            " WHERE answer.id IN (SELECT id FROM explanations_criterion WHERE slug = %(criterion)s)"
            " AND answer.answer = ANY(%(answers)s))"
        )
    if question.editor:
        found.append(
            "judged.editor_id = (SELECT id FROM accounts_person WHERE username = %(editor)s)"
        )
    return found


def _days(question: Question, values: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return how many drafts there are, and the days that the page lies on."""
    several = len(_narrowed_by(question)) > 1
    if question.editor or several:
        # Bounded by the one editor, or by nothing but the time limit.
        total = _one(_TOTAL.format(conditions=_and(_conditions(question))), values)
        return total, {
            "from_day": values["first"],
            "to_day": min(values["last"], values["seen_day"]),
        }
    measure, keys = _keys(question)
    with connection.cursor() as cursor:
        cursor.execute(_DAYS.format(keys=keys), values | {"measure": int(measure)})
        counted: list[tuple[date, int]] = cursor.fetchall()
    wanted = values["most"]
    from_day = to_day = _EARLIEST
    for day, drafts in counted:
        if day > values["seen_day"]:
            continue
        to_day = max(to_day, day)
        from_day = day
        # Of the day that the last page ended on, nobody knows here how many are left.
        wanted -= drafts if day < values["seen_day"] else 0
        if wanted <= 0:
            break
    return sum(drafts for _day, drafts in counted), {"from_day": from_day, "to_day": to_day}


def _narrowed_by(question: Question) -> list[str]:
    return [
        each
        for each in (question.outcome, question.category or question.severity, question.criterion)
        if each
    ]


def _keys(question: Question) -> tuple[Measure, str]:
    """Return the measure that counts the drafts of a question, each once, and which of its rows."""
    if question.category or question.severity:
        named = question.severity or ERROR
        level = MINOR_OR_WORSE if named == ERROR else SEVERITIES[named][0]
        if not question.category:
            return Measure.ALL_ERRORS, f"tally.b = {level}"
        return Measure.ERRORS, (
            "tally.a IN (SELECT id FROM explanations_category WHERE slug = %(category)s)"
            f" AND tally.b = {level}"
        )
    if question.criterion:
        codes = ", ".join(str(ANSWER_CODES[each]) for each in ANSWERS[question.answer or DECIDED])
        return Measure.ANSWER, (
            "tally.a IN (SELECT id FROM explanations_criterion WHERE slug = %(criterion)s)"
            f" AND tally.b IN ({codes})"
        )
    if question.outcome == REWRITTEN:
        return Measure.WORDS, "true"
    outcomes = OUTCOMES[question.outcome] if question.outcome else tuple(OUTCOME_CODES)
    codes = ", ".join(str(OUTCOME_CODES[each]) for each in outcomes)
    return Measure.OUTCOME, f"tally.a IN ({codes})"


_DAYS: Final = """
SELECT tally.day, sum(tally.drafts)::bigint
FROM feedback_tally tally
WHERE tally.cohort_id = ANY(%(cohorts)s) AND tally.measure = %(measure)s AND tally.span = 'd'
  AND tally.day BETWEEN %(first)s AND %(last)s AND {keys}
GROUP BY tally.day ORDER BY tally.day DESC
"""
_TOTAL: Final = """
SELECT count(*) FROM feedback_judgeddraft judged
WHERE judged.cohort_id = ANY(%(cohorts)s) AND judged.day BETWEEN %(first)s AND %(last)s
  {conditions}
"""
_DRAFTS: Final = """
SELECT judged.draft_id, judged.day
FROM feedback_judgeddraft judged
WHERE judged.cohort_id = ANY(%(cohorts)s) AND judged.day BETWEEN %(from_day)s AND %(to_day)s
  AND (judged.day, judged.draft_id) < (%(seen_day)s, %(seen_draft)s)
  {conditions}
ORDER BY judged.day DESC, judged.draft_id DESC
LIMIT %(most)s
"""


def _and(conditions: Sequence[str]) -> str:
    return "".join(f" AND {condition}" for condition in conditions)


def _drafts(question: Question, values: dict[str, Any]) -> list[tuple[int, date]]:
    with connection.cursor() as cursor:
        cursor.execute(_DRAFTS.format(conditions=_and(_conditions(question))), values)
        return list(cursor.fetchall())


def _one(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        number: int = cursor.fetchone()[0]
    return number


# --- As a list shows them ------------------------------------------------------------------------

_SHOWN: Final = """
SELECT judged.draft_id, judged.review_id, judged.day, task.slug, recommendation.external_id,
       draft.text, judged.outcome, model.name, prompt.number, cohort.locale, cohort.stratum,
       cohort.blind
FROM feedback_judgeddraft judged
JOIN feedback_cohort cohort ON cohort.id = judged.cohort_id
JOIN explanations_task task ON task.id = cohort.task_id
JOIN explanations_modelversion model ON model.id = cohort.model_version_id
JOIN explanations_prompt prompt ON prompt.id = cohort.prompt_id
JOIN explanations_draft draft ON draft.id = judged.draft_id
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
WHERE judged.draft_id = ANY(%s)
ORDER BY judged.day DESC, judged.draft_id DESC
"""


def _rows(page: Sequence[tuple[int, date]]) -> list[DraftRow]:
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, [[draft for draft, _day in page]])
        rows = cursor.fetchall()
    tags: dict[int, list[tuple[str, str]]] = {}
    for tag in Tag.objects.filter(review__in=[row[1] for row in rows]).select_related("category"):
        tags.setdefault(tag.review_id, []).append((tag.category.name, tag.get_severity_display()))
    return [
        DraftRow(
            draft_id=draft,
            review_id=review,
            day=day,
            task=task,
            external_id=external_id,
            text=text,
            outcome=_OUTCOME_OF[outcome],
            model=model,
            prompt=prompt,
            locale=locale,
            stratum=stratum,
            blind=blind,
            tags=tuple(tags.get(review, ())),
        )
        for (
            draft,
            review,
            day,
            task,
            external_id,
            text,
            outcome,
            model,
            prompt,
            locale,
            stratum,
            blind,
        ) in rows
    ]
