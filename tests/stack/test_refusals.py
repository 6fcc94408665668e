"""What keeps a desk from starting ends in one sentence that says what to do."""

import os
import pwd
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from editorial.stack import desk
from editorial.stack.errors import StackError
from editorial.stack.home import CHECKOUT, Home
from editorial.stack.processes import launched
from editorial.stack.testing import embedded_parts
from tests.stack.conftest import up_command, up_environment

pytestmark = pytest.mark.stack

NO_STEPS = desk.Steps(before_web=[], when_model_is_ready=[])


@pytest.fixture
def home() -> Iterator[Path]:
    """A home with a path short enough for its sockets."""
    with tempfile.TemporaryDirectory(prefix="copydesk-") as folder:
        yield Path(folder)


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that another program uses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_a_busy_port(home: Path, listener: int) -> None:
    with pytest.raises(StackError, match=f"Port {listener} is not free .*`PORT={listener + 1}"):
        _start(home, listener)


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none(home: Path, port: str) -> None:
    with pytest.raises(StackError, match="PORT must be a number from 1 to 65535"):
        desk.run({"COPYDESK_HOME": str(home), "PORT": port}, NO_STEPS, _no_command)


def test_data_of_another_version_of_postgresql(home: Path, desk_port: int) -> None:
    data = home / "database" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("16\n")

    with pytest.raises(StackError, match="is of PostgreSQL 16 and this desk brings 18"):
        _start(home, desk_port)


def test_secrets_that_are_not_those_of_the_data(home: Path, desk_port: int) -> None:
    with embedded_parts({}, home=Home(home)):
        pass
    (home / "secrets.json").unlink()

    with pytest.raises(StackError, match="does not know the passwords"):
        _start(home, desk_port)


def test_a_folder_that_is_somebody_elses(home: Path, desk_port: int, tmp_path: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o500)
    result = subprocess.run(
        _as_ordinary_user(up_command(), tmp_path),
        env=up_environment(closed / "home", desk_port),
        capture_output=True,
        text=True,
    )

    assert _sentence(result) == (
        f"copydesk: Cannot read or write {closed}/home/secrets.json (Permission denied): give "
        "this user the folder, or set COPYDESK_HOME to another one."
    )


@pytest.mark.skipif(
    subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0,
    reason="only those who may mount can make a small disk",
)
def test_a_full_disk(home: Path, desk_port: int) -> None:
    small = home / "small"
    small.mkdir()
    mount = f"mount -t tmpfs -o size=20m none '{small}' && exec \"$@\""
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", *up_command()],
        env=up_environment(small, desk_port),
        capture_output=True,
        text=True,
    )

    assert f"The disk that holds {small} has " in _sentence(result)
    assert "make room or set COPYDESK_HOME" in _sentence(result)


def test_a_database_elsewhere_that_does_not_answer(home: Path, desk_port: int) -> None:
    nowhere = f"postgresql://desk@/desk?host={home}"
    result = subprocess.run(
        up_command(),
        env={**up_environment(home, desk_port), "DATABASE_URL": nowhere},
        capture_output=True,
        text=True,
    )

    assert "see DATABASE_URL" in _sentence(result)
    assert not (home / "log" / "database.log").exists()


def test_a_part_that_is_not_installed(
    home: Path, desk_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(StackError, match="is not installed: run `make install`"):
        _start(home, desk_port)


def _start(home: Path, port: int) -> None:
    desk.run({"COPYDESK_HOME": str(home), "PORT": str(port)}, NO_STEPS, _no_command)


def _no_command(*_: object) -> None:
    raise AssertionError("nothing may run before the database")


def _sentence(result: subprocess.CompletedProcess[str]) -> str:
    """What the person is left with: one line, no traceback, and a status that is not 0."""
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line


def _as_ordinary_user(command: list[str], folder: Path) -> list[str]:
    """Run as the owner of `folder`, who may read but not write what is root's."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return launched(command, as_owner_of=folder, reaching=[Path(sys.executable), CHECKOUT])
