"""The pages on which a prompt is tried: they grow while drafts are written, and then rest."""

import re
from typing import Any

import pytest
from django.test import Client

from explanations import nudge
from explanations.models import ModelServer, ModelVersion, Prompt, Recommendation, Task, Trial
from explanations.services.trials import cancel_trial, start_trial
from tests.explanations.test_trials import FINE, NAMELESS, write
from tests.explanations.test_trials import tracks as tracks
from tests.explanations.test_trials import trial as trial

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
TRY = "/tasks/music-oneliner/prompts/2/try/"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


def address(trial: Trial) -> str:
    return f"/tasks/music-oneliner/trials/{trial.pk}/"


def waiting(page: str) -> list[str]:
    """What the page says that it waits for."""
    return re.findall(r'name="waiting" value="(\d+:\d)"', page)


def summary(browser: Client, trial: Trial) -> str:
    """What the page asks for again and again."""
    return browser.get(address(trial), headers=HTMX).content.decode()


# The form -----------------------------------------------------------------------------------------


@pytest.fixture
def form(
    music_task: Task,
    next_prompt: Prompt,
    model_version: ModelVersion,
    tracks: list[Recommendation],
) -> dict[str, Any]:
    """What Mia fills in."""
    return {
        "against": music_task.prompt_id,
        "model_version": model_version.pk,
        "sample": 4,
        "seed": "7",
    }


def test_the_form_offers_the_active_prompt_and_the_tasks_model(
    ml_engineer_client: Client, form: dict[str, Any], music_task: Task, model_version: ModelVersion
) -> None:
    Task.objects.update(model_version=model_version)
    offered = ml_engineer_client.get(TRY).context["form"]
    assert offered["against"].value() == music_task.prompt_id
    assert offered["model_version"].value() == model_version.pk
    assert offered["sample"].value() == 10


def test_the_active_prompt_is_tried_beside_the_newest_other(
    ml_engineer_client: Client, form: dict[str, Any], next_prompt: Prompt
) -> None:
    offered = ml_engineer_client.get("/tasks/music-oneliner/prompts/1/try/").context["form"]
    assert offered["against"].value() == next_prompt.pk


def test_a_trial_is_started_and_its_page_opened(
    ml_engineer_client: Client, form: dict[str, Any]
) -> None:
    answer = ml_engineer_client.post(TRY, form)
    trial = Trial.objects.get()
    assert answer["Location"] == address(trial)
    assert (trial.sample, trial.seed, trial.prompt.number) == (4, 7, 2)


def test_a_form_that_is_sent_twice_starts_one_trial(
    ml_engineer_client: Client, form: dict[str, Any]
) -> None:
    key = ml_engineer_client.get(TRY).context["form"]["key"].value()
    answers = [ml_engineer_client.post(TRY, {**form, "key": key}) for _ in range(2)]
    trial = Trial.objects.get()
    assert [answer["Location"] for answer in answers] == [address(trial)] * 2


def test_a_form_that_was_sent_and_changed_asks_once_more(
    ml_engineer_client: Client, form: dict[str, Any]
) -> None:
    key = ml_engineer_client.get(TRY).context["form"]["key"].value()
    ml_engineer_client.post(TRY, {**form, "key": key})
    changed = ml_engineer_client.post(TRY, {**form, "key": key, "sample": "3"})
    assert "Press again to start another." in changed.content.decode()
    fresh = changed.context["form"]["key"].value()
    ml_engineer_client.post(TRY, {**form, "key": fresh, "sample": "3"})
    assert [trial.sample for trial in Trial.objects.order_by("pk")] == [4, 3]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"sample": "0"}, "greater than or equal to 1"),
        ({"sample": "51"}, "less than or equal to 50"),
        ({"seed": "-1"}, "greater than or equal to 0"),
        ({"against": ""}, "This field is required."),
        ({"model_version": "999"}, "Select a valid choice."),
    ],
)
def test_the_form_says_what_is_wrong(
    ml_engineer_client: Client, form: dict[str, Any], typed: dict[str, str], said: str
) -> None:
    answer = ml_engineer_client.post(TRY, {**form, **typed})
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Trial.objects.exists()


def test_what_the_service_refuses_is_said_on_the_form(
    ml_engineer_client: Client, form: dict[str, Any]
) -> None:
    Recommendation.objects.update(snapshot=None)
    answer = ml_engineer_client.post(TRY, form)
    assert "has no recommendations yet" in answer.content.decode()


# The comparison -----------------------------------------------------------------------------------


def test_a_trial_shows_text_beside_text_with_what_was_found(
    ml_engineer_client: Client, trial: Trial
) -> None:
    write(trial, tried=FINE, against=NAMELESS, latency_ms=420)
    page = ml_engineer_client.get(address(trial)).content.decode()

    assert page.count(FINE) == page.count(NAMELESS) == 3
    assert "Neither the title nor the artist" in page
    assert "5 words" in page
    assert "ended by stop" in page
    assert "0.42 s" in page
    assert "The seed 7 takes the same ones again." in page
    assert "<strong>100 %</strong>" in page
    assert "<strong>0 %</strong>" in page


def test_model_text_is_shown_as_text(ml_engineer_client: Client, trial: Trial) -> None:
    write(trial, tried="Dead Rabbitts <script>alert(1)</script> rush.", against=FINE)
    page = ml_engineer_client.get(address(trial)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_trial_that_is_being_written_asks_for_its_news(
    ml_engineer_client: Client, trial: Trial
) -> None:
    page = ml_engineer_client.get(address(trial)).content.decode()
    assert 'data-look-again-s="2"' in page
    assert len(waiting(page)) == 3


def test_only_pairs_that_moved_on_come_as_news(ml_engineer_client: Client, trial: Trial) -> None:
    before = waiting(ml_engineer_client.get(address(trial)).content.decode())
    first = trial.runs.get(prompt=trial.prompt).drafts.order_by("pk").first()
    assert first is not None
    first.state, first.failure_reason, first.failure = "FAILED", "cut_off", "It was cut off."
    first.save()

    news = ml_engineer_client.get(address(trial), {"waiting": before}, headers=HTMX)
    said = news.content.decode()
    assert said.count("hx-swap-oob") == 1
    assert f'id="pair-{first.recommendation_id}"' in said
    assert "It was cut off." in said
    assert waiting(said) == [f"{first.recommendation_id}:1"]

    rest = ml_engineer_client.get(address(trial), {"waiting": waiting(said)}, headers=HTMX)
    assert "hx-swap-oob" not in rest.content.decode()


@pytest.mark.parametrize("end", ["written", "cancelled"])
def test_a_trial_that_has_ended_asks_no_more(
    ml_engineer_client: Client, trial: Trial, end: str
) -> None:
    before = waiting(ml_engineer_client.get(address(trial)).content.decode())
    if end == "written":
        write(trial, tried=FINE, against=FINE)
    else:
        cancel_trial(trial, None)
    news = ml_engineer_client.get(address(trial), {"waiting": before}, headers=HTMX)
    assert "data-look-again-s" not in news.content.decode()
    assert news.content.decode().count("hx-swap-oob") == 3
    assert waiting(news.content.decode()) == []


def test_a_trial_that_waits_says_for_what(ml_engineer_client: Client, trial: Trial) -> None:
    assert "message-warning" not in summary(ml_engineer_client, trial)
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since="2026-01-01T00:00Z")
    assert "It cannot be reached." in summary(ml_engineer_client, trial)


def test_the_better_prompt_is_made_active_from_here(
    ml_engineer_client: Client, trial: Trial
) -> None:
    page = ml_engineer_client.get(address(trial)).content.decode()
    assert "Make prompt 2 active" in page
    ml_engineer_client.post("/tasks/music-oneliner/prompts/2/", {"instead_of": "1"})
    page = ml_engineer_client.get(address(trial)).content.decode()
    assert "Make prompt 2 active" not in page


def test_the_rest_is_cancelled_by_a_button(ml_engineer_client: Client, trial: Trial) -> None:
    ml_engineer_client.post(address(trial), {"step": "cancel"})
    assert set(trial.runs.values_list("state", flat=True)) == {"CANCELLED"}
    late = ml_engineer_client.post(address(trial), {"step": "cancel"}, follow=True)
    assert "This trial has ended." in late.content.decode()
    assert ml_engineer_client.post(address(trial), {"step": "erase"}).status_code == 400


def test_a_trial_is_found_under_its_own_task_alone(
    ml_engineer_client: Client, trial: Trial, job_task: Task
) -> None:
    assert ml_engineer_client.get(f"/tasks/job-fit/trials/{trial.pk}/").status_code == 404


def test_the_page_needs_a_constant_number_of_queries(
    ml_engineer_client: Client, trial: Trial, django_assert_num_queries: Any
) -> None:
    larger = start_trial(trial.prompt, trial.against, trial.model_version, 8, 1, None)
    cancel_trial(trial, None)
    write(larger, tried=NAMELESS, against=NAMELESS)
    # Session, person with their rights, the trial, its drafts, their findings.
    with django_assert_num_queries(5):
        ml_engineer_client.get(address(larger))
