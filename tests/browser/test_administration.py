"""The administration in a browser that enforces the content security policy."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft
from tests.browser.conftest import Witness, log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_its_pages_need_nothing_that_the_policy_forbids(
    page: Page, live_server: LiveServer, lead: Person, ready_draft: Draft, witness: Witness
) -> None:
    log_in(page.context, live_server, lead)
    task = ready_draft.task

    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("link", name="Drafts", exact=True).click()
    expect(page.get_by_role("heading", name="Select draft to view")).to_be_visible()
    page.goto(f"{live_server.url}/admin/explanations/draft/{ready_draft.pk}/change/")
    expect(page.get_by_text("metalcore adrenaline rush")).to_be_visible()
    page.goto(f"{live_server.url}/admin/explanations/task/{task.pk}/change/")
    page.get_by_label("Name:").fill("Music lines")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()

    task.refresh_from_db()
    assert task.name == "Music lines"
    assert witness.complaints == []
