"""The pages of the checks: how right each is as editors judge it, and what it said."""

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views import View

from accounts.rights import READ, RightRequiredMixin
from explanations.models import Task
from feedback.services.check_precision import (
    DISMISSED,
    FOR_THE_TASK,
    TAKEN,
    UNDECIDED,
    checks_of,
    findings_of,
)

FINDINGS_A_PAGE: Final = 50
VERDICT_WORDS: Final = [
    (TAKEN.value, _("taken")),
    (DISMISSED.value, _("dismissed")),
    (UNDECIDED, _("undecided")),
    (FOR_THE_TASK, _("dismissed for the whole task")),
]


class ChecksPage(RightRequiredMixin, View):
    """`/checks/`: per task each check with what became of its findings."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show all tasks, or the one in the address."""
        tasks = list(Task.objects.all())
        wanted = request.GET.get("task", "")
        shown = [task for task in tasks if task.slug == wanted] or tasks
        context = {
            "tasks": tasks,
            "wanted": wanted,
            "shown": [checks_of(task) for task in shown],
        }
        return render(request, "feedback/checks.html", context)


class CheckFindingsPage(RightRequiredMixin, View):
    """`/checks/<task>/<check>/`: what a check said, on which words."""

    rights = (READ,)

    def get(self, request: HttpRequest, slug: str, check: str) -> HttpResponse:
        """List its findings, newest first."""
        task = get_object_or_404(Task, slug=slug)
        verdict = request.GET.get("verdict", "")
        written = request.GET.get("version", "")
        version = int(written) if written.isdecimal() and len(written) < 5 else None
        found = findings_of(task, check, version, verdict)
        page = Paginator(found, FINDINGS_A_PAGE).get_page(request.GET.get("page"))
        rows = [
            (
                finding,
                "" if finding.start is None else finding.draft.text[finding.start : finding.end],
            )
            for finding in page.object_list
        ]
        context = {
            "task": task,
            "check": check,
            "version": version,
            "verdict": verdict,
            "verdicts": VERDICT_WORDS,
            "page_obj": page,
            "rows": rows,
        }
        return render(request, "feedback/check_findings.html", context)
