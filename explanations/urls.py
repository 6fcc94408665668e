"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from explanations.views.guide import GuidePage
from explanations.views.imports import ImportPage, ImportsPage, RefusedLinesFile

urlpatterns: list[URLPattern | URLResolver] = [
    path("tasks/<slug:slug>/guide/", GuidePage.as_view(), name="guide"),
    path("imports/", ImportsPage.as_view(), name="imports"),
    path("imports/<int:import_id>/", ImportPage.as_view(), name="import"),
    path("imports/<int:import_id>/refused.csv", RefusedLinesFile.as_view(), name="import-refused"),
]
