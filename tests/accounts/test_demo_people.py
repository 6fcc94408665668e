"""The people of the demo: made once, never in production."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts import roles
from accounts.models import Person
from accounts.services.people import demo_people_who_may_log_in
from tests.conftest import TokenMaker

PASSWORDS = {
    "editor_password": "one for the editor",
    "lead_password": "one for the lead",
    "manager_password": "one for the manager",
    "engineer_password": "one for the engineer",
    "secret_key": "not theirs",
}


@pytest.fixture
def passwords_file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps(PASSWORDS))
    return path


@pytest.fixture
def demo(db: None, passwords_file: Path) -> None:
    create(passwords_file)


def create(passwords_file: Path) -> None:
    call_command("create_demo_people", "--passwords-file", str(passwords_file), stderr=StringIO())


def test_each_has_a_role_and_the_password_of_the_file(demo: None) -> None:
    found = {
        person.username: [group.name for group in person.groups.all()]
        for person in Person.objects.all()
    }

    assert found == {
        "editor": [roles.EDITOR],
        "lead": [roles.LEAD],
        "manager": [roles.MANAGER],
        "engineer": [roles.ML_ENGINEER],
    }
    for username in found:
        person = Person.objects.get(username=username)
        assert person.check_password(PASSWORDS[f"{username}_password"])
        assert not person.is_superuser


def test_a_second_time_nothing_changes(demo: None, passwords_file: Path) -> None:
    editor = Person.objects.get(username="editor")
    editor.set_password("chosen by hand since")
    editor.save()

    create(passwords_file)

    assert Person.objects.count() == 4
    editor.refresh_from_db()
    assert editor.check_password("chosen by hand since")


def test_without_a_file_the_passwords_are_made_and_shown_once(db: None) -> None:
    shown, said = StringIO(), StringIO()
    call_command("create_demo_people", stdout=shown, stderr=said)
    again = StringIO()
    call_command("create_demo_people", stdout=again, stderr=said)

    passwords = json.loads(shown.getvalue())
    assert Person.objects.get(username="lead").check_password(passwords["lead"])
    assert again.getvalue() == ""


def test_production_has_no_demo_people(db: None, settings: Settings) -> None:
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="no demo people"):
        call_command("create_demo_people")

    assert not Person.objects.exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"editor_password": "x"}'])
def test_a_file_without_passwords_is_named(db: None, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "secrets.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(CommandError, match=r"secrets\.json"):
        create(path)

    assert not Person.objects.exists()


def test_when_the_demo_is_over_its_accounts_and_tokens_end(
    demo: None, token_for: TokenMaker, editor: Person
) -> None:
    token_for(Person.objects.get(username="engineer"), "desk:read")
    assert len(demo_people_who_may_log_in()) == 4

    call_command("deactivate_demo_people", stdout=StringIO())

    assert demo_people_who_may_log_in() == []
    assert not Person.objects.filter(auth_token_set__isnull=False).exists()
    editor.refresh_from_db()
    assert editor.is_active
