"""Fact reports: what editors doubt, for leads to settle."""

from typing import Final, cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Person
from accounts.rights import LEAD, READ, RightRequiredMixin, has_right
from explanations.context import pointer_label
from explanations.models import Task
from feedback.models import FactReport
from feedback.services.fact_reports import (
    FactReportRefused,
    ReportFilters,
    accept_report,
    counts_of_reports,
    find_reports,
    refuse_report,
    resting_on,
)
from feedback.views.asked_days import day_asked_for
from feedback.views.typed_value import typed_value

PER_PAGE = 25
# An owner may be nobody, which is an empty name.
EVERY_OWNER: Final = "*"
EVERY_STATE: Final = "ALL"


class FactReportList(RightRequiredMixin, View):
    """`/fact-reports/`: the open ones, which leads settle, by owner and task; others by `?state=`.

    Who reads figures of them may look them up.
    """

    rights = (LEAD, READ)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of reports."""
        state = request.GET.get("state", FactReport.State.OPEN)
        if state not in {EVERY_STATE, *FactReport.State.values}:
            state = FactReport.State.OPEN
        owner = request.GET.get("owner")
        filters = ReportFilters(
            state="" if state == EVERY_STATE else state,
            owner=None if owner in {None, EVERY_OWNER} else owner,
            task=request.GET.get("task", ""),
            first=day_asked_for(request.GET, "from"),
            last=day_asked_for(request.GET, "to"),
        )
        page = Paginator(find_reports(filters), PER_PAGE).get_page(request.GET.get("page"))
        by_state, by_owner = counts_of_reports(filters)
        bearing = resting_on(page) if state == FactReport.State.OPEN else {}
        context = {
            "page_obj": page,
            "rows": [
                (report, pointer_label(report.pointer), bearing.get(report.pk)) for report in page
            ],
            "state": state,
            "states": [
                (value, words, by_state.get(value, 0)) for value, words in FactReport.State.choices
            ]
            + [(EVERY_STATE, _("all"), sum(by_state.values()))],
            "may_settle": has_right(request.user, LEAD),
            "owners": sorted(by_owner.items()),
            "wanted": filters,
            "every_owner": EVERY_OWNER,
            "tasks": Task.objects.all(),
        }
        return render(request, "feedback/fact_reports.html", context)


class SettleFactReport(RightRequiredMixin, View):
    """`/fact-reports/<id>/`: accept or refuse one, as the pressed button says."""

    rights = (LEAD,)

    def post(self, request: HttpRequest, report_id: int) -> HttpResponse:
        """Settle the report and go back to the list."""
        report = get_object_or_404(FactReport, pk=report_id)
        lead = cast(Person, request.user)
        reason = request.POST.get("reason", "")
        try:
            if request.POST.get("decision") == "accept":
                accept_report(
                    report.pk,
                    lead,
                    reason,
                    right_value=typed_value(
                        request.POST.get("right_value", "").strip(), report.value_then
                    ),
                    source=request.POST.get("source", ""),
                )
                messages.success(
                    request, _("Accepted. Drafts that rest on the fact are redrafted.")
                )
            else:
                refuse_report(report.pk, lead, reason)
                messages.success(request, _("Refused. The drafts that it held go on."))
        except FactReportRefused as refused:
            messages.error(request, str(refused))
        return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Return the list as it was filtered when the report was settled."""
    asked = QueryDict(request.POST.get("back", "")).urlencode()
    here = reverse("fact-reports")
    return f"{here}?{asked}" if asked else here
