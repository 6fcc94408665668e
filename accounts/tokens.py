"""Tokens for programs: `Authorization: Bearer desk_…`, hashed at rest, scoped, expiring."""

from hmac import compare_digest

from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from accounts.backends import MAY, PERSON, read_person
from accounts.models import AccessToken, Person
from accounts.statements import Columns, Statement

NO_SUCH_TOKEN = "This token is unknown, revoked or expired. Make a new one at /accounts/tokens/."  # noqa: S105

_TOKEN = Columns(AccessToken, "token")
# With every request of a program: the token, whose it is, and what they may.
_TOKENS = Statement(
    """
    SELECT {token}, {may}, {person}
    FROM accounts_accesstoken token
    JOIN accounts_person person ON person.id = token.user_id
    WHERE token.token_key = %(key)s
    """,
    token=_TOKEN,
    may=MAY,
    person=PERSON,
)


class ScopedTokenAuthentication(TokenAuthentication):  # type: ignore[misc]
    """Knox's authentication in one statement; the scopes of `AccessToken` are asked by
    `accounts.rights.MayUse`.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[Person, AccessToken]:
        """Return the person and the token's row. Raises AuthenticationFailed."""
        # Knox expects UTF-8, and PostgreSQL stores no NUL: neither was ever a token.
        if not token.isascii() or b"\0" in token:
            raise AuthenticationFailed(NO_SUCH_TOKEN)
        for row in _tokens_like(token.decode()):
            person: Person = row.user
            has_expired = row.expiry is not None and row.expiry < timezone.now()
            if has_expired:
                self._cleanup_token(row)
            elif person.is_active:
                return person, row
        raise AuthenticationFailed(NO_SUCH_TOKEN)


def _tokens_like(token: str) -> list[AccessToken]:
    """Return the row of a token, with its person: no row, or one."""
    digest = hash_token(token)
    rows = []
    for values in _TOKENS.rows(key=token[: CONSTANTS.TOKEN_KEY_LENGTH]):
        row = _TOKEN.read(values[: len(_TOKEN)])
        if compare_digest(digest, row.digest):
            row.user = read_person(values[len(_TOKEN) :])
            rows.append(row)
    return rows
