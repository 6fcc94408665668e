"""A model server for tests of faults and load: it answers as it is told, and counts.

    python -m tests.stub_model_server --latency 0.1 --window 32

prints the port it listens on. What a request gets is decided by the server's plan, or by the last
words of its last message: "@503", "@hang", … (see `FAULTS`).
"""

import argparse
import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self

LINE: Final = "A dancing line about {words} that ends well."
HOSTILE: Final = (
    '<script>alert(1)</script> [a link](javascript:alert(1)) ‮\x00\ud800 =HYPERLINK("x") end.'
)


class StubModelServer:
    """An OpenAI-compatible server on a free port of the loopback address.

    `latency_s` is the time of an answer (or a function that draws one); `at_once` is how many
    requests it works on, further ones are refused with 503; `plan` names the fault of each request
    in turn, "" for none.
    """

    def __init__(
        self,
        *,
        latency_s: float | Callable[[], float] = 0.0,
        at_once: int = 10_000,
        plan: Iterable[str] = ("",),
        models: Iterable[str] = ("stub",),
        answer: Callable[[dict[str, Any]], str] | None = None,
        api_key: str = "",
    ) -> None:
        self.calls = 0
        self.disconnects = 0
        self.outcomes: Counter[str] = Counter()
        self.most_in_flight = 0
        self.requests: list[dict[str, Any]] = []
        self.keeps_requests = False
        self.base_url = ""
        self._latency_s = latency_s
        self._at_once = at_once
        self._plan: Iterator[str] = cycle(list(plan))
        self._models = list(models)
        self._answer = answer or one_line
        self._api_key = api_key
        self._in_flight = 0
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**22)
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def plan(self, *faults: str) -> None:
        """From now on, let requests meet these faults in turn."""
        self._plan = cycle(list(faults))

    def take(self, latency_s: float) -> None:
        """From now on, take so long for an answer."""
        self._latency_s = latency_s

    def deal(self, fault: str, times: int, share: float, chance: random.Random) -> None:
        """From now on, let a share of the requests meet a fault, until so many have."""
        self._plan = _dealt(fault, times, share, chance)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        if connection is not None:
            self._connections.add(connection)
            connection.add_done_callback(self._connections.discard)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if not await self._respond(head, reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _respond(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; return whether the connection can be used again."""
        line, *headers = head.decode("latin-1").split("\r\n")
        fields = dict(header.lower().split(": ", 1) for header in headers if ": " in header)
        body = await reader.readexactly(int(fields.get("content-length", "0")))
        method, path, _ = line.split(" ")
        if self._api_key and fields.get("authorization") != f"bearer {self._api_key}".lower():
            return await _send(writer, 401, {"error": "Unauthorized"})
        if (method, path) == ("GET", "/v1/models"):
            return await _send(writer, 200, {"data": [{"id": name} for name in self._models]})
        if (method, path) != ("POST", "/v1/chat/completions"):
            return await _send(writer, 404, {"error": {"message": "no such page"}})
        return await self._complete(json.loads(body), reader, writer)

    async def _complete(
        self, request: dict[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        self.calls += 1
        if self.keeps_requests:
            self.requests.append(request)
        if self._in_flight >= self._at_once:
            self.outcomes["refused"] += 1
            return await _send(writer, 503, {"error": {"message": "queue is full"}})
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            fault = _fault_in(request) or next(self._plan)
            self.outcomes[fault or "answered"] += 1
            latency_s = self._latency_s() if callable(self._latency_s) else self._latency_s
            if await self._gone(reader, 3600 if fault == "hang" else latency_s):
                return False
            if request["model"] not in self._models:
                return await _send(writer, 404, {"error": {"message": "no such model"}})
            if fault:
                return await FAULTS[fault](self, request, writer)
            return await _send(writer, 200, _completion(request, self._answer(request)))
        finally:
            self._in_flight -= 1

    async def _gone(self, reader: asyncio.StreamReader, wait_s: float) -> bool:
        """Wait as a model would; return whether the client hung up meanwhile."""
        if not wait_s:
            return False
        if wait_s < 60:
            await asyncio.sleep(wait_s)
        else:
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1), wait_s)
        if reader.at_eof():
            self.disconnects += 1
            return True
        return False


@contextmanager
def running(stub: StubModelServer) -> Iterator[StubModelServer]:
    """Serve from a thread of its own, for tests that are not asynchronous themselves."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def wait_for(work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)

    wait_for(stub.__aenter__())
    try:
        yield stub
    finally:
        wait_for(stub.__aexit__(None, None, None))
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=10)


def _dealt(fault: str, times: int, share: float, chance: random.Random) -> Iterator[str]:
    left = times
    while left:
        unlucky = chance.random() < share
        left -= unlucky
        yield fault if unlucky else ""
    while True:
        yield ""


# Answers ------------------------------------------------------------------------------------------


def one_line(request: dict[str, Any]) -> str:
    """Return a line that begins with the first facts of the request, as a good model does."""
    words = " ".join(str(request["messages"][-1]["content"]).split()[:6])
    return LINE.format(words=words)


def _fault_in(request: dict[str, Any]) -> str:
    last = str(request["messages"][-1]["content"]).rsplit("@", 1)
    return last[1].strip() if len(last) == 2 and last[1].strip() in FAULTS else ""


def _completion(
    request: dict[str, Any], text: str | None, finish_reason: str | None = "stop"
) -> dict[str, Any]:
    return {
        "id": "stub",
        "model": request["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish_reason,
            }
        ],
        "usage": {"prompt_tokens": 50, "completion_tokens": 12},
    }


def _spoilt(request: dict[str, Any], junk: str) -> dict[str, Any]:
    """A good line with junk between its words, where a model may put it."""
    return _completion(request, one_line(request).replace("dancing line", f"dancing{junk} line"))


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    answer: dict[str, Any] | bytes,
    headers: dict[str, str] | None = None,
    length: int | None = None,
) -> bool:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    lines = [
        f"HTTP/1.1 {status} Stub",
        "Content-Type: application/json",
        f"Content-Length: {len(body) if length is None else length}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    return length is None or length == len(body)


# Faults -------------------------------------------------------------------------------------------

Fault = Callable[[StubModelServer, dict[str, Any], asyncio.StreamWriter], Awaitable[bool]]


def _refusing(status: int, message: str = "no", headers: dict[str, str] | None = None) -> Fault:
    async def refuse(
        _stub: StubModelServer, _request: dict[str, Any], writer: asyncio.StreamWriter
    ) -> bool:
        return await _send(writer, status, {"error": {"message": message}}, headers)

    return refuse


def _answering(make: Callable[[dict[str, Any]], dict[str, Any] | bytes]) -> Fault:
    async def answer(
        _stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
    ) -> bool:
        return await _send(writer, 200, make(request))

    return answer


def _mislength(difference: int) -> Fault:
    async def answer(
        _stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
    ) -> bool:
        body = json.dumps(_completion(request, one_line(request))).encode()
        return await _send(writer, 200, body, length=len(body) + difference)

    return answer


async def _hang(
    _stub: StubModelServer, _request: dict[str, Any], _writer: asyncio.StreamWriter
) -> bool:
    return False


async def _drop(
    _stub: StubModelServer, _request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    writer.transport.abort()
    return False


async def _cut_stream(
    _stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """The first part of an answer that comes in parts."""
    begun = json.dumps(_completion(request, one_line(request))).encode()[:-40]
    writer.write(b"HTTP/1.1 200 Stub\r\nTransfer-Encoding: chunked\r\n\r\n")
    writer.write(b"%x\r\n%b\r\n" % (len(begun), begun))
    await writer.drain()
    return False


async def _cut_and_closed(
    _stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """An answer that ends with its connection, which ends too early."""
    writer.write(b"HTTP/1.1 200 Stub\r\nConnection: close\r\n\r\n")
    writer.write(json.dumps(_completion(request, one_line(request))).encode()[:-40])
    await writer.drain()
    return False


async def _endless(
    stub: StubModelServer, _request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """White space until the client has had enough."""
    writer.write(b"HTTP/1.1 200 Stub\r\nTransfer-Encoding: chunked\r\n\r\n")
    with suppress(ConnectionError):
        while not writer.is_closing():
            writer.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")
            await writer.drain()
    stub.disconnects += 1
    return False


async def _drip(
    stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """A good answer, one character now and then, so that it is never quite finished."""
    body = json.dumps(_completion(request, one_line(request))).encode()
    writer.write(b"HTTP/1.1 200 Stub\r\nContent-Length: %d\r\n\r\n" % len(body))
    with suppress(ConnectionError):
        for character in body:
            if writer.is_closing():
                break
            writer.write(bytes([character]))
            await writer.drain()
            await asyncio.sleep(0.05)
    stub.disconnects += 1
    return False


async def _twice(
    _stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """An answer, and in the same breath another that nobody asked for."""
    answers = [one_line(request), "An answer to somebody else."]
    bodies = [json.dumps(_completion(request, answer)).encode() for answer in answers]
    heads = [b"HTTP/1.1 200 Stub\r\nContent-Length: %d\r\n\r\n" % len(body) for body in bodies]
    writer.write(heads[0] + bodies[0] + heads[1] + bodies[1])
    await writer.drain()
    return True


async def once_more(
    stub: StubModelServer, request: dict[str, Any], writer: asyncio.StreamWriter
) -> bool:
    """An answer, and a moment later another that nobody asked for."""
    await _send(writer, 200, _completion(request, one_line(request)))
    await asyncio.sleep(0.02)
    await _send(writer, 200, _completion(request, "An answer to somebody else."))
    stub.outcomes["said once more"] += 1
    return True


FAULTS: Final[dict[str, Fault]] = {
    "429": _refusing(429, "slow down", {"Retry-After": "1"}),
    "429-bare": _refusing(429, "slow down"),
    "429-date": _refusing(429, "slow down", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "503": _refusing(503, "full", {"Retry-After": "1"}),
    "503-bare": _refusing(503, "full"),
    "500": _refusing(500),
    "400": _refusing(400, "This model's maximum context length is 2048 tokens."),
    "401": _refusing(401),
    "404": _refusing(404),
    "redirect": _refusing(302, headers={"Location": "http://127.0.0.1:9/"}),
    "hang": _hang,
    "drip": _drip,
    "drop": _drop,
    "cut-stream": _cut_stream,
    "cut-and-closed": _cut_and_closed,
    "twice": _twice,
    "cut": _mislength(+100),
    "short": _mislength(-20),
    "length": _answering(lambda request: _completion(request, "A line that", "length")),
    "abort": _answering(lambda request: _completion(request, "A line that", None)),
    "empty": _answering(lambda request: _completion(request, " \n\t ")),
    "null": _answering(lambda request: _completion(request, None)),
    "not-json": _answering(lambda request: b'{"choices": [{"message": {"content": "A li'),
    "array": _answering(lambda request: b"[1, 2]"),
    "deep": _answering(lambda request: b"[" * 100_000),
    "no-choices": _answering(lambda request: {"choices": []}),
    "huge": _answering(lambda request: _completion(request, "A line. " * 700_000)),
    "endless": _endless,
    "white-space": _answering(lambda request: _completion(request, "A line." + " " * 400_000)),
    "many-lines": _answering(lambda request: _completion(request, "One line.\n" * 40)),
    "nul": _answering(lambda request: _spoilt(request, "\x00")),
    "surrogate": _answering(lambda request: _spoilt(request, "\ud83d")),
    "control": _answering(lambda request: _spoilt(request, "\x1b\x07\u202e\u200b\ufeff")),
    "html": _answering(lambda request: _spoilt(request, " <img src=x onerror=alert(1)>")),
    "hostile": _answering(lambda request: _completion(request, HOSTILE)),
    "extra-keys": _answering(
        lambda request: (
            _completion(request, one_line(request))
            | {"tools": [{"run": "rm"}], "usage": {"prompt_tokens": -1, "completion_tokens": 1e300}}
        )
    ),
}


async def main() -> None:
    """Serve until killed; say at which address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--jitter", action="store_true", help="half to one and a half the latency")
    parser.add_argument("--at-once", type=int, default=10_000)
    parser.add_argument("--plan", default="", help="faults, with commas between them")
    parser.add_argument("--model", default="stub", help="the name of what it serves")
    options = parser.parse_args()

    def drawn() -> float:
        return float(options.latency * random.uniform(0.5, 1.5))

    async with StubModelServer(
        latency_s=drawn if options.jitter else options.latency,
        at_once=options.at_once,
        plan=options.plan.split(","),
        models=[options.model],
    ) as stub:
        print(stub.base_url, flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
