"""Files of datasets over HTTP: whole or in part, checked by their checksum, never changed.

The entity tag is the file's sha256, so that a download that was cut goes on only with the rest of
the same bytes (Range, If-Range: RFC 9110). One range is answered with 206; several at once with all
of it, as the RFC allows.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, TypeVar
from urllib.parse import quote

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.problems import MEDIA_TYPE, problem
from accounts.rights import MayUse
from feedback.api.sending import TooManyReaders, send
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets import reading, storage

# How long an address of the object store opens. A download that it cuts asks for another one.
SIGNED_S: Final = 3600

_TYPES: Final = {
    ".jsonl": "application/x-ndjson",
    ".gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_Answer = TypeVar("_Answer", bound=HttpResponseBase)
_RANGE: Final = re.compile(r"bytes=(?:(\d{1,19})-(\d{0,19})|-(\d{1,19}))", re.ASCII)


class PreconditionFailed(APIException):
    """The file is not the one that the caller means."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = "The file has another checksum than If-Match says."


class RangeNotSatisfiable(ValueError):
    """There are no such bytes."""


class Gone(APIException):
    """The store has lost what it was given."""

    status_code = status.HTTP_410_GONE
    default_code = "file_gone"
    default_detail = (
        "The file is no longer in the store as it was built. "
        "Whoever runs the desk has to bring it back from a copy."
    )


class Busy(APIException):
    """Too many read at once."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    default_detail = "Too many downloads are under way; try again in some seconds."
    wait = 5


class AnythingGoes(BaseContentNegotiation):
    """A file is sent as what it is, whatever the caller would rather have."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Choose the renderer of problems; files need none."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class DatasetFileView(APIView):
    """One file of one version, for ever."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "datasets:read"}
    content_negotiation_class = AnythingGoes

    @extend_schema(
        operation_id="datasets_download",
        parameters=[
            OpenApiParameter("path", str, "path", description="As the manifest has it."),
            OpenApiParameter(
                "Range", str, "header", description="`bytes=1000-`: from byte 1000 on."
            ),
            OpenApiParameter(
                "If-Range", str, "header", description="The ETag: all of it, if it is another file."
            ),
            OpenApiParameter("If-None-Match", str, "header"),
            OpenApiParameter("If-Match", str, "header"),
        ],
        responses={
            (200, "application/octet-stream"): OpenApiTypes.BINARY,
            (206, "application/octet-stream"): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="The object store has it; the address is signed."),
            304: OpenApiResponse(description="If-None-Match named it."),
        },
    )
    def get(self, request: Request, name: str, number: int, path: str) -> HttpResponseBase:
        """Download a file, or a part of it. The answer's ETag is its sha256.

        HEAD says the same without the file. An address never means another file.
        """
        file = _file(name, number, path)
        etag = f'"{file.sha256}"'
        if not _is_the_very_one(request.headers.get("If-Match", "*"), etag):
            raise PreconditionFailed
        known = request.headers.get("If-None-Match", "")
        if known and _matches(known, etag):
            return _described(HttpResponse(status=status.HTTP_304_NOT_MODIFIED), file)
        if request.method == "HEAD":
            response = _described(HttpResponse(), file)
            response["Content-Length"] = str(file.bytes)
            return response
        try:
            return _sent(request, file, etag)
        except RangeNotSatisfiable:
            return _no_such_bytes(file)


def _file(name: str, number: int, path: str) -> DatasetFile:
    try:
        dataset = reading.dataset_at(name, number)
        return reading.file_at(dataset, path)
    except Dataset.DoesNotExist:
        raise NotFound(f"There is no dataset {name} {number}.") from None
    except DatasetFile.DoesNotExist:
        raise NotFound(_why_it_has_none(dataset, path)) from None


def _why_it_has_none(dataset: Dataset, path: str) -> str:
    match dataset.state:
        case Dataset.State.READY:
            return f"{dataset} has no file {path}; its manifest.json lists what it has."
        case Dataset.State.FAILED:
            return f"{dataset} has no files: it failed. {dataset.failure}"
        case Dataset.State.CANCELLED:
            return f"{dataset} has no files: it was cancelled."
    return f"{dataset} has no files yet: it is not ready."


def _sent(request: Request, file: DatasetFile, etag: str) -> HttpResponseBase:
    """Return the file, or the part that was asked for, by the way that this desk has."""
    elsewhere = storage.signed_address(file, SIGNED_S)
    if elsewhere is not None:
        redirect = HttpResponseRedirect(elsewhere)
        redirect["Cache-Control"] = "no-store"
        return redirect
    if settings.DOWNLOADS_X_ACCEL:
        by_proxy = _described(HttpResponse(), file)
        address = storage.address(file.dataset, file.path)
        by_proxy["X-Accel-Redirect"] = quote(f"{settings.DOWNLOADS_X_ACCEL}{address}")
        return by_proxy
    asked = _asked(request, file.bytes, etag)
    part = asked or _Part(0, file.bytes)
    try:
        opened = storage.open_stored(file)
        if opened.seek(0, 2) != file.bytes:
            opened.close()
            raise Gone
        response = send(request._request, opened, part.start, part.end - part.start)
    except storage.FileGone:
        raise Gone from None
    except TooManyReaders:
        raise Busy from None
    _described(response, file)
    response["Content-Length"] = str(part.end - part.start)
    if asked:
        response.status_code = status.HTTP_206_PARTIAL_CONTENT
        response["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{file.bytes}"
    return response


def _described(response: _Answer, file: DatasetFile) -> _Answer:
    name = file.path.rpartition("/")[2]
    suffix = name[name.rfind(".") :]
    saved_as = f"{file.dataset.name}-{file.dataset.number}-{file.path.replace('/', '-')}"
    response["Content-Type"] = _TYPES.get(suffix, "application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{saved_as}"'
    response["ETag"] = f'"{file.sha256}"'
    response["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=31536000, immutable, no-transform"
    return response


@dataclass(frozen=True, slots=True)
class _Part:
    """Half-open, in bytes."""

    start: int
    end: int


def _asked(request: Request, size: int, etag: str) -> _Part | None:
    """Return the part that is asked for, or None for all of it. Raises RangeNotSatisfiable."""
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or request.headers.get("If-Range", etag).strip() != etag:
        return None
    first, last, of_the_end = found.groups()
    if of_the_end is not None:
        part = _Part(max(0, size - int(of_the_end)), size)
    elif last and int(last) < int(first):
        return None  # not a range at all, says the RFC
    else:
        part = _Part(int(first), min(int(last) + 1, size) if last else size)
    if part.start >= part.end:
        raise RangeNotSatisfiable
    return part


def _no_such_bytes(file: DatasetFile) -> Response:
    code = status.HTTP_416_REQUESTED_RANGE_NOT_SATISFIABLE
    return Response(
        problem(code, f"The file has {file.bytes} bytes.", "range_not_satisfiable"),
        status=code,
        headers={"Content-Range": f"bytes */{file.bytes}"},
        content_type=MEDIA_TYPE,
    )


def _is_the_very_one(said: str, etag: str) -> bool:
    """Whether the file is one that is named, to the byte: If-Match, which takes no weak name."""
    return said.strip() == "*" or etag in parse_etags(said)


def _matches(said: str, etag: str) -> bool:
    """Whether the file is one that is named, be it by a weak name: If-None-Match."""
    return said.strip() == "*" or etag in [each.removeprefix("W/") for each in parse_etags(said)]
