"""What somebody did: for that person and for leads."""

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Run
from tests.feedback.dashboard_pages import PAGES, page_of, text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db


@pytest.fixture
def two_at_work(judged_desk: JudgedDesk, run: Run, second_editor: Person) -> JudgedDesk:
    """Ada judged forty drafts, Bela thirty-five."""
    judged_desk.judge(run, 30)
    judged_desk.judge(run, 10, "REJECT", tags=[("tone", 1)])
    judged_desk.judge(run, 35, "EDIT", tags=[("tone", 1)], editor=second_editor, blind=False)
    judged_desk.count()
    return judged_desk


def test_people_see_their_own_figures_and_nobody_elses(
    editor_client: Client, two_at_work: JudgedDesk, second_editor: Person
) -> None:
    page = text_of(page_of(editor_client, "people"))
    assert "Your reviews" in page
    assert "75 %" in page
    assert "Bela" not in page
    answer = editor_client.get(PAGES["people"], {"editor": second_editor.username})
    assert answer.status_code == 403


def test_a_manager_sees_no_persons_figures(manager_client: Client, two_at_work: JudgedDesk) -> None:
    page = text_of(page_of(manager_client, "people"))
    assert "Ada" not in page
    assert "Bela" not in page
    assert manager_client.get(PAGES["people"], {"editor": "ada"}).status_code == 403


def test_a_lead_sees_anybodys(lead_client: Client, two_at_work: JudgedDesk) -> None:
    page = text_of(page_of(lead_client, "people", editor="bela"))
    assert "Reviews of bela" in page


@pytest.mark.parametrize("name", sorted(set(PAGES) - {"people"}))
def test_other_pages_keep_persons_figures_as_close(
    manager_client: Client, lead_client: Client, two_at_work: JudgedDesk, name: str
) -> None:
    assert manager_client.get(PAGES[name], {"editor": "ada"}).status_code == 403
    assert lead_client.get(PAGES[name], {"editor": "ada"}).status_code == 200
