"""Logging in and out, and being kept from guessing passwords."""

import pytest
from django.test import Client, override_settings
from pytest_django import Settings

from accounts.models import Person
from tests.conftest import PASSWORD

TOKENS_PAGE = "/accounts/tokens/"


def log_in(browser: Client, username: str, password: str, address: str = "10.0.0.7") -> int:
    """Send the login form from an address; return the status of the answer."""
    return browser.post(
        "/accounts/login/",
        {"username": username, "password": password, "next": TOKENS_PAGE},
        REMOTE_ADDR=address,
    ).status_code


def guess_wrongly(username: str, times: int, address: str = "10.0.0.7") -> list[int]:
    """Try wrong passwords, each from a browser without cookies."""
    return [log_in(Client(), username, "wrong", address) for _ in range(times)]


def test_the_right_password_opens_the_desk(client: Client, editor: Person) -> None:
    assert log_in(client, "ada", PASSWORD) == 302
    assert client.get(TOKENS_PAGE).status_code == 200


def test_a_wrong_password_opens_nothing_and_says_so(client: Client, editor: Person) -> None:
    answer = client.post("/accounts/login/", {"username": "ada", "password": "wrong"})

    assert answer.status_code == 200
    assert "Please enter a correct username and password" in answer.content.decode()
    assert client.get(TOKENS_PAGE).status_code == 302


def test_a_deactivated_person_cannot_log_in(client: Client, editor: Person) -> None:
    editor.is_active = False
    editor.save()

    assert log_in(client, "ada", PASSWORD) == 200
    assert client.get(TOKENS_PAGE).status_code == 302


def test_deactivation_ends_a_session_that_is_open(editor_client: Client, editor: Person) -> None:
    editor.is_active = False
    editor.save()

    assert editor_client.get(TOKENS_PAGE).status_code == 302


def test_the_login_leads_back_to_the_page_that_was_wanted(client: Client, editor: Person) -> None:
    wanted = client.get(TOKENS_PAGE)
    assert wanted.headers["Location"] == f"/accounts/login/?next={TOKENS_PAGE}"

    answer = client.post(
        "/accounts/login/", {"username": "ada", "password": PASSWORD, "next": TOKENS_PAGE}
    )
    assert answer.headers["Location"] == TOKENS_PAGE


def test_the_login_leads_to_no_other_site(client: Client, editor: Person) -> None:
    answer = client.post(
        "/accounts/login/",
        {"username": "ada", "password": PASSWORD, "next": "https://elsewhere.example/"},
    )

    assert "elsewhere" not in answer.headers["Location"]


def test_logging_out_takes_a_post(editor_client: Client) -> None:
    assert editor_client.get("/accounts/logout/").status_code == 405
    assert editor_client.get(TOKENS_PAGE).status_code == 200

    assert editor_client.post("/accounts/logout/").status_code == 302
    assert editor_client.get(TOKENS_PAGE).status_code == 302


def test_a_form_from_another_site_is_refused(editor: Person) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert log_in(browser, "ada", PASSWORD) == 403


def test_after_ten_wrong_passwords_the_right_one_has_to_wait(editor: Person) -> None:
    guess_wrongly("ada", 10)

    answer = Client().post(
        "/accounts/login/",
        {"username": "ada", "password": PASSWORD},
        REMOTE_ADDR="10.0.0.7",
    )

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "900"
    assert "Wait 15 minutes" in answer.content.decode()


def test_nine_wrong_passwords_do_not_lock(client: Client, editor: Person) -> None:
    assert guess_wrongly("ada", 9) == [200] * 9

    assert log_in(client, "ada", PASSWORD) == 302


def test_a_name_that_does_not_exist_is_locked_just_the_same(db: None) -> None:
    assert guess_wrongly("nobody", 11)[-1] == 429


def test_colleagues_behind_the_same_address_are_not_locked_out(
    client: Client, editor: Person, second_editor: Person
) -> None:
    guess_wrongly("ada", 12)

    assert log_in(client, "bela", PASSWORD) == 302


def test_a_stranger_elsewhere_cannot_lock_somebody_out(client: Client, editor: Person) -> None:
    guess_wrongly("ada", 12, address="203.0.113.9")

    assert log_in(client, "ada", PASSWORD, address="10.0.0.7") == 302


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_wrote(
    editor: Person, settings: Settings
) -> None:
    settings.BEHIND_PROXY = True

    def attempt(password: str, forwarded: str) -> int:
        return (
            Client()
            .post(
                "/accounts/login/",
                {"username": "ada", "password": password, "next": TOKENS_PAGE},
                headers={"X-Forwarded-For": forwarded},
            )
            .status_code
        )

    for invented in range(10):
        attempt("wrong", f"198.51.100.{invented}, 203.0.113.9")

    assert attempt(PASSWORD, "198.51.100.77, 203.0.113.9") == 429
    assert attempt(PASSWORD, "203.0.113.9, 10.0.0.7") == 302


@override_settings(BEHIND_PROXY=False)
def test_without_a_proxy_nobody_can_invent_an_address(editor: Person) -> None:
    for invented in range(10):
        Client().post(
            "/accounts/login/",
            {"username": "ada", "password": "wrong"},
            headers={"X-Forwarded-For": f"198.51.100.{invented}"},
        )

    answer = Client().post("/accounts/login/", {"username": "ada", "password": PASSWORD})
    assert answer.status_code == 429


def test_the_administration_has_no_login_of_its_own(client: Client, db: None) -> None:
    answer = client.get("/admin/login/?next=/admin/")

    assert answer.headers["Location"] == "/accounts/login/?next=/admin/"


@pytest.mark.parametrize(("name", "status"), [("%00", 400), ("%ED%A0%80", 200)])
def test_a_name_that_no_database_can_hold_is_simply_wrong(
    client: Client, db: None, name: str, status: int
) -> None:
    body = f"username={name}&password=x"

    answer = client.post("/accounts/login/", body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == status
