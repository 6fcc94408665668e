"""Who has which draft: claim, renew, save, give back.

A lease lasts three minutes by the database's clock and is renewed by the work itself. What an
editor has typed stays with the assignment whatever becomes of its lease.

Whoever takes or ends a hold locks in this order, so that nobody waits in a ring: the editor, the
recommendation, the draft, the place.
"""

import json
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple, TypedDict

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Cast, Extract, Greatest, Least, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.log import record
from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import Place, Task
from feedback.models import Assignment
from feedback.outcomes import NOT_NOW
from feedback.review_body import MOST_ACTIVE_MS, BodyRefused, storable_json
from feedback.services.queue_statements import (
    ASSIGNMENT_ON,
    GET,
    GIVE_UP_ONE_AHEAD,
    LEASE_AHEAD,
    LEASE_NOW,
    LEASED_AHEAD,
    LOCK_EDITOR,
    MINE,
    RENEW,
    REVIVE,
    SAVE,
    first_free,
)
from feedback.services.whole_assignments import read_whole

LEASE: Final = timedelta(minutes=3)
# Work that was left when a lease ran out comes back to its editor for this long.
UNFINISHED_FOR: Final = timedelta(hours=12)
# Whoever skipped a draft with "not now" is offered it again after this long.
NOT_NOW_FOR: Final = timedelta(hours=12)
MOST_WORK_CHARACTERS: Final = 200_000
MOST_REVISIONS: Final = 2**31 - 1
# Two a person: the current draft and the next, ready.
SLOTS: Final = (1, 2)

OPEN_STATES: Final = (Place.State.OPEN, Place.State.ESCALATED)

SENTENCES: Final = {
    "taken": gettext_lazy("Somebody else has this draft now."),
    "finished": gettext_lazy("This draft has been reviewed."),
    "escalated": gettext_lazy("This draft is with the lead now."),
    "withdrawn": gettext_lazy(
        "This draft was withdrawn, because its facts changed or a lead pulled it."
    ),
    "released": gettext_lazy("You gave this draft back."),
    "submitted": gettext_lazy("You have submitted this draft already."),
    "full": gettext_lazy("You have two other drafts open with unsaved work."),
}


class Saved(NamedTuple):
    """What is known after a save: the work's new revision, and the number of the task's guide."""

    revision: int
    guide: int | None


class LeaseLost(Exception):
    """The place is no longer the editor's. What they typed is kept with the assignment."""

    def __init__(self, reason: str, assignment: Assignment) -> None:
        self.reason = reason
        self.assignment = assignment
        self.sentence = str(SENTENCES[reason])
        super().__init__(self.sentence)


class WorkConflict(Exception):
    """A save that names an older revision; `assignment` carries the work that is stored."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        super().__init__(_("Another tab has saved this draft since."))


class Asked(TypedDict):
    """What an editor asks for, as the arguments of `claim_next` and `prepare_next`."""

    tasks: Collection[Task] | None
    escalated: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What an editor wants next: these tasks (None: any), from the ordinary or the leads' queue."""

    tasks: frozenset[int] | None = None
    escalated: bool = False

    @classmethod
    def of(cls, tasks: Collection[Task] | None, escalated: bool) -> "Wish":
        """Make a wish from what a view was asked for."""
        return cls(None if tasks is None else frozenset(task.pk for task in tasks), escalated)

    @property
    def place_state(self) -> Place.State:
        """The state of the places that the wish looks at."""
        return Place.State.ESCALATED if self.escalated else Place.State.OPEN

    def fits(self, held: "Held") -> bool:
        """Whether what is held is what was wished for."""
        return held.place_state == self.place_state and (
            self.tasks is None or held.task in self.tasks
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What a claim has to know of an assignment that the editor has, or had."""

    assignment: int
    state: str
    slot: int
    has_work: bool
    place: int
    place_state: str
    task: int
    draft: int
    is_held_back: bool
    """A fact that the draft rests on has been reported as wrong."""


# --- Claiming ------------------------------------------------------------------------------------


def claim_next(
    editor: Person, *, tasks: Collection[Task] | None = None, escalated: bool = False
) -> Assignment | None:
    """Return the draft that the editor is to work on now, leased to them; None when none waits.

    That is the one they hold already, else one with work that they left when its lease ran out,
    else the first of the queue: highest priority, of `tasks` where given, never a draft that they
    have reviewed, never one that rests on a fact reported as wrong. `escalated` asks for what was
    given to the lead. One that they hold, untouched and not what they ask for, goes back. Where
    nothing else waits, somebody's draft that is only leased ahead comes to who has none.
    """
    wish = Wish.of(tasks, escalated)
    if found := _claim(editor, wish):
        return found
    may_find_more = sweep_expired() or _give_up_one_ahead(editor, wish)
    return _claim(editor, wish) if may_find_more else None


def prepare_next(
    editor: Person, *, tasks: Collection[Task] | None = None, escalated: bool = False
) -> int | None:
    """Lease a second draft ahead, so that it is there when the current one is submitted.

    Returns the id of the assignment leased ahead, None when no draft waits, or when the editor has
    no current one: whoever has stopped holds nothing.
    """
    wish = Wish.of(tasks, escalated)
    held, _left = _mine(editor, wish)
    if _are_two(held) and _is_wanted(held[1], wish):
        # Most often it is there already. What only looks needs no lock.
        return held[1].assignment
    with transaction.atomic():
        lock_editor(editor)
        held, _left = _mine(editor, wish)
        if _are_two(held) and not _is_wanted(held[1], wish):
            _end(held.pop().assignment, Assignment.State.RELEASED)
        if _are_two(held):
            return held[1].assignment
        ahead = _lease_first(editor, wish, held[0]) if held else None
        return ahead.pk if ahead else None


def _are_two(held: Sequence[Held]) -> bool:
    return len(held) == len(SLOTS)


def _claim(editor: Person, wish: Wish) -> Assignment | None:
    held, _left = _mine(editor, wish)
    if held and _is_wanted(held[0], wish) and (renewed := _renewed(held[0])):
        # Most often it was leased ahead. To renew is to compare and set: that needs no lock.
        return renewed
    with transaction.atomic():
        lock_editor(editor)
        held, left = _mine(editor, wish)
        for each in held:
            if _is_wanted(each, wish) and (renewed := _renewed(each)):
                return renewed
            _end(each.assignment, Assignment.State.RELEASED)
        return _taken_up_again(left) or _lease_first(editor, wish)


def _give_up_one_ahead(editor: Person, wish: Wish) -> bool:
    """Give back a draft that somebody else has leased ahead and not been shown. Says if it did.

    To be shown it, they renew its lease: what was renewed since it was looked at stays theirs.
    """
    return bool(GIVE_UP_ONE_AHEAD.changed(editor=editor.pk, **_wished(wish)))


def lock_editor(editor: Person) -> None:
    """Let one request at a time change what an editor holds: their two tabs take turns."""
    LOCK_EDITOR.rows(editor=editor.pk)


def _mine(editor: Person, wish: Wish) -> tuple[list[Held], list[Held]]:
    """Return what the editor holds, and what they were at when a lease ran out.

    Of what is held comes first what they last worked on, last what they never opened. What was left
    is as they wish, still free, and not reviewed since; the newest comes first.
    """
    mine = [Held(*row) for row in MINE.rows(editor=editor.pk, **_wished(wish))]
    return (
        [each for each in mine if each.state == Assignment.State.ACTIVE],
        [each for each in mine if each.state == Assignment.State.EXPIRED],
    )


def _wished(wish: Wish) -> dict[str, object]:
    """Return the values of statements that look for what an editor may have."""
    return {
        "state": wish.place_state.value,
        "escalated": wish.escalated,
        "tasks": None if wish.tasks is None else list(wish.tasks),
        "task": next(iter(wish.tasks), 0) if wish.tasks else 0,
        "not_now": NOT_NOW,
        "not_now_for": NOT_NOW_FOR,
        "unfinished_for": UNFINISHED_FOR,
    }


def _is_wanted(held: Held, wish: Wish) -> bool:
    if held.has_work:
        return held.place_state in OPEN_STATES
    return wish.fits(held) and not held.is_held_back


def _renewed(held: Held) -> Assignment | None:
    """Renew a lease; None when it has just been ended."""
    row = RENEW.row(assignment=held.assignment, lease=LEASE)
    return read_whole(row) if row else None


def _taken_up_again(left: Sequence[Held]) -> Assignment | None:
    """Bring back what the editor was at when a lease ran out, if the place is still free."""
    for each in left[:1]:
        place = locked_place(each.place)
        if place.state in OPEN_STATES and _is_free(place):
            return _revive(each.assignment, SLOTS[0])
    return None


def _lease_first(editor: Person, wish: Wish, beside: Held | None = None) -> Assignment | None:
    """Lease the first place of the queue, or return None when none waits.

    The place is locked first, and only then is looked, in a second statement with a snapshot of its
    own, whether it is free: the first statement's snapshot can be older than the lock, and would
    let two editors take one place.
    """
    free = first_free(wish.place_state, None if wish.tasks is None else len(wish.tasks))
    wanted = _wished(wish) | {"editor": editor.pk, "beside": beside.draft if beside else 0}
    slot = next(slot for slot in SLOTS if beside is None or slot != beside.slot)
    lease = LEASE_AHEAD if beside else LEASE_NOW
    while found := free.row(**wanted):
        if row := lease.row(place=found[0], editor=editor.pk, slot=slot, lease=LEASE):
            return LEASED_AHEAD.read(row) if beside else read_whole(row)
    return None


def locked_place(place_id: int) -> Place:
    """Return the place, locked against whoever would take or end it."""
    return Place.objects.select_for_update(no_key=True).get(pk=place_id)


def _is_free(place: Place) -> bool:
    return not Assignment.objects.active().filter(place=place).exists()


def _slot_beside(held: Collection[Assignment]) -> int:
    taken = {assignment.slot for assignment in held}
    return next(slot for slot in SLOTS if slot not in taken)


def _revive(assignment_id: int, slot: int) -> Assignment:
    row = REVIVE.row(assignment=assignment_id, slot=slot, lease=LEASE)
    if row is None:
        raise Assignment.DoesNotExist
    return read_whole(row)


# --- Keeping -------------------------------------------------------------------------------------


def get_assignment(assignment_id: int, editor: Person) -> Assignment:
    """Return the editor's own assignment with its draft. Raises Assignment.DoesNotExist."""
    row = GET.row(assignment=assignment_id, editor=editor.pk)
    if row is None:
        raise Assignment.DoesNotExist
    return read_whole(row)


def assignment_on(draft_id: int, editor: Person, key: uuid.UUID) -> int:
    """Return the id of the assignment on a draft that a submission under this key is about.

    That is the one submitted under it already, taken back or not, so that a repetition finds its
    answer; else the editor's newest, which is the one they hold. Raises Assignment.DoesNotExist
    when they never had the draft.
    """
    found = ASSIGNMENT_ON.row(draft=draft_id, editor=editor.pk, key=key)
    if found is None:
        raise Assignment.DoesNotExist
    assignment_id: int = found[0]
    return assignment_id


def renew(assignment_id: int, editor: Person) -> Assignment:
    """Hold on for three more minutes: this one, and the one leased ahead with it.

    One whose lease ran out is the editor's again when nobody has taken the place. Raises LeaseLost,
    and Assignment.DoesNotExist for somebody else's.
    """
    Assignment.objects.active().filter(editor=editor, place__state__in=OPEN_STATES).update(
        leased_until=Now() + LEASE
    )
    assignment = get_assignment(assignment_id, editor)
    if assignment.state == Assignment.State.ACTIVE and assignment.place.state in OPEN_STATES:
        return assignment
    return _hold_again(assignment, editor)


def save_work(
    assignment_id: int, editor: Person, work: dict[str, object], revision: int, active_ms: int
) -> Saved:
    """Keep what is not submitted yet and renew the lease.

    `revision` is the one that the work was made from, `active_ms` all the time at work so far, in
    milliseconds. Raises WorkConflict when another tab saved since, BodyRefused when the work is too
    long or too deep, Assignment.DoesNotExist for somebody else's. Raises LeaseLost when the place
    is gone; the work is kept even then, unless it was submitted.
    """
    if not 0 <= revision < MOST_REVISIONS:
        raise BodyRefused({"revision": ["There is no such revision."]})
    kept = storable_json(work)
    written = json.dumps(kept)
    if len(written) > MOST_WORK_CHARACTERS:
        raise BodyRefused({"work": ["Too long to be kept."]})
    saved = SAVE.row(
        assignment=assignment_id,
        editor=editor.pk,
        revision=revision,
        work=written,
        active_ms=_possible(active_ms),
        lease=LEASE,
        open=list(OPEN_STATES),
    )
    if saved:
        return Saved(revision + 1, guide=saved[0])
    held = _save_late(assignment_id, editor, kept, revision, active_ms)
    return Saved(held.revision, guide_in_use(held))


def guide_in_use(assignment: Assignment) -> int | None:
    """Return the number of the guide that counts for an assignment now; None without a guide."""
    guide = assignment.place.task.guide
    return guide.number if guide else None


def _possible(active_ms: int) -> int:
    return min(max(active_ms, 0), MOST_ACTIVE_MS)


def _at_work(active_ms: int) -> Greatest:
    """Never less than was known, and no more than has passed since the draft was claimed.

    That can be months: a draft that was given back comes to its editor again with its work.
    """
    passed_ms = Cast(
        Extract(Now() - F("created_at"), "epoch") * Value(1000), models.BigIntegerField()
    )
    return Greatest(F("active_ms"), Least(Value(_possible(active_ms)), passed_ms))


def _save_late(
    assignment_id: int,
    editor: Person,
    work: object,
    revision: int,
    active_ms: int,
) -> Assignment:
    assignment = get_assignment(assignment_id, editor)
    if assignment.revision == revision + 1 and assignment.work == work:
        # The same save again: its answer was lost on the way, also where that said no.
        return _hold_again(assignment, editor)
    if assignment.state == Assignment.State.SUBMITTED:
        raise LeaseLost("submitted", assignment)
    kept = (
        Assignment.objects.filter(pk=assignment_id, revision=revision)
        .exclude(state=Assignment.State.SUBMITTED)
        .update(
            work=work,
            revision=revision + 1,
            work_saved_at=Now(),
            active_ms=_at_work(active_ms),
        )
    )
    if not kept:
        raise WorkConflict(get_assignment(assignment_id, editor))
    return _hold_again(get_assignment(assignment_id, editor), editor)


def _hold_again(assignment: Assignment, editor: Person) -> Assignment:
    """Take back a place whose lease ran out. Raises LeaseLost."""
    with transaction.atomic():
        lock_editor(editor)
        place = locked_place(assignment.place_id)
        assignment = get_assignment(assignment.pk, editor)
        if reason := why_lost(assignment, place):
            raise LeaseLost(reason, assignment)
        if assignment.state == Assignment.State.ACTIVE:
            return assignment
        slot = free_slot(editor, place.draft_id)
        if slot is None:
            raise LeaseLost("full", assignment)
        return _revive(assignment.pk, slot)


def why_lost(assignment: Assignment, place: Place, *, given_back: bool = True) -> str:
    """Return why the locked place is not the editor's to take again, or "" when it is.

    `given_back` says whether one that the editor released counts as lost.
    """
    if assignment.state == Assignment.State.SUBMITTED:
        return "submitted"
    if place.state == Place.State.CLOSED:
        return "withdrawn"
    if place.state not in OPEN_STATES:
        return "finished"
    if place.state == Place.State.ESCALATED and not has_right(assignment.editor, LEAD):
        return "escalated"
    if Assignment.objects.active().filter(place=place).exclude(pk=assignment.pk).exists():
        return "taken"
    if given_back and assignment.state == Assignment.State.RELEASED:
        return "released"
    return ""


def free_slot(editor: Person, draft_id: int) -> int | None:
    """Return a slot in which the editor, who is locked, can take this draft up again.

    An untouched draft makes room, and so does another place of the same draft, on which nobody is
    to work twice. So does a review that was taken back and not changed since: its lease ends, and
    it comes again when what is before it is done. None when both slots hold other unsaved work.
    """
    held = list(
        Assignment.objects.active().filter(editor=editor).select_related("place").order_by("-pk")
    )
    for assignment in [each for each in held if each.place.draft_id == draft_id]:
        if assignment.work_saved_at is not None:
            return None
        _end(assignment.pk, Assignment.State.RELEASED)
        held.remove(assignment)
    if len(held) < len(SLOTS):
        return _slot_beside(held)
    for assignment in held:
        if assignment.work_saved_at is None:
            _end(assignment.pk, Assignment.State.RELEASED)
            return assignment.slot
    for assignment in reversed(held):
        if assignment.revision == 0:
            _end(assignment.pk, Assignment.State.EXPIRED)
            return assignment.slot
    return None


# --- Letting go ----------------------------------------------------------------------------------


def release(assignment_id: int, editor: Person) -> None:
    """Give a draft back to the queue; what was typed stays for when the editor meets it again.

    Safe to repeat. Raises Assignment.DoesNotExist for somebody else's.
    """
    assignment = Assignment.objects.get(pk=assignment_id, editor=editor)
    _end(assignment.pk, Assignment.State.RELEASED)


def end_lease(assignment_id: int, lead: Person) -> None:
    """End somebody's lease, as the lead who answers for it; the draft is anybody's again.

    What was typed stays with the assignment, and comes back with the draft if nobody takes it
    meanwhile. Safe to repeat. Raises Assignment.DoesNotExist.
    """
    with transaction.atomic():
        assignment = Assignment.objects.select_related("place__draft").get(pk=assignment_id)
        _end(assignment.pk, Assignment.State.EXPIRED)
        record(lead, "lease ended", assignment.place.draft, editor=assignment.editor_id)


def sweep_expired() -> int:
    """End the leases that ran out. Returns how many there were."""
    with transaction.atomic():
        run_out = list(
            Assignment.objects.active()
            .filter(leased_until__lt=Now())
            .select_for_update(skip_locked=True, no_key=True)
            .values_list("pk", flat=True)
        )
        if not run_out:
            return 0
        return Assignment.objects.filter(pk__in=run_out).update(
            state=Assignment.State.EXPIRED, ended_at=Now()
        )


def _end(assignment_id: int, state: Assignment.State) -> None:
    Assignment.objects.active().filter(pk=assignment_id).update(state=state, ended_at=Now())
