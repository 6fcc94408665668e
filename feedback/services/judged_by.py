"""What a submission is judged by: the draft, locked, and all that the rules look at, as it is now.

Two statements, prepared: the first waits for the locks, the second reads what is true once they are
held. Read in one, a snapshot could be older than the lock. Locks are taken in the order that
`feedback.services.queue` names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from accounts.models import Person
from accounts.statements import Columns, Row, Statement
from explanations.models import Draft, FactSnapshot, Guide, Place, Recommendation, Task
from feedback.models import Assignment


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
    return JudgedBy(
        assignment=_laid_out(columns, editor),
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


_ASSIGNMENT: Final = Columns(Assignment, "assignment")
_PLACE: Final = Columns(Place, "place")
_DRAFT: Final = Columns(Draft, "draft")
_TASK: Final = Columns(Task, "task")
_GUIDE: Final = Columns(Guide, "guide")
_RECOMMENDATION: Final = Columns(Recommendation, "recommendation")
_SHOWN: Final = Columns(FactSnapshot, "shown")
_NOW: Final = Columns(FactSnapshot, "now")

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

# Facts are read once where the model was shown those that are true now: nearly always.
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
        {assignment}, {place}, {draft}, {task}, {recommendation}, {guide}, {shown}, {now}
    FROM feedback_assignment assignment
    JOIN explanations_place place ON place.id = assignment.place_id
    JOIN explanations_draft draft ON draft.id = place.draft_id
    JOIN explanations_task task ON task.id = place.task_id
    JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
    LEFT JOIN explanations_guide guide ON guide.id = task.guide_id
    LEFT JOIN explanations_factsnapshot shown ON shown.id = draft.snapshot_id
    LEFT JOIN explanations_factsnapshot now
        ON now.id = recommendation.snapshot_id AND now.id IS DISTINCT FROM draft.snapshot_id
    WHERE assignment.id = %(assignment)s AND assignment.editor_id = %(editor)s
    """,
    assignment=_ASSIGNMENT,
    place=_PLACE,
    draft=_DRAFT,
    task=_TASK,
    recommendation=_RECOMMENDATION,
    guide=_GUIDE,
    shown=_SHOWN,
    now=_NOW,
)


def _laid_out(columns: Row | list[Any], editor: Person) -> Assignment:
    """Return the assignment with all that belongs to it."""
    left = list(columns)

    def next_of(kind: Columns[Any]) -> list[Any]:
        taken, left[:] = left[: len(kind)], left[len(kind) :]
        return taken

    assignment = _ASSIGNMENT.read(next_of(_ASSIGNMENT))
    place = _PLACE.read(next_of(_PLACE))
    draft = _DRAFT.read(next_of(_DRAFT))
    task = _TASK.read(next_of(_TASK))
    recommendation = _RECOMMENDATION.read(next_of(_RECOMMENDATION))
    guide = next_of(_GUIDE)
    shown = next_of(_SHOWN)
    now = next_of(_NOW)
    task.guide = None if task.guide_id is None else _GUIDE.read(guide)
    draft.snapshot = None if draft.snapshot_id is None else _SHOWN.read(shown)
    recommendation.snapshot = (
        draft.snapshot
        if recommendation.snapshot_id == draft.snapshot_id
        else _NOW.read(now)
        if recommendation.snapshot_id is not None
        else None
    )
    draft.task = place.task = recommendation.task = task
    draft.recommendation = recommendation
    place.draft = draft
    assignment.place, assignment.editor = place, editor
    return assignment
