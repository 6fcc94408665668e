"""Broker and database go away under a running desk; every draft ends, and pages go on.

`make soak` does it with 2,000 drafts, longer and more often. The tests share one desk, because a
full start takes seconds.
"""

import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from kombu import Connection

from editorial.stack.addresses import resolve
from tests.faults.drafting import table
from tests.faults.running_desk import OURS, DeskOnStub, Pages, desk_on_stub

pytestmark = pytest.mark.stack

MANY: Final = 2000
DRAFTS = [300, pytest.param(MANY, marks=pytest.mark.soak)]
MOST_SECONDS_A_PAGE: Final = 5.0
# A worker takes a silent connection for dead after its health check's 51 s.
UNTIL_WORKERS_NOTICE_S: Final = 75.0
FAST, CRASH = signal.SIGINT, signal.SIGKILL
ENDS = [
    [FAST, CRASH],
    pytest.param([FAST, CRASH, FAST, FAST, CRASH], marks=pytest.mark.soak),
]


@pytest.fixture(scope="module")
def desk() -> Iterator[DeskOnStub]:
    with desk_on_stub(MANY) as started:
        yield started


@pytest.fixture(autouse=True)
def nobody_restarts_ours_by_hand(
    desk: DeskOnStub, capsys: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Whatever goes away, web and workers see it through, or their supervisor does."""
    before = desk.process_ids(*OURS)
    yield
    desk.until(lambda: set(desk.process_ids(*OURS)) == set(OURS))
    after = desk.process_ids(*OURS)
    again = [name for name in OURS if before.get(name) != after[name]]
    if again:
        with capsys.disabled():
            print(f"\nStarted again by the supervisor: {', '.join(again)}")


def all_were_written(desk: DeskOnStub, run: int, drafts: int) -> None:
    """Every draft of a run has its text, and the run is over."""
    assert desk.written(run) == drafts
    desk.until(lambda: desk.ask("SELECT state FROM explanations_run WHERE id = %s", run) == "DONE")


@pytest.mark.parametrize("drafts", DRAFTS)
def test_the_broker_is_emptied(desk: DeskOnStub, drafts: int) -> None:
    """With the messages go the names of the queues; both come back."""
    desk.stub.take(0.5)
    run = desk.browser().start_run(desk.task_id, drafts)
    desk.until(lambda: desk.written(run) > 0)
    address = resolve({"COPYDESK_HOME": str(desk.home.root)}).broker_url
    with Connection(address) as broker:
        channel: Any = broker.channel()
        channel.client.flushall()
    desk.stub.take(0.02)
    desk.until_ended(run)
    all_were_written(desk, run, drafts)


@pytest.mark.parametrize("drafts", DRAFTS)
def test_the_broker_is_stopped_while_runs_are_started(
    desk: DeskOnStub, drafts: int, capsys: pytest.CaptureFixture[str]
) -> None:
    browsers = [desk.browser(), desk.browser()]
    desk.stop_part("broker", "broker")
    try:
        runs = started_from_the_page(desk, browsers, drafts)
    finally:
        desk.start_part("broker", "broker")
    for run in runs:
        desk.until_ended(run)
        all_were_written(desk, run, drafts // 5)
    tell("Pages while the broker is stopped", browsers, drafts, capsys)


@pytest.mark.parametrize("drafts", DRAFTS)
def test_the_broker_hangs_while_runs_are_started(
    desk: DeskOnStub, drafts: int, capsys: pytest.CaptureFixture[str]
) -> None:
    browsers = [desk.browser(), desk.browser()]
    with desk.frozen("broker"):
        runs = started_from_the_page(desk, browsers, drafts)
        if drafts == MANY:
            time.sleep(UNTIL_WORKERS_NOTICE_S)
    for run in runs:
        desk.until_ended(run)
        all_were_written(desk, run, drafts // 5)
    tell("Pages while the broker hangs", browsers, drafts, capsys)


def started_from_the_page(desk: DeskOnStub, browsers: list[Pages], drafts: int) -> list[int]:
    """Start five runs, two at a time, and look at other pages between them."""
    runs: list[int] = []

    def start(browser: Pages, count: int) -> None:
        for _ in range(count):
            run = browser.start_run(desk.task_id, drafts // 5)
            runs.append(run)
            for path in ("/runs/", f"/runs/{run}/", "/drafts/"):
                browser.get(path)

    threads = [
        threading.Thread(target=start, args=(browser, count))
        for browser, count in zip(browsers, (3, 2), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 5
    return runs


def tell(
    title: str, browsers: list[Pages], drafts: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Print how long pages took; a soak holds them to a limit, wide for a busy machine."""
    took = sorted(timed for browser in browsers for timed in browser.took_s)
    with capsys.disabled():
        table(
            title,
            [
                ("pages", len(took), ""),
                ("median", f"{took[len(took) // 2][0] * 1000:.0f} ms", ""),
                *((what, f"{seconds * 1000:.0f} ms", "") for seconds, what in took[-3:]),
            ],
        )
    if drafts == MANY:
        assert took[-1][0] < MOST_SECONDS_A_PAGE


@pytest.mark.parametrize("ends", ENDS)
def test_the_database_is_restarted_during_a_run(
    desk: DeskOnStub, ends: list[signal.Signals], capsys: pytest.CaptureFixture[str]
) -> None:
    drafts = 150 * (len(ends) + 1)
    desk.stub.take(0.8)
    run = desk.browser().start_run(desk.task_id, drafts)
    rows: list[tuple[object, ...]] = []
    for end in ends:
        written = desk.written(run)
        desk.until(lambda seen=written: min(seen + 1, drafts) <= desk.written(run))  # type: ignore[misc]
        desk.restart_database(end)
        rows.append((end.name, f"{desk.written(run)} of {drafts} written"))
    desk.stub.take(0.02)
    desk.until_ended(run)
    all_were_written(desk, run, drafts)
    with capsys.disabled():
        table("PostgreSQL restarted", rows)
