"""The pages on which a lead settles what editors disagree about, and where the answer is read."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Place, Task
from feedback.models import Adjudication
from feedback.services.adjudicating import adjudicate, undo_adjudication
from feedback.services.answers import answers_for
from tests.feedback.conftest import DraftMaker
from tests.feedback.dashboard_pages import text_of
from tests.feedback.disagreeing import Disagree, Disagreement, disagree, disagreement
from tests.feedback.people_at_work import reviewed, tag_on_all

__all__ = ["disagree", "disagreement"]

pytestmark = pytest.mark.django_db

WHY = "The guide calls this empty praise."
LIST_QUERIES = 5
PAGE_QUERIES = 10


def page(client: Client, address: str) -> str:
    """What a page says."""
    return text_of(client.get(address).content.decode())


class TestTheList:
    def test_shows_what_waits_with_the_decisions(
        self, lead_client: Client, disagreement: Disagreement
    ) -> None:
        listed = page(lead_client, "/disagreements/")
        assert disagreement.draft.text in listed
        assert "accepted as exemplary" in listed
        assert "rejected" in listed

    def test_shows_nothing_once_it_is_settled(
        self, lead: Person, lead_client: Client, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert "Nobody disagrees" in page(lead_client, "/disagreements/")

    def test_is_of_one_task_where_that_is_asked(
        self, lead_client: Client, job_task: Task, disagreement: Disagreement
    ) -> None:
        assert disagreement.draft.text in page(lead_client, "/disagreements/?task=music-oneliner")
        assert disagreement.draft.text not in page(lead_client, "/disagreements/?task=job-fit")

    def test_is_reached_from_the_front_page_and_the_dashboard(
        self, lead_client: Client, disagreement: Disagreement
    ) -> None:
        for address in ("/", "/dashboard/desk/"):
            assert 'href="/disagreements/' in lead_client.get(address).content.decode(), address

    def test_asks_no_more_for_many_than_for_one(
        self,
        editor: Person,
        second_editor: Person,
        lead_client: Client,
        drafts: DraftMaker,
        disagreement: Disagreement,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_num_queries(LIST_QUERIES):
            lead_client.get("/disagreements/")
        for each in drafts(3):
            Place.objects.create(draft=each, ordinal=2, task=each.task, priority=50)
        for _each in range(3):
            reviewed(editor, outcome="ACCEPT")
            reviewed(second_editor, outcome="REJECT", tags=[tag_on_all()])
        with django_assert_num_queries(LIST_QUERIES):
            assert lead_client.get("/disagreements/").content.count(b"<tr>") == 5


class TestSideBySide:
    def address(self, disagreement: Disagreement) -> str:
        return f"/drafts/{disagreement.draft.pk}/disagreement/"

    def settled(self, client: Client, disagreement: Disagreement, **body: Any) -> Any:
        return client.post(self.address(disagreement), body, follow=True)

    def test_shows_each_decision_with_all_that_belongs_to_it(
        self, lead_client: Client, disagree: Disagree
    ) -> None:
        disagreement = disagree(
            outcome="EDIT",
            rewrite="Dead Rabbitts play metalcore as if it were the first time.",
            tags=[tag_on_all("generic")],
            answers={"specific": "no"},
            note="Would fit a hundred tracks.",
        )
        answer = lead_client.get(self.address(disagreement)).content.decode()
        assert "<ins>" in answer
        said = text_of(answer)
        assert "Would fit a hundred tracks." in said
        assert "Generic" in said
        assert said.count("This one is right") == 2

    def test_enter_in_the_reason_settles_nothing(
        self, lead_client: Client, disagreement: Disagreement
    ) -> None:
        answer = lead_client.get(self.address(disagreement)).content.decode()
        _before, form = answer.split('<form class="stack"')
        assert form.index("<button disabled hidden>") < form.index('<button class="button')

    def test_names_nobody_until_it_is_settled(
        self, lead: Person, lead_client: Client, disagreement: Disagreement
    ) -> None:
        assert "Ada Okafor" not in page(lead_client, self.address(disagreement))
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert "Ada Okafor" in page(lead_client, self.address(disagreement))

    def test_one_button_settles_it(self, lead_client: Client, disagreement: Disagreement) -> None:
        answer = self.settled(lead_client, disagreement, right=disagreement.other.pk, reason=WHY)
        assert answer.request["PATH_INFO"] == "/disagreements/"
        assert disagreement.outcome() == "REJECT"
        assert Adjudication.objects.get().reason == WHY

    def test_says_why_it_is_refused_and_keeps_what_was_typed(
        self, lead_client: Client, disagreement: Disagreement
    ) -> None:
        unknown = disagreement.other.pk + 1000
        answer = self.settled(lead_client, disagreement, right=unknown, reason=WHY)
        assert "This draft has no such review." in answer.content.decode()
        assert f'value="{WHY}"' in answer.content.decode()

    def test_leads_to_the_history_where_somebody_else_was_faster(
        self, lead: Person, lead_client: Client, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.accepted.pk, lead, WHY)
        answer = self.settled(lead_client, disagreement, right=disagreement.other.pk, reason=WHY)
        assert answer.request["PATH_INFO"] == f"/drafts/{disagreement.draft.pk}/reviews/"
        assert "Lin Haddad has settled this draft meanwhile" in answer.content.decode()

    def test_another_button_takes_it_back(
        self, lead: Person, lead_client: Client, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        self.settled(lead_client, disagreement, decision="undo")
        assert disagreement.outcome() == ""

    @pytest.mark.parametrize("body", [{"decision": "undo"}, {"right": "1", "reason": WHY}])
    def test_nobody_but_a_lead_presses_them(
        self, manager_client: Client, disagreement: Disagreement, body: dict[str, str]
    ) -> None:
        assert manager_client.post(self.address(disagreement), body).status_code == 403
        shown = page(manager_client, self.address(disagreement))
        assert "This one is right" not in shown
        assert "A lead says which of them is right." in shown

    @pytest.mark.parametrize("right", ["", "x", "٣", "9" * 30])
    def test_an_odd_number_is_no_review(
        self, lead_client: Client, disagreement: Disagreement, right: str
    ) -> None:
        answer = lead_client.post(self.address(disagreement), {"right": right, "reason": WHY})
        assert answer.status_code == 404

    def test_a_draft_that_still_wants_a_review_has_no_such_page(
        self, lead_client: Client, ready_draft: Draft
    ) -> None:
        assert lead_client.get(f"/drafts/{ready_draft.pk}/disagreement/").status_code == 404

    def test_asks_a_fixed_number_of_questions(
        self,
        lead_client: Client,
        disagreement: Disagreement,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        with django_assert_num_queries(PAGE_QUERIES):
            lead_client.get(self.address(disagreement))

    def test_the_history_tells_of_it(
        self, lead: Person, lead_client: Client, disagreement: Disagreement
    ) -> None:
        history = f"/drafts/{disagreement.draft.pk}/reviews/"
        assert "The reviews disagree, and nobody has settled it yet." in page(lead_client, history)
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        told = page(lead_client, history)
        assert "Reviews disagreed; Lin Haddad settled it: rejected." in told
        assert WHY in told
        undo_adjudication(disagreement.draft.pk, lead)
        assert "took back what was settled: rejected" in page(lead_client, history)


class TestTheAnswer:
    def test_is_read_by_each_of_those_who_disagreed(
        self,
        lead: Person,
        editor_client: Client,
        second_editor_client: Client,
        disagreement: Disagreement,
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert "Lin Haddad found another decision than yours right: rejected." in page(
            editor_client, "/"
        )
        overruled = page(second_editor_client, "/")
        assert "Lin Haddad found your decision right: rejected." in overruled
        assert WHY in overruled

    def test_is_told_once_also_where_a_golden_was_withdrawn(
        self, editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert [answer.kind for answer in answers_for(editor, 5)] == ["disagreement"]

    def test_is_gone_once_it_is_taken_back(
        self, editor: Person, lead: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        undo_adjudication(disagreement.draft.pk, lead)
        assert answers_for(editor, 5) == []

    def test_is_nobody_elses(
        self, lead: Person, ml_engineer: Person, disagreement: Disagreement
    ) -> None:
        adjudicate(disagreement.draft.pk, disagreement.other.pk, lead, WHY)
        assert answers_for(ml_engineer, 5) == answers_for(lead, 5) == []
