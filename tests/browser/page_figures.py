"""Print what the main pages of a running desk weigh, how soon they can be used, and what moves.

    python -m tests.browser.page_figures http://127.0.0.1:8000 editor:PASSWORD lead:PASSWORD

For each page, with an empty cache and with a full one: kB over the wire (headers included),
requests, milliseconds until it can be used (scripts have run, and nothing keeps the page busy for
50 ms), and layout shift. The last line is the same as JSON.
"""

import argparse
import json
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import launch_options

PAGES = {
    "login": (None, "/accounts/login/"),
    "home": ("editor", "/"),
    "review": ("editor", "/review/"),
    "keys": ("editor", "/review/keys/"),
    "goldens": ("editor", "/goldens/"),
    "drafts": ("lead", "/drafts/"),
    "search": ("lead", "/search/?words=music"),
    "checks": ("lead", "/checks/"),
    "runs": ("lead", "/runs/"),
}

# Long tasks and shifts are counted from the first byte on.
WATCH = """
window.desk = { shift: 0, busyUntil: 0 };
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.desk.shift += entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.desk.busyUntil = Math.max(window.desk.busyUntil, entry.startTime + entry.duration);
  }
}).observe({ type: "longtask", buffered: true });
"""
FIGURES = """() => {
  const [page] = performance.getEntriesByType("navigation");
  return {
    interactive_ms: Math.round(Math.max(page.domContentLoadedEventEnd, window.desk.busyUntil)),
    layout_shift: Number(window.desk.shift.toFixed(4)),
  };
}"""


def logged_in(browser: Browser, address: str, login: str | None) -> Page:
    """Return a page of a new browser in which somebody has logged in."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.add_init_script(WATCH)
    if login:
        name, password = login.split(":", 1)
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(password)
        page.get_by_label("Password").press("Enter")
        page.wait_for_url(f"{address}/")
    return page


def figures(page: Page, path: str, *, cached: bool) -> dict[str, Any]:
    """Load a page and return its figures."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": not cached})
    loaded: list[float] = []
    wire.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page.goto(path, wait_until="networkidle")
    wire.detach()
    return {
        # What the browser took from its cache came over no wire.
        "kb": round(sum(loaded) / 1000, 1),
        "requests": sum(length > 0 for length in loaded),
        **page.evaluate(FIGURES),
    }


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("address")
    parser.add_argument("logins", nargs=2, metavar="NAME:PASSWORD", help="an editor's, a lead's")
    options = parser.parse_args()
    logins = dict(zip(("editor", "lead"), options.logins, strict=True))
    found: dict[str, dict[str, Any]] = {}
    # Asked before the browser starts: it looks for one that does.
    chromium = launch_options()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium)
        for name, (who, path) in PAGES.items():
            page = logged_in(browser, options.address, who and logins[who])
            found[name] = {
                "first": figures(page, path, cached=False),
                "again": figures(page, path, cached=True),
            }
            page.context.close()
        browser.close()
    print(f"{'page':<10}{'kB':>8}{'requests':>10}{'usable ms':>11}{'shift':>8}{'kB again':>10}")
    for name, figure in found.items():
        first, again = figure["first"], figure["again"]
        print(
            f"{name:<10}{first['kb']:>8}{first['requests']:>10}{first['interactive_ms']:>11}"
            f"{first['layout_shift']:>8}{again['kb']:>10}"
        )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
