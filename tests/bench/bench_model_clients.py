"""What a client library itself costs a request: the reason for the one the desk uses.

    python tests/bench/bench_model_clients.py

Every library asks the same stub (100 ms, in a process of its own) for the same completions with 256
requests in flight, each in a fresh process; CPU is the client's alone. Where two share a core with
what they ask, the CPU a request says more than the rate.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

sys.path.insert(0, __file__.rsplit("/tests/", 1)[0])

from tests.bench.bench_drafting import ROOT, StubProcess

WINDOW = 256
REQUESTS = 6_000
LATENCY_S = 0.1
QUESTION: dict[str, Any] = {
    "model": "stub",
    "messages": [
        {"role": "system", "content": "You write one line about a track. " * 40},
        {"role": "user", "content": "Title: Levels\nArtist: Avicii\nWrite the line."},
    ],
    "temperature": 0.2,
    "max_tokens": 60,
}

Ask = Callable[[], Awaitable[str]]


def main() -> None:
    """Measure each library and print: a table for people, one line of JSON for programs."""
    figures: dict[str, float] = {}
    print(f"{REQUESTS:,} completions from a stub of {LATENCY_S * 1000:.0f} ms, window {WINDOW}\n")
    print(f"{'':12}{'per s':>10}{'CPU ms each':>14}")
    with StubProcess(LATENCY_S) as stub:
        for library in CLIENTS:
            done = subprocess.run(
                [sys.executable, __file__, library, stub.url],
                cwd=ROOT,
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            per_s, cpu_ms = json.loads(done.stdout.splitlines()[-1])
            figures |= {f"{library}_per_s": round(per_s), f"{library}_cpu_ms": round(cpu_ms, 3)}
            print(f"{library:12}{per_s:>10,.0f}{cpu_ms:>14.3f}")
    print()
    print(json.dumps(figures))


@asynccontextmanager
async def _aiohttp(url: str) -> Any:
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask() -> str:
            async with session.post(f"{url}/chat/completions", json=QUESTION) as answer:
                return _text(await answer.json())

        yield ask


@asynccontextmanager
async def _httpx(url: str) -> Any:
    import httpx

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:

        async def ask() -> str:
            return _text((await client.post(f"{url}/chat/completions", json=QUESTION)).json())

        yield ask


@asynccontextmanager
async def _openai(url: str) -> Any:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def ask() -> str:
            answer = await client.chat.completions.create(**QUESTION)
            return str(answer.choices[0].message.content)

        yield ask


CLIENTS: dict[str, Callable[[str], AbstractAsyncContextManager[Ask]]] = {
    "aiohttp": _aiohttp,
    "httpx": _httpx,
    "openai": _openai,
}


def _text(answer: dict[str, Any]) -> str:
    return str(answer["choices"][0]["message"]["content"])


async def ask_here(library: str, url: str) -> None:
    """Keep the window full until all is answered; print the rate and the CPU of a request."""
    left = iter(range(REQUESTS))

    async def keep_asking(ask: Ask) -> None:
        for _ in left:
            assert await ask()

    async with CLIENTS[library](url) as ask:
        used = resource.getrusage(resource.RUSAGE_SELF)
        began = time.monotonic()
        await asyncio.gather(*(keep_asking(ask) for _ in range(WINDOW)))
        seconds = time.monotonic() - began
    now = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps([REQUESTS / seconds, 1000 * cpu_s / REQUESTS]))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(ask_here(sys.argv[1], sys.argv[2]))
    else:
        main()
