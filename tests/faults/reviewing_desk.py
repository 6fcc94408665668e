"""A whole desk with drafts that wait, and editors who review over HTTP as their browsers do."""

import http.client
import json
import re
import shutil
import socket
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psutil
import psycopg

from editorial.stack.addresses import resolve
from editorial.stack.model_server import free_port
from editorial.stack.secrets import keep
from tests.bench.many_reviews import fill
from tests.stack.conftest import READY, RunningDesk

PATIENCE_S: Final = 300.0
PAGE_DATA: Final = re.compile(r'<script id="review-page"[^>]*>(.*?)</script>', re.DOTALL)


class Refused(Exception):
    """The desk understood and said no: `status`, and what it answered."""

    def __init__(self, status: int, answer: bytes) -> None:
        super().__init__(f"{status}: {answer[:300]!r}")
        self.status = status
        self.answer = json.loads(answer) if answer.startswith(b"{") else {}


# What a client sees of a server that is not there, or was killed on the way.
GONE: Final = (OSError, http.client.HTTPException)


class Editor:
    """Somebody at the review screen: each request on a connection of its own."""

    def __init__(self, port: int, name: str, password: str) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}
        self._ask("GET", "/accounts/login/")
        form = {
            "username": name,
            "password": password,
            "csrfmiddlewaretoken": self._cookies["csrftoken"],
        }
        self._ask("POST", "/accounts/login/", urlencode(form).encode(), kind="form")
        assert "sessionid" in self._cookies, "The login was refused."

    def open(self) -> dict[str, Any]:
        """Lay the next draft on the desk; return what the screen's script is given."""
        return _page_data(self._ask("GET", "/review/"))

    def submit(self, page: dict[str, Any], key: str, outcome: str = "BLAND") -> dict[str, Any]:
        """Decide; return the next page. Raises Refused, and what GONE names without an answer."""
        return _page_data(self._ask("POST", page["submit"], _body(key, outcome)))

    def submit_without_hearing(self, page: dict[str, Any], key: str) -> None:
        """Decide, and lose the connection before the answer comes."""
        request = self._written("POST", page["submit"], _body(key, "BLAND"))
        with socket.create_connection(("127.0.0.1", self._port), timeout=30) as line:
            line.sendall(request)

    def _ask(self, method: str, path: str, body: bytes = b"", kind: str = "json") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, body, self._headers(kind))
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: each.value for name, each in SimpleCookie(cookie).items()}
        if answer.status >= 500:
            raise http.client.HTTPException(f"{answer.status}: {said[:300]!r}")
        if answer.status >= 400:
            raise Refused(answer.status, said)
        return said

    def _headers(self, kind: str) -> dict[str, str]:
        return {
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            "X-CSRFToken": self._cookies.get("csrftoken", ""),
            "Content-Type": "application/json"
            if kind == "json"
            else "application/x-www-form-urlencoded",
            **({"HX-Request": "true"} if kind == "json" and "sessionid" in self._cookies else {}),
        }

    def _written(self, method: str, path: str, body: bytes) -> bytes:
        headers = {
            **self._headers("json"),
            "Host": f"127.0.0.1:{self._port}",
            "Content-Length": str(len(body)),
        }
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {said}" for name, said in headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode() + body


def _body(key: str, outcome: str) -> bytes:
    return json.dumps({"key": key, "body": {"outcome": outcome}}).encode()


def _page_data(html: bytes) -> dict[str, Any]:
    found = PAGE_DATA.search(html.decode())
    assert found, "There is no draft on the page."
    data: dict[str, Any] = json.loads(found[1])
    return data


def new_key() -> str:
    """What the screen makes once for each assignment."""
    return str(uuid.uuid4())


class ReviewingDesk:
    """A desk with drafts that wait, its editors, and its database."""

    def __init__(self, desk: RunningDesk) -> None:
        self._desk = desk
        self._secrets = keep(desk.home)
        self.database_url = resolve({"COPYDESK_HOME": str(desk.home.root)}).database_url

    def editor(self) -> Editor:
        """Let the demo's editor sit down, or sit down once more."""
        return Editor(self._desk.port, "editor", self._secrets.editor_password)

    def second_editor(self) -> Editor:
        """Let the demo's lead review as well."""
        return Editor(self._desk.port, "lead", self._secrets.lead_password)

    def ask(self, question: str, *values: object) -> Any:
        """Return one value out of the database."""
        with psycopg.connect(self.database_url, connect_timeout=30) as database:
            row = database.execute(question, values).fetchone()
            return row[0] if row else None

    def tell(self, order: str, *values: object) -> None:
        """Change something in the database."""
        with psycopg.connect(self.database_url, connect_timeout=30) as database:
            database.execute(order, values)

    def reviews_under(self, *keys: str) -> int:
        """How many reviews there are under these keys."""
        return int(
            self.ask("SELECT count(*) FROM feedback_review WHERE key = ANY(%s::uuid[])", list(keys))
        )

    def reviewed_twice(self) -> int:
        """How many places have more than one review that ends them."""
        return int(
            self.ask(
                "SELECT count(*) FROM (SELECT place_id FROM feedback_review"
                " GROUP BY place_id HAVING count(*) > 1) AS twice"
            )
        )

    def web_processes(self) -> tuple[psutil.Process, list[psutil.Process]]:
        """The web server's first process, and those that it started to answer requests."""
        while True:
            for process in self._desk.parts():
                try:
                    if "gunicorn" in process.cmdline() and "gunicorn" not in _parent(process):
                        return process, process.children()
                except psutil.NoSuchProcess:
                    continue
            time.sleep(0.1)


def _parent(process: psutil.Process) -> list[str]:
    parent = process.parent()
    return parent.cmdline() if parent else []


@contextmanager
def reviewing_desk(drafts: int) -> Iterator[ReviewingDesk]:
    """Run a desk on which so many drafts wait. It stops with the block, and leaves nothing."""
    folder = Path(tempfile.mkdtemp(prefix="copydesk-rounds-"))
    try:
        # Nobody answers there: nothing is drafted.
        with RunningDesk(folder, free_port(None), LLM_URL="http://127.0.0.1:9/v1") as desk:
            desk.wait_until_it_says(READY)
            fill(desk.home, drafts, 0)
            yield ReviewingDesk(desk)
            desk.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
