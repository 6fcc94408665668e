"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from explanations.views.drafts import DraftPage, DraftsPage
from explanations.views.guide import GuidePage
from explanations.views.imports import ImportPage, ImportsPage, RefusedLinesFile
from explanations.views.runs import NewRunPage, RunPage, RunsPage

urlpatterns: list[URLPattern | URLResolver] = [
    path("drafts/", DraftsPage.as_view(), name="drafts"),
    path("drafts/<int:draft_id>/", DraftPage.as_view(), name="draft"),
    path("runs/", RunsPage.as_view(), name="runs"),
    path("runs/new/", NewRunPage.as_view(), name="run-new"),
    path("runs/<int:run_id>/", RunPage.as_view(), name="run"),
    path("tasks/<slug:slug>/guide/", GuidePage.as_view(), name="guide"),
    path("imports/", ImportsPage.as_view(), name="imports"),
    path("imports/<int:import_id>/", ImportPage.as_view(), name="import"),
    path("imports/<int:import_id>/refused.csv", RefusedLinesFile.as_view(), name="import-refused"),
]
