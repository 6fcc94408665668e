"""The key with which a request that is sent twice does its work once."""

import uuid
from collections.abc import Mapping
from typing import Any, Final

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

KEY_HEADER: Final = "Idempotency-Key"


def with_key(request: Request, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for, with the `key` of the header if there is one.

    Raises ValidationError when the header holds no UUID.
    """
    if KEY_HEADER not in request.headers:
        return dict(asked)
    try:
        return {**asked, "key": uuid.UUID(request.headers[KEY_HEADER])}
    except ValueError:
        raise ValidationError({"key": [f"{KEY_HEADER} is a UUID."]}) from None
