"""Collect the static files where they have changed: hashing and compressing takes seconds."""

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Collect the static files, if any of them has changed since they were last collected."

    def handle(self, **options: Any) -> None:
        """Leave STATIC_ROOT as `collectstatic` would."""
        root = Path(settings.STATIC_ROOT)
        # Beside the folder, whose every file is served.
        remembered = root.with_name("static.fingerprint")
        fingerprint = _fingerprint()
        if remembered.exists() and remembered.read_text() == fingerprint and root.exists():
            return
        self.stdout.write("collecting the static files")
        call_command("collectstatic", "--no-input", "--clear", "--verbosity", "0")
        remembered.write_text(fingerprint)


def _fingerprint() -> str:
    """Return a value that changes when a static file or its place does."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list(None):
            status = Path(storage.path(name)).stat()
            digest.update(f"{storage.path(name)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
