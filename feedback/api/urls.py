"""The addresses of this app's REST views, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from feedback.api.adjudications import (
    AdjudicationView,
    DisagreementsView,
    UndoAdjudicationView,
)
from feedback.api.assignments import (
    AssignmentView,
    ClaimView,
    HeartbeatView,
    ReleaseView,
    WorkView,
)
from feedback.api.bulk_actions import (
    BulkActionsView,
    BulkActionView,
    DoBulkActionView,
    UndoBulkActionView,
)
from feedback.api.checks import ChecksView
from feedback.api.datasets import (
    CancelDatasetView,
    DatasetsView,
    DatasetView,
    NewestVersionView,
)
from feedback.api.decided_before import DecidedBeforeView
from feedback.api.downloads import DatasetFileView
from feedback.api.facts import (
    AcceptFactReportView,
    AllFactReportsView,
    FactReportsView,
    FactsView,
    RefuseFactReportView,
)
from feedback.api.golden_changes import GoldenChangesView
from feedback.api.goldens import (
    ApproveGoldenView,
    GoldensToJudgeAnewView,
    GoldensView,
    GoldenView,
    RewriteGoldenView,
    SendBackGoldenView,
    StillRightView,
    WithdrawGoldenView,
)
from feedback.api.reviews import DraftReviewsView, UndoView
from feedback.api.search import SearchDraftsView, SearchGoldensView
from feedback.api.statistics import (
    ChoicesView,
    ComparisonView,
    DraftsBehindView,
    ErrorsOverTimeView,
    FiguresView,
    FirstScreenView,
    OverTimeView,
    PartsView,
)
from feedback.api.stats_desk import DeskFiguresView
from feedback.api.webhooks import (
    SendWebhookAgainView,
    WebhookDeliveriesView,
    WebhooksView,
    WebhookView,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("queue/claim/", ClaimView.as_view(), name="api-queue-claim"),
    path("assignments/<int:assignment_id>/", AssignmentView.as_view(), name="api-assignment"),
    path(
        "assignments/<int:assignment_id>/heartbeat/", HeartbeatView.as_view(), name="api-heartbeat"
    ),
    path(
        "assignments/<int:assignment_id>/decided-before/",
        DecidedBeforeView.as_view(),
        name="api-decided-before",
    ),
    path("assignments/<int:assignment_id>/work/", WorkView.as_view(), name="api-work"),
    path("assignments/<int:assignment_id>/release/", ReleaseView.as_view(), name="api-release"),
    path("drafts/<int:draft_id>/reviews/", DraftReviewsView.as_view(), name="api-draft-reviews"),
    path(
        "drafts/<int:draft_id>/adjudication/",
        AdjudicationView.as_view(),
        name="api-adjudication",
    ),
    path(
        "drafts/<int:draft_id>/adjudication/undo/",
        UndoAdjudicationView.as_view(),
        name="api-adjudication-undo",
    ),
    path("disagreements/", DisagreementsView.as_view(), name="api-disagreements"),
    path("reviews/<int:review_id>/undo/", UndoView.as_view(), name="api-review-undo"),
    path("checks/", ChecksView.as_view(), name="api-checks"),
    path("goldens/", GoldensView.as_view(), name="api-goldens"),
    path(
        "goldens/needs-review/", GoldensToJudgeAnewView.as_view(), name="api-goldens-needs-review"
    ),
    path("goldens/changes/", GoldenChangesView.as_view(), name="api-goldens-changes"),
    path("goldens/<int:golden_id>/", GoldenView.as_view(), name="api-golden"),
    path(
        "goldens/<int:golden_id>/still-right/",
        StillRightView.as_view(),
        name="api-golden-still-right",
    ),
    path(
        "goldens/<int:golden_id>/rewrite/", RewriteGoldenView.as_view(), name="api-golden-rewrite"
    ),
    path(
        "goldens/<int:golden_id>/approve/", ApproveGoldenView.as_view(), name="api-golden-approve"
    ),
    path(
        "goldens/<int:golden_id>/send-back/",
        SendBackGoldenView.as_view(),
        name="api-golden-send-back",
    ),
    path(
        "goldens/<int:golden_id>/withdraw/",
        WithdrawGoldenView.as_view(),
        name="api-golden-withdraw",
    ),
    path("datasets/", DatasetsView.as_view(), name="api-datasets"),
    path("datasets/<slug:name>/", NewestVersionView.as_view(), name="api-dataset-newest"),
    path("datasets/<slug:name>/<int:number>/", DatasetView.as_view(), name="api-dataset"),
    path(
        "datasets/<slug:name>/<int:number>/cancel/",
        CancelDatasetView.as_view(),
        name="api-dataset-cancel",
    ),
    # A file's address ends as the file does: loaders go by the ending.
    path(
        "datasets/<slug:name>/<int:number>/files/<path:path>",
        DatasetFileView.as_view(),
        name="api-dataset-file",
    ),
    path("webhooks/", WebhooksView.as_view(), name="api-webhooks"),
    path("webhooks/<int:webhook_id>/", WebhookView.as_view(), name="api-webhook"),
    path(
        "webhooks/<int:webhook_id>/deliveries/",
        WebhookDeliveriesView.as_view(),
        name="api-webhook-deliveries",
    ),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/again/",
        SendWebhookAgainView.as_view(),
        name="api-webhook-send-again",
    ),
    path("search/drafts/", SearchDraftsView.as_view(), name="api-search-drafts"),
    path("search/goldens/", SearchGoldensView.as_view(), name="api-search-goldens"),
    path("stats/figures/", FiguresView.as_view(), name="api-stats-figures"),
    path("stats/parts/<slug:dimension>/", PartsView.as_view(), name="api-stats-parts"),
    path("stats/over-time/<slug:step>/", OverTimeView.as_view(), name="api-stats-over-time"),
    path(
        "stats/errors-over-time/<slug:step>/",
        ErrorsOverTimeView.as_view(),
        name="api-stats-errors-over-time",
    ),
    path("stats/comparison/", ComparisonView.as_view(), name="api-stats-comparison"),
    path("stats/first-screen/", FirstScreenView.as_view(), name="api-stats-first-screen"),
    path("stats/drafts/", DraftsBehindView.as_view(), name="api-stats-drafts"),
    path("stats/choices/", ChoicesView.as_view(), name="api-stats-choices"),
    path("bulk-actions/", BulkActionsView.as_view(), name="api-bulk-actions"),
    path("bulk-actions/<int:action_id>/", BulkActionView.as_view(), name="api-bulk-action"),
    path("bulk-actions/<int:action_id>/do/", DoBulkActionView.as_view(), name="api-bulk-action-do"),
    path(
        "bulk-actions/<int:action_id>/undo/",
        UndoBulkActionView.as_view(),
        name="api-bulk-action-undo",
    ),
    path("stats/desk/", DeskFiguresView.as_view(), name="api-stats-desk"),
    path("fact-reports/", AllFactReportsView.as_view(), name="api-all-fact-reports"),
    path(
        "fact-reports/<int:report_id>/accept/",
        AcceptFactReportView.as_view(),
        name="api-fact-report-accept",
    ),
    path(
        "fact-reports/<int:report_id>/refuse/",
        RefuseFactReportView.as_view(),
        name="api-fact-report-refuse",
    ),
    path("recommendations/<int:recommendation_id>/facts/", FactsView.as_view(), name="api-facts"),
    path(
        "recommendations/<int:recommendation_id>/fact-reports/",
        FactReportsView.as_view(),
        name="api-fact-reports",
    ),
]
