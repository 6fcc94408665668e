"""Act at once on all that a search found: quarantine, redraft, send to review, and take it back.

An action is prepared first: its rows say which texts it is about, and its counts what becomes of
how many and what is left out. Doing it is a handful of statements, however many texts there are.
Each changes only what is still as it was when the action was prepared, and taking it back only
what is still as the action left it. Both are one line in the log.

Locks are taken in the order that `feedback.services.queue` names.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Run
from explanations.services.redrafting import draft_again, redraft_after_change
from feedback.models import BulkAction, Golden, Review
from feedback.services.deadlocks import again_after_deadlock
from feedback.services.goldens import hand_down, mark_outdated
from feedback.services.searching import DRAFTS, Search, bounded, matching

Kind = BulkAction.Kind
State = BulkAction.State

MOST_AT_ONCE: Final = 25_000
MOST_REASON: Final = 500
LONGEST_S: Final = 20.0
EXAMPLES: Final = 5

# Why a text is left out; each goes on after a number of drafts or goldens.
LEFT_OUT: Final[Mapping[str, str]] = {
    "blind": "of the random sample, which editors review whatever is found in it, because the"
    " error rates rest on it",
    "unwritten": "not written yet",
    "ended": "failed, cancelled or withdrawn",
    "quarantined": "quarantined already",
    "reviewed": "reviewed; what was made of them is found among the goldens",
    "waiting": "waiting for a review already",
    "blocked": "blocked by a check; dismiss its finding for the whole task, or let each through",
    "followed": "blocked, and followed already by a draft that was told why",
    "run_cancelled": "of a cancelled run, in which nothing is drafted any more",
    "sent_back": "sent back to their editors",
    "withdrawn": "withdrawn",
}
_ENDED: Final = {"FAILED": "ended", "CANCELLED": "ended", "WITHDRAWN": "ended"}
_UNWRITTEN: Final = {"PENDING": "unwritten", "RUNNING": "unwritten"}
_LEFT_OUT_BY_STATE: Final[Mapping[tuple[str, str], Mapping[str, str]]] = {
    ("quarantine", "drafts"): {
        **_UNWRITTEN,
        **_ENDED,
        "QUARANTINED": "quarantined",
        "REVIEWED": "reviewed",
    },
    ("redraft", "drafts"): {**_UNWRITTEN, **_ENDED, "REVIEWED": "reviewed"},
    ("review", "drafts"): {
        **_UNWRITTEN,
        **_ENDED,
        "READY": "waiting",
        "BLOCKED": "blocked",
        "REVIEWED": "reviewed",
    },
    ("review", "goldens"): {
        "NEEDS_REVIEW": "waiting",
        "SENT_BACK": "sent_back",
        "WITHDRAWN": "withdrawn",
    },
}
KINDS: Final = tuple(_LEFT_OUT_BY_STATE)
"""What can be done, each to drafts or to goldens."""
_DONE_TO: Final[Mapping[str, str]] = {
    "quarantine": "quarantined",
    "redraft": "had redrafted",
    "review": "sent to review",
}


class BulkRefused(Exception):
    """An action that cannot be prepared, done or taken back; the text is a sentence for people."""


# --- Preparing -----------------------------------------------------------------------------------

_CHOOSE_DRAFTS: Final = """
WITH found (id, state) AS MATERIALIZED ({found}),
asked (kind, left_out, action) AS (SELECT %s, %s::jsonb, %s::bigint),
judged AS MATERIALIZED (
    SELECT draft.id, draft.state,
        CASE
            WHEN asked.left_out ? draft.state THEN asked.left_out ->> draft.state
            WHEN draft.blind AND draft.state <> 'QUARANTINED' THEN 'blind'
            WHEN asked.kind = 'redraft' AND run.state = 'CANCELLED' THEN 'run_cancelled'
            WHEN asked.kind = 'redraft' AND EXISTS (
                SELECT FROM explanations_draft follower
                WHERE follower.redraft_of_id = draft.id AND follower.told <> ''
            ) THEN 'followed'
            WHEN asked.kind = 'review' AND NOT EXISTS (
                SELECT FROM explanations_place place WHERE place.draft_id = draft.id
            ) THEN 'blocked'
        END AS why
    FROM asked CROSS JOIN found
    JOIN explanations_draft draft ON draft.id = found.id
    JOIN explanations_run run ON run.id = draft.run_id
), kept AS (
    INSERT INTO feedback_bulkactionrow (action_id, draft_id, state_before)
    SELECT action, id, state FROM asked, judged WHERE why IS NULL
), on_desks AS (
    SELECT count(DISTINCT judged.id) AS drafts
    FROM feedback_assignment assignment
    JOIN explanations_place place ON place.id = assignment.place_id
    JOIN judged ON judged.id = place.draft_id
    WHERE assignment.state = 'ACTIVE' AND place.state IN ('OPEN', 'ESCALATED')
      AND judged.why IS NULL
)
SELECT state, why, count(*), (SELECT drafts FROM on_desks) FROM judged GROUP BY state, why
"""
_CHOOSE_GOLDENS: Final = """
WITH found (id, state) AS MATERIALIZED ({found}),
judged AS MATERIALIZED (
    SELECT golden.id, golden.state, golden.state_reason, %s::jsonb ->> golden.state AS why
    FROM found JOIN feedback_golden golden ON golden.id = found.id
), kept AS (
    INSERT INTO feedback_bulkactionrow (action_id, golden_id, state_before, reason_before)
    SELECT %s, id, state, state_reason FROM judged WHERE why IS NULL
)
SELECT state, why, count(*), 0 FROM judged GROUP BY state, why
"""


def prepare(kind: Kind, wanted: Search, person: Person) -> BulkAction:
    """Write down what an action would do to all that is found now, and change nothing yet.

    What the person had prepared before and not done is forgotten. Raises BulkRefused when there is
    too much or nothing to do, SearchRefused and TookTooLong.
    """
    if (kind.value, wanted.about) not in _LEFT_OUT_BY_STATE:
        raise BulkRefused(_("Goldens can be sent to review, and nothing else."))
    with bounded(wanted, LONGEST_S):
        BulkAction.objects.filter(created_by=person, state=State.PREPARED).delete()
        action = BulkAction.objects.create(
            kind=kind, about=wanted.about, search=wanted.as_asked(), created_by=person
        )
        action.counts = _choose(action, *matching(wanted, person))
        chosen = action.counts["chosen"]
        if chosen > MOST_AT_ONCE:
            raise BulkRefused(
                _(
                    "This would be %(chosen)s at once; %(most)s are the most. Narrow the search "
                    "by run, task or date."
                )
                % {"chosen": number_format(chosen), "most": number_format(MOST_AT_ONCE)}
            )
        action.save(update_fields=["counts"])
    return action


def _choose(action: BulkAction, found: str, parameters: Sequence[Any]) -> dict[str, Any]:
    """Write the rows of an action; return what was found and what is left out of it.

    `found` is a statement that yields the id and the state of each text.
    """
    left_out = json.dumps(_LEFT_OUT_BY_STATE[action.kind, action.about])
    with connection.cursor() as cursor:
        if action.about == DRAFTS:
            cursor.execute(
                _CHOOSE_DRAFTS.format(found=found),
                [*parameters, str(action.kind), left_out, action.pk],
            )
        else:
            cursor.execute(_CHOOSE_GOLDENS.format(found=found), [*parameters, left_out, action.pk])
        rows = cursor.fetchall()
    states: dict[str, int] = {}
    why_not: dict[str, int] = {}
    for state, why, count, _on_desks in rows:
        counted, name = (states, state) if why is None else (why_not, why)
        counted[name] = counted.get(name, 0) + count
    return {
        "found": sum(count for _state, _why, count, _on_desks in rows),
        "chosen": sum(states.values()),
        "states": states,
        "left_out": why_not,
        "on_desks": rows[0][3] if rows else 0,
    }


def examples(action: BulkAction) -> list[Draft] | list[Golden]:
    """Return a few of the action's texts, picked by chance but the same each time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(draft_id, golden_id) FROM feedback_bulkactionrow"
            " WHERE action_id = %s ORDER BY md5(coalesce(draft_id, golden_id)::text) LIMIT %s",
            [action.pk, EXAMPLES],
        )
        ids = [text_id for (text_id,) in cursor.fetchall()]
    if action.about == DRAFTS:
        return list(
            Draft.objects.filter(pk__in=ids)
            .select_related("task", "recommendation")
            .order_by("-pk")
        )
    return list(
        Golden.objects.filter(pk__in=ids).select_related("task", "recommendation").order_by("-pk")
    )


def actions_on(draft: Draft) -> QuerySet[BulkAction]:
    """Return the actions that changed a draft, the newest first."""
    return (
        BulkAction.objects.filter(rows__draft=draft)
        .exclude(state=State.PREPARED)
        .select_related("created_by", "undone_by")
    )


# --- Doing ---------------------------------------------------------------------------------------


@again_after_deadlock
def do(action_id: int, person: Person, reason: str) -> BulkAction:
    """Do what the person has prepared, to all of it that is still as it was; say so in the log.

    Safe to repeat. Raises BulkRefused without a reason and when it cannot be done any more,
    BulkAction.DoesNotExist for what somebody else has prepared.
    """
    action = BulkAction.objects.select_for_update().get(pk=action_id, created_by=person)
    if action.state == State.DONE:
        return action
    if action.state != State.PREPARED:
        raise BulkRefused(_("This was done and undone; search again to do it once more."))
    action.reason = reason.strip()
    if not action.reason:
        raise BulkRefused(_("Say why; who meets one of these texts will read it."))
    if len(action.reason) > MOST_REASON:
        raise BulkRefused(_("The reason may have %(most)d characters.") % {"most": MOST_REASON})
    return _done(action, person)


@again_after_deadlock
def quarantine_drafts(draft_ids: Sequence[int], lead: Person, reason: str) -> BulkAction:
    """Take these drafts out of the queue, as one action that can be undone like any other.

    Those that are neither ready nor blocked stay as they are, and are counted as left out. Raises
    BulkRefused without a reason.
    """
    said = reason.strip()[:MOST_REASON]
    if not said:
        raise BulkRefused(_("Say why; who meets one of these texts will read it."))
    action = BulkAction.objects.create(
        kind=Kind.QUARANTINE, about=DRAFTS, search={"about": DRAFTS}, reason=said, created_by=lead
    )
    found = "SELECT id, state FROM explanations_draft WHERE id = ANY(%s)"
    action.counts = _choose(action, found, [list(draft_ids)])
    action.save(update_fields=["counts"])
    return _done(action, lead)


def do_because_of(
    review: Review, kind: Kind, about: str, found: str, parameters: Sequence[Any], reason: str
) -> BulkAction:
    """Do an action, in the transaction of the review that asks for it; its editor has done it.

    `found` is a statement that yields the id and the state of each text.
    """
    action = BulkAction.objects.create(
        kind=kind,
        about=about,
        search={"about": about},
        review=review,
        reason=reason[:MOST_REASON],
        created_by=review.editor,
    )
    action.counts = _choose(action, found, parameters)
    action.save(update_fields=["counts"])
    return _done(action, review.editor)


def _done(action: BulkAction, person: Person) -> BulkAction:
    changed = _DOING[action.kind, action.about](action)
    BulkAction.objects.filter(pk=action.pk).update(
        state=State.DONE, reason=action.reason, changed=len(changed), done_at=Now()
    )
    action.refresh_from_db()
    record(
        person,
        f"{_DONE_TO[action.kind]} {action.about}",
        action,
        search=action.search,
        reason=action.reason,
        counts=action.counts,
        changed=action.changed,
    )
    return action


_CHANGE_DRAFTS: Final = """
WITH ours AS (
    SELECT draft.id
    FROM explanations_draft draft
    JOIN feedback_bulkactionrow ours ON ours.draft_id = draft.id AND ours.action_id = %s
    JOIN explanations_run run ON run.id = draft.run_id
    WHERE draft.state = ours.state_before AND NOT (%s AND run.state = 'CANCELLED')
    ORDER BY draft.id
    FOR UPDATE OF draft
)
UPDATE explanations_draft draft SET state = %s FROM ours WHERE draft.id = ours.id
RETURNING draft.id
"""
_FORGET_OTHERS: Final = """
DELETE FROM feedback_bulkactionrow
WHERE action_id = %s AND NOT coalesce(draft_id, golden_id) = ANY(%s)
"""


def _quarantine(action: BulkAction) -> list[int]:
    changed = _change_drafts(action, Draft.State.QUARANTINED)
    _close_places(action)
    return changed


def _redraft(action: BulkAction) -> list[int]:
    run_ids = action.rows.order_by().values("draft__run").distinct()
    runs = Run.objects.filter(pk__in=run_ids).order_by("pk").select_for_update()
    list(runs.values_list("pk"))  # who cancels a run locks it first, and its drafts after that
    changed = _change_drafts(action, Draft.State.WITHDRAWN, only_of_open_runs=True)
    _close_places(action)
    again = draft_again(changed)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE feedback_bulkactionrow ours SET redraft_id = made.redraft"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS made (draft, redraft)"
            " WHERE ours.action_id = %s AND ours.draft_id = made.draft",
            [list(again), list(again.values()), action.pk],
        )
    nudge.after_commit(nudge.DRAIN_DRAFTS)
    return changed


_OPEN_PLACES: Final = """
WITH reopened AS (
    UPDATE explanations_place place SET state = 'OPEN'
    FROM feedback_bulkactionrow ours
    WHERE ours.action_id = %(action)s AND place.draft_id = ours.draft_id AND place.state = 'CLOSED'
    RETURNING place.draft_id, place.id
), changed AS (
    SELECT draft_id, jsonb_object_agg(id, 'CLOSED') AS places FROM reopened GROUP BY draft_id
)
UPDATE feedback_bulkactionrow ours SET places = changed.places
FROM changed WHERE ours.action_id = %(action)s AND ours.draft_id = changed.draft_id
"""


def _send_drafts_to_review(action: BulkAction) -> list[int]:
    _hold_facts_still(action)
    changed = _change_drafts(action, Draft.State.READY)
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_PLACES, {"action": action.pk})
    _follow_facts(changed)
    return changed


def _send_goldens_to_review(action: BulkAction) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH ours AS (
                SELECT golden.id
                FROM feedback_golden golden
                JOIN feedback_bulkactionrow ours
                    ON ours.golden_id = golden.id AND ours.action_id = %s
                WHERE golden.state = ours.state_before
                ORDER BY golden.id
                FOR NO KEY UPDATE OF golden
            )
            UPDATE feedback_golden golden
            SET state = 'NEEDS_REVIEW', state_reason = %s, changed_at = now()
            FROM ours WHERE golden.id = ours.id
            RETURNING golden.id
            """,
            [action.pk, action.reason],
        )
        changed = [golden_id for (golden_id,) in cursor.fetchall()]
        cursor.execute(_FORGET_OTHERS, [action.pk, changed])
    hand_down(Golden.objects.filter(pk__in=changed).select_related("snapshot"))
    return changed


def _change_drafts(
    action: BulkAction, to: Draft.State, *, only_of_open_runs: bool = False
) -> list[int]:
    """Change those drafts that are as they were, and forget the others; return which."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANGE_DRAFTS, [action.pk, only_of_open_runs, to.value])
        changed = [draft_id for (draft_id,) in cursor.fetchall()]
        cursor.execute(_FORGET_OTHERS, [action.pk, changed])
    return changed


_CLOSE_PLACES: Final = """
WITH open AS (
    SELECT place.id, place.draft_id, place.state
    FROM explanations_place place
    JOIN feedback_bulkactionrow ours
        ON ours.draft_id = place.draft_id AND ours.action_id = %(action)s
    WHERE place.state IN ('OPEN', 'ESCALATED')
    ORDER BY place.id
    FOR NO KEY UPDATE OF place
), closed AS (
    UPDATE explanations_place place SET state = 'CLOSED' FROM open WHERE place.id = open.id
), before AS (
    SELECT draft_id, jsonb_object_agg(id, state) AS places FROM open GROUP BY draft_id
)
UPDATE feedback_bulkactionrow ours SET places = before.places
FROM before WHERE ours.action_id = %(action)s AND ours.draft_id = before.draft_id
"""
# To whoever has one of them open, the closed place says all there is to say; a lease that has ended
# comes back with its work when the place is open again. One that is being renewed at this moment is
# passed over: its editor locks two of them, in no order.
_END_LEASES: Final = """
UPDATE feedback_assignment SET state = 'EXPIRED', ended_at = now()
WHERE id IN (
    SELECT assignment.id
    FROM feedback_assignment assignment
    JOIN explanations_place place ON place.id = assignment.place_id
    JOIN feedback_bulkactionrow ours ON ours.draft_id = place.draft_id AND ours.action_id = %s
    WHERE assignment.state = 'ACTIVE' AND place.state = 'CLOSED'
    FOR NO KEY UPDATE OF assignment SKIP LOCKED
)
"""


def _close_places(action: BulkAction) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_PLACES, {"action": action.pk})
        cursor.execute(_END_LEASES, [action.pk])


def _hold_facts_still(action: BulkAction) -> None:
    """Lock the recommendations, so that no change of their facts misses what comes back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM explanations_recommendation recommendation WHERE recommendation.id IN ("
            " SELECT coalesce(draft.recommendation_id, golden.recommendation_id)"
            " FROM feedback_bulkactionrow ours"
            " LEFT JOIN explanations_draft draft ON draft.id = ours.draft_id"
            " LEFT JOIN feedback_golden golden ON golden.id = ours.golden_id"
            " WHERE ours.action_id = %s"
            ") ORDER BY recommendation.id FOR SHARE",
            [action.pk],
        )


def _follow_facts(draft_ids: Collection[int]) -> None:
    """Waiting again, drafts are subject again to what has become of their facts."""
    outdated = Draft.objects.filter(pk__in=draft_ids).outdated().order_by()
    redraft_after_change(set(outdated.values_list("recommendation", flat=True)))


# --- Taking back ---------------------------------------------------------------------------------


@again_after_deadlock
def undo(action_id: int, person: Person) -> BulkAction:
    """Put back every text of an action that is still as the action left it; say so in the log.

    A lease that the action ended is its editor's again, with what they had typed, unless somebody
    is faster. Safe to repeat. Raises BulkRefused for what was not done, BulkAction.DoesNotExist.
    """
    action = BulkAction.objects.select_for_update().get(pk=action_id)
    if action.state == State.UNDONE:
        return action
    if action.state != State.DONE:
        raise BulkRefused(_("This has not been done."))
    return _undone(action, person)


def undo_because_of(review: Review, person: Person) -> None:
    """Put back what was done because of a review, in the transaction that takes it back."""
    caused = BulkAction.objects.filter(review=review, state=State.DONE).order_by("pk")
    for action in caused.select_for_update():
        _undone(action, person)


def let_stand(action_id: int, person: Person) -> BulkAction:
    """Say that a lead has looked at what a review caused, and that it is to stay so.

    Safe to repeat. Raises BulkRefused for anything else, BulkAction.DoesNotExist.
    """
    waiting = caused_by_reviews().filter(pk=action_id)
    settled = waiting.update(settled_by=person, settled_at=Now())
    action = BulkAction.objects.get(pk=action_id)
    if settled:
        record(person, "let stand", action)
    elif action.settled_at is None:
        raise BulkRefused(_("This waits for nobody."))
    return action


def caused_by_reviews() -> QuerySet[BulkAction]:
    """Return what reviews have caused and no lead has looked at yet, the oldest first."""
    return BulkAction.objects.filter(
        review__isnull=False, state=State.DONE, settled_at=None
    ).order_by("pk")


def _undone(action: BulkAction, person: Person) -> BulkAction:
    restored = _UNDOING[action.kind, action.about](action)
    BulkAction.objects.filter(pk=action.pk).update(
        state=State.UNDONE, restored=len(restored), undone_by=person, undone_at=Now()
    )
    action.refresh_from_db()
    record(
        person,
        f"undid: {_DONE_TO[action.kind]} {action.about}",
        action,
        changed=action.changed,
        restored=action.restored,
    )
    return action


# Of a text with which somebody has dealt at once again since, that later action has the say.
_NOTHING_LATER: Final = """
NOT EXISTS (
    SELECT FROM feedback_bulkactionrow later
    JOIN feedback_bulkaction action ON action.id = later.action_id AND action.state = 'DONE'
    WHERE later.{text}_id = ours.{text}_id AND later.action_id > ours.action_id
)
"""
_RESTORE_DRAFTS: Final = f"""
WITH ours AS (
    SELECT draft.id, ours.state_before
    FROM explanations_draft draft
    JOIN feedback_bulkactionrow ours ON ours.draft_id = draft.id AND ours.action_id = %(action)s
    WHERE draft.state = %(left_as)s
      AND {_NOTHING_LATER.format(text="draft")}
      AND NOT EXISTS (
          SELECT FROM jsonb_object_keys(ours.places) AS changed (id)
          JOIN explanations_place place ON place.id = changed.id::bigint
          WHERE place.state <> %(places_left_as)s
      )
      AND (NOT %(redrafted)s OR ours.redraft_id = ANY(%(redrafts)s))
    ORDER BY draft.id
    FOR UPDATE OF draft
)
UPDATE explanations_draft draft SET state = ours.state_before FROM ours WHERE draft.id = ours.id
RETURNING draft.id
"""  # noqa: S608 - made of constants
_RESTORE_PLACES: Final = """
WITH before AS (
    SELECT place.id, kept.state
    FROM feedback_bulkactionrow ours
    CROSS JOIN jsonb_each_text(ours.places) AS kept (id, state)
    JOIN explanations_place place ON place.id = kept.id::bigint
    WHERE ours.action_id = %s AND ours.draft_id = ANY(%s)
    ORDER BY place.id
    FOR NO KEY UPDATE OF place
)
UPDATE explanations_place place SET state = before.state FROM before WHERE place.id = before.id
"""


def _take_out_of_quarantine(action: BulkAction) -> list[int]:
    return _restore_drafts(action, Draft.State.QUARANTINED, "CLOSED")


def _take_from_review(action: BulkAction) -> list[int]:
    restored = _restore_drafts(action, Draft.State.READY, "OPEN")
    with connection.cursor() as cursor:
        cursor.execute(_END_LEASES, [action.pk])
    return restored


_CANCEL_REDRAFTS: Final = """
WITH waiting AS (
    SELECT id FROM explanations_draft
    WHERE id = ANY(%s) AND state = 'PENDING'
    ORDER BY id
    FOR UPDATE
)
UPDATE explanations_draft redraft
SET state = 'CANCELLED', not_before = NULL, finished_at = now()
FROM waiting WHERE redraft.id = waiting.id
RETURNING redraft.id
"""


def _keep_the_first_drafts(action: BulkAction) -> list[int]:
    with connection.cursor() as cursor:
        # Named one by one: of drafts just made the planner knows nothing, and joins them badly.
        cursor.execute(
            _CANCEL_REDRAFTS,
            [list(action.rows.order_by().values_list("redraft_id", flat=True))],
        )
        cancelled = [draft_id for (draft_id,) in cursor.fetchall()]
    return _restore_drafts(action, Draft.State.WITHDRAWN, "CLOSED", redrafts=cancelled)


def _restore_drafts(
    action: BulkAction,
    left_as: Draft.State,
    places_left_as: str,
    redrafts: Collection[int] | None = None,
) -> list[int]:
    _hold_facts_still(action)
    with connection.cursor() as cursor:
        cursor.execute(
            _RESTORE_DRAFTS,
            {
                "action": action.pk,
                "left_as": left_as.value,
                "places_left_as": places_left_as,
                "redrafted": redrafts is not None,
                "redrafts": list(redrafts or ()),
            },
        )
        restored = [draft_id for (draft_id,) in cursor.fetchall()]
        cursor.execute(_RESTORE_PLACES, [action.pk, restored])
    _follow_facts(restored)
    return restored


_RESTORE_GOLDENS: Final = f"""
WITH ours AS (
    SELECT golden.id, ours.state_before, ours.reason_before
    FROM feedback_golden golden
    JOIN feedback_bulkactionrow ours ON ours.golden_id = golden.id AND ours.action_id = %s
    WHERE golden.state = 'NEEDS_REVIEW' AND {_NOTHING_LATER.format(text="golden")}
    ORDER BY golden.id
    FOR NO KEY UPDATE OF golden
)
UPDATE feedback_golden golden
SET state = ours.state_before, state_reason = ours.reason_before, changed_at = now()
FROM ours WHERE golden.id = ours.id
RETURNING golden.id, golden.recommendation_id
"""  # noqa: S608 - made of constants


def _take_goldens_from_review(action: BulkAction) -> list[int]:
    _hold_facts_still(action)
    with connection.cursor() as cursor:
        cursor.execute(_RESTORE_GOLDENS, [action.pk])
        restored: dict[int, int] = dict(cursor.fetchall())
    hand_down(Golden.objects.filter(pk__in=restored).select_related("snapshot"))
    mark_outdated(set(restored.values()))
    return list(restored)


_DOING: Final[Mapping[tuple[str, str], Callable[[BulkAction], list[int]]]] = {
    ("quarantine", "drafts"): _quarantine,
    ("redraft", "drafts"): _redraft,
    ("review", "drafts"): _send_drafts_to_review,
    ("review", "goldens"): _send_goldens_to_review,
}
_UNDOING: Final[Mapping[tuple[str, str], Callable[[BulkAction], list[int]]]] = {
    ("quarantine", "drafts"): _take_out_of_quarantine,
    ("redraft", "drafts"): _keep_the_first_drafts,
    ("review", "drafts"): _take_from_review,
    ("review", "goldens"): _take_goldens_from_review,
}
