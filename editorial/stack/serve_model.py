"""Serve the model that comes with the desk, by the OpenAI-compatible API of llama.cpp.

    python serve_model.py --weights FILE --name NAME --port PORT --secrets FILE

A script of its own, so that this process holds the model and nothing of the desk.
"""

import argparse
import json
import os
import signal
from pathlib import Path

import xllamacpp

REQUESTS_AT_ONCE = 4
TOKENS_PER_REQUEST = 3072
# Several threads wait for one another by spinning, and on cores that web and workers use too
# that is most of what they do: with both of two cores busy elsewhere, two threads wrote 0.13
# drafts a second at 3.8 s of processor each, one thread 1.36 at 0.46 s.
THREADS = 1
ERRORS = 1


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secrets", type=Path, required=True)
    options = parser.parse_args()

    # Blocked before the server's threads begin, so that they inherit it and the signal waits here.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    _server = xllamacpp.Server(_parameters(options))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # At once: it would finish what it is writing first, for people who have stopped waiting.
    os._exit(0)


def _parameters(options: argparse.Namespace) -> xllamacpp.CommonParams:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.weights
    parameters.model_alias = {options.name}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = options.port
    parameters.api_keys = [json.loads(options.secrets.read_text())["model_server_key"]]
    parameters.n_parallel = REQUESTS_AT_ONCE
    parameters.n_ctx = REQUESTS_AT_ONCE * TOKENS_PER_REQUEST
    parameters.cpuparams.n_threads = THREADS
    parameters.cpuparams_batch.n_threads = THREADS
    parameters.cpuparams.poll = parameters.cpuparams_batch.poll = 0
    # By default it keeps up to 8 GB of old prompts; each slot remembers its last one anyway.
    parameters.cache_ram_mib = 0
    parameters.offline = True
    parameters.verbosity = ERRORS
    parameters.fit_params = False
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cors_origins = ""
    return parameters


if __name__ == "__main__":
    main()
