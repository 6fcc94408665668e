"""The dashboard in a browser: filters, and the way from a bar to its drafts."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Run
from feedback.services.statistics.desk_days import keep_desk_days
from tests.browser.conftest import Witness, log_in
from tests.feedback import test_desk_figures
from tests.feedback.conftest import busy_desk as busy_desk
from tests.feedback.conftest import candidate_run as candidate_run
from tests.feedback.conftest import judged_desk as judged_desk
from tests.feedback.dashboard_pages import PAGES
from tests.feedback.judged_desk import JudgedDesk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
a_days_work = test_desk_figures.busy_desk


def test_filters_change_the_page_and_its_address_and_a_bar_leads_to_its_drafts(
    page: Page,
    live_server: LiveServer,
    witness: Witness,
    lead: Person,
    judged_desk: JudgedDesk,
    run: Run,
) -> None:
    judged_desk.judge(run, 40)
    judged_desk.judge(run, 20, "EDIT", tags=[("tone", 1)])
    judged_desk.judge(run, 35, "EDIT", tags=[("generic", 1)], blind=False)
    judged_desk.judge(run, 12, blind=False)
    judged_desk.count()
    log_in(page.context, live_server, lead)
    page.goto(f"{live_server.url}/dashboard/errors/")
    expect(page.locator(".asked-in-words")).to_contain_text("The random blind sample")
    expect(page.get_by_label("From")).to_be_hidden()

    page.get_by_label("Period").select_option(label="between two days")
    expect(page.get_by_label("From")).to_be_visible()
    page.get_by_label("Period").select_option(label="the last 7 days")
    page.get_by_text("What the queue saw", exact=True).first.click()
    page.get_by_role("button", name="Show").click()

    expect(page.locator(".asked-in-words")).to_contain_text("What the queue saw")
    expect(page).to_have_url(re.compile(r"/dashboard/errors/\?task=music-oneliner&days=7"))
    page.get_by_role("link", name="Guide version").click()
    expect(page).to_have_url(re.compile("by=guide"))
    expect(page.locator(".asked-in-words")).to_contain_text("What the queue saw")

    page.locator("tr.category-6 .bar-link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("35 drafts behind the number")


def test_each_number_that_leads_somewhere_is_a_target_of_24_pixels(
    browser: Browser, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, locale="en-GB"
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    for address in ("/dashboard/comparison/", "/dashboard/errors/?by=model"):
        page.goto(address)
        sizes = page.evaluate(TARGETS)
        assert len(sizes) > 10, address
        assert [size for size in sizes if min(size) < 24] == [], address
    context.close()


def test_nothing_runs_off_a_page_at_400_percent_nor_from_right_to_left(
    browser: Browser, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    # A window of 1280 pixels at 400 %, with the long words of German.
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 320, "height": 256}, locale="de-DE"
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    too_wide = []
    for address in [*PAGES.values(), "/dashboard/drafts/?task=music-oneliner", "/reviews/"]:
        page.goto(address)
        for direction in ("ltr", "rtl"):
            page.evaluate("direction => { document.documentElement.dir = direction }", direction)
            wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if wider > 0:
                too_wide.append(f"{address} {direction}: {wider} pixels")
    context.close()
    assert too_wide == []


@pytest.mark.parametrize("language", ["en-GB", "de-DE"])
def test_no_table_is_wider_than_a_phone(
    browser: Browser,
    live_server: LiveServer,
    lead: Person,
    busy_desk: JudgedDesk,
    a_days_work: list[Draft],
    language: str,
) -> None:
    Draft.objects.filter(pk=a_days_work[-2].pk).update(state=Draft.State.REVIEWED)  # and unsettled
    busy_desk.count()
    while keep_desk_days():
        pass
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 360, "height": 780}, locale=language
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    too_wide, tables = [], 0
    for address in [*PAGES.values(), *LISTS]:
        page.goto(address)
        for width, holder in page.evaluate(TABLES):
            tables += 1
            if width > holder:
                too_wide.append(f"{address}: {width} pixels in {holder}")
    context.close()
    assert too_wide == []
    assert tables > 25


def test_on_a_phone_each_figure_says_of_what_it_is(
    browser: Browser, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, locale="en-GB"
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    page.goto("/dashboard/comparison/")
    said = page.locator(".table-compared").first.evaluate(
        """table => [...table.tBodies[0].rows[0].cells].map(
          cell => getComputedStyle(cell, "::before").content)"""
    )
    context.close()
    assert said == [
        "none",
        *('"In words"', '"Difference"', '"smollm2-135m-instruct"', '"smollm2-tuned"'),
    ]


def test_on_a_phone_the_first_number_is_seen_without_scrolling_and_filters_unfold(
    browser: Browser, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    context = browser.new_context(
        base_url=live_server.url, viewport={"width": 390, "height": 844}, has_touch=True
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    page.goto("/dashboard/")
    expect(page.locator(".headline a")).to_be_in_viewport()
    expect(page.get_by_label("Period", exact=True)).to_be_hidden()
    page.get_by_text("Filters", exact=True).tap()
    page.get_by_label("Period", exact=True).select_option(label="the last 90 days")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("days=90"))
    context.close()


def test_the_keyboard_comes_by_filters_and_numbers_in_the_order_of_the_page(
    page: Page, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    log_in(page.context, live_server, lead)
    page.goto(f"{live_server.url}/dashboard/")
    page.get_by_label("Task").focus()
    passed = []
    for _step in range(14):
        passed.append(str(page.evaluate(FOCUSED)))
        page.keyboard.press("Tab")
    wanted = ["Task", "Period", "Show", "How to read the numbers", "Saved views", "publishable"]
    at = [next(n for n, name in enumerate(passed) if words in name) for words in wanted]
    assert at == sorted(at), passed


def test_charts_can_be_seen_where_colours_are_forced(
    browser: Browser, live_server: LiveServer, lead: Person, busy_desk: JudgedDesk
) -> None:
    context = browser.new_context(
        base_url=live_server.url, forced_colors="active", color_scheme="dark"
    )
    log_in(context, live_server, lead)
    page = context.new_page()
    page.goto("/dashboard/errors/")
    for mark in (".bar-fill", ".trend-point"):
        colours = page.locator(mark).first.evaluate(
            "mark => [getComputedStyle(mark).fill, getComputedStyle(document.body).backgroundColor]"
        )
        assert colours[0] != colours[1]
    context.close()


# What each table needs and what it is given, those behind charts among them.
TABLES = """(() => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  return [...document.querySelectorAll(".table-scroll")].map(
    holder => [holder.scrollWidth, holder.clientWidth]);
})()"""
# How wide and high each number that leads to drafts is, those behind charts among them.
TARGETS = """(() => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  return [...document.querySelectorAll(".table-of-figures .number a[data-drafts]")].map(link => {
    const box = link.getBoundingClientRect();
    return [box.width, box.height];
  });
})()"""
LISTS = [
    "/dashboard/drafts/?task=music-oneliner",
    *("/queue/", "/reviews/", "/judgements/", "/digests/", "/disagreements/", "/goldens/"),
]
FOCUSED = """(() => {
  const at = document.activeElement;
  return at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent;
})()"""
