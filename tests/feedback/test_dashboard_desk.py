"""The dashboard's page of the desk's own figures."""

import pytest
from django.test import Client

from feedback.services.statistics.desk_days import keep_desk_days
from tests.feedback.conftest import DraftMaker
from tests.feedback.dashboard_pages import page_of, text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db


def test_it_says_what_waits_what_was_decided_and_why(
    manager_client: Client, busy_desk: JudgedDesk, drafts: DraftMaker
) -> None:
    drafts(2)
    while keep_desk_days():
        pass
    page = text_of(page_of(manager_client, "desk"))
    assert "What waits for a review" in page
    assert "Decisions a day" in page
    assert "Exemplary goldens that no dataset has yet" in page


def test_an_empty_desk_has_figures_too(manager_client: Client, music_task: object) -> None:
    page = text_of(page_of(manager_client, "desk"))
    assert "Music one-liner" in page
    assert "No finding was judged in these days." in page
