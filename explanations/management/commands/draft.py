"""Start a run and watch it: `manage.py draft --task music-oneliner --limit 100 --wait`."""

import time
from typing import Any, Final

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from explanations.models import Run
from explanations.services.drafting.drainers import at_work
from explanations.services.runs import (
    CannotStart,
    Progress,
    Selection,
    parts_of,
    progress_of,
    start_run,
)

_LOOK_EVERY_S: Final = 0.5
# A sweep and a start of a drainer fit into it, so silence for longer has another cause.
_PATIENCE_S: Final = 30.0


class Command(BaseCommand):
    help = "Draft recommendations of a task that have no draft yet."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which recommendations, with which prompt and which model."""
        parser.add_argument("--task", required=True, metavar="SLUG")
        parser.add_argument("--limit", type=int, help="so many, the highest priority first")
        parser.add_argument("--sample", type=int, help="so many, at random")
        parser.add_argument("--again", action="store_true", help="also those that have a draft")
        parser.add_argument("--each", type=int, default=1, help="drafts of each recommendation")
        parser.add_argument("--model", metavar="NAME", help="the task's own by default")
        parser.add_argument("--prompt", type=int, metavar="N", help="the task's own by default")
        parser.add_argument("--wait", action="store_true", help="until the last draft has ended")

    def handle(self, **options: Any) -> None:
        """Start the run. Raises CommandError with what is missing."""
        selection = Selection(
            not_drafted=not options["again"], sample=options["sample"], limit=options["limit"]
        )
        try:
            parts = parts_of(options["task"], options["prompt"], options["model"])
            run = start_run(
                parts.task, parts.prompt, parts.model_version, selection, options["each"], None
            )
        except CannotStart as error:
            raise CommandError(str(error)) from error
        total = progress_of(run).total
        self.stdout.write(
            f"Run {run.pk}: {total} drafts with {run.prompt} and {run.model_version}."
        )
        if options["wait"]:
            self._wait(run, total)

    def _wait(self, run: Run, total: int) -> None:
        """Show the progress until the run has ended, and then what came of it."""
        silent_since = time.monotonic()
        with click.progressbar(length=total, label="Drafting") as bar:
            while True:
                progress = progress_of(run)
                if progress.ended > bar.pos:
                    silent_since = time.monotonic()
                bar.update(progress.ended - bar.pos)
                run.refresh_from_db(fields=["state"])
                if progress.ended >= total or run.state in {Run.State.CANCELLED, Run.State.DONE}:
                    break
                if time.monotonic() - silent_since > _PATIENCE_S and not at_work()[0]:
                    raise CommandError(
                        "Nobody drafts: start a Celery worker for the queue “drafting”. "
                        "The run goes on by itself when one is there."
                    )
                time.sleep(_LOOK_EVERY_S)
        self._sum_up(progress)

    def _sum_up(self, progress: Progress) -> None:
        ready = progress.by_state["READY"] + progress.by_state["REVIEWED"]
        self.stdout.write(f"{ready} ready, {progress.by_state['BLOCKED']} blocked by a check.")
        for failure in progress.failures:
            self.stdout.write(f"{failure.count} failed: {failure.sentence}")
