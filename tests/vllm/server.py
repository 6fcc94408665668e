"""A real vLLM server on this machine's CPU, started and killed as tests please."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ENVIRONMENT = Path(os.environ.get("VLLM_ENVIRONMENT", ".venv-vllm")).resolve()
BASE = "smollm2"
ADAPTER = "smollm2-random-adapter"
START_SECONDS = 240


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class VllmServer:
    """vLLM serving SmolLM2-135M-Instruct and a random adapter on it, on a fixed loopback port."""

    def __init__(self, log: Path) -> None:
        """Remember where it will listen and log; `start` starts it."""
        self.port = free_port()
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base address of its OpenAI-compatible API."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start it and return when it answers; about 40 s on two cores.

        Raises RuntimeError with the end of its log when it does not.
        """
        models = ENVIRONMENT / "models"
        command = [
            str(ENVIRONMENT / "bin" / "python"), "-m", "vllm.entrypoints.openai.api_server",
            "--host", "127.0.0.1", "--port", str(self.port),
            "--model", str(models / "model"), "--served-model-name", BASE,
            "--max-model-len", "2048", "--enforce-eager", "--generation-config", "vllm",
            "--enable-lora", "--max-loras", "2", "--max-lora-rank", "8",
            "--lora-modules", f"{ADAPTER}={models / 'adapter'}",
        ]  # fmt: skip
        environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "2", "HF_HUB_OFFLINE": "1"}
        # The desk's settings mean nothing in vLLM's environment.
        environment.pop("DJANGO_SETTINGS_MODULE", None)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, env=environment, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/models", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
        end = self.log.read_text(errors="replace")[-3000:]
        self.kill()
        raise RuntimeError(f"vLLM did not start; the end of its log:\n{end}")

    def kill(self) -> None:
        """`kill -9` the server with its engine process, as a crash would."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
