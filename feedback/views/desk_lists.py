"""The lists behind the desk's own figures: the queue, reviews, and judgements of findings."""

from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.models import Place, Task
from explanations.views.newest_first import newest_first
from feedback.models import FindingJudgement, Review
from feedback.outcomes import NO_REASON, NONE_GIVEN, REASONS, UNDO_REASONS
from feedback.review_body import storable
from feedback.services.statistics.desk_lists import (
    DECIDED,
    JUDGED,
    JudgementFilters,
    NotTheirs,
    QueueFilters,
    ReviewFilters,
    find_judgements,
    find_places,
    find_reviews,
)
from feedback.views.asked_days import day_asked_for

ROWS_A_PAGE: Final = 50


class QueuePage(RightRequiredMixin, View):
    """`/queue/`: the reviews that drafts wait for, newest first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        state = request.GET.get("state", "")
        filters = QueueFilters(
            task=storable(request.GET.get("task", "")),
            state=state if state == Place.State.ESCALATED else Place.State.OPEN,
            only_late=bool(request.GET.get("late")),
        )
        context = {
            "page": newest_first(find_places(filters), request, ROWS_A_PAGE),
            "wanted": filters,
            "tasks": Task.objects.all(),
        }
        return render(request, "feedback/queue.html", context)


class ReviewsPage(RightRequiredMixin, View):
    """`/reviews/`: reviews that stand, newest first; who reviewed is for them and for leads."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        asked = request.GET
        outcome, undone = asked.get("outcome", ""), asked.get("undone", "")
        filters = ReviewFilters(
            task=storable(asked.get("task", "")),
            first=day_asked_for(asked, "from"),
            last=day_asked_for(asked, "to"),
            outcome=outcome if outcome in {DECIDED, *Review.Outcome.values} else "",
            reason=storable(asked.get("reason", "")),
            undone=undone if undone in Review.Outcome.values else "",
            editor=storable(asked.get("editor", "")),
            open_critical=asked.get("critical") == "open",
            timed=asked.get("timed") == "1",
        )
        viewer = person_of(request)
        try:
            found = find_reviews(filters, viewer)
        except NotTheirs:
            raise PermissionDenied from None
        context = {
            "page": newest_first(found, request, ROWS_A_PAGE),
            "wanted": filters,
            "tasks": Task.objects.all(),
            "outcomes": [(DECIDED, _("decided")), *Review.Outcome.choices],
            "reasons": {
                reason: _(words)
                for reasons in (*REASONS.values(), UNDO_REASONS, {NO_REASON: NONE_GIVEN})
                for reason, words in reasons.items()
            },
            "names_editors": has_right(viewer, LEAD) or filters.editor == viewer.username,
        }
        return render(request, "feedback/reviews.html", context)


class JudgementsPage(RightRequiredMixin, View):
    """`/judgements/`: what editors made of findings, newest first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        asked = request.GET
        version, verdict = asked.get("version", ""), asked.get("verdict", "")
        is_number = version.isascii() and version.isdecimal() and len(version) < 5
        filters = JudgementFilters(
            task=storable(asked.get("task", "")),
            first=day_asked_for(asked, "from"),
            last=day_asked_for(asked, "to"),
            check=storable(asked.get("check", "")),
            version=int(version) if is_number else None,
            verdict=verdict if verdict in {JUDGED, *FindingJudgement.Verdict.values} else "",
        )
        context = {
            "page": newest_first(find_judgements(filters), request, ROWS_A_PAGE),
            "wanted": filters,
            "tasks": Task.objects.all(),
            "verdicts": [(JUDGED, _("taken or dismissed")), *FindingJudgement.Verdict.choices],
        }
        return render(request, "feedback/judgements.html", context)
