"""Datasets over REST: asked for, watched, listed, read, cancelled."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Dataset
from feedback.services.datasets import building
from tests.conftest import TokenMaker, bearer
from tests.editorial.test_api import assert_problem
from tests.feedback.test_exporting import LINE, reviewed

pytestmark = pytest.mark.django_db(transaction=True)

DATASETS = "/api/v1/datasets/"
MUSIC = {"name": "music-sft", "tasks": ["music-oneliner"]}


@pytest.fixture
def program(
    ready_draft: Draft, editor: Person, ml_engineer: Person, token_for: TokenMaker
) -> Client:
    """A training job of Mia's, at a desk with one golden."""
    reviewed(ready_draft, editor, LINE)
    return Client(headers=bearer(token_for(ml_engineer, "datasets:read", "datasets:write")))


def asked(program: Client, body: Any = MUSIC, **headers: str) -> Any:
    return program.post(DATASETS, body, "application/json", headers=headers)


def test_a_dataset_is_asked_for_watched_and_read(program: Client, ml_engineer: Person) -> None:
    answer = asked(program)

    assert answer.status_code == 201
    address = answer.headers["Location"]
    assert address == f"{DATASETS}music-sft/1/"
    waiting = program.get(address).json()
    assert (waiting["state"], waiting["created_by"], waiting["files"]) == ("WAITING", "mia", [])

    building.build_dataset(Dataset.objects.get().pk)
    ready = program.get(address).json()

    assert ready["state"] == "READY"
    assert ready["recipe"]["tasks"] == ["music-oneliner"]
    assert ready["marks_in_all"] == 0
    manifest = next(file for file in ready["files"] if file["path"] == "manifest.json")
    assert manifest["href"] == f"{address}files/manifest.json"
    assert program.get(manifest["href"]).status_code == 200


def test_the_same_key_asks_once(program: Client) -> None:
    key = str(uuid4())

    first = asked(program, **{"Idempotency-Key": key}).json()
    again = asked(program, **{"Idempotency-Key": key}).json()
    other = asked(program, {**MUSIC, "alike": 0.9}, **{"Idempotency-Key": key})

    assert first == again
    assert Dataset.objects.count() == 1
    assert_problem(other, 409, "key_reused")
    assert asked(program).json()["number"] == 2


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name", "/tasks"]),
        ({**MUSIC, "tasks": ["nothing"]}, ["/tasks"]),
        ({**MUSIC, "filters": {"reviewed_from": "soon"}}, ["/filters/reviewed_from"]),
        ({**MUSIC, "shares": {"train": 2}}, ["/shares"]),
        ([], ["/recipe"]),
    ],
)
def test_a_wrong_recipe_is_told_by_its_fields(
    program: Client, body: Any, pointers: list[str]
) -> None:
    problem = assert_problem(asked(program, body), 400, "invalid")

    found = [error["pointer"] for error in problem["errors"]]
    assert found == pointers


def test_a_hostile_recipe_is_told_by_its_fields_too(program: Client) -> None:
    for more, pointers in (
        ({"a": 1, "a.non_field_errors": 1}, ["/a", "/recipe"]),
        ({"alike": 1e308}, ["/alike"]),
        ({"tasks": {"music-oneliner": 1}}, ["/tasks"]),
        (
            {"filters": {"editors": ["nobody"], "models": ["none"]}},
            ["/filters/editors", "/filters/models"],
        ),
        ({"filters": {"reviewed_until": "9999-12-31"}}, ["/filters/reviewed_until"]),
        ({"prompts": {"job-fit": 1}}, ["/prompts"]),
        ({"prompts": {"music-oneliner": 999_999_999}}, ["/prompts"]),
        ({"filters": {"prompts": [999_999_999]}}, ["/filters/prompts"]),
    ):
        problem = assert_problem(asked(program, MUSIC | more), 400, "invalid")

        assert [error["pointer"] for error in problem["errors"]] == pointers, more
        assert all(error["detail"] for error in problem["errors"])
    assert not Dataset.objects.exists()


def test_the_newest_version_is_named_and_only_one_that_is_ready(program: Client) -> None:
    for _ in range(2):
        asked(program)
    newest = f"{DATASETS}music-sft/"
    assert_problem(program.get(newest), 404, "not_found")

    building.build_dataset(Dataset.objects.get(number=1).pk)

    assert program.get(newest).json() == {
        "name": "music-sft",
        "newest": 1,
        "href": f"{DATASETS}music-sft/1/",
    }


def test_datasets_are_listed_page_by_page(program: Client) -> None:
    for name in ("one", "two", "one"):
        asked(program, {**MUSIC, "name": name})

    page = program.get(f"{DATASETS}?page_size=2").json()
    rest = program.get(page["next"]).json()

    listed = [(each["name"], each["number"]) for each in page["results"] + rest["results"]]
    assert listed == [("one", 2), ("two", 1), ("one", 1)]
    assert rest["next"] is None
    only = program.get(f"{DATASETS}?name=two&state=WAITING").json()["results"]
    assert [each["name"] for each in only] == ["two"]
    assert_problem(program.get(f"{DATASETS}?state=GONE"), 400, "invalid")


def test_what_is_not_built_yet_can_be_cancelled(program: Client) -> None:
    address = asked(program).headers["Location"]

    assert program.post(f"{address}cancel/").json()["state"] == "CANCELLED"
    assert_problem(program.post(f"{address}cancel/"), 409, "dataset_ended")
    assert_problem(program.post(f"{DATASETS}music-sft/9/cancel/"), 404, "not_found")


def test_reading_is_not_writing(ml_engineer: Person, token_for: TokenMaker) -> None:
    reader = Client(headers=bearer(token_for(ml_engineer, "datasets:read")))

    assert reader.get(DATASETS).status_code == 200
    assert_problem(asked(reader), 403, "permission_denied")
