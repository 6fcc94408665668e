"""How fast the desk hands out a file, beside the kernel's own sendfile of the same file."""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from feedback.models import DatasetFile

ROUNDS: Final = 7
PATIENCE_S: Final = 60.0


@dataclass(frozen=True)
class DownloadSpeeds:
    """Medians of several downloads, taken in turns, in MB/s."""

    desk: float
    sendfile: float

    @property
    def ratio(self) -> float:
        """The desk's speed as a share of the kernel's."""
        return self.desk / self.sendfile


def download_speeds(file: "DatasetFile") -> DownloadSpeeds:
    """Download a file of a dataset from the desk's web server, as it stands alone, and from a
    program that does nothing but sendfile. Both send to the same reader, one after the other.

    Django must be set up, and the environment that of the desk.
    """
    from accounts.models import AccessToken, Person
    from feedback.services.datasets import storage

    reader = Person.objects.create_superuser("downloads", "downloads@desk.example", None)
    _row, token = AccessToken.objects.create(
        user=reader, name="downloads", scopes=["datasets:read"], prefix="desk_"
    )
    path = storage.local_path(file)
    assert path is not None
    address = f"/api/v1/datasets/{file.dataset.name}/{file.dataset.number}/files/{file.path}"
    desk, kernel = [], []
    with _web_server() as web, _bare_sender(path) as bare:
        for _ in range(ROUNDS):
            desk.append(_downloaded(web, address, str(token), file.bytes))
            kernel.append(_downloaded(bare, "/", "", file.bytes))
    return DownloadSpeeds(statistics.median(desk), statistics.median(kernel))


def _downloaded(port: int, address: str, token: str, size: int) -> float:
    """Download once; return how many MB came in a second, from asking to the end."""
    request = f"GET {address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    room, came = bytearray(1 << 20), 0
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as connection:
        began = time.perf_counter()
        connection.sendall(request.encode())
        while count := connection.recv_into(room):
            came += count
        took = time.perf_counter() - began
    assert came > size, bytes(room[:300])
    return size / took / 1e6


@contextmanager
def _web_server() -> Iterator[int]:
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", "editorial.wsgi", "--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread", "--workers", "1", "--threads", "8"),
            *("--preload", "--no-control-socket", "--log-level", "warning"),
        ]
    )
    try:
        end = time.monotonic() + PATIENCE_S
        while not _listens(port):
            assert process.poll() is None, "The web server ended."
            assert time.monotonic() < end, "The web server never listened."
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


@contextmanager
def _bare_sender(path: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process_id = os.fork()
        if not process_id:
            try:
                _send_for_ever(listening, path)
            finally:
                os._exit(1)
        try:
            yield int(listening.getsockname()[1])
        finally:
            os.kill(process_id, signal.SIGKILL)
            os.waitpid(process_id, 0)


def _send_for_ever(listening: socket.socket, path: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {path.stat().st_size}\r\n\r\n".encode()
    while True:
        connection, _address = listening.accept()
        with connection, path.open("rb") as opened:
            connection.recv(65536)
            connection.sendall(head)
            connection.sendfile(opened)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
