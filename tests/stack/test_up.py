"""`manage.py up`: one desk in one home, from its first start to the one after a crash.

The tests of this file share a home and run in order, because a full start takes seconds.
"""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

import psutil
import psycopg
import pytest
from kombu import Connection

from editorial.stack.addresses import resolve
from editorial.stack.home import CHECKOUT
from editorial.stack.processes import attempts
from tests.stack.conftest import (
    READY,
    RunningDesk,
    runs,
    up_command,
    up_environment,
    wait_until_gone,
)

pytestmark = pytest.mark.stack

PARTS = {"database", "broker", "model", "web", "worker", "drafting", "datasets", "beat"}


@pytest.fixture(scope="module")
def desk(desk_home: Path, desk_port: int) -> Iterator[RunningDesk]:
    with RunningDesk(desk_home, desk_port) as started:
        started.wait_until_it_says(READY)
        yield started


def test_the_last_line_of_a_start_has_the_address_and_the_logins(desk: RunningDesk) -> None:
    (line,) = [line for line in desk.said if READY in line]

    assert f"http://127.0.0.1:{desk.port}" in line
    for name in ("editor", "lead", "manager", "engineer"):
        assert f"{name} / " in line


def test_the_login_page_was_there_before_the_model(desk: RunningDesk) -> None:
    said = "".join(desk.said)

    assert said.index("You can log in at") < said.index("Starting model")
    assert _get(desk.port, "/accounts/login/") < 500


def test_every_line_says_who_speaks(desk: RunningDesk) -> None:
    speakers = {line.split(" |")[0].strip() for line in desk.said}

    assert {"desk", "database", "web"} <= speakers <= PARTS | {"desk"}


def test_another_terminal_reaches_the_running_desk(desk: RunningDesk) -> None:
    result = subprocess.run(
        [sys.executable, CHECKOUT / "manage.py", "migrate", "--check"],
        env=up_environment(desk.home.root, desk.port),
        capture_output=True,
        text=True,
    )
    addresses = resolve({"COPYDESK_HOME": str(desk.home.root)})

    assert result.returncode == 0, result.stderr
    with Connection(addresses.broker_url) as connection:
        connection.ensure_connection(max_retries=1)
    assert addresses.llm_url.startswith("http://127.0.0.1:")


def test_the_role_of_the_desk_may_not_make_databases(desk: RunningDesk) -> None:
    with psycopg.connect(resolve({"COPYDESK_HOME": str(desk.home.root)}).database_url) as open_:
        assert open_.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone() == (False, False, False)


def test_what_works_behind_the_scenes_gives_way_to_the_pages(desk: RunningDesk) -> None:
    niceness = {
        name: process.nice()
        for process in _supervised(desk)
        for name in ("gunicorn", "postgres", "drafting", "datasets", "beat", "serve_model.py")
        if any(name in Path(word).parts for word in _words(process))
    }

    assert niceness["gunicorn"] == niceness["postgres"] == niceness["drafting"]
    assert niceness["datasets"] == niceness["beat"] == niceness["serve_model.py"]
    assert niceness["datasets"] > niceness["gunicorn"]


def test_only_the_pages_and_the_model_listen_and_only_on_the_loopback(desk: RunningDesk) -> None:
    listening = {address for process in desk.parts() for address in _listening(process)}

    assert {host for host, _ in listening} == {"127.0.0.1"}
    assert desk.port in {port for _, port in listening}
    assert len(listening) == 2


def test_what_the_desk_keeps_is_closed_to_other_users(desk: RunningDesk) -> None:
    modes = dict(_files_and_sockets(desk.home.root))
    open_to_others = [
        path for path, mode in modes.items() if mode & 0o077 and not _is_in_a_closed_folder(path)
    ]

    assert {path.name for path in modes} >= {"secrets.json", "supervisor.sock", "web.log"}
    assert open_to_others == []


def test_a_second_copy_says_so_and_harms_nothing(desk: RunningDesk) -> None:
    before = _supervised(desk)

    result = subprocess.run(
        up_command(),
        env=up_environment(desk.home.root, desk.port),
        capture_output=True,
        text=True,
    )

    assert result.returncode == 1
    assert "is already running at" in result.stderr
    assert "Traceback" not in result.stderr
    assert _supervised(desk) == before
    assert _get(desk.port, "/accounts/login/") < 500


@pytest.mark.parametrize("name", ["beat", "web", "database"])
def test_a_part_that_is_killed_comes_back(desk: RunningDesk, name: str) -> None:
    _process_of(desk, name).kill()

    desk.wait_until_it_says(f"{name} had ended and was started again")

    for _ in attempts(90, lambda line: None, name):
        if _get(desk.port, "/accounts/login/") < 500:
            break
    else:
        pytest.fail(f"no page after {name} was killed")


def test_the_desk_says_what_to_do_when_its_supervisor_is_killed_and_leaves_nothing(
    desk_home: Path, desk_port: int, desk: RunningDesk
) -> None:
    parts = desk.parts()
    (supervisor,) = psutil.Process(desk.process.pid).children()

    supervisor.kill()

    desk.wait_until_it_says("start it again")
    assert desk.process.wait(timeout=60) == 1
    wait_until_gone(parts)


def test_after_a_kill_the_next_start_finds_its_data_and_two_ctrl_c_stop_it_once(
    desk_home: Path, desk_port: int
) -> None:
    secrets = (desk_home / "secrets.json").read_bytes()
    with RunningDesk(desk_home, desk_port) as killed:
        killed.wait_until_it_says("You can log in at")
        with psycopg.connect(resolve({"COPYDESK_HOME": str(desk_home)}).database_url) as database:
            database.execute("CREATE TABLE kept AS SELECT 'golden' AS text")
        left_over = killed.parts()
        killed.process.kill()

        with RunningDesk(desk_home, desk_port) as again:
            again.wait_until_it_says(READY)

            assert [process for process in left_over if runs(process)] == []
            with psycopg.connect(
                resolve({"COPYDESK_HOME": str(desk_home)}).database_url
            ) as database:
                assert database.execute("TABLE kept").fetchone() == ("golden",)
            assert (desk_home / "secrets.json").read_bytes() == secrets

            parts = again.parts()
            assert again.stop(asking=2) == 0
            again.wait_until_it_says("Everything has stopped")
    wait_until_gone(parts)
    assert [line for line in again.said if "Traceback" in line and "desk |" in line] == []


def test_asked_to_stop_in_the_middle_of_a_start_it_does(desk_home: Path, desk_port: int) -> None:
    with RunningDesk(desk_home, desk_port) as desk:
        desk.wait_until_it_says("Starting database")
        parts = desk.parts()

        desk.process.send_signal(signal.SIGTERM)

        assert desk.process.wait(timeout=60) == 0
    wait_until_gone(parts)


def _get(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 599
    finally:
        connection.close()


def _process_of(desk: RunningDesk, name: str) -> psutil.Process:
    words = {"beat": "beat", "web": "gunicorn", "database": "-D"}
    (found,) = [part for part in _supervised(desk) if words[name] in _words(part)]
    return found


def _supervised(desk: RunningDesk) -> set[psutil.Process]:
    """Return the parts themselves, without what they fork, which comes and goes."""
    (supervisor,) = psutil.Process(desk.process.pid).children()
    return set(supervisor.children())


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _listening(process: psutil.Process) -> set[tuple[str, int]]:
    """Return where a process listens: nowhere, if it ended since it was found."""
    try:
        connections = process.net_connections("inet")
    except psutil.NoSuchProcess:
        return set()
    return {each.laddr for each in connections if each.status == psutil.CONN_LISTEN}


def _files_and_sockets(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield each with its permissions; databases make and remove files all the while."""
    for above, _, names in os.walk(folder):
        for path in (Path(above) / name for name in names):
            with suppress(FileNotFoundError):
                mode = path.stat().st_mode
                if stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
                    yield path, stat.S_IMODE(mode)


def _is_in_a_closed_folder(path: Path) -> bool:
    return any(
        stat.S_IMODE(folder.stat().st_mode) & 0o077 in {0, 0o011} and os.access(folder, os.X_OK)
        for folder in path.parents
    )
