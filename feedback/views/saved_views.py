"""The views of the dashboard that people saved: find, share, forget."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import READ, RightRequiredMixin, person_of
from feedback.forms import SavedViewForm
from feedback.services.saved_views import forget_view, save_view, share_view, views_seen_by


class SavedViewsPage(RightRequiredMixin, View):
    """`/dashboard/views/`: the person's own views and those that others share."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        saved = views_seen_by(person_of(request))
        return render(request, "feedback/dashboard/views.html", {"saved": saved})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save the page with its filters under the name that was typed, and go back to it."""
        form = SavedViewForm(request.POST)
        if not form.is_valid():
            said = " ".join(str(error) for errors in form.errors.values() for error in errors)
            messages.error(request, said)
            return redirect("dashboard-views")
        given = form.cleaned_data
        saved = save_view(
            person_of(request), given["name"], given["page"], given["asked"], shared=given["shared"]
        )
        messages.success(request, _("Saved as “%(name)s”.") % {"name": saved.name})
        address = reverse(f"dashboard-{saved.page}")
        return redirect(f"{address}?{saved.asked}" if saved.asked else address)


class SavedViewPage(RightRequiredMixin, View):
    """`/dashboard/views/<id>/`: where the owner of a view shares or forgets it."""

    rights = (READ,)
    http_method_names = ("post",)

    def post(self, request: HttpRequest, view_id: int) -> HttpResponse:
        """Do as the pressed button says. Another's view is none."""
        person, decision = person_of(request), request.POST.get("decision")
        if decision == "forget":
            is_done = forget_view(person, view_id)
        else:
            is_done = share_view(person, view_id, shared=decision == "share")
        if not is_done:
            raise Http404
        return redirect("dashboard-views")
