"""What blocks a task's drafts, what is dismissed for all of them, and a draft let through."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.api.conflict import Conflict
from explanations.api.drafts import DraftOutput
from explanations.models import Dismissal, Draft, Finding, Task, Threshold
from explanations.services import blocking, dismissing
from explanations.services.blocking import MOST_REASON, Blocking, BlockingRefused, CannotLetThrough
from explanations.services.dismissing import CannotDismiss


class BlockingData(serializers.Serializer[Any]):
    """What blocks: nothing, errors, or everything."""

    usual = serializers.ChoiceField(
        choices=Threshold.choices, help_text="Of every check without a threshold of its own."
    )
    by_check = serializers.DictField(
        child=serializers.ChoiceField(choices=Threshold.choices),
        default=dict,
        help_text="Check -> threshold.",
    )
    redrafts = serializers.BooleanField(
        default=True,
        help_text="Whether a blocked draft is drafted again, once, with its findings told.",
    )


class LetThroughInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(max_length=MOST_REASON)


class DismissalInput(serializers.Serializer[Any]):
    """A finding that is nothing, in all drafts of the task, and why."""

    finding = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    reason = serializers.CharField(max_length=MOST_REASON)


class DismissalOutput(serializers.Serializer[Any]):
    """A finding that a lead declared to be nothing."""

    id = serializers.IntegerField()
    check = serializers.CharField(source="check_name")
    gist = serializers.CharField(help_text="By which the finding is known in other drafts.")
    words = serializers.CharField(help_text="As they stood in the draft.")
    message = serializers.CharField()
    reason = serializers.CharField()
    dismissed_by = serializers.CharField(source="dismissed_by.username")
    dismissed_at = serializers.DateTimeField()
    revoked_by = serializers.CharField(source="revoked_by.username", default=None, allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class TaskBlockingView(APIView):
    """What blocks a task's drafts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "PUT": "lead:write"}

    @extend_schema(operation_id="task_blocking_read", responses=BlockingData)
    def get(self, request: Request, slug: str) -> Response:
        """Show it."""
        return Response(BlockingData(blocking.blocking_of(_task(slug))).data)

    @extend_schema(operation_id="task_blocking_set", request=BlockingData, responses=BlockingData)
    def put(self, request: Request, slug: str) -> Response:
        """Change it; drafts that are written already stay as they are."""
        given = BlockingData(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            now = blocking.set_blocking(
                _task(slug), Blocking(**given.validated_data), person_of(request)
            )
        except BlockingRefused as refused:
            raise ValidationError({"by_check": [str(refused)]}) from refused
        return Response(BlockingData(now).data)


class DismissalsView(APIView):
    """What is dismissed for a whole task."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "lead:write"}

    @extend_schema(operation_id="dismissals_list", responses=DismissalOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """List the dismissals, the newest first, revoked ones among them."""
        pages = NewestFirst()
        found = Dismissal.objects.filter(task=_task(slug)).select_related(
            "dismissed_by", "revoked_by"
        )
        page = pages.paginate_queryset(found, request, self)
        return pages.get_paginated_response(DismissalOutput(page, many=True).data)

    @extend_schema(
        operation_id="dismissals_make", request=DismissalInput, responses={201: DismissalOutput}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Dismiss a finding of one of the task's drafts in all of them."""
        given = DismissalInput(data=request.data)
        given.is_valid(raise_exception=True)
        task = _task(slug)
        finding = Finding.objects.filter(
            pk=given.validated_data["finding"], draft__task=task
        ).first()
        if finding is None:
            raise ValidationError({"finding": ["This task has no such finding."]})
        try:
            dismissal = dismissing.dismiss_for_task(
                finding.pk, person_of(request), given.validated_data["reason"]
            )
        except (CannotDismiss, Finding.DoesNotExist) as refused:
            raise Conflict(str(refused)) from refused
        dismissal.refresh_from_db()
        return Response(DismissalOutput(dismissal).data, status=status.HTTP_201_CREATED)


class RevokeDismissalView(APIView):
    """Revoke a dismissal."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(
        operation_id="dismissals_revoke",
        request=None,
        responses={
            200: DismissalOutput,
            409: OpenApiResponse(description="It is revoked already."),
        },
    )
    def post(self, request: Request, dismissal_id: int) -> Response:
        """Let the check say it again."""
        try:
            dismissal = dismissing.revoke(dismissal_id, person_of(request))
        except Dismissal.DoesNotExist:
            raise NotFound("There is no such dismissal.") from None
        except CannotDismiss as refused:
            raise Conflict(str(refused)) from refused
        return Response(DismissalOutput(dismissal).data)


class LetThroughView(APIView):
    """Let a blocked draft through."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(
        operation_id="drafts_let_through",
        request=LetThroughInput,
        responses={200: DraftOutput, 409: OpenApiResponse(description="It is not blocked.")},
    )
    def post(self, request: Request, draft_id: int) -> Response:
        """Let it into the queue as it is, saying why."""
        given = LetThroughInput(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            draft = blocking.let_through(
                draft_id, person_of(request), given.validated_data["reason"]
            )
        except Draft.DoesNotExist:
            raise NotFound("There is no such draft.") from None
        except CannotLetThrough as refused:
            raise Conflict(str(refused)) from refused
        return Response(DraftOutput(draft).data)


def _task(slug: str) -> Task:
    return get_object_or_404(Task, slug=slug)
