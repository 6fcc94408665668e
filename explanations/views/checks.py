"""What the checks may do in a task: what blocks its drafts, and what is dismissed in all."""

from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.checks import check_names
from explanations.models import Dismissal, Task, Threshold
from explanations.services.blocking import (
    Blocking,
    BlockingRefused,
    blocking_of,
    changes_of,
    set_blocking,
)
from explanations.services.dismissing import CannotDismiss, all_dismissals, revoke

CHANGES_SHOWN: Final = 10
DISMISSALS_SHOWN: Final = 200


class TaskChecksPage(RightRequiredMixin, View):
    """`/tasks/<slug>/checks/`: read by all, changed by leads."""

    rights = (READ,)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what blocks, who changed it, and what is dismissed."""
        task = get_object_or_404(Task, slug=slug)
        context = {
            "task": task,
            **_choices(blocking_of(task)),
            "changes": changes_of(task, CHANGES_SHOWN),
            "dismissals": all_dismissals(task)[:DISMISSALS_SHOWN],
            "may_change": has_right(request.user, LEAD),
        }
        return render(request, "explanations/task_checks.html", context)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Change what blocks, or revoke a dismissal, as the pressed button says."""
        person = person_of(request)
        if not has_right(person, LEAD):
            raise PermissionDenied
        task = get_object_or_404(Task, slug=slug)
        try:
            if dismissal := request.POST.get("revoke"):
                if not dismissal.isdecimal() or len(dismissal) > 18:
                    raise Http404
                get_object_or_404(Dismissal, task=task, pk=dismissal)
                revoke(int(dismissal), person)
                messages.success(request, _("Revoked: the check says it again."))
            else:
                set_blocking(task, _asked(request), person)
                messages.success(request, _("Saved: drafts are blocked by this from now on."))
        except (BlockingRefused, CannotDismiss) as refused:
            messages.error(request, str(refused))
        return redirect("task-checks", slug)


def _asked(request: HttpRequest) -> Blocking:
    own = {
        field.removeprefix("check-"): str(value)
        for field, value in request.POST.items()
        if field.startswith("check-") and value
    }
    return Blocking(request.POST.get("usual", ""), own, "redrafts" in request.POST)


def _choices(blocking: Blocking) -> dict[str, Any]:
    names = sorted({*check_names(), *blocking.by_check})
    return {
        "blocking": blocking,
        "thresholds": Threshold.choices,
        "own": [(name, blocking.by_check.get(name, "")) for name in names],
    }
