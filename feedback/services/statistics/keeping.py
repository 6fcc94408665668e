"""The keeper: it follows what changes in the reviews, and keeps judged drafts and tallies right.

Whatever changes a judgement leaves a row that says so (`DraftToCount`), in its own transaction. The
keeper takes such rows away in the transaction in which it counts their drafts anew, so a kill at
any point leaves them to the next, and a transaction that commits late is counted late. What a draft
adds is what it counts for now less what it counted for before: to count it twice changes nothing.
"""

import time
from typing import Final

from django.conf import settings
from django.db import connection, transaction

from feedback.services.statistics.counting import (
    COHORT_COLUMNS,
    JUDGED_COLUMNS,
    TALLY_KEY,
    TALLY_SUMS,
    columns,
    counted,
    same,
    tallied,
)

BATCH: Final = 5_000
_LOCK: Final = "feedback.statistics"
_LONGEST_S: Final = 60


def keep_statistics(seconds: float | None = None, batch: int = BATCH) -> int:
    """Count what is to be counted; return how many drafts that were.

    One keeper works at a time: where another one is at it, nothing is left to do. Each batch is a
    transaction of its own. After `seconds` the rest is left to whoever comes next; by default it
    goes on until none is left.
    """
    until = None if seconds is None else time.monotonic() + seconds
    done = 0
    while True:
        number = _count_a_batch(batch)
        done += number or 0
        if not number or (until is not None and time.monotonic() >= until):
            return done


def lock_statistics(*, wait: bool) -> bool:
    """Keep others from changing the tallies until the transaction ends; return whether that is so.

    `wait` for whoever is at it now, or return False.
    """
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
            return True
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
        (is_ours,) = cursor.fetchone()
    return bool(is_ours)


def _count_a_batch(batch: int) -> int | None:
    """Return how many drafts were counted anew; None where another keeper is at it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{_LONGEST_S}s"])
        if not lock_statistics(wait=False):
            return None
        cursor.execute(_TAKE, {"batch": batch})
        drafts = sorted({draft for (draft,) in cursor.fetchall()})
        if drafts:
            cursor.execute(COUNT, {"drafts": drafts, "zone": settings.TIME_ZONE})
        cursor.execute(_LOOKED, {"zone": settings.TIME_ZONE})
    return len(drafts)


_TAKE: Final = """
DELETE FROM feedback_drafttocount WHERE id IN (
    SELECT id FROM feedback_drafttocount ORDER BY id LIMIT %(batch)s
)
RETURNING draft_id
"""

_LOOKED: Final = """
INSERT INTO feedback_statisticskeeper (id, looked_at, time_zone) VALUES (1, now(), %(zone)s)
ON CONFLICT (id) DO UPDATE SET looked_at = excluded.looked_at
"""

# What these drafts count for now and did before, each with its cohort, which is made where missing.
_JUDGE: Final = f"""
WITH counted AS MATERIALIZED ({counted("draft.id = ANY(%(drafts)s)")}),
new_cohort AS (
    INSERT INTO feedback_cohort ({columns(COHORT_COLUMNS)})
    SELECT DISTINCT {columns(COHORT_COLUMNS)} FROM counted
    ON CONFLICT DO NOTHING
    RETURNING id, {columns(COHORT_COLUMNS)}
), cohort AS (
    SELECT id, {columns(COHORT_COLUMNS)} FROM feedback_cohort
    UNION ALL
    SELECT id, {columns(COHORT_COLUMNS)} FROM new_cohort
), now_judged AS MATERIALIZED (
    SELECT counted.*, cohort.id AS cohort_id
    FROM counted JOIN cohort
      ON {same(COHORT_COLUMNS[:-1], "cohort", "counted")}
     AND cohort.guide_id IS NOT DISTINCT FROM counted.guide_id
), was_judged AS MATERIALIZED (
    SELECT * FROM feedback_judgeddraft WHERE draft_id = ANY(%(drafts)s)
)
"""
_TALLY: Final = f"""
, change AS (
    SELECT 1 AS sign, came.* FROM ({tallied("now_judged")}) came
    UNION ALL
    SELECT -1, went.* FROM ({tallied("was_judged")}) went
), delta AS MATERIALIZED (
    SELECT cohort_id, measure, stretch.span, stretch.day, a, b,
           {", ".join(f"sum(sign * {name}) AS {name}" for name in TALLY_SUMS)}
    FROM change CROSS JOIN LATERAL (
        VALUES ('d', change.day), ('m', date_trunc('month', change.day::timestamp)::date)
    ) AS stretch (span, day)
    GROUP BY cohort_id, measure, stretch.span, stretch.day, a, b
    HAVING {" OR ".join(f"sum(sign * {name}) <> 0" for name in TALLY_SUMS)}
), known AS MATERIALIZED (
    -- One by one, and by its place from then on: of changes here and there in a year the database
    -- would read all tallies, and so the longer the desk is there.
    SELECT delta.*, before.place, before.drafts AS drafts_before
    FROM delta LEFT JOIN LATERAL (
        SELECT tally.ctid AS place, tally.drafts
        FROM feedback_tally tally WHERE {same(TALLY_KEY, "tally", "delta")} OFFSET 0
    ) before ON true
), emptied AS (
    DELETE FROM feedback_tally tally USING known
    WHERE tally.ctid = known.place AND known.drafts_before + known.drafts = 0
), changed AS (
    UPDATE feedback_tally tally
    SET {", ".join(f"{name} = tally.{name} + known.{name}" for name in TALLY_SUMS)}
    FROM known WHERE tally.ctid = known.place AND known.drafts_before + known.drafts <> 0
), added AS (
    INSERT INTO feedback_tally ({columns(TALLY_KEY)}, {columns(TALLY_SUMS)})
    SELECT {columns(TALLY_KEY)}, {columns(TALLY_SUMS)} FROM known WHERE drafts_before IS NULL
)
"""
_KEEP: Final = f"""
, forgotten AS (
    DELETE FROM feedback_judgeddraft judged
    WHERE judged.draft_id = ANY(%(drafts)s)
      AND NOT EXISTS (SELECT FROM now_judged WHERE now_judged.draft_id = judged.draft_id)
)
INSERT INTO feedback_judgeddraft ({columns(JUDGED_COLUMNS)})
SELECT {columns(JUDGED_COLUMNS)} FROM now_judged
ON CONFLICT (draft_id) DO UPDATE
SET {", ".join(f"{name} = excluded.{name}" for name in JUDGED_COLUMNS[1:])}
"""
COUNT: Final = _JUDGE + _TALLY + _KEEP
"""Counts drafts anew, with all that follows from it."""
JUDGE_ANEW: Final = _JUDGE + _KEEP
"""Counts drafts anew where the tallies are made anew as well."""
