"""The pages of runs."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from explanations import nudge
from explanations.models import (
    Draft,
    Import,
    ModelServer,
    ModelVersion,
    Recommendation,
    Run,
    Task,
)
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
    ml_engineer_client: Client, run: Run, django_assert_num_queries: Any
) -> None:
    for _ in range(10):
        Run.objects.create(task=run.task, prompt=run.prompt, model_version=run.model_version)
    # Session, person with their rights, how many runs, the runs, their counts, their servers,
    # who waits for a worker.
    with django_assert_num_queries(7):
        ml_engineer_client.get("/runs/")


def test_the_list_says_in_short_what_holds_a_run_up(ml_engineer_client: Client, run: Run) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    page = ml_engineer_client.get("/runs/").content.decode()
    assert "model server in trouble" in page


def test_a_run_that_fewer_servers_carry_says_its_pace_and_which_server_is_in_trouble(
    ml_engineer_client: Client, run: Run, ready_draft: Draft, model_version: ModelVersion
) -> None:
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    well = ModelServer.objects.create(name="Second", base_url="http://127.0.0.1:10/v1")
    model_version.servers.add(well)
    Run.objects.update(state=Run.State.RUNNING, finished_at=None)
    Draft.objects.update(finished_at=Now())
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "1 of 2 model servers in trouble" in page
    assert "It cannot be reached." in page
    assert "drafts a minute" in page


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
        "/runs/new/", form(ready_task, which="everything", delivery=delivery.pk, limit=5)
    )
    assert Run.objects.get().selection == {"import_id": delivery.pk, "limit": 5}


@pytest.mark.parametrize("nonsense", ["x", "-1", "9" * 40, "٣"])
def test_the_address_fills_the_form_in_with_whatever_import(
    ml_engineer_client: Client, ready_task: Task, monkeypatch: pytest.MonkeyPatch, nonsense: str
) -> None:
    """Also with one that is too old to be offered otherwise."""
    monkeypatch.setattr("explanations.forms.IMPORTS_OFFERED", 1)
    old, _new = (Import.objects.create(source=f"file {number}") for number in range(2))
    Recommendation.objects.update(delivery=old)
    page = ml_engineer_client.get(f"/imports/{old.pk}/").content.decode()
    assert "Draft what it brought" not in page
    Import.objects.update(new=1)
    page = ml_engineer_client.get(f"/imports/{old.pk}/").content.decode()
    assert f"/runs/new/?delivery={old.pk}" in page
    page = ml_engineer_client.get(f"/runs/new/?delivery={old.pk}").content.decode()
    assert f'<option value="{old.pk}" selected>' in page
    ml_engineer_client.post("/runs/new/", form(ready_task, delivery=old.pk))
    assert Run.objects.get().drafts.count() == 1
    assert ml_engineer_client.get(f"/runs/new/?delivery={nonsense}").status_code == 200


def test_the_form_narrows_down_and_draws_a_sample(
    ml_engineer_client: Client, ready_task: Task
) -> None:
    asked = {
        "locale": "en",
        "search": "rabbitts",
        "least_priority": 10,
        "most_priority": 60,
        "changed_from": "2020-01-01",
        "changed_to": "2999-12-31",
        "sample": 5,
        "seed": 7,
    }
    ml_engineer_client.post("/runs/new/", form(ready_task, **asked, priority=90, drafts_each=2))
    run = Run.objects.get()
    assert run.selection == {"not_drafted": True, **asked}
    assert set(run.drafts.values_list("priority", flat=True)) == {90}
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "a sample of 5, seed 7" in page
    assert "2 drafts each" in page


def test_a_seed_without_a_sample_is_no_part_of_the_selection(
    ml_engineer_client: Client, ready_task: Task
) -> None:
    ml_engineer_client.post("/runs/new/", form(ready_task, seed=7))
    assert Run.objects.get().selection == {"not_drafted": True}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"which": "named"}, "Name at least one."),
        ({"which": "named", "external_ids": " \r\n"}, "Name at least one."),
        ({"sample": 0}, "greater than or equal to 1"),
        ({"least_priority": 60, "most_priority": 50}, "above the highest"),
        ({"changed_from": "soon"}, "Enter a valid date"),
        ({"priority": 101}, "less than or equal to 100"),
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
    for name, value in fields.items():
        if name not in {"which", "drafts_each"}:
            assert answer.context["form"][name].value() == str(value)


# What the choice holds ----------------------------------------------------------------------------


def counted(client: Client, fields: dict[str, Any]) -> str:
    answer = client.post("/runs/new/", fields, headers=HTMX)
    assert not Run.objects.exists()
    return answer.content.decode()


def test_the_form_says_how_many_its_choice_holds(
    ml_engineer_client: Client, ready_task: Task
) -> None:
    recommended(ready_task, "track:two", TRACK, LISTENER, "g")
    words = counted(ml_engineer_client, form(ready_task, drafts_each=3))
    assert "<strong>2</strong> recommendations" in words
    assert "<strong>6</strong> drafts" in words
    assert "prompt 1 and smollm2-135m-instruct" in words


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"search": "polka"}, "nothing to draft"),
        ({"which": "rejected"}, "nothing to draft"),
        ({"least_priority": 60, "most_priority": 50}, "above the highest"),
        ({"which": "named"}, "External ids: Name at least one."),
        ({"sample": "many"}, "A sample of: Enter a whole number."),
    ],
)
def test_a_choice_that_holds_nothing_says_so(
    ml_engineer_client: Client, ready_task: Task, fields: dict[str, Any], says: str
) -> None:
    assert says in counted(ml_engineer_client, form(ready_task, **fields))


# Once ---------------------------------------------------------------------------------------------


def key_of(page: Any) -> str:
    return str(page.context["form"]["key"].value())


def test_a_double_click_starts_one_run(ml_engineer_client: Client, ready_task: Task) -> None:
    key = key_of(ml_engineer_client.get("/runs/new/"))
    answers = [
        ml_engineer_client.post("/runs/new/", form(ready_task, which="everything", key=key))
        for _ in range(2)
    ]
    run = Run.objects.get()
    assert [answer["Location"] for answer in answers] == [f"/runs/{run.pk}/"] * 2


def test_a_form_that_is_changed_after_it_started_a_run_asks_once_more(
    ml_engineer_client: Client, ready_task: Task
) -> None:
    key = key_of(ml_engineer_client.get("/runs/new/"))
    fields = form(ready_task, which="everything", key=key)
    ml_engineer_client.post("/runs/new/", fields)
    changed = ml_engineer_client.post("/runs/new/", {**fields, "drafts_each": 2})
    assert f"started run {Run.objects.get().pk} already" in changed.content.decode()
    again = {**fields, "drafts_each": 2, "key": key_of(changed)}
    assert ml_engineer_client.post("/runs/new/", again).status_code == 302
    assert Run.objects.count() == 2


def test_every_form_has_a_key_and_a_seed_of_its_own(
    ml_engineer_client: Client, ready_task: Task
) -> None:
    pages = [ml_engineer_client.get("/runs/new/?key=mine") for _ in range(2)]
    assert len({key_of(page) for page in pages}) == 2
    assert all(page.context["form"]["seed"].value() is not None for page in pages)


def test_the_form_offers_the_prompts_by_task(
    ml_engineer_client: Client, ready_task: Task, job_task: Task
) -> None:
    page = ml_engineer_client.get("/runs/new/").content.decode()
    assert '<optgroup label="Job fit">' in page
    assert "Prompt 1, active" in page


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
    assert 'data-look-again-s="2"' in page
    fragment = ml_engineer_client.get(f"/runs/{run.pk}/", headers=HTMX).content.decode()
    assert fragment.lstrip().startswith('<div id="progress"')
    assert 'data-look-again-s="2"' in fragment


@pytest.mark.parametrize("state", ["DONE", "CANCELLED"])
def test_a_run_that_has_ended_asks_no_more(
    ml_engineer_client: Client, run: Run, ready_draft: Draft, state: str
) -> None:
    Run.objects.update(state=state)
    fragment = ml_engineer_client.get(f"/runs/{run.pk}/", headers=HTMX).content.decode()
    assert "data-look-again-s" not in fragment


def test_a_run_that_rests_asks_rarely(
    ml_engineer_client: Client, run: Run, ready_draft: Draft
) -> None:
    Run.objects.update(state="PAUSED")
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert 'data-look-again-s="20"' in page


def test_a_large_run_asks_less_often(
    ml_engineer_client: Client, run: Run, ready_draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explanations.views.runs.LARGE_RUN", 0)
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert 'data-look-again-s="5"' in page


def test_the_steps_are_sent_again_only_when_others_are_on_offer(
    ml_engineer_client: Client, run: Run, ready_draft: Draft
) -> None:
    """A button that is swapped while it is pressed would lose the click."""
    address = f"/runs/{run.pk}/?offer=RUNNING-none-failed"
    assert 'id="steering"' not in ml_engineer_client.get(address, headers=HTMX).content.decode()
    run.drafts.update(state="FAILED", failure_reason="cut_off")
    fragment = ml_engineer_client.get(address, headers=HTMX).content.decode()
    assert 'id="steering"' in fragment
    assert 'hx-swap-oob="true"' in fragment
    assert '"retry"' in fragment


def test_a_run_says_what_was_done_to_it(ml_engineer_client: Client, run: Run) -> None:
    ml_engineer_client.post(f"/runs/{run.pk}/", {"step": "pause"})
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "paused, Mia" in page


def test_the_page_of_a_run_needs_a_constant_number_of_queries(
    ml_engineer_client: Client, run: Run, ready_draft: Draft, django_assert_num_queries: Any
) -> None:
    # Session, person with their rights, the run, its progress, its servers, who waits for a
    # worker, the steps.
    with django_assert_num_queries(7):
        ml_engineer_client.get(f"/runs/{run.pk}/")
    with django_assert_num_queries(6):
        ml_engineer_client.get(f"/runs/{run.pk}/", headers=HTMX)


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
    assert "this run is done." in page.content.decode()


def test_what_was_tried_again_is_counted(
    ml_engineer_client: Client, run: Run, ready_draft: Draft
) -> None:
    run.drafts.update(state="FAILED", failure_reason="cut_off")
    page = ml_engineer_client.post(f"/runs/{run.pk}/", {"step": "retry"}, follow=True)
    assert "1 failed draft is tried again." in page.content.decode()


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
    assert "Nothing is sent to “Own server” since" in page
    assert "every 60 seconds at the latest" in page


def test_a_run_whose_model_nobody_serves_says_so(
    ml_engineer_client: Client, run: Run, model_version: ModelVersion
) -> None:
    model_version.servers.set(ModelServer.objects.none())
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "No model server serves smollm2-135m-instruct any more" in page


def test_a_run_that_waits_for_a_worker_says_so(
    ml_engineer_client: Client, run: Run, recommendation: Recommendation
) -> None:
    waiting(run, recommendation)
    Run.objects.update(created_at=Now() - timedelta(hours=1))
    page = ml_engineer_client.get(f"/runs/{run.pk}/").content.decode()
    assert "No worker drafts at the moment" in page
