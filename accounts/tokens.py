"""Tokens for programs: `Authorization: Bearer desk_…`, hashed at rest, scoped, expiring."""

from knox.auth import TokenAuthentication


class ScopedTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Knox's authentication; the scopes of `AccessToken` are asked by `accounts.rights.MayUse`."""
