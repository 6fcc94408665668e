"""What stalled goes back, what is finished is closed. Everything here can be run at any time."""

import logging
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from explanations.models import Draft, Run
from explanations.services.drafting import drainers
from explanations.services.drafting.claiming import LOCK_ORDER
from explanations.services.drafting.pace import MOST_LOST, Pace

log = logging.getLogger(__name__)

WORKER_LOST: Final = "worker_lost"
_WORKER_LOST_SENTENCE: Final = (
    f"The drafting worker died or hung {MOST_LOST} times with this draft."
)

_TAKE_BACK: Final = f"""
WITH stalled AS (
    SELECT draft.id
    FROM explanations_draft draft
    WHERE draft.state = 'RUNNING' AND draft.lease_until < now()
    ORDER BY {LOCK_ORDER}
    FOR UPDATE SKIP LOCKED
)
UPDATE explanations_draft draft
SET state = CASE WHEN draft.lost + 1 >= %(most_lost)s THEN 'FAILED' ELSE 'PENDING' END,
    lost = draft.lost + 1,
    lease_until = NULL,
    finished_at = CASE WHEN draft.lost + 1 >= %(most_lost)s THEN now() END,
    failure_reason = CASE WHEN draft.lost + 1 >= %(most_lost)s THEN %(reason)s ELSE '' END,
    failure = CASE WHEN draft.lost + 1 >= %(most_lost)s THEN %(sentence)s ELSE '' END
FROM stalled
WHERE draft.id = stalled.id
RETURNING draft.state
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found."""

    taken_back: int
    failed: int
    runs_done: int
    work_waits: bool
    """Drafts are due, and somebody has to be told."""


def sweep(pace: Pace) -> Swept:
    """Take back what dead drainers held, close finished runs, and say whether work waits."""
    drainers.forget_dead(pace.silent_s)
    taken_back, failed = take_back()
    runs_done = finish_runs()
    if taken_back or failed:
        log.warning("%s drafts taken back from dead drainers, %s failed.", taken_back, failed)
    return Swept(taken_back, failed, runs_done, work_waits())


@transaction.atomic
def take_back() -> tuple[int, int]:
    """Let drafts whose lease ran out wait again; return how many do, and how many failed.

    A draft with which drainers died again and again fails: it is likely what kills them.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_BACK,
            {
                "most_lost": MOST_LOST,
                "reason": WORKER_LOST,
                "sentence": _WORKER_LOST_SENTENCE,
            },
        )
        states = [state for (state,) in cursor.fetchall()]
    failed = states.count(Draft.State.FAILED)
    return len(states) - failed, failed


@transaction.atomic
def finish_runs() -> int:
    """Close the running runs whose drafts have all ended; return how many."""
    # Locked first and looked at in a second statement: who makes more drafts for a run holds its
    # row meanwhile, and what they made must be seen here.
    running = list(
        Run.objects.filter(state=Run.State.RUNNING)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)
    )
    return (
        Run.objects.filter(id__in=running, state=Run.State.RUNNING)
        .exclude(Exists(_unfinished().filter(run=OuterRef("pk"))))
        .update(state=Run.State.DONE, finished_at=Now())
    )


def work_waits() -> bool:
    """Return whether a draft of a running run, with a server to go to, is due now."""
    return (
        Draft.objects.filter(
            Q(not_before__isnull=True) | Q(not_before__lte=Now()),
            state=Draft.State.PENDING,
            run__state=Run.State.RUNNING,
            run__model_version__servers__isnull=False,
        )
        .order_by()
        .exists()
    )


def _unfinished() -> QuerySet[Draft]:
    return Draft.objects.filter(state__in=[Draft.State.PENDING, Draft.State.RUNNING])
