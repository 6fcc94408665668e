"""Whatever a model server does, no draft is partial, wrong or without an end.

`make soak` lets a thousand requests meet each fault, `make test` thirty.
"""

import os
import random
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from explanations.models import Draft, Place, Run, Task
from explanations.services.drafting.drain import drain
from explanations.services.drafting.pace import Pace
from tests.faults.drafting import own_line, run_of, served, states, table, tracks, unfinished
from tests.stub_model_server import FAULTS, StubModelServer, running

pytestmark = pytest.mark.django_db(transaction=True)

REQUESTS = [30, pytest.param(1000, marks=pytest.mark.soak)]
SEED = int(os.environ.get("FAULT_SEED", "11"))
# Not every request meets the fault, so that good answers and bad ones come over one connection.
SHARE = 0.6
# Each of these takes as long as patience lasts, and closes the window; good answers open it again.
SHARE_OF_NEVER_FINISHED = 0.3
QUICK = Pace(
    lease_s=60.0,
    request_timeout_s=10.0,
    write_every_s=0.01,
    idle_s=0.02,
    linger_s=0.0,
    rest_s=0.02,
    longest_rest_s=0.1,
    first_backoff_s=0.01,
    longest_backoff_s=0.05,
)
IMPATIENT = replace(QUICK, request_timeout_s=0.1)
NEVER_FINISHED = {"hang", "drip"}
# What a model wrote is whole, though not only what it should have written.
STILL_A_LINE: dict[str, Callable[[str], str]] = {
    "html": lambda line: line.replace("dancing line", "dancing <img src=x onerror=alert(1)> line"),
    "white-space": lambda _line: "A line.",
    "hostile": lambda _line: (
        '<script>alert(1)</script> [a link](javascript:alert(1)) =HYPERLINK("x") end.'
    ),
}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explanations.nudge.send", lambda *_arguments: True)


@pytest.fixture
def stub() -> Iterator[StubModelServer]:
    """A model server whose latency is never the same."""
    chance = random.Random(SEED)
    with running(StubModelServer(latency_s=lambda: min(chance.expovariate(500), 0.05))) as stub:
        yield stub


@pytest.fixture(autouse=True)
def task_on_stub(music_task: Task, stub: StubModelServer) -> Task:
    """The music task, drafted by the stub."""
    served(music_task, stub.base_url)
    return music_task


def drafted(run: Run, fault: str) -> None:
    """Drain until every draft of a run has ended."""
    for _ in range(300):
        drain(IMPATIENT if fault in NEVER_FINISHED else QUICK, lambda: None, lambda stop: None)
        if not unfinished(run):
            return
    pytest.fail(f"Stuck: {states(run)}")


@pytest.mark.parametrize("requests", REQUESTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_ends_in_whole_drafts_or_in_reasons(
    music_task: Task,
    stub: StubModelServer,
    fault: str,
    requests: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    share = SHARE_OF_NEVER_FINISHED if fault in NEVER_FINISHED else SHARE
    stub.deal(fault, requests, share, random.Random(f"{SEED} {fault}"))
    made: list[Run] = []
    while stub.outcomes[fault] < requests:
        made.append(run_of(music_task, tracks(music_task, max(requests // 2, 20))))
        drafted(made[-1], fault)

    drafts = Draft.objects.select_related("recommendation")
    assert drafts.filter(run__in=made).count() == drafts.count()
    for draft in drafts:
        if draft.state == "FAILED":
            is_readable(draft)
        else:
            is_whole(draft, fault)
    assert Place.objects.count() == drafts.filter(state="READY").count()
    for run in made:
        run.refresh_from_db()
        assert run.state == "DONE"
    tell(fault, stub, capsys)


def is_readable(draft: Draft) -> None:
    """The reason of a failure is a sentence for a person, and nothing of it is text."""
    assert draft.failure_reason
    assert draft.text == ""
    assert draft.output is None
    assert draft.finished_at is not None
    assert draft.failure[0].isupper()
    assert draft.failure.endswith(".")
    assert len(draft.failure.split()) >= 3
    assert not set(draft.failure) & set("<>{}\\\n\x00")
    assert "Error" not in draft.failure.split()[0]


def is_whole(draft: Draft, fault: str) -> None:
    """A draft that people see is the whole answer to its own request, and only that."""
    own = own_line(draft.recommendation.external_id)
    spoilt = STILL_A_LINE.get(fault, str)(own)
    assert draft.state in {"READY", "BLOCKED"}
    assert draft.text in {own, spoilt}
    assert draft.finish_reason == "stop"
    assert not [sign for sign in draft.text if unicodedata.category(sign) in {"Cc", "Cf", "Cs"}]
    assert (draft.failure_reason, draft.failure) == ("", "")
    assert draft.finished_at is not None


def tell(fault: str, stub: StubModelServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Print what the fault came to."""
    ended = Counter(Draft.objects.values_list("state", "failure_reason", "failure"))
    with capsys.disabled():
        table(
            f"{fault}: {stub.outcomes[fault]} of {stub.calls} requests met it,"
            f" {stub.disconnects} hung up on",
            [(count, *what) for what, count in sorted(ended.items())],
        )
