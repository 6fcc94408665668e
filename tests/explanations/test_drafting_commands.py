"""The commands that make servers known and start runs."""

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from explanations import nudge
from explanations.models import ModelServer, ModelVersion, Recommendation, Run, Task
from tests.stub_model_server import StubModelServer, running


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def stub() -> Iterator[StubModelServer]:
    """A server that offers a base model."""
    with running(StubModelServer(models=["base-model"])) as stub:
        yield stub


def said(*command: Any, **options: Any) -> str:
    out = StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


# register_model_server ----------------------------------------------------------------------------


def test_a_server_is_made_known_with_what_it_serves(
    music_task: Task, stub: StubModelServer
) -> None:
    words = said("register_model_server", url=stub.base_url)
    server = ModelServer.objects.get()
    assert (server.name, server.base_url) == ("default", stub.base_url)
    assert [version.name for version in server.model_versions.all()] == ["base-model"]
    music_task.refresh_from_db()
    assert str(music_task.model_version) == "base-model"
    assert "Music one-liner is drafted by base-model from now on." in words


def test_registering_again_changes_nothing_but_the_address(
    music_task: Task, stub: StubModelServer
) -> None:
    said("register_model_server", url=stub.base_url, window=5)
    chosen = ModelVersion.objects.create(name="chosen by a person")
    Task.objects.update(model_version=chosen)
    with running(StubModelServer(models=["base-model"])) as moved:
        said("register_model_server", url=moved.base_url)
        assert ModelServer.objects.get().base_url == moved.base_url
    assert ModelServer.objects.get().window == 5
    assert ModelVersion.objects.count() == 2
    music_task.refresh_from_db()
    assert music_task.model_version == chosen


def test_registering_ends_a_trouble(stub: StubModelServer, db: None) -> None:
    said("register_model_server", url=stub.base_url)
    ModelServer.objects.update(trouble="It was down.", trouble_since="2026-01-01T00:00Z")
    said("register_model_server", url=stub.base_url)
    assert ModelServer.objects.get().trouble == ""


def test_a_server_that_is_not_there_is_named(db: None) -> None:
    with pytest.raises(CommandError, match=r"cannot be reached\. Its address is http://127"):
        said("register_model_server", url="http://127.0.0.1:9/v1")
    assert not ModelServer.objects.exists()


def test_a_server_that_completes_nothing_is_not_registered(stub: StubModelServer, db: None) -> None:
    stub.plan("500")
    with pytest.raises(CommandError, match="error 500"):
        said("register_model_server", url=stub.base_url)
    assert not ModelServer.objects.exists()


def test_without_an_address_the_command_says_what_to_do(db: None, settings: Any) -> None:
    settings.LLM_URL = ""
    with pytest.raises(CommandError, match="set LLM_URL"):
        said("register_model_server")


# draft --------------------------------------------------------------------------------------------


@pytest.fixture
def ready_task(
    music_task: Task, model_version: ModelVersion, recommendation: Recommendation
) -> Task:
    """A task with a prompt, a model and a recommendation."""
    music_task.model_version = model_version
    music_task.save()
    return music_task


def test_the_command_starts_a_run(ready_task: Task) -> None:
    words = said("draft", task="music-oneliner", limit=5)
    run = Run.objects.get()
    assert run.selection == {"not_drafted": True, "limit": 5}
    assert f"Run {run.pk}: 1 drafts" in words


def test_what_is_drafted_is_drafted_again_only_when_asked(ready_task: Task) -> None:
    said("draft", task="music-oneliner")
    with pytest.raises(CommandError, match="No recommendation fits"):
        said("draft", task="music-oneliner")
    said("draft", task="music-oneliner", again=True)
    assert Run.objects.count() == 2


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"task": "nonsense"}, "There is no task “nonsense”; there are: music-oneliner"),
        ({"task": "music-oneliner", "prompt": 7}, "no prompt 7"),
        ({"task": "music-oneliner", "model": "gpt"}, "No model is called “gpt”"),
    ],
)
def test_what_is_missing_is_named(ready_task: Task, options: dict[str, Any], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        said("draft", **options)


def test_a_task_without_a_model_says_where_to_find_one(music_task: Task) -> None:
    with pytest.raises(CommandError, match="register_model_server"):
        said("draft", task="music-oneliner")


def test_waiting_ends_with_the_run_and_sums_it_up(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else drafts while the command waits."""

    def draft_meanwhile(_seconds: float) -> None:
        Run.objects.get().drafts.update(
            state="FAILED", failure_reason="cut_off", failure="It was cut off."
        )

    monkeypatch.setattr("time.sleep", draft_meanwhile)
    words = said("draft", task="music-oneliner", wait=True)
    assert "0 ready, 0 blocked by a check." in words
    assert "1 failed: It was cut off." in words


def test_waiting_for_nobody_ends_with_a_sentence(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explanations.management.commands.draft._PATIENCE_S", 0.0)
    with pytest.raises(CommandError, match="start a Celery worker"):
        said("draft", task="music-oneliner", wait=True)


# draft_demo ---------------------------------------------------------------------------------------


def test_the_demo_drafts_each_task_once(ready_task: Task) -> None:
    assert "1 drafts on their way" in said("draft_demo")
    assert said("draft_demo") == ""
    assert Run.objects.count() == 1


def test_the_demo_says_what_a_task_lacks(music_task: Task) -> None:
    assert "has no prompt or no model yet" in said("draft_demo")
    assert not Run.objects.exists()
