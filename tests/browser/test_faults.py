"""What goes wrong around an editor at work loses nothing; each fault beside what happens without
it, or without what guards against it.
"""

import json
import uuid
from contextlib import suppress

import pytest
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from playwright.sync_api import Browser, Error, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Category, Draft, Place
from feedback.models import Assignment, Review
from feedback.services.queue import claim_next
from tests.browser.conftest import log_in
from tests.browser.desk import Desk
from tests.browser.test_nothing_is_lost import save_state
from tests.conftest import PASSWORD
from tests.feedback.conftest import DraftMaker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# By then a new draft has been painted, and its keys have most of their half second before them.
PAINTED_MS = 100
NO_STORAGE = "Storage.prototype.setItem = () => { throw new Error('full'); };"


def test_a_double_press_decides_once_and_presses_that_wait_decide_each(
    desk: Desk, drafts: DraftMaker
) -> None:
    _first, second, third = drafts(3)
    desk.hurry()
    desk.open()
    desk.stand_still()
    desk.press("a", "a")
    expect(desk.page.locator("#draft-number")).to_have_text(f"Draft {second.pk}")
    desk.press("a")
    desk.let_pass(PAINTED_MS)
    desk.press("a")
    assert Review.objects.count() == 1

    # The control: the same key, once the draft was there to be read.
    desk.until_awake()
    desk.press("a")
    expect(desk.page.locator("#draft-number")).to_have_text(f"Draft {third.pk}")
    assert Review.objects.count() == 2


def test_a_double_tap_on_a_button_decides_one_draft(desk: Desk, drafts: DraftMaker) -> None:
    _first, second = drafts(2)
    desk.hurry()
    desk.open()
    desk.stand_still()
    accept = desk.page.get_by_role("button", name="Accept")
    accept.click()
    expect(desk.page.locator("#draft-number")).to_have_text(f"Draft {second.pk}")
    desk.let_pass(PAINTED_MS)
    accept.click()
    assert Review.objects.count() == 1

    desk.until_awake()
    accept.click()
    desk.is_empty()
    assert Review.objects.count() == 2


@pytest.mark.parametrize("has_its_key", [True, False], ids=["with its key", "without"])
def test_a_lost_reply_is_known_again_by_its_key(
    desk: Desk, drafts: DraftMaker, has_its_key: bool
) -> None:
    _first, second = drafts(2)
    attempts: list[str] = []

    def lose_the_first_reply(route: Route) -> None:
        sent = json.loads(route.request.post_data or "{}")
        attempts.append(sent["key"])
        if len(attempts) == 1:
            route.fetch()
            route.abort()
        elif has_its_key:
            route.continue_()
        else:
            route.continue_(post_data=json.dumps({**sent, "key": str(uuid.uuid4())}))

    desk.page.route("**/submit/*", lose_the_first_reply)
    desk.page.route("**/submit/", lose_the_first_reply)
    desk.hurry()
    desk.open()
    desk.press("a")
    save_state(desk, "offline")
    desk.page.clock.fast_forward(4_000)
    if has_its_key:
        expect(desk.page.locator("#draft-number")).to_have_text(f"Draft {second.pk}")
    else:
        expect(desk.page.locator("#ended")).to_contain_text("submitted this draft already")

    assert len(attempts) == 2
    assert len(set(attempts)) == 1
    assert Review.objects.count() == 1


def test_ten_minutes_offline_go_up_once(desk: Desk, ready_draft: Draft) -> None:
    saves: list[str] = []
    desk.page.on("response", lambda answer: saves.append(answer.url))
    desk.hurry()
    desk.open()
    desk.page.context.set_offline(True)
    desk.press("e")
    for minute in range(10):
        desk.page.keyboard.insert_text(f" Minute {minute}.")
        desk.page.clock.fast_forward(60_000)
    save_state(desk, "offline")
    assert Assignment.objects.get().work == {}
    # The lease has run out meanwhile, and nobody else came.
    _run_out()

    desk.page.context.set_offline(False)
    desk.page.evaluate("window.dispatchEvent(new Event('online'))")
    desk.page.clock.fast_forward(5_000)
    save_state(desk, "saved")

    assert Assignment.objects.get().work["rewrite"].endswith("Minute 8. Minute 9.")
    assert len([address for address in saves if "/work/" in address]) == 1


@pytest.mark.parametrize("is_kept", [True, False], ids=["kept in the browser", "not kept"])
def test_a_killed_tab_loses_two_seconds_at_most_and_nothing_that_its_browser_kept(
    desk: Desk, ready_draft: Draft, is_kept: bool
) -> None:
    if not is_kept:
        desk.page.add_init_script(NO_STORAGE)
    desk.hurry()
    desk.open()
    desk.press("e")
    desk.write(" Typed before.")
    desk.page.clock.fast_forward(2_000)
    save_state(desk, "saved")
    # However busy the machine is, the tab is killed before this is saved.
    desk.page.route("**/work/", lambda _route: None)
    desk.write(" Just now.")
    assert Assignment.objects.get().work["rewrite"].endswith("Typed before.")
    _kill(desk)

    again = Desk(desk.page.context.new_page(), desk.address)
    again.open()
    kept = " Typed before. Just now." if is_kept else " Typed before."
    expect(again.page.locator("#rewrite-text")).to_have_value(ready_draft.text + kept)


def test_two_thousand_characters_survive_a_session_that_ends_and_are_nobody_elses(
    desk: Desk,
    ready_draft: Draft,
    live_server: LiveServer,
    editor: Person,
    second_editor: Person,
) -> None:
    text = ("A line of twenty. " * 112)[:2000]
    desk.open()
    Session.objects.all().delete()
    desk.page.locator("#rewrite-text").fill(text)
    dialog = desk.page.locator("#log-in")
    expect(dialog).to_be_visible()
    # Somebody else at the same keyboard: nothing of it is on their page.
    dialog.get_by_label("Username").fill(second_editor.username)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")
    expect(desk.page.get_by_role("heading", name="Your desk")).to_be_visible()
    assert "A line of twenty" not in desk.page.content()

    # Whoever wrote it finds every character again.
    log_in(desk.page.context, live_server, editor)
    desk.open()
    expect(desk.page.locator("#rewrite-text")).to_have_value(text)
    save_state(desk, "saved")
    assert Assignment.objects.get(editor=editor).work["rewrite"] == text


def test_two_editors_never_have_one_draft_until_it_has_two_places(
    desk: Desk,
    ready_draft: Draft,
    browser: Browser,
    live_server: LiveServer,
    second_editor: Person,
) -> None:
    desk.open()
    desk.shows(ready_draft)
    elsewhere = browser.new_context()
    log_in(elsewhere, live_server, second_editor)
    other = Desk(elsewhere.new_page(), live_server.url)
    other.page.goto(f"{other.address}/review/")
    other.is_empty()

    Place.objects.create(draft=ready_draft, ordinal=2, priority=50, task=ready_draft.task)
    other.open()
    other.shows(ready_draft)
    elsewhere.close()


@pytest.mark.parametrize("is_guarded", [True, False], ids=["guarded", "control"])
def test_back_to_a_draft_that_another_tab_has_finished_shows_the_next(
    desk: Desk, drafts: DraftMaker, monkeypatch: pytest.MonkeyPatch, is_guarded: bool
) -> None:
    if not is_guarded:
        # The control: a browser that may keep the page shows what is finished once more.
        monkeypatch.setattr("django.views.decorators.cache.add_never_cache_headers", id)
    first, second = drafts(2)
    desk.open()
    desk.page.goto(f"{desk.address}/goldens/")
    other = Desk(desk.page.context.new_page(), desk.address)
    other.open()
    other.press("a")
    other.shows(second)

    desk.page.go_back()
    shown = second if is_guarded else first
    expect(desk.page.locator("#draft-number")).to_have_text(f"Draft {shown.pk}")
    # Even then nothing is decided twice.
    assert [review.draft_id for review in Review.objects.all()] == [first.pk]


def test_after_the_lease_ran_out_the_work_goes_on_or_is_explained(
    desk: Desk, ready_draft: Draft, second_editor: Person
) -> None:
    desk.open()
    _run_out()
    desk.press("e")
    desk.write(" Late.")
    # Nobody else took it: it is the editor's again.
    save_state(desk, "saved")
    assert Assignment.objects.get().state == Assignment.State.ACTIVE

    _run_out()
    assert claim_next(second_editor) is not None
    desk.write(" Later.")
    dialog = desk.page.locator("#ended")
    expect(dialog).to_contain_text("Somebody else has this draft now.")
    expect(dialog.get_by_label("What you wrote")).to_have_value(f"{ready_draft.text} Late. Later.")


def test_a_category_that_went_keeps_the_text(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("ArrowRight", "4", "e")
    desk.write(" Mine.")
    save_state(desk, "saved")
    Category.objects.filter(slug="tone").update(retired_at=Now())
    # Twice: what no tag explains is asked about first.
    desk.press("Control+Enter", "Control+Enter")

    expect(desk.page.locator("#problem")).to_be_visible()
    expect(desk.page.locator("#rewrite-text")).to_have_value(f"{ready_draft.text} Mine.")
    # The control: without that tag the same text is taken.
    desk.press("Escape", "j", "Delete", "e", "Control+Enter", "Control+Enter")
    desk.is_empty()
    assert Review.objects.get().rewrite == f"{ready_draft.text} Mine."


def _run_out() -> None:
    """Let every lease be over."""
    Assignment.objects.active().update(
        state=Assignment.State.EXPIRED, leased_until=Now(), ended_at=Now()
    )


def _kill(desk: Desk) -> None:
    """End the tab's process as the system does when memory is short: nothing of it runs again."""
    with suppress(Error):
        desk.page.goto("chrome://crash", timeout=10_000)
