"""The one folder that holds everything the desk keeps."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from editorial.stack.errors import StackError

CHECKOUT = Path(__file__).resolve().parent.parent.parent

# A fresh database takes about 60 MB; the rest is room for logs and a first day's work.
MINIMUM_FREE_MB = 300

# The kernel keeps the address of a Unix socket in 108 bytes, the last one a NUL.
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True)
class Home:
    """Where things lie below COPYDESK_HOME."""

    root: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Home":
        """Return the home that COPYDESK_HOME names, or `.copydesk` in the checkout."""
        named = environment.get("COPYDESK_HOME", "")
        return cls(Path(named).expanduser().absolute() if named else CHECKOUT / ".copydesk")

    @property
    def secrets(self) -> Path:
        return self.root / "secrets.json"

    @property
    def database(self) -> Path:
        """Belongs to the user that PostgreSQL runs as; holds its data and its socket."""
        return self.root / "database"

    @property
    def database_socket(self) -> Path:
        return self.database / ".s.PGSQL.5432"

    @property
    def logs(self) -> Path:
        return self.root / "log"

    @property
    def run(self) -> Path:
        """What only matters while the desk runs: sockets, the lock, the supervisor's files."""
        return self.root / "run"

    @property
    def broker_socket(self) -> Path:
        return self.run / "broker.sock"

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"

    @property
    def lock(self) -> Path:
        return self.run / "lock"

    @property
    def ports(self) -> Path:
        return self.run / "ports.json"

    def prepare(self) -> None:
        """Make the folders and check that the desk can live here.

        Raises StackError when the path is too long for sockets, cannot be written to, or has
        less than MINIMUM_FREE_MB free.
        """
        self._refuse_long_path()
        try:
            make_private_folder(self.root)
            for folder in (self.run, self.logs):
                make_private_folder(folder)
                probe = folder / ".can-write"
                probe.touch()
                probe.unlink()
        except OSError as error:
            raise StackError(
                f"Cannot write to {self.root} ({error.strerror}): make it yours, make room, "
                "or set COPYDESK_HOME to another folder."
            ) from error
        free_mb = shutil.disk_usage(self.root).free // 1_000_000
        if free_mb < MINIMUM_FREE_MB:
            raise StackError(
                f"The disk that holds {self.root} has {free_mb} MB free and the desk needs "
                f"{MINIMUM_FREE_MB}: make room or set COPYDESK_HOME to another disk."
            )

    def _refuse_long_path(self) -> None:
        longest = max(
            len(os.fsencode(path))
            for path in (self.database_socket, self.broker_socket, self.supervisor_socket)
        )
        if longest > LONGEST_SOCKET_PATH:
            room = LONGEST_SOCKET_PATH - (longest - len(os.fsencode(self.root)))
            raise StackError(
                f"The path {self.root} is too long for the sockets in it: set COPYDESK_HOME to "
                f"a folder whose path has at most {room} bytes."
            )


def make_private_folder(folder: Path) -> None:
    """Make `folder` for this user alone; one that is there already keeps its permissions.

    As root others may pass through (not list) it, because the database, which refuses to run as
    root, lies below it. Raises OSError.
    """
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
