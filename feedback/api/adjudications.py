"""Reviews that disagree, over REST: which drafts wait, and what a lead found right."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.models import Draft, Task
from feedback.api.answers import conflict
from feedback.models import Adjudication
from feedback.services.adjudicating import (
    MOST_REASON,
    AdjudicationRefused,
    adjudicate,
    adjudications_of,
    undo_adjudication,
    where_reviews_disagree,
)


class DecidingOutput(serializers.Serializer[Any]):
    """A review between which a lead decides."""

    id = serializers.IntegerField()
    outcome = serializers.CharField()
    created_at = serializers.DateTimeField()


class DisagreementOutput(serializers.Serializer[Any]):
    """A draft whose reviews are all in and disagree."""

    draft = serializers.IntegerField(source="pk")
    task = serializers.CharField(source="task.slug")
    recommendation = serializers.IntegerField(source="recommendation_id")
    text = serializers.CharField()
    reviews = DecidingOutput(
        source="deciding", many=True, help_text="Without names; the oldest first."
    )


class DisagreementFilter(serializers.Serializer[Any]):
    """Which drafts to list."""

    task = serializers.SlugRelatedField(
        slug_field="slug", queryset=Task.objects.all(), required=False
    )


class AdjudicationInput(serializers.Serializer[Any]):
    """Which review is right, and why."""

    review = serializers.IntegerField(min_value=1, help_text="One of the draft's.")
    reason = serializers.CharField(
        max_length=MOST_REASON, help_text="Whoever reviewed the draft reads it."
    )


class AdjudicationOutput(serializers.Serializer[Any]):
    """A lead's answer to reviews that disagree."""

    id = serializers.IntegerField()
    draft = serializers.IntegerField(source="draft_id")
    review = serializers.IntegerField(source="review_id", help_text="The one that is right.")
    outcome = serializers.CharField(
        source="review.outcome", help_text="As which the draft is settled while it stands."
    )
    lead = serializers.CharField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)
    undone_by = serializers.CharField(allow_null=True)


class DisagreementsView(APIView):
    """Where editors disagree."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="disagreements_list",
        parameters=[DisagreementFilter],
        responses=DisagreementOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the drafts that wait for a lead to say which review is right, the newest first."""
        wanted = DisagreementFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        task = wanted.validated_data.get("task")
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            where_reviews_disagree(task.slug if task else ""), request, view=self
        )
        return pages.get_paginated_response(DisagreementOutput(page, many=True).data)


_SETTLED = {
    200: AdjudicationOutput,
    409: OpenApiResponse(description="The draft or its reviews do not allow it, or not any more."),
}


class AdjudicationView(APIView):
    """Which review of a draft is right."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "lead:write"}

    @extend_schema(operation_id="adjudications_list", responses=AdjudicationOutput(many=True))
    def get(self, request: Request, draft_id: int) -> Response:
        """List what leads found right, the newest first, what they took back included."""
        if not Draft.objects.without_trials().filter(pk=draft_id).exists():
            raise _unknown()
        return Response(AdjudicationOutput(adjudications_of(draft_id), many=True).data)

    @extend_schema(
        operation_id="adjudications_create", request=AdjudicationInput, responses=_SETTLED
    )
    def post(self, request: Request, draft_id: int) -> Response:
        """Say which review is right; the draft is settled so. Safe to repeat."""
        given = AdjudicationInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        return _answered(
            lambda: adjudicate(draft_id, asked["review"], person_of(request), asked["reason"])
        )


class UndoAdjudicationView(APIView):
    """Taken back."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="adjudications_undo", request=None, responses=_SETTLED)
    def post(self, request: Request, draft_id: int) -> Response:
        """Take back which review is right; they disagree again, as before. Safe to repeat."""
        return _answered(lambda: undo_adjudication(draft_id, person_of(request)))


def _answered(settle: Callable[[], Adjudication]) -> Response:
    """Settle and show it; 409 where that is refused. Raises NotFound."""
    try:
        adjudication = settle()
    except Draft.DoesNotExist as unknown:
        raise _unknown() from unknown
    except AdjudicationRefused as refusal:
        return conflict(str(refusal), "adjudication_refused")
    adjudication.refresh_from_db()
    return Response(AdjudicationOutput(adjudication).data)


def _unknown() -> NotFound:
    return NotFound("There is no such draft.")
