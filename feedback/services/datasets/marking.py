"""Say of ready datasets that they hold what nobody stands behind any more. They stay as they are.

Whoever takes back a review or withdraws a golden marks the datasets that are ready by then; whoever
ends a build marks what was taken back while it ran. Both wait for one another for a moment, so that
nothing falls between the two.
"""

from datetime import datetime
from typing import Any, Final

from django.db import connection

from accounts.words import translatable
from feedback.models import Dataset

MOST_REASON: Final = 500

_ENDINGS: Final = 0x5_E7_AA_2C

# A statement of its own: whoever waits for the lock looks at what is there when it has it.
_ONE_OF_MANY: Final = "SELECT pg_advisory_xact_lock_shared(%s)"
_ALONE: Final = "SELECT pg_advisory_xact_lock(%s)"

_MARK_READY: Final = """
INSERT INTO feedback_datasetmark (dataset_id, review_id, golden_id, reason)
SELECT held.dataset_id, held.review_id, held.golden_id, %(reason)s
FROM feedback_datasetrow held
JOIN feedback_dataset dataset ON dataset.id = held.dataset_id AND dataset.state = 'READY'
WHERE held.review_id = %(review)s AND {which}
ON CONFLICT (dataset_id, review_id) DO NOTHING
"""
_OF_GOLDEN: Final = _MARK_READY.format(which="held.golden_id = %(golden)s")
_OF_REVIEW: Final = _MARK_READY.format(which="true")
_OF_REVIEW_SINCE: Final = _MARK_READY.format(which="dataset.started_at >= %(since)s")

# What was withdrawn or taken back, or overruled, is looked for among the rows, one by one: those
# were written a moment ago, and the database does not know yet that there are a million.
_MARK_WITHDRAWN: Final = """
INSERT INTO feedback_datasetmark (dataset_id, review_id, golden_id, reason)
SELECT held.dataset_id, held.review_id, held.golden_id, golden.state_reason
FROM feedback_golden golden
CROSS JOIN LATERAL (
    SELECT * FROM feedback_datasetrow one
    WHERE one.dataset_id = %(dataset)s AND one.review_id = golden.review_id
      AND one.golden_id = golden.id
    OFFSET 0
) held
WHERE golden.state = 'WITHDRAWN' AND golden.task_id IN (SELECT id FROM explanations_task)
UNION
SELECT held.dataset_id, held.review_id, held.golden_id, %(undone)s
FROM feedback_review undo
CROSS JOIN LATERAL (
    SELECT * FROM feedback_datasetrow one
    WHERE one.dataset_id = %(dataset)s AND one.review_id = undo.supersedes_id
    OFFSET 0
) held
WHERE undo.supersedes_id IS NOT NULL
UNION
SELECT held.dataset_id, held.review_id, held.golden_id, %(overruled)s
FROM feedback_adjudication settled
JOIN feedback_review other ON other.draft_id = settled.draft_id AND other.id <> settled.review_id
CROSS JOIN LATERAL (
    SELECT * FROM feedback_datasetrow one
    WHERE one.dataset_id = %(dataset)s AND one.review_id = other.id
    OFFSET 0
) held
WHERE settled.undone_at IS NULL
UNION
SELECT held.dataset_id, held.review_id, held.golden_id, %(unsettled)s
FROM feedback_adjudication settled
CROSS JOIN LATERAL (
    SELECT * FROM feedback_datasetrow one
    WHERE one.dataset_id = %(dataset)s AND one.review_id = settled.review_id
    OFFSET 0
) held
WHERE settled.undone_at >= %(started)s::timestamptz
ON CONFLICT (dataset_id, review_id) DO NOTHING
"""

UNDONE: Final = translatable("Its editor took the review back.")
OVERRULED: Final = translatable("A lead found another review of the draft right.")
UNSETTLED: Final = translatable("A lead took back which review of the draft is right.")


def mark_golden(review_id: int, golden_id: int, reason: str) -> int:
    """Mark the ready datasets that hold this golden, which has just been withdrawn.

    Must run in the transaction that withdrew it, after it did. Returns how many there are.
    """
    return _mark(_OF_GOLDEN, review=review_id, golden=golden_id, reason=reason[:MOST_REASON])


def mark_review(review_id: int, reason: str = UNDONE) -> int:
    """Mark the ready datasets that hold anything of this review, which has just been taken back.

    Must run in the transaction that took it back, after it did. Returns how many there are.
    """
    return _mark(_OF_REVIEW, review=review_id, reason=reason[:MOST_REASON])


def mark_unsettled(review_id: int, since: datetime) -> int:
    """Mark the ready datasets that were built while a lead found this review right, since then.

    Must run in the transaction in which that is taken back, after it is. Returns how many there
    are.
    """
    return _mark(_OF_REVIEW_SINCE, review=review_id, since=since, reason=UNSETTLED)


def mark_what_was_withdrawn_meanwhile(dataset: Dataset) -> int:
    """Mark a dataset that is being called ready where it holds what was withdrawn, taken back or
    settled otherwise while it was built.

    Must run at the end of the transaction that calls it ready, when its rows are written; in READ
    COMMITTED, because it has to see what was committed since. Returns how many reviews there are.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [_ENDINGS])
        values = {
            "dataset": dataset.pk,
            "started": dataset.started_at,
            "undone": UNDONE,
            "overruled": OVERRULED,
            "unsettled": UNSETTLED,
        }
        cursor.execute(_MARK_WITHDRAWN, values)
        return int(cursor.rowcount)


def _mark(statement: str, **values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_ONE_OF_MANY, [_ENDINGS])
        cursor.execute(statement, values)
        return int(cursor.rowcount)
