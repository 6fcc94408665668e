"""The German catalogue is whole: everything marked has German, with the same places to fill."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

from editorial.translatable import marked_in_python_and_templates, marked_in_scripts

PLACE = re.compile(r"%\(\w+\)[sd]|%%|<[^>]+>|#")


def forms(words: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [words] if isinstance(words, str) else list(words or [""])


@pytest.fixture(scope="module")
def written() -> dict[str, Catalog]:
    """What is written in German, by domain."""
    folder = Path(settings.TRANSLATIONS_WRITTEN) / "de" / "LC_MESSAGES"
    catalogues = {}
    for domain in ("django", "djangojs"):
        with (folder / f"{domain}.po").open("rb") as lines:
            catalogues[domain] = read_po(lines, locale="de")
    return catalogues


@pytest.fixture(scope="module")
def marked() -> dict[str, Catalog]:
    """What pages and scripts mark."""
    return {
        "django": marked_in_python_and_templates(settings.BASE_DIR),
        "djangojs": marked_in_scripts(settings.BASE_DIR),
    }


def test_everything_that_is_marked_has_german(
    marked: dict[str, Catalog], written: dict[str, Catalog]
) -> None:
    """`manage.py update_translations` adds what is missing, for somebody to translate."""
    missing = []
    for domain, catalogue in marked.items():
        for message in catalogue:
            found = written[domain].get(message.id, message.context) if message.id else message
            if message.id and (found is None or not all(forms(found.string or ""))):
                missing.append(message.id)

    assert missing == []


def test_finding_marked_strings_finds_them_in_python_templates_and_scripts(
    marked: dict[str, Catalog],
) -> None:
    for domain, words in (
        ("django", "Saved as golden %(number)s."),
        ("django", "Skip to the content"),
        ("django", ("One draft waits", "%(n)s drafts wait")),
        ("django", "Accept as exemplary"),  # of a module that knows no Django
        ("djangojs", "Offline: kept in this browser"),
    ):
        assert marked[domain].get(words) is not None, words


def test_every_translation_has_the_places_of_its_original(written: dict[str, Catalog]) -> None:
    wrong = [
        message.id
        for catalogue in written.values()
        for message in catalogue
        if message.id and not _agrees(message)
    ]

    assert wrong == []


def _agrees(message: Message) -> bool:
    """Whether each German form fills the places of the English ones; "one" may leave some out."""
    english = [sorted(set(PLACE.findall(words))) for words in forms(message.id)]
    german = [sorted(set(PLACE.findall(words))) for words in forms(message.string)]
    if len(english) == 1:
        return german == english
    return german[-1] == english[-1] and set(german[0]) <= set(english[-1])
