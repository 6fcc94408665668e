"""axe-core finds nothing in the states that a page takes while somebody works at it."""

from collections.abc import Callable

import pytest
from django.db.models.functions import Now
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Finding, ModelServer, Prompt, Recommendation, Run, Task
from tests.browser.axe import is_clean
from tests.browser.conftest import log_in
from tests.browser.desk import Desk
from tests.feedback.conftest import DraftMaker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = [("light", 1280), ("dark", 1280), ("light", 390)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def page_of(
    request: pytest.FixtureRequest, browser: Browser, live_server: LiveServer
) -> Callable[[Person | None], Page]:
    """A page in one of the looks, with somebody logged in."""
    scheme, width = request.param

    def make(someone: Person | None) -> Page:
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 844},
            base_url=live_server.url,
            reduced_motion="reduce",
        )
        request.addfinalizer(context.close)
        if someone is not None:
            log_in(context, live_server, someone)
        return context.new_page()

    return make


def test_the_review_screen_with_tags_suggestions_a_rewrite_and_every_dialog(
    page_of: Callable[[Person | None], Page], editor: Person, ready_draft: Draft, music_task: Task
) -> None:
    start = ready_draft.text.index("latest")
    for level, category in (("warning", "timebound"), ("error", None)):
        Finding.objects.create(
            draft=ready_draft,
            check_name="t",
            check_version=1,
            level=level,
            message="No fact gives a date.",
            start=start,
            end=start + 6,
            category=music_task.categories.get(slug=category) if category else None,
        )
    page = page_of(editor)
    desk = Desk(page, "")
    desk.open()
    for key in ("ArrowRight", "3", "Shift+ArrowRight", "4", "j", "e", "Control+End"):
        page.keyboard.press(key)
    page.keyboard.type(" Loud.")
    is_clean(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#why")).to_be_focused()
    is_clean(page)
    page.keyboard.press("Escape")

    page.keyboard.press("Escape")
    for key, dialog in (("?", "keys"), ("f", "report-fact"), ("Shift+F", "add-fact")):
        page.keyboard.press(key)
        expect(page.locator(f"#{dialog}")).to_be_visible()
        is_clean(page)
        page.keyboard.press("Escape")
        expect(page.locator("#draft")).to_be_focused()
    desk.until_awake()
    page.keyboard.press("u")
    expect(page.locator("#reason-unreviewable")).to_be_visible()
    is_clean(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Definitions").click()
    expect(page.locator("#definitions")).to_be_visible()
    is_clean(page)


def test_the_form_of_a_structured_answer(
    page_of: Callable[[Person | None], Page], editor: Person, ready_job_draft: Draft
) -> None:
    page = page_of(editor)
    page.goto("/review/")
    page.get_by_role("button", name="Add to matches").click()
    is_clean(page)


def test_the_pages_of_runs(
    page_of: Callable[[Person | None], Page],
    ml_engineer: Person,
    run: Run,
    ready_draft: Draft,
    drafts: DraftMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A part that is swapped while axe looks at it would be a moving target.
    for pace in ("LOOK_AGAIN_S", "LOOK_AGAIN_AT_A_LIST_S", "LOOK_AGAIN_AT_REST_S"):
        monkeypatch.setattr(f"explanations.views.runs.{pace}", 3600)
    failed = drafts(2)[0]
    Draft.objects.filter(pk=failed.pk).update(
        state="FAILED", failure_reason="cut_off", failure="The model reached its limit."
    )
    page = page_of(ml_engineer)
    page.goto("/runs/new/")
    expect(page.locator("#holds")).to_contain_text("has no model", timeout=60_000)
    is_clean(page)
    run.task.model_version = run.model_version
    run.task.save()
    page.get_by_label("Named ones").check()
    page.get_by_label("External ids", exact=True).fill("one")
    expect(page.locator("#holds")).to_contain_text("nothing to draft", timeout=60_000)
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_role("alert")).to_contain_text("No recommendation", timeout=60_000)
    expect(page.locator("#holds")).to_contain_text("nothing to draft", timeout=60_000)
    is_clean(page)
    page.get_by_label("Everything").check()
    expect(page.locator("#holds")).to_contain_text("With prompt", timeout=60_000)
    is_clean(page)

    for state in ("PAUSED", "DONE"):
        Run.objects.update(state=state)
        page.goto(f"/runs/{run.pk}/")
        is_clean(page)
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    Run.objects.update(state="RUNNING")
    for address in (f"/runs/{run.pk}/", "/runs/"):
        page.goto(address)
        expect(page.get_by_text("model server in trouble").first).to_be_visible(timeout=60_000)
        is_clean(page)


def test_prompts_and_guides_while_they_are_written(
    page_of: Callable[[Person | None], Page],
    ml_engineer: Person,
    lead: Person,
    next_prompt: Prompt,
    recommendation: Recommendation,
) -> None:
    page = page_of(ml_engineer)
    page.goto("/tasks/music-oneliner/prompts/new/")
    page.get_by_label("User template").fill("Artist: {{ /item/artst }}")
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("alert").first).to_be_visible()
    is_clean(page)
    page.get_by_label("User template").fill("Artist: {{ /item/artist }}")
    page.get_by_role("button", name="Show what a model is sent").click()
    expect(page.get_by_role("heading", name="What a model is sent")).to_be_visible()
    is_clean(page)

    page = page_of(lead)
    page.goto("/tasks/music-oneliner/guides/new/")
    page.get_by_label("Guide", exact=True).fill("# One line\n\nSay something **kind**.")
    page.get_by_role("button", name="Show it as it is read").click()
    expect(page.get_by_role("heading", name="As it is read")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_role("heading", name="Guide 2 of Music one-liner")).to_be_visible()
    is_clean(page)
