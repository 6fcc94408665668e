"""What holds for every task, whoever adds one: an end, and peace with other versions of itself."""

import inspect
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

OUR_APPS = ("accounts", "explanations", "feedback")


def our_tasks() -> list[Any]:
    """Every task of the desk."""
    current_app.loader.import_default_modules()
    return [task for name, task in current_app.tasks.items() if name.split(".")[0] in OUR_APPS]


def test_every_task_ends_before_its_message_is_taken_for_lost() -> None:
    limits = {task.name: task.time_limit or settings.CELERY_TASK_TIME_LIMIT for task in our_tasks()}
    assert len(limits) >= 5
    assert max(limits.values()) < settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]


def test_every_task_takes_arguments_of_a_later_version() -> None:
    """A worker that is not replaced yet gets messages from pages that are."""
    for task in our_tasks():
        kinds = {parameter.kind for parameter in inspect.signature(task.run).parameters.values()}
        assert inspect.Parameter.VAR_POSITIONAL in kinds, task.name
        assert inspect.Parameter.VAR_KEYWORD in kinds, task.name


def test_what_beat_sends_does_not_pile_up() -> None:
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["options"]["expires"] <= 2 * entry["schedule"]


# A release is replaced while the one before it still runs ----------------------------------------

BEFORE_THE_FIRST_RELEASE = {
    "accounts.0002_demo_people",
    "explanations.0002_drafting_counters",
    "explanations.0003_imports_resume",
    "explanations.0006_import_bytes_read",
}


def operations_after_the_first() -> list[tuple[str, Operation]]:
    """What later migrations do to tables that were there before them."""
    later: list[tuple[str, Operation]] = []
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OUR_APPS and name.split("_")[0] != "0001":
            own = {
                operation.name_lower
                for operation in migration.operations
                if isinstance(operation, migrations.CreateModel)
            }
            later += [
                (f"{app}.{name}", operation)
                for operation in migration.operations
                if getattr(operation, "model_name_lower", "") not in own
            ]
    return later


def test_a_column_is_added_so_that_older_workers_can_go_on_inserting() -> None:
    for name, operation in operations_after_the_first():
        if isinstance(operation, migrations.AddField) and name not in BEFORE_THE_FIRST_RELEASE:
            field = operation.field
            is_filled = field.null or field.has_db_default() or field.many_to_many
            assert is_filled, f"{name}: {operation.name}"


@pytest.mark.parametrize(
    "kind", [migrations.RemoveField, migrations.RenameField, migrations.DeleteModel]
)
def test_nothing_goes_that_older_workers_still_use(kind: type) -> None:
    """It may go one release after the last code that knew it; name it here, with that release."""
    later = operations_after_the_first()
    assert [name for name, operation in later if isinstance(operation, kind)] == []
