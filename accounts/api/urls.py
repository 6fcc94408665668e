"""The addresses of this app's REST views, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from accounts.api import openapi  # noqa: F401 - loading it is how its classes are found
from accounts.api.tokens import TokensView, TokenView

urlpatterns: list[URLPattern | URLResolver] = [
    path("tokens/", TokensView.as_view(), name="api-tokens"),
    path("tokens/<slug:token_id>/", TokenView.as_view(), name="api-token"),
]
