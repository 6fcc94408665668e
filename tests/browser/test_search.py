"""Finding the rest and dealing with all of it, and judging goldens anew, in a browser."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft
from explanations.services.facts import correct_fact
from feedback.models import Golden
from tests.browser.conftest import Witness, log_in
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def leads_page(page: Page, live_server: LiveServer, lead: Person, witness: Witness) -> Page:
    """Lin's browser; it may never break the content security policy."""
    log_in(page.context, live_server, lead)
    return page


def test_a_lead_finds_quarantines_and_takes_it_back(
    leads_page: Page, live_server: LiveServer, drafts: DraftMaker
) -> None:
    page = leads_page
    drafts(3)
    page.goto(f"{live_server.url}/search/")
    page.get_by_label("Words").fill("1th")
    page.get_by_label("Words").press("Enter")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("words=1th"))

    page.get_by_label("Words").fill("metalcore")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#results tbody tr")).to_have_count(3)
    page.get_by_role("link", name="Ready for review 3").click()
    expect(page).to_have_url(re.compile("state=READY"))
    page.go_back()
    expect(page.locator("#results tbody tr")).to_have_count(3)

    page.get_by_role("button", name="Quarantine …").click()
    expect(page.get_by_role("heading", name="Quarantine: 3 drafts?")).to_be_visible()
    page.get_by_label("Reason").fill("All alike.")
    page.get_by_role("button", name="Quarantine: 3").click()
    expect(page.get_by_text("Done to 3.")).to_be_visible()
    assert set(Draft.objects.values_list("state", flat=True)) == {"QUARANTINED"}

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 are as they were")).to_be_visible()
    assert set(Draft.objects.values_list("state", flat=True)) == {"READY"}


def test_a_wrong_pattern_is_explained_where_the_results_would_be(
    leads_page: Page, live_server: LiveServer, drafts: DraftMaker
) -> None:
    page = leads_page
    drafts(1)
    page.goto(f"{live_server.url}/search/")
    page.get_by_label("Regular expression").fill("(")
    page.get_by_label("Regular expression").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("no regular expression")
    page.get_by_label("Regular expression").fill("metal.*time")
    page.get_by_label("Regular expression").press("Enter")
    expect(page.locator("#results tbody tr")).to_have_count(1)


def test_goldens_are_judged_anew_by_one_key_each(
    leads_page: Page, live_server: LiveServer, editor: Person, drafts: DraftMaker
) -> None:
    page = leads_page
    made = drafts(3)
    goldens = []
    for draft in made:
        golden = reviewed(editor, outcome="ACCEPT").golden
        assert golden is not None
        goldens.append(golden)
        correct_fact(draft.recommendation, "/item/genre", "djent", "the sleeve", editor)
    page.goto(f"{live_server.url}/goldens/needs-review/")
    items = page.locator("[data-new-reviews] > li")
    expect(items).to_have_count(3)
    expect(items.first).to_be_focused()

    page.keyboard.press("j")
    expect(items.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("[data-new-reviews][data-awake]")).to_be_visible()
    page.keyboard.press("r")
    expect(items).to_have_count(2)
    expect(page.locator("[data-new-reviews][data-awake]")).to_be_visible()
    page.keyboard.press("w")
    page.keyboard.type("Not right any more.")
    page.keyboard.press("Enter")
    expect(items).to_have_count(1)
    expect(page.locator("[data-new-reviews][data-awake]")).to_be_visible()
    page.keyboard.press("e")
    page.get_by_label("Line").fill("Dead Rabbitts bring djent.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing to look at again")).to_be_visible()

    states = dict(Golden.objects.values_list("pk", "state"))
    assert [states[golden.pk] for golden in goldens] == ["APPROVED", "WITHDRAWN", "WITHDRAWN"]
    assert Golden.objects.get(replaces=goldens[2]).text == "Dead Rabbitts bring djent."


def test_a_double_press_does_not_decide_the_next_one(
    leads_page: Page, live_server: LiveServer, editor: Person, drafts: DraftMaker
) -> None:
    page = leads_page
    for draft in drafts(2):
        reviewed(editor, outcome="ACCEPT")
        correct_fact(draft.recommendation, "/item/genre", "djent", "the sleeve", editor)
    # Time goes slowly here, so that any machine is quick enough for a double press.
    page.add_init_script(
        "const later = setTimeout; window.setTimeout = (step, ms) => later(step, ms * 1000);"
    )
    page.goto(f"{live_server.url}/goldens/needs-review/")
    items = page.locator("[data-new-reviews] > li")
    expect(items.first).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.press("j")
    expect(items.nth(1)).to_be_focused()
    assert Golden.objects.filter(state=Golden.State.NEEDS_REVIEW).count() == 2
