"""Facts, words and assertions light each other up, with the mouse and with the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Dismissal, Draft, Finding, Run, Task
from tests.browser.conftest import Witness, log_in
from tests.browser.desk import Desk
from tests.conftest import LISTENER, TRACK, drafted, recommended

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TEXT = "Dead Rabbitts play metalcore. Since 1987 it 🎉 is a filthy thrill."


@pytest.fixture
def draft(run: Run, music_task: Task) -> Draft:
    """Two sentences: one that names facts, one with a year of no fact."""
    made = drafted(
        run,
        recommended(music_task, "track:two", TRACK, LISTENER, "Dead Rabbitts"),
        TEXT,
        rests_on=["/item/artist", "/item/genre"],
    )
    Finding.objects.create(
        draft=made,
        check_name="grounding",
        check_version=1,
        level="error",
        message="No fact holds the year 1987.",
        start=TEXT.index("1987"),
        end=TEXT.index("1987") + 4,
        category=music_task.categories.get(slug="unsupported"),
        gist="1987",
    )
    return made


@pytest.fixture
def page_of(page: Page, live_server: LiveServer, witness: Witness) -> Callable[[Person, str], Page]:
    """A page of the desk with somebody at it: `page_of(lead, "/drafts/1/")`."""

    def open_page(someone: Person, address: str) -> Page:
        log_in(page.context, live_server, someone)
        page.goto(f"{live_server.url}{address}")
        return page

    return open_page


def fact(page: Page, value: str) -> Locator:
    """The button of a fact of the item."""
    return page.locator("button[data-link=fact]", has_text=value).first


def assertion(page: Page, words: str) -> Locator:
    """The row of an assertion."""
    return page.locator("li[data-link=assertion]", has_text=words)


def lit_words(page: Page) -> list[str]:
    """The words of a draft's page that are lit."""
    return [words for words in page.locator("#draft-text .is-lit").all_inner_texts() if words]


def highlighted(page: Page, name: str) -> list[str]:
    """The words of the review screen that a highlight covers."""
    return list(page.evaluate("(name) => [...(CSS.highlights.get(name) ?? [])].map(String)", name))


def test_on_a_drafts_page_a_fact_lights_up_its_words_and_assertions(
    page_of: Callable[[Person, str], Page], lead: Person, draft: Draft
) -> None:
    page = page_of(lead, f"/drafts/{draft.pk}/")
    fact(page, "metalcore").hover()
    expect(assertion(page, "play metalcore")).to_contain_class("is-lit")
    expect(assertion(page, "filthy thrill")).not_to_contain_class("is-lit")
    assert lit_words(page) == ["metalcore"]


def test_and_back_from_the_words_and_from_the_assertion(
    page_of: Callable[[Person, str], Page], lead: Person, draft: Draft
) -> None:
    page = page_of(lead, f"/drafts/{draft.pk}/")
    page.locator("#draft-text .is-mention", has_text="Dead Rabbitts").hover()
    expect(fact(page, "Dead Rabbitts")).to_contain_class("is-lit")
    expect(fact(page, "metalcore")).not_to_contain_class("is-lit")
    assertion(page, "play metalcore").hover()
    expect(fact(page, "metalcore")).to_contain_class("is-lit")
    assert "".join(lit_words(page)) == "Dead Rabbitts play metalcore."


def test_the_keyboard_does_the_same_and_keeps_what_is_pressed(
    page_of: Callable[[Person, str], Page], lead: Person, draft: Draft
) -> None:
    page = page_of(lead, f"/drafts/{draft.pk}/")
    row = assertion(page, "play metalcore")
    row.get_by_role("button").focus()
    expect(fact(page, "metalcore")).to_contain_class("is-lit")
    page.keyboard.press("Enter")
    expect(row.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    page.evaluate("document.activeElement.blur()")
    expect(fact(page, "metalcore")).to_contain_class("is-lit")
    row.get_by_role("button").focus()
    page.keyboard.press("Escape")
    expect(row.get_by_role("button")).to_have_attribute("aria-pressed", "false")


def test_standings_are_said_in_words(
    page_of: Callable[[Person, str], Page], lead: Person, draft: Draft
) -> None:
    page = page_of(lead, f"/drafts/{draft.pk}/")
    expect(assertion(page, "play metalcore")).to_contain_text("Supported")
    expect(assertion(page, "filthy thrill")).to_contain_text("Without evidence")


def test_on_the_review_screen_a_fact_lights_up_its_words_and_assertions(
    desk: Desk, draft: Draft
) -> None:
    desk.open()
    fact(desk.page, "metalcore").hover()
    expect(assertion(desk.page, "play metalcore")).to_contain_class("is-lit")
    assert highlighted(desk.page, "desk-mention") == ["metalcore"]
    fact(desk.page, "Dead Rabbitts").focus()
    expect(assertion(desk.page, "play metalcore")).to_contain_class("is-lit")
    assert highlighted(desk.page, "desk-mention") == ["Dead Rabbitts"]


def test_words_that_the_cursor_walks_over_light_up_their_facts(desk: Desk, draft: Draft) -> None:
    desk.open()
    desk.select_words("metalcore")
    expect(fact(desk.page, "metalcore")).to_contain_class("is-lit")
    expect(fact(desk.page, "Dead Rabbitts")).not_to_contain_class("is-lit")
    desk.select_words("thrill")
    expect(fact(desk.page, "metalcore")).not_to_contain_class("is-lit")
    expect(assertion(desk.page, "filthy thrill")).to_contain_class("is-lit")


def test_so_do_words_under_the_pointer(desk: Desk, draft: Draft) -> None:
    desk.open()
    box = desk.page.evaluate(
        """() => {
            const range = document.createRange();
            const node = document.querySelector("#draft").firstChild;
            range.setStart(node, 0);
            range.setEnd(node, 4);
            const { x, y, width, height } = range.getBoundingClientRect();
            return [x + width / 2, y + height / 2];
        }"""
    )
    desk.page.mouse.move(*box)
    expect(fact(desk.page, "Dead Rabbitts")).to_contain_class("is-lit")
    assertion(desk.page, "filthy thrill").hover()
    expect(assertion(desk.page, "filthy thrill")).to_contain_class("is-lit")
    assert highlighted(desk.page, "desk-assertion") == ["Since 1987 it 🎉 is a filthy thrill."]


def test_the_blind_sample_shows_no_assertions_but_its_facts_are_linked(
    desk: Desk, draft: Draft
) -> None:
    Draft.objects.update(blind=True)
    desk.open()
    expect(desk.page.locator("li[data-link=assertion]")).to_have_count(0)
    fact(desk.page, "metalcore").hover()
    desk.until("CSS.highlights.has('desk-mention')")


def test_a_lead_dismisses_a_finding_for_the_whole_task_at_the_desk(
    page_of: Callable[[Person, str], Page], lead: Person, draft: Draft
) -> None:
    page = page_of(lead, "/review/")
    row = page.locator(".mark-row-finding", has_text="No fact holds the year 1987.")
    row.get_by_role("button", name="For the whole task").click()
    page.get_by_label("Reason").fill("It is the name of their club.")
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(page.locator("#draft")).to_be_focused()
    assert Dismissal.objects.get().reason == "It is the name of their club."


def test_an_editor_is_not_offered_that(desk: Desk, draft: Draft) -> None:
    desk.open()
    row = desk.page.locator(".mark-row-finding")
    expect(row.get_by_role("button", name="Dismiss")).to_be_visible()
    expect(row.get_by_role("button", name="For the whole task")).to_have_count(0)
