"""Every address of the desk; each app brings its own pages and its own part of the API."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from editorial.api import Docs, Root, Schema
from editorial.health import Alive, Ready
from editorial.metrics import Metrics
from editorial.script_words import ScriptWords

handler400 = "editorial.errors.bad_request"
handler403 = "editorial.errors.permission_denied"
handler404 = "editorial.errors.not_found"
handler500 = "editorial.errors.server_error"

api_patterns: list[URLPattern | URLResolver] = [
    path("", Root.as_view(), name="api-root"),
    path("schema/", Schema.as_view(), name="api-schema"),
    path("docs/", Docs.as_view(), name="api-docs"),
    path("", include("feedback.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("explanations.api.urls")),
]

# Addresses are tried one after the other: what is asked for most comes first.
urlpatterns = [
    path("api/v1/", include(api_patterns)),
    path("", include("feedback.urls")),
    path("", include("explanations.urls")),
    path("accounts/", include("accounts.urls")),
    path(
        "words/<slug:language>-<slug:version>.js",
        ScriptWords.as_view(packages=["editorial"]),
        name="script-words",
    ),
    # One place to log in and out for everything: one place to guard.
    path("admin/logout/", RedirectView.as_view(pattern_name="logout")),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/", admin.site.urls),
    path("healthz", Alive.as_view(), name="healthz"),
    path("readyz", Ready.as_view(), name="readyz"),
    path("metrics", Metrics.as_view(), name="metrics"),
]
