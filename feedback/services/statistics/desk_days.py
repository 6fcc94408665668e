"""Keep what the desk did on each day: days in which something changed are counted anew, whole.

Submitting a review writes nothing here, and waits for nobody. A worker looks every few seconds at
which days the reviews written since belong to, an undo also to the day of what it took back, and
what a lead settled or took back since to the days of all reviews of its draft. A review that is
committed late has a time that lies before the look that missed it. So a look begins
not where the last one ended, but where the oldest transaction had begun that was open then: what is
older had been committed, and was seen.
"""

from datetime import date, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from feedback.models import NOT_OVERRULED, CheckDay, DeskDay, DeskDaysCounted, Review
from feedback.outcomes import ENDS_THE_PLACE, JUDGES_FINDINGS
from feedback.times_at_work import BOUNDS_MS

# Any number will do, as long as nobody else on this database takes it.
_COUNTING: Final = 0x0_DE_5C_DA

# Of a desk that has never counted, so much at once: no transaction takes long.
_AT_ONCE: Final = timedelta(days=14)
# Between the moment at which a transaction begins and the one at which PostgreSQL lists it.
MARGIN: Final = timedelta(seconds=60)

# Said before the look: whoever begins after this statement has a later time than it.
_SETTLED_UNTIL: Final = """
SELECT least(statement_timestamp(), min(xact_start)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_CHANGED_DAYS: Final = """
WITH written AS (
    SELECT created_at, supersedes_id FROM feedback_review
    WHERE created_at >= %(since)s AND created_at < %(until)s
)
SELECT (created_at AT TIME ZONE %(zone)s)::date FROM written
UNION
SELECT (review.created_at AT TIME ZONE %(zone)s)::date
FROM written JOIN feedback_review review ON review.id = written.supersedes_id
UNION
SELECT (review.created_at AT TIME ZONE %(zone)s)::date
FROM feedback_adjudication settled
JOIN feedback_review review ON review.draft_id = settled.draft_id
WHERE settled.created_at >= %(since)s AND settled.created_at < %(until)s
   OR settled.undone_at >= %(since)s AND settled.undone_at < %(until)s
ORDER BY 1
"""
# The reviews of a day that stand; it begins the statements below. One day a statement: of bounds
# that it can read the database knows that a day is little, and looks up what belongs to it. Of a
# list of days it would expect half the reviews there are, and read all of them.
_OF_A_DAY: Final = """
WITH counted AS (
    SELECT %(day)s::date AS day, draft.task_id, review.*
    FROM feedback_review review
    JOIN explanations_draft draft ON draft.id = review.draft_id
    WHERE review.created_at >= %(day)s::date::timestamp AT TIME ZONE %(zone)s
      AND review.created_at < (%(day)s::date + 1)::timestamp AT TIME ZONE %(zone)s
      AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
)
"""
_COUNT_DESK_DAYS: Final = f"""
{_OF_A_DAY}, kinds AS (
    SELECT counted.day, counted.task_id, counted.editor_id,
           concat_ws(' ', counted.outcome, (
               SELECT undone.outcome FROM feedback_review undone
               WHERE undone.id = counted.supersedes_id AND counted.outcome = 'UNDO'
           ), nullif(counted.reason, '')) AS kind,
           count(*) AS how_many
    FROM counted
    GROUP BY 1, 2, 3, 4
), lengths AS (
    SELECT day, task_id, editor_id, width_bucket(active_ms, %(bounds)s::integer[]) AS length,
           count(*) AS how_many
    FROM counted
    WHERE active_ms > 0 AND outcome = ANY(%(decides)s)
    GROUP BY 1, 2, 3, 4
), times AS (
    SELECT longest.day, longest.task_id, longest.editor_id,
           array_agg(coalesce(how_many, 0) ORDER BY number) AS times
    FROM (SELECT day, task_id, editor_id, max(length) AS length FROM lengths GROUP BY 1, 2, 3)
         AS longest
    CROSS JOIN generate_series(0, longest.length) AS number
    LEFT JOIN lengths
      ON (lengths.day, lengths.task_id, lengths.editor_id, lengths.length)
       = (longest.day, longest.task_id, longest.editor_id, number)
    GROUP BY 1, 2, 3
)
INSERT INTO feedback_deskday (day, task_id, editor_id, outcomes, times)
SELECT kinds.day, kinds.task_id, kinds.editor_id, jsonb_object_agg(kind, how_many),
       coalesce(min(times.times), ARRAY[]::integer[])
FROM kinds LEFT JOIN times USING (day, task_id, editor_id)
GROUP BY 1, 2, 3
"""
_COUNT_CHECK_DAYS: Final = f"""
{_OF_A_DAY}
INSERT INTO feedback_checkday (day, task_id, check_name, check_version, taken, dismissed, "left")
SELECT review.day, review.task_id, finding.check_name, finding.check_version,
       count(*) FILTER (WHERE judgement.verdict = 'taken'),
       count(*) FILTER (WHERE judgement.verdict = 'dismissed'),
       count(*) FILTER (WHERE judgement.verdict = 'left')
FROM counted AS review
JOIN feedback_findingjudgement judgement ON judgement.review_id = review.id
JOIN explanations_finding finding ON finding.id = judgement.finding_id
WHERE review.outcome = ANY(%(judges)s) AND {NOT_OVERRULED}
GROUP BY 1, 2, 3, 4
"""


def keep_desk_days() -> bool:
    """Count the days anew in which something has changed; return whether older ones wait still.

    Safe to repeat and to kill. One process at a time counts, and the others return at once. Of a
    desk that has never counted it does two weeks: call it again until nothing waits.
    """
    with transaction.atomic():
        if not _is_our_turn():
            return False
        counted = _progress()
        horizon = _settled_until() - MARGIN
        since = counted.settled_until or _first_review()
        if since is None:
            return False
        is_behind = since + _AT_ONCE < horizon
        until = since + _AT_ONCE if is_behind else None
        count_days(_changed_days(since, until))
        DeskDaysCounted.objects.filter(pk=1).update(
            settled_until=until or max(since, horizon), counted_at=Now()
        )
    return is_behind


def count_days(days: list[date]) -> None:
    """Count these days anew, in the caller's transaction, and forget what was counted of them."""
    DeskDay.objects.filter(day__in=days).delete()
    CheckDay.objects.filter(day__in=days).delete()
    values: dict[str, Any] = {
        "zone": settings.TIME_ZONE,
        "bounds": list(BOUNDS_MS),
        "decides": list(ENDS_THE_PLACE),
        "judges": list(JUDGES_FINDINGS),
    }
    with connection.cursor() as cursor:
        for day in days:
            cursor.execute(_COUNT_DESK_DAYS, values | {"day": day})
            cursor.execute(_COUNT_CHECK_DAYS, values | {"day": day})


def _is_our_turn() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_COUNTING])
        return bool(cursor.fetchone()[0])


def _progress() -> DeskDaysCounted:
    """Return how far the days are counted; in another time zone they are other days."""
    counted, _made = DeskDaysCounted.objects.get_or_create(
        pk=1, defaults={"time_zone": settings.TIME_ZONE}
    )
    if counted.time_zone != settings.TIME_ZONE:
        DeskDay.objects.all().delete()
        CheckDay.objects.all().delete()
        counted.time_zone, counted.settled_until = settings.TIME_ZONE, None
        counted.save()
    return counted


def _changed_days(since: datetime, until: datetime | None) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute(
            _CHANGED_DAYS,
            {"since": since, "until": until or "infinity", "zone": settings.TIME_ZONE},
        )
        return [day for (day,) in cursor.fetchall()]


def _settled_until() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED_UNTIL)
        settled: datetime = cursor.fetchone()[0]
    return settled


def _first_review() -> datetime | None:
    return Review.objects.order_by("created_at").values_list("created_at", flat=True).first()
