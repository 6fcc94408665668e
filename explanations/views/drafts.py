"""The pages of drafts: the list, and one with its facts, its findings and where it is from."""

from typing import Final

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views import View

from accounts.rights import READ, RightRequiredMixin, person_of
from explanations.context import leaf_facts
from explanations.forms import DraftFiltersForm
from explanations.services.drafts import find_drafts, visible_findings, whole_drafts

DRAFTS_A_PAGE: Final = 50


class DraftsPage(RightRequiredMixin, View):
    """`/drafts/`: drafts, newest first, by the filters in the address."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the drafts."""
        form = DraftFiltersForm(request.GET)
        found = find_drafts(form.filters())
        page = Paginator(found, DRAFTS_A_PAGE).get_page(request.GET.get("page"))
        return render(request, "explanations/drafts.html", {"form": form, "page_obj": page})


class DraftPage(RightRequiredMixin, View):
    """`/drafts/<id>/`: one draft."""

    rights = (READ,)

    def get(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Show the draft."""
        draft = get_object_or_404(whole_drafts(), pk=draft_id)
        facts = leaf_facts(draft.snapshot.facts) if draft.snapshot else []
        rests_on = set(draft.rests_on)
        context = {
            "draft": draft,
            "facts": [(fact, fact.pointer in rests_on) for fact in facts],
            "findings": visible_findings(draft, person_of(request)),
        }
        return render(request, "explanations/draft.html", context)
