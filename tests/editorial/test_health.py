"""Alive and ready, as supervisors and proxies ask."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from editorial import health

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def forgetful() -> None:
    """Nothing is known from an earlier test."""
    cache.clear()


def test_alive_asks_no_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert answer.status_code == 200


@pytest.fixture
def model_server(settings: Settings) -> Iterator[None]:
    """A model server that answers."""
    command = [sys.executable, "-m", "tests.stub_model_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        settings.LLM_URL = process.stdout.readline().strip()
        yield
        process.kill()


def test_ready_when_all_parts_answer(client: Client, db: None, model_server: None) -> None:
    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "database": "ok",
        "migrations": "ok",
        "broker": "ok",
        "model_server": "ok",
    }


def test_without_the_broker_it_is_degraded_and_open(
    client: Client, db: None, settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = NOWHERE

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["broker"].startswith("cannot be reached")


@pytest.mark.parametrize(
    ("url", "said"),
    [("", "has not been started"), ("http://127.0.0.1:1/v1", "does not answer")],
)
def test_without_the_model_server_it_is_degraded_and_open(
    client: Client, db: None, settings: Settings, url: str, said: str
) -> None:
    settings.LLM_URL = url

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["model_server"].startswith(said)


def test_the_model_server_is_not_asked_anew_each_time(
    db: None, settings: Settings, model_server: None
) -> None:
    assert health.model_server() == health.OK

    settings.LLM_URL = "http://127.0.0.1:1/v1"

    assert health.model_server() == health.OK


def test_without_the_database_it_is_closed(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {**connection.settings_dict, "HOST": "127.0.0.1", "PORT": "1"}
    monkeypatch.setattr(health, "connections", ConnectionHandler({"default": nowhere}))

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["database"] == "cannot be reached"


def test_a_migration_that_waits_closes_it(client: Client, db: None) -> None:
    MigrationRecorder.Migration.objects.filter(app="feedback").delete()

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert "manage.py migrate" in answer.json()["migrations"]


def test_asking_again_and_again_costs_one_query(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/readyz")

    with django_assert_num_queries(1):
        client.get("/readyz")


def test_the_broker_is_not_asked_anew_each_time(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert health.broker() == health.OK

    settings.CELERY_BROKER_URL = NOWHERE

    assert health.broker() == health.OK
