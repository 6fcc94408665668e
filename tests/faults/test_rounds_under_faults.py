"""Whatever becomes of the line, the page or the web server: each decision is one review.

`make soak` does it a thousand times, and kills the web server two hundred times. The tests share
one desk, because a full start takes seconds.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final

import psutil
import psycopg
import pytest

from tests.faults.drafting import table
from tests.faults.reviewing_desk import (
    GONE,
    PATIENCE_S,
    Editor,
    Refused,
    ReviewingDesk,
    new_key,
    reviewing_desk,
)

pytestmark = pytest.mark.stack

DRAFTS: Final = 5_000
# What editors wait for while the desk starts its web server again.
PAUSE_S: Final = 0.1


def soaked(few: int, many: int) -> list[Any]:
    """A count for every run of the tests, and the full one."""
    return [few, pytest.param(many, marks=pytest.mark.soak)]


@pytest.fixture(scope="module")
def desk() -> Iterator[ReviewingDesk]:
    with reviewing_desk(DRAFTS) as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_was_doubled(desk: ReviewingDesk) -> Iterator[None]:
    yield
    assert desk.reviewed_twice() == 0


# A lost reply -------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", soaked(10, 1000))
def test_a_submission_whose_reply_is_lost_is_answered_when_it_is_sent_again(
    desk: ReviewingDesk, times: int
) -> None:
    editor = desk.editor()
    page = editor.open()
    keys = []
    for _ in range(times):
        keys.append(new_key())
        editor.submit_without_hearing(page, keys[-1])
        page = editor.submit(page, keys[-1])

    assert desk.reviews_under(*keys) == times


def test_without_the_same_key_nobody_could_tell_whose_review_it_was(desk: ReviewingDesk) -> None:
    """The control: a new key is another submission, and the desk has one already."""
    editor = desk.editor()
    page, lost = editor.open(), new_key()
    editor.submit_without_hearing(page, lost)
    until(lambda: desk.reviews_under(lost) == 1)

    with pytest.raises(Refused) as refused:
        editor.submit(page, new_key())

    assert refused.value.status == 409


# Twice at once ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", soaked(5, 300))
def test_a_double_press_is_one_review_with_one_answer(desk: ReviewingDesk, rounds: int) -> None:
    editor = desk.editor()
    page = editor.open()
    for _ in range(rounds):
        key = new_key()
        answers = side_by_side(*[lambda page=page, key=key: editor.submit(page, key)] * 4)

        assert [each for each in answers if isinstance(each, Exception)] == []
        assert len({each["draft"]["id"] for each in answers}) == 1
        assert desk.reviews_under(key) == 1
        page = answers[0]


@pytest.mark.parametrize("rounds", soaked(5, 300))
def test_of_two_tabs_that_decide_at_once_one_is_told_that_the_other_did(
    desk: ReviewingDesk, rounds: int
) -> None:
    editor = desk.editor()
    for _ in range(rounds):
        page, keys = editor.open(), [new_key(), new_key()]
        answers = side_by_side(
            *[lambda page=page, key=key: editor.submit(page, key) for key in keys]
        )
        [refused] = [each for each in answers if isinstance(each, Refused)]

        assert refused.status == 409
        assert desk.reviews_under(*keys) == 1


def test_without_the_compare_and_set_both_would_be_stored(desk: ReviewingDesk) -> None:
    """The control: what looks first and writes afterwards lets both tabs through."""
    page = desk.editor().open()
    place = desk.ask(
        "SELECT place_id FROM feedback_assignment WHERE id = %s", page["assignment"]["id"]
    )
    looked = threading.Barrier(2)

    def look_and_write() -> int:
        with psycopg.connect(desk.database_url) as database:
            database.execute(
                "SELECT state FROM feedback_assignment WHERE place_id = %s", [place]
            ).fetchall()
            looked.wait()
            database.execute(
                "INSERT INTO feedback_review (draft_id, place_id, editor_id, key, body_sha256,"
                " outcome, reason, note, rewrite, alignment, active_ms, created_at)"
                " SELECT draft_id, id, (SELECT min(id) FROM accounts_person), gen_random_uuid(),"
                " '', 'BLAND', '', '', '', '[]', 0, now() FROM explanations_place WHERE id = %s",
                [place],
            )
            looked.wait()
            found = database.execute(
                "SELECT count(*) FROM feedback_review WHERE place_id = %s", [place]
            ).fetchone()
            database.rollback()
            return int(found[0]) if found else 0

    assert side_by_side(look_and_write, look_and_write) == [1, 1]


# Two editors at one draft -------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", soaked(5, 200))
def test_of_two_editors_at_one_draft_one_decides_and_the_other_loses_no_word(
    desk: ReviewingDesk, rounds: int
) -> None:
    """The first one's lease runs out while they read; the second one gets the draft, and both
    submit at once.
    """
    first, second = desk.editor(), desk.second_editor()
    for number in range(rounds):
        page = first.open()
        assignment = page["assignment"]["id"]
        desk.tell(
            "UPDATE explanations_place SET priority = 200 + %s WHERE id ="
            " (SELECT place_id FROM feedback_assignment WHERE id = %s)",
            number,
            assignment,
        )
        desk.tell(RAN_OUT, assignment)
        desk.tell(GIVEN_BACK, "lead")
        theirs = second.open()
        assert theirs["draft"]["id"] == page["draft"]["id"]
        keys = [new_key(), new_key()]
        answers = side_by_side(
            lambda page=page, key=keys[0]: first.submit(page, key),  # type: ignore[misc]
            lambda page=theirs, key=keys[1]: second.submit(page, key),  # type: ignore[misc]
        )

        assert isinstance(answers[0], Refused)
        assert answers[0].answer["reason"] in {"taken", "finished"}
        assert not isinstance(answers[1], Exception), answers[1]
        assert desk.reviews_under(*keys) == desk.reviews_under(keys[1]) == 1
        kept = desk.ask(
            "SELECT work->>'outcome' FROM feedback_assignment WHERE id = %s", assignment
        )
        assert kept == "BLAND"


@pytest.mark.parametrize("rounds", soaked(5, 200))
def test_a_lease_that_ran_out_is_no_matter_while_nobody_has_taken_the_draft(
    desk: ReviewingDesk, rounds: int
) -> None:
    editor = desk.editor()
    page, keys = editor.open(), []
    for _ in range(rounds):
        desk.tell(RAN_OUT, page["assignment"]["id"])
        keys.append(new_key())
        page = editor.submit(page, keys[-1])

    assert desk.reviews_under(*keys) == rounds


# As the sweeper does it three minutes later.
RAN_OUT: Final = "UPDATE feedback_assignment SET state = 'EXPIRED', ended_at = now() WHERE id = %s"
GIVEN_BACK: Final = (
    "UPDATE feedback_assignment SET state = 'RELEASED', ended_at = now() WHERE state = 'ACTIVE'"
    " AND editor_id = (SELECT id FROM accounts_person WHERE username = %s)"
)


# A killed web server ------------------------------------------------------------------------------


@pytest.mark.parametrize("kills", soaked(3, 200))
def test_the_web_server_is_killed_while_editors_submit(
    desk: ReviewingDesk, kills: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its workers mostly, every eighth time all of it; no review is lost, and none is doubled."""
    rounds = [Round(desk.editor()), Round(desk.second_editor())]
    for each in rounds:
        each.start()
    chance = random.Random(kills)
    try:
        for number in range(kills):
            enough = [len(each.submitted) + 1 for each in rounds]
            time.sleep(chance.uniform(0.05, 0.4))
            kill_some_of_it(desk, chance, everything=number % 8 == 3)
            until(lambda enough=enough: all(map(Round.has, rounds, enough)))  # type: ignore[misc]
    finally:
        for each in rounds:
            each.over.set()
    for each in rounds:
        each.join(PATIENCE_S)
    assert [each.failed for each in rounds] == [None, None]

    submitted = [key for each in rounds for key in each.submitted]
    sent_again = sum(each.sent_again for each in rounds)
    assert desk.reviews_under(*submitted) == len(submitted) == len(set(submitted))
    with capsys.disabled():
        table(
            "The web server killed",
            [
                ("kills", kills, ""),
                ("submitted", len(submitted), ""),
                ("sent again", sent_again, ""),
            ],
        )


class Round(threading.Thread):
    """An editor who decides one draft after the other, each until somebody answers."""

    def __init__(self, editor: Editor) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.submitted: list[str] = []
        self.sent_again = 0
        self.failed: BaseException | None = None
        self._editor = editor

    def run(self) -> None:
        """Review until it is over; keep what goes wrong for the test to fail with."""
        try:
            page, _tries = answered(self._editor.open)
            while not self.over.is_set():
                key = new_key()
                page, tries = answered(lambda page=page, key=key: self._editor.submit(page, key))  # type: ignore[misc]
                self.submitted.append(key)
                self.sent_again += tries - 1
        except BaseException as error:
            self.failed = error

    def has(self, submitted: int) -> bool:
        """Whether so many decisions were answered. Fails with what went wrong."""
        assert self.failed is None, self.failed
        return len(self.submitted) >= submitted


def kill_some_of_it(desk: ReviewingDesk, chance: random.Random, *, everything: bool) -> None:
    first, workers = desk.web_processes()
    victim = first if everything or not workers else chance.choice(workers)
    with suppress(psutil.NoSuchProcess, ProcessLookupError):
        os.kill(victim.pid, signal.SIGKILL)


def answered(ask: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], int]:
    """Ask until somebody answers; return the answer, and how often it took."""
    end, tries = time.monotonic() + PATIENCE_S, 0
    while True:
        tries += 1
        try:
            return ask(), tries
        except GONE as gone:
            if time.monotonic() > end:
                raise AssertionError(f"Nobody answers: {gone!r}") from gone
            time.sleep(PAUSE_S)


def until(happened: Callable[[], bool]) -> None:
    """Wait for something. Fail if it never happens."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, "It never happened."
        time.sleep(0.02)


def side_by_side(*calls: Callable[[], Any]) -> list[Any]:
    """Make all calls at once; return what each returned or raised."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = call()
        except Exception as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place, call)) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
