"""The desk's index of names: made from all recommendations, kept up with what comes."""

import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from explanations.checks.catalogue import Catalogue, worded
from explanations.models import FactSnapshot, Recommendation, Task
from explanations.services import catalogue
from explanations.services.aside import ASIDE
from explanations.services.catalogue import (
    catalogue_at_hand,
    catalogue_now,
    forget_catalogue,
)
from explanations.services.facts import take_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for new facts at every call, as if seconds had gone by."""
    monkeypatch.setattr(catalogue, "LOOK_EVERY_S", 0.0)


@pytest.fixture
def recommend(music_task: Task) -> Callable[[str, str], Recommendation]:
    """Make a recommendation of a track by an artist."""

    def made(artist: str, title: str) -> Recommendation:
        recommendation = Recommendation.objects.create(
            task=music_task, external_id=f"track:{artist}:{title}", group=artist, locale="en"
        )
        give_facts(recommendation, artist, title)
        return recommendation

    return made


def give_facts(recommendation: Recommendation, artist: str, title: str) -> None:
    take_snapshot(
        recommendation,
        {"item": {"artist": artist, "title": title}, "audience": {}},
        FactSnapshot.Cause.IMPORT,
    )


def holds(index: Catalogue, name: str) -> bool:
    return any(True for _ in index.names_in(worded(name)))


def test_it_holds_artists_and_those_whom_titles_credit(recommend: Any) -> None:
    recommend("Ed Sheeran", "Beautiful People (feat. Khalid) - Jack Wins Remix")
    index = catalogue_now()
    assert all(holds(index, name) for name in ("Ed Sheeran", "Khalid", "Jack Wins"))
    assert not holds(index, "Beautiful People")


def test_it_is_made_once_and_asks_nothing_for_some_seconds(recommend: Any) -> None:
    recommend("Ed Sheeran", "Perfect")
    first = catalogue_now()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert catalogue_now() is first
    assert len(queries) == 0


@pytest.mark.usefixtures("looks_always")
def test_without_new_facts_one_look_is_all(recommend: Any) -> None:
    recommend("Ed Sheeran", "Perfect")
    first = catalogue_now()
    with CaptureQueriesContext(connection) as queries:
        assert catalogue_now() is first
    assert len(queries) == 1


@pytest.mark.usefixtures("looks_always")
def test_a_name_that_is_new_comes_in_and_the_others_stay(recommend: Any) -> None:
    recommend("Ed Sheeran", "Perfect")
    catalogue_now()
    recommend("Rihanna", "Umbrella")
    index = catalogue_now()
    assert holds(index, "Rihanna")
    assert holds(index, "Ed Sheeran")


@pytest.mark.usefixtures("looks_always")
def test_facts_that_change_no_name_leave_the_index_as_it_is(recommend: Any) -> None:
    track = recommend("Ed Sheeran", "Perfect")
    first = catalogue_now()
    give_facts(track, "Ed Sheeran", "Perfect (Acoustic)")
    assert catalogue_now() is first


@pytest.mark.usefixtures("looks_always")
def test_after_an_hour_all_is_read_again_and_old_names_go(
    recommend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = recommend("Ed Sheran", "Perfect")
    catalogue_now()
    give_facts(track, "Ed Sheeran", "Perfect")
    assert holds(catalogue_now(), "Ed Sheran")
    monkeypatch.setattr(catalogue, "MADE_ANEW_AFTER_S", 0.0)
    give_facts(track, "Ed Sheeran", "Perfect Duet")
    index = catalogue_now()
    assert holds(index, "Ed Sheeran")
    assert not holds(index, "Ed Sheran")


def test_an_empty_desk_has_an_empty_index() -> None:
    forget_catalogue()
    assert len(catalogue_now()) == 0


class TestAtHand:
    """For those whom somebody waits for."""

    def test_only_the_first_call_reads(self, recommend: Any) -> None:
        recommend("Ed Sheeran", "Perfect")
        first = catalogue_at_hand()
        assert holds(first, "Ed Sheeran")
        with CaptureQueriesContext(connection) as queries:
            assert catalogue_at_hand() is first
        assert len(queries) == 0

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("looks_always")
    def test_what_is_new_is_looked_up_beside_it(self, recommend: Any) -> None:
        recommend("Ed Sheeran", "Perfect")
        first = catalogue_at_hand()
        recommend("Avicii", "Levels")

        assert catalogue_at_hand() is first

        end = monotonic() + 60
        while not holds(catalogue_at_hand(), "Avicii"):
            assert monotonic() < end, "It never came."
            sleep(0.01)
        until_nobody_looks()


def until_nobody_looks() -> None:
    """A thread that looks would go on in the next test."""
    for thread in threading.enumerate():
        if thread.name == ASIDE:
            thread.join()
