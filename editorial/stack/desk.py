"""Bring the whole desk up, keep it up, and take it down again.

The order of a start: database, migrations, demo content, web, and only then what the login page
can do without: broker, model, workers, beat.
"""

import fcntl
import http.client
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

import psutil

from editorial.stack import broker, database, model_server, secrets
from editorial.stack.addresses import model_server_url, remember_ports, remembered_ports
from editorial.stack.errors import StackError
from editorial.stack.home import Home
from editorial.stack.processes import BEHIND_THE_SCENES, attempts, launched
from editorial.stack.secrets import Secrets
from editorial.stack.supervision import Part, Supervisor, last_lines
from editorial.stack.terminal import LogFollower, Terminal

DEFAULT_PORT = 8000
LOGIN_PAGE = "/accounts/login/"
SECONDS_FOR_WEB = 60
SECONDS_BETWEEN_REVIVALS = 10

WEB_WORKERS = 2
THREADS_PER_WEB_WORKER = 8

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Runs one management command; what it says goes to the function.
RunCommand = Callable[[Sequence[str], Callable[[str], None]], None]


@dataclass(frozen=True)
class Steps:
    """The management commands of a start, each safe to repeat."""

    before_web: Sequence[Sequence[str]]
    when_model_is_ready: Sequence[Sequence[str]]


class StopAskedError(Exception):
    """Ctrl-C, or the signal that asks a program to end."""


def run(environment: Mapping[str, str], steps: Steps, run_command: RunCommand) -> None:
    """Run the desk until somebody stops it.

    Of DATABASE_URL, BROKER_URL and LLM_URL each one that `environment` sets takes the place of an
    embedded part. Raises StackError, with everything stopped, when the desk cannot run.
    """
    terminal = Terminal()
    with ExitStack() as stack:
        stack.enter_context(_asked_to_stop())
        try:
            _Desk(environment, steps, run_command, terminal, stack).run()
        except StopAskedError:
            pass
        except OSError as error:
            raise StackError(
                f"{error.strerror or error} ({error.filename or 'no file'}): see that the disk "
                "has room and that this user may write to COPYDESK_HOME."
            ) from error
    terminal.say("Everything has stopped.")


class _Desk:
    def __init__(
        self,
        environment: Mapping[str, str],
        steps: Steps,
        run_command: RunCommand,
        terminal: Terminal,
        stack: ExitStack,
    ) -> None:
        self._home = Home.of(environment)
        self._embeds_database = not environment.get("DATABASE_URL")
        self._embeds_broker = not environment.get("BROKER_URL")
        self._embeds_model = not environment.get("LLM_URL")
        self._has_demo_people = environment.get("COPYDESK_PRODUCTION") != "1"
        self._port = _web_port(environment)
        self._steps = steps
        self._run_command = run_command
        self._terminal = terminal
        self._stack = stack

    def run(self) -> None:
        home, say = self._home, self._terminal.say
        say(f"Starting in {home.root}")
        home.prepare()
        lock = self._stack.enter_context(_locked(home, self._port, say))
        kept = secrets.keep(home)
        _refuse_busy_port(self._port, say)
        remembered = remembered_ports(home)
        ports = {
            "web": self._port,
            "model_server": model_server.free_port(remembered.get("model_server")),
        }
        remember_ports(home, ports)

        parts = self._parts(ports["model_server"])
        self._supervisor = Supervisor(home, parts)
        self._follow_logs(parts)
        # Registered before the start, so that a Ctrl-C in the middle of it stops what there is.
        self._stack.callback(self._stop)
        self._supervisor.start(lock)

        if self._embeds_database:
            self._start_database(kept)
        for command in self._steps.before_web:
            self._run(command)
        self._start_web()
        if self._embeds_broker:
            self._start("broker", broker.wait_until_ready)
        for name in ("worker", "datasets", "beat"):
            self._supervisor.start_part(name)
        self._start_model(kept)
        # Last, or drafts of the last run would keep the model too busy to say that it is there.
        self._supervisor.start_part("drafting")
        say(welcome(self._port, kept if self._has_demo_people else None))
        self._watch()

    def _start_database(self, kept: Secrets) -> None:
        say = self._say_as("database")
        database.prepare(self._home, kept, say)
        self._start(
            "database",
            lambda home, say, is_running: database.wait_until_ready(home, kept, say, is_running),
        )
        database.make_application_database(self._home, kept)

    def _start_web(self) -> None:
        self._start("web", self._wait_for_login_page)
        self._terminal.say(f"You can log in at {_address(self._port)}; the rest is starting.")

    def _start_model(self, kept: Secrets) -> None:
        try:
            if self._embeds_model:
                url = model_server_url(self._home)
                self._start(
                    "model",
                    lambda home, say, is_running: model_server.wait_until_ready(
                        url, kept.model_server_key, say, is_running
                    ),
                )
            for command in self._steps.when_model_is_ready:
                self._run(command)
        except StackError as error:
            # Editors can work without a model; an embedded one is started again and again.
            self._terminal.say(f"{error} Until the model answers there are no new drafts.")

    def _start(
        self,
        name: str,
        wait_until_ready: Callable[[Home, Callable[[str], None], Callable[[], bool]], None],
    ) -> None:
        self._terminal.say(f"Starting {name}")
        self._supervisor.start_part(name)
        try:
            wait_until_ready(
                self._home, self._say_as(name), lambda: self._supervisor.may_come_up(name)
            )
        except StackError as error:
            log = self._home.logs / f"{name}.log"
            reason = " ".join(last_lines(log)[-1:])
            raise StackError(f"{error} Its last words in {log}: {reason}") from error

    def _run(self, command: Sequence[str]) -> None:
        self._terminal.say(" ".join(command))
        self._run_command(command, self._say_as("desk"))

    def _watch(self) -> None:
        """Say what dies and comes back, and revive what the supervisor has given up."""
        known = self._supervisor.process_ids()
        revive_at = 0.0
        while True:
            time.sleep(1)
            if not self._supervisor.is_running():
                raise StackError(
                    "The supervisor was killed, and the desk has stopped with it: start it again."
                )
            running = self._supervisor.process_ids()
            for name, process_id in running.items():
                if known.get(name, process_id) != process_id:
                    self._terminal.say(f"{name} had ended and was started again")
            known |= running
            if time.monotonic() < revive_at:
                continue
            revive_at = time.monotonic() + SECONDS_BETWEEN_REVIVALS
            for name, state in self._supervisor.states().items():
                if state == "FATAL":
                    self._terminal.say(
                        f"{name} keeps ending; {self._home.logs / name}.log says why. Trying again."
                    )
                    self._supervisor.start_part(name)

    def _stop(self) -> None:
        # Also after an error, when nobody has asked yet: a Ctrl-C now must not stop the stopping.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        self._terminal.say("Stopping")
        self._supervisor.stop()

    def _follow_logs(self, parts: Sequence[Part]) -> None:
        follower = LogFollower(self._terminal, self._home.logs, [part.name for part in parts])
        follower.start()
        self._stack.callback(follower.stop)

    def _say_as(self, name: str) -> Callable[[str], None]:
        return lambda line: self._terminal.say(line, name)

    def _wait_for_login_page(
        self, home: Home, say: Callable[[str], None], is_running: Callable[[], bool]
    ) -> None:
        for _ in attempts(SECONDS_FOR_WEB, say, "the login page"):
            if _answers(self._port):
                return
            if not is_running():
                break
        raise StackError("The web server does not start.")

    def _parts(self, model_port: int) -> list[Part]:
        home = self._home
        parts = [
            Part("web", _web_command(home, self._port)),
            Part("worker", _worker_command("desk", niceness=BEHIND_THE_SCENES)),
            # The second process takes over while the last answers of the first come home. Neither
            # gives way: a model server costs more than they do, and waits while they wait.
            Part("drafting", _worker_command("drafting", processes=2)),
            Part("datasets", _worker_command("datasets", niceness=BEHIND_THE_SCENES)),
            Part("beat", _beat_command(home)),
        ]
        if self._embeds_database:
            parts.append(
                Part(
                    "database",
                    database.command(home),
                    group="database",
                    stop_signal=database.STOP_SIGNAL,
                    seconds_to_stop=3,
                )
            )
        if self._embeds_broker:
            parts.append(Part("broker", broker.command(home), group="broker", seconds_to_stop=1))
        if self._embeds_model:
            parts.append(Part("model", model_server.command(home, model_port)))
        return parts


def _web_command(home: Home, port: int) -> list[str]:
    return launched(
        [
            *(sys.executable, "-m", "gunicorn", "editorial.wsgi"),
            *("--bind", f"127.0.0.1:{port}"),
            *("--worker-class", "gthread"),
            *("--workers", str(WEB_WORKERS)),
            *("--threads", str(THREADS_PER_WEB_WORKER)),
            # The workers share the memory of what is loaded before they part.
            "--preload",
            *("--graceful-timeout", "3"),
            *("--worker-tmp-dir", str(home.run)),
            "--no-control-socket",
        ]
    )


def _worker_command(queue: str, *, processes: int = 1, niceness: int = 0) -> list[str]:
    # Celery warns of root at length. Its reason, messages that hold code, is not given here: they
    # are JSON and come through a socket that only root can open.
    quiet_root = ["-W", "ignore:You're running the worker with superuser privileges"]
    return launched(
        [
            *(sys.executable, *quiet_root, "-m", "celery", "--quiet", "--app", "editorial"),
            "worker",
            *("--queues", queue),
            *("--hostname", f"{queue}@%h"),
            *("--concurrency", str(processes)),
            # Two workers on one machine have nothing to tell each other.
            "--without-gossip",
            "--without-mingle",
        ],
        niceness=niceness,
    )


def _beat_command(home: Home) -> list[str]:
    return launched(
        [
            *(sys.executable, "-m", "celery", "--quiet", "--app", "editorial", "beat"),
            *("--schedule", str(home.run / "beat-schedule")),
            # The supervisor knows its process; a file left by a killed one would keep it down.
            *("--pidfile", ""),
        ],
        niceness=BEHIND_THE_SCENES,
    )


def _web_port(environment: Mapping[str, str]) -> int:
    named = environment.get("PORT", "") or str(DEFAULT_PORT)
    if not named.isdigit() or not 0 < int(named) < 65536:
        raise StackError(f"PORT must be a number from 1 to 65535, not {named!r}.")
    return int(named)


def _refuse_busy_port(port: int, say: Callable[[str], None]) -> None:
    """Raise StackError unless the port is free; what a killed run left may need some seconds."""
    error = None
    for _ in attempts(5, say, f"port {port}"):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as latest:
                error = latest
            else:
                return
    raise StackError(
        f"Port {port} is not free ({error.strerror if error else ''}): end the program that uses "
        f"it, or choose another port, for example `PORT={port + 1} make run`."
    )


@contextmanager
def _locked(home: Home, port: int, say: Callable[[str], None]) -> Iterator[int]:
    """Hold the home for this process and its supervisor; yield the lock's file descriptor."""
    lock = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        for _ in attempts(60, say, "the previous run, which was killed, to stop"):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _refuse_second_copy(home, os.pread(lock, 200, 0))
        else:
            raise StackError(
                f"What a killed run left in {home.root} does not stop: end the process in "
                f"{home.run / 'supervisor.pid'} and start again."
            )
        os.ftruncate(lock, 0)
        this = psutil.Process()
        holder = {"process": this.pid, "since": this.create_time(), "port": port}
        os.pwrite(lock, json.dumps(holder).encode(), 0)
        yield lock
    finally:
        os.close(lock)


def _refuse_second_copy(home: Home, holder: bytes) -> None:
    """Raise StackError if the process that wrote itself into the lock lives."""
    try:
        other = json.loads(holder)
        process = psutil.Process(other["process"])
        if process.status() == psutil.STATUS_ZOMBIE or process.create_time() != other["since"]:
            return
    except (ValueError, KeyError, psutil.NoSuchProcess):
        return
    raise StackError(
        f"The desk in {home.root} is already running at {_address(other['port'])} (process "
        f"{other['process']}): use that one, or set COPYDESK_HOME and PORT for a second desk."
    )


@contextmanager
def _asked_to_stop() -> Iterator[None]:
    """Turn the first request to stop into StopAskedError, and let no further one disturb it."""
    asked = False

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise StopAskedError

    before = {number: signal.signal(number, stop) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", LOGIN_PAGE)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def welcome(port: int, kept: Secrets | None) -> str:
    """Return the last line of a start: the address, and the demo logins where there are any."""
    if kept is None:
        return f"Copydesk is at {_address(port)}. Ctrl-C stops it."
    people = ", ".join(
        f"{name} / {password}"
        for name, password in (
            ("editor", kept.editor_password),
            ("lead", kept.lead_password),
            ("manager", kept.manager_password),
            ("engineer", kept.engineer_password),
        )
    )
    return f"Copydesk is at {_address(port)}: log in as {people}. Ctrl-C stops it."
