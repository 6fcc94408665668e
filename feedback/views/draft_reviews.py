"""A draft's whole history: all that happened to it, and every decision, also those taken back."""

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views import View

from accounts.rights import LEAD, READ, REVIEW, RightRequiredMixin, has_right, person_of
from explanations.models import Draft, Finding
from explanations.services.drafts import visible_findings
from feedback.models import Review
from feedback.outcomes import REASONS
from feedback.views.history import events_of
from feedback.views.shown_text import changes, tagged

REASONS_BY_OUTCOME = {str(outcome): reasons for outcome, reasons in REASONS.items()}


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
        context = {
            "draft": draft,
            "decisions": [_shown(draft, review) for review in reviews],
            "events": events_of(draft, reviews, findings, to_a_lead=has_right(request.user, LEAD)),
        }
        return render(request, "feedback/draft_reviews.html", context)


def _shown(draft: Draft, review: Review) -> dict[str, object]:
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
