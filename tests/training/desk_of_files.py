"""A small HTTP server that hands out one dataset as the desk does, and misbehaves as it is told."""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

TOKEN: Final = "desk_of_a_test"
REFUSAL: Final = "This token is unknown, revoked or expired."


def sha256(content: bytes) -> str:
    """The checksum as a manifest has it."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class DeskOfFiles:
    """What it serves, and how it misbehaves."""

    files: dict[str, bytes]
    claims: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the manifest says of a file instead of the truth."""
    cut_after: Callable[[], int | None] = lambda: None
    """How many bytes of the next body go out before the connection breaks; None is all."""
    warnings: object = ()
    """What the manifest warns of."""
    counts_ranges: bool = True
    status: Callable[[], int | None] = lambda: None
    """With which error the next request for a file is answered."""
    redirects_to: str = ""
    newest: object = 3
    """What it calls the newest version."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def manifest(self) -> bytes:
        """The manifest, as bytes."""
        described = [
            {
                "path": path,
                "bytes": len(content),
                "sha256": sha256(content),
                "rows": content.count(b"\n") if path.endswith(".jsonl") else None,
                **self.claims.get(path, {}),
            }
            for path, content in self.files.items()
        ]
        manifest = {"schema_version": 1, "warnings": self.warnings, "files": described}
        return json.dumps(manifest).encode()

    def ranges_asked(self) -> list[str]:
        """The Range of each request that had one."""
        return [headers["Range"] for _path, headers in self.requests if "Range" in headers]


@contextmanager
def serving(desk: DeskOfFiles) -> Iterator[DeskOfFiles]:
    """Serve on a port of its own until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"desk": desk}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    desk.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    desk: DeskOfFiles

    def do_GET(self) -> None:
        self.desk.requests.append((self.path, dict(self.headers)))
        if self.path.startswith("/elsewhere/"):
            return self._send_file(self.path.removeprefix("/elsewhere/"))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._answer(401, {"detail": REFUSAL})
        if self.path == "/api/v1/datasets/lines/":
            return self._answer(200, {"name": "lines", "newest": self.desk.newest})
        path = self.path.removeprefix("/api/v1/datasets/lines/3/files/")
        if path == "manifest.json":
            return self._send(200, self.desk.manifest(), {})
        if path not in self.desk.files:
            return self._answer(404, {"detail": "There is no such file."})
        if status := self.desk.status():
            return self._answer(status, {"detail": "Just now it does not work."})
        if self.desk.redirects_to:
            return self._send(302, b"", {"Location": f"{self.desk.redirects_to}/elsewhere/{path}"})
        return self._send_file(path)

    def _send_file(self, path: str) -> None:
        content = self.desk.files[path]
        etag = f'"{sha256(content)}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.desk.counts_ranges and self.headers.get("If-Range", etag) == etag:
            start = int(asked[1])
            if start >= len(content):
                return self._answer(416, {"detail": "There is nothing there."})
            span = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return self._send(206, content[start:], {"ETag": etag, "Content-Range": span})
        return self._send(200, content, {"ETag": etag})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = self.desk.cut_after() if status in {200, 206} and "ETag" in headers else None
        self.wfile.write(body if cut is None else body[:cut])

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
