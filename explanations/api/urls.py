"""The addresses of this app's REST views, under /api/v1/."""

from django.urls import URLPattern, URLResolver, path

from explanations.api.imports import ImportsView, ImportView, ReceiveDeliveryView
from explanations.api.recommendations import RecommendationsView, RecommendationView

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
]
