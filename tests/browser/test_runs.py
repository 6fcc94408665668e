"""An ML engineer chooses what to draft, starts a run, watches it and steers it."""

import re
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, ModelServer, ModelVersion, Recommendation, Run, Task
from explanations.services.runs import start_run
from explanations.services.selecting import Selection
from tests.browser.conftest import Witness, log_in
from tests.conftest import TRACK, recommended

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A page looks again every few seconds, and the machine may be busy.
SOON_MS = 60_000


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def tracks(music_task: Task, model_version: ModelVersion) -> list[Recommendation]:
    """Four recommendations of a task with a prompt and a model."""
    music_task.model_version = model_version
    music_task.save()
    return [
        recommended(music_task, f"track:{number}", {**TRACK, "title": f"Song {number}"}, {}, "g")
        for number in range(4)
    ]


@pytest.fixture
def started(music_task: Task, tracks: list[Recommendation], ml_engineer: Person) -> Run:
    """A run of four drafts that wait."""
    assert music_task.prompt is not None
    assert music_task.model_version is not None
    return start_run(
        music_task, music_task.prompt, music_task.model_version, Selection(), 1, ml_engineer
    )


@pytest.fixture
def mia_at(page: Page, live_server: LiveServer, ml_engineer: Person, witness: Witness) -> Any:
    """Mia's browser at an address."""
    log_in(page.context, live_server, ml_engineer)

    def go(address: str) -> Page:
        page.goto(f"{live_server.url}{address}")
        return page

    return go


def end(run: Run, count: int, **changes: Any) -> None:
    """Let some of the waiting drafts end, as a drainer would."""
    waiting = run.drafts.filter(state="PENDING").values_list("pk", flat=True)[:count]
    Draft.objects.filter(pk__in=list(waiting)).update(
        finished_at=Now(), **{"state": "FAILED", "failure_reason": "cut_off"} | changes
    )


def test_the_form_counts_its_choice_and_a_double_click_starts_one_run(
    mia_at: Any, tracks: list[Recommendation], witness: Witness
) -> None:
    page = mia_at("/runs/new/")
    holds = page.get_by_role("status")
    expect(holds).to_contain_text("4 recommendations", timeout=SOON_MS)
    page.get_by_label("A fact says").fill("polka")
    expect(holds).to_contain_text("nothing to draft", timeout=SOON_MS)
    page.get_by_label("A fact says").fill("song 1")
    page.get_by_label("Drafts of each").fill("2")
    expect(holds).to_contain_text("1 recommendation, 2 drafts", timeout=SOON_MS)

    expect(page.get_by_label("External ids", exact=True)).to_be_hidden(timeout=SOON_MS)
    page.get_by_label("Named ones").check()
    expect(page.get_by_label("External ids", exact=True)).to_be_visible(timeout=SOON_MS)
    page.get_by_label("Everything").check()

    page.get_by_role("button", name="Start the run").dblclick()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"), timeout=SOON_MS)
    assert Run.objects.count() == 1
    assert Draft.objects.count() == 2
    assert witness.complaints == []


def test_a_run_is_watched_without_a_reload_until_it_has_ended(
    mia_at: Any, started: Run, witness: Witness
) -> None:
    page = mia_at(f"/runs/{started.pk}/")
    expect(page.get_by_text("0 of 4")).to_be_visible(timeout=SOON_MS)
    page.evaluate("window.isTheSamePage = true")

    end(started, 2, failure="It was cut off.")
    expect(page.get_by_text("2 of 4")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_text("It was cut off.")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="Try the failed again")).to_be_visible(timeout=SOON_MS)

    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    expect(page.get_by_text("Nothing is sent to “Own server”")).to_be_visible(timeout=SOON_MS)
    ModelServer.objects.update(trouble="", trouble_since=None)

    end(started, 2)
    Run.objects.update(state="DONE", finished_at=Now())
    expect(page.get_by_text("4 of 4")).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("button", name="Pause")).to_have_count(0, timeout=SOON_MS)
    expect(page.locator("[data-look-again-s]")).to_have_count(0, timeout=SOON_MS)
    assert page.evaluate("window.isTheSamePage")
    assert witness.complaints == []


def test_a_run_is_paused_resumed_and_cancelled(mia_at: Any, started: Run) -> None:
    page = mia_at(f"/runs/{started.pk}/")
    for button, state in (("Pause", "paused"), ("Resume", "running"), ("Cancel", "cancelled")):
        page.get_by_role("button", name=button).press("Enter")
        expect(page.locator("#progress .chip").first).to_have_text(state, timeout=SOON_MS)
    started.refresh_from_db()
    assert started.state == "CANCELLED"


def test_a_page_that_nobody_sees_does_not_ask(page: Page, mia_at: Any, started: Run) -> None:
    page.add_init_script(
        """
        let hidden = false;
        Object.defineProperty(document, "hidden", { get: () => hidden });
        window.hide = (value) => {
          hidden = value;
          document.dispatchEvent(new Event("visibilitychange"));
        };
        """
    )
    asked: list[str] = []
    answered: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfinished", lambda request: answered.append(request.url))
    mia_at(f"/runs/{started.pk}/")
    expect(page.get_by_text("0 of 4")).to_be_visible(timeout=SOON_MS)
    page.evaluate("hide(true)")
    while len(answered) < len(asked):
        page.wait_for_timeout(100)
    end(started, 3)
    page.wait_for_timeout(5000)
    expect(page.get_by_text("0 of 4")).to_be_visible(timeout=SOON_MS)
    page.evaluate("hide(false)")
    expect(page.get_by_text("3 of 4")).to_be_visible(timeout=SOON_MS)


def test_a_page_whose_session_has_ended_says_so_and_asks_no_more(mia_at: Any, started: Run) -> None:
    page = mia_at(f"/runs/{started.pk}/")
    Session.objects.all().delete()
    link = page.get_by_role("link", name="Log in again")
    expect(link).to_be_visible(timeout=SOON_MS)
    assert link.get_attribute("href") == f"/accounts/login/?next=/runs/{started.pk}/"


def test_the_list_moves_on_by_itself(mia_at: Any, started: Run) -> None:
    page = mia_at("/runs/")
    expect(page.get_by_role("progressbar")).to_be_visible(timeout=SOON_MS)
    end(started, 4)
    Run.objects.update(state="DONE", finished_at=Now())
    expect(page.get_by_role("progressbar")).to_have_count(0, timeout=SOON_MS)
    expect(page.get_by_role("table")).to_contain_text("done", timeout=SOON_MS)
    expect(page.locator("[data-look-again-s]")).to_have_count(0, timeout=SOON_MS)
