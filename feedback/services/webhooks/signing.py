"""Sign messages as Standard Webhooks has it (HMAC-SHA256): receivers need no code of ours."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from uuid import UUID

from django.utils.crypto import salted_hmac

from feedback.models import Webhook

PREFIX = "whsec_"


def secret_of(webhook: Webhook) -> str:
    """Return the secret as its receiver keeps it. It is made from the desk's key at each use."""
    return PREFIX + b64encode(_key(webhook)).decode()


def signed(webhook: Webhook, message: UUID, sent_at: int, body: bytes) -> Mapping[str, str]:
    """Return the headers that identify and sign a message; `sent_at` in seconds since 1970."""
    return {
        "webhook-id": str(message),
        "webhook-timestamp": str(sent_at),
        "webhook-signature": signature(_key(webhook), str(message), sent_at, body),
    }


def signature(key: bytes, message: str, sent_at: int, body: bytes) -> str:
    """Return the signature of a message: `v1,` and the base64 of the HMAC."""
    said = f"{message}.{sent_at}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, said, 'sha256')).decode()}"


def _key(webhook: Webhook) -> bytes:
    return salted_hmac("feedback.webhook", str(webhook.salt), algorithm="sha256").digest()
