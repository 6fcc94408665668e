"""What the REST views of the human side answer with when an action cannot be done."""

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from accounts.api.problems import MEDIA_TYPE, problem


def invalid(errors: Mapping[str, list[str]]) -> ValidationError:
    """Return the error for a body whose fields, named `tags.0.start`, are wrong."""
    nested: dict[str, Any] = {}
    for name, sentences in errors.items():
        here = nested
        for part in name.split("."):
            here = here.setdefault(part, {})
        here.setdefault("non_field_errors", []).extend(sentences)
    return ValidationError(nested)


def conflict(sentence: str, code: str, **more: object) -> Response:
    """Return a 409: things are not as the caller took them to be; `more` says how they are."""
    return _problem(status.HTTP_409_CONFLICT, sentence, code, more)


def gone(sentence: str, code: str, **more: object) -> Response:
    """Return a 410: what the caller held is no longer theirs."""
    return _problem(status.HTTP_410_GONE, sentence, code, more)


def _problem(status_code: int, sentence: str, code: str, more: Mapping[str, object]) -> Response:
    return Response(
        {**problem(status_code, sentence, code), **more},
        status=status_code,
        content_type=MEDIA_TYPE,
    )
