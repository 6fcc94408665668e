"""A whole desk as `make run` starts it, drafting on the stub: its pages, parts and database."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

import psutil
import psycopg
from supervisor.xmlrpc import SupervisorTransport

from editorial.stack.addresses import resolve
from editorial.stack.home import CHECKOUT
from editorial.stack.model_server import free_port
from editorial.stack.secrets import keep
from tests.stack.conftest import READY, RunningDesk, up_environment
from tests.stub_model_server import StubModelServer, running

# Limits for what is waited for: nobody should meet them, on however busy a machine.
PATIENCE_S = 300.0
OURS = ("web", "worker", "drafting", "beat")
GOOD_LINE = "A song that ends well."


class Pages:
    """The engineer's browser; it remembers how long each page took."""

    def __init__(self, port: int, password: str) -> None:
        self.took_s: list[tuple[float, str]] = []
        self._address = f"http://127.0.0.1:{port}"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), _NoRedirects())
        self._token = ""
        self.get("/accounts/login/")
        self.post("/accounts/login/", username="engineer", password=password)
        self.took_s.clear()

    def get(self, path: str) -> str:
        """Return a page. Raises HTTPError when it is none."""
        answer = self._ask(f"GET {path}", path, None)
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', answer)
        self._token = found[1] if found else self._token
        return answer

    def post(self, path: str, **fields: object) -> str:
        """Send a form; return where it leads, "" where it was not taken."""
        form = urlencode({"csrfmiddlewaretoken": self._token, **fields}).encode()
        return self._ask(f"POST {path}", path, form)

    def start_run(self, task_id: int, limit: int) -> int:
        """Start a run of so many recommendations on the page for it; return its number."""
        self.get("/runs/new/")
        leads_to = self.post(
            "/runs/new/", task=task_id, which="everything", limit=limit, drafts_each=1
        )
        found = re.fullmatch(r"/runs/(\d+)/", leads_to)
        assert found, "The page did not start the run."
        return int(found[1])

    def _ask(self, what: str, path: str, form: bytes | None) -> str:
        begun = time.monotonic()
        try:
            with self._opener.open(self._address + path, form, timeout=120) as answer:
                return str(answer.read().decode())
        except HTTPError as answer:
            if answer.code == 302:
                return str(answer.headers["Location"])
            raise
        finally:
            self.took_s.append((time.monotonic() - begun, what))


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        """Show a redirect instead of following it."""


class DeskOnStub:
    """A desk of its own with many tracks, and the model server that it drafts on."""

    def __init__(self, desk: RunningDesk, stub: StubModelServer) -> None:
        self.stub = stub
        self.home = desk.home
        self.desk = desk
        self._database_url = resolve({"COPYDESK_HOME": str(desk.home.root)}).database_url
        self.task_id = int(
            self.ask("SELECT id FROM explanations_task WHERE slug = 'music-oneliner'")
        )

    def browser(self) -> Pages:
        """Log the engineer in."""
        return Pages(self.desk.port, keep(self.home).engineer_password)

    def ask(self, question: str, *values: object) -> Any:
        """Return one value out of the database."""
        with psycopg.connect(self._database_url, connect_timeout=10) as database:
            row = database.execute(question, values).fetchone()
            return row[0] if row else None

    def states(self, run: int) -> Counter[str]:
        """Count the drafts of a run by state. Raises OperationalError without a database."""
        with psycopg.connect(self._database_url, connect_timeout=10) as database:
            return Counter(
                dict(
                    database.execute(
                        "SELECT state, count(*) FROM explanations_draft WHERE run_id = %s"
                        " GROUP BY state",
                        [run],
                    ).fetchall()
                )
            )

    def written(self, run: int) -> int:
        """Count the drafts of a run that have a text."""
        counted = self.states(run)
        return counted["READY"] + counted["BLOCKED"]

    def until_ended(self, run: int, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Wait until every draft of a run has ended."""
        self.until(
            lambda: not {"PENDING", "RUNNING"} & set(self.states(run)),
            meanwhile,
            lambda: f"Run {run}: {self.states(run)}",
        )

    def until(
        self,
        happened: Callable[[], bool],
        meanwhile: Callable[[], object] = lambda: None,
        tell: Callable[[], str] = lambda: "",
    ) -> None:
        """Wait for something; an absent database is no answer. Fail if it never happens."""
        end = time.monotonic() + PATIENCE_S
        while True:
            with suppress(psycopg.OperationalError):
                if happened():
                    return
            assert time.monotonic() < end, f"It never happened. {tell()}"
            meanwhile()
            time.sleep(0.2)

    # Parts ----------------------------------------------------------------------------------------

    def stop_part(self, group: str, name: str) -> None:
        """Let the supervisor stop a part and leave it stopped."""
        self._tell_supervisor("stopProcess", f"{group}:{name}")

    def start_part(self, group: str, name: str) -> None:
        """Let the supervisor start it again."""
        self._tell_supervisor("startProcess", f"{group}:{name}")

    def process_ids(self, *names: str) -> dict[str, int]:
        """Return the process numbers of parts, as the supervisor knows them."""
        return {
            info["name"]: info["pid"]
            for info in self._tell_supervisor("getAllProcessInfo")
            if info["name"] in names and info["pid"]
        }

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """Freeze a part for as long as the block."""
        process_id = self.process_ids(name)[name]
        os.kill(process_id, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(process_id, signal.SIGCONT)

    def restart_database(self, number: signal.Signals) -> None:
        """End PostgreSQL with a signal; return when another one answers.

        SIGINT is what `pg_ctl stop --mode fast` sends; SIGKILL is a crash.
        """
        before = self.process_ids("database")["database"]
        os.kill(before, number)
        self.until(
            lambda: (
                self.process_ids("database").get("database", before) != before
                and self.ask("SELECT 1") == 1
            )
        )

    def _tell_supervisor(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self.home.supervisor_socket}")
        try:
            server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(server.supervisor, method)(*arguments)
        finally:
            transport.close()


@contextmanager
def desk_on_stub(track_count: int) -> Iterator[DeskOnStub]:
    """Run a desk with so many tracks. It stops with the block, and leaves nothing."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="copydesk-faults-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        stub = stack.enter_context(
            running(StubModelServer(latency_s=0.02, answer=lambda request: GOOD_LINE))
        )
        port = free_port(None)
        on_stub = {
            "LLM_URL": stub.base_url,
            "LLM_WINDOW": "16",
            # Short, so that leases run out and drainers hand over while a test looks on.
            "DRAFTING_LEASE_S": "6",
            "DRAFTING_DRAIN_S": "6",
        }
        desk = stack.enter_context(RunningDesk(folder, port, **on_stub))
        stack.callback(_stop, desk)
        desk.wait_until_it_says(READY)
        _import(folder, port, track_count)
        yield DeskOnStub(desk, stub)


def _import(folder: Path, port: int, track_count: int) -> None:
    lines = folder / "tracks.jsonl"
    lines.write_text(
        "\n".join(
            json.dumps(
                {
                    "task": "music-oneliner",
                    "external_id": f"fault:{number}",
                    "group": "g",
                    "locale": "en",
                    "priority": 50,
                    "item": {"kind": "track", "title": f"Song {number}", "artist": "Nina Example"},
                    "audience": {"recently_played": []},
                }
            )
            for number in range(track_count)
        )
    )
    subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "import_recommendations", str(lines)],
        env=up_environment(folder, port),
        check=True,
        capture_output=True,
    )


def _stop(desk: RunningDesk) -> None:
    with suppress(subprocess.TimeoutExpired, psutil.NoSuchProcess):
        desk.stop()
