"""Nothing moves for whoever asked their machine for less motion."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Run
from tests.browser.conftest import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Whatever takes longer than a frame to change on this page: elements with what stands before and
# after them, scrolling, and parts that a browser makes itself, of which only rules can be read.
MOVES = """() => {
  const seconds = (list) => Math.max(...list.split(",").map(
    each => parseFloat(each) * (each.trim().endsWith("ms") ? 0.001 : 1)));
  const moves = (style) =>
    seconds(style.transitionDuration || "0s") > 0.001 ||
    (style.animationName !== "none" && seconds(style.animationDuration || "0s") > 0.001) ||
    style.scrollBehavior === "smooth";
  const found = new Set();
  for (const element of document.querySelectorAll("*")) {
    for (const part of [null, "::before", "::after"]) {
      if (moves(getComputedStyle(element, part))) found.add(element.localName + (part ?? ""));
    }
  }
  const look = (rules) => {
    for (const rule of rules) {
      if (rule instanceof CSSMediaRule && !matchMedia(rule.conditionText).matches) continue;
      const parts = rule.selectorText ?? "";
      if (parts.includes("::-webkit-") && moves(rule.style)) found.add(parts);
      if (rule.cssRules) look(rule.cssRules);
    }
  };
  for (const sheet of document.styleSheets) look(sheet.cssRules);
  return [...found].sort();
}"""


@pytest.fixture
def page_with(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer, lead: Person
) -> Callable[[str], Page]:
    """A page of somebody who wishes for this much motion: `page_with("reduce")`."""

    def make(motion: str) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            reduced_motion="reduce" if motion == "reduce" else "no-preference",
        )
        request.addfinalizer(context.close)
        log_in(context, live_server, lead)
        return context.new_page()

    return make


def moving_parts(page: Page, run: Run) -> list[str]:
    """What moves on the review screen while it waits, on a run's page and on the dashboard."""
    page.goto("/review/")
    expect(page.locator("#draft")).to_be_focused()
    page.evaluate("document.getElementById('desk').setAttribute('aria-busy', 'true')")
    found = set(page.evaluate(MOVES))
    for address in (f"/runs/{run.pk}/", "/dashboard/"):
        page.goto(address)
        found |= set(page.evaluate(MOVES))
    return sorted(found)


def test_nothing_moves_for_whoever_wants_less_motion(
    page_with: Callable[[str], Page], ready_draft: Draft
) -> None:
    assert moving_parts(page_with("reduce"), ready_draft.run) == []


def test_for_everybody_else_buttons_and_progress_move(
    page_with: Callable[[str], Page], ready_draft: Draft
) -> None:
    moving = moving_parts(page_with("as usual"), ready_draft.run)
    assert {"button", "div", ".progress::-webkit-progress-value"} <= set(moving)
