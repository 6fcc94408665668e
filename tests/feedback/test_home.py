"""The front page: what goes on, what came back, what was answered, and what a guide says anew."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Task
from explanations.services.guide_news import acknowledge
from feedback.models import Golden
from feedback.services.answers import answers_for, sent_back_to
from feedback.services.goldens import approve_golden, send_back, withdraw_golden
from feedback.services.reviewing import undo_review
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, submitted

pytestmark = pytest.mark.django_db


def front_page(client: Client) -> str:
    return client.get("/").content.decode()


def given_to_the_lead(editor: Person, lead: Person, note: str = "") -> None:
    reviewed(editor, outcome="ESCALATE", reason="guide")
    submitted(lead, claimed(lead, escalated=True), outcome="BLAND", note=note)


class TestAnswers:
    def test_what_the_lead_decided_about_a_draft_that_was_given_to_them(
        self, editor: Person, lead: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        given_to_the_lead(editor, lead, "The guide allows it.")

        page = front_page(editor_client)
        assert "You gave it to the lead; Lin Haddad decided: fine but bland." in page
        assert "The guide allows it." in page

    def test_nobody_elses_questions_are_answered(
        self, editor: Person, second_editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        given_to_the_lead(second_editor, lead)

        assert answers_for(editor, 5) == []

    def test_a_question_that_was_taken_back_has_no_answer(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        asked = reviewed(editor, outcome="ESCALATE", reason="guide").review
        undo_review(editor, asked.pk)

        assert answers_for(editor, 5) == []

    def test_what_became_of_a_golden(
        self,
        editor: Person,
        second_editor: Person,
        lead: Person,
        music_task: Task,
        editor_client: Client,
        drafts: DraftMaker,
    ) -> None:
        drafts(2)
        Task.objects.update(second_person_required=True)
        for _time in range(2):
            reviewed(editor, outcome="ACCEPT")
        first, second = Golden.objects.order_by("pk")
        approve_golden(first.pk, second_editor)
        withdraw_golden(second.pk, lead, "We said it before.")

        page = front_page(editor_client)
        assert "Bela Novak approved it." in page
        assert "A lead withdrew it." in page
        assert "We said it before." in page

    def test_ones_own_undo_is_no_answer(self, editor: Person, ready_draft: Draft) -> None:
        undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)

        assert answers_for(editor, 5) == []


class TestWhatCameBack:
    def test_it_says_who_sent_it_and_why_until_it_is_taken_up(
        self, editor: Person, second_editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        assert done.golden is not None
        send_back(done.golden.pk, second_editor, "Say what it sounds like.")

        page = front_page(editor_client)
        assert "<b>Bela Novak</b>" in page
        assert "Say what it sounds like." in page

        undo_review(editor, done.review.pk)
        assert sent_back_to(editor, 5) == []


class TestGuides:
    def test_one_that_was_not_read_is_listed_until_it_is(
        self, editor: Person, editor_client: Client, music_task: Task
    ) -> None:
        assert "Guides to read" in front_page(editor_client)
        assert music_task.guide is not None
        acknowledge(music_task.guide, editor)
        assert "Guides to read" not in front_page(editor_client)


class TestTheLead:
    def test_sees_what_waits_for_them(
        self, lead_client: Client, editor_client: Client, ready_draft: Draft
    ) -> None:
        Draft.objects.update(state="BLOCKED")

        assert "Blocked by checks</a></dt><dd>1</dd>" in front_page(lead_client)
        assert "Blocked by checks" not in front_page(editor_client)


def test_however_much_there_is_the_queries_are_the_same(
    editor: Person,
    second_editor: Person,
    lead: Person,
    lead_client: Client,
    editor_client: Client,
    drafts: DraftMaker,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    drafts(6)
    for _time in range(2):
        given_to_the_lead(editor, lead)
        golden = reviewed(editor, outcome="ACCEPT").golden
        assert golden is not None
        send_back(golden.pk, second_editor, "No.")

    with django_assert_num_queries(15):
        front_page(editor_client)
    with django_assert_num_queries(23):
        front_page(lead_client)
