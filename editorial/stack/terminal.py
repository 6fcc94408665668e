"""What the person at the terminal sees: every line with the name of who says it."""

import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

WIDTH = 8
COLOURS = {
    "desk": "1",
    "database": "34",
    "broker": "35",
    "model": "36",
    "web": "32",
    "worker": "33",
    "drafting": "93",
    "datasets": "36;1",
    "beat": "90",
}


class Terminal:
    """Writes labelled lines; coloured where a person is watching."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._is_there = True
        self._lock = threading.Lock()

    def say(self, line: str, who: str = "desk") -> None:
        """Write `line`, said by `who`. A terminal that is gone is no reason to stop."""
        label = f"{who:>{WIDTH}} |"
        if self._coloured:
            label = f"\033[{COLOURS.get(who, '0')}m{label}\033[0m"
        with self._lock:
            if not self._is_there:
                return
            try:
                sys.stdout.write(f"{label} {line}\n")
                sys.stdout.flush()
            except OSError:
                self._is_there = False


class LogFollower:
    """Copies what is new in log files to the terminal, also across rotation."""

    def __init__(self, terminal: Terminal, folder: Path, names: Iterable[str]) -> None:
        self._terminal = terminal
        self._logs = [_Log(name, folder / f"{name}.log") for name in names]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """Follow from what the logs hold now."""
        self._thread.start()

    def stop(self) -> None:
        """Show what is left and end."""
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._ended.wait(0.2):
            self._show()
        self._show()

    def _show(self) -> None:
        for log in self._logs:
            for line in log.new_lines():
                self._terminal.say(line, log.name)


class _Log:
    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path
        self._begun = b""
        self._seen = self._state()

    def new_lines(self) -> list[str]:
        inode, end = self._state()
        seen_inode, offset = self._seen
        if inode != seen_inode or end < offset:
            offset = 0
        if end == offset:
            return []
        try:
            with open(self._path, "rb") as file:
                file.seek(offset)
                added = file.read(end - offset)
        except OSError:
            return []
        self._seen = (inode, offset + len(added))
        *lines, self._begun = (self._begun + added).split(b"\n")
        return [line.decode(errors="replace").rstrip() for line in lines if line.strip()]

    def _state(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except OSError:
            return 0, 0
        return status.st_ino, status.st_size
