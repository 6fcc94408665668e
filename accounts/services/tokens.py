"""Make and revoke the tokens of programs."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import log
from accounts.models import AccessToken, Person
from accounts.rights import SCOPES, has_right

LONGEST_LIFE: Final = timedelta(days=365)


class TokenRefused(ValueError):
    """A token cannot be made as asked; the message is for the person who asked."""


class UnknownToken(LookupError):
    """The person has no token of this id."""


def offered_scopes(person: Person) -> dict[str, str]:
    """Return the scopes that the person's rights allow, each with its words."""
    return {scope: words for scope, (words, right) in SCOPES.items() if has_right(person, right)}


def tokens_of(person: Person) -> QuerySet[AccessToken]:
    """Return the person's tokens that still open something, newest first."""
    found: QuerySet[AccessToken] = AccessToken.objects.filter(
        user=person, expiry__gt=timezone.now()
    )
    return found


def make_token(
    person: Person, name: str, scopes: Iterable[str], lifetime: timedelta
) -> tuple[AccessToken, str]:
    """Make a token and return its row and the token itself, which can never be shown again.

    Raises TokenRefused when a scope is unknown or beyond the person's rights, when there is none,
    or when the lifetime is not between nothing and a year.
    """
    wanted = sorted(set(scopes))
    if not wanted:
        raise TokenRefused(_("A token needs at least one scope."))
    beyond = [scope for scope in wanted if scope not in offered_scopes(person)]
    if beyond:
        raise TokenRefused(f"Your role does not allow {', '.join(beyond)}.")
    if not timedelta(0) < lifetime <= LONGEST_LIFE:
        raise TokenRefused(f"A token lives between 1 and {LONGEST_LIFE.days} days.")
    with transaction.atomic():
        row, token = AccessToken.objects.create(
            user=person, expiry=lifetime, name=name, scopes=wanted
        )
        log.record(person, "token made", person, token=row.token_key, name=name, scopes=wanted)
    return row, token


def revoke_token(person: Person, token_id: str) -> None:
    """End one of the person's own tokens at once. Raises UnknownToken."""
    with transaction.atomic():
        revoked, _by_model = AccessToken.objects.filter(user=person, token_key=token_id).delete()
        if not revoked:
            raise UnknownToken(token_id)
        log.record(person, "token revoked", person, token=token_id)


def revoke_somebodys_token(token: AccessToken, by: Person) -> None:
    """End a token at once, whosever it is; the log says who did."""
    with transaction.atomic():
        AccessToken.objects.filter(pk=token.pk).delete()
        log.record(by, "token revoked", token.user, token=token.token_key)


def revoke_all_tokens(person: Person, reason: str) -> None:
    """End all tokens of the person; the log keeps the reason."""
    with transaction.atomic():
        revoked, _by_model = AccessToken.objects.filter(user=person).delete()
        if revoked:
            log.record(None, "tokens revoked", person, reason=reason, tokens=revoked)
