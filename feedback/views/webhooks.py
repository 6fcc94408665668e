"""The page of webhooks: whom the desk tells when a dataset is ready, and what became of that."""

from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.rights import BUILD_DATASETS, RightRequiredMixin, person_of
from explanations.views.newest_first import newest_first
from feedback.models import Webhook
from feedback.outgoing import MOST_CHARACTERS
from feedback.services.datasets import reading
from feedback.services.webhooks.addresses import (
    AddressRefused,
    add_address,
    addresses,
    retire_address,
)
from feedback.services.webhooks.deliveries import (
    MOST_ATTEMPTS,
    newest_deliveries,
    problem_in_words,
    send_again,
)

DELIVERIES_A_PAGE: Final = 30


class WebhookForm(forms.Form):
    """An address to tell."""

    address = forms.CharField(
        max_length=MOST_CHARACTERS,
        label=gettext_lazy("Address"),
        help_text=gettext_lazy("Such as https://ci.example/datasets; it is told by POST."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    dataset_name = forms.CharField(
        max_length=60,
        required=False,
        validators=[validate_slug],
        label=gettext_lazy("Only datasets named"),
        help_text=gettext_lazy("All if empty."),
        widget=forms.TextInput(attrs={"list": "names", "autocomplete": "off"}),
    )


class WebhooksPage(RightRequiredMixin, View):
    """`/webhooks/`: the addresses, and the messages to them, newest first."""

    rights = (BUILD_DATASETS,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the page."""
        return self._show(request, WebhookForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Retire an address, send a message again, or add an address and show its secret, once."""
        if "retire" in request.POST:
            webhook = get_object_or_404(Webhook, pk=_number(request.POST["retire"]))
            retire_address(webhook.pk, person_of(request))
            messages.success(request, _("It is told nothing any more."))
            return redirect("webhooks")
        if "again" in request.POST:
            if not send_again(_number(request.POST["again"]), person_of(request)):
                messages.warning(request, _("This message is not given up, or its address is."))
            return redirect("webhooks")
        form = WebhookForm(request.POST)
        if not form.is_valid():
            return self._show(request, form)
        asked = form.cleaned_data
        try:
            made, secret = add_address(asked["address"], asked["dataset_name"], person_of(request))
        except AddressRefused as refused:
            form.add_error("address", str(refused))
            return self._show(request, form)
        return self._show(request, WebhookForm(), made=made, secret=secret)

    def _show(self, request: HttpRequest, form: WebhookForm, **more: Any) -> HttpResponse:
        page = newest_first(newest_deliveries(), request, DELIVERIES_A_PAGE)
        context = {
            "form": form,
            "webhooks": addresses(),
            "page": page,
            "deliveries": [(delivery, problem_in_words(delivery)) for delivery in page.rows],
            "names": reading.names(),
            "most_attempts": MOST_ATTEMPTS,
            **more,
        }
        return render(request, "feedback/webhooks.html", context)


def _number(typed: str) -> int:
    """Return the number of a row, or 0, which is none's."""
    is_number = typed.isascii() and typed.isdecimal() and len(typed) < 19
    return int(typed) if is_number else 0
