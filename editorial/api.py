"""The frame of the REST API: what there is, its OpenAPI document and its pages."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

ROOT = "api/v1/"


class Root(APIView):
    """Where a person or a program begins to look around."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="root",
        responses={
            200: {"type": "object", "additionalProperties": {"type": "string", "format": "uri"}}
        },
    )
    def get(self, request: Request) -> Response:
        """List the addresses that need no id; whether they open is said by role and scope."""
        return Response(
            {
                address.removeprefix(ROOT).rstrip("/"): request.build_absolute_uri("/" + address)
                for address in sorted(_addresses(get_resolver().url_patterns, ""))
                if address.startswith(ROOT) and address != ROOT
            }
        )


class Schema(SpectacularAPIView):
    """The OpenAPI document."""

    permission_classes = (IsAuthenticated,)


class Docs(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """The pages on which the API can be read and tried; assets and script come from here."""

    url_name = "api-schema"
    template_name = "api/docs.html"


def _addresses(patterns: list[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and "<" not in route:
            yield route
