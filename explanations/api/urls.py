"""The addresses of this app's REST views, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from explanations.api.blocking import (
    DismissalsView,
    LetThroughView,
    RevokeDismissalView,
    TaskBlockingView,
)
from explanations.api.drafts import DraftsView, DraftView
from explanations.api.imports import ImportsView, ImportView, ReceiveDeliveryView
from explanations.api.recommendations import RecommendationsView, RecommendationView
from explanations.api.runs import (
    CancelRunView,
    PauseRunView,
    PreviewRunView,
    ResumeRunView,
    RetryRunView,
    RunsView,
    RunView,
)
from explanations.api.trials import CancelTrialView, TrialsView, TrialView
from explanations.api.versions import (
    ActivateGuideView,
    ActivatePromptView,
    GuideDifferenceView,
    GuidesView,
    GuideView,
    PromptDifferenceView,
    PromptsView,
    PromptView,
    TasksView,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("recommendations/", RecommendationsView.as_view(), name="api-recommendations"),
    path(
        "recommendations/import/",
        ReceiveDeliveryView.as_view(),
        name="api-recommendations-import",
    ),
    path(
        "recommendations/<int:recommendation_id>/",
        RecommendationView.as_view(),
        name="api-recommendation",
    ),
    path("imports/", ImportsView.as_view(), name="api-imports"),
    path("imports/<int:import_id>/", ImportView.as_view(), name="api-import"),
    path("runs/", RunsView.as_view(), name="api-runs"),
    path("runs/preview/", PreviewRunView.as_view(), name="api-runs-preview"),
    path("runs/<int:run_id>/", RunView.as_view(), name="api-run"),
    path("runs/<int:run_id>/pause/", PauseRunView.as_view(), name="api-run-pause"),
    path("runs/<int:run_id>/resume/", ResumeRunView.as_view(), name="api-run-resume"),
    path("runs/<int:run_id>/cancel/", CancelRunView.as_view(), name="api-run-cancel"),
    path("runs/<int:run_id>/retry/", RetryRunView.as_view(), name="api-run-retry"),
    path("drafts/", DraftsView.as_view(), name="api-drafts"),
    path("drafts/<int:draft_id>/", DraftView.as_view(), name="api-draft"),
    path(
        "drafts/<int:draft_id>/let-through/",
        LetThroughView.as_view(),
        name="api-draft-let-through",
    ),
    path("tasks/<slug:slug>/blocking/", TaskBlockingView.as_view(), name="api-task-blocking"),
    path("tasks/<slug:slug>/dismissals/", DismissalsView.as_view(), name="api-dismissals"),
    path(
        "dismissals/<int:dismissal_id>/revoke/",
        RevokeDismissalView.as_view(),
        name="api-dismissal-revoke",
    ),
    path("tasks/", TasksView.as_view(), name="api-tasks"),
    path("tasks/<slug:slug>/prompts/", PromptsView.as_view(), name="api-prompts"),
    path("tasks/<slug:slug>/prompts/<int:number>/", PromptView.as_view(), name="api-prompt"),
    path(
        "tasks/<slug:slug>/prompts/<int:number>/difference/<int:against>/",
        PromptDifferenceView.as_view(),
        name="api-prompt-difference",
    ),
    path(
        "tasks/<slug:slug>/prompts/<int:number>/activate/",
        ActivatePromptView.as_view(),
        name="api-prompt-activate",
    ),
    path("tasks/<slug:slug>/guides/", GuidesView.as_view(), name="api-guides"),
    path("tasks/<slug:slug>/guides/<int:number>/", GuideView.as_view(), name="api-guide"),
    path(
        "tasks/<slug:slug>/guides/<int:number>/difference/<int:against>/",
        GuideDifferenceView.as_view(),
        name="api-guide-difference",
    ),
    path(
        "tasks/<slug:slug>/guides/<int:number>/activate/",
        ActivateGuideView.as_view(),
        name="api-guide-activate",
    ),
    path("trials/", TrialsView.as_view(), name="api-trials"),
    path("trials/<int:trial_id>/", TrialView.as_view(), name="api-trial"),
    path("trials/<int:trial_id>/cancel/", CancelTrialView.as_view(), name="api-trial-cancel"),
]
