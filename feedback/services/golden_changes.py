"""The feed of what became of goldens: no page skips or repeats a change while editors write.

The order of ids is not the order of commits: who reads up to id 12 misses 11, which is committed a
moment later. So a change gets its number when somebody first looks, under one lock, from what is
committed by then; numbers follow one another without gaps, and none below one that was ever shown
is given later. The numbers of transactions would do without the lock, but not survive a desk that
is restored from a copy; a counter that writers raise would make them wait for one another.
"""

from typing import Final

from django.db import connection, transaction
from django.db.models import QuerySet

from feedback.models import GoldenChange

# At once, so that the first look at a desk with a million goldens does not take minutes.
_NUMBERED_AT_ONCE: Final = 20_000
_NUMBERING: Final = 0x1_60_1D_E5

_NUMBER: Final = """
    WITH next AS (
        SELECT id, row_number() OVER (ORDER BY id) AS place
        FROM (
            SELECT id FROM feedback_goldenchange WHERE number IS NULL ORDER BY id LIMIT %s
        ) AS waiting
    )
    UPDATE feedback_goldenchange AS change
    SET number = next.place + coalesce((SELECT max(number) FROM feedback_goldenchange), 0)
    FROM next WHERE next.id = change.id
"""


def changes_since(number: int) -> QuerySet[GoldenChange]:
    """Return the changes behind this number that are committed, in order; 0 is the beginning.

    Must not run inside a transaction that goes on for long: others who look wait for it.
    """
    if GoldenChange.objects.filter(number__isnull=True).exists():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NUMBERING])
            # Another statement, and so another look: what was committed while this one waited.
            cursor.execute(_NUMBER, [_NUMBERED_AT_ONCE])
    return GoldenChange.objects.filter(number__gt=number).order_by("number")
