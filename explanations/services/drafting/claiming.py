"""Rows become ours for a while: claim them, renew the lease, hand them back.

Whoever holds a row knows its `(id, attempt)`. Every write names both, so that a drainer that was
thought dead, and whose row somebody else has claimed since, changes nothing any more.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from django.db import connection, transaction

from explanations.services.drafting.pace import LOST_TO_BE_ALONE


@dataclass(frozen=True, slots=True)
class Holding:
    """The right to write one draft, until somebody else has claimed it."""

    draft_id: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed draft with what it needs to be drafted."""

    holding: Holding
    task_id: int
    prompt_id: int
    model_version_id: int
    blind: bool
    tries: int
    setbacks: int
    locale: str
    facts: Mapping[str, Any] | None
    """None when the recommendation has no snapshot."""
    told: str = ""
    """What the model is told of the findings that blocked its last answer."""


# Picks run by run, so that a paused run's waiting rows cost nothing, and best first over all of
# them. Locking comes before the choice among runs: what another drainer holds is passed over.
_CLAIM: Final = """
WITH picked AS (
    SELECT waiting.id
    FROM explanations_run run
    CROSS JOIN LATERAL (
        SELECT draft.id, draft.priority
        FROM explanations_draft draft
        WHERE draft.run_id = run.id
          AND draft.state = 'PENDING'
          AND draft.lost {suspicion}
          AND (draft.not_before IS NULL OR draft.not_before <= now())
        ORDER BY draft.priority DESC, draft.id
        LIMIT %(at_most)s
        FOR UPDATE SKIP LOCKED
    ) waiting
    WHERE run.state = 'RUNNING' AND run.model_version_id = ANY(%(model_versions)s)
    ORDER BY waiting.priority DESC, waiting.id
    LIMIT %(at_most)s
), claimed AS (
    UPDATE explanations_draft draft
    SET state = 'RUNNING',
        attempt = draft.attempt + 1,
        claimed_by = %(drainer)s,
        claimed_at = now(),
        lease_until = now() + %(lease_s)s * interval '1 second',
        not_before = NULL,
        snapshot_id = recommendation.snapshot_id
    FROM picked, explanations_recommendation recommendation
    WHERE draft.id = picked.id AND recommendation.id = draft.recommendation_id
    RETURNING draft.id, draft.attempt, draft.task_id, draft.prompt_id, draft.model_version_id,
              draft.priority, draft.blind, draft.tries, draft.setbacks, draft.snapshot_id,
              draft.told, recommendation.locale
)
SELECT claimed.id, claimed.attempt, claimed.task_id, claimed.prompt_id, claimed.model_version_id,
       claimed.blind, claimed.tries, claimed.setbacks, claimed.locale, claimed.told,
       snapshot.item, snapshot.audience
FROM claimed LEFT JOIN explanations_factsnapshot snapshot ON snapshot.id = claimed.snapshot_id
ORDER BY claimed.priority DESC, claimed.id
"""
# A run that has just begun is not in PostgreSQL's statistics. Taken for a handful of rows, its
# drafts were all read and sorted at each claim, through the index that counts them by state: a cost
# that grew with the run. Without a sort only the index of waiting drafts is left, which has the
# order.
_IN_THE_ORDER_OF_THE_INDEX: Final = "SET LOCAL enable_sort = off"
_CLAIM_USUAL: Final = _CLAIM.format(suspicion=f"< {LOST_TO_BE_ALONE}")
_CLAIM_SUSPECT: Final = _CLAIM.format(suspicion=f">= {LOST_TO_BE_ALONE}")

# Everybody who locks many drafts takes them in this order, so that nobody waits in a circle.
LOCK_ORDER: Final = "draft.id"
# By their ids first of all: a plan made from old statistics else reads whatever runs, or ever ran.
FENCE: Final = """
draft.id = held.id AND draft.attempt = held.attempt AND draft.state = 'RUNNING'
AND draft.id = ANY(%(ids)s)
"""
_OURS: Final = f"""
WITH ours AS (
    SELECT draft.id
    FROM explanations_draft draft
    JOIN unnest(%(ids)s::bigint[], %(attempts)s::integer[]) AS held(id, attempt) ON {FENCE}
    ORDER BY {LOCK_ORDER}
    FOR UPDATE OF draft
)
UPDATE explanations_draft draft SET {{change}} FROM ours WHERE draft.id = ours.id
RETURNING draft.id
"""  # noqa: S608 - made of constants
_RENEW: Final = _OURS.format(change="lease_until = now() + %(lease_s)s * interval '1 second'")
_HAND_BACK: Final = _OURS.format(change="state = 'PENDING', lease_until = NULL, claimed_by = ''")
# Whether any draft is due is asked first: it ends at the first row, and mostly that is the answer.
_SECONDS_TO_NEXT: Final = """
WITH waiting AS NOT MATERIALIZED (
    SELECT draft.not_before
    FROM explanations_run run JOIN explanations_draft draft ON draft.run_id = run.id
    WHERE run.state = 'RUNNING' AND run.model_version_id = ANY(%(model_versions)s)
      AND draft.state = 'PENDING'
)
SELECT CASE
    WHEN EXISTS (SELECT FROM waiting WHERE not_before IS NULL OR not_before <= now()) THEN 0
    ELSE (SELECT EXTRACT(EPOCH FROM min(not_before) - now()) FROM waiting)
END
"""


def claim(
    model_versions: Collection[int], at_most: int, drainer: str, lease_s: float
) -> list[Claim]:
    """Take up to `at_most` waiting drafts of running runs, best first, each for `lease_s`.

    Only drafts of `model_versions` are taken, and none that is suspected of killing its drainer.
    """
    return _claim(_CLAIM_USUAL, model_versions, at_most, drainer, lease_s)


def claim_suspect(model_versions: Collection[int], drainer: str, lease_s: float) -> list[Claim]:
    """Take one draft, or none, whose drainers died with it; it has to be drafted alone."""
    return _claim(_CLAIM_SUSPECT, model_versions, 1, drainer, lease_s)


def seconds_to_next(model_versions: Collection[int]) -> float | None:
    """Return in how many seconds a draft of a running run is due; None when none waits."""
    with connection.cursor() as cursor:
        cursor.execute(_SECONDS_TO_NEXT, {"model_versions": list(model_versions)})
        (seconds,) = cursor.fetchone()
    return None if seconds is None else float(seconds)


def renew(holdings: Iterable[Holding], lease_s: float) -> set[int]:
    """Renew the leases; return the ids of the drafts that are still held."""
    return _change(_RENEW, holdings, lease_s=lease_s)


def hand_back(holdings: Iterable[Holding]) -> set[int]:
    """Make held drafts wait again, at once; return their ids. No counter is touched."""
    return _change(_HAND_BACK, holdings)


def _claim(
    statement: str, model_versions: Collection[int], at_most: int, drainer: str, lease_s: float
) -> list[Claim]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_IN_THE_ORDER_OF_THE_INDEX)
        cursor.execute(
            statement,
            {
                "model_versions": list(model_versions),
                "at_most": at_most,
                "drainer": drainer,
                "lease_s": lease_s,
            },
        )
        rows = cursor.fetchall()
    return [_claimed(row) for row in rows]


def _claimed(row: tuple[Any, ...]) -> Claim:
    *_, item, audience = row
    return Claim(
        holding=Holding(draft_id=row[0], attempt=row[1]),
        task_id=row[2],
        prompt_id=row[3],
        model_version_id=row[4],
        blind=row[5],
        tries=row[6],
        setbacks=row[7],
        locale=row[8],
        told=row[9],
        facts=None
        if item is None
        else {"item": orjson.loads(item), "audience": orjson.loads(audience)},
    )


def _change(statement: str, holdings: Iterable[Holding], **more: float) -> set[int]:
    held = list(holdings)
    if not held:
        return set()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "ids": [holding.draft_id for holding in held],
                "attempts": [holding.attempt for holding in held],
                **more,
            },
        )
        return {draft_id for (draft_id,) in cursor.fetchall()}
