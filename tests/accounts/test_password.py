"""A new password ends what was opened with the old one."""

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.models import AccessToken, LogEntry, Person
from tests.conftest import PASSWORD, TokenMaker, logged_in

NEW = "a quiet lane in November"
FORM = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
PAGE = "/accounts/password/"
PBKDF2 = "django.contrib.auth.hashers.PBKDF2PasswordHasher"
MD5 = "django.contrib.auth.hashers.MD5PasswordHasher"


def test_the_new_password_opens_and_the_old_one_does_not(
    editor_client: Client, editor: Person
) -> None:
    assert editor_client.post(PAGE, FORM).status_code == 302

    request = RequestFactory().post("/accounts/login/")
    assert authenticate(request, username="ada", password=NEW) == editor
    assert authenticate(request, username="ada", password=PASSWORD) is None


def test_all_other_sessions_end_and_this_one_goes_on(editor: Person) -> None:
    here, elsewhere = logged_in(editor), logged_in(editor)

    here.post(PAGE, FORM)

    assert here.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302


def test_ones_tokens_end_and_nobody_elses(
    editor_client: Client, editor: Person, second_editor: Person, token_for: TokenMaker
) -> None:
    token_for(editor, "desk:read")
    token_for(second_editor, "desk:read")

    editor_client.post(PAGE, FORM)

    assert [row.user for row in AccessToken.objects.all()] == [second_editor]
    assert LogEntry.objects.get().detail["reason"] == "the password was changed"


def test_tokens_end_also_when_the_password_is_set_by_program(
    editor: Person, token_for: TokenMaker
) -> None:
    token_for(editor, "desk:read")

    editor.set_password(NEW)
    editor.save()

    assert not AccessToken.objects.exists()


def test_strengthening_the_stored_form_at_a_login_ends_no_token(
    editor: Person, token_for: TokenMaker, settings: Settings
) -> None:
    token_for(editor, "desk:read")
    weaker = make_password(PASSWORD, hasher="md5")
    Person.objects.filter(pk=editor.pk).update(password=weaker)
    editor.refresh_from_db()
    settings.PASSWORD_HASHERS = [PBKDF2, MD5]

    assert editor.check_password(PASSWORD)

    assert editor.password != weaker
    assert AccessToken.objects.count() == 1


def test_a_wrong_old_password_changes_nothing(
    editor_client: Client, editor: Person, token_for: TokenMaker
) -> None:
    token_for(editor, "desk:read")

    answer = editor_client.post(PAGE, {**FORM, "old_password": "wrong"})

    assert answer.status_code == 200
    assert "Your old password was entered incorrectly" in answer.content.decode()
    assert AccessToken.objects.count() == 1


def test_a_weak_password_is_refused_with_the_reason(editor_client: Client) -> None:
    answer = editor_client.post(PAGE, {**FORM, "new_password1": "abc", "new_password2": "abc"})

    assert "at least 10 characters" in answer.content.decode()
