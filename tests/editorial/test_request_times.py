"""Times of requests, counted by several processes and read from any of them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

COUNTING = """
import sys
from pathlib import Path
from django.http import HttpRequest, HttpResponse
from editorial.request_times import TimeRequests, share_between_processes
share_between_processes(Path(sys.argv[1]))
request = HttpRequest()
request.method = "GET"
for line in sys.stdin:
    for _ in range(int(line)):
        TimeRequests(lambda request: HttpResponse())(request)
    print("done", flush=True)
"""
READING = """
import sys
from pathlib import Path
from prometheus_client import CollectorRegistry, generate_latest
from editorial.request_times import collect_requests, share_between_processes
share_between_processes(Path(sys.argv[1]))
registry = CollectorRegistry()
collect_requests(registry)
print(generate_latest(registry).decode())
"""


class Counting:
    """A process that counts as many requests as it is told."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def count(self, how_many: int) -> None:
        """Count, and come back when they are counted."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{how_many}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def kill(self) -> None:
        """End it as hard as can be."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)


@contextmanager
def counting(folder: Path) -> Iterator[Counting]:
    """Another web process."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(folder)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Counting(process)
    finally:
        process.kill()
        process.communicate()


def counted(folder: Path) -> int:
    """What a scrape says."""
    said = subprocess.run(
        [sys.executable, "-c", READING, str(folder)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    lines = [line for line in said.splitlines() if "duration_seconds_count{" in line]
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


def test_processes_add_up_and_lose_nothing_when_they_are_killed(tmp_path: Path) -> None:
    with counting(tmp_path) as one, counting(tmp_path) as other:
        one.count(3)
        other.count(4)
        assert counted(tmp_path) == 7
        files = {file.name for file in tmp_path.glob("*.db")}
        one.kill()
        other.count(1)
        with counting(tmp_path) as successor:
            successor.count(10)
            assert counted(tmp_path) == 18
            assert {file.name for file in tmp_path.glob("*.db")} == files
