"""From the bytes of a delivered file to numbered records, however the file was made.

A file is read once, front to back, and never held: what is kept is one record of at most
`MAX_RECORD_BYTES`. A record that cannot be told apart from its neighbours is refused by the number
of its first line, and reading goes on behind it.
"""

import csv
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

MAX_RECORD_BYTES: Final = 1_000_000
READ_AHEAD_BYTES: Final = 256 * 1024

GZIP_MAGIC: Final = b"\x1f\x8b"
ZIP_MAGIC: Final = b"PK\x03\x04"
UTF8_BOM: Final = b"\xef\xbb\xbf"
WIDE_BOMS: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
CSV_DELIMITERS: Final = (",", ";", "\t")

# A cell may hold a whole item as JSON; the module's own limit is 128 kB, for the whole process.
csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES + 1))


class UnreadableFileError(ValueError):
    """The file, or the rest of it, cannot be read; the message says why, as a sentence."""


class Refusal(NamedTuple):
    """A record that does not go in: its first line, the field at fault, the reason."""

    line: int
    field: str
    reason: str


class JsonRecord(NamedTuple):
    """One line of NDJSON, as it was sent."""

    line: int
    text: bytes


class CsvRecord(NamedTuple):
    """One record of a CSV file: its first line and its cells by column."""

    line: int
    cells: dict[str, str]


class Readable(Protocol):
    """Anything that gives bytes: a file, a pipe, a stored upload."""

    def read(self, size: int, /) -> bytes:
        """Give at most `size` bytes, none at the end."""


class _Reader(Protocol):
    def peek(self, size: int, /) -> bytes: ...
    def read(self, size: int, /) -> bytes: ...
    def readline(self, size: int, /) -> bytes: ...


def records(
    source: Readable, *, max_bytes: int | None = None
) -> Iterator[JsonRecord | CsvRecord | Refusal]:
    """Yield the records of an NDJSON or a CSV file in order; blank lines are passed over.

    gzip is recognised by its first bytes, a byte order mark is dropped, and which of the two
    formats it is shows in the first line. `max_bytes` bounds what the file unpacks to.

    Raises UnreadableFileError, possibly after some records: the file is of another kind, damaged,
    larger than `max_bytes`, or its header names no usable columns.
    """
    reader = _unpacked(source)
    start = reader.peek(READ_AHEAD_BYTES)
    _refuse_other_kinds(start)
    if start.startswith(UTF8_BOM):
        reader.read(len(UTF8_BOM))
        start = start[len(UTF8_BOM) :]
    lines = _lines(reader, max_bytes)
    delimiter = _csv_delimiter(start)
    if delimiter is None:
        yield from _json_records(lines)
    else:
        yield from _csv_records(lines, delimiter)


class _Source(io.RawIOBase):
    """Fills every buffer to the brim, so that what is peeked at is the whole beginning."""

    def __init__(self, source: Readable) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        filled = 0
        while filled < len(buffer):
            chunk = self._source.read(len(buffer) - filled)
            if not chunk:
                break
            buffer[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
        return filled


def _unpacked(source: Readable) -> _Reader:
    packed = io.BufferedReader(_Source(source), READ_AHEAD_BYTES)
    if not packed.peek(2).startswith(GZIP_MAGIC):
        return packed
    try:
        # Without a buffer of our own around it: what was read before the damage would be lost.
        unpacked = gzip.GzipFile(fileobj=packed)
        unpacked.peek(1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(0) from error
    return unpacked


def _damaged(after_line: int) -> UnreadableFileError:
    return UnreadableFileError(f"The gzip file is damaged or cut off after line {after_line}.")


def _refuse_other_kinds(start: bytes) -> None:
    if start.startswith(ZIP_MAGIC):
        raise UnreadableFileError("This is a ZIP archive or a workbook; send NDJSON, CSV or gzip.")
    if start.startswith(WIDE_BOMS):
        raise UnreadableFileError("The file is UTF-16 or UTF-32; save it as UTF-8.")


def _csv_delimiter(start: bytes) -> str | None:
    """The delimiter if the first line is a CSV header, None if the file is NDJSON."""
    first = start.lstrip().split(b"\n", 1)[0].decode(errors="replace")
    if first.startswith(("{", "[")):
        return None
    delimiter = max(CSV_DELIMITERS, key=first.count)
    names = {name.strip().strip('"') for name in first.split(delimiter)}
    return delimiter if names & {"task", "external_id"} else None


class _Line(NamedTuple):
    number: int
    text: bytes | None
    """None if it is longer than a record may be."""


def _lines(reader: _Reader, max_bytes: int | None) -> Iterator[_Line]:
    number = 0
    unpacked_bytes = 0
    try:
        while text := reader.readline(MAX_RECORD_BYTES + 1):
            number += 1
            unpacked_bytes += len(text)
            if len(text) > MAX_RECORD_BYTES and not text.endswith(b"\n"):
                for rest in iter(lambda: reader.readline(READ_AHEAD_BYTES), b""):
                    unpacked_bytes += len(rest)
                    _refuse_too_much(unpacked_bytes, max_bytes)
                    if rest.endswith(b"\n"):
                        break
                yield _Line(number, None)
            else:
                _refuse_too_much(unpacked_bytes, max_bytes)
                yield _Line(number, text)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise _damaged(number) from error


def _refuse_too_much(unpacked_bytes: int, max_bytes: int | None) -> None:
    if max_bytes is not None and unpacked_bytes > max_bytes:
        raise UnreadableFileError(
            f"The file unpacks to more than {max_bytes:,} bytes; send it in parts."
        )


def _too_long(line: int) -> Refusal:
    return Refusal(line, "", f"The line is longer than {MAX_RECORD_BYTES:,} bytes.")


def _json_records(lines: Iterator[_Line]) -> Iterator[JsonRecord | Refusal]:
    for number, text in lines:
        if text is None:
            yield _too_long(number)
        elif not text.isspace():
            yield JsonRecord(number, text)


# CSV ---------------------------------------------------------------------------------------------


class _PutBack:
    """Lines that can be given back, so that a quote that never closes costs one line only."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._again: deque[_Line] = deque()

    def next(self) -> _Line | None:
        return self._again.popleft() if self._again else next(self._lines, None)

    def put_back(self, lines: list[_Line]) -> None:
        self._again.extendleft(reversed(lines))


def _csv_records(lines: Iterator[_Line], delimiter: str) -> Iterator[CsvRecord | Refusal]:
    rest = _PutBack(lines)
    header: list[str] | None = None
    while (first := rest.next()) is not None:
        if first.text is not None and not first.text.strip():
            continue
        row = _csv_row(first, rest, delimiter, len(header) if header else None)
        if header is None:
            header = _header(row)
        elif isinstance(row, Refusal):
            yield row
        else:
            yield CsvRecord(first.number, dict(zip(header, row, strict=True)))


def _header(row: list[str] | Refusal) -> list[str]:
    if isinstance(row, Refusal):
        raise UnreadableFileError(f"The header cannot be read. {row.reason}")
    names = [name.strip() for name in row]
    for name in names:
        if not name:
            raise UnreadableFileError("The header has a column without a name.")
        if names.count(name) > 1:
            raise UnreadableFileError(f"The header names the column “{name[:60]}” twice.")
    return names


def _csv_row(
    first: _Line, rest: _PutBack, delimiter: str, width: int | None
) -> list[str] | Refusal:
    """The cells of the record that begins with `first`; if refused, only that line is used up."""
    if first.text is None:
        return _too_long(first.number)
    if first.text.count(b'"') % 2 == 0:
        return _cells(first.number, first.text, delimiter, width)
    # An odd quote opens a cell that goes on, or it is a stray one such as in 12" single.
    alone = _cells(first.number, first.text, delimiter, width)
    if not isinstance(alone, Refusal):
        return alone
    following, closed = _until_the_quote_closes(first.text, rest)
    if closed:
        whole = b"".join([first.text, *(line.text or b"" for line in following)])
        row = _cells(first.number, whole, delimiter, width)
        if not isinstance(row, Refusal):
            return row
    rest.put_back(following)
    return Refusal(first.number, "", "A quote is opened in this line and not closed as it should.")


def _until_the_quote_closes(opening: bytes, rest: _PutBack) -> tuple[list[_Line], bool]:
    following: list[_Line] = []
    size = len(opening)
    while (line := rest.next()) is not None:
        following.append(line)
        if line.text is None:
            return following, False
        size += len(line.text)
        if size > MAX_RECORD_BYTES:
            return following, False
        if line.text.count(b'"') % 2:
            return following, True
    return following, False


def _cells(number: int, record: bytes, delimiter: str, width: int | None) -> list[str] | Refusal:
    try:
        text = record.decode()
    except UnicodeDecodeError as error:
        return Refusal(number, "", f"The line is not UTF-8 (byte {error.start + 1}).")
    try:
        row = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, strict=True))
    except csv.Error as error:
        return Refusal(number, "", f"The line is not valid CSV: {error}.")
    if width is not None and len(row) != width:
        return Refusal(
            number, "", f"The line has {len(row)} cells where the header has {width} columns."
        )
    return row
