"""The proof: what is kept equals what the desk's own tables say, or what is wrong is named.

Drafts are compared in batches by their ids, tallies cohort by cohort, each in one statement and so
at one moment: a desk at work changes nothing about the answer, and memory is bounded.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

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
from feedback.services.statistics.keeping import JUDGE_ANEW, lock_statistics

BATCH: Final = 50_000

Tell = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount found."""

    drafts: int
    """Judged drafts that are kept."""
    wrong_drafts: int
    """Drafts whose judgement is kept otherwise than their reviews say, not at all, or for nothing;
    those that are still to be counted are left out.
    """
    wrong_tallies: int

    @property
    def is_right(self) -> bool:
        """Whether all that is kept equals what was counted."""
        return not (self.wrong_drafts or self.wrong_tallies)


def recount(
    *, mend: bool = False, tell: Tell = lambda _done, _last: None, batch: int = BATCH
) -> Recount:
    """Count everything from the desk's own tables and compare; with `mend`, also put it right.

    `tell` hears how far it is: a draft's number, and the last one.
    """
    last = _one("SELECT coalesce(max(id), 0) FROM explanations_draft", {})
    wrong_drafts = 0
    for begin in range(0, last + 1, batch):
        wrong_drafts += _compare_drafts(begin, begin + batch, mend=mend)
        tell(min(begin + batch, last), last)
    wrong_tallies = sum(_compare_tallies(cohort, mend=mend) for cohort in _cohorts())
    return Recount(
        drafts=_one("SELECT count(*) FROM feedback_judgeddraft", {}),
        wrong_drafts=wrong_drafts,
        wrong_tallies=wrong_tallies,
    )


def _compare_drafts(begin: int, end: int, *, mend: bool) -> int:
    values: dict[str, Any] = {"begin": begin, "end": end, "zone": settings.TIME_ZONE}
    with transaction.atomic(), connection.cursor() as cursor:
        if mend:
            lock_statistics(wait=True)
        cursor.execute(_WRONG_DRAFTS, values)
        wrong = [draft for (draft,) in cursor.fetchall()]
        if mend and wrong:
            cursor.execute(JUDGE_ANEW, values | {"drafts": wrong})
    return len(wrong)


_COMPARED: Final = tuple(name for name in JUDGED_COLUMNS if name not in {"draft_id", "cohort_id"})
_WRONG_DRAFTS: Final = f"""
WITH counted AS ({counted("draft.id >= %(begin)s AND draft.id < %(end)s")}),
kept AS (
    SELECT judged.*, {columns(COHORT_COLUMNS, "cohort")}
    FROM feedback_judgeddraft judged JOIN feedback_cohort cohort ON cohort.id = judged.cohort_id
    WHERE judged.draft_id >= %(begin)s AND judged.draft_id < %(end)s
)
SELECT coalesce(counted.draft_id, kept.draft_id)
FROM counted FULL JOIN kept ON kept.draft_id = counted.draft_id
WHERE ({columns((*_COMPARED, *COHORT_COLUMNS), "counted")}) IS DISTINCT FROM
      ({columns((*_COMPARED, *COHORT_COLUMNS), "kept")})
  AND NOT EXISTS (
      SELECT FROM feedback_drafttocount waiting
      WHERE waiting.draft_id = coalesce(counted.draft_id, kept.draft_id)
  )
"""


def _cohorts() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM feedback_cohort ORDER BY id")
        return [cohort for (cohort,) in cursor.fetchall()]


def _compare_tallies(cohort: int, *, mend: bool) -> int:
    wrong = _one(_WRONG_TALLIES, {"cohort": cohort})
    if mend and wrong:
        with transaction.atomic(), connection.cursor() as cursor:
            lock_statistics(wait=True)
            cursor.execute("DELETE FROM feedback_tally WHERE cohort_id = %s", [cohort])
            cursor.execute(_TALLY_ANEW, {"cohort": cohort})
    return wrong


_OF_COHORT: Final = "(SELECT * FROM feedback_judgeddraft WHERE cohort_id = %(cohort)s)"
_COUNTED_TALLIES: Final = f"""
SELECT cohort_id, measure, stretch.span, stretch.day, a, b,
       {", ".join(f"sum({name}) AS {name}" for name in TALLY_SUMS)}
FROM ({tallied(_OF_COHORT)}) added CROSS JOIN LATERAL (
    VALUES ('d', added.day), ('m', date_trunc('month', added.day::timestamp)::date)
) AS stretch (span, day)
GROUP BY cohort_id, measure, stretch.span, stretch.day, a, b
"""
_WRONG_TALLIES: Final = f"""
WITH counted AS ({_COUNTED_TALLIES}),
kept AS (SELECT * FROM feedback_tally WHERE cohort_id = %(cohort)s)
SELECT count(*) FROM counted FULL JOIN kept ON {same(TALLY_KEY, "kept", "counted")}
WHERE ({columns(TALLY_SUMS, "counted")}) IS DISTINCT FROM ({columns(TALLY_SUMS, "kept")})
"""
_TALLY_ANEW: Final = f"""
INSERT INTO feedback_tally ({columns(TALLY_KEY)}, {columns(TALLY_SUMS)})
{_COUNTED_TALLIES}
"""


def _one(statement: str, values: dict[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        number: int = cursor.fetchone()[0]
    return number
