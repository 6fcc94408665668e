"""The supervisor: it restarts what dies, and stops everything when the desk goes.

supervisord runs beside the desk's own process, listens on a private Unix socket only, and starts
a part when it is told to, so that the order of a start is decided in one place (`desk`).
"""

import http.client
import os
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Sequence
from configparser import RawConfigParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from editorial.stack.errors import StackError
from editorial.stack.home import CHECKOUT, Home
from editorial.stack.launch import LAUNCHED
from editorial.stack.processes import launched

LOG_BYTES = 5_000_000
OLD_LOGS = 3

# Groups stop one after the other, the last one first: the database must outlive its clients.
GROUPS = ("database", "broker", "desk")

# Everything that can be raised while supervisord starts, stops or is gone.
UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.Error)


@dataclass(frozen=True)
class Part:
    """One supervised process."""

    name: str
    command: Sequence[str]
    group: str = "desk"
    stop_signal: str = "TERM"
    seconds_to_stop: int = 3


class Supervisor:
    """supervisord for the parts of one home."""

    def __init__(self, home: Home, parts: Sequence[Part]) -> None:
        self._home = home
        self._parts = {part.name: part for part in parts}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, lock: int) -> None:
        """Start supervisord without any part.

        It keeps the file descriptor `lock` open, so that the home stays locked until the last
        part has stopped, even if this process is killed. Raises StackError when it does not start.
        """
        configuration = self._home.run / "supervisor.conf"
        with open(configuration, "w", opener=_private_opener) as file:
            self._configuration().write(file)
        log = self._home.logs / "supervisor-start.log"
        with open(log, "wb") as output:
            self._process = subprocess.Popen(
                launched(
                    [sys.executable, "-m", "supervisor.supervisord", "-c", configuration],
                    when_orphaned="TERM",
                ),
                cwd=CHECKOUT,
                # Parts start in the checkout, where a relative COPYDESK_HOME would mean another.
                env={
                    **os.environ,
                    "COPYDESK_HOME": str(self._home.root),
                    "PYTHONUNBUFFERED": "1",
                    LAUNCHED: str(os.getpid()),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the desk's own process, which then stops the parts in order.
                start_new_session=True,
                pass_fds=[lock],
            )
        for _ in range(100):
            try:
                self._call("getState")
            except UNREACHABLE:
                if not self.is_running():
                    break
                time.sleep(0.05)
            else:
                return
        raise StackError(f"The supervisor does not start; {log} says why.")

    def is_running(self) -> bool:
        """Say whether supervisord itself lives."""
        return self._process is not None and self._process.poll() is None

    def start_part(self, name: str) -> None:
        """Start a part and return at once; one that already runs is left alone."""
        try:
            self._call("startProcess", self._full_name(name), False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise StackError(f"Cannot start {name}: {fault.faultString}") from fault
        except UNREACHABLE as error:
            raise StackError(f"The supervisor does not answer: {error}") from error

    def may_come_up(self, name: str) -> bool:
        """Say whether a part runs or is about to: not after it has failed again and again."""
        return self.states().get(name) in {"STARTING", "RUNNING", "BACKOFF"}

    def states(self) -> dict[str, str]:
        """Return each part's state in supervisord's words; nothing if supervisord is gone."""
        try:
            return {info["name"]: info["statename"] for info in self._call("getAllProcessInfo")}
        except UNREACHABLE:
            return {}

    def process_ids(self) -> dict[str, int]:
        """Return the process number of each part that runs."""
        try:
            return {
                info["name"]: info["pid"] for info in self._call("getAllProcessInfo") if info["pid"]
            }
        except UNREACHABLE:
            return {}

    def stop(self) -> None:
        """Stop all parts in order, then supervisord: about 9 s at worst, seldom more than 3."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=9.5)
        except subprocess.TimeoutExpired:
            # The kernel then ends the parts: each was launched to go with its parent.
            self._process.kill()
            self._process.wait()

    def _full_name(self, name: str) -> str:
        return f"{self._parts[name].group}:{name}"

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._home.supervisor_socket}")
        try:
            server = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
            return getattr(server.supervisor, method)(*arguments)
        finally:
            transport.close()

    def _configuration(self) -> RawConfigParser:
        run = self._home.run
        sections: dict[str, dict[str, object]] = {
            "supervisord": {
                "nodaemon": "true",
                "silent": "true",
                "umask": "077",
                "directory": CHECKOUT,
                "pidfile": run / "supervisor.pid",
                "logfile": self._home.logs / "supervisor.log",
                "logfile_maxbytes": LOG_BYTES,
                "logfile_backups": OLD_LOGS,
                "childlogdir": self._home.logs,
            },
            "unix_http_server": {"file": self._home.supervisor_socket, "chmod": "0600"},
            "rpcinterface:supervisor": {
                "supervisor.rpcinterface_factory": (
                    "supervisor.rpcinterface:make_main_rpcinterface"
                ),
            },
        }
        for place, group in enumerate(GROUPS):
            members = [part for part in self._parts.values() if part.group == group]
            if not members:
                continue
            sections[f"group:{group}"] = {
                "programs": ",".join(part.name for part in members),
                "priority": place,
            }
            sections |= {f"program:{part.name}": self._program(part) for part in members}
        if os.geteuid() == 0:
            # Said aloud, or supervisord warns at every start.
            sections["supervisord"]["user"] = "root"
        configuration = RawConfigParser()
        configuration.read_dict(
            {
                # supervisord expands %(…)s in every value.
                name: {key: str(value).replace("%", "%%") for key, value in section.items()}
                for name, section in sections.items()
            }
        )
        return configuration

    def _program(self, part: Part) -> dict[str, object]:
        return {
            "command": shlex.join(part.command),
            "autostart": "false",
            "autorestart": "true",
            "startretries": 3,
            "stopsignal": part.stop_signal,
            "stopwaitsecs": part.seconds_to_stop,
            "killasgroup": "true",
            "redirect_stderr": "true",
            "stdout_logfile": self._home.logs / f"{part.name}.log",
            "stdout_logfile_maxbytes": LOG_BYTES,
            "stdout_logfile_backups": OLD_LOGS,
        }


def _private_opener(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def last_lines(log: Path, count: int = 3) -> list[str]:
    """Return the last lines of a log, for a sentence that says why a part did not start."""
    try:
        return log.read_text(errors="replace").strip().splitlines()[-count:]
    except OSError:
        return []
