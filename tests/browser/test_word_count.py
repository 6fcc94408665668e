"""The count below the rewrite is the one that the server keeps the limit by."""

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from explanations.context import leaf_facts, names_of
from explanations.output_formats import get_output_format
from feedback.views.desk_page import UNCOUNTED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FACTS = {
    "item": {"title": "Beautiful People (feat. Khalid) - Jack Wins Remix", "artist": "Beyoncé"},
    "audience": {},
}
LINES = [
    "Beyoncé's “Beautiful People” runs on 120 BPM.",
    "BEYONCE and Khalid: beautiful people, twice — beautiful people.",
    "Jack Wins turns rock’n’roll into a hip-hop lullaby 🎉🎉.",
    "Beyoncélike is one word, and so is r&b.",
    "宇多田ヒカルの声が光る。",
    "أغنية دافئة مثل المساء.",
    "",
]


def test_the_browser_counts_as_the_server_does(page: Page, live_server: LiveServer) -> None:
    names = [
        name for fact in leaf_facts(FACTS) if fact.pointer in UNCOUNTED for name in names_of(fact)
    ]
    page.goto(f"{live_server.url}/accounts/login/")

    counted = page.evaluate(
        """async ([lines, names]) => {
            const {countWords} = await import("/static/feedback/word_count.js");
            return lines.map((line) => countWords(line, names));
        }""",
        [LINES, names],
    )

    music = get_output_format("music-oneliner")
    assert counted == [music.word_count(line, FACTS) for line in LINES]
