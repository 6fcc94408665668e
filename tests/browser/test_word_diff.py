"""The browser tells changes exactly as the server does: both read the same vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "word_diff.json").read_text("utf-8")
)

TELL = """async (vectors) => {
    const diff = await import("/static/feedback/word_diff.js");
    return vectors.map(({before, after, tags}) => {
        const hunks = diff.wordDiff(before, after);
        const explained = diff.matchTags(before, hunks, tags);
        return {
            tokens: diff.tokens(before).map(({text}) => text),
            hunks,
            changed_share: Number(diff.changedShare(before, after).toFixed(4)),
            explained: explained.map(({tags, by}) => ({tags, by})),
            idle: diff.idleTags(explained, tags),
        };
    });
}"""


def test_every_vector_comes_out_the_same_in_chromium(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/accounts/login/")

    told = page.evaluate(TELL, VECTORS)

    for vector, answer in zip(VECTORS, told, strict=True):
        assert answer == {name: vector[name] for name in answer}, vector["name"]
