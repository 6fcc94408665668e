"""An assignment with all that a review looks at, in one statement.

Every draft that is claimed, shown or held on to comes this way. It is the same as
`Assignment.objects.with_draft()` gives, and what the checks say of the draft besides.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final, TypeVar

from django.db.models import Model

from accounts.statements import Columns, Row, Statement
from explanations.models import Draft, FactSnapshot, Place, Recommendation, Task
from feedback.models import Assignment

M = TypeVar("M", bound=Model)

_HELD = Columns(Assignment, "held")
_PLACE = Columns(Place, "place")
_TASK = Columns(Task, "task")
_DRAFT = Columns(Draft, "draft")
_SHOWN = Columns(FactSnapshot, "shown")
_RECOMMENDATION = Columns(Recommendation, "recommendation")
_LATEST = Columns(FactSnapshot, "latest")


class _Listed:
    """The columns of several models within a statement. They are known once all models are."""

    def __init__(self, *columns: Columns[Any]) -> None:
        self._columns: Final = columns

    def __str__(self) -> str:
        return ", ".join(map(str, self._columns))


WHOLE_COLUMNS: Final = _Listed(_HELD, _PLACE, _TASK, _DRAFT, _SHOWN, _RECOMMENDATION, _LATEST)
"""For `read_assignment`, in a statement that calls the assignment `held` and has WHOLE_JOINS."""

# The latest facts are read where they are not those that the model was shown.
WHOLE_JOINS: Final = """
JOIN explanations_place place ON place.id = held.place_id
JOIN explanations_task task ON task.id = place.task_id
JOIN explanations_draft draft ON draft.id = place.draft_id
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
LEFT JOIN explanations_factsnapshot shown ON shown.id = draft.snapshot_id
LEFT JOIN explanations_factsnapshot latest
    ON latest.id = recommendation.snapshot_id AND latest.id IS DISTINCT FROM draft.snapshot_id
"""

# The findings of the blind sample would lead the editor: they are not even read.
_TO_BE_JUDGED: Final = """
WITH {tables}
SELECT {columns},
    CASE WHEN NOT draft.blind THEN (
        SELECT json_agg(json_build_object(
            'id', finding.id, 'check_name', finding.check_name, 'level', finding.level,
            'message', finding.message, 'start', finding.start, 'end', finding."end",
            'category', COALESCE(category.slug, ''), 'pointer', finding.pointer
        ) ORDER BY finding.start, finding.id)::text
        FROM explanations_finding finding
        LEFT JOIN explanations_category category ON category.id = finding.category_id
        WHERE finding.draft_id = draft.id AND finding.dismissal_id IS NULL
    ) END
FROM held
{joins}
"""


def whole(tables: str) -> Statement:
    """Return the statement that returns whole assignments, to be read by `read_whole`.

    Which ones say `tables`, its common tables: the last one is named `held`, and is a query, or an
    UPDATE or INSERT, that returns all columns of assignments.
    """
    return Statement(_TO_BE_JUDGED, tables=tables, columns=WHOLE_COLUMNS, joins=WHOLE_JOINS)


def read_whole(row: Row) -> Assignment:
    """Return the assignment of a row of a `whole` statement."""
    values = iter(row)
    assignment = read_assignment(values)
    findings: str | None = next(values)
    assignment.place.draft.standing_findings = json.loads(findings) if findings else []
    return assignment


def read_assignment(values: Iterator[Any]) -> Assignment:
    """Return the assignment of WHOLE_COLUMNS, which are taken from `values`."""
    assignment = _read(_HELD, values)
    place = _read(_PLACE, values)
    task = _read(_TASK, values)
    draft = _read(_DRAFT, values)
    shown = read_if_any(_SHOWN, values)
    recommendation = _read(_RECOMMENDATION, values)
    latest = read_if_any(_LATEST, values)
    is_shown = recommendation.snapshot_id == draft.snapshot_id
    recommendation.snapshot = shown if is_shown else latest
    draft.snapshot, draft.recommendation = shown, recommendation
    place.task = draft.task = recommendation.task = task
    place.draft = draft
    assignment.place = place
    return assignment


def _read(columns: Columns[M], values: Iterator[Any]) -> M:
    return columns.read(list(islice(values, len(columns))))


def read_if_any(columns: Columns[M], values: Iterator[Any]) -> M | None:
    """Return the object of the next columns of a row; None where an outer join found nothing."""
    own = list(islice(values, len(columns)))
    return columns.read(own) if any(value is not None for value in own) else None
