"""The words of scripts, as a script of this desk that a browser keeps."""

from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.views.i18n import JavaScriptCatalog

from editorial.translations import fingerprint

FOR_EVER = "public, max-age=31536000, immutable"


class ScriptWords(JavaScriptCatalog):
    """`/words/<language>-<version>.js`: what `static/desk/words.js` looks up."""

    domain = "djangojs"

    def get(
        self, request: HttpRequest, language: str, version: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Answer with the language's words, to be kept for ever where the version is theirs."""
        if language not in dict(settings.LANGUAGES):
            raise Http404
        with translation.override(language):
            response: HttpResponse = super().get(request, *args, **kwargs)
        if response.status_code == HTTPStatus.OK:
            is_theirs = version == fingerprint(settings.LOCALE_PATHS[0], language)
            response["Cache-Control"] = FOR_EVER if is_theirs else "no-cache"
        return response

    def get_paths(self, packages: list[str]) -> list[Any]:
        """Return where the desk's own words lie: Django's administration brings its own."""
        return list(settings.LOCALE_PATHS)


def script_words(request: HttpRequest) -> dict[str, str]:
    """Tell templates where the words of scripts are; empty where scripts need none."""
    language = translation.get_language() or settings.LANGUAGE_CODE
    version = fingerprint(settings.LOCALE_PATHS[0], language)
    return {"script_words": reverse("script-words", args=[language, version]) if version else ""}
