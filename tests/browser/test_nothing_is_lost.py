"""Double presses, lost replies, lost connections, lost sessions, second tabs: nothing is lost."""

import json
import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Assignment, Review
from feedback.services.queue import save_work
from tests.browser.conftest import log_in
from tests.browser.desk import Desk
from tests.conftest import PASSWORD
from tests.feedback.conftest import DraftMaker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def save_state(desk: Desk, state: str) -> None:
    """Wait until the screen says so."""
    expect(desk.page.locator("#save-state")).to_have_attribute("data-state", state)


def test_a_double_enter_makes_one_review_and_never_decides_the_next_draft(
    desk: Desk, drafts: DraftMaker
) -> None:
    first, second = drafts(2)
    desk.open()
    desk.press("e")
    desk.write(" Loudly.")
    desk.press("Control+Enter", "Control+Enter", "Control+Enter")
    desk.shows(second)

    assert [review.draft_id for review in Review.objects.all()] == [first.pk]


def test_decision_keys_sleep_after_a_new_draft_and_while_a_key_is_held(
    desk: Desk, drafts: DraftMaker
) -> None:
    _first, second, third = drafts(3)
    desk.hurry()
    desk.open()
    desk.stand_still()
    # The answer takes its time, and the impatient key comes again and again meanwhile.
    desk.press("a")
    for _again in range(6):
        desk.press("a")
    desk.shows(second)
    assert Review.objects.count() == 1

    desk.page.keyboard.down("a")
    desk.shows(third)
    desk.let_pass(1_200)
    desk.page.keyboard.press("b")
    desk.page.keyboard.up("a")

    assert Review.objects.count() == 2


def test_a_lost_reply_is_asked_for_again_and_makes_one_review(
    desk: Desk, drafts: DraftMaker
) -> None:
    first, second = drafts(2)
    lost: list[str] = []

    def lose_the_first_reply(route: Route) -> None:
        if lost:
            route.continue_()
            return
        answer = route.fetch()
        lost.append(str(answer.status))
        route.abort()

    desk.page.route("**/submit/*", lose_the_first_reply)
    desk.open()
    desk.press("a")
    save_state(desk, "offline")
    desk.shows(second)

    assert lost == ["200"]
    assert [review.draft_id for review in Review.objects.all()] == [first.pk]


def test_what_is_typed_is_on_the_server_within_two_seconds(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("ArrowRight", "3", "e")
    for letter in " More":
        desk.page.keyboard.press(letter, delay=30)
    save_state(desk, "saved")

    work = Assignment.objects.get().work
    assert work["rewrite"] == ready_draft.text + " More"
    assert [tag["quote"] for tag in work["tags"]] == ["Dead"]


def test_a_reload_brings_back_text_tags_answers_and_note(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.press("ArrowRight", "3", "e")
    desk.write(" More")
    desk.page.get_by_role("group", name=re.compile("^Grounded")).get_by_label("yes").check()
    desk.page.locator("#note").fill("thin facts")
    save_state(desk, "saved")

    desk.page.reload()
    expect(desk.draft).to_be_focused()

    expect(desk.page.locator("#rewrite-text")).to_have_value(ready_draft.text + " More")
    expect(desk.page.locator(".mark-row-tag")).to_have_count(1)
    grounded = desk.page.get_by_role("group", name=re.compile("^Grounded"))
    expect(grounded.get_by_label("yes")).to_be_checked()
    expect(desk.page.locator("#note")).to_have_value("thin facts")


def test_offline_edits_wait_in_the_browser_and_go_up_on_return(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    desk.page.context.set_offline(True)
    desk.press("e")
    desk.write(" Offline.")
    save_state(desk, "offline")
    assert Assignment.objects.get().work == {}

    desk.page.context.set_offline(False)
    save_state(desk, "saved")

    assert Assignment.objects.get().work["rewrite"].endswith("Offline.")
    assert _kept_in(desk.page) == []


def test_a_tab_that_died_offline_leaves_its_words_to_the_next(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    desk.page.route("**/work/", lambda route: route.abort())
    desk.press("e")
    desk.write(" Not yet saved.")
    save_state(desk, "offline")
    context, address = desk.page.context, desk.address
    desk.page.close()

    again = Desk(context.new_page(), address)
    again.open()

    expect(again.page.locator("#rewrite-text")).to_have_value(ready_draft.text + " Not yet saved.")
    save_state(again, "saved")
    assert Assignment.objects.get().work["rewrite"].endswith("Not yet saved.")


def test_a_session_that_ended_asks_to_log_in_on_top_and_keeps_every_word(
    desk: Desk, ready_draft: Draft, editor: Person
) -> None:
    desk.open()
    Session.objects.all().delete()
    long_text = "A line. " * 100
    desk.page.locator("#rewrite-text").fill(long_text)
    dialog = desk.page.locator("#log-in")
    expect(dialog).to_be_visible()

    dialog.get_by_label("Username").fill(editor.username)
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_label("Password").press("Enter")
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")

    save_state(desk, "saved")
    expect(desk.page.locator("#rewrite-text")).to_have_value(long_text)
    assert Assignment.objects.get().work["rewrite"] == long_text


def test_somebody_else_who_logs_in_sees_nothing_of_it(
    desk: Desk, ready_draft: Draft, second_editor: Person
) -> None:
    desk.open()
    Session.objects.all().delete()
    desk.press("e")
    desk.write(" Mine alone.")
    dialog = desk.page.locator("#log-in")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Username").fill(second_editor.username)
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_label("Password").press("Enter")

    expect(desk.page.get_by_role("heading", name="Your desk")).to_be_visible()
    expect(desk.page.get_by_text("Mine alone")).to_have_count(0)


def test_logging_out_leaves_nothing_in_the_browser(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    desk.page.route("**/work/", lambda route: route.abort())
    desk.press("e")
    desk.write(" Left behind.")
    save_state(desk, "offline")
    assert _kept_in(desk.page) != []

    desk.page.locator(".nav-account summary").click()
    desk.page.get_by_role("button", name="Log out").click()
    expect(desk.page.get_by_role("heading", name="Log in")).to_be_visible()

    assert _kept_in(desk.page) == []


def test_a_second_tab_is_told_apart_and_loses_nothing(desk: Desk, ready_draft: Draft) -> None:
    desk.open()
    other = Desk(desk.page.context.new_page(), desk.address)
    other.open()

    desk.press("ArrowRight", "3", "e")
    desk.write(" One.")
    save_state(desk, "saved")
    other.press("e")
    other.write(" Two.")
    dialog = other.page.locator("#conflict")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("One.")
    expect(dialog).to_contain_text("Unsupported: Dead")
    expect(dialog).to_contain_text("Two.")
    other.page.get_by_role("button", name="Use what was saved there").click()
    expect(other.page.locator("#rewrite-text")).to_have_value(ready_draft.text + " One.")


def test_two_tabs_make_one_review(desk: Desk, drafts: DraftMaker) -> None:
    first, second = drafts(2)
    desk.open()
    other = Desk(desk.page.context.new_page(), desk.address)
    other.open()

    desk.press("a")
    desk.shows(second)
    other.press("a")
    expect(other.page.locator("#ended")).to_be_visible()
    other.page.keyboard.press("Enter")
    other.shows(second)

    assert [review.draft_id for review in Review.objects.all()] == [first.pk]


def test_back_never_brings_a_finished_draft_back(desk: Desk, drafts: DraftMaker) -> None:
    _first, second = drafts(2)
    desk.open_from_the_front_page()
    desk.until_awake()
    desk.press("a")
    desk.shows(second)

    desk.page.goto(f"{desk.address}/goldens/")
    desk.page.go_back()

    desk.shows(second)


def test_a_draft_taken_by_somebody_else_meanwhile_says_so_and_keeps_the_text(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.open()
    Assignment.objects.update(state=Assignment.State.EXPIRED)
    ready_draft.places.update(state="CLOSED")
    desk.press("e")
    desk.write(" Kept.")

    dialog = desk.page.locator("#ended")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text("withdrawn")
    expect(dialog.get_by_label("What you wrote")).to_have_value(ready_draft.text + " Kept.")
    assert Assignment.objects.get().work["rewrite"].endswith("Kept.")


def test_what_was_just_typed_is_saved_before_another_draft_is_reopened(
    desk: Desk, drafts: DraftMaker
) -> None:
    first, second = drafts(2)
    desk.open()
    desk.press("a")
    desk.shows(second)
    desk.press("e")
    desk.write(" Mine.")
    desk.press("Escape", "Shift+Z")
    desk.shows(first)

    desk.press("a")
    desk.shows(second)
    expect(desk.page.locator("#rewrite-text")).to_have_value(f"{second.text} Mine.")


def test_nobody_writes_into_a_draft_that_is_on_its_way(desk: Desk, drafts: DraftMaker) -> None:
    first, second = drafts(2)
    field = desk.page.locator("#rewrite-text")
    lost: list[Route] = []

    def lose_the_first(route: Route) -> None:
        lost.append(route)
        if len(lost) == 1:
            route.abort()
        else:
            route.continue_()

    desk.page.route("**/submit/", lose_the_first)
    desk.hurry()
    desk.open()
    # Or it would be sent again while somebody types.
    desk.stand_still()
    desk.press("e")
    desk.write(" Sent.")
    desk.save_as_it_is()
    save_state(desk, "offline")
    desk.write(" Too late.")
    expect(field).to_have_value(f"{first.text} Sent.")

    desk.let_pass(4_000)
    desk.shows(second)
    assert Review.objects.get().rewrite == f"{first.text} Sent."
    desk.press("e")
    desk.write(" The control.")
    expect(field).to_have_value(f"{second.text} The control.")


def test_who_logs_in_in_another_tab_sees_nothing_and_takes_nothing_away(
    desk: Desk,
    ready_draft: Draft,
    live_server: LiveServer,
    editor: Person,
    second_editor: Person,
) -> None:
    desk.open()
    log_in(desk.page.context, live_server, second_editor)
    desk.press("e")
    desk.write(" Mine alone.")
    expect(desk.page.get_by_role("heading", name="Your desk")).to_be_visible()
    expect(desk.page.get_by_text("Mine alone")).to_have_count(0)
    # Nor does their leaving take away what is not theirs.
    desk.page.locator(".nav-account summary").click()
    desk.page.get_by_role("button", name="Log out").click()
    expect(desk.page.get_by_role("heading", name="Log in")).to_be_visible()

    log_in(desk.page.context, live_server, editor)
    desk.open()
    expect(desk.page.locator("#rewrite-text")).to_have_value(f"{ready_draft.text} Mine alone.")
    save_state(desk, "saved")


@pytest.mark.parametrize("choice", ["Keep what is here", "Use what was saved there"])
def test_what_a_browser_kept_never_writes_over_what_was_saved_later_elsewhere(
    desk: Desk, ready_draft: Draft, editor: Person, choice: str
) -> None:
    desk.open()
    desk.page.route("**/work/", lambda route: route.abort())
    desk.press("e")
    desk.write(" Older.")
    save_state(desk, "offline")
    context = desk.page.context
    desk.page.close()
    held = Assignment.objects.get()
    save_work(held.pk, editor, {"rewrite": f"{ready_draft.text} Newer."}, held.revision, 0)

    again = Desk(context.new_page(), desk.address)
    again.page.goto(f"{again.address}/review/")
    dialog = again.page.locator("#conflict")
    expect(dialog).to_contain_text("Older.")
    expect(dialog).to_contain_text("Newer.")
    dialog.get_by_role("button", name=choice).click()
    counts = "Older." if choice == "Keep what is here" else "Newer."
    expect(again.page.locator("#rewrite-text")).to_have_value(f"{ready_draft.text} {counts}")
    save_state(again, "saved")
    assert Assignment.objects.get().work["rewrite"].endswith(counts)


def test_what_was_left_of_a_draft_that_is_gone_is_kept_with_it_and_shown(
    desk: Desk, drafts: DraftMaker
) -> None:
    first, second = drafts(2)
    desk.open()
    desk.page.route("**/work/", lambda route: route.abort())
    desk.press("e")
    desk.write(" Not yet saved.")
    save_state(desk, "offline")
    context = desk.page.context
    desk.page.close()
    Assignment.objects.update(state=Assignment.State.EXPIRED)
    first.places.update(state="CLOSED")

    again = Desk(context.new_page(), desk.address)
    again.page.goto(f"{again.address}/review/")
    dialog = again.page.locator("#ended")
    expect(dialog).to_contain_text(f"Draft {first.pk}: This draft was withdrawn")
    expect(dialog.get_by_label("What you wrote")).to_have_value(f"{first.text} Not yet saved.")
    again.press("Enter")
    again.shows(second)
    assert _kept_in(again.page) == []
    kept = Assignment.objects.get(place__draft=first).work
    assert kept["rewrite"] == f"{first.text} Not yet saved."


def test_what_is_typed_while_a_fact_is_added_stays(desk: Desk, ready_draft: Draft) -> None:
    field = desk.page.locator("#rewrite-text")
    on_the_way: list[Route] = []
    desk.open()
    desk.page.route("**/review/*/", lambda route: on_the_way.append(route))
    desk.press("e")
    desk.write(" Produced by Andrew Wade")
    desk.page.get_by_role("button", name="Add as a fact").click()
    desk.page.locator("#add-name").fill("producer")
    desk.page.locator("#add-source").fill("liner notes")
    with desk.page.expect_request(re.compile(r"/review/\d+/$")):
        desk.press("Enter")
    expect(field).to_be_focused()
    desk.write(" himself.")
    for _look in range(1_200):
        if on_the_way:
            break
        desk.page.wait_for_timeout(50)
    on_the_way[0].continue_()

    expect(desk.page.locator(".desk-evidence")).to_contain_text("Andrew Wade")
    expect(field).to_have_value(f"{ready_draft.text} Produced by Andrew Wade himself.")
    expect(field).to_be_focused()
    desk.write(" Loud.")
    save_state(desk, "saved")
    assert Assignment.objects.get().work["rewrite"].endswith("Andrew Wade himself. Loud.")
    # And what was undone before can be undone still.
    desk.press("Escape", "z")
    expect(field).not_to_have_value(f"{ready_draft.text} Produced by Andrew Wade himself. Loud.")


def test_the_state_is_right_again_once_the_line_is_back_and_nothing_was_written(
    desk: Desk, ready_draft: Draft
) -> None:
    desk.hurry()
    desk.open()
    desk.page.context.set_offline(True)
    desk.page.clock.fast_forward(60_000)
    desk.press("ArrowRight")
    save_state(desk, "offline")

    desk.page.context.set_offline(False)
    desk.page.evaluate("window.dispatchEvent(new Event('online'))")
    save_state(desk, "saved")


def _kept_in(page: Page) -> list[str]:
    kept = page.evaluate("JSON.stringify(Object.keys(localStorage))")
    return [name for name in json.loads(kept) if name.startswith("copydesk:unsent:")]
