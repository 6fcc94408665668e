"""`manage.py recount_statistics`: prove that the statistics are right, or put them right."""

import sys
from typing import Any

import click
from django.core.management.base import BaseCommand, CommandParser

from feedback.services.statistics.keeping import keep_statistics
from feedback.services.statistics.recounting import recount


class Command(BaseCommand):
    """Count everything from the reviews and compare it with what is kept."""

    help = "Count the statistics from the reviews themselves and compare; --mend puts them right."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--mend`."""
        parser.add_argument("--mend", action="store_true", help="Put right what is wrong.")

    def handle(self, *args: Any, mend: bool, **options: Any) -> None:
        """Say what was found; end with 1 where something is wrong and was not put right."""
        caught_up = keep_statistics()
        with click.progressbar(length=1, label="Counting", file=sys.stderr) as bar:

            def tell(done: int, last: int) -> None:
                bar.length = max(1, last)
                bar.update(done - bar.pos)

            found = recount(mend=mend, tell=tell)
        self.stdout.write(f"{found.drafts:,} judged drafts, {caught_up:,} of them counted just now")
        if found.is_right:
            self.stdout.write("All that is kept equals what was counted.")
            return
        did = "put right" if mend else "wrong"
        self.stdout.write(f"{did}: {found.wrong_drafts:,} drafts, {found.wrong_tallies:,} tallies")
        if not mend:
            self.stdout.write("manage.py recount_statistics --mend puts them right.")
            sys.exit(1)
