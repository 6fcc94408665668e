"""What is published already: handed down, taken back, held as an index."""

from typing import Any

import pytest

from explanations.models import PublishedLine, Recommendation, Run, Task
from explanations.services import published as service
from explanations.services.published import forget_published, publish, published_now, unpublish
from tests.conftest import LISTENER, TRACK, drafted, recommended

pytestmark = pytest.mark.django_db

AVICII: dict[str, Any] = {
    "item": {"title": "Levels", "artist": "Avicii", "genre": "house"},
    "audience": {},
}
WORDS = ("keeps", "light", "on", "its", "feet", "and", "heavy", "below")
LINE = "Avicii keeps Levels light on its feet and heavy below."


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is never too fresh to be looked after."""
    monkeypatch.setattr(service, "LOOK_EVERY_S", -1.0)
    monkeypatch.setattr(service, "ANEW_EVERY_S", -1.0)


def test_a_line_that_is_handed_down_is_found_by_its_words(music_task: Task) -> None:
    assert published_now("music-oneliner").nearest(WORDS, "other") is None
    publish("golden 1", music_task, LINE, AVICII)
    found = published_now("music-oneliner").nearest(WORDS, "other")
    assert found is not None
    assert (found.text, found.words) == (LINE, WORDS)


def test_a_line_that_is_taken_back_is_not_found_any_more(music_task: Task) -> None:
    publish("golden 1", music_task, LINE, AVICII)
    assert len(published_now("music-oneliner")) == 1
    unpublish("golden 1")
    unpublish("golden 1")
    assert len(published_now("music-oneliner")) == 0


def test_the_same_source_again_takes_the_place_of_what_it_said(music_task: Task) -> None:
    publish("golden 1", music_task, "Something else.", AVICII)
    publish("golden 1", music_task, LINE, AVICII)
    assert PublishedLine.objects.get().text == LINE


def test_new_lines_are_added_to_the_index_that_is_there(music_task: Task) -> None:
    publish("golden 1", music_task, LINE, AVICII)
    first = published_now("music-oneliner")
    publish("golden 2", music_task, "Avicii lets Levels run until the roof is gone.", AVICII)
    assert published_now("music-oneliner") is first
    assert len(first) == 2


def test_a_line_that_was_written_earlier_and_seen_later_is_added(music_task: Task) -> None:
    """Numbers are given before transactions end; to read all lines again for it costs seconds."""
    publish("golden 2", music_task, "Avicii lets Levels run until the roof is gone.", AVICII)
    first = published_now("music-oneliner")
    publish("golden 1", music_task, LINE, AVICII)
    known = PublishedLine.objects.get(source="golden 2")
    PublishedLine.objects.filter(source="golden 1").update(id=known.pk - 1)
    assert published_now("music-oneliner") is first
    assert len(first) == 2
    assert published_now("music-oneliner") is first
    assert len(first) == 2


def test_however_many_are_taken_back_all_are_not_read_again_at_once(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "ANEW_EVERY_S", 3600.0)
    publish("golden 1", music_task, LINE, AVICII)
    first = published_now("music-oneliner")
    unpublish("golden 1")
    assert published_now("music-oneliner") is first
    monkeypatch.setattr(service, "ANEW_EVERY_S", -1.0)
    assert len(published_now("music-oneliner")) == 0


def test_an_index_that_is_full_is_made_anew_of_the_newest(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_LINES", 2)
    monkeypatch.setattr(service, "LINES_READ", 1)
    publish("golden 1", music_task, "Avicii lets Levels run until the roof is gone.", AVICII)
    first = published_now("music-oneliner")
    publish("golden 2", music_task, "Avicii holds Levels back until nobody can wait.", AVICII)
    assert published_now("music-oneliner") is first
    publish("golden 3", music_task, LINE, AVICII)
    anew = published_now("music-oneliner")
    assert len(anew) == 1
    assert anew.nearest(WORDS, "other") is not None


def test_nothing_new_is_one_query(music_task: Task, django_assert_num_queries: Any) -> None:
    publish("golden 1", music_task, LINE, AVICII)
    published_now("music-oneliner")
    with django_assert_num_queries(1):
        published_now("music-oneliner")


def test_a_fresh_index_is_no_query(
    music_task: Task, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(service, "LOOK_EVERY_S", 3600.0)
    published_now("music-oneliner")
    with django_assert_num_queries(0):
        published_now("music-oneliner")


def test_tasks_have_lines_of_their_own(music_task: Task, job_task: Task) -> None:
    publish("golden 1", music_task, LINE, AVICII)
    assert len(published_now(job_task.slug)) == 0


def test_drafts_that_wait_count_for_how_they_are_worded(
    music_task: Task, run: Run, recommendation: Recommendation
) -> None:
    other = recommended(
        music_task,
        "track:2",
        TRACK | {"artist": "Kvelertak", "title": "Mjød"},
        LISTENER,
        "Kvelertak",
    )
    drafted(run, recommendation, "Dead Rabbitts keep Deer Heart light on its feet, heavy below.")
    drafted(run, other, "Kvelertak keep Mjød light on its feet, heavy below.")
    forget_published()
    words = ("keep", "light", "on", "its", "feet", "heavy", "below")
    assert published_now("music-oneliner").said_of_others("", words, "other") == 2
