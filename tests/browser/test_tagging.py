"""What a tag says by itself, what its category means, and something missing, by key and touch."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from explanations.models import Category, Criterion, DecidedAnswer, Draft, Task
from feedback.models import CriterionAnswer, Tag
from tests.browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_tag_answers_its_criterion_is_explained_and_says_what_is_missing(
    desk: Desk, ready_draft: Draft, music_task: Task
) -> None:
    DecidedAnswer.objects.create(
        category=Category.objects.get(task=music_task, slug="generic"),
        criterion=Criterion.objects.get(task=music_task, slug="specific"),
    )
    page = desk.page
    desk.open()
    specific = page.locator("[data-criterion-of=specific]")
    definitions = page.locator("#definitions")

    # Three tags on words that overlap, each with a line and a number of its own.
    desk.select_words("metalcore adrenaline rush")
    desk.press("4")
    desk.select_words("adrenaline rush")
    desk.press("3", "+")
    desk.select_words("adrenaline")
    desk.press("8")
    marks = page.locator("#draft .marked.begins")
    expect(marks).to_have_count(3)
    lanes = {re.search(r"lane-\d", mark.get_attribute("class") or "") for mark in marks.all()}
    assert len({lane.group() for lane in lanes if lane}) == 3
    assert page.locator("#draft").text_content() == ready_draft.text

    # What the category of the tag in hand means; the keys of the draft go on working.
    desk.press("d")
    expect(definitions).to_be_visible()
    expect(definitions.locator(".is-current")).to_contain_text("What language means.")
    expect(page.locator("#announcement")).to_contain_text("What language means.")
    desk.press("Shift+Digit6")
    expect(definitions.locator(".is-current")).to_contain_text("What generic means.")
    assert Axe().run(page).violations_count == 0
    desk.press("Escape", "Escape")
    expect(definitions).to_be_hidden()

    # A generic tag answers that it is not specific; taking it away takes the answer away.
    desk.press("6")
    expect(specific.locator("[value=no]")).to_be_checked()
    expect(specific).to_contain_text("by the tag Generic")
    desk.press("Delete")
    expect(specific.locator(":checked")).to_have_count(0)

    # Something missing, by its key, and for a finger by its button.
    desk.press("m", "1")
    expect(page.locator(".mark-row.is-current")).to_contain_text("Something missing")
    desk.press("m")
    expect(page.locator(".mark-row.is-current")).to_contain_text("The whole draft")
    page.get_by_role("button", name="Something is missing").click()
    expect(page.locator(".mark-row.is-current")).to_contain_text("Something missing")
    desk.press("6", "x")
    desk.is_empty()

    assert list(Tag.objects.values_list("category__slug", "scope", "quote", "severity")) == [
        ("tone", "span", "metalcore adrenaline rush", 1),
        ("unsupported", "span", "adrenaline rush", 25),
        ("language", "span", "adrenaline", 1),
        ("attribution", "missing", "", 5),
        ("generic", "draft", "", 1),
    ]
    assert CriterionAnswer.objects.get().by_tag


@pytest.mark.parametrize("size", [(1280, 800), (1440, 900)], ids=str)
def test_with_five_tags_the_rewrite_and_its_changes_are_seen_at_once(
    desk: Desk, ready_draft: Draft, size: tuple[int, int]
) -> None:
    desk.page.set_viewport_size({"width": size[0], "height": size[1]})
    desk.open()
    for key in "34678":
        desk.press("ArrowRight", key)
    rows = desk.page.locator("#marks > .mark-row")
    expect(rows).to_have_count(5)
    # The tag in hand is in sight of a list that shows no more than three at once.
    expect(desk.page.locator("#marks > .is-current")).to_be_in_viewport(ratio=1)
    desk.press("e", "Control+End")
    desk.write(" Play it twice, and then the whole album from the first track to the last.")
    expect(desk.page.locator("#rewrite-changes ins").first).to_be_visible()
    expect(desk.page.locator("#rewrite-text")).to_be_in_viewport(ratio=1)
    expect(desk.page.locator("#rewrite-changes")).to_be_in_viewport(ratio=1)
    expect(desk.draft).to_be_in_viewport()
