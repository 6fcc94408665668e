"""Actions on all that a search found over REST: prepared, done, taken back."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from feedback.api.answers import conflict, invalid
from feedback.api.search import AnySearchInput, search_of
from feedback.models import BulkAction
from feedback.services import bulk_actions
from feedback.services.bulk_actions import LEFT_OUT, MOST_REASON, BulkRefused
from feedback.services.searching import SearchRefused


class BulkActionInput(serializers.Serializer[Any]):
    """What to do to all that is found."""

    kind = serializers.ChoiceField(choices=BulkAction.Kind.choices)
    about = serializers.ChoiceField(choices=BulkAction.About.choices, default="drafts")
    search = AnySearchInput()


class CountsOutput(serializers.Serializer[Any]):
    """What was found when the action was prepared."""

    found = serializers.IntegerField()
    chosen = serializers.IntegerField(help_text="Those that it is about.")
    states = serializers.DictField(child=serializers.IntegerField(), help_text="Of the chosen.")
    left_out = serializers.DictField(
        child=serializers.IntegerField(), help_text=f"By why: {', '.join(LEFT_OUT)}."
    )
    on_desks = serializers.IntegerField(help_text="Of the chosen, those that an editor has open.")


class BulkActionOutput(serializers.Serializer[Any]):
    """An action on all that a search found."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=BulkAction.Kind.choices)
    about = serializers.ChoiceField(choices=BulkAction.About.choices)
    search = serializers.DictField()
    state = serializers.ChoiceField(choices=BulkAction.State.choices)
    counts = CountsOutput()
    reason = serializers.CharField()
    changed = serializers.IntegerField(help_text="Texts that it changed.")
    restored = serializers.IntegerField(help_text="Of these, those that taking it back restored.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    undone_by = serializers.CharField(source="undone_by.username", default=None, allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class BulkReasonInput(serializers.Serializer[Any]):
    """Why."""

    reason = serializers.CharField(
        max_length=MOST_REASON, help_text="Kept in the log; who meets one of the texts reads it."
    )


class BulkActionsView(APIView):
    """All actions."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "lead:write", "POST": "lead:write"}

    @extend_schema(
        operation_id="bulk_actions_list",
        parameters=[OpenApiParameter("cursor", str)],
        responses=BulkActionOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List what was prepared or done, the newest first."""
        pages = NewestFirst()
        found = BulkAction.objects.select_related("created_by", "undone_by")
        page = pages.paginate_queryset(found, request, self)
        return pages.get_paginated_response(BulkActionOutput(page, many=True).data)

    @extend_schema(
        operation_id="bulk_actions_prepare",
        request=BulkActionInput,
        responses={201: BulkActionOutput},
    )
    def post(self, request: Request) -> Response:
        """Prepare an action: what it would do is counted and fixed, and nothing changes yet."""
        given = BulkActionInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        try:
            action = bulk_actions.prepare(
                BulkAction.Kind(asked["kind"]),
                search_of(asked["about"], asked["search"]),
                person_of(request),
            )
        except SearchRefused as refused:
            raise invalid({f"search.{refused.field}": [str(refused)]}) from refused
        except BulkRefused as refused:
            raise invalid({"non_field_errors": [str(refused)]}) from refused
        return Response(BulkActionOutput(action).data, status=status.HTTP_201_CREATED)


_TAKEN = {
    200: BulkActionOutput,
    409: OpenApiResponse(description="It cannot be done or taken back any more."),
}


class BulkActionView(APIView):
    """One action."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "lead:write"}

    @extend_schema(operation_id="bulk_actions_read", responses=BulkActionOutput)
    def get(self, request: Request, action_id: int) -> Response:
        """Show it."""
        return _shown(lambda: BulkAction.objects.get(pk=action_id))


class DoBulkActionView(APIView):
    """Do."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="bulk_actions_do", request=BulkReasonInput, responses=_TAKEN)
    def post(self, request: Request, action_id: int) -> Response:
        """Do what you have prepared, to all of it that is still as it was; safe to repeat."""
        given = BulkReasonInput(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        return _shown(lambda: bulk_actions.do(action_id, person_of(request), reason))


class UndoBulkActionView(APIView):
    """Undo."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="bulk_actions_undo", request=None, responses=_TAKEN)
    def post(self, request: Request, action_id: int) -> Response:
        """Put back every text that is still as the action left it; safe to repeat."""
        return _shown(lambda: bulk_actions.undo(action_id, person_of(request)))


def _shown(step: Callable[[], BulkAction]) -> Response:
    """Take a step and show the action; 409 where it cannot be. Raises NotFound."""
    try:
        action = step()
    except BulkAction.DoesNotExist as unknown:
        raise NotFound("There is no such action of yours.") from unknown
    except BulkRefused as refusal:
        return conflict(str(refusal), "bulk_action_refused")
    return Response(BulkActionOutput(action).data)
