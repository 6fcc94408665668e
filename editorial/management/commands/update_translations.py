"""Bring the catalogues of `locale/` up to date with what pages and scripts say."""

from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand

from editorial.translatable import marked_in_python_and_templates, marked_in_scripts

HEADERS_OF_NO_USE: Final = tuple(
    f'"{name}:'.encode()
    for name in (
        "Project-Id-Version",
        "Report-Msgid-Bugs-To",
        "POT-Creation-Date",
        "PO-Revision-Date",
        "Last-Translator",
        "Language-Team",
        "Generated-By",
    )
)


class Command(BaseCommand):
    help = "Add new strings to locale/*/LC_MESSAGES/*.po, drop old ones, list the untranslated."

    def handle(self, **options: Any) -> None:
        """Rewrite the catalogues; what is translated stays."""
        for domain, marked in (
            ("django", marked_in_python_and_templates(settings.BASE_DIR)),
            ("djangojs", marked_in_scripts(settings.BASE_DIR)),
        ):
            for folder in sorted(settings.TRANSLATIONS_WRITTEN.glob("*/LC_MESSAGES")):
                self._update(folder / f"{domain}.po", folder.parent.name, marked)

    def _update(self, path: Path, language: str, marked: Catalog) -> None:
        written = _read(path, language)
        # A guess at a translation is worse than none: it would be shown.
        written.update(marked, no_fuzzy_matching=True, update_header_comment=False)
        written.obsolete.clear()
        path.write_bytes(_as_lines(written))
        for message in written:
            if message.id and not is_translated(message):
                self.stdout.write(f"{path.name} [{language}]: {message.id!r}")


def is_translated(message: Message) -> bool:
    """Whether every form of the message has words in the other language."""
    return all([message.string] if isinstance(message.string, str) else message.string or [""])


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language, fuzzy=False)
    with path.open("rb") as lines:
        return read_po(lines, locale=language)


def _as_lines(catalogue: Catalog) -> bytes:
    """Return the catalogue as it is kept: in one order, without what changes with every look."""
    lines = BytesIO()
    write_po(lines, catalogue, width=0, sort_output=True, include_lineno=False)
    kept = (
        line
        for line in lines.getvalue().splitlines(keepends=True)
        if not line.startswith(b"#") or line.startswith((b"#:", b"#,", b"#."))
        if not line.startswith(HEADERS_OF_NO_USE)
    )
    return b"".join(kept)
