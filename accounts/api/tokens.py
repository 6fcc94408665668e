"""Tokens over REST: made, listed and revoked by a person who is logged in."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import AccessToken
from accounts.rights import SCOPES, person_of
from accounts.services.tokens import (
    LONGEST_LIFE,
    TokenRefused,
    UnknownToken,
    make_token,
    revoke_token,
    tokens_of,
)

# The annotation of extend_schema asks for names; OpenAPI wants these objects.
SESSION_ONLY: Any = [{"cookieAuth": []}]


class MayManageTokens(BasePermission):
    """A person who is logged in. A token could otherwise make its own successors for ever."""

    message = "Tokens are made and revoked by a person who is logged in, never by a token."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether a session, and not a token, opened the door."""
        return request.user.is_authenticated and not isinstance(request.auth, AccessToken)


class TokenInput(serializers.Serializer[Any]):
    """What a new token is for."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(
            choices=[(scope, words) for scope, (words, _right) in SCOPES.items()]
        ),
        allow_empty=False,
        help_text="Not more than the role allows.",
    )
    days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_LIFE.days, default=90, help_text="How long it lives."
    )


class TokenOutput(serializers.Serializer[Any]):
    """A token as it can be shown again: never the token itself."""

    id = serializers.CharField(source="token_key", help_text="How the token begins.")
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")


class NewTokenOutput(TokenOutput):
    """A token in the only answer that holds it."""

    token = serializers.CharField(help_text="Shown once.")


class TokensView(APIView):
    """One's own tokens."""

    permission_classes = (MayManageTokens,)

    @extend_schema(operation_id="tokens_list", responses=TokenOutput(many=True), auth=SESSION_ONLY)
    def get(self, request: Request) -> Response:
        """List the tokens that still open something."""
        return Response(TokenOutput(tokens_of(person_of(request)), many=True).data)

    @extend_schema(
        operation_id="tokens_create",
        request=TokenInput,
        responses={201: NewTokenOutput},
        auth=SESSION_ONLY,
    )
    def post(self, request: Request) -> Response:
        """Make a token. The answer is the only place that shows it."""
        wanted = TokenInput(data=request.data)
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        try:
            row, token = make_token(
                person_of(request), asked["name"], asked["scopes"], timedelta(days=asked["days"])
            )
        except TokenRefused as refusal:
            raise ValidationError({"scopes": [str(refusal)]}) from refusal
        answer = Response({**TokenOutput(row).data, "token": token}, status=status.HTTP_201_CREATED)
        answer["Cache-Control"] = "no-store"
        return answer


class TokenView(APIView):
    """One token of one's own."""

    permission_classes = (MayManageTokens,)

    @extend_schema(operation_id="tokens_revoke", responses={204: None}, auth=SESSION_ONLY)
    def delete(self, request: Request, token_id: str) -> Response:
        """Revoke the token; it stops at once."""
        try:
            revoke_token(person_of(request), token_id)
        except UnknownToken as unknown:
            raise NotFound("You have no such token.") from unknown
        return Response(status=status.HTTP_204_NO_CONTENT)
