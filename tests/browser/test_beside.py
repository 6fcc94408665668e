"""What lies beside a draft: a golden to start from, and the guide with what is new in it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from accounts.models import Person
from explanations.models import Draft, Guide, GuideAcknowledgement, Task
from explanations.services.guide_news import acknowledge
from feedback.models import Golden
from tests.browser.desk import Desk
from tests.browser.test_nothing_is_lost import save_state
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_golden_is_a_start_and_the_guide_stays_open(
    desk: Desk, editor: Person, second_editor: Person, drafts: DraftMaker, music_task: Task
) -> None:
    drafts(3)
    golden = "Dead Rabbitts strike like weather."
    reviewed(second_editor, outcome="EDIT", rewrite=golden)
    assert music_task.guide is not None
    acknowledge(music_task.guide, editor)
    music_task.guide = Guide.objects.create(
        task=music_task, number=2, text="# One line\n\nSay something true and short."
    )
    music_task.save()
    page = desk.page
    desk.open()
    memory, guide = page.locator(".memory-line"), page.locator("#guide-beside")

    # What was written instead, by its key; undone by the undo.
    expect(memory).to_have_count(1)
    expect(memory.locator("ins").first).to_be_visible()
    desk.press("r")
    expect(page.locator("#rewrite-text")).to_have_value(golden)
    expect(page.locator("#rewrite-text")).to_be_focused()
    desk.press("Escape", "z")
    expect(page.locator("#rewrite-text")).not_to_have_value(golden)
    memory.get_by_role("button", name="Start from it").click()
    expect(page.locator("#rewrite-text")).to_have_value(golden)
    desk.press("Escape")

    # The guide, folded until its key opens it; what is new in it is read once.
    expect(guide).to_contain_text("changed since you read it")
    desk.press("g")
    expect(guide.locator("ins")).to_contain_text("and short")
    assert Axe().run(page).violations_count == 0
    guide.get_by_role("button", name="I have read it").click()
    expect(guide).to_contain_text("Kept: you have read it.")
    expect(page.locator("#guide-is-new")).to_be_hidden()
    assert GuideAcknowledgement.objects.filter(person=editor, guide=music_task.guide).exists()

    # It stays open with the next draft.
    page.locator("#draft").focus()
    desk.press("x")
    desk.press("6", "x")
    expect(page.locator("#guide-body .prose")).to_contain_text("true and short")
    assert Golden.objects.get().text == golden


def test_a_guide_that_changes_while_somebody_writes_is_told_and_nothing_written_is_lost(
    desk: Desk, editor: Person, ready_draft: Draft, music_task: Task
) -> None:
    assert music_task.guide is not None
    acknowledge(music_task.guide, editor)
    page = desk.page
    desk.open()
    guide, news = page.locator("#guide-beside"), page.locator("#guide-is-new")
    desk.press("g")
    expect(guide).to_have_attribute("open", "")
    expect(news).to_be_hidden()
    desk.press("e")
    desk.write(" Mine.")
    save_state(desk, "saved")
    # The control: a save after which nothing has changed tells nothing.
    expect(news).to_be_hidden()

    music_task.guide = Guide.objects.create(
        task=music_task, number=2, text="# One line\n\nSay something true and short."
    )
    music_task.save()
    desk.write(" Still.")
    expect(news).to_have_text("changed while you work")
    expect(page.locator("#announcement")).to_contain_text("version 2 counts now")
    expect(guide.locator("ins")).to_contain_text("and short")
    expect(page.locator("#rewrite-text")).to_have_value(f"{ready_draft.text} Mine. Still.")
    expect(page.locator("#rewrite-text")).to_be_focused()
