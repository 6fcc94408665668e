"""Find and read drafts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from accounts.models import Person
from accounts.rights import DRAFT, LEAD, has_right
from explanations.assertions import Assertion, Remark, assertions_of, evidence_in
from explanations.context import Mention, leaf_facts
from explanations.models import Draft, Finding
from explanations.models.draft import DraftQuerySet
from explanations.output_formats import get_output_format

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
    check: str = ""
    """Has a finding of this check; of a blocked draft, one that blocked it."""


def find_drafts(filters: DraftFilters, person: Person) -> QuerySet[Draft]:
    """Return the drafts that fit all filters, newest first, with what a list shows of them.

    Those of trials are never among them, nor, by what the checks say, those that the person may
    still review blind.
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
    if filters.check:
        findings = Finding.objects.standing().filter(draft=OuterRef("pk"), check_name=filters.check)
        if filters.states == (Draft.State.BLOCKED,):
            findings = findings.filter(blocked=True)
        found = without_those_to_review_blind(found.filter(Exists(findings)), person)
    return found


def without_those_to_review_blind(drafts: DraftQuerySet, person: Person) -> DraftQuerySet:
    """Leave out what this person may still review blind: a list by findings would tell of them."""
    if _may_know_findings(person):
        return drafts
    return drafts.exclude(blind=True, state__in=_NOT_YET_JUDGED)


def whole_drafts() -> QuerySet[Draft]:
    """Return drafts, but for those of trials, with everything that a page about one shows."""
    return (
        Draft.objects.without_trials()
        .select_related(
            "task",
            "recommendation",
            "model_version",
            "prompt",
            "run",
            "snapshot",
            "redraft_of",
            "let_through__person",
        )
        .prefetch_related(
            Prefetch("findings", queryset=Finding.objects.standing().select_related("category")),
            "redrafts",
        )
    )


def visible_findings(draft: Draft, person: Person) -> list[Finding] | None:
    """Return what the checks say of a draft; None while this person may still review it blind."""
    if draft.blind and draft.state in _NOT_YET_JUDGED and not _may_know_findings(person):
        return None
    return list(draft.findings.all())


def _may_know_findings(person: Person) -> bool:
    return has_right(person, LEAD) or has_right(person, DRAFT)


def remarks_of(findings: Iterable[Finding]) -> list[Remark]:
    """Return what assertions care about in findings."""
    return [
        Remark(finding.start, finding.end, finding.category.slug if finding.category else "")
        for finding in findings
    ]


def asserted_by(
    draft: Draft, remarks: Iterable[Remark], mentions: Sequence[Mention] | None = None
) -> list[Assertion]:
    """Return the sentences or bullets of a draft, each with how it stands by facts and findings.

    `mentions` are the evidence in its text, for who has found it already.
    """
    if mentions is None:
        facts = draft.snapshot.facts if draft.snapshot else {}
        mentions = evidence_in(draft.text, leaf_facts(facts))
    output_format = get_output_format(draft.task.output_format)
    lines = output_format.facts_of_lines(draft.output)
    return assertions_of(draft.text, mentions, remarks, lines)
