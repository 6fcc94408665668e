"""Recommendations over REST."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse
from explanations.models import Recommendation


class RecommendationFilter(serializers.Serializer[Any]):
    """Which recommendations are wanted."""

    task = serializers.CharField(max_length=60, required=False, help_text="A task's slug.")
    group = serializers.CharField(max_length=200, required=False)
    external_id = serializers.CharField(max_length=200, required=False)


class RecommendationOutput(serializers.Serializer[Any]):
    """A recommendation without its facts."""

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    external_id = serializers.CharField()
    group = serializers.CharField()
    locale = serializers.CharField()
    priority = serializers.IntegerField()
    stratum = serializers.CharField(
        help_text="popular or niche; empty where the delivery leaves it to the priority."
    )
    import_id = serializers.IntegerField(source="delivery_id", allow_null=True)
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class CurrentFactsOutput(serializers.Serializer[Any]):
    """The facts as they are now; a JSON pointer such as `/item/artist` addresses each."""

    number = serializers.IntegerField(help_text="Of the snapshot, from 1.")
    item = serializers.DictField()
    audience = serializers.DictField()
    sources = serializers.DictField(
        child=serializers.CharField(),
        help_text="JSON pointer to source, of facts that editors added or corrected.",
    )


class RecommendationDetailOutput(RecommendationOutput):
    """A recommendation with its facts."""

    facts = CurrentFactsOutput(source="snapshot", allow_null=True)


class RecommendationsView(APIView):
    """The catalogue."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="recommendations_list",
        parameters=[RecommendationFilter],
        responses=RecommendationOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List recommendations, newest first."""
        asked = RecommendationFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = Recommendation.objects.select_related("task")
        if "task" in asked.validated_data:
            found = found.filter(task__slug=asked.validated_data.pop("task"))
        pages = self.pagination_class()
        page = pages.paginate_queryset(found.filter(**asked.validated_data), request, view=self)
        return pages.get_paginated_response(RecommendationOutput(page or [], many=True).data)


class RecommendationView(APIView):
    """One recommendation."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="recommendations_retrieve", responses=RecommendationDetailOutput)
    def get(self, request: Request, recommendation_id: int) -> Response:
        """Show a recommendation with its current facts."""
        recommendation = get_object_or_404(
            Recommendation.objects.select_related("task", "snapshot"), pk=recommendation_id
        )
        return Response(RecommendationDetailOutput(recommendation).data)
