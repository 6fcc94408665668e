"""The pages of runs."""

from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from explanations import nudge
from explanations.models import Draft, Import, ModelServer, Recommendation, Run, Task
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.explanations.test_claiming import waiting

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def ready_task(music_task: Task, model_version: Any, recommendation: Recommendation) -> Task:
    """A task with a prompt, a model and a recommendation."""
    music_task.model_version = model_version
    music_task.save()
    return music_task


def form(task: Task, **fields: Any) -> dict[str, Any]:
    return {"task": task.pk, "which": "not_drafted", "drafts_each": 1, **fields}


def test_the_list_says_how_far_each_run_is(
    ml_engineer_client: Client, run: Run, ready_draft: Draft
) -> None:
    page = ml_engineer_client.get("/runs/").content.decode()
    assert f"/runs/{run.pk}/" in page
    assert "Start a run" in page


def test_the_list_needs_a_constant_number_of_queries(
    ml_engineer_client: Client, run: Run, django_assert_max_num_queries: Any
) -> None:
    for _ in range(10):
        Run.objects.create(task=run.task, prompt=run.prompt, model_version=run.model_version)
    # Session, person, two for their rights, how many runs, the runs, their counts.
    with django_assert_max_num_queries(7):
        ml_engineer_client.get("/runs/")


def test_an_empty_list_says_what_to_do(ml_engineer_client: Client) -> None:
    assert "Drafts begin with a run" in ml_engineer_client.get("/runs/").content.decode()


def test_a_run_is_started_from_the_form(ml_engineer_client: Client, ready_task: Task) -> None:
    answer = ml_engineer_client.post("/runs/new/", form(ready_task))
    run = Run.objects.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert run.drafts.count() == 1


def test_the_form_names_recommendations(ml_engineer_client: Client, ready_task: Task) -> None:
    recommended(ready_task, "track:two", TRACK, LISTENER, "g")
    ml_engineer_client.post(
        "/runs/new/", form(ready_task, which="named", external_ids="track:two\r\n\r\nunknown\r\n")
    )
    assert Run.objects.get().selection == {"external_ids": ["track:two", "unknown"]}


def test_the_form_takes_an_import(ml_engineer_client: Client, ready_task: Task) -> None:
    delivery = Import.objects.create(source="a file")
    Recommendation.objects.update(delivery=delivery)
    ml_engineer_client.post(
        "/runs/new/", form(ready_task, which="import", delivery=delivery.pk, limit=5)
    )
    assert Run.objects.get().selection == {"import_id": delivery.pk, "limit": 5}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"which": "named"}, "Name at least one."),
        ({"which": "import"}, "Which import?"),
        ({"which": "rejected"}, "No recommendation fits this selection."),
        ({"drafts_each": 0}, "greater than or equal to 1"),
        ({"limit": "-1"}, "greater than or equal to 1"),
    ],
)
def test_the_form_says_what_is_wrong_and_keeps_what_is_right(
    ml_engineer_client: Client, ready_task: Task, fields: dict[str, Any], says: str
) -> None:
    answer = ml_engineer_client.post("/runs/new/", form(ready_task, **fields))
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Run.objects.exists()


def test_a_prompt_of_another_task_is_refused(
    ml_engineer_client: Client, ready_task: Task, job_task: Task
) -> None:
    assert job_task.prompt is not None
    answer = ml_engineer_client.post("/runs/new/", form(ready_task, prompt=job_task.prompt.pk))
    assert "belongs to another task" in answer.content.decode()


def test_only_those_who_draft_may_start(editor_client: Client, ready_task: Task) -> None:
    assert editor_client.get("/runs/new/").status_code == 403
    assert editor_client.post("/runs/new/", form(ready_task)).status_code == 403


# One run ------------------------------------------------------------------------------------------


def test_a_running_run_asks_for_its_progress_again(
    ml_engineer_client: Client, run: Run, ready_draft: Draft
) -> None:
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    fragment = ml_engineer_client.get(f"/runs/{run.pk}/", headers=HTMX).content.decode()
    assert fragment.lstrip().startswith('<div id="progress"')
    assert 'hx-trigger="every 2s"' in fragment


@pytest.mark.parametrize("state", ["DONE", "CANCELLED", "PAUSED"])
def test_a_run_that_rests_asks_no_more(
    ml_engineer_client: Client, run: Run, ready_draft: Draft, state: str
) -> None:
    Run.objects.update(state=state)
    fragment = ml_engineer_client.get(f"/runs/{run.pk}/", headers=HTMX).content.decode()
    assert "hx-trigger" not in fragment


@pytest.mark.parametrize(
    ("state", "offered"),
    [("RUNNING", {"pause", "cancel"}), ("PAUSED", {"resume", "cancel"}), ("DONE", set())],
)
def test_only_steps_that_fit_are_offered(
    ml_engineer_client: Client, run: Run, state: str, offered: set[str]
) -> None:
    Run.objects.update(state=state)
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert {step for step in ("pause", "resume", "cancel", "retry") if f'"{step}"' in page} == (
        offered
    )


def test_a_button_takes_its_step(ml_engineer_client: Client, run: Run) -> None:
    ml_engineer_client.post(f"/runs/{run.pk}/", {"step": "pause"})
    run.refresh_from_db()
    assert run.state == "PAUSED"


def test_a_step_that_came_too_late_is_explained(ml_engineer_client: Client, run: Run) -> None:
    Run.objects.update(state="DONE")
    page = ml_engineer_client.post(f"/runs/{run.pk}/", {"step": "pause"}, follow=True)
    assert "This run is done." in page.content.decode()


def test_an_unknown_step_is_refused(ml_engineer_client: Client, run: Run) -> None:
    assert ml_engineer_client.post(f"/runs/{run.pk}/", {"step": "erase"}).status_code == 400


def test_who_only_reads_cannot_steer(editor_client: Client, run: Run) -> None:
    assert 'name="step"' not in editor_client.get(f"/runs/{run.pk}/").content.decode()
    assert editor_client.post(f"/runs/{run.pk}/", {"step": "cancel"}).status_code == 403
    run.refresh_from_db()
    assert run.state == "RUNNING"


def test_a_run_says_why_drafts_failed_and_leads_to_them(
    ml_engineer_client: Client, run: Run, recommendation: Recommendation
) -> None:
    drafted(run, recommendation, "A line.")
    run.drafts.update(state="FAILED", failure_reason="cut_off", failure="It was <cut> off.")
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "It was &lt;cut&gt; off." in page
    assert f"/drafts/?run={run.pk}&amp;state=FAILED&amp;failure_reason=cut_off" in page


def test_a_run_whose_server_is_in_trouble_says_so(ml_engineer_client: Client, run: Run) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "It cannot be reached." in page


def test_a_run_that_waits_for_a_worker_says_so(
    ml_engineer_client: Client, run: Run, recommendation: Recommendation
) -> None:
    waiting(run, recommendation)
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "No worker drafts at the moment" in page
