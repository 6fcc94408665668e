"""The commands that make servers known and start runs."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models.functions import Now

from accounts.models import Person
from explanations import nudge
from explanations.models import (
    Draft,
    Import,
    ModelServer,
    ModelVersion,
    Recommendation,
    Run,
    Task,
)
from explanations.services.runs import cancel
from tests.conftest import drafted
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


def test_the_command_takes_what_the_form_takes(
    ready_task: Task, ml_engineer: Person, tmp_path: Path
) -> None:
    names = tmp_path / "names.txt"
    names.write_text("track:deer-heart\n\ntrack:unknown\n")
    words = said(
        "draft",
        "--task=music-oneliner",
        f"--ids={names}",
        "--search=rabbitts",
        "--locale=en",
        "--least-priority=10",
        "--most-priority=60",
        "--changed-from=2020-01-01",
        "--changed-to=2999-12-31",
        "--sample=5",
        "--seed=7",
        "--priority=90",
        "--each=2",
        "--person=mia",
    )
    run = Run.objects.get()
    assert run.selection == {
        "external_ids": ["track:deer-heart", "track:unknown"],
        "search": "rabbitts",
        "locale": "en",
        "least_priority": 10,
        "most_priority": 60,
        "changed_from": "2020-01-01",
        "changed_to": "2999-12-31",
        "sample": 5,
        "seed": 7,
    }
    assert (run.priority, run.drafts_each, run.created_by) == (90, 2, ml_engineer)
    assert "a sample of 5, seed 7" in words


def test_an_import_and_what_was_rejected_can_be_drafted(ready_task: Task, run: Run) -> None:
    rejected = drafted(run, Recommendation.objects.get(), "A line.", settled_outcome="REJECT")
    Draft.objects.filter(pk=rejected.pk).update(state="REVIEWED")
    delivery = Import.objects.create(source="a file")
    Recommendation.objects.update(delivery=delivery)
    said("draft", "--task=music-oneliner", "--rejected", f"--import={delivery.pk}")
    assert Run.objects.latest("id").selection == {
        "rejected_before": True,
        "import_id": delivery.pk,
    }


def test_counting_starts_nothing(ready_task: Task) -> None:
    words = said("draft", task="music-oneliner", each=3, count=True)
    assert "1 recommendations, 3 drafts." in words
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "Which task"),
        (["--task=music-oneliner", "--limit=0"], "at least one"),
        (["--task=music-oneliner", "--sample=-3"], "at least one"),
        (["--task=music-oneliner", "--each=9"], "One to 8"),
        (["--task=music-oneliner", "--priority=101"], "from 0 to 100"),
        (["--task=music-oneliner", "--import=4711"], "no import 4711"),
        (["--task=music-oneliner", "--changed-from=soon"], "“soon” is no day"),
        (["--task=music-oneliner", "--ids=/nowhere/names"], "/nowhere/names cannot be read"),
        (["--task=music-oneliner", "--ids=/dev/null"], "names no recommendation"),
        (["--task=music-oneliner", "--person=nobody"], "Nobody is called “nobody”"),
        (["--task=music-oneliner", "--again", "--rejected"], "not allowed with"),
        (["--watch=4711"], "There is no run 4711"),
    ],
)
def test_what_cannot_be_is_said_and_starts_nothing(
    ready_task: Task, arguments: list[str], says: str
) -> None:
    with pytest.raises(CommandError, match=re.escape(says)):
        said("draft", *arguments)
    assert not Run.objects.exists()


# Watching it --------------------------------------------------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Let something happen while the command waits."""
    monkeypatch.setattr("time.sleep", lambda _seconds: happens())


def test_waiting_ends_with_the_run_and_sums_it_up(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        Run.objects.get().drafts.update(
            state="FAILED", failure_reason="cut_off", failure="It was cut off."
        )

    meanwhile(monkeypatch, fail)
    words = said("draft", task="music-oneliner", wait=True)
    assert "0 ready, 0 blocked by a check" in words
    assert "1 failed: It was cut off." in words


def test_a_run_that_somebody_cancels_is_not_waited_for(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: cancel(Run.objects.get(), None))
    words = said("draft", task="music-oneliner", wait=True)
    assert "The run was cancelled; 1 drafts were not made." in words


def test_without_a_terminal_the_progress_comes_in_lines(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explanations.management.commands.draft._SAY_EVERY_S", 0.0)
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    meanwhile(monkeypatch, lambda: cancel(Run.objects.get(), None))
    words = said("draft", task="music-oneliner", wait=True)
    assert "0 of 1 ended; model server in trouble, “Own server”: It cannot be reached." in words


def test_an_interruption_leaves_the_run_alone_and_says_so(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    meanwhile(monkeypatch, interrupt)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("draft", task="music-oneliner", wait=True, stdout=out)
    run = Run.objects.get()
    assert ended.value.code == 130
    assert f"Run {run.pk} goes on without you" in out.getvalue()
    assert f"--watch {run.pk}" in out.getvalue()
    assert run.state == "RUNNING"


def test_a_run_can_be_watched_again(ready_task: Task) -> None:
    said("draft", task="music-oneliner")
    run = Run.objects.get()
    cancel(run, None)
    assert "The run was cancelled" in said("draft", watch=run.pk)
    assert Run.objects.count() == 1


def test_waiting_for_nobody_ends_with_a_sentence(
    ready_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("explanations.management.commands.draft._PATIENCE_S", 0.0)
    hour = timedelta(hours=1)
    meanwhile(monkeypatch, lambda: Run.objects.update(created_at=Now() - hour))
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
