"""What comes back from a model server, over real sockets, sorted by what can be done about it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from explanations.model_server import (
    ChatRequest,
    Completion,
    Misconfigured,
    ModelServerClient,
    ModelServerError,
    OfferedModel,
    Overloaded,
    ParametersRefused,
    Permanent,
    SamplingParameters,
    ServerAddress,
    Temporary,
    Unusable,
)
from explanations.prompts import Message
from tests.stub_model_server import FAULTS, StubModelServer, once_more

MESSAGES: list[Message] = [
    {"role": "system", "content": "You write one line."},
    {"role": "user", "content": "Artist: Dead Rabbitts"},
]


def a_request(model: str = "stub", **parameters: Any) -> ChatRequest:
    return ChatRequest.of(model, MESSAGES, SamplingParameters.of(parameters))


@asynccontextmanager
async def talking_to(
    stub: StubModelServer, timeout_s: float = 5.0, key: str = ""
) -> AsyncIterator[tuple[ModelServerClient, ServerAddress]]:
    async with stub, ModelServerClient(timeout_s=timeout_s, connect_timeout_s=1.0) as client:
        yield client, ServerAddress("Own server", stub.base_url, key)


def completed(stub: StubModelServer, timeout_s: float = 5.0, key: str = "") -> Completion:
    """What one request gets. Raises what the client raises."""

    async def talk() -> Completion:
        async with talking_to(stub, timeout_s, key) as (client, server):
            return await client.complete(server, a_request())

    return asyncio.run(talk())


def error_of(fault: str, timeout_s: float = 5.0) -> ModelServerError:
    with pytest.raises(ModelServerError) as caught:
        completed(StubModelServer(plan=[fault]), timeout_s)
    return caught.value


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop work until something has happened; fail if it never does."""
    for _ in range(6_000):
        if happened():
            return
        await asyncio.sleep(0.01)
    pytest.fail("It never happened.")


# What is sent -------------------------------------------------------------------------------------


def sent(request: ChatRequest) -> dict[str, Any]:
    return dict(json.loads(request.body))


def test_temperature_and_top_p_are_always_sent() -> None:
    body = sent(a_request())
    assert (body["temperature"], body["top_p"]) == (0.2, 1.0)
    assert set(body) == {"model", "messages", "temperature", "top_p", "max_tokens"}


def test_structured_output_is_asked_for_by_response_format() -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["strong"]}}}
    body = sent(ChatRequest.of("stub", MESSAGES, SamplingParameters(), schema))
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "draft", "strict": True, "schema": schema},
    }


@pytest.mark.parametrize(
    "parameters",
    [
        {"n": 50},
        {"seed": 1},
        {"echo": True},
        {"temperature": 3},
        {"temperature": "0.2"},
        {"temperature": float("nan")},
        {"top_p": 0},
        {"max_tokens": 1_000_000},
        {"max_tokens": True},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"stop": [""]},
        {"stop": {"a": 1}},
    ],
)
def test_other_parameters_are_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ParametersRefused):
        SamplingParameters.of(parameters)


def test_the_hash_is_of_what_was_really_sent() -> None:
    assert a_request().sha256 == a_request().sha256
    assert a_request().sha256 != a_request(temperature=0.3).sha256


def test_the_key_is_sent_and_never_shown() -> None:
    stub = StubModelServer(api_key="secret")
    assert completed(stub, key="secret").finish_reason == "stop"
    assert "secret" not in repr(ServerAddress("Own server", "http://127.0.0.1/v1", "secret"))


# What comes back ----------------------------------------------------------------------------------


def test_an_answer_brings_its_provenance() -> None:
    completion = completed(StubModelServer(latency_s=0.02))
    assert completion.text.startswith("A dancing line")
    assert completion.served_model == "stub"
    assert (completion.prompt_tokens, completion.completion_tokens) == (50, 12)
    assert completion.latency_ms >= 20


@pytest.mark.parametrize(
    ("fault", "kind", "reason"),
    [
        ("429", Overloaded, "overloaded"),
        ("429-bare", Overloaded, "overloaded"),
        ("429-date", Overloaded, "overloaded"),
        ("503", Overloaded, "overloaded"),
        ("503-bare", Overloaded, "overloaded"),
        ("500", Temporary, "server_error"),
        ("drop", Temporary, "cut_connection"),
        ("cut", Temporary, "cut_connection"),
        ("short", Temporary, "cut_connection"),
        ("cut-stream", Temporary, "cut_connection"),
        ("cut-and-closed", Unusable, "no_completion"),
        ("400", Permanent, "refused"),
        ("401", Misconfigured, "key_refused"),
        ("404", Misconfigured, "unknown_model"),
        ("redirect", Misconfigured, "bad_address"),
        ("length", Unusable, "cut_off"),
        ("abort", Unusable, "unfinished"),
        ("empty", Unusable, "empty"),
        ("null", Unusable, "empty"),
        ("not-json", Unusable, "no_completion"),
        ("array", Unusable, "no_completion"),
        ("deep", Unusable, "no_completion"),
        ("no-choices", Unusable, "no_completion"),
        ("huge", Unusable, "too_long"),
        ("endless", Unusable, "too_long"),
    ],
)
def test_every_fault_is_sorted(fault: str, kind: type[ModelServerError], reason: str) -> None:
    error = error_of(fault)
    assert type(error) is kind
    assert error.reason == reason
    assert error.sentence.endswith(".")


def test_every_fault_of_the_stub_is_tried() -> None:
    """The remaining ones answer with a text; whether it is a draft is for its format to say."""
    answering = {
        *("white-space", "many-lines", "hostile", "nul", "surrogate", "control", "html"),
        *("extra-keys", "twice"),
    }
    too_slow = {"hang", "drip"}
    tried = test_every_fault_is_sorted.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {fault for fault, _, _ in tried} | answering | too_slow == set(FAULTS)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_server_that_never_finishes_is_given_up(fault: str) -> None:
    error = error_of(fault, timeout_s=0.2)
    assert isinstance(error, Overloaded)
    assert error.reason == "timeout"


def test_a_refusal_says_when_to_come_back() -> None:
    error = error_of("429")
    assert isinstance(error, Temporary)
    assert error.retry_after_s == 1.0


@pytest.mark.parametrize(("fault", "wait_s"), [("429-bare", None), ("429-date", 0.0)])
def test_a_refusal_may_leave_that_open_or_name_a_time_that_is_over(
    fault: str, wait_s: float | None
) -> None:
    error = error_of(fault)
    assert isinstance(error, Temporary)
    assert error.retry_after_s == wait_s


def test_an_answer_that_nobody_asked_for_is_nobodys_answer() -> None:
    async def talk() -> set[str]:
        async with talking_to(StubModelServer(plan=["twice"])) as (client, server):
            answers = [await client.complete(server, a_request()) for _ in range(20)]
            return {answer.text for answer in answers}

    (text,) = asyncio.run(talk())
    assert text.startswith("A dancing line")


def test_nor_is_one_that_comes_while_a_connection_waits_for_its_next_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(FAULTS, "once-more", once_more)

    async def talk() -> str:
        stub = StubModelServer(plan=["once-more", ""])
        async with talking_to(stub) as (client, server):
            await client.complete(server, a_request())
            await until(lambda: stub.outcomes["said once more"] == 1)
            await asyncio.sleep(0.1)
            return (await client.complete(server, a_request())).text

    assert asyncio.run(talk()).startswith("A dancing line")


def test_a_refusal_says_what_the_server_said() -> None:
    assert "maximum context length is 2048 tokens" in error_of("400").sentence


def test_a_server_that_is_not_there_is_temporary() -> None:
    async def talk() -> None:
        async with ModelServerClient(timeout_s=2.0) as client:
            await client.complete(ServerAddress("Gone", "http://127.0.0.1:9/v1"), a_request())

    with pytest.raises(Temporary) as caught:
        asyncio.run(talk())
    assert caught.value.reason == "unreachable"


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/v1", "http://"])
def test_an_address_that_is_none_is_a_matter_for_a_person(url: str) -> None:
    async def talk() -> None:
        async with ModelServerClient(timeout_s=2.0) as client:
            await client.complete(ServerAddress("Nonsense", url), a_request())

    with pytest.raises(Misconfigured):
        asyncio.run(talk())


def test_counts_that_no_server_can_mean_are_dropped() -> None:
    completion = completed(StubModelServer(plan=["extra-keys"]))
    assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)


def test_a_request_that_is_given_up_is_dropped_by_the_server() -> None:
    async def talk() -> int:
        stub = StubModelServer(plan=["hang"])
        async with talking_to(stub) as (client, server):
            request = asyncio.create_task(client.complete(server, a_request()))
            await until(lambda: stub.calls == 1)
            request.cancel()
            await asyncio.gather(request, return_exceptions=True)
            await until(lambda: stub.disconnects == 1)
            return stub.disconnects

    assert asyncio.run(talk()) == 1


# Readiness and what is offered --------------------------------------------------------------------


def asked(stub: StubModelServer, question: Callable[..., Any]) -> Any:
    async def talk() -> Any:
        async with talking_to(stub) as (client, server):
            return await question(client, server)

    return asyncio.run(talk())


def test_a_server_is_ready_when_it_has_completed_a_token() -> None:
    stub = StubModelServer(plan=["length"])
    asked(stub, lambda client, server: client.prove_ready(server, "stub"))
    assert stub.calls == 1


@pytest.mark.parametrize("fault", ["500", "503", "404", "not-json"])
def test_a_server_that_completes_nothing_is_not_ready(fault: str) -> None:
    with pytest.raises(ModelServerError):
        asked(
            StubModelServer(plan=[fault]),
            lambda client, server: client.prove_ready(server, "stub"),
        )


def test_a_server_says_what_it_offers() -> None:
    offered = asked(
        StubModelServer(models=["base", "adapter"]), lambda client, server: client.models(server)
    )
    assert offered == [OfferedModel("base", ""), OfferedModel("adapter", "")]
