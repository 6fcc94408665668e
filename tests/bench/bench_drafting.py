"""How fast one drafting worker is, beside clients that do nothing but ask.

    python tests/bench/bench_drafting.py [vllm] [stub] [size]

Starts a desk of its own (`manage.py up`: PostgreSQL that flushes to disk, Valkey, web, Celery) and
measures four things, or those that are named:

- vllm  a real vLLM on this machine's processor: the worker beside a bare client with the same
        requests and window. Installs vLLM into .venv-vllm at its first run.
- stub  a server that answers after 100 ms, with 256 requests in flight: the worker with all checks
        beside a bare client.
- size  100,000 drafts: how long they take to enqueue, what the worker and the web hold meanwhile,
        and what a draft costs there beside what it costs in runs of 1,000.
- two   the same stub with two processes, to be set beside the one.
"""

import asyncio
import json
import os
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402
import orjson  # noqa: E402
import psutil  # noqa: E402

from editorial.stack.model_server import free_port  # noqa: E402
from tests.bench.bench_import import made_lines, manage  # noqa: E402
from tests.stack.conftest import READY, RunningDesk, up_environment  # noqa: E402

PARTS = ("vllm", "stub", "size", "two")
MANY = 100_000
FEW = 1_000
RUNS_OF_FEW = 8
STUB_DRAFTS = 30_000
STUB_LATENCY_S = 0.1
STUB_WINDOW = 256
VLLM_DRAFTS = 400
VLLM_WINDOW = 32
VLLM_ROUNDS = 3
SECONDS_BETWEEN_LOOKS = 5
# The worker, the server that it asks, PostgreSQL, and a second worker.
CORES_FOR_TWO = 4


def main(parts: Sequence[str]) -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    figures: dict[str, float] = {"cores": os.cpu_count() or 1}
    # One process for each desk: Django's settings are read once.
    for on_one_desk in ({"vllm"}, {"stub", "size"}, {"two"}):
        if wanted := sorted(on_one_desk & set(parts)):
            figures |= measured_by_another_process(wanted)
    if {"stub", "two"} <= set(parts):
        figures["stub_two_ratio"] = round(
            figures["stub_two_drafts_per_s"] / figures["stub_drafts_per_s"], 2
        )
    print()
    print(json.dumps(figures))


def measured_by_another_process(parts: Sequence[str]) -> dict[str, float]:
    """Pass on what it prints, but for the figures in its last line."""
    process = subprocess.Popen(
        [sys.executable, "-u", __file__, "measure", *parts],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(last, end="", flush=True)
        last = line
    if process.wait():
        sys.exit(f"{last}measuring {', '.join(parts)} failed")
    figures: dict[str, float] = json.loads(last)
    return figures


def measure_here(parts: Sequence[str]) -> dict[str, float]:
    """Measure these parts on one desk."""
    if parts == ["vllm"]:
        return measured_on_vllm()
    if parts == ["two"]:
        return measured_with_two()
    figures: dict[str, float] = {}
    with StubProcess(STUB_LATENCY_S) as stub, running_desk(stub.url, STUB_WINDOW) as desk:
        desk.import_tracks(MANY)
        if "stub" in parts:
            figures |= measured_on_stub(desk, stub)
        if "size" in parts:
            figures |= measured_in_size(desk)
    return figures


# (a) vLLM -----------------------------------------------------------------------------------------


def measured_on_vllm() -> dict[str, float]:
    """The worker and a bare client in turn, on the same requests, with a warm prefix cache."""
    subprocess.run(["make", "--no-print-directory", "vllm"], cwd=ROOT, check=True)
    from tests.vllm.server import BASE, VllmServer

    with tempfile.TemporaryDirectory() as folder:
        server = VllmServer(Path(folder, "vllm.log"))
        server.start()
        try:
            with running_desk(server.url, VLLM_WINDOW) as desk:
                desk.import_tracks(VLLM_DRAFTS)
                requests = desk.requests(VLLM_DRAFTS, BASE, temperature=0)
                desk.wait_until_idle()
                bare_client(server.url, requests, VLLM_WINDOW)
                engine: list[Drafted] = []
                bare: list[Answered] = []
                for _ in range(VLLM_ROUNDS):
                    engine.append(desk.draft(VLLM_DRAFTS, BASE, temperature=0))
                    asked = desk.asked_in_the_last_run(requests)
                    bare.append(bare_client(server.url, asked, VLLM_WINDOW))
        finally:
            server.kill()
    # An answer of no use is asked for again, and those are the longest: the bare client is given
    # the same requests, as often as the worker asked each, and answers are compared.
    # Full: between the first tenth and the last; whole: with how a run begins and ends.
    drafts = mean(each.per_s for each in engine)
    full = mean(each.per_s * each.answers / each.drafts for each in engine)
    whole = mean(each.answers / each.seconds for each in engine)
    bare_full = mean(each.per_s for each in bare)
    bare_whole = mean(each.whole_per_s for each in bare)
    print(f"\nvLLM on this processor, {VLLM_ROUNDS} × {VLLM_DRAFTS} drafts, window {VLLM_WINDOW}")
    print(f"{'per second':36}{'full':>10}{'whole':>10}")
    print(f"{'worker, drafts that ended':36}{drafts:>10.2f}")
    print(f"{'worker, answers':36}{full:>10.2f}{whole:>10.2f}")
    print(f"{'bare client, answers':36}{bare_full:>10.2f}{bare_whole:>10.2f}")
    return {
        "vllm_drafts_per_s": round(drafts, 2),
        "vllm_answers_per_s": round(full, 2),
        "vllm_client_per_s": round(bare_full, 2),
        "vllm_ratio": round(full / bare_full, 3),
        "vllm_whole_run_ratio": round(whole / bare_whole, 3),
    }


# (b) A server that only waits ---------------------------------------------------------------------


def measured_on_stub(desk: "Desk", stub: "StubProcess") -> dict[str, float]:
    """One process with all checks on, and a bare client."""
    bare = bare_client(stub.url, desk.requests(2_000, "stub"), STUB_WINDOW, STUB_DRAFTS)
    desk.draft(FEW, "stub")
    one = desk.draft(STUB_DRAFTS, "stub")
    print(f"\nA stub of {STUB_LATENCY_S * 1000:.0f} ms, window {STUB_WINDOW}, {STUB_DRAFTS:,} each")
    print(f"{'':36}{'per s':>10}{'its CPU':>10}")
    print(f"{'bare client':36}{bare.per_s:>10,.0f}{bare.cpu_share:>10.0%}")
    print(f"{'one process, checks on':36}{one.per_s:>10,.0f}{one.cpu_share:>10.0%}")
    print(f"{'  PostgreSQL meanwhile':36}{'':>10}{one.database_cpu_share:>10.0%}")
    return {
        "stub_drafts_per_s": round(one.per_s),
        "stub_client_per_s": round(bare.per_s),
        "stub_worker_cpu": round(one.cpu_share, 2),
        "stub_client_cpu": round(bare.cpu_share, 2),
    }


def measured_with_two() -> dict[str, float]:
    """Two processes, with a window each."""
    cores = os.cpu_count() or 1
    with (
        StubProcess(STUB_LATENCY_S) as stub,
        running_desk(stub.url, STUB_WINDOW, processes=2) as desk,
    ):
        desk.import_tracks(STUB_DRAFTS * 2)
        desk.draft(FEW, "stub")
        two = desk.draft(STUB_DRAFTS * 2, "stub")
    print(f"{'two processes, checks on':36}{two.per_s:>10,.0f}{two.cpu_share:>10.0%}")
    if cores < CORES_FOR_TWO:
        print(f"  ({cores} cores are few for two processes, PostgreSQL and the stub)")
    return {"stub_two_drafts_per_s": round(two.per_s)}


# (c) A hundred thousand ---------------------------------------------------------------------------


def measured_in_size(desk: "Desk") -> dict[str, float]:
    """What a draft costs among many, beside what it costs among few, and the memory it takes."""
    few = [desk.draft(FEW, "stub") for _ in range(RUNS_OF_FEW)]
    many = desk.draft(MANY, "stub", watching=True)
    few_ms = [mean(each.worker_ms for each in few), mean(each.database_ms for each in few)]
    many_ms = [many.worker_ms, many.database_ms]
    print(f"\n{MANY:,} drafts")
    print(f"{'enqueued in':36}{many.enqueued_s:>10.2f} s")
    print(f"{'CPU a draft, in runs of ' + format(FEW, ','):36}{_sum_of(few_ms)}")
    print(f"{'CPU a draft, in this run':36}{_sum_of(many_ms)}")
    worker_early, web_early = (held[len(held) // 5] for held in (many.worker_mb, many.web_mb))
    print(f"{'worker, a fifth in':36}{worker_early:>10.0f} MB")
    print(f"{'worker, at its most':36}{max(many.worker_mb):>10.0f} MB")
    print(f"{'web, a fifth in':36}{web_early:>10.0f} MB")
    print(f"{'web, at its most':36}{max(many.web_mb):>10.0f} MB")
    print(f"{'slowest look at the page of the run':36}{many.slowest_page_s:>10.2f} s")
    return {
        "enqueue_100k_s": round(many.enqueued_s, 2),
        "worker_mb": round(max(many.worker_mb)),
        "worker_mb_early": round(worker_early),
        "web_mb": round(max(many.web_mb)),
        "web_mb_early": round(web_early),
        "ms_per_draft_1k": round(sum(few_ms), 3),
        "ms_per_draft_100k": round(sum(many_ms), 3),
        "cost_growth": round(sum(many_ms) / sum(few_ms), 3),
        "run_page_slowest_s": round(many.slowest_page_s, 2),
        "drafts_per_s_100k": round(many.per_s),
    }


def _sum_of(ms: list[float]) -> str:
    return f"{sum(ms):>10.3f} ms (worker {ms[0]:.3f}, PostgreSQL {ms[1]:.3f})"


# A desk to measure --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drafted:
    """What a run took. CPU is the worker's; milliseconds are of CPU, for one draft."""

    drafts: int
    answers: int
    seconds: float
    per_s: float
    enqueued_s: float
    worker_ms: float
    database_ms: float
    cpu_share: float
    database_cpu_share: float
    worker_mb: list[float]
    web_mb: list[float]
    slowest_page_s: float


class Desk:
    """A running desk whose only model is the one at `url`; its settings are this process's."""

    def __init__(self, desk: RunningDesk) -> None:
        self._desk = desk
        (supervisor,) = psutil.Process(desk.process.pid).children()
        self._supervisor = supervisor
        self._delivered = 0

    def import_tracks(self, count: int) -> None:
        """Import so many made-up tracks of the size of real ones, by the command for it."""
        lines = (line for line in made_lines(random.Random(7), 2019, 2 * count))
        tracks = islice((line for line in lines if line["task"] == "music-oneliner"), count)
        with tempfile.NamedTemporaryFile(suffix=".jsonl") as delivery:
            for track in tracks:
                # Behind everything that is measured stands nothing of the demo.
                delivery.write(orjson.dumps(track, option=orjson.OPT_APPEND_NEWLINE))
            delivery.flush()
            manage(dict(os.environ), "import_recommendations", delivery.name)
        from explanations.models import Import

        self._delivered = Import.objects.latest("id").pk

    def requests(self, count: int, model: str, **parameters: float) -> list[bytes]:
        """The bodies of the requests that drafting `count` tracks makes."""
        from explanations.model_server import ChatRequest, SamplingParameters
        from explanations.prompts import render_messages

        prompt = self._prompt(**parameters)
        return [
            ChatRequest.of(
                model,
                render_messages(
                    prompt.system,
                    prompt.examples,
                    prompt.user_template,
                    {
                        "item": recommendation.snapshot.item,
                        "audience": recommendation.snapshot.audience,
                    },
                ),
                SamplingParameters.of(prompt.parameters),
            ).body
            for recommendation in self._tracks(count)
        ]

    def asked_in_the_last_run(self, requests: Sequence[bytes]) -> list[bytes]:
        """Those of `requests`, made for the same tracks, as often as the worker asked each."""
        from explanations.models import Draft, Run

        drafts = Draft.objects.filter(run=Run.objects.latest("id"))
        in_order = drafts.order_by("-recommendation__priority", "recommendation_id")
        times = [
            tries + (state != Draft.State.FAILED)
            for tries, state in in_order.values_list("tries", "state")
        ]
        return [body for body, asked in zip(requests, times, strict=True) for _ in range(asked)]

    def draft(
        self, count: int, model: str, *, watching: bool = False, **parameters: float
    ) -> Drafted:
        """Start a run of so many drafts and return what it took, from first to last."""
        from explanations.models import ModelVersion
        from explanations.services.runs import start_run
        from explanations.services.selecting import Selection

        prompt = self._prompt(**parameters)
        version = ModelVersion.objects.get(name=model)
        selection = Selection(import_id=self._delivered, limit=count)
        self.wait_until_idle()
        worker = Watched(self._part("drafting"))
        database = Watched(self._part("database"))
        web = Watched(self._part("web"))
        with Looking(self._desk) if watching else Looking(None) as looking:
            began = time.monotonic()
            run = start_run(prompt.task, prompt, version, selection, 1, None)
            enqueued_s = time.monotonic() - began
            looking.at(f"/runs/{run.pk}/")
            worker_mb: list[float] = []
            web_mb: list[float] = []
            while _is_going_on(run.pk):
                if watching:
                    worker_mb.append(worker.megabytes())
                    web_mb.append(web.megabytes())
                worker.count()
                database.count()
                time.sleep(0.5 if count <= FEW else 2)
        worker_s, database_s = worker.seconds(), database.seconds()
        times = _times(run.pk)
        return Drafted(
            drafts=count,
            answers=times["answers"],
            seconds=times["seconds"],
            per_s=times["per_s"],
            enqueued_s=enqueued_s,
            worker_ms=1000 * worker_s / count,
            database_ms=1000 * database_s / count,
            cpu_share=worker_s / times["seconds"],
            database_cpu_share=database_s / times["seconds"],
            worker_mb=worker_mb or [worker.megabytes()],
            web_mb=web_mb or [web.megabytes()],
            slowest_page_s=looking.slowest_s,
        )

    def _tracks(self, count: int) -> list[Any]:
        from explanations.models import Task
        from explanations.services.selecting import Selection, selected

        task = Task.objects.get(slug="music-oneliner")
        found = selected(task, Selection(import_id=self._delivered, limit=count))
        return list(found.select_related("snapshot"))

    def _prompt(self, **parameters: float) -> Any:
        """The task's prompt; with `parameters`, a version of it with these."""
        from explanations.models import Task
        from explanations.prompts import prompt_sha256

        prompt = Task.objects.select_related("prompt").get(slug="music-oneliner").prompt
        assert prompt is not None
        if not parameters:
            return prompt
        wanted = {**prompt.parameters, **parameters}
        made = type(prompt).objects.filter(task=prompt.task, parameters=wanted).first()
        if made is None:
            made = type(prompt).objects.create(
                task=prompt.task,
                number=prompt.number + 1,
                system=prompt.system,
                user_template=prompt.user_template,
                examples=prompt.examples,
                parameters=wanted,
                sha256=prompt_sha256(prompt.system, prompt.user_template, prompt.examples, wanted),
            )
        return made

    def _part(self, name: str) -> psutil.Process:
        words = {"drafting": "drafting", "database": "-D", "web": "gunicorn"}
        (found,) = [p for p in self._supervisor.children() if words[name] in p.cmdline()]
        return found

    def wait_until_idle(self) -> None:
        """Return when no draft waits any more, of the demo either."""
        from explanations.models import Draft

        while Draft.objects.filter(state__in=["PENDING", "RUNNING"]).exists():
            time.sleep(0.5)


@contextmanager
def running_desk(llm_url: str, window: int, processes: int = 1) -> Iterator[Desk]:
    """Bring up a desk that drafts on `llm_url` in so many processes; speak to its database."""
    home = Path(tempfile.mkdtemp(prefix="copydesk-bench-"))
    port = free_port(None)
    model = {"LLM_URL": llm_url, "LLM_WINDOW": str(window)}
    model["DRAFTING_DRAINERS"] = str(processes)
    try:
        with RunningDesk(home, port, **model) as desk:
            desk.wait_until_it_says(READY)
            os.environ.update({**up_environment(home, port), **model})
            import django

            django.setup()
            yield Desk(desk)
            desk.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _is_going_on(run_id: int) -> bool:
    from explanations.models import Draft

    return Draft.objects.filter(run_id=run_id, state__in=["PENDING", "RUNNING"]).exists()


def _times(run_id: int) -> dict[str, Any]:
    """When a run's drafts ended: `per_s` is the pace between its first and its last tenth."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), sum(tries + CASE state WHEN 'FAILED' THEN 0 ELSE 1 END),
                   extract(epoch FROM max(finished_at) - min(claimed_at)),
                   extract(epoch FROM
                       percentile_disc(0.9) WITHIN GROUP (ORDER BY finished_at)
                       - percentile_disc(0.1) WITHIN GROUP (ORDER BY finished_at))
            FROM explanations_draft WHERE run_id = %s
            """,
            [run_id],
        )
        drafts, answers, seconds, middle = cursor.fetchone()
    return {
        "answers": int(answers),
        "seconds": float(seconds),
        "per_s": 0.8 * drafts / float(middle) if middle else drafts / float(seconds),
    }


class Watched:
    """A part of the desk with the processes it starts: what they use from now on."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._before = self._cpu_by_process()
        self._now = dict(self._before)

    def count(self) -> None:
        """Look, so that the time of a process that ends before the next look is not lost."""
        self._now |= self._cpu_by_process()

    def seconds(self) -> float:
        """CPU seconds since this was made."""
        self.count()
        return sum(seconds - self._before.get(who, 0.0) for who, seconds in self._now.items())

    def megabytes(self) -> float:
        """What they hold now, with what they share counted once (PSS)."""
        held = 0
        for process in self._family():
            try:
                held += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
        return held / 1e6

    def _family(self) -> list[psutil.Process]:
        return [self._process, *self._process.children(recursive=True)]

    def _cpu_by_process(self) -> dict[tuple[int, float], float]:
        used: dict[tuple[int, float], float] = {}
        for process in self._family():
            try:
                times = process.cpu_times()
                used[process.pid, process.create_time()] = times.user + times.system
            except psutil.NoSuchProcess:
                continue
        return used


class Looking:
    """Somebody who looks at a page now and then, and how long the slowest look took."""

    def __init__(self, desk: RunningDesk | None) -> None:
        self.slowest_s = 0.0
        self._desk = desk
        self._done = threading.Event()
        self._thread: threading.Thread | None = None

    def at(self, path: str) -> None:
        """Begin to look, if there is somebody."""
        if self._desk is not None:
            self._thread = threading.Thread(target=self._look, args=(self._desk, path))
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, desk: RunningDesk, path: str) -> None:
        open_page = logged_in(desk)
        while not self._done.wait(SECONDS_BETWEEN_LOOKS):
            began = time.monotonic()
            open_page(path)
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)


def logged_in(desk: RunningDesk) -> Callable[[str], bytes]:
    """Log in as the demo's ML engineer; return what opens a page."""
    from http.cookiejar import CookieJar
    from urllib.parse import urlencode
    from urllib.request import HTTPCookieProcessor, build_opener

    (line,) = [line for line in desk.said if READY in line]
    found = re.search(r"engineer / (\S+?)[,.;]?(?:\s|$)", line)
    assert found, line
    base = f"http://127.0.0.1:{desk.port}"
    jar = CookieJar()
    opener = build_opener(HTTPCookieProcessor(jar))
    with opener.open(f"{base}/accounts/login/"):
        pass
    (token,) = [cookie.value for cookie in jar if "csrf" in cookie.name]
    form = {"username": "engineer", "password": found[1], "csrfmiddlewaretoken": token}
    with opener.open(f"{base}/accounts/login/", urlencode(form).encode()):
        pass

    def open_page(path: str) -> bytes:
        with opener.open(base + path) as page:
            body: bytes = page.read()
            return body

    return open_page


class StubProcess:
    """The stub model server in a process of its own."""

    def __init__(self, latency_s: float) -> None:
        command = [sys.executable, "-m", "tests.stub_model_server", "--latency", str(latency_s)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()


# A bare client ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """What a bare client reached: between its first and its last tenth, and over all."""

    per_s: float
    whole_per_s: float
    cpu_share: float


def bare_client(url: str, requests: Sequence[bytes], window: int, count: int = 0) -> Answered:
    """Ask in a process of its own: `count` times, by default each request once."""
    with tempfile.NamedTemporaryFile() as bodies:
        bodies.write(orjson.dumps([body.decode() for body in requests]))
        bodies.flush()
        done = subprocess.run(
            [sys.executable, __file__, "ask", url, bodies.name, str(window), str(count)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return Answered(**json.loads(done.stdout.splitlines()[-1]))


async def ask_here(url: str, bodies: list[bytes], window: int, count: int) -> None:
    """Keep `window` requests in flight until `count` answers were read; print how it went."""
    left = iter(range(count))
    answered: list[float] = []
    headers = {"Content-Type": "application/json"}

    async def keep_asking(session: aiohttp.ClientSession) -> None:
        for number in left:
            body = bodies[number % len(bodies)]
            async with session.post(f"{url}/chat/completions", data=body) as answer:
                orjson.loads(await answer.read())
                assert answer.status == 200, answer.status
                answered.append(time.monotonic())

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        used = resource.getrusage(resource.RUSAGE_SELF)
        began = time.monotonic()
        await asyncio.gather(*(keep_asking(session) for _ in range(window)))
        seconds = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    middle = answered[count * 9 // 10] - answered[count // 10]
    print(
        json.dumps(
            {
                "per_s": 0.8 * count / middle,
                "whole_per_s": count / seconds,
                "cpu_share": cpu / seconds,
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["ask"]:
        _, _, its_url, its_bodies, its_window, its_count = sys.argv
        read = [text.encode() for text in orjson.loads(Path(its_bodies).read_bytes())]
        asyncio.run(ask_here(its_url, read, int(its_window), int(its_count) or len(read)))
    elif sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure_here(sys.argv[2:])))
    else:
        named = sys.argv[1:] or list(PARTS)
        if unknown := set(named) - set(PARTS):
            sys.exit(f"{', '.join(sorted(unknown))}: there are only {', '.join(PARTS)}")
        main(named)
