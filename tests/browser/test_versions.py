"""Prompts are written and tried in a real browser: nothing typed is lost, and trials grow."""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Prompt, Recommendation, Task, Trial
from tests.browser.conftest import Witness, log_in
from tests.conftest import PASSWORD
from tests.explanations.test_trials import FINE, NAMELESS, write
from tests.explanations.test_trials import tracks as tracks
from tests.explanations.test_trials import trial as trial

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PROMPTS = "/tasks/music-oneliner/prompts/"
# Longer than a page takes to look again, on a machine that has other things to do.
PATIENCE_MS = 60_000


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def open_page(
    page: Page, live_server: LiveServer, ml_engineer: Person, witness: Witness
) -> Callable[[str], Page]:
    """Mia's browser; no page may break the content security policy."""
    log_in(page.context, live_server, ml_engineer)

    def open_at(address: str) -> Page:
        page.goto(live_server.url + address)
        return page

    return open_at


def test_a_prompt_is_written_through_mistakes_and_previews_and_nothing_typed_is_lost(
    open_page: Callable[[str], Page], recommendation: Recommendation
) -> None:
    page = open_page(f"{PROMPTS}new/")
    system, stop = page.get_by_label("System text"), page.get_by_label("Stop")
    system.fill("Write one vivid sentence.")
    stop.fill('["end"')
    preview = page.get_by_role("button", name="Show what a model is sent")
    preview.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert").first).to_contain_text("Nothing is lost")
    expect(stop).to_have_attribute("aria-invalid", "true")
    expect(system).to_have_value("Write one vivid sentence.")
    page.get_by_role("alert").get_by_role("link", name="Stop").click()
    expect(stop).to_be_focused()

    stop.fill('["end"]')
    preview.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".sent")).to_contain_text("Write one vivid sentence.")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(preview).to_be_focused()

    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Prompt 2 of Music one-liner")
    page.get_by_role("button", name="Make it active instead of 1").click()
    expect(page.get_by_role("status")).to_contain_text("Prompt 2 is active now.")
    assert Task.objects.get().prompt == Prompt.objects.get(number=2)


def test_a_session_that_ends_while_somebody_writes_loses_nothing(
    open_page: Callable[[str], Page], recommendation: Recommendation, ml_engineer: Person
) -> None:
    page = open_page(f"{PROMPTS}new/")
    page.get_by_label("System text").fill("An hour of work.")
    Session.objects.all().delete()
    page.get_by_role("button", name="Write it").click()
    ended = page.get_by_role("alert").filter(has_text="Your session has ended")
    expect(ended).to_be_visible()
    expect(page.get_by_label("System text")).to_have_value("An hour of work.")

    with page.expect_popup() as opened:
        ended.get_by_role("link").click()
    login = opened.value
    login.get_by_label("Username").fill(ml_engineer.username)
    login.get_by_label("Password").fill(PASSWORD)
    login.get_by_label("Password").press("Enter")
    expect(login.get_by_role("heading", name="Your desk")).to_be_visible()

    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Prompt 2 of Music one-liner")
    assert Prompt.objects.get(number=2).system == "An hour of work."


def test_a_trial_grows_while_it_is_read_and_then_rests(
    open_page: Callable[[str], Page], trial: Trial
) -> None:
    page = open_page(f"/tasks/music-oneliner/trials/{trial.pk}/")
    summary = page.locator("#summary")
    expect(summary).to_contain_text("0 of 6")
    write(trial, against=NAMELESS)
    expect(summary).to_contain_text("3 of 6", timeout=PATIENCE_MS)
    expect(page.locator(".pair").first).to_contain_text(NAMELESS)

    write(trial, tried=FINE)
    expect(page.locator(".pair").first).to_contain_text(FINE, timeout=PATIENCE_MS)
    expect(page.locator("#summary:not([data-look-again-s])")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("[name=waiting]")).to_have_count(0)
    assert page.locator(".pair").count() == 3
