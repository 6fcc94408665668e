"""Tasks, prompts and guides over REST."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Guide, Prompt, Recommendation, Task
from tests.conftest import KNOWN_LINE, KNOWN_TRACK, TokenMaker, bearer

pytestmark = pytest.mark.django_db

TASKS = "/api/v1/tasks/"
PROMPTS = "/api/v1/tasks/music-oneliner/prompts/"
GUIDES = "/api/v1/tasks/music-oneliner/guides/"
WRITTEN: dict[str, Any] = {
    "note": "Shorter",
    "system": "Write one sentence.",
    "user_template": "Artist: {{ /item/artist }}",
    "examples": [{"facts": {"item": KNOWN_TRACK}, "answer": KNOWN_LINE}],
    "parameters": {"temperature": 0.4, "stop": ["\n"]},
}


@pytest.fixture
def engineers_token(ml_engineer: Person, token_for: TokenMaker) -> str:
    return token_for(ml_engineer, "prompts:write", "desk:read")


@pytest.fixture
def leads_token(lead: Person, token_for: TokenMaker) -> str:
    return token_for(lead, "guides:write", "desk:read")


def read(client: Client, address: str, token: str) -> Any:
    return client.get(address, headers=bearer(token)).json()


def post(client: Client, address: str, token: str, body: Any) -> Any:
    return client.post(address, body, content_type="application/json", headers=bearer(token))


def test_tasks_say_which_versions_they_work_with(
    client: Client, engineers_token: str, music_task: Task
) -> None:
    (task,) = read(client, TASKS, engineers_token)
    assert (task["slug"], task["prompt"], task["guide"], task["model"]) == (
        "music-oneliner",
        1,
        1,
        None,
    )


def test_a_prompt_is_written_and_read(
    client: Client, engineers_token: str, music_task: Task
) -> None:
    answer = post(client, PROMPTS, engineers_token, WRITTEN)
    assert answer.status_code == 201
    written = answer.json()
    assert (written["number"], written["written_by"], written["is_active"]) == (2, "mia", False)
    assert (written["used_at"], written["schema"], len(written["sha256"])) == (None, "row", 64)
    assert {name: written[name] for name in WRITTEN} == WRITTEN
    assert read(client, f"{PROMPTS}2/", engineers_token) == written
    assert [row["number"] for row in read(client, PROMPTS, engineers_token)["results"]] == [2, 1]


@pytest.mark.parametrize(
    ("parts", "pointer", "said"),
    [
        ({"user_template": "X: {{ /item/x }}"}, "/user_template", "has the fact /item/x"),
        ({"user_template": ""}, "/user_template", "blank"),
        ({"system": "<s>"}, "/system", "control token"),
        ({"examples": {}}, "/examples", "Examples are a list"),
        ({"parameters": {"temperature": 3}}, "/parameters/temperature", "from 0 to 2"),
        ({"parameters": {"seed": 3}}, "/parameters", "is not a parameter"),
        ({"schema": "loose"}, "/schema", "is not a valid choice"),
        ({"note": "x" * 301}, "/note", "300 are the most"),
    ],
)
def test_what_is_wrong_is_named_by_its_place_in_the_body(
    client: Client,
    engineers_token: str,
    recommendation: Recommendation,
    parts: dict[str, Any],
    pointer: str,
    said: str,
) -> None:
    answer = post(client, PROMPTS, engineers_token, {**WRITTEN, **parts})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert said in error["detail"]


def test_the_same_prompt_again_is_refused_as_a_whole(
    client: Client, engineers_token: str, music_task: Task
) -> None:
    post(client, PROMPTS, engineers_token, WRITTEN)
    answer = post(client, PROMPTS, engineers_token, WRITTEN)
    assert answer.json()["errors"] == [
        {
            "pointer": "",
            "detail": "Nothing is changed: prompt 2 says the same.",
            "code": "invalid",
        }
    ]


def test_a_prompt_becomes_active_instead_of_the_one_that_was_seen(
    client: Client, engineers_token: str, next_prompt: Prompt
) -> None:
    address = f"{PROMPTS}2/activate/"
    late = post(client, address, engineers_token, {"instead_of": None})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")
    assert post(client, address, engineers_token, {"instead_of": 1}).json()["is_active"]
    assert read(client, TASKS, engineers_token)[0]["prompt"] == 2
    assert post(client, address, engineers_token, {}).status_code == 400


def test_the_difference_of_two_prompts_is_read(
    client: Client, engineers_token: str, next_prompt: Prompt
) -> None:
    found = read(client, f"{PROMPTS}2/difference/1/", engineers_token)
    (changed,) = found["changed"]
    assert changed["part"] == "System text"
    assert {"kind": "added", "text": "vivid "} in changed["passages"][0]["stretches"]
    assert "Examples" in found["same"]


def test_a_guide_is_written_compared_and_made_active(
    client: Client, leads_token: str, music_task: Task
) -> None:
    answer = post(client, GUIDES, leads_token, {"text": "# One line\n\nSay something kind."})
    assert (answer.status_code, answer.json()["number"]) == (201, 2)
    assert read(client, f"{GUIDES}2/", leads_token)["text"].endswith("kind.")
    assert read(client, f"{GUIDES}2/difference/1/", leads_token)["changed"]
    activated = post(client, f"{GUIDES}2/activate/", leads_token, {"instead_of": 1})
    assert activated.json()["is_active"]
    assert len(read(client, GUIDES, leads_token)["results"]) == 2


def test_a_guides_rules_are_written_and_read(
    client: Client, leads_token: str, music_task: Task
) -> None:
    rules = {"avoid": ["epic"], "exclamation_marks": None, "second_person": "avoided"}
    answer = post(client, GUIDES, leads_token, {"text": "# One", "rules": rules})
    assert answer.json()["rules"] == {**rules, "emoji": True}
    refused = post(client, GUIDES, leads_token, {"text": "# Two", "rules": {"avoid": "epic"}})
    assert (refused.status_code, Guide.objects.count()) == (400, 2)


def test_a_guide_without_words_is_refused(
    client: Client, leads_token: str, music_task: Task
) -> None:
    answer = post(client, GUIDES, leads_token, {"text": "x" * 200_001})
    assert answer.json()["errors"][0]["pointer"] == "/text"
    assert Guide.objects.count() == 1


def test_a_lists_queries_do_not_grow(
    client: Client, engineers_token: str, music_task: Task, django_assert_max_num_queries: Any
) -> None:
    for number in range(2, 12):
        Prompt.objects.create(
            task=music_task, number=number, system="", user_template="", sha256=str(number)
        )
    # The token with its person, two for the rights, the task, the versions.
    with django_assert_max_num_queries(6):
        client.get(PROMPTS, headers=bearer(engineers_token))
