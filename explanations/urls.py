"""The addresses of this app's pages."""

from django.urls import URLPattern, URLResolver, path

from explanations.views.checks import TaskChecksPage
from explanations.views.drafts import DraftPage, DraftsPage
from explanations.views.guide import GuidePage
from explanations.views.imports import ImportPage, ImportsPage, RefusedLinesFile
from explanations.views.runs import NewRunPage, RunPage, RunsPage
from explanations.views.trials import NewTrialPage, TrialPage
from explanations.views.versions import (
    GuidesPage,
    GuideVersionPage,
    NewGuidePage,
    NewPromptPage,
    PromptPage,
    PromptsPage,
    TasksPage,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("drafts/", DraftsPage.as_view(), name="drafts"),
    path("drafts/<int:draft_id>/", DraftPage.as_view(), name="draft"),
    path("runs/", RunsPage.as_view(), name="runs"),
    path("runs/new/", NewRunPage.as_view(), name="run-new"),
    path("runs/<int:run_id>/", RunPage.as_view(), name="run"),
    path("tasks/", TasksPage.as_view(), name="tasks"),
    path("tasks/<slug:slug>/checks/", TaskChecksPage.as_view(), name="task-checks"),
    path("tasks/<slug:slug>/guide/", GuidePage.as_view(), name="guide"),
    path("tasks/<slug:slug>/guides/", GuidesPage.as_view(), name="guides"),
    path("tasks/<slug:slug>/guides/new/", NewGuidePage.as_view(), name="guide-new"),
    path(
        "tasks/<slug:slug>/guides/<int:number>/",
        GuideVersionPage.as_view(),
        name="guide-version",
    ),
    path("tasks/<slug:slug>/prompts/", PromptsPage.as_view(), name="prompts"),
    path("tasks/<slug:slug>/prompts/new/", NewPromptPage.as_view(), name="prompt-new"),
    path("tasks/<slug:slug>/prompts/<int:number>/", PromptPage.as_view(), name="prompt"),
    path("tasks/<slug:slug>/prompts/<int:number>/try/", NewTrialPage.as_view(), name="trial-new"),
    path("tasks/<slug:slug>/trials/<int:trial_id>/", TrialPage.as_view(), name="trial"),
    path("imports/", ImportsPage.as_view(), name="imports"),
    path("imports/<int:import_id>/", ImportPage.as_view(), name="import"),
    path("imports/<int:import_id>/refused.csv", RefusedLinesFile.as_view(), name="import-refused"),
]
