"""Which recommendations a run drafts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from explanations.models import Draft, Import, Recommendation, Run, Task
from explanations.services.selecting import Selection, count_selected, in_words, selected
from tests.conftest import JOB, LISTENER, TRACK, drafted, recommended


@pytest.fixture
def tracks(music_task: Task) -> list[Recommendation]:
    """Ten recommendations, of priorities 0 to 90."""
    return [
        recommended(music_task, f"track:{number}", TRACK, LISTENER, f"artist {number}", number * 10)
        for number in range(10)
    ]


def names(task: Task, **asked: Any) -> list[str]:
    """The external ids of what a selection means."""
    found = selected(task, Selection(**asked)).values_list("external_id", flat=True)
    return list(found)


# By what they are ---------------------------------------------------------------------------------


def test_everything_comes_most_urgent_first(music_task: Task, tracks: list[Any]) -> None:
    assert names(music_task)[:2] == ["track:9", "track:8"]


def test_the_locale_takes_in_its_regions_and_no_other_language(
    music_task: Task, tracks: list[Any]
) -> None:
    for name, locale in (("track:1", "de"), ("track:2", "de-CH"), ("track:3", "den")):
        Recommendation.objects.filter(external_id=name).update(locale=locale)
    assert names(music_task, locale="de") == ["track:2", "track:1"]
    assert names(music_task, locale="DE-ch") == ["track:2"]


@pytest.mark.parametrize("words", ["dead rabbitts", "RABBITTS", "172", "metal"])
def test_what_a_fact_says_is_found_at_any_depth_and_in_any_case(
    music_task: Task, words: str
) -> None:
    item = {"work": {"artists": [{"name": "Dead Rabbitts"}], "tempo": 172}, "genre": "metalcore"}
    recommended(music_task, "track:deep", item, LISTENER, "g")
    recommended(music_task, "track:other", {"genre": "polka"}, LISTENER, "g")
    assert names(music_task, search=words) == ["track:deep"]


@pytest.mark.parametrize("words", ["genre", "%", "_", "\\", '"', "null", "' OR true --"])
def test_names_of_facts_are_not_searched_and_no_character_has_a_meaning(
    music_task: Task, words: str
) -> None:
    recommended(music_task, "track:one", {"genre": "polka", "year": None}, LISTENER, "g")
    assert names(music_task, search=words) == []


def test_what_means_something_to_the_database_is_found_as_it_stands(music_task: Task) -> None:
    recommended(music_task, "track:one", {"title": '100% "real\\_thing"'}, LISTENER, "g")
    for words in ("100%", '"real', "\\_thing"):
        assert names(music_task, search=words) == ["track:one"]


def test_priorities_have_a_lowest_and_a_highest(music_task: Task, tracks: list[Any]) -> None:
    assert names(music_task, least_priority=40, most_priority=50) == ["track:5", "track:4"]


def test_days_are_days_of_the_desk_and_both_included(
    music_task: Task, tracks: list[Any], settings: Any
) -> None:
    settings.TIME_ZONE = "America/New_York"
    for name, hour in (("track:1", 4), ("track:2", 5), ("track:3", 23)):
        Recommendation.objects.filter(external_id=name).update(
            changed_at=datetime(2020, 1, 15, hour, tzinfo=UTC)
        )
    day = date(2020, 1, 15)
    assert names(music_task, changed_from=day, changed_to=day) == ["track:3", "track:2"]


def test_an_import_can_be_narrowed_down(music_task: Task, tracks: list[Any]) -> None:
    delivery = Import.objects.create(source="a file")
    Recommendation.objects.filter(priority__lt=30).update(delivery=delivery)
    asked: dict[str, Any] = {"import_id": delivery.pk, "least_priority": 10}
    assert names(music_task, **asked) == ["track:2", "track:1"]


def test_recommendations_of_other_tasks_are_left_alone(music_task: Task, job_task: Task) -> None:
    recommended(job_task, "job:1", JOB, {}, "g")
    assert names(music_task, search="Database") == []


# By what became of their drafts -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "outcome", "is_wanted"),
    [
        (None, "", True),
        ("REVIEWED", "REJECT", True),
        ("REVIEWED", "UNREVIEWABLE", True),
        ("FAILED", "", True),
        ("CANCELLED", "", True),
        ("BLOCKED", "", True),
        ("PENDING", "", False),
        ("READY", "", False),
        ("REVIEWED", "ACCEPT", False),
        ("REVIEWED", "EDIT", False),
    ],
)
def test_what_was_rejected_is_wanted_until_something_better_is_there(
    music_task: Task,
    tracks: list[Any],
    run: Run,
    state: str | None,
    outcome: str,
    is_wanted: bool,
) -> None:
    drafted(run, tracks[2], "A line.", settled_outcome="REJECT")
    drafted(run, tracks[3], "Another.", settled_outcome="ACCEPT", ordinal=2)
    Draft.objects.update(state="REVIEWED")
    if state:
        since = drafted(run, tracks[2], "A better line.", settled_outcome=outcome, ordinal=2)
        Draft.objects.filter(pk=since.pk).update(state=state, failure_reason="refused")
    assert names(music_task, rejected_before=True) == (["track:2"] if is_wanted else [])


# How many -----------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_sample(music_task: Task, tracks: list[Any]) -> None:
    first = names(music_task, sample=4, seed=7)
    assert names(music_task, sample=4, seed=7) == first
    assert len({tuple(names(music_task, sample=4, seed=seed)) for seed in range(8)}) > 1


def test_a_sample_without_a_seed_draws_one_and_a_seed_alone_is_nothing() -> None:
    assert Selection(sample=3).with_seed().seed is not None
    assert Selection(sample=3, seed=7).with_seed().seed == 7
    assert Selection(limit=3).with_seed().seed is None


@pytest.mark.parametrize(
    ("asked", "count"),
    [({}, 10), ({"sample": 4}, 4), ({"sample": 99}, 10), ({"sample": 8, "limit": 3}, 3)],
)
def test_counting_says_what_selecting_finds(
    music_task: Task, tracks: list[Any], asked: dict[str, Any], count: int
) -> None:
    holds = count_selected(music_task, Selection(**asked), drafts_each=3)
    assert (holds.recommendations, holds.drafts) == (count, count * 3)
    assert len(names(music_task, **asked)) == count


def test_counting_is_one_query(music_task: Task, tracks: list[Any]) -> None:
    asked = Selection(not_drafted=True, search="metal", sample=4, seed=1)
    with CaptureQueriesContext(connection) as queries:
        count_selected(music_task, asked)
    assert len(queries) == 1


# What cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"sample": 0}, "at least one"),
        ({"limit": -1}, "at least one"),
        ({"least_priority": 101}, "from 0 to 100"),
        ({"most_priority": -1}, "from 0 to 100"),
        ({"least_priority": 60, "most_priority": 50}, "above the highest"),
        ({"changed_from": date(2026, 2, 1), "changed_to": date(2026, 1, 1)}, "after the last"),
        ({"changed_to": date.max}, "Days go from"),
        ({"changed_from": date.min}, "Days go from"),
        ({"search": "x" * 201}, "At most 200"),
        ({"seed": -1}, "A seed is a number"),
        ({"external_ids": ["x"] * 100_001}, "At most 100,000"),
    ],
)
def test_what_nothing_can_ever_fit_is_said(asked: dict[str, Any], says: str) -> None:
    assert says in Selection(**asked).problem()


def test_what_can_be_has_no_problem() -> None:
    asked = Selection(sample=1, seed=0, least_priority=0, most_priority=100, search="x")
    assert asked.problem() == ""


# In words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (Selection(), "everything"),
        (Selection(not_drafted=True, limit=5), "not drafted yet, the first 5 by priority"),
        (Selection(external_ids=["a", "b"]), "2 named by external id"),
        (Selection(sample=1000, seed=7), "a sample of 1,000, seed 7"),
        (Selection(least_priority=0), "priority 0 or higher"),
        (Selection(changed_from=date(2026, 1, 31)), "came or changed on 2026-01-31 or later"),
    ],
)
def test_a_selection_can_be_read(asked: Selection, words: str) -> None:
    assert in_words(asked.as_asked()) == words
