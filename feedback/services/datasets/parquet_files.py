"""Files of rows in Parquet, with the types of their format's columns."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.json as arrow_json
import pyarrow.parquet as parquet

from feedback.formats import LISTS, OBJECTS, Kind
from feedback.services.datasets.row_files import HashedFile, Written

# Some megabytes each: what a reader takes at a time, and what a build holds in memory.
ROWS_IN_A_GROUP: Final = 2_000
# Arrow's own allocator keeps what it once had, 50 MB more than is in use.
pa.set_memory_pool(pa.system_memory_pool())

_ONE: Final[Mapping[Kind, pa.DataType]] = {
    "text": pa.string(),
    "number": pa.int64(),
    "truth": pa.bool_(),
}


def arrow_schema(columns: Mapping[str, Kind]) -> pa.Schema:
    """Return the types of a format's columns."""
    return pa.schema([(name, _type(kind)) for name, kind in columns.items()])


def _type(kind: Kind) -> pa.DataType:
    if kind in LISTS:
        of = LISTS[kind]
        return pa.list_(_type(of) if isinstance(of, str) else _struct(of))
    return _struct(OBJECTS[kind]) if kind in OBJECTS else _ONE[kind]


def _struct(names: Mapping[str, Kind]) -> pa.DataType:
    return pa.struct([(name, _type(kind)) for name, kind in names.items()])


class ParquetFile:
    """A `feedback.services.datasets.row_files.RowFile` of groups of one size."""

    def __init__(self, path: Path, columns: Mapping[str, Kind]) -> None:
        self._file = HashedFile(path)
        self._schema = arrow_schema(columns)
        self._writer = parquet.ParquetWriter(
            pa.PythonFile(self._file, "w"),
            self._schema,
            compression="zstd",
            compression_level=3,
            version="2.6",
        )
        self._waiting: list[bytes] = []
        self._rows = 0

    def write(self, lines: Sequence[bytes]) -> None:
        """Add rows, each a line of JSON with its end. Raises OSError."""
        self._waiting += lines
        # Groups of one size, however the rows came.
        while len(self._waiting) >= ROWS_IN_A_GROUP:
            self._write_group(self._waiting[:ROWS_IN_A_GROUP])
            del self._waiting[:ROWS_IN_A_GROUP]

    def close(self) -> Written:
        """Bring all of it to the disk. Raises OSError."""
        if self._waiting:
            self._write_group(self._waiting)
        self._writer.close()
        return self._file.close_whole(self._rows)

    def abandon(self) -> None:
        """Let go of it, whatever state it is in."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._file.abandon()

    def _write_group(self, lines: Sequence[bytes]) -> None:
        self._writer.write_table(_table(b"".join(lines), self._schema), len(lines))
        self._rows += len(lines)


def _table(lines: bytes, schema: pa.Schema) -> pa.Table:
    return arrow_json.read_json(
        pa.BufferReader(lines),
        # One block: of several, each would be a part of the table, and a row may lie across two.
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=arrow_json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="error"
        ),
    )
