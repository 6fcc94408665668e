"""The dashboard's pages of outcomes, criteria and effort, and what all of its pages share."""

import pytest
from django.db import connection
from django.test import Client

from explanations.models import Run
from feedback.services.statistics.reading import DeskBusy
from tests.feedback.dashboard_pages import PAGES, page_of, text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db


def figures_of(client: Client, name: str, table: str, **asked: str) -> dict[str, float]:
    """The first figure of each row of a table."""
    answer = client.get(PAGES[name], {"as": "json", **asked}).json()
    (found,) = [each for each in answer["tables"] if each["table"] == table]
    return {row["row"]: next(iter(row["figures"].values()))["value"] for row in found["rows"]}


def test_outcomes_make_up_a_whole(manager_client: Client, busy_desk: JudgedDesk) -> None:
    shares = figures_of(manager_client, "outcomes", "outcomes")
    assert set(shares) == {"publishable", "edited", "rejected", "unreviewable"}
    assert shares["publishable"] == pytest.approx(95 / 165)
    page = text_of(page_of(manager_client, "outcomes"))
    assert "Publishable as it is over time" in page


def test_criteria_are_shares_of_yes_among_yes_and_no(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    shares = figures_of(manager_client, "criteria", "criteria")
    assert shares["specific"] == pytest.approx(115 / 125)
    page = text_of(page_of(manager_client, "criteria"))
    assert "Is it specific?" in page
    assert "“not applicable” is left out" in page


def test_what_each_of_many_reviews_says_is_all_of_them_and_not_too_few(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 40, answers={"specific": "yes", "in-voice": "yes"})
    judged_desk.judge(run, 2, answers={"specific": "yes", "in-voice": "no"})
    judged_desk.count()
    page = page_of(manager_client, "criteria")
    assert "Is it specific? all 42 drafts" in text_of(page)
    assert "Is it in voice? too few 40 drafts" in text_of(page)


def test_effort_is_words_changed_and_minutes_at_work(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    assert figures_of(manager_client, "effort", "words")["words_mean"] == 3
    minutes = figures_of(manager_client, "effort", "minutes")
    assert minutes["minutes_median"] == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("address", [*PAGES.values(), "/dashboard/drafts/"])
def test_a_page_that_would_slow_editors_down_says_so_in_a_sentence(
    manager_client: Client, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def refused() -> None:
        raise DeskBusy("Many look at numbers just now. Try again in a moment.")

    monkeypatch.setattr("feedback.views.dashboard.heavy_read", refused)
    monkeypatch.setattr("feedback.views.dashboard_drafts.heavy_read", refused)
    answer = manager_client.get(address)
    assert answer.status_code == 503
    assert "Many look at numbers just now." in answer.content.decode()


def test_a_page_that_takes_too_long_is_stopped_and_says_so(
    manager_client: Client, busy_desk: JudgedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_about: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(60)")

    monkeypatch.setattr("feedback.services.statistics.reading.LONGEST_S", 0.1)
    monkeypatch.setattr("feedback.views.dashboard.answer", slow)
    answer = manager_client.get(PAGES["criteria"])
    assert answer.status_code == 503
    assert "stopped after their time limit" in answer.content.decode()
