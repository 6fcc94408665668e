"""A language, and light or dark: chosen on every page, kept with the person, shown from the first
byte of the next page.
"""

import pytest
from django.db import IntegrityError
from django.test import Client

from accounts.models import Person
from tests.conftest import PASSWORD, logged_in

LOGIN = "/accounts/login/"


def log_in(browser: Client, someone: Person) -> None:
    browser.post(LOGIN, {"username": someone.username, "password": PASSWORD})


def speaks_german(browser: Client, address: str = LOGIN, **headers: str) -> bool:
    return '<html lang="de"' in browser.get(address, headers=headers).content.decode()


def test_before_a_login_the_browser_says_which_language(db: None) -> None:
    assert speaks_german(Client(), **{"Accept-Language": "de-CH,de;q=0.8,en;q=0.5"})
    assert not speaks_german(Client(), **{"Accept-Language": "fr, en;q=0.5"})
    assert not speaks_german(Client())


def test_somebody_who_is_not_logged_in_switches_too(client: Client, db: None) -> None:
    answer = client.post("/accounts/language/", {"language": "de", "next": LOGIN})

    assert answer.headers["Location"] == LOGIN
    assert speaks_german(client)


def test_the_choice_waits_for_the_person_in_another_browser(editor: Person) -> None:
    logged_in(editor).post("/accounts/language/", {"language": "de"})
    elsewhere = Client()
    assert not speaks_german(elsewhere)

    log_in(elsewhere, editor)

    assert speaks_german(elsewhere, "/")


def test_whoever_has_chosen_nothing_keeps_what_was_chosen_before_the_login(editor: Person) -> None:
    browser = Client()
    browser.post("/accounts/language/", {"language": "de"})

    log_in(browser, editor)

    assert speaks_german(browser, "/")


def test_a_logout_leaves_neither_language_nor_darkness_to_the_next_person(editor: Person) -> None:
    browser = Client()
    log_in(browser, editor)
    browser.post("/accounts/language/", {"language": "de"})
    browser.post("/accounts/theme/", {"theme": "dark"})

    browser.post("/accounts/logout/")

    page = browser.get(LOGIN).content.decode()
    assert '<html lang="en"' in page
    assert 'data-theme="dark"' not in page


@pytest.mark.parametrize("language", ["fr", "", "de-AT", "../de"])
def test_languages_that_nobody_offered_are_refused(
    editor_client: Client, editor: Person, language: str
) -> None:
    refused = editor_client.post("/accounts/language/", {"language": language})
    assert refused.status_code == 400
    assert refused.content.decode() == "The desk does not speak this language."
    editor.refresh_from_db()
    assert editor.language == ""


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", ""])
def test_the_switch_leads_nowhere_else(editor_client: Client, wanted: str) -> None:
    answer = editor_client.post("/accounts/language/", {"language": "de", "next": wanted})

    assert answer.headers["Location"] == "/"


def test_dark_is_there_from_the_first_byte_and_at_the_next_login(editor: Person) -> None:
    browser = logged_in(editor)
    browser.post("/accounts/theme/", {"theme": "dark"})
    page = browser.get("/").content.decode()
    assert 'data-theme="dark"' in page
    assert '<meta name="color-scheme" content="dark">' in page

    elsewhere = Client()
    log_in(elsewhere, editor)

    assert 'data-theme="dark"' in elsewhere.get("/").content.decode()


def test_as_the_system_is_a_choice_too(editor: Person) -> None:
    browser = logged_in(editor)
    browser.post("/accounts/theme/", {"theme": "dark"})
    browser.post("/accounts/theme/", {"theme": "auto"})

    assert "data-theme=" not in browser.get("/").content.decode()


def test_a_third_kind_of_light_is_refused(editor_client: Client, editor: Person) -> None:
    refused = editor_client.post("/accounts/theme/", {"theme": "sepia"})
    assert refused.status_code == 400
    assert refused.content.decode() == "Choose light, dark, or as the system."
    with pytest.raises(IntegrityError):
        Person.objects.filter(pk=editor.pk).update(theme="sepia")
