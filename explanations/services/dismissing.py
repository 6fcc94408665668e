"""Findings that are nothing, in all drafts of a task: dismissed with a reason, and revoked."""

from typing import Final

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.log import record
from accounts.models import Person
from accounts.statements import Statement
from explanations.models import Dismissal, Draft, Finding, Task
from explanations.services.blocking import let_into_queue, reason_given

Dismissals = frozenset[tuple[str, str]]
"""Check and gist of what is dismissed in a task."""

# What somebody may still look at; of the rest it stays on record what it was.
_UNDECIDED: Final = (Draft.State.READY, Draft.State.BLOCKED)


class CannotDismiss(Exception):
    """A finding that cannot be dismissed, or a dismissal that cannot be revoked; it says why."""


def dismissals_of(task: Task) -> Dismissals:
    """Return what is dismissed in a task now."""
    return frozenset(_DISMISSALS.rows(task=task.pk))


# With nearly every golden that is made.
_DISMISSALS: Final = Statement(
    """
    SELECT check_name, gist FROM explanations_dismissal
    WHERE task_id = %(task)s AND revoked_at IS NULL
    """
)


def all_dismissals(task: Task) -> "QuerySet[Dismissal]":
    """Return a task's dismissals, those that stand first, with how many findings each covers."""
    return (
        Dismissal.objects.filter(task=task)
        .select_related("dismissed_by", "revoked_by")
        .annotate(covers=Count("findings"), is_revoked=Q(revoked_at__isnull=False))
        .order_by("is_revoked", "-id")
    )


def dismiss_for_task(finding_id: int, person: Person, reason: str) -> Dismissal:
    """Declare that a finding is nothing, here and in all other drafts of its task.

    The same words under the same check show and block no more: at once in drafts that nobody has
    decided on, within seconds in those that are being drafted. A draft that nothing else blocked
    goes to the queue, unless it has been drafted again meanwhile. A second dismissal of the same
    finding is the first one. Raises CannotDismiss without a reason and for a finding that says
    nothing to go by; Finding.DoesNotExist.
    """
    said = reason_given(reason)
    if not said:
        raise CannotDismiss("Say why.")
    with transaction.atomic():
        finding = (
            Finding.objects.filter(draft__run__trial__isnull=True)
            .select_related("draft__task")
            .get(pk=finding_id)
        )
        task = Task.objects.select_for_update(no_key=True).get(pk=finding.draft.task_id)
        if not finding.gist:
            raise CannotDismiss("This finding is too old to be known again in other drafts.")
        dismissal, is_new = Dismissal.objects.get_or_create(
            task=task,
            check_name=finding.check_name,
            gist=finding.gist,
            revoked_at=None,
            defaults={
                "words": _words(finding),
                "message": finding.message,
                "reason": said,
                "dismissed_by": person,
            },
        )
        if is_new:
            covered = _cover(dismissal)
            freed = _free_blocked(dismissal)
            record(
                person,
                "finding.dismissed_for_task",
                dismissal,
                check=dismissal.check_name,
                gist=dismissal.gist,
                reason=said,
                findings=covered,
                drafts_let_through=freed,
            )
    return dismissal


def revoke(dismissal_id: int, person: Person) -> Dismissal:
    """Let the checks say again what was dismissed; drafts that were let through stay so.

    Raises CannotDismiss when it is revoked already; Dismissal.DoesNotExist.
    """
    with transaction.atomic():
        dismissal = Dismissal.objects.select_for_update(no_key=True).get(pk=dismissal_id)
        if dismissal.revoked_at is not None:
            raise CannotDismiss("This dismissal is revoked already.")
        Dismissal.objects.filter(pk=dismissal.pk).update(revoked_by=person, revoked_at=Now())
        shown = Finding.objects.filter(dismissal=dismissal, draft__state__in=_UNDECIDED).update(
            dismissal=None
        )
        record(person, "finding.dismissal_revoked", dismissal, findings=shown)
        dismissal.refresh_from_db()
    return dismissal


def _words(finding: Finding) -> str:
    if finding.start is None:
        return ""
    return finding.draft.text[finding.start : finding.end][:300]


def _cover(dismissal: Dismissal) -> int:
    """Take the finding back wherever nobody has decided yet; return how many times."""
    return Finding.objects.filter(
        draft__task=dismissal.task_id,
        draft__state__in=_UNDECIDED,
        check_name=dismissal.check_name,
        gist=dismissal.gist,
        dismissal=None,
    ).update(dismissal=dismissal)


def _free_blocked(dismissal: Dismissal) -> int:
    """Let through the drafts that nothing blocks any more and that no other has replaced."""
    still_blocked = Finding.objects.standing().filter(draft=OuterRef("pk"), blocked=True)
    freed = list(
        Draft.objects.without_trials()
        .filter(
            state=Draft.State.BLOCKED,
            findings__dismissal=dismissal,
            findings__blocked=True,
            redrafts=None,
        )
        .exclude(Exists(still_blocked))
        .order_by("pk")
        .distinct()
        .values_list("pk", flat=True)
    )
    locked = list(
        Draft.objects.filter(pk__in=freed, state=Draft.State.BLOCKED)
        .select_related("task")
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    let_into_queue(locked, dismissal.dismissed_by, dismissal.reason)
    return len(locked)
