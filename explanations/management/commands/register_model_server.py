"""Make a model server known: `manage.py register_model_server`."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from explanations.model_server import ModelServerError
from explanations.services.model_servers import USUAL_NAME, register


class Command(BaseCommand):
    help = "Ask a model server what it serves, and make that known to the desk. Safe to repeat."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the server is, and what it is called here."""
        parser.add_argument("--name", default=USUAL_NAME, help="what the server is called here")
        parser.add_argument("--url", default="", help="with /v1; LLM_URL by default")
        parser.add_argument("--window", type=int, help="requests in flight at most")

    def handle(self, **options: Any) -> None:
        """Register, and say what was found. Raises CommandError when there is no answer."""
        url = options["url"] or settings.LLM_URL
        if not url:
            raise CommandError("There is no model server: set LLM_URL, or start the desk.")
        try:
            found = register(options["name"], url, options["window"])
        except ModelServerError as error:
            raise CommandError(f"{error.sentence} Its address is {url}.") from error
        names = ", ".join(version.name for version in found.versions)
        self.stdout.write(f"The model server “{found.server.name}” serves {names}.")
        for task in found.tasks:
            self.stdout.write(f"{task.name} is drafted by {task.model_version} from now on.")
