"""Digests on their way: made once a week for each who is told, sent until the mail server has them.

The row is the job, as with webhooks. No transaction is open while a mail is sent. A worker that
dies between the mail server's "accepted" and its own note sends the mail once more when its lease
has run out: at least once, never not at all. Both mails have one Message-ID, by which mail servers
and programs know that they are one.
"""

import logging
import time
from datetime import date, timedelta
from smtplib import SMTPException
from typing import Final

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from accounts.log import record
from accounts.models import Person
from accounts.rights import LEAD, has_right
from feedback.models import CatalogueContact, Digest
from feedback.services.statistics.digest import (
    Week,
    last_week,
    prompt_owners,
    week_of_catalogue,
    week_of_person,
)

log = logging.getLogger(__name__)

# On Mondays, when the week is over and before people come in.
HOUR: Final = 6
LEASE: Final = timedelta(minutes=5)
# After the first attempt, the second and so on.
RESTS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 360, 1440))
MOST_ATTEMPTS: Final = len(RESTS) + 1
# A mail server that hangs must not hold up what else the worker has to do.
AT_ONCE_S: Final = 20.0


def make_due_digests() -> int:
    """Make the digests of last week that there are not yet; return how many were made.

    Safe to repeat, and at once from several processes: one a week for each who is told.
    """
    now = timezone.localtime()
    if now.weekday() == 0 and now.hour < HOUR:
        return 0
    return make_digests(last_week())


def make_digests(monday: date) -> int:
    """Make the digests of a week that there are not yet; return how many were made."""
    made = 0
    has_one = {
        digest.person_id or digest.catalogue_owner
        for digest in Digest.objects.filter(week=monday).only("person_id", "catalogue_owner")
    }
    for person in prompt_owners(monday):
        if person.pk not in has_one:
            with override(person.language or settings.LANGUAGE_CODE):
                made += _make(week_of_person(person, monday), person.email, person=person)
    for contact in CatalogueContact.objects.all():
        if contact.owner not in has_one:
            with override(contact.language):
                week = week_of_catalogue(contact.owner, monday)
                made += _make(week, contact.address, catalogue_owner=contact.owner)
    return made


def send_due(seconds: float = AT_ONCE_S) -> int:
    """Send what is due, for so many seconds at most; return how many attempts that were."""
    until, attempts = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        digest = _claim()
        if digest is None:
            break
        _send(digest)
        attempts += 1
    return attempts


def send_again(digest_id: int, lead: Person) -> bool:
    """Try a digest that was given up once more. Returns whether it was given up."""
    with transaction.atomic():
        begun = Digest.objects.filter(pk=digest_id, state=Digest.State.FAILED).update(
            state=Digest.State.WAITING, next_at=Now(), ended_at=None
        )
        if begun:
            record(lead, "digest sent again", Digest.objects.only("pk").get(pk=digest_id))
    return bool(begun)


def digests_for(person: Person) -> QuerySet[Digest]:
    """Return the digests that somebody may read: their own, and a lead all."""
    found = Digest.objects.select_related("person").defer("text", "html")
    return found if has_right(person, LEAD) else found.filter(person=person)


def written(week: Week) -> tuple[str, str, str]:
    """Return a week as a mail, in the language that is active: subject, text and HTML."""
    context = {"week": week, "desk": settings.DESK_URL}
    return (
        _subject(week),
        render_to_string("feedback/digest.txt", context),
        render_to_string("feedback/digest.html", context),
    )


def _subject(week: Week) -> str:
    """Return the subject: numbers only, nobody's words."""
    rejected = ngettext("%(n)s rejected", "%(n)s rejected", week.rejected) % {"n": week.rejected}
    rewritten = ngettext("%(n)s rewritten", "%(n)s rewritten", week.rewritten) % {
        "n": week.rewritten
    }
    return _("Copydesk, week of %(monday)s: %(rejected)s, %(rewritten)s") % {
        "monday": week.first.isoformat(),
        "rejected": rejected,
        "rewritten": rewritten,
    }


def _make(
    week: Week, address: str, person: Person | None = None, catalogue_owner: str = ""
) -> bool:
    if week.is_empty:
        return False
    subject, text, html = written(week)
    made = Digest(
        week=week.first,
        person=person,
        catalogue_owner=catalogue_owner,
        address=address,
        subject=subject,
        text=text,
        html=html,
    )
    before = Digest.objects.filter(
        week=week.first, person=person, catalogue_owner=catalogue_owner
    ).exists()
    if not before:
        Digest.objects.bulk_create([made], ignore_conflicts=True)
    return not before


def _claim() -> Digest | None:
    """Take the digest that is due longest, for one attempt."""
    state = Digest.State
    due = Q(state=state.WAITING, next_at__lte=Now()) | Q(state=state.SENDING, lease_until__lt=Now())
    with transaction.atomic():
        digest = (
            Digest.objects.select_for_update(skip_locked=True)
            .filter(due)
            .order_by("next_at")
            .first()
        )
        if digest is None:
            return None
        Digest.objects.filter(pk=digest.pk).update(
            state=state.SENDING, attempts=F("attempts") + 1, lease_until=Now() + LEASE
        )
        digest.attempts += 1
    return digest


def _send(digest: Digest) -> None:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "localhost"
    mail = EmailMultiAlternatives(
        digest.subject,
        digest.text,
        to=[digest.address],
        headers={
            "Message-ID": f"<digest-{digest.message}@{domain}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(digest.html, "text/html")
    try:
        mail.send()
    except (OSError, SMTPException) as error:
        log.warning("Digest %s was not sent: %s", digest.pk, error)
        _try_again(digest, f"{type(error).__name__}: {error}")
        return
    _of_attempt(digest).update(
        state=Digest.State.SENT, problem="", lease_until=None, ended_at=Now()
    )


def _try_again(digest: Digest, problem: str) -> None:
    if digest.attempts >= MOST_ATTEMPTS:
        _of_attempt(digest).update(
            state=Digest.State.FAILED, problem=problem[:500], lease_until=None, ended_at=Now()
        )
        return
    _of_attempt(digest).update(
        state=Digest.State.WAITING,
        problem=problem[:500],
        lease_until=None,
        next_at=Now() + RESTS[digest.attempts - 1],
    )


def _of_attempt(digest: Digest) -> QuerySet[Digest]:
    return Digest.objects.filter(pk=digest.pk, attempts=digest.attempts, state=Digest.State.SENDING)
