"""Where the desk's parts are reached: the environment decides, the embedded parts fill in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from editorial.stack import secrets
from editorial.stack.errors import StackError
from editorial.stack.home import Home

DATABASE_NAME = "copydesk"
DATABASE_ROLE = "copydesk"


@dataclass(frozen=True)
class Addresses:
    """What the settings need to know about the world outside the program."""

    database_url: str
    broker_url: str
    llm_url: str
    """Empty until an embedded model server has been started in this home."""
    llm_api_key: str
    secret_key: str
    home: Path


def resolve(environment: Mapping[str, str]) -> Addresses:
    """Return the addresses of database, broker and model server.

    Each of DATABASE_URL, BROKER_URL, LLM_URL (with LLM_API_KEY) and SECRET_KEY wins by itself;
    what is not set is the embedded part of COPYDESK_HOME, so that any command finds the running
    desk. The home's secrets are made here if they are needed and not there yet.
    Raises StackError when they cannot be.
    """
    home = Home.of(environment)
    from_outside = {
        name: environment.get(name, "")
        for name in ("DATABASE_URL", "BROKER_URL", "LLM_URL", "SECRET_KEY")
    }
    if all(from_outside.values()):
        return Addresses(
            database_url=from_outside["DATABASE_URL"],
            broker_url=from_outside["BROKER_URL"],
            llm_url=from_outside["LLM_URL"],
            llm_api_key=environment.get("LLM_API_KEY", ""),
            secret_key=from_outside["SECRET_KEY"],
            home=home.root,
        )
    kept = secrets.keep(home)
    return Addresses(
        database_url=from_outside["DATABASE_URL"] or database_url(home, kept.database_password),
        broker_url=from_outside["BROKER_URL"] or broker_url(home),
        llm_url=from_outside["LLM_URL"] or model_server_url(home),
        # The embedded server's key must never go to a server that somebody else runs.
        llm_api_key=environment.get("LLM_API_KEY", "")
        if from_outside["LLM_URL"]
        else kept.model_server_key,
        secret_key=from_outside["SECRET_KEY"] or kept.secret_key,
        home=home.root,
    )


def database_url(home: Home, password: str) -> str:
    """Return the address of the home's own PostgreSQL, for the application's role."""
    folder = quote(str(home.database), safe="/")
    return f"postgresql://{DATABASE_ROLE}:{quote(password)}@/{DATABASE_NAME}?host={folder}"


def broker_url(home: Home) -> str:
    """Return the address of the home's own Valkey, as kombu spells sockets."""
    return f"redis+socket://{quote(str(home.broker_socket), safe='/')}"


def model_server_url(home: Home) -> str:
    """Return the OpenAI-compatible base address of the home's own model server, or ""."""
    port = remembered_ports(home).get("model_server")
    return f"http://127.0.0.1:{port}/v1" if port else ""


def remembered_ports(home: Home) -> dict[str, int]:
    """Return the TCP ports that the last start of this home used, by part."""
    try:
        return {str(part): int(port) for part, port in json.loads(home.ports.read_text()).items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StackError(
            f"Cannot read {home.ports} ({error.strerror}): run as the user who started the desk, "
            "or set COPYDESK_HOME to another folder."
        ) from error
    except (ValueError, AttributeError, TypeError):
        # Cut short by a full disk or a power failure; the next start writes it anew.
        return {}


def remember_ports(home: Home, ports: Mapping[str, int]) -> None:
    """Write down which TCP ports this start uses, so that other commands find them."""
    fresh = home.ports.with_suffix(".new")
    fresh.write_text(json.dumps(dict(ports)))
    fresh.replace(home.ports)
