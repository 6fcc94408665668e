"""Find and read drafts."""

from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet

from accounts.models import Person
from accounts.rights import DRAFT, LEAD, has_right
from explanations.models import Draft, Finding

# Before somebody has judged it, what the checks say would spoil a blind review.
_NOT_YET_JUDGED = frozenset({Draft.State.READY, Draft.State.BLOCKED})


@dataclass(frozen=True, slots=True)
class DraftFilters:
    """Which drafts to show; what is None or empty does not matter."""

    task: str = ""
    run_id: int | None = None
    states: tuple[str, ...] = ()
    model: str = ""
    failure_reason: str = ""
    external_id: str = ""


def find_drafts(filters: DraftFilters) -> QuerySet[Draft]:
    """Return the drafts that fit all filters, newest first, with what a list shows of them.

    Those of trials are never among them.
    """
    found = (
        Draft.objects.without_trials()
        .order_by("-id")
        .select_related("task", "recommendation", "model_version", "prompt")
    )
    if filters.task:
        found = found.filter(task__slug=filters.task)
    if filters.run_id is not None:
        found = found.filter(run_id=filters.run_id)
    if filters.states:
        found = found.filter(state__in=filters.states)
    if filters.model:
        found = found.filter(run__model_version__name=filters.model)
    if filters.failure_reason:
        found = found.filter(failure_reason=filters.failure_reason)
    if filters.external_id:
        found = found.filter(recommendation__external_id=filters.external_id)
    return found


def whole_drafts() -> QuerySet[Draft]:
    """Return drafts, but for those of trials, with everything that a page about one shows."""
    return (
        Draft.objects.without_trials()
        .select_related(
            "task", "recommendation", "model_version", "prompt", "run", "snapshot", "redraft_of"
        )
        .prefetch_related(
            Prefetch("findings", queryset=Finding.objects.standing().select_related("category")),
            "redrafts",
        )
    )


def visible_findings(draft: Draft, person: Person) -> list[Finding] | None:
    """Return what the checks say of a draft; None while this person may still review it blind."""
    may_know = has_right(person, LEAD) or has_right(person, DRAFT)
    if draft.blind and draft.state in _NOT_YET_JUDGED and not may_know:
        return None
    return list(draft.findings.all())
