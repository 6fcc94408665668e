"""One shape for every error of the API: problem details (RFC 9457)."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"
API_PREFIX = "/api/"


def problem(
    status_code: int, detail: str, code: str, errors: list[dict[str, str]] | None = None
) -> dict[str, object]:
    """Return the body of an error; `errors` are the wrong fields, each named by a JSON pointer."""
    body: dict[str, object] = {
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
        "code": code,
    }
    return body if errors is None else {**body, "errors": errors}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an error of a REST view into a problem; None is for Django, which answers 500."""
    response = exception_handler(error, context)
    if response is None:
        return None
    if isinstance(error, ValidationError):
        wrong = list(_wrong_fields(error.detail, ""))
        response.data = problem(
            response.status_code, "The request is not valid; errors says where.", "invalid", wrong
        )
    else:
        # Whatever is no APIException here, exception_handler has taken for a 403 or a 404.
        said = error if isinstance(error, APIException) else None
        response.data = problem(
            response.status_code,
            str(said.detail if said else response.data["detail"]),
            _code(said, response),
        )
    response.content_type = MEDIA_TYPE
    return response


def is_for_the_api(request: HttpRequest) -> bool:
    """Whether the request should be answered with a problem, and not with a page."""
    return request.path.startswith(API_PREFIX)


def plain_problem(status_code: int, detail: str, code: str) -> JsonResponse:
    """Return a problem where no REST view was reached."""
    return JsonResponse(
        problem(status_code, detail, code), status=status_code, content_type=MEDIA_TYPE
    )


def _code(said: APIException | None, response: Response) -> str:
    if said is not None and isinstance(said.detail, ErrorDetail):
        return str(said.detail.code)
    return NotFound.default_code if response.status_code == 404 else "permission_denied"


def _wrong_fields(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            # Errors that belong to no field of their own belong to what holds the fields.
            here = pointer if name == "non_field_errors" else f"{pointer}/{_escaped(str(name))}"
            yield from _wrong_fields(inner, here)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _wrong_fields(inner, f"{pointer}/{index}" if nested else pointer)
    else:
        yield {
            "pointer": pointer,
            "detail": str(detail),
            "code": getattr(detail, "code", "invalid"),
        }


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
