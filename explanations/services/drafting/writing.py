"""Outcomes into the database: many in one transaction, each fenced by its attempt.

A READY draft, its findings and its places appear together or not at all; so do a BLOCKED one and
the draft that follows it. The database itself refuses what must not be, should the fence ever fail:
text is final once it is written, and a place is unique.
"""

import logging
from collections.abc import Sequence
from typing import Any, Final

import orjson
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper

from explanations.models import Draft
from explanations.services.drafting.claiming import FENCE, LOCK_ORDER
from explanations.services.drafting.judging import Outcome, unwritable

log = logging.getLogger(__name__)

# Every statement names the drafts by `id = ANY(...)` too, where a join says so already: it is what
# leads PostgreSQL to these few rows even while its statistics are older than the run.

# Who changes facts locks the recommendations first and their drafts after that. Doing the same, and
# holding on until the text is in, makes sure that they either wait and then see the text, or were
# first and are seen here.
_SHARE_RECOMMENDATIONS: Final = """
SELECT FROM explanations_recommendation recommendation
WHERE recommendation.id IN (
    SELECT recommendation_id FROM explanations_draft WHERE id = ANY(%(ids)s)
)
ORDER BY recommendation.id
FOR SHARE
"""
_LOCK: Final = f"""
SELECT draft.id, draft.snapshot_id IS DISTINCT FROM recommendation.snapshot_id
FROM explanations_draft draft
JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS held(id, attempt) ON {FENCE}
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
ORDER BY {LOCK_ORDER}
FOR UPDATE OF draft
"""  # noqa: S608 - made of constants
_WRITE: Final = """
UPDATE explanations_draft draft
SET state = outcome.state,
    lease_until = NULL,
    not_before = CASE WHEN outcome.state = 'PENDING' AND outcome.wait_s > 0
                      THEN now() + outcome.wait_s * interval '1 second' END,
    finished_at = CASE WHEN outcome.state <> 'PENDING' THEN now() END,
    text = outcome.text,
    output = outcome.output,
    rests_on = outcome.rests_on,
    tries = outcome.tries,
    setbacks = outcome.setbacks,
    failure_reason = outcome.failure_reason,
    failure = outcome.failure,
    request_sha256 = outcome.request_sha256,
    served_by = outcome.served_by,
    served_model = outcome.served_model,
    prompt_tokens = outcome.prompt_tokens,
    completion_tokens = outcome.completion_tokens,
    latency_ms = outcome.latency_ms,
    finish_reason = outcome.finish_reason
FROM jsonb_to_recordset(%(outcomes)s::jsonb) AS outcome(
    id bigint, state text, wait_s float, text text, output jsonb, rests_on text[],
    tries integer, setbacks integer, failure_reason text, failure text, request_sha256 text,
    served_by text, served_model text, prompt_tokens integer, completion_tokens integer,
    latency_ms integer, finish_reason text
)
WHERE draft.id = outcome.id AND draft.id = ANY(%(ids)s)
"""
# The facts changed while the model wrote: its answer is about what is no longer so.
_WRITE_AGAIN: Final = """
UPDATE explanations_draft draft SET state = 'PENDING', lease_until = NULL
WHERE draft.id = ANY(%(ids)s)
"""
# What is dismissed is looked up when it is written: the judge may have asked some seconds ago.
_ADD_FINDINGS: Final = """
INSERT INTO explanations_finding
    (draft_id, check_name, check_version, level, message, start, "end", category_id, pointer,
     gist, blocked, dismissal_id)
SELECT finding.draft_id, finding.check_name, finding.check_version, finding.level, finding.message,
       finding.start, finding."end", finding.category_id, finding.pointer,
       finding.gist, finding.blocked, dismissal.id
FROM jsonb_to_recordset(%(findings)s::jsonb) AS finding(
    draft_id bigint, check_name text, check_version integer, level text, message text,
    start integer, "end" integer, category_id bigint, pointer text,
    gist text, blocked boolean, task_id bigint
)
LEFT JOIN explanations_dismissal dismissal
    ON dismissal.task_id = finding.task_id AND dismissal.check_name = finding.check_name
   AND dismissal.gist = finding.gist AND dismissal.revoked_at IS NULL
"""
# Asked draft by draft: a join may begin at the runs, and read all drafts of each.
_OF_NO_TRIAL: Final = """
(SELECT run.trial_id FROM explanations_run run WHERE run.id = draft.run_id) IS NULL
"""
_OPEN_PLACES: Final = f"""
INSERT INTO explanations_place (draft_id, ordinal, task_id, priority, state)
SELECT draft.id, place.ordinal, draft.task_id, draft.priority, 'OPEN'
FROM unnest(%(ids)s::bigint[], %(places)s::integer[]) AS wanted(id, places)
JOIN explanations_draft draft ON draft.id = wanted.id
CROSS JOIN generate_series(1, wanted.places) AS place(ordinal)
WHERE draft.id = ANY(%(ids)s) AND {_OF_NO_TRIAL}
"""  # noqa: S608 - made of constants
# Another writer may give the next ordinal of the same recommendation to a draft of its own at the
# same moment: then one of the two makes nothing here and sees, by the count, that it has to look
# again. Both take recommendations in one order, so that they never wait in a circle.
_DRAFT_AGAIN: Final = f"""
WITH wanted AS (
    SELECT draft.id, draft.run_id, draft.task_id, draft.recommendation_id, draft.prompt_id,
           draft.model_version_id, draft.priority, blocked.told,
           (SELECT max(ordinal) FROM explanations_draft other
            WHERE other.run_id = draft.run_id
              AND other.recommendation_id = draft.recommendation_id)
               + row_number() OVER (PARTITION BY draft.run_id, draft.recommendation_id
                                    ORDER BY draft.id) AS ordinal
    FROM unnest(%(ids)s::bigint[], %(told)s::text[]) AS blocked(id, told)
    JOIN explanations_draft draft ON draft.id = blocked.id
    WHERE draft.id = ANY(%(ids)s) AND {_OF_NO_TRIAL} AND NOT EXISTS (
        SELECT FROM explanations_draft again
        WHERE again.redraft_of_id = draft.id AND again.told <> ''
    )
), made AS (
    INSERT INTO explanations_draft
        (run_id, task_id, recommendation_id, prompt_id, model_version_id, ordinal, priority, blind,
         redraft_of_id, told, state, attempt, tries, claimed_by, text, rests_on, request_sha256,
         served_by, served_model, finish_reason, failure_reason, failure, settled_outcome)
    SELECT run_id, task_id, recommendation_id, prompt_id, model_version_id, ordinal, priority,
           false, id, told, 'PENDING', 0, 0, '', '', ARRAY[]::text[], '', '', '', '', '', '', ''
    FROM wanted
    ORDER BY recommendation_id, ordinal
    ON CONFLICT DO NOTHING
    RETURNING redraft_of_id
)
SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM made)
"""  # noqa: S608 - made of constants


def write(outcomes: Sequence[Outcome]) -> int:
    """Write what became of held drafts; return how many of them have ended.

    Drafts that are no longer held are passed over. An outcome that the database refuses fails
    alone.
    """
    try:
        return _write(outcomes)
    except (OperationalError, InterfaceError):
        raise
    except (DatabaseError, ValueError):
        if len(outcomes) == 1:
            log.exception("Draft %s could not be written.", outcomes[0].holding.draft_id)
            return _write([unwritable(outcomes[0])])
        return sum(write([outcome]) for outcome in outcomes)


@transaction.atomic
def _write(outcomes: Sequence[Outcome]) -> int:
    with connection.cursor() as cursor:
        held = {
            "ids": [outcome.holding.draft_id for outcome in outcomes],
            "attempts": [outcome.holding.attempt for outcome in outcomes],
        }
        cursor.execute(_SHARE_RECOMMENDATIONS, held)
        cursor.execute(_LOCK, held)
        facts_changed: dict[int, bool] = dict(cursor.fetchall())
        ours = [outcome for outcome in outcomes if outcome.holding.draft_id in facts_changed]
        stale = [outcome for outcome in ours if facts_changed[outcome.holding.draft_id]]
        kept = [outcome for outcome in ours if not facts_changed[outcome.holding.draft_id]]
        if stale:
            ids = [outcome.holding.draft_id for outcome in stale]
            cursor.execute(_WRITE_AGAIN, {"ids": ids})
        if kept:
            cursor.execute(
                _WRITE,
                {
                    "ids": [outcome.holding.draft_id for outcome in kept],
                    "outcomes": _json([_row(outcome) for outcome in kept]),
                },
            )
        findings = [row for outcome in kept for row in _finding_rows(outcome)]
        if findings:
            cursor.execute(_ADD_FINDINGS, {"findings": _json(findings)})
        placed = [outcome for outcome in kept if outcome.places]
        if placed:
            cursor.execute(
                _OPEN_PLACES,
                {
                    "ids": [outcome.holding.draft_id for outcome in placed],
                    "places": [outcome.places for outcome in placed],
                },
            )
        again = [outcome for outcome in kept if outcome.redraft_told]
        if again:
            _draft_again(cursor, again)
    return sum(outcome.state != Draft.State.PENDING for outcome in kept)


def _draft_again(cursor: CursorWrapper, blocked: Sequence[Outcome]) -> None:
    """Let each of the blocked drafts be followed by one that is told why."""
    wanted: dict[str, Any] = {
        "ids": [outcome.holding.draft_id for outcome in blocked],
        "told": [outcome.redraft_told for outcome in blocked],
    }
    missing = len(blocked)
    while missing:
        cursor.execute(_DRAFT_AGAIN, wanted)
        (missing,) = cursor.fetchone()


def _row(outcome: Outcome) -> dict[str, Any]:
    completion = outcome.completion
    return {
        "id": outcome.holding.draft_id,
        "state": outcome.state.value,
        "wait_s": outcome.wait_s,
        "text": outcome.text,
        "output": outcome.output,
        "rests_on": list(outcome.rests_on),
        "tries": outcome.tries,
        "setbacks": outcome.setbacks,
        "failure_reason": outcome.failure_reason[:40],
        "failure": outcome.failure[:500],
        "request_sha256": outcome.request_sha256,
        "served_by": outcome.served_by,
        "served_model": completion.served_model if completion else "",
        "prompt_tokens": completion.prompt_tokens if completion else None,
        "completion_tokens": completion.completion_tokens if completion else None,
        "latency_ms": completion.latency_ms if completion else None,
        "finish_reason": completion.finish_reason if completion else "",
    }


def _finding_rows(outcome: Outcome) -> list[dict[str, Any]]:
    return [
        {
            "draft_id": outcome.holding.draft_id,
            "check_name": judged.finding.check,
            "check_version": judged.finding.version,
            "level": judged.finding.severity,
            "message": judged.finding.message[:300],
            "start": judged.finding.start,
            "end": judged.finding.end,
            "category_id": outcome.category_ids.get(judged.finding.category),
            "pointer": judged.finding.pointer,
            "gist": judged.gist,
            "blocked": judged.blocked,
            "task_id": outcome.task_id,
        }
        for judged in outcome.findings
    ]


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return orjson.dumps(rows).decode()
