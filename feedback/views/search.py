"""The search over drafts and goldens."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from feedback.forms import STATES, SearchForm
from feedback.models import BulkAction
from feedback.services.bulk_actions import KINDS
from feedback.services.searching import MOST_NUMBER, Found, SearchRefused, search


class SearchPage(RightRequiredMixin, View):
    """`/search/`: what is searched for stands in the address; the results are the fragment."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Count what is found and show a page of it, or say why it cannot be searched for."""
        form = SearchForm(request.GET)
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            wanted = form.wanted()
            context["wanted"] = wanted
            try:
                found = search(wanted, person_of(request), before=_before(request))
            except SearchRefused as refused:
                form.add_error(refused.field, str(refused))
            else:
                context |= {
                    "found": found,
                    "states": _states(found, wanted.about),
                    "all_states": sum(found.by_state.values()),
                    "kinds": _kinds(wanted.about) if has_right(request.user, LEAD) else [],
                    "asked": [
                        (name, value)
                        for name in form.fields
                        for value in request.GET.getlist(name)
                        if value
                    ],
                }
        part = "#results" if getattr(request, "htmx", False) else ""
        return render(request, f"feedback/search.html{part}", context)


def _before(request: HttpRequest) -> int | None:
    typed = request.GET.get("before", "")
    return min(int(typed), MOST_NUMBER) if typed.isascii() and typed.isdecimal() else None


def _states(found: Found, about: str) -> list[tuple[str, str, int]]:
    """Return the states in which something was found, in the order of a text's life."""
    return [
        (state, str(words), found.by_state[state])
        for state, words in STATES[about].choices
        if state in found.by_state
    ]


def _kinds(about: str) -> list[tuple[str, str]]:
    return [(kind, str(BulkAction.Kind(kind).label)) for kind, texts in KINDS if texts == about]
