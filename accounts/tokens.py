"""Tokens for programs: `Authorization: Bearer desk_…`, hashed at rest, scoped, expiring."""

from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import AccessToken, Person

NO_SUCH_TOKEN = "This token is unknown, revoked or expired. Make a new one at /accounts/tokens/."  # noqa: S105


class ScopedTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Knox's authentication; the scopes of `AccessToken` are asked by `accounts.rights.MayUse`."""

    def authenticate_credentials(self, token: bytes) -> tuple[Person, AccessToken]:
        """Return the person and the token's row. Raises AuthenticationFailed."""
        # Knox expects UTF-8, and PostgreSQL stores no NUL: neither was ever a token.
        if not token.isascii() or b"\0" in token:
            raise AuthenticationFailed(NO_SUCH_TOKEN)
        try:
            person, row = super().authenticate_credentials(token)
        except AuthenticationFailed as refusal:
            raise AuthenticationFailed(NO_SUCH_TOKEN) from refusal
        return person, row
