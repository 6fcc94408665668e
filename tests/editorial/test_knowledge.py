"""What the checks know is loaded beside the first requests, once a process."""

import threading
from collections.abc import Iterable
from typing import Any

import pytest

from editorial import knowledge
from editorial.knowledge import LoadingApplication, load
from explanations.models import Task
from explanations.services import catalogue, published
from explanations.services.aside import ASIDE, aside


def application(_environ: dict[str, Any], _start_response: Any) -> Iterable[bytes]:
    return [b"a page"]


def test_a_request_is_answered_while_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, loaded = threading.Event(), threading.Event()

    def load_when_answered() -> None:
        assert answered.wait(60)
        loaded.set()

    monkeypatch.setattr(knowledge, "load", load_when_answered)

    assert list(LoadingApplication(application)({}, None)) == [b"a page"]

    answered.set()
    assert loaded.wait(60)


def test_it_is_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[int] = []
    monkeypatch.setattr(knowledge, "load", lambda: times.append(1))
    serving = LoadingApplication(application)
    for _request in range(3):
        serving({}, None)
    wait_for_what_runs_aside()
    assert times == [1]


@pytest.mark.django_db
def test_an_accept_finds_it_there(music_task: Task, job_task: Task) -> None:
    published.forget_published()

    load()

    assert catalogue._held is not None
    assert set(published._held) == {"music-oneliner", "job-fit"}


def test_what_fails_beside_a_request_is_told_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("no database")

    aside(fail)
    wait_for_what_runs_aside()
    assert "could not be looked up" in caplog.text


def wait_for_what_runs_aside() -> None:
    for thread in threading.enumerate():
        if thread.name == ASIDE:
            thread.join()
