"""How long requests take, by route and status: measured in every web process, and added up.

A scrape is answered by one process of several. So each writes what it counts into files of its own
in one folder, and whoever is asked reads them all. A process has a number, the lowest that is free,
and goes on in the files of whoever had it before: there are never more files than processes were at
once, however often these are replaced.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import prometheus_client.values
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MultiProcessValue

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Answer = Callable[[HttpRequest], HttpResponseBase]


class _Number:
    """The number of this process: held by a lock on a file, which ends with the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = 0
        self._number = -1
        self._lock = -1

    def __call__(self) -> int:
        if self._process != os.getpid():  # a fork has the lock of its parent, who goes on with it
            self._number, self._lock = self._take()
            self._process = os.getpid()
        return self._number

    def _take(self) -> tuple[int, int]:
        number = 0
        while True:
            lock = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                number += 1
            else:
                return number, lock


def share_between_processes(folder: Path) -> None:
    """Add up what the processes count that share this folder. To be called before any is forked,
    and before Django loads its middleware.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ[_FOLDER] = str(folder)
    number = _Number(folder)
    prometheus_client.values.ValueClass = MultiProcessValue(number)  # type: ignore[no-untyped-call]
    _REQUESTS.begin()


def collect_requests(registry: CollectorRegistry) -> None:
    """Let a registry show the times of all processes, or of this one where none are shared."""
    if _FOLDER in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(_REQUESTS.histogram)


class _Requests:
    """The histogram, made anew when processes begin to share."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.histogram = Histogram(
            "copydesk_request_duration_seconds",
            "Time from a request to its answer, but for the sending, by route and status.",
            ("method", "route", "status"),
            buckets=_BUCKETS_S,
            registry=None,
        )


_REQUESTS: Final = _Requests()


class TimeRequests:
    """Measure every request."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it, and count how long that took."""
        begun = time.perf_counter()
        response = self._get_response(request)
        # The pattern, never the path: what anybody may type must not make a series of its own.
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in _METHODS else "other"
        series = _REQUESTS.histogram.labels(method, route, str(response.status_code))
        series.observe(time.perf_counter() - begun)
        return response


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
