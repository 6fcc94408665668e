"""Goldens over REST: listed page by page, one with its facts, and what may become of it."""

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
from explanations.models import Task
from feedback.api.answers import conflict
from feedback.models import Golden
from feedback.services.goldens import (
    MOST_REASON,
    GoldenRefused,
    approve_golden,
    send_back,
    withdraw_golden,
)


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
            raise _unknown()
        return Response(GoldenWithFactsOutput(golden).data)


class ReasonInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(
        max_length=MOST_REASON, help_text="Its editor reads it, or whoever looks later."
    )


_JUDGED = {
    200: GoldenOutput,
    409: OpenApiResponse(description="Its state, its editor or its facts do not allow it."),
}


class ApproveGoldenView(APIView):
    """Approve."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_approve", request=None, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Approve, as the second person, a golden that waits."""
        return _judged(lambda: approve_golden(golden_id, person_of(request)))


class SendBackGoldenView(APIView):
    """Send back."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="goldens_send_back", request=ReasonInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Send somebody else's golden back to its editor, saying why."""
        reason = _reason(request)
        return _judged(lambda: send_back(golden_id, person_of(request), reason))


class WithdrawGoldenView(APIView):
    """Withdraw."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="goldens_withdraw", request=ReasonInput, responses=_JUDGED)
    def post(self, request: Request, golden_id: int) -> Response:
        """Take a golden out of what training uses, for good, saying why."""
        reason = _reason(request)
        return _judged(lambda: withdraw_golden(golden_id, person_of(request), reason))


def _judged(judge: Callable[[], Golden]) -> Response:
    """Judge a golden and show it; 409 where its state does not allow it. Raises NotFound."""
    try:
        golden = judge()
    except Golden.DoesNotExist as unknown:
        raise _unknown() from unknown
    except GoldenRefused as refusal:
        return conflict(str(refusal), "golden_refused")
    golden.refresh_from_db(fields=["changed_at"])
    return Response(GoldenOutput(golden).data)


def _reason(request: Request) -> str:
    given = ReasonInput(data=request.data)
    given.is_valid(raise_exception=True)
    return str(given.validated_data["reason"])


def _unknown() -> NotFound:
    return NotFound("There is no such golden.")
