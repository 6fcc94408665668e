"""Fact reports: what editors doubt, for leads to settle."""

from typing import cast

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Person
from accounts.rights import LEAD, RightRequiredMixin
from explanations.context import pointer_label
from feedback.models import FactReport
from feedback.services.fact_reports import FactReportRefused, accept_report, refuse_report
from feedback.views.typed_value import typed_value

PER_PAGE = 25


class FactReportList(RightRequiredMixin, View):
    """`/fact-reports/`: the open ones first to settle; settled ones by `?state=`."""

    rights = (LEAD,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of reports."""
        state = request.GET.get("state", FactReport.State.OPEN)
        if state not in FactReport.State.values:
            state = FactReport.State.OPEN
        reports = FactReport.objects.filter(state=state).select_related(
            "recommendation__task", "draft", "reported_by", "settled_by"
        )
        page = Paginator(reports, PER_PAGE).get_page(request.GET.get("page"))
        for report in page:
            report.label = pointer_label(report.pointer)  # type: ignore[attr-defined]
        context = {"page_obj": page, "state": state, "states": FactReport.State.choices}
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
        return redirect("fact-reports")
