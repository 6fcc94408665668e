"""What a change of facts does to the drafts that were made before it."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction
from django.db.models import F

from explanations import nudge
from explanations.fact_changes import changed_pointers
from explanations.models import Draft, Place, Run


@dataclass(frozen=True, slots=True)
class Redrafted:
    """How many drafts a change of facts touched."""

    fenced_off: int = 0
    withdrawn: int = 0
    drafted_again: int = 0


# What else follows from a change of facts, in the same transaction. The human side has texts that
# rest on facts too, and this side must not know of them.
_followers: list[Callable[[Collection[int]], object]] = []


def follow_changes(follower: Callable[[Collection[int]], object]) -> None:
    """Have `follower` called with the recommendations of every change of facts, once registered.

    It runs in the transaction of the change, after the drafts were brought in line.
    """
    if follower not in _followers:
        _followers.append(follower)


# PENDING ones take the new facts when they are claimed. One that is being claimed right now with
# the old facts is found out when its answer is written.
_AFFECTED = (Draft.State.RUNNING, Draft.State.READY, Draft.State.BLOCKED)


def redraft_after_change(recommendation_ids: Collection[int]) -> Redrafted:
    """Bring drafts in line with the current snapshots of recommendations whose facts changed.

    RUNNING drafts go back to PENDING under a new attempt, so that the late answer is refused.
    READY and BLOCKED drafts that rest on a changed fact are withdrawn, their places closed, and
    drafted again as the next ordinal of the same run, which is opened again if it was done; in a
    cancelled run nothing is drafted any more. All others are left alone, and so are those of
    trials.

    Must run in the transaction that stored the snapshots, after the recommendations were locked.
    """
    if not recommendation_ids:
        return Redrafted()
    with transaction.atomic():
        drafts = list(
            Draft.objects.filter(
                recommendation_id__in=list(recommendation_ids), state__in=_AFFECTED
            )
            .order_by("id")
            .select_for_update(of=("self",))
            .only("id", "state", "recommendation_id")
        )
        running = [draft.pk for draft in drafts if draft.state == Draft.State.RUNNING]
        written = [
            draft.pk for draft in drafts if draft.state in {Draft.State.READY, Draft.State.BLOCKED}
        ]
        outdated = _resting_on_changed_facts(written)
        redrafted = Redrafted(
            fenced_off=_fence_off(running),
            withdrawn=_withdraw(outdated),
            drafted_again=len(draft_again([draft.pk for draft in outdated])),
        )
        if redrafted.fenced_off or redrafted.drafted_again:
            nudge.after_commit(nudge.DRAIN_DRAFTS)
        for follower in _followers:
            follower(recommendation_ids)
        return redrafted


def _resting_on_changed_facts(draft_ids: list[int]) -> list[Draft]:
    drafts = (
        Draft.objects.without_trials()
        .filter(pk__in=draft_ids)
        .outdated()
        .select_related("snapshot", "recommendation__snapshot")
        .order_by("id")
    )
    return [
        draft
        for draft in drafts.iterator(chunk_size=500)
        if draft.snapshot
        and draft.recommendation.snapshot
        and changed_pointers(
            draft.rests_on, draft.snapshot.facts, draft.recommendation.snapshot.facts
        )
    ]


def _fence_off(draft_ids: list[int]) -> int:
    return Draft.objects.filter(pk__in=draft_ids, state=Draft.State.RUNNING).update(
        state=Draft.State.PENDING,
        attempt=F("attempt") + 1,
        snapshot=None,
        claimed_by="",
        claimed_at=None,
        lease_until=None,
        not_before=None,
    )


def _withdraw(drafts: Iterable[Draft]) -> int:
    draft_ids = [draft.pk for draft in drafts]
    if not draft_ids:
        return 0
    Place.objects.filter(
        draft_id__in=draft_ids, state__in=[Place.State.OPEN, Place.State.ESCALATED]
    ).update(state=Place.State.CLOSED)
    return Draft.objects.filter(
        pk__in=draft_ids, state__in=[Draft.State.READY, Draft.State.BLOCKED]
    ).update(state=Draft.State.WITHDRAWN)


# A blocked one that was drafted again when it was blocked has its follower already, which is
# brought in line by itself.
_DRAFT_AGAIN: Final = """
INSERT INTO explanations_draft
    (run_id, task_id, recommendation_id, prompt_id, model_version_id, ordinal, priority,
     redraft_of_id, blind, state, attempt, tries, claimed_by, text, rests_on, request_sha256,
     served_by, served_model, finish_reason, failure_reason, failure, settled_outcome)
SELECT draft.run_id, draft.task_id, draft.recommendation_id, draft.prompt_id,
       draft.model_version_id,
       last.ordinal + row_number() OVER (
           PARTITION BY draft.run_id, draft.recommendation_id ORDER BY draft.id
       ),
       draft.priority, draft.id, false, 'PENDING', 0, 0, '', '', '{}', '', '', '', '', '', '', ''
FROM explanations_draft draft
JOIN explanations_run run ON run.id = draft.run_id AND run.state <> 'CANCELLED'
CROSS JOIN LATERAL (
    SELECT max(other.ordinal) AS ordinal FROM explanations_draft other
    WHERE other.run_id = draft.run_id AND other.recommendation_id = draft.recommendation_id
) AS last
WHERE draft.id = ANY(%s)
  AND NOT EXISTS (
      SELECT FROM explanations_draft follower
      WHERE follower.redraft_of_id = draft.id AND follower.told <> ''
  )
ORDER BY draft.id
RETURNING redraft_of_id, id
"""


def draft_again(withdrawn: Collection[int]) -> dict[int, int]:
    """Have withdrawn drafts written once more, as the next ordinals of their runs.

    Returns the new draft of each old one. A run that was done goes on with them; in a cancelled one
    nothing is drafted any more. Must run in the transaction that withdrew them, which wakes a
    drainer after it.
    """
    if not withdrawn:
        return {}
    of_these = Draft.objects.filter(pk__in=withdrawn).order_by().values("run").distinct()
    # Who ends or cancels a run locks it first.
    list(Run.objects.filter(pk__in=of_these).order_by("pk").select_for_update().values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(_DRAFT_AGAIN, [list(withdrawn)])
        again: dict[int, int] = dict(cursor.fetchall())
    Run.objects.filter(
        pk__in=Draft.objects.filter(pk__in=again).order_by().values("run").distinct(),
        state=Run.State.DONE,
    ).update(state=Run.State.RUNNING, finished_at=None)
    return again
