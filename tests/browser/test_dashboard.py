"""The dashboard in a browser: filters, and the way from a bar to its drafts."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Run
from tests.browser.conftest import Witness, log_in
from tests.feedback.conftest import judged_desk as judged_desk
from tests.feedback.judged_desk import JudgedDesk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


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
