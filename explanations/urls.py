"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from explanations.views.guide import GuidePage

urlpatterns: list[URLPattern | URLResolver] = [
    path("tasks/<slug:slug>/guide/", GuidePage.as_view(), name="guide"),
]
