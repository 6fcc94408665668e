"""Remake the pictures of the dashboard, and of where editors disagree, in docs/screenshots/.

    python -m pytest tests/browser/dashboard_screenshots.py
    PAGES="errors desk" python -m pytest tests/browser/dashboard_screenshots.py   # only these

Each page in light, in the dark, on a phone, on paper, with few reviews, on an empty desk, and in
German. The desk in them is one of its own, with three months of reviews by a seeded chance; no
running desk is touched. Look at each picture afterwards; one that needs an explanation shows
something to fix.
"""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from accounts.models import Person
from explanations.models import Draft, Finding, Place, Prompt, Run, Task
from feedback.services.saved_views import save_view
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.digest import monday_of
from feedback.services.statistics.digest_mail import make_digests
from feedback.views import dashboard_drafts, desk_lists
from tests.browser.conftest import log_in
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback import test_desk_figures
from tests.feedback.conftest import DraftMaker
from tests.feedback.conftest import candidate_run as candidate_run
from tests.feedback.conftest import judged_desk as judged_desk
from tests.feedback.judged_desk import JudgedDesk
from tests.feedback.people_at_work import reviewed, tag_on

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
WEEKS: Final = 12
A4: Final = {"width": 794, "height": 1123}
ROWS_A_PAGE: Final = 10
# All of the pages but for the edges of their letters, in less than half the bytes.
COLOURS: Final = 256
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
a_days_work = test_desk_figures.busy_desk

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
    "views": "/dashboard/views/",
    "queue": "/queue/",
    "reviews": "/reviews/",
    "judgements": "/judgements/",
    "digests": "/digests/",
}
DISAGREEMENTS: Final = "disagreements"
WANTED = os.environ.get("PAGES", "").split() or [*PAGES, DISAGREEMENTS]
DESK: Final = {"width": 1280, "height": 800}
LOOKS: dict[str, dict[str, Any]] = {
    "": {"viewport": DESK},
    "-dark": {"viewport": DESK, "color_scheme": "dark"},
    "-phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
    # Whoever prints from a dark screen wants dark ink on white paper.
    "-print": {"viewport": A4, "color_scheme": "dark"},
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
    lead: Person,
    a_days_work: list[Draft],
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
    save_view(lead, "Weekly look at errors", "errors", "days=7", shared=True)
    save_view(lead, "Popular tracks only", "outcomes", "days=90&stratum=popular", shared=False)
    save_view(second_editor, "Tuned against base", "comparison", "days=28", shared=True)
    count_all(judged_desk)
    Prompt.objects.update(created_by=lead)
    for week in (0, 1):
        make_digests(monday_of(timezone.localdate()) - timedelta(weeks=week))


def count_all(desk: JudgedDesk) -> None:
    """Have the numbers, and the days of the desk, counted."""
    desk.count()
    while keep_desk_days():
        pass


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
            # Whole weeks of the calendar, as the lines over time have them, whatever day it is.
            "days_ago": timezone.localdate().weekday()
            + 1
            + (WEEKS - 1 - week) * 7
            + chance.randrange(6),
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


def take_all(page: Page, suffix: str) -> None:
    """Photograph the whole of each page, which must have come."""
    for name in WANTED:
        if name in PAGES:
            take(page, PAGES[name], f"dashboard-{name}{suffix}")


def take(page: Page, address: str, name: str) -> None:
    """Photograph the whole of a page, which must have come."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok, f"{address} answers {answer.status}"
    taken = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
    few_colours = taken.quantize(COLOURS, kmeans=1, dither=Image.Dither.NONE)
    few_colours.save(FOLDER / f"{name}.png", optimize=True)


@pytest.fixture(autouse=True)
def short_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of a list is no longer than a picture should be."""
    monkeypatch.setattr(dashboard_drafts, "DRAFTS_A_PAGE", ROWS_A_PAGE)
    monkeypatch.setattr(desk_lists, "ROWS_A_PAGE", ROWS_A_PAGE)


def test_pictures_of_a_busy_desk(lead_at: LeadAt, three_months: None) -> None:
    for suffix, look in LOOKS.items():
        page = lead_at.page(**look)
        page.emulate_media(media="print" if suffix == "-print" else "screen")
        take_all(page, suffix)
    take_all(lead_at.page(locale="de-DE", **LOOKS[""]), "-german")


def test_pictures_of_few_reviews(
    lead_at: LeadAt, judged_desk: JudgedDesk, run: Run, drafts: DraftMaker, lead: Person
) -> None:
    judged_desk.judge(run, 9, text=FINE)
    for number, (slug, severity, _first, _last, text, quote) in {
        12: ERRORS[0],
        4: ERRORS[3],
    }.items():
        outcome = "REJECT" if severity > 1 else "EDIT"
        judged_desk.judge(
            run, number, outcome, tags=[(slug, severity)], text=text + ", track {ordinal}.",
            quote=quote, days_ago=20 - number,
        )  # fmt: skip
    (draft,) = drafts(1)
    Finding.objects.create(
        draft=draft, check_name="tone", check_version=1, level="warning", message="Worn."
    )
    reviewed(judged_desk.editor, outcome="ACCEPT", dismissed=[draft.findings.get().pk])
    drafts(1)
    save_view(lead, "Weekly look", "errors", "days=7", shared=False)
    count_all(judged_desk)
    make_digests(monday_of(timezone.localdate()))
    take_all(lead_at.page(**LOOKS[""]), "-few")


def test_pictures_of_an_empty_desk(lead_at: LeadAt, music_task: Task) -> None:
    take_all(lead_at.page(**LOOKS[""]), "-empty")


# A line, and what the second of its editors decided; the first accepted it.
DISPUTED: Final = [
    (
        "Dead Rabbitts' latest single is a metalcore adrenaline rush!",
        {"outcome": "REJECT"},
        ["adrenaline rush", "latest single"],
    ),
    (
        "A metalcore storm at 172 BPM from Dead Rabbitts.",
        {"outcome": "EDIT", "rewrite": "Dead Rabbitts race through metalcore at 172 BPM."},
        ["storm"],
    ),
    (
        "Dead Rabbitts play metalcore for those who like it loud.",
        {"outcome": "BLAND"},
        [],
    ),
]


@pytest.mark.skipif(DISAGREEMENTS not in WANTED, reason="Only other pictures are asked for.")
def test_pictures_of_where_editors_disagree(
    lead_at: LeadAt, run: Run, editor: Person, second_editor: Person
) -> None:
    drafts = []
    for number, (line, decided, words) in enumerate(DISPUTED):
        about = recommended(
            run.task, f"track:{number}", TRACK, LISTENER, "Dead Rabbitts", priority=90 - number
        )
        draft = drafted(run, about, line, rests_on=["/item/artist", "/item/genre"])
        Place.objects.create(draft=draft, ordinal=2, task=run.task, priority=about.priority)
        reviewed(editor, outcome="ACCEPT")
        reviewed(second_editor, **decided, tags=[tag_on(draft, each) for each in words])
        drafts.append(draft)
    edited = f"/drafts/{drafts[1].pk}/disagreement/"
    looks = {look: LOOKS[look] for look in ("", "-dark", "-phone")}
    for suffix, look in {**looks, "-german": {"locale": "de-DE", **LOOKS[""]}}.items():
        page = lead_at.page(**look)
        take(page, "/disagreements/", f"disagreements{suffix}")
        take(page, edited, f"disagreement{suffix}")
