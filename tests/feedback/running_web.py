"""The web server as the desk starts it, on this test's database, and a line to it that breaks."""

import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from editorial.stack.model_server import free_port
from tests.faults.workers import CHECKOUT, environment

PATIENCE_S: Final = 120.0


@contextmanager
def web_server(threads: int, **more: str) -> Iterator[int]:
    """Run gunicorn with one process and so many threads; yield its port."""
    port = free_port(None)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "editorial.wsgi"),
            *("--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "1", "--threads", str(threads)),
            *("--preload", "--no-control-socket", "--log-level", "warning"),
        ],
        cwd=CHECKOUT,
        env={**environment(), **more},
    )
    try:
        _wait_until_it_answers(port, process)
        yield port
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=30)
        process.kill()
        process.wait()


def answers(port: int, timeout_s: float = PATIENCE_S) -> bool:
    """Whether the server answers a request within so many seconds."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=timeout_s):
            return True
    except OSError:
        return False


def _wait_until_it_answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + PATIENCE_S
    while not answers(port, 5.0):
        assert process.poll() is None, "The web server ended."
        assert time.monotonic() < end, "The web server never answered."
        time.sleep(0.05)


@contextmanager
def breaking_line(port: int, let_through: Callable[[], int | None]) -> Iterator[int]:
    """Listen on a port of its own and pass on what comes; yield that port.

    Of each answer only so many bytes get through as `let_through` says, None being all.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def listen() -> None:
            with suppress(OSError):
                while True:
                    client, _address = listening.accept()
                    _pass_on(client, port, let_through())

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)


def _pass_on(client: socket.socket, port: int, left: int | None) -> None:
    """One request and its answer; both ends close their connections when they are done."""
    with client, socket.create_connection(("127.0.0.1", port)) as server, suppress(OSError):
        client.settimeout(PATIENCE_S)
        server.settimeout(PATIENCE_S)
        request = b""
        while not request.endswith(b"\r\n\r\n") and (more := client.recv(65536)):
            request += more
        server.sendall(request)
        while left is None or left > 0:
            answer = server.recv(65536 if left is None else min(left, 65536))
            if not answer:
                return
            client.sendall(answer)
            left = None if left is None else left - len(answer)
