"""How the tests look at the dashboard's pages."""

import re
from html import unescape
from typing import Any

from django.test import Client

PAGES = {
    "glance": "/dashboard/",
    "errors": "/dashboard/errors/",
    "outcomes": "/dashboard/outcomes/",
    "criteria": "/dashboard/criteria/",
    "effort": "/dashboard/effort/",
    "comparison": "/dashboard/comparison/",
    "people": "/dashboard/people/",
    "desk": "/dashboard/desk/",
}


def page_of(client: Client, name: str, **asked: Any) -> str:
    """The page with these filters; it must answer."""
    answer = client.get(PAGES[name], asked)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def text_of(page: str) -> str:
    """What people read of a page: no tags, and white space as one space."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def counted_links(page: str) -> set[tuple[str, int]]:
    """Each link that says how many drafts it leads to, once."""
    return {
        (unescape(href), int(number))
        for href, number in re.findall(r'href="([^"]+)"[^>]*? data-drafts="(\d+)"', page)
    }
