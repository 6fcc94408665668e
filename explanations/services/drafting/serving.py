"""Which servers serve which model versions, and what troubles them."""

import os
from dataclasses import dataclass

from django.conf import settings
from django.db.models.functions import Coalesce, Now

from explanations.model_server import ServerAddress
from explanations.models import ModelServer, ModelVersion, Run


@dataclass(frozen=True, slots=True)
class Server:
    """A model server as its row describes it."""

    id: int
    address: ServerAddress
    window: int
    window_found: int | None
    trouble: str


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model version and the servers that share its load."""

    id: int
    name: str
    servers: tuple[Server, ...]


def wanted_models() -> list[ServedModel]:
    """Return the model versions of the running runs, each with its servers."""
    versions = ModelVersion.objects.filter(
        pk__in=Run.objects.filter(state=Run.State.RUNNING).values("model_version")
    ).prefetch_related("servers")
    return [
        ServedModel(version.pk, version.name, tuple(map(_server, version.servers.all())))
        for version in versions
    ]


def address_of(server: ModelServer) -> ServerAddress:
    """Return where a server is reached, with its key."""
    return ServerAddress(server.name, server.base_url, _api_key(server))


def note_window(server_id: int, window: int) -> None:
    """Keep what a server was found to take, so that no drainer has to find it out anew."""
    ModelServer.objects.filter(pk=server_id).exclude(window_found=window).update(
        window_found=window
    )


def note_trouble(server_id: int, trouble: str) -> None:
    """Say on the pages that nothing is sent to a server for now, and why."""
    ModelServer.objects.filter(pk=server_id).update(
        trouble=trouble[:300], trouble_since=Coalesce("trouble_since", Now())
    )


def clear_trouble(server_id: int) -> None:
    """Say on the pages that a server is well again."""
    ModelServer.objects.filter(pk=server_id).exclude(trouble="").update(
        trouble="", trouble_since=None
    )


def _server(row: ModelServer) -> Server:
    return Server(row.pk, address_of(row), row.window, row.window_found, row.trouble)


def _api_key(server: ModelServer) -> str:
    """Return the key, but only for the address that the environment names beside it.

    Whoever may register a server chooses its address, and must not be able to have a key sent
    there: `LLM_API_KEY` goes to `LLM_URL` alone, `LLM_API_KEY_EAST` to `LLM_URL_EAST` alone.
    """
    variable = server.api_key_variable
    if variable == "LLM_API_KEY":
        # The settings know the embedded server's address and key too.
        address, key = settings.LLM_URL, settings.LLM_API_KEY
    else:
        address = os.environ.get(variable.replace("LLM_API_KEY", "LLM_URL", 1), "")
        key = os.environ.get(variable, "")
    is_its_own = bool(address) and address.rstrip("/") == server.base_url.rstrip("/")
    return str(key) if is_its_own else ""
