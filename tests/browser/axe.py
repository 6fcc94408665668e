"""What axe-core says about a page as it stands."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe, AxeResults
from playwright.sync_api import Page

# Targets of 24 px are of WCAG 2.2, which axe does not ask for by itself.
EVERYTHING: dict[str, Any] = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},
}
# All that another light can change about a page.
COLOURS: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["color-contrast", "link-in-text-block"],
}
_AXE = Axe()


def is_clean(page: Page, asked: dict[str, Any] = EVERYTHING) -> None:
    """Fail where axe finds a violation, or where something makes the page scroll sideways."""
    complaint = complaints(page, asked)
    assert complaint == "", complaint


def complaints(page: Page, asked: dict[str, Any] = EVERYTHING) -> str:
    """Return what axe finds, and how many pixels the page is too wide; "" where nothing is."""
    # Half a megabyte of script: once a page is enough.
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    found = AxeResults(page.evaluate("asked => axe.run(asked)", asked))
    said = found.generate_report() if found.violations_count else ""
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return said + (f"{page.url} is {wider} pixels too wide\n" if wider > 0 else "")
