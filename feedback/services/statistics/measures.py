"""The state of the desk as machines watch it: what /metrics says.

What has an index of its own is counted when it is asked for. All drafts by their state are a
million and more: a worker counts them once a minute, and what it counted says when that was.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from explanations.services.drafting.drainers import ended_so_far
from feedback.models import Measure

DRAFTS: Final = "drafts"
# Beyond it the desk has other worries; what was counted last stands.
_MOST_MS: Final = 30_000

_COUNT_DRAFTS: Final = """
INSERT INTO feedback_measure (name, value, at)
SELECT %(name)s, jsonb_build_object('states', coalesce((
    SELECT jsonb_agg(jsonb_build_array(task.slug, counted.state, counted.how_many))
    FROM (SELECT task_id, state, count(*) AS how_many
          FROM explanations_draft GROUP BY 1, 2) AS counted
    JOIN explanations_task task ON task.id = counted.task_id
), '[]'), 'failures', coalesce((
    SELECT jsonb_agg(jsonb_build_array(task.slug, counted.failure_reason, counted.how_many))
    FROM (SELECT draft.task_id, draft.failure_reason, count(*) AS how_many
          FROM explanations_task task
          JOIN explanations_draft draft ON draft.task_id = task.id AND draft.state = 'FAILED'
          GROUP BY 1, 2) AS counted
    JOIN explanations_task task ON task.id = counted.task_id
), '[]'), 'queues', coalesce((
    SELECT jsonb_agg(jsonb_build_array(task.slug, counted.state, counted.how_many, counted.late))
    FROM (SELECT place.task_id, place.state, count(*) AS how_many,
                 count(*) FILTER (WHERE place.opened_at
                     < now() - task.review_within_hours * interval '1 hour') AS late
          FROM explanations_place place
          JOIN explanations_task task ON task.id = place.task_id
          WHERE place.state = 'OPEN' OR place.state = 'ESCALATED'
          GROUP BY 1, 2) AS counted
    JOIN explanations_task task ON task.id = counted.task_id
), '[]')), statement_timestamp()
ON CONFLICT (name) DO UPDATE SET value = excluded.value, at = excluded.at
"""
# Each by an index that holds only what is looked for.
_NOW: Final = """
SELECT (SELECT count(*) FROM explanations_draft WHERE lease_until IS NOT NULL),
       (SELECT count(*) FROM explanations_drainer),
       (SELECT coalesce(sum(in_flight), 0) FROM explanations_drainer),
       (SELECT count(*) FROM explanations_run WHERE state IN ('RUNNING', 'PAUSED')),
       (SELECT count(*) FROM explanations_modelserver WHERE trouble <> ''),
       (SELECT count(*) FROM feedback_assignment
        WHERE state = 'ACTIVE' AND leased_until > now()),
       (SELECT count(*) FROM feedback_assignment
        WHERE state = 'ACTIVE' AND leased_until <= now()),
       (SELECT count(*) FROM feedback_dataset WHERE state IN ('WAITING', 'BUILDING')),
       (SELECT count(*) FROM feedback_webhookdelivery WHERE state IN ('WAITING', 'SENDING')),
       (SELECT counted_at FROM feedback_deskdayscounted),
       (SELECT json_agg(json_build_array(task.slug, task.review_within_hours * 3600,
            extract(epoch FROM statement_timestamp() - (
                SELECT min(place.opened_at) FROM explanations_place place
                WHERE place.task_id = task.id AND place.state = 'OPEN'))) ORDER BY task.slug)
        FROM explanations_task task)::text
"""


@dataclass(frozen=True, slots=True)
class DraftCounts:
    """What a worker counts once a minute."""

    at: datetime
    states: Sequence[tuple[str, str, int]]
    """Task, state, how many drafts."""
    failures: Sequence[tuple[str, str, int]]
    """Task, reason, how many drafts."""
    queues: Sequence[tuple[str, str, int, int]]
    """Task, state of the place, how many, and how many of them wait longer than the target."""


@dataclass(frozen=True, slots=True)
class QueueAge:
    """How long the oldest draft has waited for an editor, in seconds; None where none waits."""

    task: str
    target_s: int
    oldest_s: float | None


@dataclass(frozen=True, slots=True)
class Measures:
    """The state of the desk."""

    drafts: DraftCounts | None
    """None before a worker has counted."""
    ended: int
    """Drafts that drainers have ended, since the desk began to count."""
    drafts_leased: int
    drainers: int
    requests_in_flight: int
    runs_open: int
    servers_in_trouble: int
    leases: int
    """Drafts that editors hold."""
    leases_run_out: int
    """That nobody has swept yet."""
    datasets_unfinished: int
    deliveries_unfinished: int
    desk_days_counted_at: datetime | None
    queues: Sequence[QueueAge]


def count_drafts() -> None:
    """Count the drafts by state, for all who ask in the next minute."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(_MOST_MS)])
        cursor.execute(_COUNT_DRAFTS, {"name": DRAFTS})


def measure() -> Measures:
    """Return the state of the desk, by three small queries."""
    with connection.cursor() as cursor:
        cursor.execute(_NOW)
        *now, queues = cursor.fetchone()
    ages = [QueueAge(*queue) for queue in json.loads(queues or "[]")]
    values: list[Any] = [_draft_counts(), ended_so_far(), *now, ages]
    return Measures(*values)


def _draft_counts() -> DraftCounts | None:
    counted = Measure.objects.filter(name=DRAFTS).first()
    if counted is None:
        return None
    value: dict[str, list[Any]] = counted.value
    return DraftCounts(
        counted.at,
        [(task, state, how_many) for task, state, how_many in value["states"]],
        [(task, reason, how_many) for task, reason, how_many in value["failures"]],
        [(task, state, how_many, late) for task, state, how_many, late in value["queues"]],
    )
