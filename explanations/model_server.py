"""The only module that speaks to a model server: one chat completion in, one sorted answer out.

What comes back is untrusted. A body is read up to a bound, strictly, and nothing in it is ever
followed. What goes wrong is sorted by what the caller can do about it:

- `Temporary`      try again later: the network or the server was at fault
- `Overloaded`     the same, and send less at once
- `Permanent`      this request will never be answered
- `Misconfigured`  no request like it will be, until a person changes something
- `Unusable`       an answer came, and it is no draft

It speaks through aiohttp, because that costs least: with 256 requests in flight, 0.14 ms of
processor time a request, where the OpenAI client took 3.0 ms and httpx 7.4 ms
(`tests/bench/bench_model_clients.py`).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from time import monotonic
from types import TracebackType
from typing import Final, Self

import aiohttp
import regex
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from explanations.context import clean_model_text, cut
from explanations.prompts import Message

MOST_TOKENS: Final = 4096
USUAL_TOKENS: Final = 256
USUAL_TEMPERATURE: Final = 0.2
MOST_STOPS: Final = 4
PARAMETER_NAMES: Final = frozenset({"temperature", "top_p", "max_tokens", "stop"})
# Room for MOST_TOKENS in any script, escaped, and the answer around them.
MOST_BYTES: Final = 512 * 1024
LONGEST_WAIT_S: Final = 300.0
LARGEST_COUNT: Final = 2**31 - 1


# --- What is asked --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a model server is reached. `base_url` ends in /v1."""

    name: str
    base_url: str
    api_key: str = field(default="", repr=False)

    def of(self, path: str) -> str:
        """Return the full address of a path such as `chat/completions`."""
        return f"{self.base_url.rstrip('/')}/{path}"


class ParametersRefused(ValueError):
    """Sampling parameters that the desk does not send; the text says which and why."""


@dataclass(frozen=True, slots=True)
class SamplingParameters:
    """The only parameters that a request carries besides model, messages and schema."""

    temperature: float = USUAL_TEMPERATURE
    top_p: float = 1.0
    max_tokens: int = USUAL_TOKENS
    stop: tuple[str, ...] = ()

    @classmethod
    def of(cls, written: Mapping[str, object]) -> Self:
        """Read the parameters of a prompt version. Raises ParametersRefused."""
        unknown = sorted(set(written) - PARAMETER_NAMES)
        if unknown:
            raise ParametersRefused(f"“{unknown[0]}” is not a parameter that the desk sends.")
        return cls(
            temperature=_number(written, "temperature", USUAL_TEMPERATURE, 0, 2),
            top_p=_number(written, "top_p", 1.0, 0.01, 1),
            max_tokens=int(_number(written, "max_tokens", USUAL_TOKENS, 1, MOST_TOKENS)),
            stop=_stops(written.get("stop", [])),
        )


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat completion, ready to be sent: the very bytes, and the hash that provenance keeps."""

    body: bytes
    sha256: str

    @classmethod
    def of(
        cls,
        model: str,
        messages: Sequence[Message],
        parameters: SamplingParameters,
        schema: Mapping[str, object] | None = None,
    ) -> Self:
        """Write a request. `schema` asks for JSON of that shape; None asks for plain text."""
        question: dict[str, object] = {
            "model": model,
            "messages": list(messages),
            # Always sent: without them a server takes its model's own defaults.
            "temperature": parameters.temperature,
            "top_p": parameters.top_p,
            "max_tokens": parameters.max_tokens,
        }
        if parameters.stop:
            question["stop"] = list(parameters.stop)
        if schema is not None:
            question["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "draft", "strict": True, "schema": schema},
            }
        body = json.dumps(question, separators=(",", ":")).encode()
        return cls(body, hashlib.sha256(body).hexdigest())


# --- What comes back ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Completion:
    """What a server answered, cleaned of what cannot be stored; its words are still unread."""

    text: str
    finish_reason: str
    served_model: str
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_ms: int


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that a server offers; `base` is what it is an adapter of, "" for a base."""

    name: str
    base: str


class ModelServerError(Exception):
    """`reason` is a code to count by, `sentence` is for people."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason
        self.sentence = sentence


class Temporary(ModelServerError):
    """The network or the server was at fault. `retry_after_s` is what the server asked for."""

    def __init__(self, reason: str, sentence: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, sentence)
        self.retry_after_s = retry_after_s


class Overloaded(Temporary):
    """The server has more to do than it can: send less at once."""


class Permanent(ModelServerError):
    """The server will never answer this request."""


class Misconfigured(Permanent):
    """The server answers no request of this kind: wrong key, wrong address, unknown model."""


class Unusable(ModelServerError):
    """An answer came that is no draft. `completion` holds what could be read of it."""

    def __init__(self, reason: str, sentence: str, completion: Completion | None = None) -> None:
        super().__init__(reason, sentence)
        self.completion = completion


class _CleanConnections(aiohttp.TCPConnector):
    """Uses no connection again on which something came that nobody had asked for.

    It would be taken for the answer to the next request, and the answer to that for the one after.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the name is the base class's
    ) -> Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or not protocol.should_close:
                return connection
            connection.close()


class ModelServerClient:
    """Speaks to any number of servers over kept connections. An asynchronous context manager.

    It puts no bound on how many requests are in flight: that is the caller's window.
    """

    def __init__(self, *, timeout_s: float, connect_timeout_s: float = 5.0) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=connect_timeout_s)
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=_CleanConnections(limit=0, keepalive_timeout=60),
            timeout=self._timeout,
            # A compressed body could unfold far beyond the bound.
            auto_decompress=False,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def complete(self, server: ServerAddress, request: ChatRequest) -> Completion:
        """Return a finished completion. Raises one of the five errors of this module.

        Cancelling the call closes its connection, and a server drops a request that nobody reads.
        """
        started = monotonic()
        status, headers, body = await self._call("POST", server, "chat/completions", request.body)
        if status != HTTPStatus.OK:
            raise _refusal(server, status, headers, body)
        return _finished(_read_completion(body, round((monotonic() - started) * 1000)))

    async def prove_ready(self, server: ServerAddress, model: str) -> None:
        """Return when the server has really completed one token; a health page proves nothing.

        Raises one of the errors of this module.
        """
        request = ChatRequest.of(
            model,
            [{"role": "user", "content": "Hello"}],
            SamplingParameters(temperature=0.0, max_tokens=1),
        )
        try:
            await self.complete(server, request)
        except Unusable as unusable:
            # One token is never a finished sentence; that it came is the proof.
            if unusable.completion is None:
                raise

    async def models(self, server: ServerAddress) -> list[OfferedModel]:
        """Return the models that the server offers. Raises as `complete` does."""
        status, headers, body = await self._call("GET", server, "models", None)
        if status != HTTPStatus.OK:
            raise _refusal(server, status, headers, body)
        listed = _object(body).get("data")
        if not isinstance(listed, list):
            raise _no_completion()
        return [
            OfferedModel(_word(entry["id"], 200), _word(entry.get("parent"), 200))
            for entry in listed
            if isinstance(entry, dict) and _word(entry.get("id"), 200)
        ]

    async def _call(
        self, method: str, server: ServerAddress, path: str, body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("ModelServerClient is used outside its `async with`.")
        headers = {"Authorization": f"Bearer {server.api_key}"} if server.api_key else {}
        # Made here: to find out what bytes are costs aiohttp as much as to send them.
        payload = None if body is None else aiohttp.BytesPayload(body)
        try:
            async with self._session.request(
                method, server.of(path), data=payload, headers=headers, allow_redirects=False
            ) as response:
                return response.status, response.headers, await _bounded(response.content)
        except aiohttp.ServerTimeoutError:
            raise Temporary(
                "unreachable", f"The model server “{server.name}” cannot be reached."
            ) from None
        except TimeoutError:
            raise Overloaded(
                "timeout",
                f"The model server “{server.name}” did not answer within {self._timeout_s:.0f} s.",
            ) from None
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise Misconfigured(
                "bad_address", f"The address of the model server “{server.name}” is none."
            ) from None
        except aiohttp.ClientConnectorError:
            raise Temporary(
                "unreachable", f"The model server “{server.name}” cannot be reached."
            ) from None
        except aiohttp.ClientError:
            raise Temporary(
                "cut_connection", f"The model server “{server.name}” broke off its answer."
            ) from None


# --- Reading --------------------------------------------------------------------------------------


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in content.iter_any():
        size += len(part)
        if size > MOST_BYTES:
            raise Unusable("too_long", "The model server's answer is far too long.")
        parts.append(part)
    return b"".join(parts)


def _object(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        raise _no_completion() from None
    if not isinstance(answer, dict):
        raise _no_completion()
    return answer


def _read_completion(body: bytes, latency_ms: int) -> Completion:
    answer = _object(body)
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(choice, dict) or not isinstance(message, dict):
        raise _no_completion()
    content = message.get("content")
    usage = answer.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Completion(
        text=content if isinstance(content, str) else "",
        finish_reason=_word(choice.get("finish_reason"), 30),
        served_model=_word(answer.get("model"), 200),
        prompt_tokens=_count(counts.get("prompt_tokens")),
        completion_tokens=_count(counts.get("completion_tokens")),
        latency_ms=latency_ms,
    )


def _finished(completion: Completion) -> Completion:
    if completion.finish_reason == "length":
        raise Unusable("cut_off", "The model reached its limit before it had finished.", completion)
    if completion.finish_reason != "stop":
        raise Unusable("unfinished", "The model stopped before it had finished.", completion)
    if not completion.text.strip():
        raise Unusable("empty", "The model wrote nothing.", completion)
    return completion


def _no_completion() -> Unusable:
    return Unusable("no_completion", "The model server's answer is no completion.")


def _word(value: object, longest: int) -> str:
    return cut(clean_model_text(value), longest) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= LARGEST_COUNT else None


# --- Sorting refusals -----------------------------------------------------------------------------


def _refusal(
    server: ServerAddress, status: int, headers: Mapping[str, str], body: bytes
) -> ModelServerError:
    name = f"The model server “{server.name}”"
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return Overloaded("overloaded", f"{name} has too much to do.", _retry_after_s(headers))
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY} or status >= 500:
        return Temporary(
            "server_error", f"{name} answered with error {status}.", _retry_after_s(headers)
        )
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Misconfigured("key_refused", f"{name} does not accept the desk's key.")
    if status == HTTPStatus.NOT_FOUND:
        return Misconfigured("unknown_model", f"{name} does not know this model.")
    if status < 400:
        return Misconfigured(
            "bad_address", f"{name} answered with {status}, not with a completion."
        )
    return Permanent("refused", f"{name} refused the request{_why(body)}")


def _why(body: bytes) -> str:
    """Return what the server says about a refusal, as the end of a sentence."""
    try:
        error = json.loads(body)
        if isinstance(error, dict) and isinstance(error.get("error"), dict):
            error = error["error"]
        said = error.get("message") if isinstance(error, dict) else None
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, str) or not said.strip():
        return "."
    return ": " + cut(" ".join(clean_model_text(said).split()), 200)


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    said = headers.get("Retry-After", "").strip()
    if regex.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", said):
        return min(float(said), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max((until - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)


# --- Reading parameters ---------------------------------------------------------------------------


def _number(
    written: Mapping[str, object], name: str, usual: float, least: float, most: float
) -> float:
    value = written.get(name, usual)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or not least <= value <= most
    ):
        raise ParametersRefused(f"“{name}” must be a number from {least:g} to {most:g}.")
    return value


def _stops(value: object) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if (
        not isinstance(listed, list)
        or len(listed) > MOST_STOPS
        or not all(isinstance(stop, str) and 0 < len(stop) <= 40 for stop in listed)
    ):
        raise ParametersRefused(f"“stop” must be at most {MOST_STOPS} short texts.")
    return tuple(listed)
