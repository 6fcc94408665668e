"""Builders of datasets that can be killed: imports everything once, then forks one at each line.

    python -m tests.faults.building_children FOLDER [--without-workshop]

reads lines of JSON, `{"dataset": 3}`, and answers each with the process id of a child that builds
this dataset into FOLDER. With `"dies_at": 2` the child kills itself when it is about to force
something to the disk for the second time, with `"stops_at"` it freezes there, and with
`"most_bytes"` no file of it may grow longer, as on a disk that is full. Without the workshop files
are written where they are read: the control, which shows that the test would notice.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Fork builders until the input ends."""
    import django

    django.setup()
    from django.conf import settings

    folder = Path(sys.argv[1])
    settings.STORAGES["datasets"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    from feedback.services.datasets import storage
    from feedback.services.datasets.building import build_dataset

    if "--without-workshop" in sys.argv:

        def open_place(dataset: Any) -> Path:
            place = folder / storage.address(dataset, "")
            place.mkdir(parents=True)
            return place

        unprotected: Any = storage
        unprotected.open_workshop = open_place
        unprotected.put_in_place = lambda *_arguments, **_named: None

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        asked = json.loads(line)
        process_id = os.fork()
        if not process_id:
            try:
                _interrupted(asked.get("dies_at"), signal.SIGKILL)
                _interrupted(asked.get("stops_at"), signal.SIGSTOP)
                if most_bytes := asked.get("most_bytes"):
                    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
                build_dataset(asked["dataset"])
            finally:
                os._exit(0)
        print(process_id, flush=True)


def _interrupted(at: int | None, by: signal.Signals) -> None:
    """Let this process get a signal when it forces something to the disk for the `at`-th time."""
    if at is None:
        return
    system: Any = os
    fsync, turns = system.fsync, iter(range(1, at + 1))

    def interrupted(handle: Any) -> None:
        if next(turns, None) == at:
            os.kill(os.getpid(), by)
        fsync(handle)

    system.fsync = interrupted


if __name__ == "__main__":
    main()
