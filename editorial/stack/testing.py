"""Real parts for tests: a PostgreSQL, a Valkey and, on request, a model, for as long as a test."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import Signals

from editorial.stack import broker, database, model_server, secrets
from editorial.stack.addresses import remember_ports, resolve
from editorial.stack.home import Home


@contextmanager
def embedded_parts(
    environment: Mapping[str, str] = os.environ,
    *,
    home: Home | None = None,
    with_model_server: bool = False,
) -> Iterator[dict[str, str]]:
    """Run PostgreSQL and Valkey in `home`, by default a temporary one; yield what leads to them.

    DATABASE_URL, BROKER_URL and LLM_URL, where set, are used instead. The mapping holds
    environment variables. The desk's role may create
    databases here, as test runners do. What was started ends with the block, and also when the
    calling thread or process is killed: call it from the main thread.
    Raises StackError when a part does not start.
    """
    with ExitStack() as stack:
        if home is None:
            home = Home(Path(tempfile.mkdtemp(prefix="copydesk-")))
            stack.callback(shutil.rmtree, home.root, ignore_errors=True)
        home.prepare()
        kept = secrets.keep(home)
        if not environment.get("DATABASE_URL"):
            database.prepare(home, kept, _say, survives_power_cut=False)
            is_running = stack.enter_context(
                _running(
                    home,
                    "database",
                    database.command(home, database.SETTINGS_FOR_TESTS),
                    # Its data is thrown away, so it need not be put in order first.
                    "QUIT",
                )
            )
            database.wait_until_ready(home, kept, _say, is_running)
            database.make_application_database(home, kept, may_create_databases=True)
        if not environment.get("BROKER_URL"):
            is_running = stack.enter_context(
                _running(home, "broker", broker.command(home), broker.STOP_SIGNAL)
            )
            broker.wait_until_ready(home, _say, is_running)
        if with_model_server and not environment.get("LLM_URL"):
            port = model_server.free_port(None)
            remember_ports(home, {"model_server": port})
            is_running = stack.enter_context(
                _running(home, "model", model_server.command(home, port), model_server.STOP_SIGNAL)
            )
        addresses = resolve({**environment, "COPYDESK_HOME": str(home.root)})
        if with_model_server and not environment.get("LLM_URL"):
            model_server.wait_until_ready(
                addresses.llm_url, addresses.llm_api_key, _say, is_running
            )
        yield {
            "COPYDESK_HOME": str(home.root),
            "DATABASE_URL": addresses.database_url,
            "BROKER_URL": addresses.broker_url,
            "LLM_URL": addresses.llm_url,
            "LLM_API_KEY": addresses.llm_api_key,
            "SECRET_KEY": addresses.secret_key,
        }


@contextmanager
def _running(
    home: Home, name: str, command: list[str], stop_signal: str
) -> Iterator[Callable[[], bool]]:
    with open(home.logs / f"{name}.log", "wb") as log:
        # A session of its own, so that Ctrl-C ends the tests first and then, in order, the parts.
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield lambda: process.poll() is None
    finally:
        if process.poll() is None:
            process.send_signal(Signals[f"SIG{stop_signal}"])
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _say(line: str) -> None:
    """Tests need no progress; a part that does not start is an error with a reason."""
