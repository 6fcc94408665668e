"""Real Chromium against the desk."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from tests.browser.desk import Desk
from tests.chromium import launch_options
from tests.feedback.conftest import drafts as drafts

# Playwright's event loop runs in the thread of the test, and Django takes it for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# What is expected comes at once, but not on every machine.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    return dict(launch_options())


class Witness:
    """What a browser did behind a page's back."""

    def __init__(self, page: Page, home: str) -> None:
        self.complaints: list[str] = []
        self.outside: list[str] = []
        self._home = home
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self._home, "data:", "blob:")):
            self.outside.append(request.url)


@pytest.fixture
def witness(page: Page, live_server: LiveServer) -> Iterator[Witness]:
    """Fails the test when the page broke the content security policy or called elsewhere."""
    witness = Witness(page, live_server.url)
    yield witness
    assert witness.outside == []
    assert [line for line in witness.complaints if "Content Security Policy" in line] == []


def log_in(context: BrowserContext, live_server: LiveServer, someone: Person) -> None:
    """Give the browser somebody's session."""
    client = Client()
    client.force_login(someone)
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": session.key, "value": session.value, "url": live_server.url}])


@pytest.fixture
def desk(page: Page, live_server: LiveServer, editor: Person, witness: Witness) -> Desk:
    """The review screen with Ada at it; it may never break the content security policy."""
    log_in(page.context, live_server, editor)
    return Desk(page, live_server.url)
