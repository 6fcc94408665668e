"""The review screen's requests: what each answers, and what it refuses."""

import json
import re
import uuid
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Person
from accounts.services.preferences import choose_keys
from explanations.models import Category, Criterion, Draft, FactOverlay, Place, Recommendation, Task
from explanations.services.facts import add_fact
from feedback.models import Assignment, FactReport, Review
from feedback.services import queue
from tests.conftest import drafted
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

pytestmark = pytest.mark.django_db

FRAGMENT = {"HX-Request": "true"}


def sent(client: Client, address: str, body: object) -> Any:
    """POST JSON as the screen does."""
    return client.post(address, body, content_type="application/json", headers=FRAGMENT)


def page_data(html: str) -> Any:
    """What the screen's script is given."""
    found = re.search(r'<script id="review-page"[^>]*>(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def accepted(client: Client, page: Any) -> Any:
    """Accept the draft on the desk, as the screen does."""
    return sent(client, page["submit"], {"key": str(uuid.uuid4()), "body": {"outcome": "ACCEPT"}})


def facts_to_choose(client: Client) -> list[set[tuple[str, str]]]:
    """The facts that each bullet of the form on the desk offers: pointers with words."""
    chips = re.findall(r'<select class="fact-chip"[^>]*>(.*?)</select>', shown(client), re.DOTALL)
    return [
        set(re.findall(r'<option value="(/[^"]*)">([^<]*)</option>', options)) for options in chips
    ]


@pytest.fixture
def assignment(editor_client: Client, ready_draft: Draft) -> Assignment:
    """Ada has opened the review screen."""
    editor_client.get("/review/")
    return Assignment.objects.get()


class TestOpening:
    def test_opening_claims_and_opening_again_shows_the_same(
        self, editor_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(2)
        first = page_data(editor_client.get("/review/").content.decode())
        again = page_data(editor_client.get("/review/").content.decode())

        assert first["assignment"]["id"] == again["assignment"]["id"]
        assert Assignment.objects.count() == 2  # this one, and the next

    def test_the_next_is_leased_ahead_when_the_page_has_been_sent(
        self, editor_client: Client, editor: Person, drafts: DraftMaker
    ) -> None:
        _first, second, _third = drafts(3)
        editor_client.get("/review/")

        ahead = Assignment.objects.active().filter(editor=editor).latest("pk")
        assert ahead.place.draft == second

    def test_a_page_is_shown_though_nothing_can_be_leased_ahead(
        self,
        editor_client: Client,
        drafts: DraftMaker,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        drafts(2)

        def fails(*_who: object, **_what: object) -> None:
            raise OperationalError("the database has gone away")

        monkeypatch.setattr(queue, "prepare_next", fails)

        assert editor_client.get("/review/").status_code == 200
        assert "could not be done" in caplog.text

    def test_two_editors_get_two_drafts(
        self, editor_client: Client, second_editor_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(2)
        one = page_data(editor_client.get("/review/").content.decode())
        other = page_data(second_editor_client.get("/review/").content.decode())

        assert one["draft"]["id"] != other["draft"]["id"]

    def test_facts_are_labelled_values_and_those_the_draft_names_are_marked(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        html = editor_client.get("/review/").content.decode()

        assert "<dt>Tempo bpm</dt>" in html
        assert re.search(
            r'<button class="fact fact-words is-mentioned"[^>]* data-pointer="/item/artist"', html
        )
        assert 'class="fact" data-pointer="/item/tempo_bpm"' in html
        assert "{&quot;title" not in html

    def test_a_task_can_be_wished_for_and_the_wish_is_kept(
        self, editor_client: Client, ready_draft: Draft, ready_job_draft: Draft
    ) -> None:
        page = page_data(editor_client.get("/review/?task=job-fit").content.decode())

        assert page["draft"]["id"] == ready_job_draft.pk
        assert page["submit"].endswith("?task=job-fit")
        assert editor_client.get("/review/?task=no-such-task").status_code == 404

    def test_an_assignment_that_is_gone_leads_to_the_next(
        self, editor_client: Client, second_editor_client: Client, assignment: Assignment
    ) -> None:
        assert editor_client.get(f"/review/{assignment.pk}/").status_code == 200
        foreign = second_editor_client.get(f"/review/{assignment.pk}/?task=music-oneliner")
        assert foreign.headers["Location"] == "/review/?task=music-oneliner"

    def test_it_is_never_cached(self, editor_client: Client, ready_draft: Draft) -> None:
        assert "no-store" in editor_client.get("/review/").headers["Cache-Control"]

    def test_a_draft_cannot_break_out_of_the_page(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        evil = "</script><script>alert(1)</script> & <b>bold</b>"
        ready_draft.places.all().delete()
        drafted(ready_draft.run, ready_draft.recommendation, evil, ordinal=2)

        html = editor_client.get("/review/").content.decode()

        assert "<script>alert(1)" not in html
        assert "<b>bold" not in html
        assert page_data(html)["draft"]["text"] == evil


class TestWhatIsRenderedOnce:
    """Most of the page is the same for every draft and kept: by all that it does depend on."""

    def test_a_category_that_is_renamed_or_retired_is_seen_at_once(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        before = shown(editor_client)
        generic = Category.objects.filter(task=ready_draft.task, slug="generic")
        generic.update(name="Says nothing", definition="Would fit a hundred tracks & more.")
        renamed = shown(editor_client)
        generic.update(retired_at=Now())
        retired = shown(editor_client)

        assert "Says nothing" not in before
        assert "Would fit a hundred tracks &amp; more." in renamed
        assert page_data(renamed)["categories"] != page_data(before)["categories"]
        assert "Says nothing" not in retired

    def test_so_is_a_criterion_that_is_asked_differently(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        before = shown(editor_client)
        Criterion.objects.filter(task=ready_draft.task).update(question="Is it, though?")

        assert "Is it, though?" not in before
        assert "Is it, though?" in shown(editor_client)

    def test_a_task_that_wants_each_change_explained_is_believed_at_once(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        before = shown(editor_client)
        Task.objects.update(every_change_explained=True)

        assert 'data-why="save"' in before
        assert 'data-why="save"' not in shown(editor_client)

    def test_each_language_has_its_own(self, editor_client: Client, ready_draft: Draft) -> None:
        english = shown(editor_client)
        editor_client.cookies["django_language"] = "de"
        german = shown(editor_client)

        for words in ("Report a fact", "What is wrong", "Back to the words", "Take the suggestion"):
            assert words in english
            assert words not in german

    def test_an_empty_desk_says_what_was_done_today(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        assert "You have decided" not in shown(editor_client)
        reviewed(editor, outcome="ACCEPT")
        assert "You have decided one draft today." in shown(editor_client)

    def test_the_form_of_an_answer_offers_each_drafts_own_facts(
        self, editor: Person, editor_client: Client, ready_job_draft: Draft
    ) -> None:
        """A fact that looks like what stands for the facts is a fact all the same."""
        first = facts_to_choose(editor_client)
        fact = "<!-- facts of the audience -->"
        add_fact(ready_job_draft.recommendation, "motto", fact, "their letter", editor)
        second = facts_to_choose(editor_client)
        editor_client.cookies["django_language"] = "de"
        german = facts_to_choose(editor_client)

        assert len(first) > 2
        assert second == german
        for before, after in zip(first, second, strict=True):
            new = after - before
            of_the_item = all(pointer.startswith("/item/") for pointer, _words in before)
            assert [pointer for pointer, _words in new] == ["/item/motto"] * of_the_item
            assert all("&lt;!-- facts of the audience --&gt;" in words for _pointer, words in new)

    def test_each_editor_sees_their_own_keys(
        self,
        editor: Person,
        editor_client: Client,
        second_editor_client: Client,
        drafts: DraftMaker,
    ) -> None:
        drafts(3)
        theirs = shown(second_editor_client)
        choose_keys(editor, {"accept": "KeyY"}, character_keys=True)
        own = shown(editor_client)
        choose_keys(editor, {}, character_keys=False)
        none = shown(editor_client)

        assert theirs.count('data-code="KeyA"') == own.count('data-code="KeyY"') == 2
        assert 'data-code="KeyA"' not in own
        assert 'data-code="Key' not in none
        assert shown(second_editor_client).count('data-code="KeyA"') == 2

    def test_what_only_leads_may_is_shown_to_leads_alone(
        self, editor_client: Client, lead_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(4)
        for client, may in ((lead_client, True), (editor_client, False), (lead_client, True)):
            html = shown(client)
            assert ('data-act="dismiss-for-task"' in html) is may
            assert ('id="dismiss-finding"' in html) is may

    def test_drafts_in_other_languages_are_read_aloud_in_theirs(
        self, editor_client: Client, drafts: DraftMaker
    ) -> None:
        for locale, draft in zip(("en-GB", "ar"), drafts(2), strict=True):
            Recommendation.objects.filter(drafts=draft).update(locale=locale)
        first = shown(editor_client)
        accepted(editor_client, page_data(first))
        second = shown(editor_client)

        assert (first.count('lang="en-GB"'), second.count('lang="ar"')) == (3, 3)
        assert 'lang="en-GB"' not in second


def shown(client: Client) -> str:
    """The whole page of the review screen."""
    return client.get("/review/").content.decode()


class TestSaving:
    def test_work_is_kept_and_its_revision_counts_up(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        body = {"work": {"note": "hm"}, "revision": 0, "active_ms": 10}

        answer = sent(editor_client, f"/review/{assignment.pk}/work/", body)

        assert answer.json() == {"revision": 1, "guide": 1}
        assignment.refresh_from_db()
        assert assignment.work == {"note": "hm"}

    def test_a_save_on_top_of_another_tabs_gets_what_that_one_saved(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        address = f"/review/{assignment.pk}/work/"
        sent(editor_client, address, {"work": {"note": "one"}, "revision": 0, "active_ms": 0})

        answer = sent(
            editor_client, address, {"work": {"note": "two"}, "revision": 0, "active_ms": 0}
        )

        assert answer.status_code == 409
        assert answer.json()["reason"] == "conflict"
        assert answer.json()["work"] == {"note": "one"}

    @pytest.mark.parametrize("body", ["", "nonsense", "[]", '{"work": 1}', '{"revision": true}'])
    def test_what_is_no_work_is_refused(
        self, editor_client: Client, assignment: Assignment, body: str
    ) -> None:
        assert sent(editor_client, f"/review/{assignment.pk}/work/", body).status_code == 422

    @pytest.mark.parametrize("revision", [-1, 2**31 - 1, 2**64 - 1])
    def test_a_revision_that_cannot_be_is_refused(
        self, editor_client: Client, assignment: Assignment, revision: int
    ) -> None:
        body = {"work": {}, "revision": revision, "active_ms": 0}

        assert sent(editor_client, f"/review/{assignment.pk}/work/", body).status_code == 422

    def test_work_that_is_nested_too_deeply_is_refused(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        deep = "[" * 1000 + "]" * 1000
        body = f'{{"work": {{"tags": {deep}}}, "revision": 0, "active_ms": 0}}'

        assert sent(editor_client, f"/review/{assignment.pk}/work/", body).status_code == 422

    def test_somebody_elses_work_is_not_found(
        self, second_editor_client: Client, assignment: Assignment
    ) -> None:
        body = {"work": {}, "revision": 0, "active_ms": 0}

        for address in ("work", "lease", "submit"):
            sent_body = body | {"key": str(uuid.uuid4()), "body": {"outcome": "ACCEPT"}}
            answer = sent(second_editor_client, f"/review/{assignment.pk}/{address}/", sent_body)
            assert answer.status_code == 404

    def test_being_there_renews_the_lease(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        before = assignment.leased_until

        assert sent(editor_client, f"/review/{assignment.pk}/lease/", {}).status_code == 200

        assignment.refresh_from_db()
        assert assignment.leased_until > before


class TestSubmitting:
    def test_the_answer_is_the_next_draft(self, editor_client: Client, drafts: DraftMaker) -> None:
        _first, second = drafts(2)
        page = page_data(editor_client.get("/review/").content.decode())

        answer = sent(
            editor_client,
            page["submit"],
            {"key": str(uuid.uuid4()), "body": {"outcome": "ACCEPT"}},
        )

        html = answer.content.decode()
        assert page_data(html)["draft"]["id"] == second.pk
        assert "<html" not in html

    def test_it_was_leased_ahead_and_the_one_after_it_is_now(
        self, editor_client: Client, drafts: DraftMaker
    ) -> None:
        _first, second, third = drafts(3)
        page = page_data(editor_client.get("/review/").content.decode())
        ahead = Assignment.objects.get(place__draft=second)

        answer = accepted(editor_client, page)

        assert page_data(answer.content.decode())["assignment"]["id"] == ahead.pk
        assert Assignment.objects.active().filter(place__draft=third).exists()

    def test_facts_that_changed_since_it_was_leased_ahead_are_shown_as_they_are(
        self, editor_client: Client, second_editor: Person, drafts: DraftMaker
    ) -> None:
        _first, second = drafts(2)
        page = page_data(editor_client.get("/review/").content.decode())
        add_fact(second.recommendation, "Producer", "Andrew Wade", "liner notes", second_editor)

        assert "Andrew Wade" in accepted(editor_client, page).content.decode()

    def test_one_that_was_withdrawn_since_it_was_leased_ahead_is_not_shown(
        self, editor_client: Client, drafts: DraftMaker
    ) -> None:
        _first, second, third = drafts(3)
        page = page_data(editor_client.get("/review/").content.decode())
        Draft.objects.filter(pk=second.pk).update(state=Draft.State.WITHDRAWN)
        second.places.update(state=Place.State.CLOSED)

        answer = page_data(accepted(editor_client, page).content.decode())

        assert answer["draft"]["id"] == third.pk

    def test_the_same_key_again_gets_the_same_answer_and_makes_no_second_review(
        self, editor_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(2)
        page = page_data(editor_client.get("/review/").content.decode())
        body = {"key": str(uuid.uuid4()), "body": {"outcome": "ACCEPT"}}

        first = sent(editor_client, page["submit"], body)
        again = sent(editor_client, page["submit"], body)

        assert first.status_code == again.status_code == 200
        assert (
            page_data(first.content.decode())["draft"] == page_data(again.content.decode())["draft"]
        )
        assert Review.objects.count() == 1

    def test_another_body_under_the_key_is_a_conflict(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        address, key = f"/review/{assignment.pk}/submit/", str(uuid.uuid4())
        sent(editor_client, address, {"key": key, "body": {"outcome": "ACCEPT"}})

        answer = sent(editor_client, address, {"key": key, "body": {"outcome": "BLAND"}})

        assert answer.status_code == 409

    def test_what_the_rules_forbid_is_said_in_a_sentence_and_nothing_is_stored(
        self, editor_client: Client, assignment: Assignment
    ) -> None:
        answer = sent(
            editor_client,
            f"/review/{assignment.pk}/submit/",
            {"key": str(uuid.uuid4()), "body": {"outcome": "REJECT"}},
        )

        assert answer.status_code == 422
        assert "needs a tag" in answer.json()["message"]
        assert not Review.objects.exists()

    @pytest.mark.parametrize("key", [None, "", "one", 7])
    def test_a_submission_without_a_key_is_refused(
        self, editor_client: Client, assignment: Assignment, key: object
    ) -> None:
        body = {"key": key, "body": {"outcome": "ACCEPT"}}

        assert sent(editor_client, f"/review/{assignment.pk}/submit/", body).status_code == 422


class TestReopening:
    def test_only_ones_own_review_is_reopened(
        self, editor_client: Client, second_editor_client: Client, assignment: Assignment
    ) -> None:
        body = {"key": str(uuid.uuid4()), "body": {"outcome": "ACCEPT"}}
        sent(editor_client, f"/review/{assignment.pk}/submit/", body)
        review = Review.objects.get()

        assert (
            sent(second_editor_client, "/review/reopen/", {"review": review.pk}).status_code == 404
        )
        answer = sent(editor_client, "/review/reopen/", {"review": review.pk})

        assert page_data(answer.content.decode())["draft"]["id"] == assignment.place.draft_id

    @pytest.mark.parametrize("review", [None, "1", True, 10**6])
    def test_what_is_no_review_is_refused(self, editor_client: Client, review: object) -> None:
        assert sent(editor_client, "/review/reopen/", {"review": review}).status_code in {404, 422}


class TestFacts:
    def test_a_number_is_reported_as_a_number(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        answer = sent(
            editor_client,
            f"/drafts/{ready_draft.pk}/facts/report/",
            {
                "pointer": "/item/tempo_bpm",
                "problem": "wrong",
                "right_value": "180",
                "source": "counted",
            },
        )

        assert answer.status_code == 200
        assert FactReport.objects.get().right_value == 180

    def test_a_missing_fact_is_reported_by_its_name(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        sent(
            editor_client,
            f"/drafts/{ready_draft.pk}/facts/report/",
            {"problem": "missing", "name": "producer", "pointer": "/item/genre"},
        )

        assert FactReport.objects.get().pointer == "/item/producer"

    def test_an_added_fact_is_shown_with_its_source_and_no_draft_is_lost(
        self, editor_client: Client, editor: Person, assignment: Assignment, ready_draft: Draft
    ) -> None:
        sent(
            editor_client,
            f"/drafts/{ready_draft.pk}/facts/",
            {"name": "Producer", "value": "Andrew Wade", "source": "liner notes"},
        )

        assert FactOverlay.objects.get().created_by == editor
        html = editor_client.get("/review/").content.decode()
        assert "Andrew Wade" in html
        assert "liner notes" in html

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"name": "genre", "value": "pop", "source": "me"},
            {"name": "producer", "value": "", "source": "me"},
            {"name": "producer", "value": "Andrew Wade", "source": ""},
        ],
    )
    def test_a_fact_that_cannot_be_taken_is_refused_in_words(
        self, editor_client: Client, ready_draft: Draft, said: dict[str, str]
    ) -> None:
        answer = sent(editor_client, f"/drafts/{ready_draft.pk}/facts/", said)

        assert answer.status_code == 422
        assert answer.json()["message"]


def test_the_item_opens_at_the_tasks_address_with_its_facts_quoted(
    editor_client: Client, music_task: Task, ready_draft: Draft
) -> None:
    Task.objects.update(item_url_template="https://play.example/?q={/item/artist}&t={/item/title}")
    assert (
        "https://play.example/?q=Dead%20Rabbitts&amp;t=Deer%20Heart"
        in editor_client.get("/review/").content.decode()
    )

    Task.objects.update(item_url_template="javascript:alert({/item/title})")
    assert "javascript:" not in editor_client.get("/review/").content.decode()
