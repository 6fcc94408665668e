"""Import a file: `manage.py import_recommendations tracks.jsonl`, or `-` for standard input."""

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, Final

import click
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Person
from explanations.models import Import
from explanations.services.importing import import_file

_SAY_EVERY_S: Final = 2.0


class Command(BaseCommand):
    help = (
        "Import recommendations from an NDJSON or CSV file, gzipped or not. Bad lines are named "
        "on standard error and stop nothing else. Ends with 0 when good lines went in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which file, and who is behind it."""
        parser.add_argument("file", metavar="FILE", help="“-” reads standard input")
        parser.add_argument(
            "--catalogue-owner", default="", help="whom a wrong fact of this file is reported to"
        )
        parser.add_argument("--person", metavar="USERNAME", help="who imports, for the log")

    def handle(self, **options: Any) -> None:
        """Import. Raises CommandError when the file, or the rest of it, cannot be read."""
        person = _person(options["person"])
        with _opened(options["file"]) as file, _progress(file, self.stdout) as progress:
            delivery = import_file(
                file,
                name=_name(options["file"]),
                person=person,
                catalogue_owner=options["catalogue_owner"],
                on_progress=progress.show,
            )
        self._report(delivery)

    def _report(self, delivery: Import) -> None:
        listed = delivery.refused_lines.all()
        for refused in listed:
            field = f", {refused.field}" if refused.field else ""
            self.stderr.write(f"line {refused.line}{field}: {refused.reason}")
        if delivery.refused > len(listed):
            self.stderr.write(f"… and {delivery.refused - len(listed):,} more refused lines.")
        self.stdout.write(
            f"{delivery.lines:,} lines: {delivery.new:,} new, {delivery.changed:,} changed, "
            f"{delivery.unchanged:,} unchanged, {delivery.refused:,} refused."
        )
        if delivery.state == Import.State.FAILED:
            raise CommandError(delivery.failure)
        if delivery.lines == delivery.refused:
            raise CommandError(
                "No line of the file could go in." if delivery.lines else "The file has no lines."
            )


class _Progress:
    """How far the import is, as the person sees it."""

    def __init__(self, out: Any, bar: Any) -> None:
        self._out = out
        self._bar = bar
        self._said_at = time.monotonic()

    def show(self, delivery: Import) -> None:
        if self._bar is not None:
            self._bar.update(delivery.bytes_read - self._bar.pos)
        elif time.monotonic() - self._said_at >= _SAY_EVERY_S:
            self._said_at = time.monotonic()
            self._out.write(f"{delivery.lines:,} lines so far, {delivery.refused:,} refused")


@contextmanager
def _progress(file: BinaryIO, out: Any) -> Iterator[_Progress]:
    """A bar on a terminal when the size is known, lines otherwise."""
    size = _size(file)
    if size and sys.stdout.isatty():
        with click.progressbar(length=size, label="Importing") as bar:
            yield _Progress(out, bar)
    else:
        yield _Progress(out, None)


def _size(file: BinaryIO) -> int:
    """Bytes of a plain file; 0 of a pipe."""
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _opened(name: str) -> Any:
    if name == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return open(name, "rb")
    except OSError as error:
        raise CommandError(f"{name} cannot be opened: {error.strerror}.") from error


def _name(name: str) -> str:
    return "standard input" if name == "-" else Path(name).name


def _person(username: str | None) -> Person | None:
    if username is None:
        return None
    person = Person.objects.filter(username=username).first()
    if person is None:
        raise CommandError(f"Nobody is called “{username}” here.")
    return person
