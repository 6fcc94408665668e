"""What is looked up beside the requests lets them go first."""

import threading
from collections.abc import Callable

import pytest

from explanations.services import aside as module
from explanations.services.aside import ASIDE, Turn, aside, giving_way


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Every row is a long one; what is rested is noted."""
    rested: list[float] = []
    monkeypatch.setattr(module, "BUSY_S", -1.0)
    monkeypatch.setattr(module, "sleep", rested.append)
    return rested


def beside(work: Callable[[], object]) -> None:
    """Do it in a thread of its own, to the end."""
    aside(work)
    for thread in threading.enumerate():
        if thread.name == ASIDE:
            thread.join()


def test_a_thread_beside_the_requests_rests_between_rows(rests: list[float]) -> None:
    rows: list[int] = []
    beside(lambda: rows.extend(giving_way(range(3), Turn())))
    assert rows == [0, 1, 2]
    assert rests == [module.REST_S] * 3


def test_whoever_is_waited_for_does_not_rest(rests: list[float]) -> None:
    assert list(giving_way(range(3), Turn())) == [0, 1, 2]
    assert rests == []


def test_there_is_no_more_rest_once_a_request_waits(rests: list[float]) -> None:
    turn, rows, request = Turn(), [], threading.Thread(target=lambda: turn.__enter__())

    def read() -> None:
        with turn:
            for row in giving_way(range(4), turn):
                rows.append(row)
                if row == 1:
                    request.start()
                    while not turn.is_awaited:
                        pass

    beside(read)
    request.join()

    assert rows == [0, 1, 2, 3]
    assert len(rests) == 1
    assert turn.is_taken


def test_another_look_beside_the_requests_is_no_reason_to_hurry(rests: list[float]) -> None:
    turn = Turn()
    with turn:
        aside(turn.__enter__)
        assert not turn.is_awaited
