"""Scripts and styles carry their content in their name, also where modules import each other."""

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Path:
    """The static files as the web server serves them."""
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "editorial.static_files.DeskStaticFiles"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


def test_modules_import_each_other_by_names_that_change_with_their_content(collected: Path) -> None:
    hashed = list((collected / "feedback").glob("*.*.js"))
    scripts = "".join(path.read_text("utf-8") for path in hashed)
    imported = set(re.findall(r'from "\./([^"]+)"', scripts))

    assert imported
    assert imported <= {path.name for path in hashed}


def test_modules_of_other_folders_are_imported_so_too(collected: Path) -> None:
    scripts = "".join(
        path.read_text("utf-8") for path in (collected / "feedback").glob("review.*.js")
    )

    assert re.search(r'from "\.\./desk/words\.[0-9a-f]{12}\.js"', scripts)
