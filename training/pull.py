#!/usr/bin/env python3
"""Pull a dataset from a Copydesk to a folder: whole, checked, and resumed where it was cut.

    export COPYDESK_TOKEN=desk_…        # a token with the scope datasets:read
    python pull.py https://desk.example music-sft 3 data/music-sft-3
    python pull.py https://desk.example music-sft newest data        # makes data/music-sft-3
    python pull.py https://desk.example music-sft 3 data --only 'sft/*.jsonl'

Needs Python 3.9 and nothing else. A file appears under its name only when its length, its sha256
and its number of rows are those of the manifest; until then it is `.NAME….part` beside it, and a
second call goes on from there. `manifest.json` comes last: where it is, everything asked for is.
"""

from __future__ import annotations

import argparse
import fcntl
import fnmatch
import glob
import gzip
import hashlib
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal

MANIFEST = "manifest.json"
NEWEST = "newest"
CHUNK_BYTES = 1024 * 1024
# Without a single byte for so long, a connection is taken for dead.
TIMEOUT_S = 60.0
# Attempts that bring nothing, one after another, before giving up. A byte more than there ever was
# begins the count anew. They wait 0, 1, 2, 4 … seconds, at most thirty.
MOST_FRUITLESS = 8
LONGEST_REST_S = 30.0
# Statuses that another attempt may not meet.
PASSING = frozenset({408, 429, 500, 502, 503, 504})
_SHA256 = re.compile(r"[0-9a-f]{64}")
# What a header can hold. A token that was read from a file often ends with the end of its line.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class PullError(Exception):
    """The dataset cannot be had as asked; the message is a sentence for people."""


class _CutError(Exception):
    """The connection ended before the body did; another attempt goes on from there."""


class _MisfitError(_CutError):
    """What has come so far belongs to another file."""


class _TakenError(Exception):
    """Another program has brought the file meanwhile, and given it its name."""


@dataclass(frozen=True)
class DatasetFile:
    """One file, as the manifest describes it."""

    path: str
    bytes: int
    sha256: str
    rows: int | None


def pull(
    desk: str,
    name: str,
    version: str,
    folder: Path,
    token: str,
    only: tuple[str, ...] = (),
    rest_s: float = 1.0,
) -> Path:
    """Bring a dataset's files, or those whose paths fit one of `only`, to `folder`.

    Returns the folder that holds them: `folder` itself, or NAME-VERSION in it where the newest
    version was asked for. What is there already and right is not brought again. `rest_s` is the
    first pause in seconds after an attempt that brought nothing. Raises PullError.
    """
    client = _Client(desk, token, rest_s)
    if version == NEWEST:
        version = client.newest_version(name)
        folder = folder / f"{name}-{version}"
    described, files = client.manifest(name, version)
    chosen = _chosen(files, only)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in chosen:
            _bring(client, name, version, file, folder)
        _write_whole(folder / MANIFEST, described)
    except OSError as error:
        raise PullError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    return folder


def _chosen(files: list[DatasetFile], only: tuple[str, ...]) -> list[DatasetFile]:
    chosen = [
        file
        for file in files
        if not only or any(fnmatch.fnmatch(file.path, pattern) for pattern in only)
    ]
    if not chosen:
        there = ", ".join(file.path for file in files) or "none"
        raise PullError(f"No file of the dataset fits {' or '.join(only)}; there are: {there}.")
    return chosen


# --- One file ------------------------------------------------------------------------------------


def _bring(client: _Client, name: str, version: str, file: DatasetFile, folder: Path) -> None:
    target = folder / file.path
    if target.is_file() and target.stat().st_size == file.bytes and _sha256(target) == file.sha256:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # By its checksum, so that it is never continued with the rest of another file.
    part = target.with_name(f".{target.name}.{file.sha256[:12]}.part")
    try:
        with _alone(part) as opened:
            client.download(name, version, file, opened)
            _check(file, opened)
            os.fsync(opened.fileno())
            os.replace(part, target)
    except _TakenError:
        _bring(client, name, version, file, folder)
        return
    for of_another in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        _remove(of_another)
    _sync_folder(target.parent)


def _remove(part: Path) -> None:
    """Remove what has come of a file, unless another program is writing it."""
    with suppress(PullError, _TakenError, FileNotFoundError), _alone(part, "rb"):
        part.unlink()


@contextmanager
def _alone(part: Path, mode: Literal["a+b", "rb"] = "a+b") -> Iterator[BinaryIO]:
    """Open the part for reading and appending, for this process alone.

    Raises PullError, and _TakenError where another program has just ended with it.
    """
    with open(part, mode) as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PullError(f"Another program is writing {part}; wait for it to end.") from None
        # Between opening and locking, the part may have become the file: that one is not written.
        if not _is_still(part, opened):
            raise _TakenError
        yield opened


def _is_still(part: Path, opened: BinaryIO) -> bool:
    """Whether what is opened lies at this path."""
    try:
        return os.path.samestat(os.fstat(opened.fileno()), part.stat())
    except FileNotFoundError:
        return False


def _check(file: DatasetFile, opened: BinaryIO) -> None:
    """Refuse what is not what the manifest says, and throw it away. Raises PullError."""
    opened.seek(0)
    digest = hashlib.sha256()
    for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""):
        digest.update(chunk)
    if digest.hexdigest() != file.sha256:
        opened.truncate(0)
        raise PullError(
            f"{file.path} came with the sha256 {digest.hexdigest()}, and the manifest says "
            f"{file.sha256}. It was thrown away; pull again, and ask the desk's people if it "
            "stays wrong."
        )
    try:
        rows = _rows(file.path, opened)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        opened.truncate(0)
        raise PullError(f"{file.path} cannot be unpacked ({error}).") from error
    if rows is not None and file.rows is not None and rows != file.rows:
        opened.truncate(0)
        raise PullError(f"{file.path} has {rows} rows, and the manifest says {file.rows}.")


def _rows(path: str, opened: BinaryIO) -> int | None:
    """Count the rows of a file of lines; None where it takes a library to count them."""
    opened.seek(0)
    if path.endswith(".jsonl"):
        return _lines(opened)
    if path.endswith(".jsonl.gz"):
        with gzip.open(opened) as unpacked:
            return _lines(unpacked)
    return None


def _lines(opened: Any) -> int:
    return sum(chunk.count(b"\n") for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        for chunk in iter(lambda: opened.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _write_whole(target: Path, content: bytes) -> None:
    # Of a name of its own: two programs that end at once do not take each other's away.
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# --- The desk ------------------------------------------------------------------------------------


class _Client:
    def __init__(self, desk: str, token: str, rest_s: float) -> None:
        if not _is_address(desk):
            raise PullError(f"{desk} is no address of a desk; one begins with https://.")
        self._root = f"{desk.rstrip('/')}/api/v1/datasets/"
        self._token = token.strip()
        if not _TOKEN.fullmatch(self._token):
            raise PullError("This is no token: it has characters that no token has.")
        self._rest_s = rest_s
        self._opener = urllib.request.build_opener(_Redirects)

    def newest_version(self, name: str) -> str:
        """Ask which version of the dataset is the newest. Raises PullError."""
        body = self._read(f"{_quoted(name)}/")
        try:
            return str(int(json.loads(body)["newest"]))
        except (ValueError, KeyError, TypeError) as error:
            raise PullError(f"At {self._root} something answers that is no desk.") from error

    def manifest(self, name: str, version: str) -> tuple[bytes, list[DatasetFile]]:
        """Return the manifest as it was sent, and its files. Raises PullError."""
        described = self._read(f"{_quoted(name)}/{_quoted(version)}/files/{MANIFEST}")
        try:
            listed = json.loads(described)["files"]
            files = [_described(each) for each in listed]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PullError(
                f"What the desk sent is no manifest that this program can read ({error!r})."
            ) from error
        return described, files

    def download(self, name: str, version: str, file: DatasetFile, opened: BinaryIO) -> None:
        """Append to `opened` what it lacks of the file. Raises PullError."""
        address = f"{_quoted(name)}/{_quoted(version)}/files/{_quoted(file.path)}"
        fruitless, furthest = 0, opened.seek(0, os.SEEK_END)
        while True:
            have = opened.seek(0, os.SEEK_END)
            if have > file.bytes:
                opened.truncate(0)
                have = 0
            if have == file.bytes:
                return
            try:
                self._append(address, file, opened, have)
            except _CutError as cut:
                if isinstance(cut, _MisfitError):
                    opened.truncate(0)
                came_to = opened.seek(0, os.SEEK_END)
                fruitless = 0 if came_to > furthest else fruitless + 1
                furthest = max(furthest, came_to)
                if fruitless == MOST_FRUITLESS:
                    raise PullError(
                        f"{file.path} cannot be had: {cut} {MOST_FRUITLESS} attempts brought "
                        "nothing. What there is was kept; pull again to go on from there."
                    ) from cut
                self._rest(fruitless)

    def _append(self, address: str, file: DatasetFile, opened: BinaryIO, have: int) -> None:
        """Make one request for the rest of the file. Raises _CutError, with what came kept."""
        headers = {"Range": f"bytes={have}-", "If-Range": f'"{file.sha256}"'} if have else {}
        with self._open(address, headers) as answer:
            if have and not _begins_at(answer, have):
                # The whole file comes: the desk has another one by this name, or counts no ranges.
                # What is here belongs to nothing.
                opened.truncate(0)
            came_to = opened.seek(0, os.SEEK_END)
            for chunk in _chunks(answer):
                came_to += len(chunk)
                if came_to > file.bytes:
                    opened.truncate(0)
                    raise PullError(
                        f"{file.path} is longer than the {file.bytes} bytes that the manifest "
                        "says. It was thrown away; ask the desk's people."
                    )
                opened.write(chunk)
                opened.flush()
        if came_to < file.bytes:
            raise _CutError("The body ended too early.")

    def _read(self, path: str) -> bytes:
        fruitless = 0
        while True:
            try:
                with self._open(path, {}) as answer:
                    body = b"".join(_chunks(answer))
                if str(len(body)) != answer.headers.get("Content-Length", str(len(body))):
                    raise _CutError("The body ended too early.")
            except _CutError as cut:
                fruitless += 1
                if fruitless == MOST_FRUITLESS:
                    raise PullError(f"The desk at {self._root} cannot be reached. {cut}") from cut
                self._rest(fruitless)
            else:
                return body

    def _open(self, path: str, headers: dict[str, str]) -> Any:
        """Ask the desk. Raises PullError where it refuses, _CutError where it may not next time."""
        request = urllib.request.Request(
            self._root + path,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept-Encoding": "identity",
                **headers,
            },
        )
        try:
            return self._opener.open(request, timeout=TIMEOUT_S)
        except urllib.error.HTTPError as error:
            with error:
                said = _said(error)
            if error.code == 416:
                # The file there is shorter than what is here: nothing of it fits.
                raise _MisfitError(said) from error
            if error.code in PASSING:
                raise _CutError(f"The desk answered {error.code}: {said}") from error
            if error.code == 401:
                raise PullError(f"The desk does not take the token: {said}") from error
            raise PullError(f"The desk refused ({error.code}): {said}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _CutError(f"The connection broke ({_why(error)}).") from error

    def _rest(self, fruitless: int) -> None:
        if fruitless:
            time.sleep(min(self._rest_s * 2 ** (fruitless - 1), LONGEST_REST_S))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow the desk to where its files lie, and leave the token at home.

    Another server's address is signed itself, a second proof would make it refuse; and it knows
    nothing of our checksums, so that If-Range would make it send everything again.
    """

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.remove_header("Authorization")
            following.remove_header("If-range")
        return following


def _chunks(answer: Any) -> Iterator[bytes]:
    """Read the body. Raises _CutError; what is written to the disk fails by its own name."""
    while True:
        try:
            chunk = answer.read(CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise _CutError(f"The connection broke ({_why(error)}).") from error
        if not chunk:
            return
        yield chunk


def _origin(address: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(address)
    return parts.scheme, parts.netloc


def _begins_at(answer: Any, have: int) -> bool:
    """Whether the answer is the part of the file from `have` on."""
    sent = str(answer.headers.get("Content-Range", ""))
    return answer.status == 206 and sent.startswith(f"bytes {have}-")


def _said(error: urllib.error.HTTPError) -> str:
    """Return the sentence of a refusal: the desk's own, where it gave one."""
    try:
        return str(json.loads(error.read(CHUNK_BYTES))["detail"])
    except (ValueError, KeyError, TypeError, OSError, http.client.HTTPException):
        return f"{error.reason}."


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).rstrip(".") or type(error).__name__


def _quoted(part: str) -> str:
    return urllib.parse.quote(part)


def _is_address(desk: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(desk)
        _port = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _described(said: dict[str, Any]) -> DatasetFile:
    """Read what the manifest says of a file. Raises ValueError, KeyError, TypeError."""
    size, sha256 = int(said["bytes"]), str(said["sha256"])
    if size < 0 or not _SHA256.fullmatch(sha256):
        raise ValueError(f"{said['path']!r} has no length or no checksum")
    return DatasetFile(_inside(said["path"]), size, sha256, said.get("rows"))


def _inside(path: str) -> str:
    """Return the path of a file of the manifest. Raises ValueError where it leads elsewhere."""
    pure = PurePosixPath(path)
    if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in path or "\0" in path:
        raise ValueError(f"{path!r} leads out of the folder")
    return str(pure)


# --- The command ---------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Pull as the command line says; return the exit status."""
    about = argparse.ArgumentParser(
        description="Pull a dataset from a Copydesk: checked, and resumed where it was cut.",
        epilog="The token, with the scope datasets:read, is read from COPYDESK_TOKEN.",
    )
    about.add_argument("desk", help="the desk's address: https://desk.example")
    about.add_argument("name", help="the dataset's name")
    about.add_argument("version", help=f'its number, or "{NEWEST}"')
    about.add_argument("folder", type=Path, help="where its files go")
    about.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only files whose path fits, as in a shell; may be given more than once",
    )
    asked = about.parse_args(arguments)
    token = os.environ.get("COPYDESK_TOKEN", "")
    try:
        if not token:
            raise PullError("Set COPYDESK_TOKEN to a token with the scope datasets:read.")
        folder = pull(asked.desk, asked.name, asked.version, asked.folder, token, tuple(asked.only))
    except PullError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; pull again to go on from there.\n")
        return 130
    for warning in _warnings(folder):
        sys.stderr.write(f"Warning: {warning}\n")
    sys.stdout.write(f"{folder}\n")
    return 0


def _warnings(folder: Path) -> list[str]:
    """Return what the desk warns of in the manifest: a split that is smaller than was asked for."""
    said = json.loads((folder / MANIFEST).read_bytes()).get("warnings", [])
    return [each for each in said if isinstance(each, str)] if isinstance(said, list) else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
