"""Start a run and watch it: `manage.py draft --task music-oneliner --limit 100 --wait`."""

import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Person
from explanations.models import Run
from explanations.services.runs import CannotStart, parts_of, preview, start_run
from explanations.services.selecting import Selection, in_words
from explanations.services.watching import (
    Cause,
    Hindrance,
    Progress,
    hindrance_of,
    progress_of,
)

_LOOK_EVERY_S: Final = 0.5
# Without a terminal each look would be a line of its own.
_SAY_EVERY_S: Final = 10.0
# A sweep and a start of a drainer fit into it, so silence for longer has another cause.
_PATIENCE_S: Final = 30.0
_ENDED: Final = {Run.State.CANCELLED, Run.State.DONE}
_INTERRUPTED: Final = 130


class Command(BaseCommand):
    help = "Draft recommendations of a task that have no draft yet, or others; watch a run."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which recommendations, with which prompt and which model."""
        parser.add_argument("--task", metavar="SLUG")
        parser.add_argument("--model", metavar="NAME", help="the task's own by default")
        parser.add_argument("--prompt", type=int, metavar="N", help="the task's own by default")
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--again", action="store_true", help="also those that have a draft")
        which.add_argument("--rejected", action="store_true", help="what editors rejected before")
        which.add_argument(
            "--ids",
            metavar="FILE",
            help="those whose external ids it holds, one a line; “-”: stdin",
        )
        parser.add_argument("--import", type=int, metavar="ID", help="what this import brought")
        parser.add_argument("--search", default="", help="words that a fact of the item holds")
        parser.add_argument("--locale", default="", help="such as en; it takes in en-GB")
        parser.add_argument("--least-priority", type=int, metavar="N")
        parser.add_argument("--most-priority", type=int, metavar="N")
        for end, words in (("from", "or later"), ("to", "or earlier")):
            parser.add_argument(
                f"--changed-{end}",
                type=_day,
                metavar="YYYY-MM-DD",
                help=f"came or changed on this day {words}",
            )
        parser.add_argument("--sample", type=int, metavar="N", help="so many, at random")
        parser.add_argument("--seed", type=int, metavar="N", help="draws the same sample again")
        parser.add_argument(
            "--limit", type=int, metavar="N", help="so many, the highest priority first"
        )
        parser.add_argument("--each", type=int, default=1, help="drafts of each recommendation")
        parser.add_argument(
            "--priority", type=int, metavar="N", help="of the drafts; as recommended by default"
        )
        parser.add_argument("--person", metavar="USERNAME", help="who starts it, for the log")
        parser.add_argument("--count", action="store_true", help="only say how many it would be")
        parser.add_argument("--wait", action="store_true", help="until the last draft has ended")
        parser.add_argument("--watch", type=int, metavar="RUN", help="only watch this run")

    def handle(self, **options: Any) -> None:
        """Start the run, or watch one. Raises CommandError with what is missing."""
        if options["watch"] is not None:
            run = Run.objects.filter(pk=options["watch"]).first()
            if run is None:
                raise CommandError(f"There is no run {options['watch']}.")
            self._wait(run)
            return
        if not options["task"]:
            raise CommandError("Which task? --task SLUG; or --watch RUN.")
        try:
            run = self._start(options)
        except CannotStart as error:
            raise CommandError(str(error)) from error
        if run is not None and options["wait"]:
            self._wait(run)

    def _start(self, options: dict[str, Any]) -> Run | None:
        """Start the run and say what it is; None when only the count was wanted."""
        selection = _selection(options)
        parts = parts_of(options["task"], options["prompt"], options["model"])
        if options["count"]:
            holds = preview(parts, selection, options["each"], options["priority"])
            self.stdout.write(
                f"{holds.recommendations:,} recommendations, {holds.drafts:,} drafts."
            )
            return None
        run = start_run(
            parts.task,
            parts.prompt,
            parts.model_version,
            selection,
            options["each"],
            _person(options["person"]),
            priority=options["priority"],
        )
        self.stdout.write(
            f"Run {run.pk}: {progress_of(run).total:,} drafts with {run.prompt} and "
            f"{run.model_version}; asked for: {in_words(run.selection)}."
        )
        return run

    def _wait(self, run: Run) -> None:
        """Show the progress until the run has ended, and then what came of it."""
        try:
            progress = self._watch(run)
        except KeyboardInterrupt:
            self.stdout.write(
                f"\nRun {run.pk} goes on without you. `manage.py draft --watch {run.pk}` watches "
                f"it again; /runs/{run.pk}/ has the buttons to pause and cancel it."
            )
            sys.exit(_INTERRUPTED)
        self._sum_up(run, progress)

    def _watch(self, run: Run) -> Progress:
        progress = progress_of(run)
        moved_at = time.monotonic()
        with _shown(run, progress, self.stdout) as shown:
            while True:
                latest = progress_of(run)
                if latest.ended != progress.ended:
                    moved_at = time.monotonic()
                progress = latest
                run.refresh_from_db(fields=["state"])
                hindrance = hindrance_of(run)
                shown.show(progress, _now(run, progress, hindrance))
                if progress.ended >= progress.total or run.state in _ENDED:
                    return progress
                if _nobody_comes(hindrance) and time.monotonic() - moved_at > _PATIENCE_S:
                    raise CommandError(
                        "Nobody drafts: start a Celery worker for the queue “drafting”. "
                        "The run goes on by itself when one is there."
                    )
                time.sleep(_LOOK_EVERY_S)

    def _sum_up(self, run: Run, progress: Progress) -> None:
        if run.state == Run.State.CANCELLED:
            cancelled = progress.by_state["CANCELLED"]
            self.stdout.write(f"The run was cancelled; {cancelled:,} drafts were not made.")
        self.stdout.write(
            f"{progress.ready:,} ready, {progress.by_state['BLOCKED']:,} blocked by a check; "
            f"{progress.prompt_tokens:,} tokens read, {progress.completion_tokens:,} written."
        )
        for failure in progress.failures:
            self.stdout.write(f"{failure.count:,} failed: {failure.sentence}")


class _Shown:
    """How far the run is, as the person sees it."""

    def __init__(self, out: Any, bar: Any) -> None:
        self._out = out
        self._bar = bar
        self._said_at = time.monotonic()

    def show(self, progress: Progress, words: str) -> None:
        if self._bar is not None:
            self._bar.update(progress.ended - self._bar.pos, words)
        elif time.monotonic() - self._said_at >= _SAY_EVERY_S:
            self._said_at = time.monotonic()
            self._out.write(f"{progress.ended:,} of {progress.total:,} ended; {words}")


@contextmanager
def _shown(run: Run, progress: Progress, out: Any) -> Iterator[_Shown]:
    """A bar on a terminal, lines otherwise."""
    if not out.isatty():
        yield _Shown(out, None)
        return
    with click.progressbar(
        length=progress.total,
        label=f"Run {run.pk}",
        item_show_func=_as_it_is,
        show_eta=False,
        show_pos=True,
    ) as bar:
        yield _Shown(out, bar)


def _as_it_is(words: Any) -> str | None:
    return words if isinstance(words, str) else None


def _selection(options: dict[str, Any]) -> Selection:
    """Return which recommendations are asked for. Raises CommandError."""
    named = _external_ids(options["ids"]) if options["ids"] else None
    return Selection(
        not_drafted=not (options["again"] or options["rejected"] or named),
        rejected_before=options["rejected"],
        import_id=options["import"],
        external_ids=named,
        locale=options["locale"],
        search=options["search"],
        least_priority=options["least_priority"],
        most_priority=options["most_priority"],
        changed_from=options["changed_from"],
        changed_to=options["changed_to"],
        sample=options["sample"],
        seed=options["seed"],
        limit=options["limit"],
    )


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ArgumentTypeError(f"“{written}” is no day; write it as 2026-01-31.") from None


def _external_ids(file: str) -> list[str]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}.") from error
    named = [line.strip() for line in text.splitlines() if line.strip()]
    if not named:
        raise CommandError(f"{file} names no recommendation.")
    return named


def _person(username: str | None) -> Person | None:
    if username is None:
        return None
    person = Person.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"Nobody is called “{username}” here.")
    return person


def _now(run: Run, progress: Progress, hindrance: Hindrance | None) -> str:
    """Return how the run is at the moment, in one line."""
    words = []
    if progress.by_state["FAILED"]:
        words.append(f"{progress.by_state['FAILED']:,} failed")
    if hindrance:
        words.append(hindrance.brief)
        words += [f"“{server.name}”: {server.trouble}" for server in hindrance.servers]
    if run.state != Run.State.RUNNING:
        words.append(run.get_state_display())
    elif progress.per_minute and (hindrance is None or hindrance.only_slows):
        words.append(f"{progress.per_minute:,.0f} a minute")
        words += [f"{progress.time_left} left"] if progress.time_left else []
    return ", ".join(words)


def _nobody_comes(hindrance: Hindrance | None) -> bool:
    return hindrance is not None and hindrance.cause == Cause.NO_WORKER
