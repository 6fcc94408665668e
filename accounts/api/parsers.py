"""Reading the body of a request."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser


class TooLarge(APIException):
    """The body is larger than any honest request of this kind."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = "The body is too large."


class StrictJSONParser(BaseParser):
    """JSON as its standard has it, of a bounded size and depth, and only what PostgreSQL can store.

    REST framework's own parser reads bodies of any size, takes NaN, and lets NUL, lone surrogates
    and a thousand brackets through to where they are an error of the server.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the value of the body. Raises ParseError or TooLarge."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge(f"The body is larger than {limit} bytes.")
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}.") from error
        try:
            orjson.dumps(value)  # which goes less deep than reading, and no deeper than Python can
            holds_nul = b"\\u0000" in body and _holds_nul(value)
        except (orjson.JSONEncodeError, RecursionError) as error:
            raise ParseError("The body is nested too deeply.") from error
        if holds_nul:
            raise ParseError("The body holds a NUL character, which the desk cannot store.")
        return value


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _holds_nul(inner) for key, inner in value.items())
    return isinstance(value, list) and any(_holds_nul(inner) for inner in value)
