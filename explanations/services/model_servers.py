"""Make model servers and what they serve known to the desk."""

import asyncio
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import transaction

from explanations.model_server import ModelServerClient, OfferedModel, ServerAddress
from explanations.models import ModelServer, ModelVersion, Task
from explanations.services.drafting.serving import address_of

USUAL_NAME: Final = "default"
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration found."""

    server: ModelServer
    versions: list[ModelVersion]
    tasks: list[Task]
    """Those that had no model and have one now."""


def register(name: str, base_url: str, window: int | None = None) -> Registered:
    """Ask a server what it serves and make that known; safe to repeat.

    A base that is served for the first time becomes the model of tasks that have none. `window` is
    how many requests it gets at once; None keeps what is set.
    Raises ModelServerError, with a sentence for people, when the server does not answer.
    """
    server = ModelServer.objects.filter(name=name).first() or ModelServer(
        name=name, window=settings.LLM_WINDOW
    )
    server.base_url = base_url
    server.window = window or server.window
    server.trouble, server.trouble_since = "", None
    offered = asyncio.run(_ask(address_of(server)))
    with transaction.atomic():
        server.save()
        bases = [_base(server, model) for model in offered if not model.base]
        adapters = [_adapter(server, model) for model in offered if model.base]
        tasks = list(Task.objects.filter(model_version__isnull=True)) if bases else []
        for task in tasks:
            task.model_version = bases[0]
            task.save(update_fields=["model_version"])
    return Registered(server, bases + adapters, tasks)


async def _ask(server: ServerAddress) -> list[OfferedModel]:
    async with ModelServerClient(timeout_s=_PATIENCE_S) as client:
        offered = await client.models(server)
        for model in offered[:1]:
            await client.prove_ready(server, model.name)
        return offered


def _base(server: ModelServer, model: OfferedModel) -> ModelVersion:
    version, _ = ModelVersion.objects.get_or_create(name=model.name)
    version.servers.add(server)
    return version


def _adapter(server: ModelServer, model: OfferedModel) -> ModelVersion:
    base, _ = ModelVersion.objects.get_or_create(name=model.base)
    version, _ = ModelVersion.objects.get_or_create(
        name=model.name, defaults={"kind": ModelVersion.Kind.ADAPTER, "base": base}
    )
    version.servers.add(server)
    return version
