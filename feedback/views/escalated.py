"""What editors gave to the lead."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from accounts.rights import LEAD, RightRequiredMixin
from explanations.models import Place
from feedback.models import Review
from feedback.outcomes import REASONS, Outcome

PER_PAGE = 25


class Escalated(RightRequiredMixin, View):
    """`/escalated/`: drafts that wait for a lead, each with who asks and why."""

    rights = (LEAD,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show them in the order in which they will be reviewed."""
        asked = Review.objects.standing().filter(outcome=Outcome.ESCALATE).select_related("editor")
        places = (
            Place.objects.filter(state=Place.State.ESCALATED)
            .select_related("draft", "task")
            .prefetch_related(Prefetch("reviews", queryset=asked, to_attr="questions"))
            .order_by("-priority", "pk")
        )
        page = Paginator(places, PER_PAGE).get_page(request.GET.get("page"))
        for place in page:
            for question in place.questions:  # type: ignore[attr-defined]
                question.reason_words = REASONS[Outcome.ESCALATE].get(question.reason, "")
        return render(request, "feedback/escalated.html", {"page_obj": page})
