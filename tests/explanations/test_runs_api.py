"""Runs over REST."""

from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Person
from explanations import nudge
from explanations.models import ModelServer, Recommendation, Run, Task
from tests.conftest import LISTENER, TRACK, TokenMaker, bearer, drafted, recommended

RUNS = "/api/v1/runs/"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def ready_task(music_task: Task, model_version: Any, recommendation: Recommendation) -> Task:
    """A task with a prompt, a model and a recommendation."""
    music_task.model_version = model_version
    music_task.save()
    return music_task


def post(client: Client, path: str, token: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=bearer(token))


def test_a_program_starts_a_run_with_the_tasks_own_prompt_and_model(
    client: Client, ready_task: Task, ml_engineer_token: str, ml_engineer: Person
) -> None:
    answer = post(client, RUNS, ml_engineer_token, {"task": "music-oneliner"})
    assert answer.status_code == 201
    run = Run.objects.get()
    assert answer.json()["id"] == run.pk
    assert answer.json()["drafts"]["PENDING"] == 1
    assert answer.json()["progress"]["total"] == 1
    assert answer.json()["started_by"] == "mia"
    assert run.selection == {"not_drafted": True}
    assert run.created_by == ml_engineer


def test_a_program_says_which_recommendations(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    for number in range(3):
        recommended(ready_task, f"track:{number}", TRACK, LISTENER, "g")
    answer = post(
        client,
        RUNS,
        ml_engineer_token,
        {
            "task": "music-oneliner",
            "prompt": 1,
            "model": "smollm2-135m-instruct",
            "selection": {"external_ids": ["track:0", "track:2"]},
            "drafts_each": 2,
        },
    )
    assert answer.json()["drafts"]["PENDING"] == 4


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "required"),
        ({"task": "no-such-task"}, "There is no task"),
        ({"task": "music-oneliner", "prompt": 99}, "no prompt 99"),
        ({"task": "music-oneliner", "model": "gpt"}, "No model is called"),
        ({"task": "music-oneliner", "drafts_each": 9}, "less than or equal to 8"),
        ({"task": "music-oneliner", "selection": {"limit": 0}}, "greater than or equal to 1"),
        ({"task": "music-oneliner", "selection": {"external_ids": ["x"]}}, "No recommendation"),
    ],
)
def test_what_is_wrong_is_said(
    client: Client, ready_task: Task, ml_engineer_token: str, body: Any, says: str
) -> None:
    answer = post(client, RUNS, ml_engineer_token, body)
    assert answer.status_code == 400
    assert says in answer.content.decode()
    assert not Run.objects.exists()


def test_a_program_narrows_down_what_it_wants(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    selection = {
        "not_drafted": True,
        "locale": "en",
        "search": "dead rabbitts",
        "least_priority": 50,
        "most_priority": 50,
        "changed_from": "2020-01-01",
        "changed_to": "2999-12-31",
        "sample": 5,
    }
    answer = post(
        client,
        RUNS,
        ml_engineer_token,
        {"task": "music-oneliner", "selection": selection, "priority": 90},
    )
    assert answer.json()["priority"] == 90
    told = answer.json()["selection"]
    assert told.pop("seed") is not None
    assert told == selection


def test_a_program_asks_how_much_it_would_be(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    body = {"task": "music-oneliner", "drafts_each": 3}
    answer = post(client, f"{RUNS}preview/", ml_engineer_token, body)
    assert answer.json() == {"recommendations": 1, "drafts": 3}
    none = {**body, "selection": {"search": "polka"}}
    answer = post(client, f"{RUNS}preview/", ml_engineer_token, none)
    assert answer.json() == {"recommendations": 0, "drafts": 0}
    assert not Run.objects.exists()


def test_what_is_wrong_is_said_before_anything_is_counted(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    body = {"task": "music-oneliner", "selection": {"import_id": 4711}}
    answer = post(client, f"{RUNS}preview/", ml_engineer_token, body)
    assert answer.status_code == 400
    assert "no import 4711" in answer.content.decode()


KEY = "0189d3a2-0000-4000-8000-000000000001"


@pytest.mark.parametrize("where", ["body", "header"])
def test_the_same_key_starts_one_run(
    client: Client, ready_task: Task, ml_engineer_token: str, where: str
) -> None:
    def ask(**body: Any) -> Any:
        body["task"] = "music-oneliner"
        headers = bearer(ml_engineer_token)
        if where == "body":
            body["key"] = KEY
        else:
            headers["Idempotency-Key"] = KEY
        return client.post(RUNS, body, content_type="application/json", headers=headers)

    first = ask()
    assert ask().json()["id"] == first.json()["id"]
    other = ask(drafts_each=2)
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert Run.objects.count() == 1


def test_a_key_that_is_none_is_refused(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    headers = {**bearer(ml_engineer_token), "Idempotency-Key": "again"}
    answer = client.post(
        RUNS, {"task": "music-oneliner"}, content_type="application/json", headers=headers
    )
    assert answer.status_code == 400
    assert "Idempotency-Key is a UUID" in answer.content.decode()


def test_a_user_cannot_slip_in_a_request_parameter(
    client: Client, ready_task: Task, ml_engineer_token: str
) -> None:
    answer = post(
        client, RUNS, ml_engineer_token, {"task": "music-oneliner", "n": 50, "parameters": {"n": 9}}
    )
    assert answer.status_code == 201
    run = Run.objects.get()
    assert "n" not in run.prompt.parameters


@pytest.mark.parametrize("scopes", [["desk:read"], ["reviews:write"], ["datasets:read"]])
def test_another_scope_starts_nothing(
    client: Client, ready_task: Task, ml_engineer: Person, token_for: TokenMaker, scopes: list[str]
) -> None:
    answer = post(client, RUNS, token_for(ml_engineer, *scopes), {"task": "music-oneliner"})
    assert answer.status_code == 403


def test_an_editor_starts_nothing_whatever_the_token_says(
    client: Client, ready_task: Task, editor: Person, token_for: TokenMaker
) -> None:
    answer = post(client, RUNS, token_for(editor, "runs:write"), {"task": "music-oneliner"})
    assert answer.status_code == 403


def test_nobody_reads_runs_without_logging_in(client: Client, run: Run) -> None:
    assert client.get(RUNS).status_code in {401, 403}
    assert client.get(f"{RUNS}{run.pk}/").status_code in {401, 403}


def test_an_editor_reads_runs(client: Client, run: Run, editor_token: str) -> None:
    answer = client.get(f"{RUNS}{run.pk}/", headers=bearer(editor_token))
    assert (answer.json()["state"], answer.json()["task"]) == ("RUNNING", "music-oneliner")


def test_the_list_has_pages_and_a_constant_number_of_queries(
    client: Client, run: Run, ml_engineer_token: str, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        Run.objects.create(task=run.task, prompt=run.prompt, model_version=run.model_version)
    # The token with its person and their rights, the runs, their counts, their servers, who waits
    # for a worker.
    with django_assert_num_queries(5):
        answer = client.get(f"{RUNS}?page_size=3", headers=bearer(ml_engineer_token)).json()
    assert len(answer["results"]) == 3
    again = client.get(answer["next"], headers=bearer(ml_engineer_token)).json()
    seen = {row["id"] for row in answer["results"] + again["results"]}
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("before", "step", "after"),
    [
        ("RUNNING", "pause", "PAUSED"),
        ("PAUSED", "resume", "RUNNING"),
        ("RUNNING", "cancel", "CANCELLED"),
        ("PAUSED", "cancel", "CANCELLED"),
    ],
)
def test_a_run_is_steered(
    client: Client, run: Run, ml_engineer_token: str, before: str, step: str, after: str
) -> None:
    Run.objects.update(state=before)
    answer = post(client, f"{RUNS}{run.pk}/{step}/", ml_engineer_token)
    assert (answer.status_code, answer.json()["state"]) == (200, after)


def test_failed_drafts_are_tried_again(
    client: Client, run: Run, recommendation: Recommendation, ml_engineer_token: str
) -> None:
    drafted(run, recommendation, "A line.")
    run.drafts.update(state="FAILED", failure_reason="cut_off")
    answer = post(client, f"{RUNS}{run.pk}/retry/", ml_engineer_token)
    assert answer.json()["drafts"]["PENDING"] == 1


def test_a_step_that_does_not_fit_is_a_conflict(
    client: Client, run: Run, ml_engineer_token: str
) -> None:
    answer = post(client, f"{RUNS}{run.pk}/resume/", ml_engineer_token)
    assert answer.status_code == 409
    assert answer.json()["detail"] == "This run is running already."


def test_a_run_says_what_holds_it_up(client: Client, run: Run, ml_engineer_token: str) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    answer = client.get(f"{RUNS}{run.pk}/", headers=bearer(ml_engineer_token))
    held_up = answer.json()["held_up"]
    assert held_up["cause"] == "server_in_trouble"
    assert held_up["tries_again_within_s"] == 60
    assert [(server["name"], server["trouble"]) for server in held_up["servers"]] == [
        ("Own server", "It cannot be reached.")
    ]
    assert held_up["servers"][0]["since"]
    listed = client.get(RUNS, headers=bearer(ml_engineer_token)).json()["results"]
    assert [row["held_up"] for row in listed] == [held_up]
