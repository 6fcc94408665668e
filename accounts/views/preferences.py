"""Choosing a language, and light or dark: kept with the person, and in cookies for the next page.

Pages read the cookies, so that they come in the right language and light at once, before a login
too. A login sets them to what the person has chosen, a logout takes them along.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Person, Theme
from accounts.services.preferences import choose_language, choose_theme

THEME_COOKIE: Final = "theme"
COOKIE_AGE: Final = timedelta(days=365)


class ChooseLanguage(View):
    """`/accounts/language/`: the switch on every page."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the language and show the page again in it."""
        language = request.POST.get("language", "")
        if language not in dict(settings.LANGUAGES):
            return _refused(_("The desk does not speak this language."))
        if isinstance(request.user, Person):
            choose_language(request.user, language)
        response = redirect(_back(request))
        _keep(response, settings.LANGUAGE_COOKIE_NAME, language)
        return response


class ChooseTheme(View):
    """`/accounts/theme/`: light, dark or as the system."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice; the page has changed by itself already where scripts run."""
        theme = request.POST.get("theme", "")
        if theme not in Theme.values:
            return _refused(_("Choose light, dark, or as the system."))
        if isinstance(request.user, Person):
            choose_theme(request.user, theme)
        response = redirect(_back(request))
        _keep(response, THEME_COOKIE, theme)
        return response


class Logout(LogoutView):
    """Leave nothing of the person to whoever comes next."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Log out."""
        response = super().dispatch(request, *args, **kwargs)
        for name in (settings.LANGUAGE_COOKIE_NAME, THEME_COOKIE):
            response.delete_cookie(name)
        return response


def as_chosen(response: HttpResponse, person: Person) -> HttpResponse:
    """Give the browser of somebody who logs in what they have chosen."""
    if person.language:
        _keep(response, settings.LANGUAGE_COOKIE_NAME, person.language)
    _keep(response, THEME_COOKIE, person.theme)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=COOKIE_AGE, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )


def _refused(sentence: str) -> HttpResponse:
    return HttpResponseBadRequest(sentence, content_type="text/plain; charset=utf-8")


def _back(request: HttpRequest) -> str:
    """Return the page that the choice was made on; the front page where that cannot be trusted."""
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "/"
