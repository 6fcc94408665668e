"""Where editors disagree: the list, and one draft with its reviews side by side."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.models import Draft, Task
from explanations.views.newest_first import newest_first
from feedback.review_body import storable
from feedback.services.adjudicating import (
    AdjudicationRefused,
    adjudicate,
    deciding_reviews,
    standing_adjudication,
    undo_adjudication,
    where_reviews_disagree,
)
from feedback.services.goldens import facts_seen
from feedback.views.draft_reviews import shown_review
from feedback.views.evidence import Marks, evidence

ROWS_A_PAGE: Final = 50


class DisagreementsPage(RightRequiredMixin, View):
    """`/disagreements/`: drafts whose reviews disagree, newest first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        task = storable(request.GET.get("task", ""))
        found = where_reviews_disagree(task)
        context = {
            "page": newest_first(found, request, ROWS_A_PAGE),
            "wanted": {"task": task},
            "tasks": Task.objects.all(),
        }
        return render(request, "feedback/disagreements.html", context)


class DisagreementPage(RightRequiredMixin, View):
    """`/drafts/<id>/disagreement/`: a draft's reviews side by side, and which one is right."""

    rights = (READ,)

    def get(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Show them; a draft that still wants a review has no such page."""
        return render(request, "feedback/disagreement.html", _context(request, draft_id))

    def post(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Settle it, or take that back, as the pressed button says."""
        person = person_of(request)
        if not has_right(person, LEAD):
            raise PermissionDenied
        reason = request.POST.get("reason", "")
        try:
            if request.POST.get("decision") == "undo":
                undo_adjudication(draft_id, person)
                messages.success(request, _("Taken back: the reviews disagree again."))
                return redirect("disagreement", draft_id)
            adjudicate(draft_id, _number(request.POST.get("right")), person, reason)
            messages.success(request, _("Settled."))
        except AdjudicationRefused as refused:
            messages.error(request, str(refused))
            if not where_reviews_disagree().filter(pk=draft_id).exists():
                return redirect("draft-reviews", draft_id)
            context = _context(request, draft_id) | {"reason": reason}
            return render(request, "feedback/disagreement.html", context)
        except Draft.DoesNotExist:
            raise Http404 from None
        return redirect("disagreements")


def _context(request: HttpRequest, draft_id: int) -> dict[str, Any]:
    draft = get_object_or_404(
        Draft.objects.select_related("task", "snapshot", "recommendation__snapshot"),
        pk=draft_id,
        state=Draft.State.REVIEWED,
    )
    facts, sources = facts_seen(draft)
    return {
        "draft": draft,
        "evidence": evidence(facts, Marks(sources, draft.rests_on, ())),
        "decisions": [shown_review(draft, review) for review in deciding_reviews(draft)],
        "settled": standing_adjudication(draft),
        "disagree": not draft.settled_outcome,
        "may_settle": has_right(request.user, LEAD),
    }


def _number(written: str | None) -> int:
    """Return the number that a button sent. Raises Http404 for anything else."""
    if written is None or not (written.isascii() and written.isdecimal()) or len(written) > 18:
        raise Http404
    return int(written)
