"""What a submission is judged by: the draft, locked, and all that the rules look at, as it is now.

Two statements, prepared: the first waits for the locks, the second reads what is true once they are
held. Read in one, a snapshot could be older than the lock. Locks are taken in the order that
`feedback.services.queue` names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from accounts.models import Person
from accounts.statements import Columns, Statement
from explanations.models import Guide
from feedback.models import Assignment
from feedback.services.whole_assignments import (
    WHOLE_COLUMNS,
    WHOLE_JOINS,
    read_assignment,
    read_if_any,
)


@dataclass(frozen=True, slots=True)
class UsualTag:
    """A category that tags can name, by its number, and its usual severity."""

    category: int
    severity: int


@dataclass(frozen=True, slots=True)
class Decides:
    """A tag of a category answers a criterion, by itself."""

    category: str
    criterion: int
    slug: str
    answer: str


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """An assignment on a locked draft, with what the rules look at.

    `assignment` comes with its place, draft, task, guide, recommendation and facts.
    """

    assignment: Assignment
    desk_now: datetime
    other_places: Sequence[str]
    """The states of the draft's other places."""
    categories: Mapping[str, UsualTag]
    """By the slug, of those in use."""
    criteria: Mapping[str, int]
    """By the slug, of those in use."""
    decides: Sequence[Decides]
    findings: Mapping[int, bool]
    """Of the draft, in the order they were found: whether it stands, or is dismissed for all."""
    reported: Sequence[str]
    """The facts of the recommendation that are reported and not settled."""


def lock_draft_of(assignment_id: int, editor: Person) -> None:
    """Lock the draft of an assignment, and before it the recommendation, whose facts hold still.

    Raises Assignment.DoesNotExist for somebody else's. Must run in a transaction.
    """
    if _LOCK.row(assignment=assignment_id, editor=editor.pk) is None:
        raise Assignment.DoesNotExist


def read_judged_by(assignment_id: int, editor: Person) -> JudgedBy:
    """Return what a submission is judged by; the draft is locked."""
    row = _READ.row(assignment=assignment_id, editor=editor.pk)
    if row is None:
        raise Assignment.DoesNotExist
    desk_now, other_places, categories, criteria, decides, findings, reported, *columns = row
    values = iter(columns)
    assignment = read_assignment(values)
    assignment.editor = editor
    assignment.place.task.guide = read_if_any(_GUIDE, values)
    return JudgedBy(
        assignment=assignment,
        desk_now=desk_now,
        other_places=other_places,
        categories={
            slug: UsualTag(category, severity)
            for slug, category, severity in orjson.loads(categories)
        },
        criteria=dict(orjson.loads(criteria)),
        decides=[Decides(*each) for each in orjson.loads(decides)],
        findings=dict(orjson.loads(findings)),
        reported=reported,
    )


_GUIDE: Final = Columns(Guide, "guide")

_LOCK: Final = Statement(
    """
    SELECT draft.id
    FROM feedback_assignment assignment
    JOIN explanations_place place ON place.id = assignment.place_id
    JOIN explanations_draft draft ON draft.id = place.draft_id
    JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
    WHERE assignment.id = %(assignment)s AND assignment.editor_id = %(editor)s
    FOR NO KEY UPDATE OF recommendation, draft
    """
)

_READ: Final = Statement(
    """
    SELECT
        statement_timestamp(),
        ARRAY(
            SELECT other.state FROM explanations_place other
            WHERE other.draft_id = draft.id AND other.id <> place.id
        ),
        (
            SELECT coalesce(json_agg(json_build_array(slug, id, severity)), '[]')::text
            FROM explanations_category WHERE task_id = task.id AND retired_at IS NULL
        ),
        (
            SELECT coalesce(json_agg(json_build_array(slug, id)), '[]')::text
            FROM explanations_criterion WHERE task_id = task.id AND retired_at IS NULL
        ),
        (
            SELECT coalesce(json_agg(json_build_array(
                category.slug, criterion.id, criterion.slug, decides.answer
            )), '[]')::text
            FROM explanations_category category
            JOIN explanations_decidedanswer decides ON decides.category_id = category.id
            JOIN explanations_criterion criterion ON criterion.id = decides.criterion_id
            WHERE category.task_id = task.id AND criterion.retired_at IS NULL
        ),
        (
            SELECT coalesce(
                json_agg(json_build_array(id, dismissal_id IS NULL) ORDER BY id), '[]'
            )::text
            FROM explanations_finding WHERE draft_id = draft.id
        ),
        ARRAY(
            SELECT pointer FROM feedback_factreport
            WHERE recommendation_id = recommendation.id AND state = 'OPEN'
        ),
        {columns}, {guide}
    FROM feedback_assignment held
    {joins}
    LEFT JOIN explanations_guide guide ON guide.id = task.guide_id
    WHERE held.id = %(assignment)s AND held.editor_id = %(editor)s
    """,
    guide=_GUIDE,
    columns=WHOLE_COLUMNS,
    joins=WHOLE_JOINS,
)
