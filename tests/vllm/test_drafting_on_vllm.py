"""The drafting engine against a real vLLM: both tasks, an adapter, a wrong name, a crash."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from explanations.models import Draft, ModelVersion, Run, Task
from explanations.output_formats import get_output_format
from explanations.services import runs
from explanations.services.drafting.drain import drain
from explanations.services.drafting.pace import Pace
from explanations.services.drafting.sweeping import sweep
from explanations.services.model_servers import register
from explanations.services.selecting import Selection
from explanations.services.starter import import_samples, load_starter_tasks
from explanations.services.watching import hindrance_of
from tests.vllm.server import ADAPTER, BASE, VllmServer

pytestmark = pytest.mark.django_db(transaction=True)

# A server that comes back after a crash is away for as long as it takes to start.
PACE = Pace(drain_s=240.0, finish_s=60.0, linger_s=0.0, idle_s=0.2, rest_s=1.0, longest_rest_s=4.0)
ENDED = {"READY", "BLOCKED", "FAILED"}


@pytest.fixture(scope="module")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VllmServer]:
    """One server for the whole file: it takes most of a minute to start."""
    server = VllmServer(Path(tmp_path_factory.mktemp("vllm")) / "vllm.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def desk(vllm: VllmServer) -> VllmServer:
    """The shipped tasks with their samples, and vLLM as their model server."""
    load_starter_tasks()
    import_samples()
    register("default", vllm.url, window=16)
    return vllm


def start(slug: str, model: str, count: int) -> Run:
    task = Task.objects.get(slug=slug)
    assert task.prompt is not None
    return runs.start_run(
        task,
        task.prompt,
        ModelVersion.objects.get(name=model),
        Selection(limit=count),
        1,
        None,
    )


def drained(pace: Pace = PACE) -> None:
    """Let one drainer, in a thread as in a worker, bring everything to an end."""
    thread = Thread(target=drain, args=(pace, lambda: None, lambda _stop: None))
    thread.start()
    thread.join()


def states(run: Run) -> Counter[str]:
    return Counter(run.drafts.values_list("state", flat=True))


def test_both_tasks_are_drafted_and_job_answers_fit_their_schema(desk: VllmServer) -> None:
    music = start("music-oneliner", BASE, 12)
    jobs = start("job-fit", BASE, 6)
    drained()
    for run in (music, jobs):
        assert set(states(run)) <= ENDED
        assert states(run)["READY"] >= run.drafts.count() / 2, [
            (draft.state, draft.failure, draft.text) for draft in run.drafts.all()
        ]
    for draft in Draft.objects.filter(run=jobs, state="READY"):
        assert draft.output is not None
        assert draft.text == get_output_format("job-fit").render(draft.output)
        assert draft.finish_reason == "stop"
        assert draft.prompt_tokens
        assert draft.completion_tokens


def test_an_adapter_answers_under_its_own_name(desk: VllmServer) -> None:
    adapter = ModelVersion.objects.get(name=ADAPTER)
    assert adapter.kind == ModelVersion.Kind.ADAPTER
    assert adapter.base == ModelVersion.objects.get(name=BASE)
    run = start("music-oneliner", ADAPTER, 6)
    drained()
    assert set(states(run)) <= ENDED
    written = run.drafts.exclude(text="")
    assert written
    assert set(written.values_list("served_model", flat=True)) == {ADAPTER}


def test_a_model_that_the_server_does_not_know_is_said_so(desk: VllmServer) -> None:
    known = ModelVersion.objects.get(name=BASE)
    unknown = ModelVersion.objects.create(name="nobody-trained-this")
    unknown.servers.set(known.servers.all())
    run = start("music-oneliner", unknown.name, 3)
    drained(Pace(drain_s=8.0, finish_s=2.0, linger_s=0.0, idle_s=0.2, rest_s=0.2))
    assert states(run)["READY"] == 0
    hindrance = hindrance_of(run)
    said = [server.trouble for server in hindrance.servers] if hindrance else []
    said += run.drafts.exclude(failure="").values_list("failure", flat=True)
    assert any("does not know this model" in sentence for sentence in said), said


def test_a_run_outlives_a_crash_of_the_server(desk: VllmServer) -> None:
    run = start("music-oneliner", BASE, 40)
    drainer = Thread(target=drain, args=(PACE, lambda: None, lambda _stop: None))
    drainer.start()
    while states(run)["READY"] < 5:
        assert drainer.is_alive(), states(run)
    desk.kill()
    desk.start()
    drainer.join()
    sweep(PACE)
    drained()
    ended = states(run)
    assert set(ended) <= ENDED
    assert sum(ended.values()) == 40
    assert ended["READY"] >= 20
    assert all(run.drafts.filter(state="READY").values_list("text", flat=True))
