"""The pages of the REST API, in a browser that enforces the content security policy."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from tests.browser.conftest import Witness, log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_pages_render_from_here_alone_and_can_be_tried(
    page: Page, live_server: LiveServer, editor: Person, witness: Witness
) -> None:
    log_in(page.context, live_server, editor)

    page.goto(f"{live_server.url}/api/v1/docs/")

    expect(page.locator(".swagger-ui .info .title")).to_contain_text("Copydesk")
    operation = page.locator("#operations-tokens-tokens_list")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status")).to_contain_text(
        "200"
    )
    assert witness.complaints == []


def test_a_token_is_made_and_revoked_with_the_keyboard(
    page: Page, live_server: LiveServer, editor: Person, witness: Witness
) -> None:
    log_in(page.context, live_server, editor)
    page.goto(f"{live_server.url}/accounts/tokens/")

    page.get_by_label("What is it for?").focus()
    page.keyboard.type("nightly run")
    page.get_by_label("read tasks, recommendations, runs, drafts and goldens").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make the token").press("Enter")

    token = page.get_by_label("Token", exact=True)
    expect(token).to_have_value(re.compile("^desk_[0-9a-f]{64}$"))
    page.get_by_role("button", name="Revoke the token for nightly run").press("Enter")
    expect(page.get_by_text("You have none.")).to_be_visible()
    assert witness.complaints == []
