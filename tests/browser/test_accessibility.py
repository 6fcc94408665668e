"""axe-core finds nothing on any page of the human side, in light and in dark, on a phone too."""

import uuid
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db.models.functions import Now
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Finding, ModelServer, Run, Task, Trial
from explanations.services.facts import correct_fact
from feedback.models import BulkAction, Golden, Review
from feedback.review_body import parse_body
from feedback.services.bulk_actions import do, prepare
from feedback.services.fact_reports import Doubt, report_fact
from feedback.services.queue import claim_next
from feedback.services.reviewing import submit_review
from feedback.services.searching import Search
from tests.browser.conftest import log_in
from tests.explanations.test_trials import NAMELESS, write
from tests.explanations.test_trials import tracks as tracks
from tests.explanations.test_trials import trial as trial
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

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


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to draft."""
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


def is_clean(page: Page) -> None:
    """axe finds no violation, and nothing makes the page scroll sideways."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wider <= 0, f"{page.url} is {wider} pixels too wide"


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
    page.goto("/review/")
    expect(page.locator("#draft")).to_be_focused()
    page.wait_for_timeout(600)
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
    page.wait_for_timeout(600)
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


def test_every_other_page_with_something_on_it(
    page_of: Callable[[Person | None], Page],
    editor: Person,
    lead: Person,
    drafts: DraftMaker,
) -> None:
    first, second, third = drafts(3)
    tag = {"category": "tone", "severity": 1, "scope": "span", "start": 0, "end": 4}
    for outcome, more in (
        ("EDIT", {"rewrite": "Dead Rabbitts play metalcore.", "tags": [{**tag, "quote": "Dead"}]}),
        ("ESCALATE", {"reason": "guide", "note": "Which?"}),
    ):
        assignment = claim_next(editor)
        assert assignment is not None
        body = parse_body({"outcome": outcome, **more})
        submit_review(editor, assignment.pk, uuid.uuid4(), body)
    Golden.objects.update(state=Golden.State.SENT_BACK, state_reason="Too dry.")
    report_fact(editor, third.recommendation, Doubt("/item/genre", "wrong"), third)
    golden = Golden.objects.get()
    assert Review.objects.filter(draft__in=[first, second]).count() == 2

    page = page_of(lead)
    for address in (
        "/",
        "/goldens/",
        f"/goldens/{golden.pk}/",
        f"/drafts/{first.pk}/reviews/",
        "/escalated/",
        "/fact-reports/",
        "/tasks/music-oneliner/guide/",
        "/accounts/password/",
        "/nothing-here/",
    ):
        page.goto(address)
        is_clean(page)
    page.goto("/")
    page.locator(".nav-account summary").click()
    is_clean(page)
    page = page_of(editor)
    page.goto("/")
    is_clean(page)
    page.goto("/escalated/")
    is_clean(page)


def test_the_search_what_is_done_with_it_and_what_needs_a_new_review(
    page_of: Callable[[Person | None], Page],
    editor: Person,
    lead: Person,
    drafts: DraftMaker,
    no_broker: None,
) -> None:
    first, *others = drafts(4)
    golden = reviewed(editor, outcome="ACCEPT").golden
    assert golden is not None
    correct_fact(first.recommendation, "/item/genre", "djent", "the sleeve", editor)
    Draft.objects.filter(pk=others[0].pk).update(blind=True)
    wanted = Search(words="metalcore")
    done = do(prepare(BulkAction.Kind.REDRAFT, wanted, lead).pk, lead, "All alike.")
    prepared = prepare(BulkAction.Kind.QUARANTINE, wanted, lead)

    page = page_of(lead)
    for address in (
        "/search/?words=metalcore",
        "/search/?words=metalcore&about=goldens",
        "/search/?pattern=(",
        f"/bulk-actions/{prepared.pk}/",
        f"/bulk-actions/{done.pk}/",
        "/bulk-actions/",
        "/goldens/needs-review/",
        f"/goldens/{golden.pk}/rewrite/",
    ):
        page.goto(address)
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

    for state in ("RUNNING", "PAUSED", "DONE"):
        Run.objects.update(state=state)
        page.goto(f"/runs/{run.pk}/")
        is_clean(page)
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since=Now())
    Run.objects.update(state="RUNNING")
    for address in (f"/runs/{run.pk}/", "/runs/"):
        page.goto(address)
        expect(page.get_by_text("model server in trouble").first).to_be_visible(timeout=60_000)
        is_clean(page)


def test_the_pages_on_which_prompts_and_guides_are_written_and_tried(
    no_broker: None,
    page_of: Callable[[Person | None], Page],
    ml_engineer: Person,
    lead: Person,
    trial: Trial,
) -> None:
    write(trial, against=NAMELESS)
    page = page_of(ml_engineer)
    for address in (
        "/tasks/",
        "/tasks/music-oneliner/prompts/",
        "/tasks/music-oneliner/prompts/2/",
        "/tasks/music-oneliner/prompts/2/try/",
        f"/tasks/music-oneliner/trials/{trial.pk}/",
    ):
        page.goto(address)
        for summary in page.locator("main summary").all():
            summary.click()
        is_clean(page)
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


def test_the_login_and_the_empty_desk(
    page_of: Callable[[Person | None], Page], editor: Person
) -> None:
    page = page_of(None)
    page.goto("/accounts/login/")
    is_clean(page)
    page = page_of(editor)
    page.goto("/review/")
    expect(page.get_by_role("link", name="Look again")).to_be_focused()
    is_clean(page)
