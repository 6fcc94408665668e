"""`manage.py load_starter_tasks`: the two tasks that the desk ships with, and their samples."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from explanations.services.starter import import_samples, load_starter_tasks


class Command(BaseCommand):
    help = (
        "Bring in the tasks that ship with the desk: guides, prompts, categories, criteria, and "
        "recommendations to try them on. "
        "Run it as often as you like; what people changed stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--without-samples",
            action="store_true",
            help="leave the recommendations out that are only there to try the tasks on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        loaded = load_starter_tasks()
        for change in loaded.changes:
            self.stdout.write(f"added {change}")
        imports = [] if options["without_samples"] else import_samples()
        for delivery in imports:
            self.stdout.write(f"{delivery.source}: {delivery.new} new, {delivery.refused} refused")
        if not loaded.changes and not imports:
            self.stdout.write("Nothing to add: the starter tasks are all there.")
