"""The pages of drafts: the list, and one with its facts, its findings and where it is from."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.forms import DraftFiltersForm
from explanations.models import Draft, Finding
from explanations.services.blocking import CannotLetThrough, let_through
from explanations.services.dismissing import CannotDismiss, dismiss_for_task
from explanations.services.drafts import find_drafts, visible_findings, whole_drafts
from explanations.views.linked_text import linked
from explanations.views.newest_first import newest_first

DRAFTS_A_PAGE: Final = 50


class DraftsPage(RightRequiredMixin, View):
    """`/drafts/`: drafts, newest first, by the filters in the address."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the drafts."""
        form = DraftFiltersForm(request.GET)
        found = find_drafts(form.filters(), person_of(request))
        page = newest_first(found, request, DRAFTS_A_PAGE)
        return render(request, "explanations/drafts.html", {"form": form, "page": page})


class DraftPage(RightRequiredMixin, View):
    """`/drafts/<id>/`: one draft, and where a lead overrules what a check says of it."""

    rights = (READ,)

    def get(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Show the draft."""
        draft = get_object_or_404(whole_drafts(), pk=draft_id)
        findings = visible_findings(draft, person_of(request))
        context = {
            "draft": draft,
            "linked": linked(draft, findings),
            "findings": findings,
            "may_overrule": has_right(request.user, LEAD),
        }
        return render(request, "explanations/draft.html", context)

    def post(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Let it through, or dismiss a finding for the whole task, as the pressed button says."""
        person = person_of(request)
        if not has_right(person, LEAD):
            raise PermissionDenied
        reason = request.POST.get("reason", "")
        try:
            if request.POST.get("decision") == "let_through":
                let_through(draft_id, person, reason)
                messages.success(request, _("Let through: it waits for an editor."))
            elif request.POST.get("decision") == "dismiss":
                finding = get_object_or_404(
                    Finding, draft=draft_id, pk=_number(request.POST.get("finding"))
                )
                dismiss_for_task(finding.pk, person, reason)
                messages.success(request, _("Dismissed in all drafts of the task."))
        except (CannotLetThrough, CannotDismiss) as refused:
            messages.error(request, str(refused))
        except (Draft.DoesNotExist, Finding.DoesNotExist):
            raise Http404 from None
        return redirect("draft", draft_id)


def _number(written: str | None) -> int:
    """Return the number that a form sent. Raises Http404 for anything else."""
    if written is None or not written.isdecimal() or len(written) > 18:
        raise Http404
    return int(written)
