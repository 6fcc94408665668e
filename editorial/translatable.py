"""Find every string that the desk marks for translation, with no tool but Babel.

Django's `makemessages` calls programs of GNU gettext, which a fresh machine has not.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from django.utils.translation.template import templatize

# What marks a string, and which of its arguments are one: as `xgettext --keyword` has it.
KEYWORDS: Final = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "translatable": None,
}
APPS: Final = ("accounts", "explanations", "feedback", "editorial")


def marked_in_python_and_templates(checkout: Path) -> Catalog:
    """Return what the server's pages say: the domain `django`."""
    found = _catalogue()
    for app in APPS:
        for path in sorted((checkout / app).rglob("*.py")):
            _add(found, checkout, path, "python", path.read_bytes())
    templates = checkout / "templates"
    for path in sorted([*templates.rglob("*.html"), *templates.rglob("*.txt")]):
        _add(found, checkout, path, "python", _as_python(path))
    return found


def marked_in_scripts(checkout: Path) -> Catalog:
    """Return what the browser's modules say: the domain `djangojs`."""
    found = _catalogue()
    for path in sorted((checkout / "static").rglob("*.js")):
        _add(found, checkout, path, "javascript", path.read_bytes())
    return found


def _catalogue() -> Catalog:
    return Catalog(project="Copydesk", charset="utf-8", fuzzy=False)


def _as_python(template: Path) -> bytes:
    """Return a template's marked strings as Python, everything else blotted out."""
    # In brackets the indentation of a template is nobody's syntax error.
    return f"(\n{templatize(template.read_text('utf-8'), str(template))}\n)".encode()


def _add(found: Catalog, checkout: Path, path: Path, method: str, source: bytes) -> None:
    where = path.relative_to(checkout).as_posix()
    for _line, words, comments, context in _marked(method, source):
        # No line numbers: the catalogue changes when words do, not when a line moves.
        found.add(words, locations=[(where, 0)], auto_comments=comments, context=context)


def _marked(
    method: str, source: bytes
) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    yield from extract(
        method,
        BytesIO(source),
        keywords=KEYWORDS,
        comment_tags=["Translators:"],
        options={"encoding": "utf-8"},
        strip_comment_tags=True,
    )
