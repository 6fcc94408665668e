"""Every view of the dashboard asks the database as often, however much was judged."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Person
from explanations.models import Category, Run
from feedback.services.statistics.desk_days import keep_desk_days
from tests.conftest import TokenMaker, bearer
from tests.feedback.dashboard_pages import PAGES
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db

TASK: Final = "music-oneliner"
# Glance, errors and the list of drafts have their numbers in the tests of their own.
VIEWS = {"outcomes": 24, "criteria": 16, "effort": 16, "comparison": 23, "people": 28, "desk": 23}
PROGRAMS = {
    "figures/?": 12,
    "parts/model/?": 9,
    "over-time/week/?": 9,
    "errors-over-time/week/?": 10,
    "comparison/?against.model=smollm2-tuned&": 20,
    "first-screen/?": 25,
    "drafts/?": 12,
    "choices/?": 9,
    "desk/?": 18,
}


def queries_of(client: Client, address: str, **asked: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address, asked).status_code == 200
    return len(captured)


def much_more(desk: JudgedDesk, runs: list[Run], editor: Person) -> None:
    """Weeks of reviews of both models, by two people, in every category and of every outcome."""
    slugs = list(Category.objects.filter(task=runs[0].task).values_list("slug", flat=True))
    for days_ago in range(1, 15):
        for run in runs:
            tags = [(slug, 5) for slug in slugs]
            desk.judge(run, 2, "REJECT", tags=tags, days_ago=days_ago, editor=editor)
            desk.judge(run, 2, "EDIT", days_ago=days_ago, blind=False)
            desk.judge(run, 1, "ACCEPT", days_ago=days_ago, answers={"specific": "yes"})
    counted(desk)


def counted(desk: JudgedDesk) -> None:
    desk.count()
    while keep_desk_days():
        pass


@pytest.fixture
def looks(lead_client: Client, lead: Person, token_for: TokenMaker) -> Callable[[], dict[str, int]]:
    """Looks at every view, and says how often each asks."""
    program = Client(headers=bearer(token_for(lead, "desk:read")))

    def look() -> dict[str, int]:
        found = {name: queries_of(lead_client, PAGES[name], task=TASK) for name in VIEWS}
        for name in VIEWS:
            for written in ("csv", "json"):
                asked = {"task": TASK, "as": written}
                assert queries_of(lead_client, PAGES[name], **asked) <= found[name], name
        for view in PROGRAMS:
            found[view] = queries_of(program, f"/api/v1/stats/{view}task={TASK}")
        return found

    return look


def test_every_view_asks_as_often_of_much_as_of_little(
    looks: Callable[[], dict[str, int]],
    judged_desk: JudgedDesk,
    run: Run,
    candidate_run: Run,
    second_editor: Person,
) -> None:
    judged_desk.judge(run, 40, "REJECT", tags=[("tone", 1)], days_ago=0)
    judged_desk.judge(candidate_run, 40, days_ago=0)
    counted(judged_desk)
    looks()  # what somebody may is asked once
    assert looks() == VIEWS | PROGRAMS
    much_more(judged_desk, [run, candidate_run], second_editor)
    assert looks() == VIEWS | PROGRAMS
