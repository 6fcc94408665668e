"""Files of rows: JSONL, JSONL.gz and Parquet, each the same bytes for the same rows.

A row is written to JSON once; every kind of file is made from that.
"""

import gzip
import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from feedback.formats import Kind

_BUFFER: Final = 1 << 20
# So much at most waits to be brought to the disk, so that nobody waits long for it at the end.
_MOST_UNSYNCED: Final = 64 << 20
_COMPRESSION_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class Written:
    """A file that is on the disk, whole."""

    rows: int
    bytes: int
    sha256: str


class RowFile(Protocol):
    """A file that is being written."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Add rows, each a line of JSON with its end. Raises OSError."""

    def close(self) -> Written:
        """Bring all of it to the disk. Raises OSError."""

    def abandon(self) -> None:
        """Let go of it, whatever state it is in."""


def open_row_file(path: Path, kind: str, columns: Mapping[str, Kind]) -> RowFile:
    """Begin a file of this kind, one of `feedback.formats.FILE_KINDS`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    match kind:
        case "jsonl":
            return _Lines(path)
        case "jsonl.gz":
            return _GzipLines(path)
        case "parquet":
            # Arrow takes 60 MB, which only a worker that writes such a file is to spend.
            from feedback.services.datasets.parquet_files import ParquetFile

            return ParquetFile(path, columns)
    raise ValueError(f"There is no kind of file {kind}.")


class HashedFile:
    """A new file whose bytes are hashed on their way, as a writer of other formats sees it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=_BUFFER)
        self._sha256 = hashlib.sha256()
        self._bytes = 0
        self._synced = 0

    def write(self, content: Any) -> int:
        """Add bytes and return how many they were. Raises OSError."""
        view = memoryview(content)
        self._sha256.update(view)
        self._bytes += view.nbytes
        self._file.write(view)
        if self._bytes - self._synced >= _MOST_UNSYNCED:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._synced = self._bytes
        return view.nbytes

    def flush(self) -> None:
        """Hand what waits to the system. Raises OSError."""
        self._file.flush()

    def tell(self) -> int:
        """Return how many bytes there are."""
        return self._bytes

    @property
    def closed(self) -> bool:
        """Whether nothing more can be written."""
        return self._file.closed

    def close_whole(self, rows: int) -> Written:
        """Bring all of it to the disk. Raises OSError."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Written(rows, self._bytes, self._sha256.hexdigest())

    def abandon(self) -> None:
        """Let go of it, whatever state it is in."""
        with suppress(OSError):  # what is still to be written may have no room, as is known by now
            self._file.close()


class _Lines:
    """Hashed and written by a thread of its own, while the next lines are made."""

    def __init__(self, path: Path) -> None:
        self._file = HashedFile(path)
        self._beside = ThreadPoolExecutor(1)
        self._last: Future[int] | None = None
        self._rows = 0

    def write(self, lines: Sequence[bytes]) -> None:
        self._wait()
        self._last = self._beside.submit(self._file.write, b"".join(lines))
        self._rows += len(lines)

    def close(self) -> Written:
        self._wait()
        self._beside.shutdown()
        return self._file.close_whole(self._rows)

    def abandon(self) -> None:
        self._beside.shutdown()
        self._file.abandon()

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()


class _GzipLines:
    def __init__(self, path: Path) -> None:
        self._file = HashedFile(path)
        # Without a name and a time in its head: the same rows are the same bytes.
        self._packed = gzip.GzipFile(
            "",
            "wb",
            _COMPRESSION_LEVEL,
            self._file,
            mtime=0,
        )
        self._rows = 0

    def write(self, lines: Sequence[bytes]) -> None:
        self._packed.write(b"".join(lines))
        self._rows += len(lines)

    def close(self) -> Written:
        self._packed.close()
        return self._file.close_whole(self._rows)

    def abandon(self) -> None:
        self._file.abandon()
