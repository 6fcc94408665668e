"""Starting the embedded parts so that none outlives the process that started it."""

import importlib.util
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from editorial.stack.errors import StackError

LAUNCH = Path(__file__).with_name("launch.py")

# Of what works behind the scenes: an editor at a page comes first.
BEHIND_THE_SCENES = 5


def launched(
    command: Sequence[str | os.PathLike[str]],
    *,
    when_orphaned: str = "KILL",
    niceness: int = 0,
    as_owner_of: Path | None = None,
    reaching: Sequence[Path] = (),
) -> list[str]:
    """Return the command line that becomes `command` by way of `launch.py`, which says more.

    What only holds what it can lose is killed when its parent dies: asked politely, some would wait
    for work under way, or for a terminal that died with the parent.
    """
    line = [sys.executable, "-I", "-S", str(LAUNCH), "--when-orphaned", when_orphaned]
    if niceness:
        line += ["--niceness", str(niceness)]
    if as_owner_of:
        line += ["--as-owner-of", str(as_owner_of)]
    for path in reaching:
        line += ["--reaching", str(path)]
    return [*line, "--", *(os.fspath(part) for part in command)]


def package_folder(name: str) -> Path:
    """Return where the installed package `name` lies, without running any of its code.

    Raises StackError when it is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise StackError(
            f"The package {name} is not installed: run `make install`, "
            "or point the desk at a server of your own."
        )
    return Path(found.submodule_search_locations[0])


def attempts(seconds: float, say: Callable[[str], None], waiting_for: str) -> Iterator[None]:
    """Yield about ten times a second until `seconds` have passed, and say now and then why."""
    begun = time.monotonic()
    said = begun
    while (now := time.monotonic()) < begun + seconds:
        yield
        if now - said >= 3:
            say(f"still waiting for {waiting_for} ({now - begun:.0f} s)")
            said = now
        time.sleep(0.1)
