"""Trials over REST."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations import nudge
from explanations.models import ModelVersion, Prompt, Recommendation, Task, Trial
from tests.conftest import TokenMaker, bearer
from tests.explanations.test_trials import FINE, NAMELESS, write
from tests.explanations.test_trials import tracks as tracks
from tests.explanations.test_trials import trial as trial

pytestmark = pytest.mark.django_db

TRIALS = "/api/v1/trials/"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def token(ml_engineer: Person, token_for: TokenMaker) -> str:
    return token_for(ml_engineer, "prompts:write")


def post(client: Client, address: str, token: str, body: Any) -> Any:
    return client.post(address, body, content_type="application/json", headers=bearer(token))


def test_a_prompt_is_tried_beside_the_active_one_by_default(
    client: Client,
    token: str,
    music_task: Task,
    next_prompt: Prompt,
    model_version: ModelVersion,
    tracks: list[Recommendation],
) -> None:
    Task.objects.update(model_version=model_version)
    answer = post(
        client, TRIALS, token, {"task": "music-oneliner", "prompt": 2, "sample": 3, "seed": 7}
    )
    assert answer.status_code == 201
    started = answer.json()
    assert (started["prompt"], started["against"], started["seed"]) == (2, 1, 7)
    assert (started["is_finished"], len(started["pairs"])) == (False, 3)


def test_the_same_key_starts_one_trial(client: Client, token: str, trial: Trial) -> None:
    Task.objects.update(model_version=trial.model_version)
    body = {"task": "music-oneliner", "prompt": 2, "sample": 2}
    headers = {"Idempotency-Key": "0189d3a2-0000-4000-8000-000000000003", **bearer(token)}

    def ask(**more: int) -> Any:
        asked = {**body, **more}
        return client.post(TRIALS, asked, content_type="application/json", headers=headers)

    assert ask().json()["id"] == ask().json()["id"]
    other = ask(sample=1)
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"prompt": 9}, "has no prompt 9"),
        ({"prompt": 1}, "beside another one"),
        ({"prompt": 2, "sample": 51}, "less than or equal to 50"),
        ({"prompt": 2, "model": "none such"}, "No model is called"),
        ({"prompt": 2, "seed": -1}, "greater than or equal to 0"),
        ({}, "required"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    client: Client, token: str, trial: Trial, body: dict[str, Any], said: str
) -> None:
    Task.objects.update(model_version=trial.model_version)
    answer = post(client, TRIALS, token, {"task": "music-oneliner", **body})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert Trial.objects.count() == 1


def test_a_trial_is_read_with_both_texts_and_all_figures(
    client: Client, token: str, trial: Trial
) -> None:
    write(trial, tried=FINE, against=NAMELESS)
    read = client.get(f"{TRIALS}{trial.pk}/", headers=bearer(token)).json()

    assert read["is_finished"]
    against, tried = read["sides"]
    assert (against["prompt"], against["blocked"], against["ready_share"]) == (1, 3, 0.0)
    assert (tried["prompt"], tried["ready"], tried["median_words"]) == (2, 3, 5.0)
    assert against["findings"]["attribution"] == 3
    pair = read["pairs"][0]
    assert (pair["against"]["text"], pair["tried"]["text"]) == (NAMELESS, FINE)
    assert pair["against"]["findings"][0]["check"] == "attribution"
    assert (pair["tried"]["words"], pair["tried"]["finish_reason"]) == (5, "stop")
    assert pair["tried"]["latency_s"] == 0.42


def test_trials_are_listed_and_ended(client: Client, token: str, trial: Trial) -> None:
    (row,) = client.get(TRIALS, headers=bearer(token)).json()["results"]
    assert (row["id"], row["started_by"]) == (trial.pk, "mia")
    assert post(client, f"{TRIALS}{trial.pk}/cancel/", token, {}).json()["is_finished"]
    late = post(client, f"{TRIALS}{trial.pk}/cancel/", token, {})
    assert (late.status_code, late.json()["detail"]) == (409, "This trial has ended.")


def test_who_reads_the_desk_does_not_read_trials(
    client: Client, editor_token: str, trial: Trial
) -> None:
    assert client.get(f"{TRIALS}{trial.pk}/", headers=bearer(editor_token)).status_code == 403
