"""What leads do at once to all that a search found: prepared, looked at, done, taken back."""

from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, RightRequiredMixin, person_of
from feedback.forms import STATES, SearchForm, in_words
from feedback.models import BulkAction
from feedback.services import bulk_actions
from feedback.services.bulk_actions import LEFT_OUT, BulkRefused
from feedback.services.searching import SearchRefused

PER_PAGE: Final = 25


class BulkActionList(RightRequiredMixin, View):
    """`/bulk-actions/`: what was done, the newest first; a new one is prepared here."""

    rights = (LEAD,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of what was done."""
        done = BulkAction.objects.exclude(state=BulkAction.State.PREPARED)
        page = Paginator(done.select_related("created_by", "undone_by"), PER_PAGE).get_page(
            request.GET.get("page")
        )
        context = {
            "page_obj": page,
            "rows": [(action, in_words(action.search)) for action in page],
        }
        return render(request, "feedback/bulk_actions.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Prepare the action that the pressed button names, and show what it would do."""
        form = SearchForm(request.POST)
        if request.POST.get("kind") not in BulkAction.Kind.values or not form.is_valid():
            return HttpResponseBadRequest("No such action or search.")
        kind = BulkAction.Kind(request.POST["kind"])
        try:
            action = bulk_actions.prepare(kind, form.wanted(), person_of(request))
        except (BulkRefused, SearchRefused) as refused:
            messages.warning(request, str(refused))
            return redirect(f"{reverse('search')}?{_address(request)}")
        return redirect("bulk-action", action.pk)


def _address(request: HttpRequest) -> str:
    """Return the search that was posted as the search page has it in its address."""
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in {"kind", "csrfmiddlewaretoken"}
    ]
    return urlencode(kept)


class BulkActionPage(RightRequiredMixin, View):
    """`/bulk-actions/<id>/`: what it would do, or has done; done and undone by its buttons."""

    rights = (LEAD,)

    def get(self, request: HttpRequest, action_id: int) -> HttpResponse:
        """Show the action."""
        action = get_object_or_404(
            BulkAction.objects.select_related(
                "created_by", "undone_by", "settled_by", "review__draft"
            ),
            pk=action_id,
        )
        counts: dict[str, Any] = action.counts
        context = {
            "action": action,
            "is_own": action.created_by_id == person_of(request).pk,
            "search": in_words(action.search),
            "address": f"{reverse('search')}?{_as_typed(action.search)}",
            "states": [
                (STATES[action.about][state].label, count)
                for state, count in counts["states"].items()
            ],
            "left_out": [(LEFT_OUT[why], count) for why, count in counts["left_out"].items()],
            "chosen": counts["chosen"],
            "found": counts["found"],
            "on_desks": counts["on_desks"],
            "passed_over": counts["chosen"] - action.changed,
            "not_restored": action.changed - action.restored,
            "examples": bulk_actions.examples(action),
        }
        return render(request, "feedback/bulk_action.html", context)

    def post(self, request: HttpRequest, action_id: int) -> HttpResponse:
        """Do it, undo it or let it stand, as the pressed button says."""
        person = person_of(request)
        try:
            if request.POST.get("decision") == "do":
                action = bulk_actions.do(action_id, person, request.POST.get("reason", ""))
                messages.success(
                    request, _("Done to %(count)s. You can undo it.") % {"count": action.changed}
                )
            elif request.POST.get("decision") == "undo":
                action = bulk_actions.undo(action_id, person)
                messages.success(
                    request, _("Undone: %(count)s are as they were.") % {"count": action.restored}
                )
            elif request.POST.get("decision") == "let_stand":
                bulk_actions.let_stand(action_id, person)
                messages.success(request, _("It stays as it is."))
            else:
                return HttpResponseBadRequest("No such step.")
        except BulkRefused as refused:
            messages.warning(request, str(refused))
        except BulkAction.DoesNotExist:
            get_object_or_404(BulkAction, pk=action_id)
            messages.warning(request, _("Somebody else has prepared this; search yourself."))
        return redirect("bulk-action", action_id)


def _as_typed(search: dict[str, Any]) -> str:
    """Return a search that was kept as the search page has it in its address."""
    typed = {("state" if name == "states" else name): value for name, value in search.items()}
    return urlencode(typed, doseq=True)
