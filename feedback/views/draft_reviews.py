"""A draft's whole history: all that happened to it, and every decision, also those taken back."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views import View

from accounts.models import Person
from accounts.rights import (
    LEAD,
    READ,
    READ_DATASETS,
    REVIEW,
    RightRequiredMixin,
    has_right,
    person_of,
)
from explanations.models import Draft, Finding
from explanations.services.drafts import visible_findings
from feedback.models import DatasetRow, Review
from feedback.outcomes import REASONS, UNDO_REASONS
from feedback.services.adjudicating import adjudications_of
from feedback.services.datasets.reading import holding
from feedback.views.history import events_of
from feedback.views.shown_text import changes, tagged

REASONS_BY_OUTCOME = {
    **{str(outcome): reasons for outcome, reasons in REASONS.items()},
    Review.Outcome.UNDO: UNDO_REASONS,
}


class DraftReviews(RightRequiredMixin, View):
    """`/drafts/<id>/reviews/`: the history of one draft, oldest first."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Show the draft, what happened to it, and its reviews."""
        draft = get_object_or_404(
            Draft.objects.without_trials()
            .select_related(
                "task",
                "recommendation",
                "prompt",
                "model_version",
                "run__created_by",
                "let_through__person",
            )
            .prefetch_related(
                Prefetch("findings", queryset=Finding.objects.standing()), "redrafts"
            ),
            pk=draft_id,
        )
        reviews = (
            Review.objects.filter(draft=draft)
            .select_related("editor", "superseded_by")
            .prefetch_related(
                "tags__category", "answers__criterion", "goldens", "judgements__finding"
            )
            .order_by("pk")
        )
        findings = visible_findings(draft, person_of(request))
        datasets = _datasets_by_review(reviews, person_of(request))
        adjudications = list(adjudications_of(draft))
        context = {
            "draft": draft,
            "decisions": [
                shown_review(draft, review) | {"holding": datasets[review.pk]} for review in reviews
            ],
            "settled": next((each for each in adjudications if each.undone_at is None), None),
            "disagree": draft.state == Draft.State.REVIEWED and not draft.settled_outcome,
            "events": events_of(
                draft,
                reviews,
                adjudications,
                findings,
                to_a_lead=has_right(request.user, LEAD),
            ),
        }
        return render(request, "feedback/draft_reviews.html", context)


def _datasets_by_review(
    reviews: Iterable[Review], person: Person
) -> defaultdict[int, list[DatasetRow]]:
    """Return where ready datasets hold each review, for somebody who may read datasets."""
    found: defaultdict[int, list[DatasetRow]] = defaultdict(list)
    if has_right(person, READ_DATASETS):
        for row in holding([review.pk for review in reviews]):
            found[row.review_id].append(row)
    return found


def shown_review(draft: Draft, review: Review) -> dict[str, object]:
    """Return what `feedback/decision.html` shows; the review comes with all that belongs to it."""
    tags = list(review.tags.all())
    return {
        "review": review,
        "is_taken_back": hasattr(review, "superseded_by"),
        "reason": REASONS_BY_OUTCOME.get(review.outcome, {}).get(review.reason, review.reason),
        "tags": tags,
        "text": tagged(draft.text, tags) if any(tag.start is not None for tag in tags) else "",
        "changes": changes(draft.text, review.rewrite) if review.rewrite else [],
        "goldens": review.goldens.all(),
        "judgements": sorted(review.judgements.all(), key=lambda judged: judged.finding_id),
    }
