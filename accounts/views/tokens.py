"""The page on which a person makes and revokes tokens for their programs."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.forms import TokenForm
from accounts.rights import person_of
from accounts.services.tokens import (
    TokenRefused,
    UnknownToken,
    make_token,
    offered_scopes,
    revoke_token,
    tokens_of,
)


@method_decorator(never_cache, name="dispatch")
class Tokens(LoginRequiredMixin, View):
    """One's own tokens; a new one is shown in the answer to the form and never again."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the tokens and the form."""
        return self.show(request, TokenForm(person_of(request)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Revoke the token that the pressed button names, or make the one of the form."""
        if "revoke" in request.POST:
            return self.revoke(request, request.POST["revoke"])
        person = person_of(request)
        form = TokenForm(person, request.POST)
        if not form.is_valid():
            return self.show(request, form)
        try:
            row, token = make_token(
                person,
                form.cleaned_data["name"],
                form.cleaned_data["scopes"],
                timedelta(days=form.cleaned_data["days"]),
            )
        except TokenRefused as refusal:
            form.add_error(None, str(refusal))
            return self.show(request, form)
        return self.show(request, TokenForm(person), made=row, token=token)

    def revoke(self, request: HttpRequest, token_id: str) -> HttpResponse:
        """End one of one's own tokens."""
        try:
            revoke_token(person_of(request), token_id)
        except UnknownToken:
            messages.error(request, _("You have no such token; perhaps it has ended already."))
        else:
            messages.success(request, _("The token has ended."))
        return redirect("tokens")

    def show(self, request: HttpRequest, form: TokenForm, **more: Any) -> HttpResponse:
        """Render the page."""
        person = person_of(request)
        words = offered_scopes(person)
        return render(
            request,
            "accounts/tokens.html",
            {"form": form, "tokens": tokens_of(person), "may_make": bool(words), **more},
        )
