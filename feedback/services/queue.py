"""Who has which draft: claim, renew, save, give back.

A lease lasts three minutes by the database's clock and is renewed by the work itself. What an
editor has typed stays with the assignment whatever becomes of its lease.

Whoever takes or ends a hold locks in this order, so that nobody waits in a ring: the editor, the
recommendation, the draft, the place.
"""

import json
import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Extract, Greatest, Least, Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import Place, Task
from feedback.models import Assignment, FactReport, Review
from feedback.outcomes import NOT_NOW, Outcome
from feedback.review_body import MOST_ACTIVE_MS, BodyRefused, storable_json

LEASE: Final = timedelta(minutes=3)
# Work that was left when a lease ran out comes back to its editor for this long.
UNFINISHED_FOR: Final = timedelta(hours=12)
# Whoever skipped a draft with "not now" is offered it again after this long.
NOT_NOW_FOR: Final = timedelta(hours=12)
MOST_WORK_CHARACTERS: Final = 200_000
MOST_REVISIONS: Final = 2**31 - 1
# How far into the queue a claim looks at first, in places. What others hold stands at its head, two
# places an editor: fifty at once should not send each other further in.
FIRST_STRETCH: Final = 150
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

    def fits(self, place: Place) -> bool:
        """Whether the place is one that was wished for."""
        return place.state == self.place_state and (
            self.tasks is None or place.task_id in self.tasks
        )


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
) -> Assignment | None:
    """Lease a second draft ahead, so that it is there when the current one is submitted.

    Returns the one leased ahead, None when none waits, or when the editor has no current draft:
    whoever has stopped holds nothing.
    """
    wish = Wish.of(tasks, escalated)
    with transaction.atomic():
        lock_editor(editor)
        held, _left = _mine(editor, wish)
        if len(held) == len(SLOTS) and not _is_wanted(held[1], wish):
            _end(held.pop(), Assignment.State.RELEASED)
        if len(held) == len(SLOTS):
            return held[1]
        return _lease_first(editor, wish, held) if held else None


def _claim(editor: Person, wish: Wish) -> Assignment | None:
    with transaction.atomic():
        lock_editor(editor)
        held, left = _mine(editor, wish)
        for assignment in held:
            if _is_wanted(assignment, wish) and _renewed(assignment):
                return get_assignment(assignment.pk, editor)
            _end(assignment, Assignment.State.RELEASED)
        return _taken_up_again(left) or _lease_first(editor, wish, [])


def _give_up_one_ahead(editor: Person, wish: Wish) -> bool:
    """Give back a draft that somebody else has leased ahead and not been shown. Says if it did.

    To be shown it, they renew its lease: what was renewed since it was looked at stays theirs.
    """
    others = Assignment.objects.active().filter(editor=OuterRef("editor"))
    is_current = Q(work_saved_at__isnull=False) | Q(pk__lt=OuterRef("pk"))
    ahead = (
        Assignment.objects.active()
        .filter(
            Exists(others.exclude(pk=OuterRef("pk")).filter(is_current)),
            ~Exists(_reviews_by(editor, OuterRef("place__draft"), wish)),
            ~Exists(
                _open_reports(OuterRef("place__draft__recommendation"), "place__draft__rests_on")
            ),
            place__state=wish.place_state,
            work_saved_at=None,
        )
        .exclude(editor=editor)
        .order_by("-place__priority", "place")
    )
    if wish.tasks is not None:
        ahead = ahead.filter(place__task__in=wish.tasks)
    for one in ahead[:1]:
        unseen = Assignment.objects.active().filter(pk=one.pk, leased_until=one.leased_until)
        return bool(unseen.update(state=Assignment.State.RELEASED, ended_at=Now()))
    return False


def lock_editor(editor: Person) -> None:
    """Let one request at a time change what an editor holds: their two tabs take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM accounts_person WHERE id = %s FOR NO KEY UPDATE", [editor.pk])


def _mine(editor: Person, wish: Wish) -> tuple[list[Assignment], list[Assignment]]:
    """Return what the editor holds, and what they were at when a lease ran out.

    Of what is held comes first what they last worked on, last what they never opened. What was left
    is as they wish, still free, and not reviewed since; the newest comes first.
    """
    is_held = Q(state=Assignment.State.ACTIVE)
    was_left = Q(
        ~Exists(Assignment.objects.active().filter(place=OuterRef("place"))),
        ~Exists(_reviews_by(editor, OuterRef("place__draft"), wish)),
        state=Assignment.State.EXPIRED,
        work_saved_at__isnull=False,
        ended_at__gt=Now() - UNFINISHED_FOR,
        place__state=wish.place_state,
    )
    if wish.tasks is not None:
        was_left &= Q(place__task__in=wish.tasks)
    mine = list(
        Assignment.objects.filter(is_held | was_left, editor=editor)
        .select_related("place")
        .annotate(
            desk_now=Now(),
            is_held_back=Exists(
                _open_reports(OuterRef("place__draft__recommendation"), "place__draft__rests_on")
            ),
        )
        .order_by(F("ended_at").desc(), F("work_saved_at").desc(nulls_last=True), "pk")
    )
    return (
        [each for each in mine if each.state == Assignment.State.ACTIVE],
        [each for each in mine if each.state == Assignment.State.EXPIRED],
    )


def _is_wanted(assignment: Assignment, wish: Wish) -> bool:
    if assignment.work_saved_at is not None:
        return assignment.place.state in OPEN_STATES
    is_held_back: bool = assignment.is_held_back  # type: ignore[attr-defined]
    return wish.fits(assignment.place) and not is_held_back


def _renewed(assignment: Assignment) -> bool:
    """Renew a lease by the clock that was read with it; False when it has just been ended."""
    now: datetime = assignment.desk_now  # type: ignore[attr-defined]
    renewed = Assignment.objects.active().filter(pk=assignment.pk).update(leased_until=now + LEASE)
    return bool(renewed)


def _taken_up_again(left: Sequence[Assignment]) -> Assignment | None:
    """Bring back what the editor was at when a lease ran out, if the place is still free."""
    for assignment in left[:1]:
        place = locked_place(assignment.place_id)
        if place.state in OPEN_STATES and _is_free(place):
            return _revive(assignment, SLOTS[0])
    return None


def _lease_first(editor: Person, wish: Wish, held: Collection[Assignment]) -> Assignment | None:
    """Lease the first place of the queue, or return None when none waits.

    The place is locked first, and only then is looked, in a second statement with a snapshot of its
    own, whether it is free: the first statement's snapshot can be older than the lock, and would
    let two editors take one place.
    """
    for stretch in _stretches(wish):
        free = _free_for(editor, wish, stretch, held)
        while place := free.first():
            history = _history(place, editor)
            if not any(each.state == Assignment.State.ACTIVE for each in history):
                return _lease(place, editor, _slot_beside(held), history)
    return None


def _stretches(wish: Wish) -> Iterator[list[int]]:
    """Yield the queue's places in stretches from its head, each ten times as long as the last.

    Nearly always the first one holds a free place. Looking at a stretch at a time keeps the cost of
    a claim from growing with the queue, whatever the database's planner makes of the rest.
    """
    queue = Place.objects.filter(state=wish.place_state).order_by("-priority", "pk")
    if wish.tasks is not None:
        queue = queue.filter(task__in=wish.tasks)
    start, length = 0, FIRST_STRETCH
    while stretch := list(queue.values_list("pk", flat=True)[start : start + length]):
        yield stretch
        if len(stretch) < length:
            return
        start, length = start + length, length * 10


def _history(place: Place, editor: Person) -> list[Assignment]:
    """Return who holds a locked place, and what the editor held of it before, the newest first."""
    return list(
        Assignment.objects.filter(
            Q(state=Assignment.State.ACTIVE)
            | Q(
                editor=editor,
                state__in=[Assignment.State.EXPIRED, Assignment.State.RELEASED],
            ),
            place=place,
        ).order_by("-pk")
    )


def _free_for(
    editor: Person, wish: Wish, stretch: list[int], held: Collection[Assignment]
) -> QuerySet[Place]:
    """Return what the editor may take of a stretch of the queue, in order, to be locked.

    With all that a review looks at: what is locked is as it was read, or no longer open.
    """
    return (
        Place.objects.filter(
            ~Exists(Assignment.objects.active().filter(place=OuterRef("pk"))),
            ~Exists(_reviews_by(editor, OuterRef("draft"), wish)),
            ~Exists(_open_reports(OuterRef("draft__recommendation"), "draft__rests_on")),
            pk__in=stretch,
            state=wish.place_state,
        )
        .exclude(draft__in=[each.place.draft_id for each in held])
        .select_related("task", "draft__snapshot", "draft__recommendation__snapshot")
        .annotate(desk_now=Now())
        .order_by("-priority", "pk")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )


def _reviews_by(editor: Person, draft: OuterRef, wish: Wish) -> QuerySet[Review]:
    """Return the reviews for which the editor is not to have a draft again."""
    reviews = (
        Review.objects.standing()
        .filter(editor=editor, draft=draft)
        .exclude(outcome=Outcome.SKIP, reason=NOT_NOW, created_at__lt=Now() - NOT_NOW_FOR)
        .order_by()
    )
    # A lead may settle what they gave to the lead themselves.
    return reviews.exclude(outcome=Outcome.ESCALATE) if wish.escalated else reviews


class _Touches(models.Func):
    """Whether a pointer names one of the facts in an array, part of one, or what holds one."""

    template = (
        "(SELECT bool_or(used = pointer OR starts_with(used, pointer || '/')"
        " OR starts_with(pointer, used || '/')) FROM"
        " (SELECT unnest(pointers) AS used, pointer FROM"
        " (VALUES (%(expressions)s)) AS given (pointers, pointer)) AS each_used)"
    )
    output_field = models.BooleanField()


def _open_reports(recommendation: OuterRef, rests_on: str) -> QuerySet[FactReport]:
    """Return the open reports of facts that a draft rests on."""
    return FactReport.objects.filter(
        _Touches(
            Cast(OuterRef(rests_on), ArrayField(models.TextField())),
            Cast(F("pointer"), models.TextField()),
        ),
        state=FactReport.State.OPEN,
        recommendation=recommendation,
    ).order_by()


def locked_place(place_id: int) -> Place:
    """Return the place, locked against whoever would take or end it."""
    return Place.objects.select_for_update(no_key=True).get(pk=place_id)


def _is_free(place: Place) -> bool:
    return not Assignment.objects.active().filter(place=place).exists()


def _slot_beside(held: Collection[Assignment]) -> int:
    taken = {assignment.slot for assignment in held}
    return next(slot for slot in SLOTS if slot not in taken)


def _lease(place: Place, editor: Person, slot: int, before: Sequence[Assignment]) -> Assignment:
    """Lease a locked, free place, with what the editor had typed there before."""
    if before:
        return _revive(before[0], slot)
    now: datetime = place.desk_now  # type: ignore[attr-defined]
    leased = Assignment.objects.create(
        place=place, editor=editor, slot=slot, leased_until=now + LEASE, created_at=now
    )
    return _laid_out(leased)


def _revive(assignment: Assignment, slot: int) -> Assignment:
    Assignment.objects.filter(pk=assignment.pk).update(
        state=Assignment.State.ACTIVE, slot=slot, leased_until=Now() + LEASE, ended_at=None
    )
    return _laid_out(Assignment.objects.with_draft().get(pk=assignment.pk))


def _laid_out(assignment: Assignment) -> Assignment:
    """Let the draft know its task, which came with the place."""
    assignment.place.draft.task = assignment.place.task
    return assignment


# --- Keeping -------------------------------------------------------------------------------------


def get_assignment(assignment_id: int, editor: Person) -> Assignment:
    """Return the editor's own assignment with its draft. Raises Assignment.DoesNotExist."""
    return _laid_out(Assignment.objects.with_draft().get(pk=assignment_id, editor=editor))


def assignment_on(draft_id: int, editor: Person, key: uuid.UUID) -> int:
    """Return the id of the assignment on a draft that a submission under this key is about.

    That is the one submitted under it already, taken back or not, so that a repetition finds its
    answer; else the editor's newest, which is the one they hold. Raises Assignment.DoesNotExist
    when they never had the draft.
    """
    submitted = Review.objects.filter(editor=editor, key=key, assignment=OuterRef("pk")).order_by()
    return (
        Assignment.objects.filter(place__draft=draft_id, editor=editor)
        .order_by(Exists(submitted).desc(), "-pk")
        .values_list("pk", flat=True)[:1]
        .get()
    )


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
) -> int:
    """Keep what is not submitted yet and renew the lease. Returns the new revision.

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
    values: dict[str, Any] = {
        "assignment": assignment_id,
        "editor": editor.pk,
        "revision": revision,
        "work": written,
        "active_ms": _possible(active_ms),
        "lease": LEASE,
        "open": list(OPEN_STATES),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SAVE, values)
        if cursor.fetchone():
            return revision + 1
    return _save_late(assignment_id, editor, kept, revision, active_ms)


# The most frequent write of all, in one statement. What is leased ahead is kept for as long as the
# editor works; half a lease is soon enough, and one that another tab is just writing needs no help:
# to wait for it could end in a ring.
_SAVE: Final = """
WITH saved AS (
    UPDATE feedback_assignment held
    SET work = %(work)s::jsonb,
        revision = held.revision + 1,
        work_saved_at = statement_timestamp(),
        leased_until = statement_timestamp() + %(lease)s,
        active_ms = greatest(held.active_ms, least(
            %(active_ms)s,
            (extract(epoch FROM statement_timestamp() - held.created_at) * 1000)::bigint
        ))
    FROM explanations_place place
    WHERE held.id = %(assignment)s AND held.editor_id = %(editor)s
      AND held.revision = %(revision)s AND held.state = 'ACTIVE'
      AND place.id = held.place_id AND place.state = ANY(%(open)s)
    RETURNING held.id
), kept_ahead AS (
    UPDATE feedback_assignment SET leased_until = statement_timestamp() + %(lease)s
    WHERE id IN (
        SELECT ahead.id FROM feedback_assignment ahead, saved
        WHERE ahead.editor_id = %(editor)s AND ahead.state = 'ACTIVE' AND ahead.id <> saved.id
          AND ahead.work_saved_at IS NULL
          AND ahead.leased_until < statement_timestamp() + %(lease)s / 2
        FOR NO KEY UPDATE OF ahead SKIP LOCKED
    )
)
SELECT id FROM saved
"""


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
) -> int:
    assignment = get_assignment(assignment_id, editor)
    if assignment.revision == revision + 1 and assignment.work == work:
        return assignment.revision  # the same save again: its answer was lost on the way
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
    return _hold_again(get_assignment(assignment_id, editor), editor).revision


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
        return _revive(assignment, slot)


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
        _end(assignment, Assignment.State.RELEASED)
        held.remove(assignment)
    if len(held) < len(SLOTS):
        return _slot_beside(held)
    for assignment in held:
        if assignment.work_saved_at is None:
            _end(assignment, Assignment.State.RELEASED)
            return assignment.slot
    for assignment in reversed(held):
        if assignment.revision == 0:
            _end(assignment, Assignment.State.EXPIRED)
            return assignment.slot
    return None


# --- Letting go ----------------------------------------------------------------------------------


def release(assignment_id: int, editor: Person) -> None:
    """Give a draft back to the queue; what was typed stays for when the editor meets it again.

    Safe to repeat. Raises Assignment.DoesNotExist for somebody else's.
    """
    assignment = Assignment.objects.get(pk=assignment_id, editor=editor)
    _end(assignment, Assignment.State.RELEASED)


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


def _end(assignment: Assignment, state: Assignment.State) -> None:
    Assignment.objects.active().filter(pk=assignment.pk).update(state=state, ended_at=Now())
