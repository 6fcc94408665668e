"""Make the four people of the demo."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from accounts.services.people import DEMO_PEOPLE, create_demo_people


class Command(BaseCommand):
    help = "Make an editor, a lead, a manager and an ML engineer to try the desk with."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--passwords-file",
            type=Path,
            metavar="FILE",
            help='JSON with "editor_password" and so on; without it they are made and printed.',
        )

    def handle(self, *, passwords_file: Path | None, **options: Any) -> None:
        """Make those who are missing. Refuses in production."""
        if settings.PRODUCTION:
            raise CommandError("COPYDESK_PRODUCTION=1 has no demo people: use createsuperuser.")
        if passwords_file is None:
            passwords = {username: secrets.token_urlsafe(12) for username in DEMO_PEOPLE}
        else:
            passwords = _read(passwords_file)
        made = create_demo_people(passwords)
        if passwords_file is None and made:
            shown = {username: passwords[username] for username in made}
            self.stdout.write(json.dumps(shown, indent=1))
        self.stderr.write(f"Demo people made: {', '.join(made) or 'none, they are all there'}.")


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text())
        return {username: str(kept[f"{username}_password"]) for username in DEMO_PEOPLE}
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} does not hold the passwords of the demo people.") from error
