"""A desk of its own for the tests that start, kill and stop one."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil
import pytest

from editorial.stack.home import CHECKOUT, Home
from editorial.stack.model_server import free_port
from editorial.stack.processes import attempts

READY = "Copydesk is at"


class RunningDesk:
    """`manage.py up`, as a person at a terminal has it."""

    def __init__(self, home: Path, port: int, **environment: str) -> None:
        self.home = Home(home)
        self.port = port
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.process = subprocess.Popen(
            up_command(),
            env=up_environment(home, port) | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def wait_until_it_says(self, text: str) -> str:
        """Return the next line that holds `text`; fail with all that was said if none comes."""
        while True:
            try:
                line = self._lines.get(timeout=180)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"The desk never said {text!r}:\n" + "".join(self.said))
            if text in line:
                return line

    def parts(self) -> list[psutil.Process]:
        """Return every process below the desk's own."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, *, asking: int = 1) -> int:
        """Press Ctrl-C so often and return the exit status."""
        for _ in range(asking):
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Leave no process behind, whatever happened to the test."""
        if self.process.poll() is None:
            parts = self.parts()
            self.process.kill()
            wait_until_gone(parts)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            self._lines.put(line)
        self._lines.put(None)


def wait_until_gone(processes: Sequence[psutil.Process]) -> None:
    """Return when none of these runs any more; fail if one still does after a while."""
    left = list(processes)
    for _ in attempts(90, lambda line: None, "processes"):
        left = [process for process in left if runs(process)]
        if not left:
            return
    pytest.fail(f"still there: {left}")


def runs(process: psutil.Process) -> bool:
    """Say whether a process is more than an entry that its parent has not looked at yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def up_command() -> list[str]:
    """Return what a person types."""
    return [sys.executable, str(CHECKOUT / "manage.py"), "up"]


def up_environment(home: Path, port: int) -> dict[str, str]:
    """Return an environment in which nothing replaces the embedded parts."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DATABASE_URL", "BROKER_URL", "LLM_URL", "LLM_API_KEY", "SECRET_KEY"}
    }
    return {
        **ours,
        "DJANGO_SETTINGS_MODULE": "editorial.settings",
        "COPYDESK_HOME": str(home),
        "PORT": str(port),
    }


@pytest.fixture(scope="module")
def desk_home() -> Iterator[Path]:
    """A home with a path short enough for its sockets, closed to everyone else."""
    folder = tempfile.mkdtemp(prefix="copydesk-up-")
    yield Path(folder)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def desk_port() -> int:
    """A port that nobody uses."""
    return free_port(None)
