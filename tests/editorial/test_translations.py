"""Words in other languages: compiled by the desk itself, and served to scripts for ever."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from editorial.translations import compile_changed

CATALOGUE = (
    'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Draft"\nmsgstr "{}"\n'
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A catalogue of one word, as a translator left it."""
    path = tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(CATALOGUE.format("Entwurf"), "utf-8")
    return path


def test_what_translators_write_is_compiled_without_any_tool_of_the_machine(
    written: Path, tmp_path: Path
) -> None:
    compile_changed(tmp_path / "locale", tmp_path / "compiled")

    compiled = (tmp_path / "compiled" / "de" / "LC_MESSAGES" / "django.mo").read_bytes()
    assert b"Entwurf" in compiled


def test_an_older_catalogue_that_is_put_back_is_compiled_again(
    written: Path, tmp_path: Path
) -> None:
    compile_changed(tmp_path / "locale", tmp_path / "compiled")
    written.write_text(CATALOGUE.format("Fassung"), "utf-8")
    os.utime(written, (1, 1))
    compile_changed(tmp_path / "locale", tmp_path / "compiled")

    assert b"Fassung" in (tmp_path / "compiled/de/LC_MESSAGES/django.mo").read_bytes()


def test_one_that_has_not_changed_is_left_alone(written: Path, tmp_path: Path) -> None:
    compile_changed(tmp_path / "locale", tmp_path / "compiled")
    compiled = tmp_path / "compiled" / "de" / "LC_MESSAGES" / "django.mo"
    before = compiled.stat().st_ino
    compile_changed(tmp_path / "locale", tmp_path / "compiled")

    assert compiled.stat().st_ino == before


def test_where_nothing_can_be_written_the_desk_says_so_and_goes_on(
    written: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "compiled").write_text("a file where a folder is expected")

    compile_changed(tmp_path / "locale", tmp_path / "compiled")

    assert "cannot be compiled" in caplog.text


def test_the_desk_speaks_german_to_whoever_asks_for_it() -> None:
    with translation.override("de"):
        assert gettext("Log in") == "Anmelden"


@pytest.mark.django_db
def test_a_page_brings_the_words_of_scripts_in_its_language() -> None:
    page = Client().get("/accounts/login/", headers={"Accept-Language": "de-AT,de;q=0.9"})
    address = page.context["script_words"]
    assert address in page.content.decode()

    words = Client().get(address)

    assert "Gespeichert" in words.content.decode()
    assert words["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Vary" not in words or "Cookie" not in words["Vary"]


@pytest.mark.django_db
def test_english_pages_bring_none() -> None:
    assert Client().get("/accounts/login/").context["script_words"] == ""


def test_words_of_another_version_of_the_desk_are_not_kept() -> None:
    assert Client().get("/words/de-0123456789ab.js")["Cache-Control"] == "no-cache"


def test_no_words_are_made_up_for_languages_that_the_desk_does_not_speak() -> None:
    assert Client().get("/words/fr-0123456789ab.js").status_code == 404


def test_the_languages_that_are_offered_are_those_that_are_written() -> None:
    folders = {path.parent.name for path in settings.TRANSLATIONS_WRITTEN.glob("*/LC_MESSAGES")}

    assert {code for code, _name in settings.LANGUAGES} == {"en", *folders}
