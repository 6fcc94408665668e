"""The browser tells changes exactly as the server does: both read the same vectors."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from tests.vectors.labelled import labelled_cases

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "word_diff.json").read_text("utf-8")
)

TELL = """async (cases) => {
    const diff = await import("/static/feedback/word_diff.js");
    const { align } = await import("/static/feedback/alignment.js");
    return cases.map(({before, after, tags}) => {
        const found = align(before, after, tags);
        return {
            tokens: diff.tokens(before).map(({text}) => text),
            hunks: diff.wordDiff(before, after),
            changed_share: Number(found.share.toFixed(4)),
            changes: found.changes.map(({tags, by, moved}) => ({tags, by, moved})),
            unchanged: found.unchanged,
            questions: found.questions,
        };
    });
}"""


def test_every_vector_comes_out_the_same_in_chromium(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/accounts/login/")

    told = page.evaluate(TELL, VECTORS)

    for vector, answer in zip(VECTORS, told, strict=True):
        assert answer == {name: vector[name] for name in answer}, vector["name"]

    cases = labelled_cases()
    told = page.evaluate(
        TELL,
        [
            {
                "before": case.draft,
                "after": case.rewrite,
                "tags": [asdict(tag) for tag in case.tags],
            }
            for case in cases
        ],
    )

    for case, answer in zip(cases, told, strict=True):
        changes = [
            (hunk["before"].strip(), hunk["after"].strip(), change["tags"])
            for hunk, change in zip(answer["hunks"], answer["changes"], strict=True)
        ]
        seen = (changes, answer["unchanged"], answer["questions"])
        assert seen == (case.changes, case.unchanged, case.asked), case.name
