"""Goldens over REST: listed page by page, and one with its facts."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse
from explanations.models import Task
from feedback.models import Golden


class GoldenOutput(serializers.Serializer[Any]):
    """A text that editors stand behind."""

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    recommendation = serializers.IntegerField(source="recommendation_id")
    review = serializers.IntegerField(source="review_id")
    prompt = serializers.IntegerField(source="prompt_id")
    text = serializers.CharField()
    output = serializers.JSONField(allow_null=True)
    rests_on = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of the facts that it uses."
    )
    grade = serializers.CharField()
    state = serializers.CharField()
    state_reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()


class GoldenWithFactsOutput(GoldenOutput):
    """The same, with the facts it rests on as they were then."""

    facts = serializers.JSONField(source="snapshot.facts")
    sources = serializers.JSONField(
        source="snapshot.sources", help_text="JSON pointer -> source, of facts that people gave."
    )


class GoldenFilter(serializers.Serializer[Any]):
    """Which goldens to list."""

    task = serializers.SlugRelatedField(
        slug_field="slug", queryset=Task.objects.all(), required=False
    )
    state = serializers.ChoiceField(choices=Golden.State.choices, required=False)
    grade = serializers.ChoiceField(choices=Golden.Grade.choices, required=False)


class GoldensView(APIView):
    """All goldens."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="goldens_list", parameters=[GoldenFilter], responses=GoldenOutput(many=True)
    )
    def get(self, request: Request) -> Response:
        """List goldens, the newest first."""
        wanted = GoldenFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            Golden.objects.filter(**wanted.validated_data).select_related("task"),
            request,
            view=self,
        )
        return pages.get_paginated_response(GoldenOutput(page, many=True).data)


class GoldenView(APIView):
    """One golden."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="goldens_retrieve", responses=GoldenWithFactsOutput)
    def get(self, request: Request, golden_id: int) -> Response:
        """Read it, with its facts."""
        golden = Golden.objects.select_related("task", "snapshot").filter(pk=golden_id).first()
        if golden is None:
            raise NotFound("There is no such golden.")
        return Response(GoldenWithFactsOutput(golden).data)
