"""The rows behind the desk's own figures: reviews, places, judgements of findings, goldens."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.db.models import (
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    QuerySet,
    Value,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import Place
from feedback.models import Dataset, DatasetRow, FindingJudgement, Golden, Review, overruled
from feedback.outcomes import ENDS_THE_PLACE, JUDGES_FINDINGS, NO_REASON
from feedback.services.days import in_days

DECIDED: Final = "decided"
"""In the place of an outcome: all that decide what becomes of a draft."""
JUDGED: Final = "judged"
"""In the place of a verdict: taken or dismissed."""
NOBODY: Final = ""
"""The catalogue owner of an import that names none."""

# Of the desk's few drafts that wait for a lead, the reviews that stand and have a critical tag.
OPEN_CRITICAL: Final = """
SELECT review.id
FROM (
    SELECT place.draft_id AS id, place.task_id FROM explanations_place place
    WHERE place.state = 'ESCALATED'
    UNION
    SELECT draft.id, draft.task_id FROM explanations_draft draft
    WHERE draft.state = 'REVIEWED' AND draft.settled_outcome = ''
    UNION
    SELECT draft.id, draft.task_id
    FROM feedback_bulkaction action
    JOIN feedback_review review ON review.id = action.review_id
    JOIN explanations_draft draft ON draft.id = review.draft_id
    WHERE action.state = 'DONE' AND action.settled_at IS NULL
) AS waiting
JOIN feedback_review review ON review.draft_id = waiting.id
WHERE (%(task)s::bigint IS NULL OR waiting.task_id = %(task)s)
  AND EXISTS (SELECT FROM feedback_tag tag WHERE tag.review_id = review.id AND tag.severity = 25)
  AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
"""
NOT_IN: Final = """NOT EXISTS (
    SELECT FROM feedback_datasetrow held
    WHERE held.dataset_id = {dataset} AND held.review_id = golden.review_id
)"""


class NotTheirs(Exception):
    """Somebody asks for the figures of another person, and is no lead."""


@dataclass(frozen=True, slots=True)
class ReviewFilters:
    """Which reviews to list; what is None or empty does not matter."""

    task: str = ""
    first: date | None = None
    last: date | None = None
    outcome: str = ""
    """DECIDED, or one of Review.Outcome."""
    reason: str = ""
    """NO_REASON, or one of those that can be given."""
    undone: str = ""
    """Of an undo: the outcome that it took back."""
    editor: str = ""
    """A username; whose is not theirs to ask, is refused."""
    open_critical: bool = False
    timed: bool = False
    """Only those of which it is known how long they took."""


@dataclass(frozen=True, slots=True)
class JudgementFilters:
    """Which judgements of findings to list; what is None or empty does not matter."""

    task: str = ""
    first: date | None = None
    last: date | None = None
    check: str = ""
    version: int | None = None
    verdict: str = ""
    """JUDGED, or one of FindingJudgement.Verdict."""


@dataclass(frozen=True, slots=True)
class QueueFilters:
    """Which places to list."""

    task: str = ""
    state: str = Place.State.OPEN
    only_late: bool = False
    """Those that wait longer than the target of their task."""


def find_reviews(filters: ReviewFilters, viewer: Person) -> "QuerySet[Review]":
    """Return the reviews that stand and fit all filters, and undos where they are asked for.

    Raises NotTheirs.
    """
    if filters.editor and filters.editor != viewer.username and not has_right(viewer, LEAD):
        raise NotTheirs
    superseding = Review.objects.filter(supersedes=OuterRef("pk")).order_by()
    found: QuerySet[Review] = Review.objects.filter(~Exists(superseding)).select_related(
        "draft__recommendation", "draft__task", "editor", "supersedes"
    )
    found = in_days(found, "created_at", filters.first, filters.last)
    if filters.task:
        found = found.filter(draft__task__slug=filters.task)
    if filters.outcome == DECIDED:
        found = found.filter(outcome__in=ENDS_THE_PLACE)
    elif filters.outcome:
        found = found.filter(outcome=filters.outcome)
    if filters.reason:
        found = found.filter(reason="" if filters.reason == NO_REASON else filters.reason)
    if filters.undone:
        found = found.filter(supersedes__outcome=filters.undone)
    if filters.editor:
        found = found.filter(editor__username=filters.editor)
    if filters.timed:
        found = found.filter(active_ms__gt=0)
    if filters.open_critical:
        statement = OPEN_CRITICAL.replace("%(task)s", "%s")
        found = found.filter(pk__in=RawSQL(statement, (None, None)))  # noqa: S611 - no user's words
    return found


def find_judgements(filters: JudgementFilters) -> "QuerySet[FindingJudgement]":
    """Return what editors made of findings, in reviews that stand, that no lead has overruled and
    that fit all filters.
    """
    superseding = Review.objects.filter(supersedes=OuterRef("review")).order_by()
    found = FindingJudgement.objects.filter(
        ~Exists(superseding), ~overruled("review"), review__outcome__in=JUDGES_FINDINGS
    ).select_related("finding__draft__recommendation", "finding__draft__task", "review")
    found = in_days(found, "review__created_at", filters.first, filters.last)
    if filters.task:
        found = found.filter(finding__draft__task__slug=filters.task)
    if filters.check:
        found = found.filter(finding__check_name=filters.check)
    if filters.version is not None:
        found = found.filter(finding__check_version=filters.version)
    if filters.verdict == JUDGED:
        verdict = FindingJudgement.Verdict
        found = found.filter(verdict__in=[verdict.TAKEN, verdict.DISMISSED])
    elif filters.verdict:
        found = found.filter(verdict=filters.verdict)
    return found


def find_places(filters: QueueFilters) -> "QuerySet[Place]":
    """Return the reviews that drafts wait for."""
    found = Place.objects.filter(state=filters.state).select_related(
        "task", "draft__recommendation"
    )
    if filters.task:
        found = found.filter(task__slug=filters.task)
    if filters.only_late:
        target = ExpressionWrapper(
            F("task__review_within_hours") * Value(timedelta(hours=1)), output_field=DurationField()
        )
        latest = ExpressionWrapper(Now() - target, output_field=DateTimeField())
        found = found.filter(opened_at__lt=latest)
    return found


def not_yet_in(goldens: "QuerySet[Golden]", name: str, number: int) -> "QuerySet[Golden]":
    """Keep the goldens that came to be as they are since this dataset, and are not in it.

    Of a dataset that does not exist there are none.
    """
    dataset = Dataset.objects.filter(name=name, number=number, state=Dataset.State.READY).first()
    if dataset is None or dataset.started_at is None:
        return goldens.none()
    held = DatasetRow.objects.filter(dataset=dataset, review=OuterRef("review"))
    return goldens.filter(~Exists(held), changed_at__gte=dataset.started_at)
