"""Imports over REST: send a delivery, and see what became of it."""

from collections.abc import Iterator
from typing import IO, Any, ClassVar, Final, NamedTuple

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.api.parsers import TooLarge
from accounts.rights import MayUse, person_of
from explanations.api.parsers import BinaryStream, CsvStream, GzipStream, NdjsonStream
from explanations.models import Import
from explanations.services.importing import DeliveryTooLargeError, receive

CHUNK_BYTES: Final = 64 * 1024
# What the parts of a form add to the file that they carry.
FORM_BYTES: Final = 64 * 1024


class LengthRequired(APIException):
    """The length of the body is not known before it is read."""

    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_code = "length_required"
    default_detail = "Send the delivery with a Content-Length; it cannot be taken in chunks."


class DeliveryInput(serializers.Serializer[Any]):
    """What a delivery says about itself: query parameters, or fields beside the file."""

    source = serializers.CharField(  # type: ignore[assignment]
        max_length=300, required=False, default="", help_text="The name of the file or the sender."
    )
    catalogue_owner = serializers.CharField(
        max_length=200,
        required=False,
        default="",
        allow_blank=True,
        help_text="Whom a wrong fact is reported to.",
    )


class DeliveryForm(DeliveryInput):
    """The same in a form."""

    file = serializers.FileField(allow_empty_file=True, max_length=None)


class RefusedLineOutput(serializers.Serializer[Any]):
    """A line that did not go in."""

    line = serializers.IntegerField(help_text="The line on which the record starts, from 1.")
    field = serializers.CharField(help_text="Empty if the line as a whole is at fault.")
    reason = serializers.CharField()


class ImportOutput(serializers.Serializer[Any]):
    """One delivery and how far it is."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Import.State.choices)
    source = serializers.CharField()  # type: ignore[assignment]
    catalogue_owner = serializers.CharField()
    created_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    lines = serializers.IntegerField(help_text="Read so far.")
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()
    failure = serializers.CharField(help_text="Why the file, or the rest of it, was not read.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class RefusedLinesOutput(serializers.Serializer[Any]):
    """A page of the refused lines."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RefusedLineOutput(many=True)


class ImportDetailOutput(ImportOutput):
    """One delivery with its refused lines; the first thousand are kept."""

    refused_lines = RefusedLinesOutput()


class InOrder(NewestFirst):
    """By the number of the line, of which each import refuses one once."""

    ordering = "line"


class ReceiveDeliveryView(APIView):
    """Where deliveries come in."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "recommendations:write"}
    parser_classes = (NdjsonStream, CsvStream, GzipStream, BinaryStream, MultiPartParser)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at the length first: whoever asks next who it is may read a form to its end."""
        if _length(request) > settings.IMPORT_MAX_BYTES + FORM_BYTES:
            raise TooLarge(f"A delivery may have {settings.IMPORT_MAX_BYTES:,} bytes.")
        super().initial(request, *args, **kwargs)

    @extend_schema(
        operation_id="recommendations_import",
        parameters=[
            OpenApiParameter("source", str, description="The name of the file or the sender."),
            OpenApiParameter("catalogue_owner", str, description="Whom a wrong fact goes to."),
        ],
        request={
            "application/x-ndjson": OpenApiTypes.BINARY,
            "text/csv": OpenApiTypes.BINARY,
            "application/gzip": OpenApiTypes.BINARY,
            "multipart/form-data": DeliveryForm,
        },
        responses={202: ImportOutput},
    )
    def post(self, request: Request) -> Response:
        """Store NDJSON or CSV, plain or gzipped, for a worker to import.

        The answer comes when the body is stored; `Location` says where to see what became of it.
        """
        if _length(request) < 0:
            raise LengthRequired
        _check_encoding(request)
        body: Any = request.data
        sent = _from_form(body) if isinstance(body, dict) else _from_body(request, body)
        try:
            delivery = receive(
                sent.chunks,
                name=sent.name or "REST API",
                person=person_of(request),
                catalogue_owner=sent.catalogue_owner,
            )
        except DeliveryTooLargeError as too_large:
            raise TooLarge(str(too_large)) from too_large
        return Response(
            ImportOutput(delivery).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": reverse("api-import", args=[delivery.pk])},
        )


class ImportsView(APIView):
    """All deliveries."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "recommendations:write"}
    pagination_class = NewestFirst

    @extend_schema(operation_id="imports_list", responses=ImportOutput(many=True))
    def get(self, request: Request) -> Response:
        """List the imports, newest first."""
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            Import.objects.select_related("created_by"), request, view=self
        )
        return pages.get_paginated_response(ImportOutput(page or [], many=True).data)


class ImportView(APIView):
    """One delivery."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "recommendations:write"}

    @extend_schema(
        operation_id="imports_retrieve",
        parameters=[
            OpenApiParameter("cursor", str, description="Where the page of refused lines begins."),
            OpenApiParameter("page_size", int, description="Refused lines a page, 1 to 500."),
        ],
        responses=ImportDetailOutput,
    )
    def get(self, request: Request, import_id: int) -> Response:
        """Show state and counts, and the refused lines by number, field and reason."""
        delivery = get_object_or_404(Import.objects.select_related("created_by"), pk=import_id)
        pages = InOrder()
        page = pages.paginate_queryset(delivery.refused_lines.all(), request, view=self)
        refused = pages.get_paginated_response(RefusedLineOutput(page or [], many=True).data)
        return Response({**ImportOutput(delivery).data, "refused_lines": refused.data})


class _Sent(NamedTuple):
    chunks: Iterator[bytes]
    name: str
    catalogue_owner: str


def _from_form(form: Any) -> _Sent:
    asked = DeliveryForm(data=form)
    asked.is_valid(raise_exception=True)
    told = asked.validated_data
    file = told["file"]
    return _Sent(file.chunks(CHUNK_BYTES), told["source"] or file.name, told["catalogue_owner"])


def _from_body(request: Request, body: IO[bytes]) -> _Sent:
    if _length(request) == 0:
        raise ParseError("The body is empty.")
    asked = DeliveryInput(data=request.query_params)
    asked.is_valid(raise_exception=True)
    told = asked.validated_data
    return _Sent(_chunks(body, _length(request)), told["source"], told["catalogue_owner"])


def _length(request: Request) -> int:
    """The length of the body in bytes, -1 if it is not said."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    if length.isdecimal():
        return int(length)
    return -1 if "HTTP_TRANSFER_ENCODING" in request.META else 0


def _check_encoding(request: Request) -> None:
    """Refuse what cannot be unpacked; gzip is recognised by its content, said or unsaid."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise UnsupportedMediaType(
            encoding, detail=f"Content-Encoding may be gzip, not {encoding[:40]}."
        )


def _chunks(body: IO[bytes], length: int) -> Iterator[bytes]:
    """The body as it comes. Raises ParseError at the end of one that broke off."""
    read = 0
    while chunk := body.read(CHUNK_BYTES):
        read += len(chunk)
        yield chunk
    if read < length:
        raise ParseError(f"The body broke off after {read:,} of {length:,} bytes.")
