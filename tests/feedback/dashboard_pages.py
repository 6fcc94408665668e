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


COUNTED_LINK = re.compile(r'<a\b[^>]* data-(?:drafts|rows)="')
LINK = re.compile(r'<a\b(?=[^>]* href="([^"]*)")(?=[^>]* data-(?:drafts|rows)="(\d+)")')
A_NUMBER = re.compile(r"\d")
NUMBER_CELL = re.compile(r'<(td|dd)\b(?: class="number")?>(.*?)</\1>', re.DOTALL)
LINKED = re.compile(r"<a\b.*?</a>", re.DOTALL)
BESIDE_A_NUMBER = re.compile(r'<(span|p)\b[^>]*class="(?:interval|quiet)"[^>]*>.*?</\1>', re.DOTALL)


def counted_links(page: str) -> set[tuple[str, int]]:
    """Each link that says how many drafts, or rows of a list, it leads to, once."""
    found = [(unescape(href), int(number)) for href, number in LINK.findall(page)]
    assert len(found) == len(COUNTED_LINK.findall(page))
    return set(found)


def numbers_without_a_link(page: str) -> list[str]:
    """What stands in the cells of numbers, but for noughts, and leads nowhere."""
    found = []
    for _tag, cell in NUMBER_CELL.findall(page):
        said = text_of(BESIDE_A_NUMBER.sub("", LINKED.sub("", cell)))
        if A_NUMBER.search(said) and said != "0":
            found.append(said)
    return found


def counted_at(client: Client, address: str) -> set[int]:
    """How many rows a list says that there are, where it says so, and how many different ones it
    shows. Its pages must be long enough for all of them.
    """
    answer = client.get(address)
    assert answer.status_code == 200, address
    page = answer.content.decode()
    if 'data-total="' in page:
        shown = {part.split('"')[0] for part in page.split('data-draft="')[1:]}
        return {int(page.split('data-total="')[1].split('"')[0]), len(shown)}
    if "page_obj" in answer.context:
        return {len(answer.context["page_obj"])}
    return {len({row.pk for row in answer.context["page"].rows})}


def wrong_links(client: Client, links: set[tuple[str, int]]) -> list[str]:
    """Each link that leads to another number than it says, in words."""
    return [
        f"{address} leads to {found}, not {number}"
        for address, number in sorted(links)
        if (found := counted_at(client, address)) != {number}
    ]
