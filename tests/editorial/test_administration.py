"""The administration: roles configure what is theirs, and nobody edits history."""

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import LogEntry, Person
from explanations.models import (
    Category,
    Draft,
    Guide,
    ModelVersion,
    Run,
    Task,
)
from tests.conftest import LISTENER, TRACK, drafted, logged_in, person, recommended

HISTORY = [
    "accounts_logentry",
    "explanations_import",
    "explanations_recommendation",
    "explanations_factsnapshot",
    "explanations_factoverlay",
    "explanations_guide",
    "explanations_prompt",
    "explanations_run",
    "explanations_draft",
    "feedback_review",
    "feedback_golden",
    "feedback_assignment",
    "feedback_factreport",
    "feedback_dataset",
    "feedback_webhook",
    "feedback_webhookdelivery",
    "feedback_digest",
    "feedback_bulkaction",
    "explanations_dismissal",
    "explanations_letthrough",
    "explanations_trial",
    "explanations_publishedline",
    "explanations_drainer",
    "accounts_accesstoken",
]
CONFIGURATION = [
    "explanations_task",
    "explanations_category",
    "explanations_criterion",
    "explanations_decidedanswer",
    "explanations_modelserver",
    "explanations_modelversion",
    "feedback_cataloguecontact",
]


@pytest.fixture
def owner_client(db: None) -> Client:
    """Whoever runs the desk."""
    owner = person("olu", "Olu", "Berg", None)
    owner.is_superuser = True
    owner.save()
    return logged_in(owner)


def registered() -> dict[str, type[Model]]:
    """The tables of the administration, by the name of their pages."""
    return {
        f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry
    }


def page(name: str, view: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:{name}_{view}", args=arguments)


# Who may come in ---------------------------------------------------------------------------------


def test_strangers_are_asked_to_log_in_at_the_desks_own_page(client: Client, db: None) -> None:
    answer = client.get("/admin/explanations/task/", follow=True)

    assert answer.redirect_chain[-1][0] == ("/accounts/login/?next=/admin/explanations/task/")


@pytest.mark.parametrize("name", ["editor_client", "manager_client", "nobody_special_client"])
def test_who_configures_nothing_is_refused(name: str, request: pytest.FixtureRequest) -> None:
    browser: Client = request.getfixturevalue(name)

    assert browser.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("name", ["lead_client", "ml_engineer_client", "owner_client"])
def test_who_configures_something_comes_in(name: str, request: pytest.FixtureRequest) -> None:
    browser: Client = request.getfixturevalue(name)

    assert "Configuration and history" in browser.get("/admin/").content.decode()


def test_every_table_is_either_configured_or_history() -> None:
    assert set(registered()) == {*HISTORY, *CONFIGURATION, "accounts_person", "auth_group"}


@pytest.mark.parametrize("name", HISTORY)
def test_history_is_read_and_never_written(owner_client: Client, name: str) -> None:
    assert owner_client.get(page(name)).status_code == 200
    assert owner_client.get(page(name, "add")).status_code == 403


@pytest.mark.parametrize(
    ("name", "client_name"),
    [
        ("explanations_category", "ml_engineer_client"),
        ("explanations_criterion", "ml_engineer_client"),
        ("explanations_modelserver", "lead_client"),
        ("explanations_modelversion", "lead_client"),
    ],
)
def test_a_role_looks_at_what_another_one_configures(
    name: str, client_name: str, request: pytest.FixtureRequest
) -> None:
    browser: Client = request.getfixturevalue(client_name)

    assert browser.get(page(name)).status_code == 200
    assert browser.get(page(name, "add")).status_code == 403


@pytest.mark.parametrize("name", ["accounts_person", "auth_group"])
def test_accounts_are_the_business_of_whoever_runs_the_desk(
    owner_client: Client, lead_client: Client, name: str
) -> None:
    assert owner_client.get(page(name)).status_code == 200
    assert lead_client.get(page(name)).status_code == 403


def test_a_draft_shows_its_findings_and_places_and_has_no_save_button(
    lead_client: Client, ready_draft: Draft
) -> None:
    content = lead_client.get(page("explanations_draft", "change", ready_draft.pk)).content.decode()

    assert "metalcore adrenaline rush" in content
    assert "OPEN" in content or "open" in content
    assert 'name="_save"' not in content


def test_a_change_of_history_by_hand_is_refused(owner_client: Client, ready_draft: Draft) -> None:
    answer = owner_client.post(
        page("explanations_draft", "change", ready_draft.pk), {"text": "something else"}
    )

    assert answer.status_code == 403
    ready_draft.refresh_from_db()
    assert "adrenaline" in ready_draft.text


@pytest.mark.parametrize("name", [*HISTORY, *CONFIGURATION])
def test_nothing_is_deleted(owner_client: Client, name: str, ready_draft: Draft) -> None:
    table = registered()[name]
    row = table._default_manager.first()
    key = 1 if row is None else row.pk

    answer = owner_client.post(page(name, "delete", key), {"post": "yes"})

    assert answer.status_code in {403, 302}  # 302: there is none to delete
    assert row is None or table._default_manager.filter(pk=key).exists()


# Versions ----------------------------------------------------------------------------------------


def test_a_tasks_active_versions_are_shown_and_not_chosen_here(
    lead_client: Client, music_task: Task
) -> None:
    address = page("explanations_task", "change", music_task.pk)
    content = lead_client.get(address).content.decode()

    assert "music-oneliner guide 1" in content
    assert 'name="guide"' not in content
    assert 'name="prompt"' not in content


def test_a_key_that_is_taken_is_refused_in_words(lead_client: Client, music_task: Task) -> None:
    taken = Category.objects.get(task=music_task, key="4")
    answer = lead_client.post(
        page("explanations_category", "add"),
        {
            "task": music_task.pk,
            "key": "4",
            "slug": "pomp",
            "name": "Pomp",
            "definition": "Too grand.",
            "examples": '["a", "b"]',
            "severity": "1",
            "ordinal": "11",
        },
    )

    assert answer.status_code == 200
    assert Category.objects.filter(key="4").count() == 1
    assert taken.retired_at is None


# Speed -------------------------------------------------------------------------------------------


@pytest.fixture
def more_rows(run: Run, ml_engineer: Person, model_version: ModelVersion) -> Callable[[int], None]:
    """Write so many more rows of each kind that has grown lists."""

    def write(count: int) -> None:
        for _ in range(count):
            number = Draft.objects.count()
            track = recommended(run.task, f"track:{number}", TRACK, LISTENER, "Many")
            drafted(run, track, f"Line {number}.")
            LogEntry.objects.create(
                actor=ml_engineer, action="did", subject_type="draft", subject_id=1
            )
            Guide.objects.create(task=run.task, number=number + 2, text="x")
            ModelVersion.objects.create(
                name=f"adapter-{number}", kind="adapter", base=model_version
            )

    return write


@pytest.mark.parametrize(
    "name",
    [
        "accounts_logentry",
        "explanations_recommendation",
        "explanations_factsnapshot",
        "explanations_draft",
        "explanations_guide",
        "explanations_modelversion",
        "explanations_run",
        "explanations_task",
    ],
)
def test_a_list_asks_as_much_for_many_rows_as_for_few(
    owner_client: Client, more_rows: Callable[[int], None], name: str
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert owner_client.get(page(name)).status_code == 200
        return len(captured)

    more_rows(2)
    few = queries()
    more_rows(10)

    assert queries() == few
    assert few <= 9
