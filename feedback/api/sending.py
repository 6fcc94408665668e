"""Send a file while the thread that answered the request goes on to the next one.

A thread of gunicorn that sends a file is busy until the reader has all of it: sixteen slow readers
would close the desk. Behind nginx it is nginx that sends. A desk that stands alone takes the
connection out of gunicorn's hands when the head of the answer is out, and one more thread for all
of them hands the kernel what each connection has room for (sendfile, epoll).

What was traded: this knows that gunicorn names the connection in the request, and that it sends
the head before it closes the answer; a test with a real gunicorn holds both. Where there is no such
connection, the file is sent as any other answer is. The connection is not used again afterwards.
"""

import os
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import IO, Any, Final

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

# A reader who takes nothing for so long is gone.
STALLED_S: Final = 60.0
# How long a connection waits for its reader to close it first. Closed at once, with something of
# the reader's unread, it would be reset, and its last bytes lost.
_LINGER_S: Final = 2.0
# Each holds two of the process's file descriptors, of which there are often 1,024.
MOST_AT_ONCE: Final = 400
_AT_ONCE_BYTES: Final = 1024 * 1024
_CHUNK_BYTES: Final = 64 * 1024


class TooManyReaders(Exception):
    """This process sends as many files as it can; another moment is better."""


def send(request: HttpRequest, opened: IO[bytes], offset: int, length: int) -> HttpResponseBase:
    """Return an answer whose body is `length` bytes of the file from `offset` on.

    The file is closed when it is sent, or when it cannot be. Raises TooManyReaders.
    """
    connection = _connection(request)
    if connection is None:
        return StreamingHttpResponse(_read(opened, offset, length))
    if _sender.is_full():
        opened.close()
        raise TooManyReaders
    return _Besides(connection, _Sending(opened, offset, offset + length))


def _connection(request: HttpRequest) -> socket.socket | None:
    """Return the client's connection, where it is one that the kernel can write a file to."""
    connection = request.META.get("gunicorn.socket")
    plain = isinstance(connection, socket.socket) and not isinstance(connection, ssl.SSLSocket)
    first_version = str(request.META.get("SERVER_PROTOCOL", "")).startswith("HTTP/1.")
    return connection if plain and first_version else None


def _read(opened: IO[bytes], offset: int, length: int) -> Iterator[bytes]:
    with opened:
        opened.seek(offset)
        while length > 0 and (chunk := opened.read(min(_CHUNK_BYTES, length))):
            length -= len(chunk)
            yield chunk


@dataclass
class _Sending:
    """One file on its way to one reader."""

    opened: IO[bytes]
    offset: int
    end: int
    moved_at: float = field(default_factory=time.monotonic)
    is_sent: bool = False


class _Besides(StreamingHttpResponse):
    """An answer of which the server sends the head; closing it begins the body."""

    def __init__(self, connection: socket.socket, sending: _Sending) -> None:
        super().__init__(())
        self._connection = connection
        self._sending = sending

    def close(self) -> None:
        """Take the connection out of the server's hands and send the body."""
        super().close()
        try:
            taken = _taken(self._connection)
        except OSError:  # the reader is gone already
            self._sending.opened.close()
            return
        _sender.add(taken, self._sending)


def _taken(connection: socket.socket) -> socket.socket:
    """Return the connection, and leave in its place one whose other end is closed."""
    taken = connection.dup()
    left, gone = socket.socketpair()
    gone.close()
    with left:
        os.dup2(left.fileno(), connection.fileno(), inheritable=False)
    taken.setblocking(False)
    return taken


class _Sender:
    """One thread that sends all files of this process."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a fork copies this object and not its thread."""
        self._lock = Lock()
        self._thread: Thread | None = None
        self._new: deque[tuple[socket.socket, _Sending]] = deque()
        self._count = 0

    def is_full(self) -> bool:
        return self._count >= MOST_AT_ONCE

    def add(self, connection: socket.socket, sending: _Sending) -> None:
        with self._lock:
            self._count += 1
            self._new.append((connection, sending))
            if self._thread is None:
                self._wake, woken = socket.socketpair()
                self._wake.setblocking(False)
                woken.setblocking(False)
                self._thread = Thread(
                    target=self._run, args=(woken,), name="downloads", daemon=True
                )
                self._thread.start()
        with suppress(BlockingIOError):  # it has been woken more often than it could read
            self._wake.send(b"\0")

    def _run(self, woken: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(woken, selectors.EVENT_READ)
            while True:
                for key, _events in selector.select(timeout=1.0):
                    if key.fileobj is woken:
                        self._take_up(woken, selector)
                    else:
                        self._go_on(key, selector)
                self._end_stalled(selector)

    def _take_up(self, woken: socket.socket, selector: selectors.BaseSelector) -> None:
        with suppress(BlockingIOError):
            woken.recv(4096)
        while self._new:
            connection, sending = self._new.popleft()
            selector.register(connection, selectors.EVENT_WRITE, sending)

    def _go_on(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        connection: Any = key.fileobj
        sending: _Sending = key.data
        try:
            if sending.is_sent:
                if connection.recv(_CHUNK_BYTES):
                    return
                self._end(connection, sending, selector)
            else:
                self._send_some(connection, sending, selector)
        except BlockingIOError:
            return
        except OSError:
            self._end(connection, sending, selector)

    def _send_some(
        self, connection: socket.socket, sending: _Sending, selector: selectors.BaseSelector
    ) -> None:
        left = sending.end - sending.offset
        sent = 0
        if left:
            sent = os.sendfile(
                connection.fileno(),
                sending.opened.fileno(),
                sending.offset,
                min(left, _AT_ONCE_BYTES),
            )
            if not sent:  # the file is shorter than it was: the reader counts, and sees it
                self._end(connection, sending, selector)
                return
        sending.offset += sent
        sending.moved_at = time.monotonic()
        if sending.offset == sending.end:
            sending.is_sent = True
            connection.shutdown(socket.SHUT_WR)
            selector.modify(connection, selectors.EVENT_READ, sending)

    def _end_stalled(self, selector: selectors.BaseSelector) -> None:
        now = time.monotonic()
        for key in list(selector.get_map().values()):
            sending: _Sending | None = key.data
            if sending is None:
                continue
            patience = _LINGER_S if sending.is_sent else STALLED_S
            if now - sending.moved_at > patience:
                self._end(key.fileobj, sending, selector)

    def _end(self, connection: Any, sending: _Sending, selector: selectors.BaseSelector) -> None:
        selector.unregister(connection)
        connection.close()
        sending.opened.close()
        with self._lock:
            self._count -= 1


_sender = _Sender()
os.register_at_fork(after_in_child=_sender.forget)
