"""Make and send the weekly digests by hand, or print what they would say."""

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date

from feedback.models import CatalogueContact
from feedback.services.statistics.digest import (
    last_week,
    monday_of,
    prompt_owners,
    week_of_catalogue,
    week_of_person,
)
from feedback.services.statistics.digest_mail import make_digests, send_due, written


class Command(BaseCommand):
    """`manage.py send_digests`: of the last week, or of the one that `--week` lies in."""

    help = "Make and send the weekly digests that nobody has got yet; --preview only prints them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a week, and whether only to look."""
        parser.add_argument("--week", help="A day of the week; the last whole week without it.")
        parser.add_argument("--preview", action="store_true", help="Print them, send nothing.")

    def handle(self, *arguments: Any, **options: Any) -> None:
        """Send or print."""
        monday = _monday(options["week"])
        if options["preview"]:
            self._print(monday)
            return
        made, attempts = make_digests(monday), send_due()
        self.stdout.write(f"Week of {monday}: {made} digests made, {attempts} attempts to send.")

    def _print(self, monday: date) -> None:
        found = [(person.email, week_of_person(person, monday)) for person in prompt_owners(monday)]
        found += [
            (contact.address, week_of_catalogue(contact.owner, monday))
            for contact in CatalogueContact.objects.all()
        ]
        for address, week in found:
            if not week.is_empty:
                subject, text, _html = written(week)
                self.stdout.write(f"To: {address}\nSubject: {subject}\n\n{text}\n")


def _monday(typed: str | None) -> date:
    if not typed:
        return last_week()
    try:
        day = parse_date(typed)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"{typed} is no day: write it as 2026-11-16.")
    return monday_of(day)
