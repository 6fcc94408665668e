"""Remake the pictures of the dashboard in docs/screenshots/.

    python -m pytest tests/browser/dashboard_screenshots.py

The desk in them is one of its own, with three months of reviews by a seeded chance; no running desk
is touched. Look at each picture afterwards; one that needs an explanation shows something to fix.
"""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Place, Prompt, Run, Task
from feedback.services.statistics.desk_days import keep_desk_days
from tests.browser.conftest import log_in
from tests.feedback.conftest import DraftMaker
from tests.feedback.conftest import candidate_run as candidate_run
from tests.feedback.conftest import judged_desk as judged_desk
from tests.feedback.judged_desk import JudgedDesk

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WEEKS: Final = 12
A4: Final = (794, 1123)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "glance": "/dashboard/?days=28",
    "errors": "/dashboard/errors/?days=90",
    "outcomes": "/dashboard/outcomes/?days=90",
    "criteria": "/dashboard/criteria/?days=90",
    "effort": "/dashboard/effort/?days=90",
    "comparison": "/dashboard/comparison/?days=90",
    "people": "/dashboard/people/?days=90&editor=ada",
    "desk": "/dashboard/desk/",
    "drafts": "/dashboard/drafts/?task=music-oneliner&sample=blind&category=tone",
}
LOOKS: dict[str, dict[str, Any]] = {
    "": {"viewport": {"width": 1280, "height": 800}},
    "-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "-phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
# What goes wrong, how often of a hundred drafts at first and at last, and a line of that kind.
ERRORS: Final = [
    ("tone", 1, 24, 13, "An absolute banger that will blow your mind", "blow your mind"),
    ("generic", 1, 16, 12, "A track that you will enjoy from start to end", "you will enjoy"),
    (
        "unsupported",
        5,
        8,
        4,
        "Recorded in one night in Lagos, and it shows",
        "in one night in Lagos",
    ),
    ("attribution", 5, 6, 3, "Johnny Cash turns “Hurt” into his own song", "his own song"),
    ("timebound", 1, 4, 4, "The latest single is as loud as the first", "latest single"),
    ("language", 1, 3, 2, "It make you dance before the chorus come", "make"),
    ("harmful", 25, 1, 0, "So heavy that it should come with pills", "pills"),
]
FINE: Final = "Tinariwen let two guitars circle each other until the desert answers."


@pytest.fixture
def three_months(
    judged_desk: JudgedDesk,
    run: Run,
    candidate_run: Run,
    next_prompt: Prompt,
    music_task: Task,
    second_editor: Person,
    drafts: DraftMaker,
) -> None:
    """Reviews of twelve weeks: the live model on two prompts, and lately a candidate."""
    music_task.model_version = run.model_version
    music_task.save()
    later = Run.objects.create(task=music_task, prompt=next_prompt, model_version=run.model_version)
    chance = random.Random(7)
    for week in range(WEEKS):
        so_far = week / (WEEKS - 1)
        work = [(later if week > WEEKS // 2 else run, 70, so_far, True)]
        work += [(run, 90, so_far - 0.2, False)]
        if week >= WEEKS - 4:
            work += [(candidate_run, 55, 1.6, True)]
        for one_run, number, progress, blind in work:
            editor = second_editor if chance.random() < 0.4 else judged_desk.editor
            _a_week(judged_desk, chance, one_run, number, progress, blind, week, editor)
    judged_desk.count()
    while keep_desk_days():
        pass
    drafts(6)
    opened = timezone.now() - timedelta(hours=chance.randrange(2, 9))
    Place.objects.filter(state=Place.State.OPEN).update(opened_at=opened)


def _a_week(
    desk: JudgedDesk,
    chance: random.Random,
    run: Run,
    number: int,
    progress: float,
    blind: bool,
    week: int,
    editor: Person,
) -> None:
    def some() -> dict[str, Any]:
        return {
            "days_ago": 1 + (WEEKS - 1 - week) * 7 + chance.randrange(6),
            "blind": blind,
            "editor": editor,
            "active_ms": int(chance.lognormvariate(3.7, 0.5) * 1000),
        }

    yes = {"specific": "yes", "grounded": "yes", "for-this-listener": "yes", "in-voice": "yes"}
    for slug, severity, first, last, text, quote in ERRORS:
        rate = max(first + (last - first) * progress, 0.3)
        for _each in range(_about(chance, number * rate / 100)):
            outcome = "REJECT" if severity > 1 and chance.random() < 0.6 else "EDIT"
            no = {"grounded": "no"} if severity > 1 else {"in-voice": "no"}
            desk.judge(
                run, 1, outcome, tags=[(slug, severity)], text=text + ", track {ordinal}.",
                quote=quote, answers={**yes, **no}, words_changed=chance.randrange(1, 9), **some(),
            )  # fmt: skip
    desk.judge(run, _about(chance, number * 0.02), "UNREVIEWABLE", text=FINE, **some())
    desk.judge(
        run, _about(chance, number * 0.08), "BLAND", text=FINE,
        answers={**yes, "specific": "no"}, **some(),
    )  # fmt: skip
    desk.judge(run, _about(chance, number * 0.4), text=FINE, answers=yes, **some())


def _about(chance: random.Random, number: float) -> int:
    return int(number + chance.random())


@pytest.fixture
def lead_at(browser: Browser, live_server: LiveServer, lead: Person) -> Iterator["LeadAt"]:
    """Opens the dashboard as a lead, however the browser is set."""
    opened = LeadAt(browser, live_server, lead)
    yield opened
    for context in opened.contexts:
        context.close()


class LeadAt:
    """A lead's browsers."""

    def __init__(self, browser: Browser, live_server: LiveServer, lead: Person) -> None:
        self._browser, self._server, self._lead = browser, live_server, lead
        self.contexts: list[BrowserContext] = []

    def page(self, **look: Any) -> Page:
        """A page of a new browser."""
        context = self._browser.new_context(
            base_url=self._server.url, reduced_motion="reduce", **look
        )
        log_in(context, self._server, self._lead)
        self.contexts.append(context)
        return context.new_page()


def take(page: Page, name: str, address: str) -> None:
    """Photograph the whole of a page, which must have come."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, f"{address} answers {answer.status}"
    page.screenshot(path=FOLDER / f"dashboard-{name}.png", full_page=True)


def test_pictures_of_a_busy_desk(lead_at: LeadAt, three_months: None) -> None:
    for suffix, look in LOOKS.items():
        page = lead_at.page(**look)
        for name, address in PAGES.items():
            take(page, f"{name}{suffix}", address)
    take(lead_at.page(locale="de-DE", **LOOKS[""]), "german", PAGES["errors"])
    paper = lead_at.page(viewport={"width": A4[0], "height": A4[1]}, color_scheme="dark")
    paper.emulate_media(media="print")
    take(paper, "print", PAGES["errors"])


def test_pictures_of_few_reviews(lead_at: LeadAt, judged_desk: JudgedDesk, run: Run) -> None:
    judged_desk.judge(run, 9, text=FINE)
    judged_desk.judge(run, 12, "EDIT", tags=[("tone", 1)], days_ago=8)
    judged_desk.judge(run, 4, "REJECT", tags=[("attribution", 5)], days_ago=15)
    judged_desk.count()
    page = lead_at.page(**LOOKS[""])
    take(page, "few", PAGES["glance"])
    take(page, "errors-few", PAGES["errors"])


def test_pictures_of_an_empty_desk(lead_at: LeadAt, music_task: Task) -> None:
    take(lead_at.page(**LOOKS[""]), "empty", PAGES["glance"])
