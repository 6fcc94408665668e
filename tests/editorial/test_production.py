"""A desk in production refuses every default that is only fit for a demo, in a plain sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from accounts.models import Person
from editorial.production import refuse_demo_people
from editorial.stack.desk import welcome

CHECKOUT = Path(__file__).resolve().parents[2]
COMPLETE = {
    "COPYDESK_PRODUCTION": "1",
    "SECRET_KEY": "Zb7c0qkTzv3uVQX1m9wYtLr5e8hJ2nPa6sDfGxKoUiByCW4E",
    "ALLOWED_HOSTS": "desk.example",
    "DATABASE_URL": "postgresql://desk:pw@db.example/desk",
    "BROKER_URL": "redis://broker.example/0",
    "LLM_URL": "http://gpu.example:8000/v1",
}
COMPLETE["SECRET_KEY"] += "abcdef"


def start(environment: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that needs nothing but the settings."""
    return run(["manage.py", "diffsettings"], environment, tmp_path)


def python(
    code: str, environment: dict[str, str], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Run some lines of Python in a desk of this environment."""
    return run(["-c", code], environment, tmp_path)


def run(
    arguments: list[str], environment: dict[str, str], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """Run Python in a desk of this environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "COPYDESK_HOME": str(tmp_path / "home"),
            "DJANGO_SETTINGS_MODULE": "editorial.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_with_everything_said_it_starts_and_keeps_only_compiled_words(tmp_path: Path) -> None:
    started = start(COMPLETE, tmp_path)

    assert started.returncode == 0, started.stderr
    assert "SECURE_SSL_REDIRECT = True" in started.stdout
    assert "SESSION_COOKIE_SECURE = True" in started.stdout
    assert "DEBUG = True" not in started.stdout
    assert [kept.name for kept in (tmp_path / "home").iterdir()] == ["translations"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SECRET_KEY": ""}, "COPYDESK_PRODUCTION=1 needs SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must be 50 random characters"),
        ({"SECRET_KEY": "x" * 60}, "SECRET_KEY must be 50 random characters"),
        (
            {"SECRET_KEY": "django-insecure-" + COMPLETE["SECRET_KEY"]},
            "SECRET_KEY must be 50 random characters",
        ),
        ({"ALLOWED_HOSTS": ""}, "COPYDESK_PRODUCTION=1 needs ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "desk.example,*"}, "ALLOWED_HOSTS must name"),
        ({"DATABASE_URL": ""}, "COPYDESK_PRODUCTION=1 needs DATABASE_URL"),
        ({"DATABASE_URL": "mysql://db.example/desk"}, "must start with postgresql://"),
        ({"BROKER_URL": ""}, "COPYDESK_PRODUCTION=1 needs BROKER_URL"),
        ({"LLM_URL": ""}, "COPYDESK_PRODUCTION=1 needs LLM_URL"),
    ],
)
def test_what_is_missing_or_weak_is_refused_in_a_sentence(
    tmp_path: Path, changed: dict[str, str], sentence: str
) -> None:
    refused = start({**COMPLETE, **changed}, tmp_path)

    assert refused.returncode != 0
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_nothing_of_the_demo_is_made_in_production(tmp_path: Path) -> None:
    told = python(
        "import django; django.setup();"
        "from editorial.management.commands.up import STEPS;"
        "print([*STEPS.before_web, *STEPS.when_model_is_ready])",
        COMPLETE,
        tmp_path,
    )

    assert told.returncode == 0, told.stderr
    assert "load_starter_tasks', '--without-samples'" in told.stdout
    assert "register_model_server" in told.stdout
    assert "demo" not in told.stdout


def test_the_welcome_of_a_desk_without_demo_people_names_no_logins() -> None:
    assert welcome(8000, None) == "Copydesk is at http://127.0.0.1:8000. Ctrl-C stops it."


@pytest.fixture
def demo_editor(editor: Person) -> Person:
    editor.is_demo = True
    editor.save()
    return editor


def test_demo_accounts_are_refused_in_production(demo_editor: Person, settings: Settings) -> None:
    settings.PRODUCTION = True

    with pytest.raises(ImproperlyConfigured, match="deactivate ada with"):
        refuse_demo_people()


def test_closed_demo_accounts_are_no_hindrance(demo_editor: Person, settings: Settings) -> None:
    settings.PRODUCTION = True
    demo_editor.is_active = False
    demo_editor.save()

    refuse_demo_people()


def test_elsewhere_demo_accounts_are_welcome(demo_editor: Person) -> None:
    refuse_demo_people()
