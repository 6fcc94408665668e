"""Webhooks over REST: who is told of datasets that are ready, and what became of each message."""

from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from feedback.api.answers import conflict, invalid
from feedback.models import Webhook, WebhookDelivery
from feedback.outgoing import MOST_CHARACTERS
from feedback.services.webhooks.addresses import (
    AddressRefused,
    add_address,
    address_at,
    addresses,
    retire_address,
)
from feedback.services.webhooks.deliveries import newest_deliveries, problem_in_words, send_again


class WebhookInput(serializers.Serializer[Any]):
    """An address to tell."""

    address = serializers.CharField(
        max_length=MOST_CHARACTERS, help_text="Such as https://ci.example/datasets; told by POST."
    )
    dataset_name = serializers.SlugField(
        max_length=60,
        required=False,
        default="",
        allow_blank=True,
        help_text="Only datasets of this name; all if empty.",
    )


class WebhookOutput(serializers.Serializer[Any]):
    """An address that is told, or was."""

    id = serializers.IntegerField()
    address = serializers.CharField()
    dataset_name = serializers.CharField(help_text="Only datasets of this name; all if empty.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    retired_at = serializers.DateTimeField(
        allow_null=True, help_text="It is told nothing since then."
    )


class WebhookWithSecretOutput(WebhookOutput):
    """The same, with what its receiver checks signatures with."""

    secret = serializers.CharField(help_text="Shown this once.")


class WebhookDeliveryOutput(serializers.Serializer[Any]):
    """A message that says that a dataset is ready, and what became of it."""

    id = serializers.IntegerField()
    message = serializers.UUIDField(help_text="The `webhook-id` that its receiver sees.")
    dataset = serializers.CharField(source="dataset.name")
    number = serializers.IntegerField(source="dataset.number")
    state = serializers.ChoiceField(choices=WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    problem = serializers.SerializerMethodField(help_text="Of the last attempt.")
    next_at = serializers.DateTimeField(help_text="Where it waits: not before then.")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def get_problem(self, delivery: WebhookDelivery) -> str:
        """What came back."""
        return problem_in_words(delivery)


class WebhooksView(APIView):
    """All addresses."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "webhooks:write", "POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhooks_list",
        parameters=[OpenApiParameter("cursor", str)],
        responses=WebhookOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the addresses that are told, the newest first."""
        pages = NewestFirst()
        page = pages.paginate_queryset(addresses(), request, self)
        return pages.get_paginated_response(WebhookOutput(page, many=True).data)

    @extend_schema(
        operation_id="webhooks_create",
        request=WebhookInput,
        responses={201: WebhookWithSecretOutput},
    )
    def post(self, request: Request) -> Response:
        """Tell an address of each dataset that becomes ready; its secret is in this answer only."""
        given = WebhookInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        try:
            webhook, secret = add_address(
                asked["address"], asked["dataset_name"], person_of(request)
            )
        except AddressRefused as refused:
            raise invalid({"address": [str(refused)]}) from refused
        webhook.refresh_from_db()  # the database says when it was made
        return Response(
            {**WebhookOutput(webhook).data, "secret": secret},
            status=status.HTTP_201_CREATED,
            headers={"Location": reverse("api-webhook", args=[webhook.pk])},
        )


class WebhookView(APIView):
    """One address."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "webhooks:write", "DELETE": "webhooks:write"}

    @extend_schema(operation_id="webhooks_read", responses=WebhookOutput)
    def get(self, request: Request, webhook_id: int) -> Response:
        """Show it, also when it is retired."""
        return Response(WebhookOutput(_webhook(webhook_id)).data)

    @extend_schema(operation_id="webhooks_retire", responses={204: None})
    def delete(self, request: Request, webhook_id: int) -> Response:
        """Tell it nothing from now on; safe to repeat. What it was told stays on record."""
        retire_address(_webhook(webhook_id).pk, person_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookDeliveriesView(APIView):
    """The messages to one address."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "webhooks:write"}

    @extend_schema(
        operation_id="webhooks_deliveries",
        parameters=[OpenApiParameter("cursor", str)],
        responses=WebhookDeliveryOutput(many=True),
    )
    def get(self, request: Request, webhook_id: int) -> Response:
        """List what the address was told or is to be told, the newest first."""
        pages = NewestFirst()
        found = newest_deliveries().filter(webhook=_webhook(webhook_id))
        page = pages.paginate_queryset(found, request, self)
        return pages.get_paginated_response(WebhookDeliveryOutput(page, many=True).data)


class SendWebhookAgainView(APIView):
    """Once more."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "webhooks:write"}

    @extend_schema(
        operation_id="webhooks_send_again",
        request=None,
        responses={
            200: WebhookDeliveryOutput,
            409: OpenApiResponse(description="It is not given up, or its address is retired."),
        },
    )
    def post(self, request: Request, webhook_id: int, delivery_id: int) -> Response:
        """Try a message that was given up once more, at once."""
        of_webhook = newest_deliveries().filter(webhook=webhook_id)
        if not of_webhook.filter(pk=delivery_id).exists():
            raise NotFound("There is no such message.")
        if not send_again(delivery_id, person_of(request)):
            return conflict(
                "This message is not given up, or its address is retired.", "not_given_up"
            )
        return Response(WebhookDeliveryOutput(of_webhook.get(pk=delivery_id)).data)


def _webhook(webhook_id: int) -> Webhook:
    try:
        return address_at(webhook_id)
    except Webhook.DoesNotExist:
        raise NotFound("There is no such webhook.") from None
