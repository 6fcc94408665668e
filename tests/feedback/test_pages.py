"""The pages of the human side: who may open them, and what they show."""

import re
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, Place, Task
from feedback.models import FactReport, Golden, Review
from feedback.review_body import parse_body
from feedback.services.fact_reports import Doubt, report_fact
from feedback.services.queue import claim_next
from feedback.services.reviewing import submit_review
from tests.feedback.conftest import DraftMaker

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


def decided(editor: Person, outcome: str, **more: Any) -> Review:
    """Let the editor decide on the next draft of the queue."""
    assignment = claim_next(editor)
    assert assignment is not None
    body = parse_body({"outcome": outcome, **more})
    return submit_review(editor, assignment.pk, uuid.uuid4(), body).review


def shown(client: Client, address: str) -> str:
    """The page's HTML, which must be there."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


# Address -> the roles that may open it, besides which everybody gets a 403.
EVERYBODY = {"editor", "lead", "manager", "ml_engineer"}
PAGES = {
    "/": EVERYBODY,
    "/review/": {"editor", "lead"},
    "/review/session/": {"editor", "lead"},
    "/goldens/": EVERYBODY,
    "/goldens/{golden}/": EVERYBODY,
    "/drafts/{draft}/reviews/": EVERYBODY,
    "/escalated/": {"lead"},
    "/fact-reports/": EVERYBODY,
}


class TestWhoMay:
    @pytest.mark.parametrize("address", PAGES)
    @pytest.mark.parametrize("role", [*sorted(EVERYBODY), "nobody_special"])
    def test_each_page_opens_for_its_roles_and_for_nobody_else(
        self,
        request: pytest.FixtureRequest,
        ready_draft: Draft,
        editor: Person,
        address: str,
        role: str,
    ) -> None:
        golden = Golden.objects.get(review=decided(editor, "ACCEPT"))
        client: Client = request.getfixturevalue(f"{role}_client")

        answer = client.get(address.format(golden=golden.pk, draft=ready_draft.pk))

        assert answer.status_code == (200 if role in PAGES[address] else 403)

    @pytest.mark.parametrize("address", PAGES)
    def test_strangers_log_in_first_and_a_fragment_is_told_so(
        self, ready_draft: Draft, editor: Person, address: str
    ) -> None:
        golden = Golden.objects.get(review=decided(editor, "ACCEPT"))
        path = address.format(golden=golden.pk, draft=ready_draft.pk)

        assert Client().get(path).headers["Location"].startswith("/accounts/login/")
        assert Client().get(path, headers=FRAGMENT).status_code == 401

    @pytest.mark.parametrize(
        "address",
        [
            "/review/1/work/",
            "/review/1/lease/",
            "/review/1/submit/",
            "/review/reopen/",
            "/drafts/1/facts/",
            "/drafts/1/facts/report/",
            "/fact-reports/1/",
        ],
    )
    def test_managers_and_ml_engineers_change_nothing_here(
        self, manager_client: Client, ml_engineer_client: Client, address: str
    ) -> None:
        for client in (manager_client, ml_engineer_client):
            assert client.post(address, {}, content_type="application/json").status_code == 403


class TestTheFrontPage:
    def test_an_editor_with_nothing_begun_starts(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        page = shown(editor_client, "/")

        assert "One draft waits" in page
        assert "Start" in page

    def test_an_editor_goes_on_where_they_were(
        self, editor_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        claim_next(editor)

        page = shown(editor_client, "/")

        assert "Where you were" in page
        assert "adrenaline rush" in page

    def test_what_an_editor_skipped_waits_for_others(
        self,
        editor_client: Client,
        second_editor_client: Client,
        editor: Person,
        ready_draft: Draft,
    ) -> None:
        decided(editor, "SKIP", reason="later")

        assert "Nothing waits for you" in shown(editor_client, "/")
        assert "One draft waits" in shown(second_editor_client, "/")

    def test_it_counts_what_was_decided_today_and_not_what_was_taken_back(
        self, editor_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        decided(editor, "REJECT", tags=[{"category": "generic", "severity": 1, "scope": "draft"}])

        assert "<dt>Rejected</dt><dd>1</dd>" in shown(editor_client, "/")

    def test_what_was_sent_back_is_named_with_its_reason(
        self, editor_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        decided(editor, "ACCEPT")
        Golden.objects.update(state=Golden.State.SENT_BACK, state_reason="Says nothing new.")

        assert "Says nothing new." in shown(editor_client, "/")

    def test_those_who_do_not_review_see_the_tasks_and_no_start(
        self, manager_client: Client, ready_draft: Draft
    ) -> None:
        page = shown(manager_client, "/")

        assert "Music one-liner" in page
        assert 'href="/review/"' not in page

    def test_a_lead_sees_what_waits_for_leads(
        self, lead_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        decided(editor, "ESCALATE", reason="guide")

        assert "Given to the lead" in shown(lead_client, "/")


class TestGoldens:
    @pytest.fixture
    def golden(self, music_task: Task, editor: Person, ready_draft: Draft) -> Golden:
        """Ada's rewrite, which waits for a second person."""
        Task.objects.update(second_person_required=True)
        rewrite = "Dead Rabbitts play metalcore at 172 BPM."
        tag = {"category": "timebound", "severity": 1, "scope": "span"}
        tag |= {"start": 15, "end": 28, "quote": "latest single"}
        return Golden.objects.get(review=decided(editor, "EDIT", rewrite=rewrite, tags=[tag]))

    def test_the_filters_of_the_address_hold(self, editor_client: Client, golden: Golden) -> None:
        assert golden.text in shown(editor_client, "/goldens/?state=waiting&task=music-oneliner")
        assert "No goldens here" in shown(editor_client, "/goldens/?state=APPROVED")
        assert "No goldens here" in shown(editor_client, "/goldens/?grade=publishable")

    def test_a_golden_shows_its_draft_its_tags_and_the_change(
        self, manager_client: Client, golden: Golden
    ) -> None:
        page = shown(manager_client, f"/goldens/{golden.pk}/")

        assert "latest single</mark>" in page
        assert "<ins>" in page
        assert "<del>" in page
        assert 'value="approve"' not in page

    def test_a_second_person_approves(
        self, second_editor_client: Client, second_editor: Person, golden: Golden
    ) -> None:
        second_editor_client.post(f"/goldens/{golden.pk}/", {"decision": "approve"})

        golden.refresh_from_db()
        assert golden.state == Golden.State.APPROVED
        assert golden.approved_by == second_editor

    def test_nobody_approves_their_own(self, editor_client: Client, golden: Golden) -> None:
        assert 'value="approve"' not in shown(editor_client, f"/goldens/{golden.pk}/")

        answer = editor_client.post(
            f"/goldens/{golden.pk}/", {"decision": "approve"}, follow=True
        ).content.decode()

        assert "somebody else than its editor" in answer
        golden.refresh_from_db()
        assert golden.state == Golden.State.PROPOSED

    def test_sending_back_needs_a_reason_and_its_editor_can_reopen_it(
        self, second_editor_client: Client, editor_client: Client, golden: Golden
    ) -> None:
        address = f"/goldens/{golden.pk}/"
        second_editor_client.post(address, {"decision": "send_back", "reason": " "})
        golden.refresh_from_db()
        assert golden.state == Golden.State.PROPOSED

        second_editor_client.post(address, {"decision": "send_back", "reason": "Too dry."})
        assert "Too dry." in shown(editor_client, address)
        answer = editor_client.post(address, {"decision": "reopen"}, follow=True)

        assert "latest single" in answer.content.decode()
        golden.refresh_from_db()
        assert golden.state == Golden.State.WITHDRAWN

    def test_only_a_lead_withdraws(
        self, second_editor_client: Client, lead_client: Client, golden: Golden
    ) -> None:
        sent = {"decision": "withdraw", "reason": "Poisoned."}
        assert second_editor_client.post(f"/goldens/{golden.pk}/", sent).status_code == 403

        lead_client.post(f"/goldens/{golden.pk}/", sent)

        golden.refresh_from_db()
        assert golden.state == Golden.State.WITHDRAWN

    @pytest.mark.parametrize("decision", ["approve", "send_back", "withdraw"])
    def test_those_who_only_read_decide_nothing(
        self, manager_client: Client, golden: Golden, decision: str
    ) -> None:
        sent = {"decision": decision, "reason": "x"}

        assert manager_client.post(f"/goldens/{golden.pk}/", sent).status_code == 403


class TestForTheLead:
    def test_a_question_is_shown_with_who_asks_and_why_and_can_be_settled(
        self, lead_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        decided(editor, "ESCALATE", reason="harm", note="Not sure about the word.")

        page = shown(lead_client, "/escalated/")
        assert "Ada Okafor" in page
        assert "It may hurt somebody" in page
        assert "Not sure about the word." in page
        assert ready_draft.text in shown(lead_client, "/review/?escalated=1").replace("&#x27;", "'")

    def test_an_editor_who_asks_for_the_leads_queue_gets_their_own(
        self, second_editor_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        decided(editor, "ESCALATE", reason="guide")

        assert "Nothing waits for you" in shown(second_editor_client, "/review/?escalated=1")

    def test_without_questions_it_says_so(self, lead_client: Client) -> None:
        assert "No questions" in shown(lead_client, "/escalated/")


class TestFactReports:
    @pytest.fixture
    def report(self, editor: Person, ready_draft: Draft) -> FactReport:
        """Ada doubts the genre."""
        doubt = Doubt("/item/genre", "wrong", "post-hardcore", "the sleeve")
        return report_fact(editor, ready_draft.recommendation, doubt, ready_draft)

    def test_a_report_shows_what_both_sides_say(
        self, lead_client: Client, report: FactReport
    ) -> None:
        page = shown(lead_client, "/fact-reports/")

        for words in ("metalcore", "post-hardcore", "the sleeve", "Ada Okafor"):
            assert words in page

    def test_reports_are_told_apart_by_whose_catalogue_they_are_and_counted(
        self, lead_client: Client, editor: Person, report: FactReport, drafts: DraftMaker
    ) -> None:
        FactReport.objects.update(catalogue_owner="Catalogue team")
        other = report_fact(editor, drafts(1)[0].recommendation, Doubt("/item/album", "stale"))
        page = shown(lead_client, "/fact-reports/")
        assert re.search(r"Open <span[^>]*>2<", page)
        assert "Catalogue team (1)" in page
        assert "nobody named (1)" in page
        assert "one draft, held; 0 goldens" in page
        for address, listed in (
            ("?owner=Catalogue+team", report),
            ("?owner=", other),
            ("?owner=&state=OPEN&task=music-oneliner", other),
        ):
            page = shown(lead_client, f"/fact-reports/{address}")
            assert re.findall(r"/fact-reports/(\d+)/", page) == [str(listed.pk)]
        assert "No reports here" in shown(lead_client, "/fact-reports/?owner=&task=job-fit")

    def test_after_a_decision_the_list_is_as_it_was_filtered(
        self, lead_client: Client, report: FactReport
    ) -> None:
        asked = {"decision": "refuse", "reason": "No.", "back": "owner=&state=OPEN"}
        answer = lead_client.post(f"/fact-reports/{report.pk}/", asked)
        assert answer["Location"] == "/fact-reports/?owner=&state=OPEN"

    def test_the_list_needs_a_fixed_number_of_queries(
        self,
        lead_client: Client,
        editor: Person,
        drafts: DraftMaker,
        django_assert_num_queries: Any,
    ) -> None:
        for draft in drafts(4):
            report_fact(editor, draft.recommendation, Doubt("/item/genre", "stale"), draft)
        # Session, person with their rights; how many, the reports, two counts, the drafts and
        # goldens that rest on them, the tasks.
        with django_assert_num_queries(9):
            lead_client.get("/fact-reports/")

    def test_a_lead_accepts_and_the_fact_is_corrected(
        self, lead_client: Client, report: FactReport
    ) -> None:
        lead_client.post(
            f"/fact-reports/{report.pk}/",
            {"decision": "accept", "right_value": "post-hardcore", "source": "the sleeve"},
        )

        report.refresh_from_db()
        assert report.state == FactReport.State.ACCEPTED
        snapshot = report.recommendation.snapshot
        assert snapshot is not None
        assert snapshot.item["genre"] == "post-hardcore"

    def test_a_refusal_needs_a_reason(self, lead_client: Client, report: FactReport) -> None:
        address = f"/fact-reports/{report.pk}/"
        answer = lead_client.post(address, {"decision": "refuse"}, follow=True)
        assert "Say why" in answer.content.decode()

        lead_client.post(address, {"decision": "refuse", "reason": "The label says metalcore."})

        report.refresh_from_db()
        assert report.state == FactReport.State.REFUSED
        assert "The label says metalcore." in shown(lead_client, "/fact-reports/?state=REFUSED")


class TestADraftsReviews:
    def test_every_decision_stays_also_one_taken_back(
        self, editor_client: Client, manager_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        review = decided(editor, "ACCEPT", note="Strong verb.")
        editor_client.post(
            "/review/reopen/",
            {"review": review.pk},
            content_type="application/json",
            headers=FRAGMENT,
        )

        page = shown(manager_client, f"/drafts/{ready_draft.pk}/reviews/")

        assert "taken back" in page
        assert "Strong verb." in page
        assert "Undone" in page

    def test_what_comes_from_a_model_is_text_and_nothing_else(
        self, manager_client: Client, editor: Person, ready_draft: Draft
    ) -> None:
        place = Place.objects.get(draft=ready_draft)
        evil = '<img src=x onerror="alert(1)"> [a](https://x.example)'
        draft = Draft.objects.create(
            run=ready_draft.run,
            task=ready_draft.task,
            recommendation=ready_draft.recommendation,
            snapshot=ready_draft.snapshot,
            prompt=ready_draft.prompt,
            model_version=ready_draft.model_version,
            ordinal=2,
            priority=99,
            state=Draft.State.READY,
            attempt=1,
            text=evil,
        )
        Place.objects.create(draft=draft, task=place.task, priority=99)
        tag = {"category": "format", "severity": 1, "scope": "span", "start": 0, "end": 4}
        decided(editor, "REJECT", tags=[{**tag, "quote": "<img"}])

        page = shown(manager_client, f"/drafts/{draft.pk}/reviews/")

        assert "<img" not in page
        assert 'href="https://x.example"' not in page
        assert "&lt;img" in page


class TestTheWayAround:
    @pytest.mark.parametrize(
        ("address", "link"),
        [
            ("/review/", "Review"),
            ("/goldens/", "Goldens"),
            ("/drafts/{draft}/reviews/", "Drafts"),
            ("/escalated/", "For the lead"),
        ],
    )
    def test_exactly_the_link_of_the_page_is_marked(
        self, lead_client: Client, ready_draft: Draft, address: str, link: str
    ) -> None:
        page = shown(lead_client, address.format(draft=ready_draft.pk))

        assert re.findall(r'aria-current="page">([^<]+)', page) == [link]

    def test_nobody_is_led_to_a_page_that_is_closed_to_them(
        self, manager_client: Client, ready_draft: Draft
    ) -> None:
        page = shown(manager_client, "/")

        for closed in ("/review/", "/escalated/", "/fact-reports/", "/imports/", "/admin/"):
            assert f'href="{closed}"' not in page
