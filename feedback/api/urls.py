"""The addresses of this app's REST views, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from feedback.api.assignments import (
    AssignmentView,
    ClaimView,
    HeartbeatView,
    ReleaseView,
    WorkView,
)
from feedback.api.facts import FactReportsView, FactsView
from feedback.api.goldens import GoldensView, GoldenView
from feedback.api.reviews import DraftReviewsView, UndoView

urlpatterns: list[URLPattern | URLResolver] = [
    path("queue/claim/", ClaimView.as_view(), name="api-queue-claim"),
    path("assignments/<int:assignment_id>/", AssignmentView.as_view(), name="api-assignment"),
    path(
        "assignments/<int:assignment_id>/heartbeat/", HeartbeatView.as_view(), name="api-heartbeat"
    ),
    path("assignments/<int:assignment_id>/work/", WorkView.as_view(), name="api-work"),
    path("assignments/<int:assignment_id>/release/", ReleaseView.as_view(), name="api-release"),
    path("drafts/<int:draft_id>/reviews/", DraftReviewsView.as_view(), name="api-draft-reviews"),
    path("reviews/<int:review_id>/undo/", UndoView.as_view(), name="api-review-undo"),
    path("goldens/", GoldensView.as_view(), name="api-goldens"),
    path("goldens/<int:golden_id>/", GoldenView.as_view(), name="api-golden"),
    path("recommendations/<int:recommendation_id>/facts/", FactsView.as_view(), name="api-facts"),
    path(
        "recommendations/<int:recommendation_id>/fact-reports/",
        FactReportsView.as_view(),
        name="api-fact-reports",
    ),
]
