"""What blocks a task's drafts, and letting one through that a check has blocked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from django.db import transaction
from django.db.models.functions import Now

from accounts.log import record
from accounts.models import LogEntry, Person
from explanations import checks
from explanations.checks import Thresholds, check_names
from explanations.models import CheckThreshold, Draft, LetThrough, Place, Task, Threshold

MOST_REASON: Final = 500
BLOCKING_CHANGED: Final = "task.blocking_changed"


class BlockingRefused(Exception):
    """Thresholds that cannot be; the message is a sentence for people."""


class CannotLetThrough(Exception):
    """A draft that cannot be let through; the message says why, to people."""


# Thresholds ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blocking:
    """How a task deals with findings: what blocks, of all checks and of some, and what follows.

    Thresholds are "nothing", "errors" or "everything".
    """

    usual: str
    by_check: Mapping[str, str]
    redrafts: bool


def blocking_of(task: Task) -> Blocking:
    """Return how a task deals with findings now."""
    own = dict(task.check_thresholds.values_list("check_name", "blocked_by"))
    return Blocking(task.blocked_by, own, task.redrafts_blocked)


def thresholds_of(task: Task) -> Thresholds:
    """Return a task's thresholds as the checks take them."""
    blocking = blocking_of(task)
    return Thresholds(
        cast("checks.Threshold", blocking.usual),
        cast("Mapping[str, checks.Threshold]", blocking.by_check),
    )


def set_blocking(task: Task, wanted: Blocking, person: Person | None) -> Blocking:
    """Deal with findings so from now on; drafts that are written already stay as they are.

    A check whose threshold is the usual one needs none of its own, and is left out. Raises
    BlockingRefused for a check or a threshold that does not exist.
    """
    if problem := _problem(wanted, {*check_names(), *blocking_of(task).by_check}):
        raise BlockingRefused(problem)
    by_check = {
        name: threshold for name, threshold in wanted.by_check.items() if threshold != wanted.usual
    }
    with transaction.atomic():
        locked = Task.objects.select_for_update(no_key=True).get(pk=task.pk)
        was = blocking_of(locked)
        now = Blocking(wanted.usual, dict(sorted(by_check.items())), wanted.redrafts)
        if was != now:
            Task.objects.filter(pk=task.pk).update(
                blocked_by=now.usual, redrafts_blocked=now.redrafts
            )
            locked.check_thresholds.all().delete()
            CheckThreshold.objects.bulk_create(
                CheckThreshold(task=locked, check_name=name, blocked_by=threshold)
                for name, threshold in now.by_check.items()
            )
            record(person, BLOCKING_CHANGED, locked, was=_in_words(was), now=_in_words(now))
    task.refresh_from_db(fields=["blocked_by", "redrafts_blocked"])
    return now


def changes_of(task: Task, most: int) -> list[LogEntry]:
    """Return who changed what blocks, the latest first."""
    entries = LogEntry.objects.filter(
        subject_type="task", subject_id=task.pk, action=BLOCKING_CHANGED
    )
    return list(entries.select_related("actor").order_by("-id")[:most])


def _problem(wanted: Blocking, known: Collection[str]) -> str:
    for name in wanted.by_check:
        if name not in known:
            return f"There is no check “{name[:60]}”; there are: {', '.join(sorted(known))}."
    for threshold in (wanted.usual, *wanted.by_check.values()):
        if threshold not in Threshold.values:
            return f"“{threshold[:60]}” is none of: {', '.join(Threshold.values)}."
    return ""


def _in_words(blocking: Blocking) -> dict[str, Any]:
    return {
        "usual": blocking.usual,
        "by_check": dict(blocking.by_check),
        "redrafts": blocking.redrafts,
    }


# Letting through ----------------------------------------------------------------------------------


def let_through(draft_id: int, person: Person, reason: str) -> Draft:
    """Let a blocked draft into the queue, as the lead who answers for it, with a reason.

    The draft that was to follow it is cancelled if the model has not had it yet: what it would be
    told is not so. Raises CannotLetThrough without a reason and when the draft is not blocked, and
    Draft.DoesNotExist, also for a trial's.
    """
    said = reason_given(reason)
    if not said:
        raise CannotLetThrough("Say why.")
    with transaction.atomic():
        draft = (
            Draft.objects.without_trials()
            .select_for_update(of=("self",))
            .select_related("task")
            .get(pk=draft_id)
        )
        if draft.state != Draft.State.BLOCKED:
            raise CannotLetThrough(f"This draft is not blocked: it is {draft.get_state_display()}.")
        let_into_queue([draft], person, said)
        cancelled = (
            Draft.objects.filter(redraft_of=draft, state=Draft.State.PENDING)
            .exclude(told="")
            .update(state=Draft.State.CANCELLED, not_before=None, finished_at=Now())
        )
        record(person, "draft.let_through", draft, reason=said, redrafts_cancelled=cancelled)
    return draft


def reason_given(reason: str) -> str:
    """Return a reason as it is kept: without white space around it, and not too long."""
    return reason.strip()[:MOST_REASON]


def let_into_queue(blocked: Sequence[Draft], person: Person, reason: str) -> None:
    """Make blocked drafts ready for review, and write down who answers for it and why.

    They get the places that they did not get when they were blocked; those of the blind sample have
    theirs. Must run in a transaction that holds their locks; they must come with their tasks.
    """
    Draft.objects.filter(pk__in=[draft.pk for draft in blocked]).update(state=Draft.State.READY)
    LetThrough.objects.bulk_create(
        LetThrough(draft=draft, person=person, reason=reason) for draft in blocked
    )
    have_places = set(Place.objects.filter(draft__in=blocked).values_list("draft", flat=True))
    places = [
        Place(draft=draft, ordinal=ordinal, task=draft.task, priority=draft.priority)
        for draft in blocked
        if draft.pk not in have_places
        for ordinal in range(1, draft.task.reviews_wanted + 1)
    ]
    Place.objects.bulk_create(places, batch_size=1000)
    for draft in blocked:
        draft.state = Draft.State.READY
