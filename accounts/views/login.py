"""Logging in, and being kept from guessing passwords."""

from datetime import timedelta
from typing import Any

from axes.helpers import get_cool_off
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.rights import person_of
from accounts.views.preferences import as_chosen

TEMPLATE = "accounts/login.html"


class Login(LoginView):
    """The one login page, of the desk and of its administration."""

    template_name = TEMPLATE
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Log in, and show the desk as this person likes it."""
        response = super().form_valid(form)
        return as_chosen(response, person_of(self.request))


def locked_out(
    request: HttpRequest, original_response: HttpResponse, credentials: dict[str, Any]
) -> HttpResponse:
    """Answer a login that follows too many failures, whether or not the account exists."""
    wait = get_cool_off(request) or timedelta(minutes=15)
    form = AuthenticationForm(request)
    response = render(
        request,
        TEMPLATE,
        {"form": form, "wait_minutes": int(wait.total_seconds() // 60)},
        status=429,
    )
    response["Retry-After"] = str(int(wait.total_seconds()))
    return response
