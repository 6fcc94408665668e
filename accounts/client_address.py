"""From which address a request came, as far as it can be trusted."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address that failed logins are counted by.

    Behind a proxy that is the last entry of X-Forwarded-For, the one that our own proxy wrote; all
    entries before it are the client's to invent. Without a proxy the header means nothing.
    """
    if settings.BEHIND_PROXY:
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR", ""))
