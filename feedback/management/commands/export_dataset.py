"""Write a training file."""

import sys
from pathlib import Path
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from explanations.models import Task
from feedback.formats import UnknownTrainingFormat, training_format_slugs
from feedback.models import Review
from feedback.services.exporting import ExportCounts, UnknownTask, export_goldens
from feedback.services.whole_files import whole_file

STANDARD_OUTPUT = "-"


class Command(BaseCommand):
    help = "Write what a task's reviews teach as a training file, one JSON row a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help='Where to; "-" is the standard output.')
        parser.add_argument("--task", required=True, help="The task's slug.")
        parser.add_argument(
            "--format", default="sft", help=f"One of: {', '.join(training_format_slugs())}."
        )

    def handle(self, *, file: str, task: str, format: str, **options: Any) -> None:
        """Write the file whole or not at all; the counts go to the standard error."""
        try:
            if file == STANDARD_OUTPUT:
                counts = export_goldens(task, format, sys.stdout.buffer.write)
                sys.stdout.buffer.flush()
            else:
                with whole_file(Path(file)) as opened:
                    counts = export_goldens(task, format, opened.write)
        except UnknownTask as unknown:
            known = ", ".join(Task.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no task {unknown}; there are: {known}.") from unknown
        except UnknownTrainingFormat as unknown:
            known = ", ".join(training_format_slugs())
            raise CommandError(f"There is no format {unknown}; there are: {known}.") from unknown
        except OSError as error:
            raise CommandError(f"Cannot write {file}: {error.strerror or error}.") from error
        for line in _told(counts):
            self.stderr.write(line)


def _told(counts: ExportCounts) -> list[str]:
    reviews = sum(counts.outcomes.values())
    outcomes = [
        f"{number} {Review.Outcome(outcome).label}" for outcome, number in counts.outcomes.items()
    ]
    what = f"{_many(counts.written, 'row')} of {_many(reviews, 'review')}"
    left_out = [f"{number} left out: {reason}." for reason, number in counts.left_out.items()]
    return [f"{what}{': ' if outcomes else ''}{', '.join(outcomes)}.", *left_out]


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
