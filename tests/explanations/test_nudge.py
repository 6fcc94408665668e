"""Workers are woken after the commit, and nobody waits for a broker that is away."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psutil
import pytest
from celery import Celery, current_app
from django.conf import settings
from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError

from explanations import nudge

Sent = list[tuple[str, tuple[object, ...], dict[str, Any]]]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What reached the broker."""
    taken: Sent = []
    monkeypatch.setattr(
        current_app,
        "send_task",
        lambda name, args=(), **options: taken.append((name, tuple(args), options)),
    )
    return taken


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A broker that takes a message and never answers."""
    tried: list[str] = []
    released = Event()

    def hang(name: str, **_options: object) -> None:
        tried.append(name)
        released.wait(30)

    monkeypatch.setattr(current_app, "send_task", hang)
    monkeypatch.setattr(nudge, "PATIENCE_S", 0.01)
    yield tried
    released.set()
    nudge._sender.forget()


def test_a_nudge_names_its_task_and_its_arguments(sent: Sent) -> None:
    assert nudge.send("a.task", 7)
    ((name, arguments, options),) = sent
    assert (name, arguments) == ("a.task", (7,))
    assert (options["retry"], options["ignore_result"]) == (False, True)


def test_an_old_nudge_is_thrown_away_by_the_worker(sent: Sent) -> None:
    """Otherwise those that nobody took would pile up while no worker runs."""
    nudge.send("a.task")
    assert sent[0][2]["expires"] == nudge.WORTH_S


@pytest.mark.parametrize(
    "error", [OperationalError("down"), ConnectionRefusedError(), ValueError()]
)
def test_a_broker_that_is_down_is_no_error(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(current_app, "send_task", fail)
    assert nudge.send("a.task") is False


def test_nobody_waits_for_a_broker_that_hangs(hanging: list[str]) -> None:
    assert nudge.send("a.task") is False
    assert hanging == ["a.task"]


def test_nudges_do_not_queue_behind_one_that_hangs(hanging: list[str]) -> None:
    for _ in range(5):
        assert nudge.send("a.task") is False
    assert hanging == ["a.task"]


def test_a_nudge_follows_the_commit(
    db: None, sent: Sent, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        nudge.after_commit("a.task", 7)
        assert sent == []
    assert [name for name, _, _ in sent] == ["a.task"]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_wakes_nobody(sent: Sent) -> None:
    with transaction.atomic():
        nudge.after_commit("a.task")
        transaction.set_rollback(True)
    assert sent == []


# A real broker that hangs ------------------------------------------------------------------------

NOBODYS_QUEUE = "nobody-listens-here"


@contextmanager
def frozen_broker() -> Iterator[None]:
    """Freeze the tests' own Valkey: it takes connections and bytes, and answers nothing."""
    with Connection(settings.CELERY_BROKER_URL) as broker:
        channel: Any = broker.channel()
        process_id = channel.client.info("server")["process_id"]
        if not psutil.pid_exists(process_id) or "valkey" not in psutil.Process(process_id).name():
            pytest.skip("The broker runs elsewhere.")
        os.kill(process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process_id, signal.SIGCONT)
            channel.client.delete(NOBODYS_QUEUE, settings.CELERY_TASK_DEFAULT_QUEUE)


@pytest.mark.django_db(transaction=True)
def test_what_nobody_bounds_waits_for_a_broker_that_hangs_and_a_nudge_does_not() -> None:
    """The control publishes as Celery does when nobody has set a limit."""
    unbounded = Celery("control", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    unbounded.conf.task_default_queue = NOBODYS_QUEUE
    control = Thread(target=lambda: unbounded.send_task("a.task", ignore_result=True))
    with frozen_broker():
        control.start()
        assert [nudge.send("a.task") for _ in range(3)] == [False, False, False]
        attempt = nudge._sender._under_way
        assert attempt is not None
        # Its own limit ends it: the broker is still frozen.
        assert isinstance(attempt.exception(timeout=60), OperationalError)
        assert control.is_alive()
    control.join(timeout=60)
    assert not control.is_alive()
