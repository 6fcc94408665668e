"""Run the whole desk: `manage.py up`, which is what `make run` ends with."""

import io
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import OperationalError, connections

from editorial.stack import desk
from editorial.stack.addresses import resolve
from editorial.stack.errors import StackError
from editorial.stack.home import Home

# A desk in production begins with its tasks' guides, prompts and categories, and nobody's examples.
STARTER_TASKS = ["load_starter_tasks", *(["--without-samples"] if settings.PRODUCTION else [])]
DEMO_PEOPLE = ["create_demo_people", "--passwords-file", str(Home.of(os.environ).secrets)]

STEPS = desk.Steps(
    before_web=[
        ["migrate", "--no-input", "--verbosity", "1"],
        ["collect_changed_static"],
        STARTER_TASKS,
        *([] if settings.PRODUCTION else [DEMO_PEOPLE]),
    ],
    when_model_is_ready=[
        ["register_model_server"],
        *([] if settings.PRODUCTION else [["draft_demo"]]),
    ],
)


class Command(BaseCommand):
    help = "Start everything the desk needs, keep it running, and stop it all with Ctrl-C."

    # There is no database to check before this command has started one.
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        """Run until stopped. Raises StackError with what to do when the desk cannot run."""
        desk.run(os.environ, STEPS, run_command)


def run_command(command: Sequence[str], say: Callable[[str], None]) -> None:
    """Run one management command in this process, which has already loaded everything.

    Raises StackError when it refuses, or the database does.
    """
    output = _Lines(say)
    # This process read its settings before the model server had an address.
    settings.LLM_URL = resolve(os.environ).llm_url
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(output)
    try:
        call_command(*command, stdout=output, stderr=output)
    except CommandError as error:
        raise StackError(f"`manage.py {command[0]}` refused: {error}") from error
    except OperationalError as error:
        reason = " ".join(str(error).split())
        raise StackError(f"The database cannot be used ({reason}): see DATABASE_URL.") from error
    finally:
        connections.close_all()


class _Lines(io.TextIOBase):
    """A stream that hands on whole lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            if line.strip():
                self._say(line)
        return len(text)
