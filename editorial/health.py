"""Is the desk alive, and can it be worked at: for supervisors, proxies and people."""

import asyncio
from typing import Final

from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from kombu import Connection

from explanations.model_server import ModelServerClient, ModelServerError, ServerAddress

OK: Final = "ok"
# An answer about a part is good for so many seconds, however often it is asked for.
BROKER_ANSWER_S: Final = 5
MODEL_SERVER_ANSWER_S: Final = 30
MIGRATIONS_ANSWER_S: Final = 60
LONGEST_WAIT_S: Final = 1


class Alive(View):
    """The process answers. Nothing else is asked, so that a restart is never the wrong answer."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer 200."""
        return HttpResponse("alive\n", content_type="text/plain")


@method_decorator(never_cache, name="dispatch")
class Ready(View):
    """Editors can work. Without database or migrations they cannot; without the rest they can."""

    def get(self, request: HttpRequest) -> JsonResponse:
        """Answer 200, or 503 where nobody could work; each part is named with its trouble."""
        needed = {"database": database(), "migrations": ""}
        needed["migrations"] = migrations() if needed["database"] == OK else "not known"
        helpful = {"broker": broker(), "model_server": model_server()}
        if any(trouble != OK for trouble in needed.values()):
            status = "unavailable"
        elif any(trouble != OK for trouble in helpful.values()):
            status = "degraded"
        else:
            status = "ready"
        return JsonResponse(
            {"status": status, **needed, **helpful}, status=503 if status == "unavailable" else 200
        )


def database() -> str:
    """Return `ok` or what is wrong with PostgreSQL."""
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return "cannot be reached"
    return OK


def migrations() -> str:
    """Return `ok` or how many migrations wait. Reading them from disk is slow, so `ok` is kept."""
    if cache.get("health.migrations") == OK:
        return OK
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        return f"{len(waiting)} wait for manage.py migrate"
    cache.set("health.migrations", OK, MIGRATIONS_ANSWER_S)
    return OK


def broker() -> str:
    """Return `ok` or what is wrong with the broker."""

    def ask() -> str:
        try:
            with Connection(
                settings.CELERY_BROKER_URL,
                connect_timeout=LONGEST_WAIT_S,
                transport_options=settings.CELERY_BROKER_TRANSPORT_OPTIONS,
            ) as connection:
                connection.ensure_connection(max_retries=1, timeout=LONGEST_WAIT_S)
        except Exception:
            return "cannot be reached; drafting and imports wait"
        return OK

    return str(cache.get_or_set("health.broker", ask, BROKER_ANSWER_S))


def model_server() -> str:
    """Return `ok` or what is wrong with the model server, which is asked twice a minute at most.

    Only whether it lists its models: that it drafts well is for the drainers to find out.
    """

    async def list_models() -> None:
        address = ServerAddress("own", settings.LLM_URL, settings.LLM_API_KEY)
        async with ModelServerClient(
            timeout_s=LONGEST_WAIT_S, connect_timeout_s=LONGEST_WAIT_S
        ) as client:
            await client.models(address)

    def ask() -> str:
        if not settings.LLM_URL:
            return "has not been started; drafting waits"
        try:
            asyncio.run(list_models())
        except ModelServerError:
            return "does not answer; drafting waits"
        return OK

    return str(cache.get_or_set("health.model_server", ask, MODEL_SERVER_ANSWER_S))
