"""Every number on every page of the dashboard leads to exactly as many drafts, or rows, as it says.

The desk has something of everything: both samples, strata and editors, three prompts and two
models, reasons, undos, findings, wrong facts and goldens. Whatever links to a list says how long it
is; the walk follows them all, and a number without a link is one that nobody can look behind.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, ModelVersion, Prompt, Run
from feedback.figures import Figure
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.views import dashboard_drafts, dashboard_tables, desk_lists, fact_reports, goldens
from feedback.views.dashboard_tables import Shown
from tests.conftest import LISTENER, TRACK, recommended
from tests.feedback import test_desk_figures
from tests.feedback.dashboard_pages import (
    PAGES,
    counted_links,
    numbers_without_a_link,
    page_of,
    wrong_links,
)
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db
worked_desk = test_desk_figures.busy_desk
ALL_ROWS = 100_000
LOOKS: Mapping[str, list[dict[str, str]]] = {
    "glance": [{}, {"sample": "queue"}, {"days": "7", "stratum": "niche"}],
    "errors": [
        {},
        *({"by": dimension} for dimension in ("prompt", "locale", "stratum", "guide")),
        {"sample": "queue", "days": "90"},
        {"stratum": "niche", "locale": "en"},
        {"editor": "bela", "days": "365"},
    ],
    "outcomes": [{}, {"sample": "queue"}, {"model": "smollm2-tuned", "by": "guide", "guide": "1"}],
    "criteria": [{}, {"sample": "queue"}, {"prompt": "1"}],
    "effort": [{}, {"sample": "queue"}, {"editor": "ada"}],
    "comparison": [
        {},
        {"of": "prompt", "one": "1", "other": "2"},
        {"sample": "queue", "days": "90"},
        {"stratum": "popular", "one": "smollm2-tuned", "other": "smollm2-135m-instruct"},
    ],
    "people": [{}, {"editor": "bela"}, {"editor": "ada", "days": "7"}],
    "desk": [{}, {"task": "music-oneliner"}, {"days": "7"}],
}
# What is no count of drafts: how long something waits, targets, versions, and differences, of which
# both sides have their links.
NO_COUNTS = {
    "glance": r", the oldest for [^,]+(, [^,]+)?",
    "comparison": r"[+−][0-9.]+|0\.0",
    "desk": r"24|1|[0-9]+ (minutes?|hours?|days?)(, .*)?",
}


@pytest.fixture
def full_desk(
    busy_desk: JudgedDesk,
    worked_desk: list[Draft],
    run: Run,
    next_prompt: Prompt,
    model_version: ModelVersion,
    second_editor: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> JudgedDesk:
    """A desk with something of everything; each of its lists is one page."""
    niche = recommended(run.task, "track:niche", TRACK, LISTENER, "Dead Rabbitts", priority=10)
    other = Run.objects.create(task=run.task, prompt=next_prompt, model_version=model_version)
    tone, yes = [("tone", 1)], {"specific": "yes"}
    busy_desk.judge(other, 31, "EDIT", tags=tone, answers=yes, editor=second_editor, about=niche)
    busy_desk.judge(other, 9, "REJECT", tags=tone, editor=second_editor, about=niche, days_ago=9)
    busy_desk.judge(run, 36, "EDIT", tags=tone, answers=yes, blind=False, days_ago=12)
    Draft.objects.filter(pk=worked_desk[-2].pk).update(state=Draft.State.REVIEWED)  # and unsettled
    busy_desk.count()
    while keep_desk_days():
        pass
    monkeypatch.setattr(dashboard_drafts, "DRAFTS_A_PAGE", ALL_ROWS)
    monkeypatch.setattr(desk_lists, "ROWS_A_PAGE", ALL_ROWS)
    monkeypatch.setattr(goldens, "PER_PAGE", ALL_ROWS)
    monkeypatch.setattr(fact_reports, "PER_PAGE", ALL_ROWS)
    return busy_desk


def pages_of(client: Client, names: Mapping[str, list[dict[str, str]]]) -> Iterator[str]:
    """All of these pages, with each of their filters."""
    for name, looks in names.items():
        for asked in looks:
            yield page_of(client, name, **asked)


def test_every_number_leads_to_exactly_as_many_drafts_as_it_says(
    lead_client: Client, full_desk: JudgedDesk
) -> None:
    assert LOOKS.keys() == PAGES.keys()
    links: set[tuple[str, int]] = set()
    for page in pages_of(lead_client, LOOKS):
        found = counted_links(page)
        assert found
        links |= found
    lists = {address.split("?")[0] for address, _number in links}
    assert lists == {
        *("/dashboard/drafts/", "/queue/", "/reviews/", "/judgements/", "/goldens/"),
        *("/fact-reports/", "/disagreements/"),
    }
    assert len(links) > 200
    assert wrong_links(lead_client, links) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_number_has_a_link(lead_client: Client, full_desk: JudgedDesk, name: str) -> None:
    known = re.compile(NO_COUNTS.get(name, "(?!)"))
    for page in pages_of(lead_client, {name: LOOKS[name]}):
        assert [each for each in numbers_without_a_link(page) if not known.fullmatch(each)] == []


def test_a_number_that_is_wrong_by_one_is_found(
    lead_client: Client, full_desk: JudgedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = dashboard_tables.shown

    def one_more(figure: Figure) -> Shown:
        words = right(figure)
        wrong = words.count + (figure.question.category == "generic")
        return replace(words, count=wrong)

    monkeypatch.setattr(dashboard_tables, "shown", one_more)
    (page,) = pages_of(lead_client, {"errors": [{}]})
    wrong = wrong_links(lead_client, counted_links(page))
    assert wrong
    assert all("category=generic" in each for each in wrong)


def test_a_link_that_forgets_a_filter_is_found(
    lead_client: Client, full_desk: JudgedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = dashboard_tables.address_of
    monkeypatch.setattr(
        dashboard_tables, "address_of", lambda question: right(question).replace("sample=blind", "")
    )
    (page,) = pages_of(lead_client, {"criteria": [{}]})
    assert wrong_links(lead_client, counted_links(page))
