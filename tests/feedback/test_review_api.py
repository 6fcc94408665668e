"""The human side over REST: who may, what comes back, and what each refusal is called."""

import json
import uuid
from typing import Any

import pytest
from django.test import Client
from rest_framework.serializers import Serializer

from accounts.models import Person
from explanations.models import Category, Draft, Finding, Place
from feedback.api.assignments import (
    AssignmentOutput,
    AssignmentWithTaxonomyOutput,
    DraftToReviewOutput,
)
from feedback.api.reviews import SubmittedOutput, submitted_answer
from feedback.models import Assignment, FactReport, Golden, Review
from feedback.services.queue import release, sweep_expired
from tests.conftest import TokenMaker, bearer
from tests.feedback.conftest import DraftMaker, let_the_lease_run_out
from tests.feedback.people_at_work import claimed, reviewed, tag_on

CLAIM = "/api/v1/queue/claim/"
GOLDENS = "/api/v1/goldens/"


def send(client: Client, method: str, path: str, body: object = None, **headers: str) -> Any:
    return client.generic(
        method,
        path,
        data=b"" if body is None else json.dumps(body).encode(),
        content_type="application/json",
        headers=headers,
    )


def post(client: Client, path: str, body: object = None, **headers: str) -> Any:
    return send(client, "POST", path, body, **headers)


def submit(client: Client, draft: Draft, key: uuid.UUID | None = None, **body: Any) -> Any:
    path = f"/api/v1/drafts/{draft.pk}/reviews/"
    return post(client, path, {"key": str(key or uuid.uuid4()), **body})


class TestWhoMay:
    """One table for all: the routes of the human side, and what each role is answered."""

    EDITORS = ("editor", "lead")
    READERS = ("editor", "lead", "manager", "ml_engineer")
    TABLE = (
        ("POST", CLAIM, EDITORS),
        ("GET", "/api/v1/assignments/0/", EDITORS),
        ("POST", "/api/v1/assignments/0/heartbeat/", EDITORS),
        ("PUT", "/api/v1/assignments/0/work/", EDITORS),
        ("POST", "/api/v1/assignments/0/release/", EDITORS),
        ("POST", "/api/v1/drafts/0/reviews/", EDITORS),
        ("GET", "/api/v1/drafts/0/reviews/", READERS),
        ("POST", "/api/v1/reviews/0/undo/", EDITORS),
        ("GET", GOLDENS, READERS),
        ("GET", f"{GOLDENS}0/", READERS),
        ("POST", "/api/v1/recommendations/0/facts/", EDITORS),
        ("POST", "/api/v1/recommendations/0/fact-reports/", EDITORS),
    )

    @pytest.mark.parametrize("role", [*READERS, "nobody_special"])
    def test_each_role_gets_in_where_the_table_says(
        self, role: str, request: pytest.FixtureRequest
    ) -> None:
        client: Client = request.getfixturevalue(f"{role}_client")
        for method, path, allowed in self.TABLE:
            answer = send(client, method, path, {})
            assert (answer.status_code != 403) is (role in allowed), (method, path)

    def test_nobody_gets_in_without_a_login(self, client: Client, db: None) -> None:
        for method, path, _allowed in self.TABLE:
            assert send(client, method, path, {}).status_code == 401, (method, path)

    def test_a_token_without_the_scope_does_not_get_in(
        self, client: Client, editor: Person, token_for: TokenMaker
    ) -> None:
        reading = bearer(token_for(editor, "desk:read"))
        assert post(client, CLAIM, {}, **reading).status_code == 403
        assert client.get(GOLDENS, headers=reading).status_code == 200

    def test_the_leads_queue_is_for_leads(
        self, editor_client: Client, lead_client: Client, ready_draft: Draft
    ) -> None:
        ready_draft.places.update(state=Place.State.ESCALATED)
        assert post(editor_client, CLAIM, {"escalated": True}).status_code == 403
        assert post(lead_client, CLAIM, {"escalated": True}).json()["escalated"] is True


class TestClaim:
    def test_it_gives_all_that_a_review_needs(
        self, client: Client, editor_token: str, ready_draft: Draft
    ) -> None:
        answer = post(client, CLAIM, {}, **bearer(editor_token))
        assert answer.status_code == 200
        assignment = answer.json()
        assert assignment["draft"]["text"] == ready_draft.text
        assert assignment["draft"]["facts"]["item"]["artist"] == "Dead Rabbitts"
        assert assignment["revision"] == 0
        again = client.get(
            f"/api/v1/assignments/{assignment['id']}/", headers=bearer(editor_token)
        ).json()
        assert [category["slug"] for category in again["categories"]][:2] == [
            "attribution",
            "contradicts",
        ]
        assert again["criteria"][0]["slug"] == "specific"

    def test_the_answer_is_what_its_description_says(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        """It is written without asking each field of the serializer, which the schema shows."""
        found(ready_draft)
        held = claimed(editor)
        draft = held.place.draft
        described = Serializer.to_representation

        assert AssignmentOutput(held).data == described(AssignmentOutput(), held)
        assert DraftToReviewOutput(draft).data == described(DraftToReviewOutput(), draft)
        with_taxonomy = AssignmentWithTaxonomyOutput(held).data
        assert with_taxonomy == described(AssignmentWithTaxonomyOutput(), held)

    def test_an_empty_queue_has_no_content(self, editor_client: Client) -> None:
        assert post(editor_client, CLAIM, {}).status_code == 204

    def test_a_task_can_be_asked_for(
        self, editor_client: Client, ready_draft: Draft, ready_job_draft: Draft
    ) -> None:
        answer = post(editor_client, CLAIM, {"tasks": ["job-fit"]})
        assert answer.json()["draft"]["task"] == "job-fit"

    def test_an_unknown_task_is_named(self, editor_client: Client) -> None:
        answer = post(editor_client, CLAIM, {"tasks": ["haiku"]})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/tasks"

    def test_findings_are_shown(self, editor_client: Client, ready_draft: Draft) -> None:
        found(ready_draft)
        [finding] = post(editor_client, CLAIM, {}).json()["draft"]["findings"]
        assert finding["message"] == "No fact says so."
        assert finding["category"] == "timebound"

    def test_but_not_of_the_blind_sample(self, editor_client: Client, ready_draft: Draft) -> None:
        found(ready_draft)
        Draft.objects.filter(pk=ready_draft.pk).update(blind=True)
        assert post(editor_client, CLAIM, {}).json()["draft"]["findings"] == []


def found(draft: Draft) -> Finding:
    return Finding.objects.create(
        draft=draft,
        check_name="grounding",
        check_version=1,
        level=Finding.Level.WARNING,
        message="No fact says so.",
        category=Category.objects.get(task=draft.task, slug="timebound"),
    )


class TestKeeping:
    def test_a_heartbeat_says_how_long_the_draft_is_held(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        answer = post(editor_client, f"/api/v1/assignments/{assignment.pk}/heartbeat/")
        assert answer.status_code == 200
        assert answer.json()["state"] == "ACTIVE"

    def test_a_lost_lease_is_gone_and_says_why(
        self, editor: Person, second_editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        assignment = claimed(editor)
        let_the_lease_run_out(assignment)
        sweep_expired()
        claimed(second_editor)
        answer = post(editor_client, f"/api/v1/assignments/{assignment.pk}/heartbeat/")
        assert answer.status_code == 410
        assert answer.json()["reason"] == "taken"

    def test_work_is_saved_by_revision(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        path = f"/api/v1/assignments/{claimed(editor).pk}/work/"
        body = {"work": {"rewrite": "a"}, "revision": 0, "active_ms": 5}
        assert send(editor_client, "PUT", path, body).json() == {"revision": 1, "guide": 1}
        stale = send(editor_client, "PUT", path, {"work": {"rewrite": "b"}, "revision": 0})
        assert stale.status_code == 409
        assert stale.json()["code"] == "work_conflict"
        assert stale.json()["work"] == {"rewrite": "a"}
        assert stale.json()["revision"] == 1

    def test_work_too_long_to_keep_is_named(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        path = f"/api/v1/assignments/{claimed(editor).pk}/work/"
        body = {"work": {"rewrite": "a" * 300_000}, "revision": 0}
        answer = send(editor_client, "PUT", path, body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/work"

    def test_a_draft_is_given_back(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        path = f"/api/v1/assignments/{claimed(editor).pk}/release/"
        assert post(editor_client, path).status_code == 204
        assert post(editor_client, path).status_code == 204
        assert not Assignment.objects.active().exists()

    @pytest.mark.parametrize("action", ["", "heartbeat/", "work/", "release/"])
    def test_somebody_elses_assignment_is_not_there(
        self, second_editor: Person, editor_client: Client, ready_draft: Draft, action: str
    ) -> None:
        path = f"/api/v1/assignments/{claimed(second_editor).pk}/{action}"
        method = {"": "GET", "work/": "PUT"}.get(action, "POST")
        answer = send(editor_client, method, path, {"work": {}, "revision": 0})
        assert answer.status_code == 404


class TestSubmit:
    def test_it_makes_a_review_and_a_golden(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        answer = submit(
            editor_client,
            ready_draft,
            outcome="EDIT",
            rewrite="Dead Rabbitts' single is a metalcore adrenaline rush!",
            tags=[tag_on(ready_draft, "latest", "timebound")],
            answers={"specific": "yes"},
            active_ms=1500,
        )
        assert answer.status_code == 201
        made = answer.json()
        assert made["golden"]["grade"] == "exemplary"
        assert made["golden"]["state"] == "APPROVED"
        assert made["replayed"] is False
        [review] = editor_client.get(f"/api/v1/drafts/{ready_draft.pk}/reviews/").json()
        assert review["tags"][0]["quote"] == "latest"
        assert review["answers"] == {"specific": "yes"}
        assert review["alignment"][0]["tags"] == [1]
        assert review["alignment"][0]["cause"] == ""
        assert answer.json()["alignment"] == review["alignment"]

    @pytest.mark.parametrize("outcome", ["ACCEPT", "EDIT", "REJECT"])
    def test_the_answer_is_what_its_description_says(
        self, editor: Person, ready_draft: Draft, outcome: str
    ) -> None:
        bodies: dict[str, dict[str, Any]] = {
            "ACCEPT": {},
            "EDIT": {"rewrite": "Dead Rabbitts' single is a metalcore adrenaline rush!"},
            "REJECT": {"tags": [tag_on(ready_draft, "latest", "timebound")]},
        }
        done = reviewed(editor, outcome=outcome, **bodies[outcome])
        assert submitted_answer(done) == SubmittedOutput(done).data

    def test_the_same_again_is_answered_with_the_same(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        key = uuid.uuid4()
        first = submit(editor_client, ready_draft, key, outcome="ACCEPT")
        again = submit(editor_client, ready_draft, key, outcome="ACCEPT")
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == {**first.json(), "replayed": True}

    def test_the_key_may_stand_in_a_header(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        answer = post(
            editor_client,
            f"/api/v1/drafts/{ready_draft.pk}/reviews/",
            {"outcome": "ACCEPT"},
            **{"Idempotency-Key": str(uuid.uuid4())},
        )
        assert answer.status_code == 201

    @pytest.mark.parametrize("key", [None, "", "one", 3])
    def test_a_key_is_needed(
        self, editor: Person, editor_client: Client, ready_draft: Draft, key: object
    ) -> None:
        claimed(editor)
        path = f"/api/v1/drafts/{ready_draft.pk}/reviews/"
        answer = post(editor_client, path, {"outcome": "ACCEPT", "key": key})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == "/key"

    def test_another_body_under_the_key_is_a_conflict(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        key = uuid.uuid4()
        submit(editor_client, ready_draft, key, outcome="ACCEPT")
        answer = submit(editor_client, ready_draft, key, outcome="BLAND")
        assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")

    def test_another_key_for_a_submitted_draft_is_a_conflict(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        review = submit(editor_client, ready_draft, outcome="ACCEPT").json()["review"]
        answer = submit(editor_client, ready_draft, outcome="ACCEPT")
        assert (answer.status_code, answer.json()["code"]) == (409, "already_submitted")
        assert answer.json()["review"] == review

    def test_every_wrong_field_is_named_by_a_pointer(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        wrong = {**tag_on(ready_draft, "latest"), "quote": "newest", "category": "mood"}
        answer = submit(editor_client, ready_draft, outcome="SKIP", tags=[wrong])
        assert answer.status_code == 400
        assert {error["pointer"] for error in answer.json()["errors"]} == {
            "/reason",
            "/tags/0/category",
            "/tags/0/quote",
        }

    def test_what_is_no_object_is_refused(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        claimed(editor)
        path = f"/api/v1/drafts/{ready_draft.pk}/reviews/"
        assert post(editor_client, path, ["ACCEPT"]).status_code == 400

    def test_an_unclaimed_draft_takes_no_review(
        self, editor_client: Client, ready_draft: Draft
    ) -> None:
        assert submit(editor_client, ready_draft, outcome="ACCEPT").status_code == 404

    def test_a_late_one_is_gone_when_somebody_else_has_the_place(
        self, editor: Person, second_editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        release(claimed(editor).pk, editor)
        claimed(second_editor)
        answer = submit(editor_client, ready_draft, outcome="ACCEPT")
        assert (answer.status_code, answer.json()["reason"]) == (410, "taken")


class TestTheNextWithASubmission:
    def test_it_comes_with_the_answer_and_the_one_after_it_is_leased_ahead(
        self, editor: Person, editor_client: Client, drafts: DraftMaker
    ) -> None:
        first, second, third = drafts(3)
        claimed(editor)

        answer = submit(editor_client, first, outcome="ACCEPT", next={})

        assert answer.status_code == 201
        assert answer.json()["next"]["draft"]["id"] == second.pk
        assert Assignment.objects.active().filter(place__draft=third).exists()

    def test_a_repetition_gets_the_same_one(
        self, editor: Person, editor_client: Client, drafts: DraftMaker
    ) -> None:
        first, *_others = drafts(3)
        claimed(editor)
        key = uuid.uuid4()

        once = submit(editor_client, first, key, outcome="ACCEPT", next={})
        again = submit(editor_client, first, key, outcome="ACCEPT", next={})

        assert again.status_code == 200
        assert again.json()["next"]["draft"] == once.json()["next"]["draft"]
        assert Review.objects.count() == 1

    def test_who_asks_for_none_gets_none_and_holds_none(
        self, editor: Person, editor_client: Client, drafts: DraftMaker
    ) -> None:
        first, _second = drafts(2)
        claimed(editor)

        assert "next" not in submit(editor_client, first, outcome="ACCEPT").json()
        assert not Assignment.objects.active().exists()

    def test_none_waits(self, editor: Person, editor_client: Client, ready_draft: Draft) -> None:
        claimed(editor)
        assert submit(editor_client, ready_draft, outcome="ACCEPT", next={}).json()["next"] is None

    @pytest.mark.parametrize(
        ("asked", "status"),
        [({"tasks": ["haiku"]}, 400), ("soon", 400), ({"escalated": True}, 403)],
    )
    def test_what_cannot_be_asked_for_is_said_before_anything_is_stored(
        self, editor: Person, editor_client: Client, ready_draft: Draft, asked: object, status: int
    ) -> None:
        claimed(editor)
        answer = submit(editor_client, ready_draft, outcome="ACCEPT", next=asked)
        assert answer.status_code == status
        assert not Review.objects.exists()


class TestUndo:
    def test_it_gives_the_draft_back(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        path = f"/api/v1/reviews/{done.review.pk}/undo/"
        answer = post(editor_client, path)
        assert answer.status_code == 200
        assert answer.json()["supersedes"] == done.review.pk
        assert answer.json()["assignment"]["work"]["outcome"] == "ACCEPT"
        assert post(editor_client, path).json() == answer.json()

    def test_it_may_say_why(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        path = f"/api/v1/reviews/{reviewed(editor, outcome='ACCEPT').review.pk}/undo/"
        assert post(editor_client, path, {"reason": "whim"}).status_code == 400
        assert post(editor_client, path, {"reason": "slip"}).status_code == 200
        assert Review.objects.get(outcome="UNDO").reason == "slip"

    def test_what_cannot_be_taken_back_is_a_conflict(
        self, editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="ACCEPT")
        Draft.objects.filter(pk=ready_draft.pk).update(state=Draft.State.QUARANTINED)
        answer = post(editor_client, f"/api/v1/reviews/{done.review.pk}/undo/")
        assert (answer.status_code, answer.json()["code"]) == (409, "undo_refused")

    def test_somebody_elses_review_is_not_there(
        self, second_editor: Person, editor_client: Client, ready_draft: Draft
    ) -> None:
        done = reviewed(second_editor, outcome="ACCEPT")
        assert post(editor_client, f"/api/v1/reviews/{done.review.pk}/undo/").status_code == 404


class TestGoldens:
    def test_they_are_listed_page_by_page(
        self, editor: Person, ml_engineer_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(3)
        made = [reviewed(editor, outcome="ACCEPT").golden for _ in range(3)]
        first = ml_engineer_client.get(GOLDENS, {"page_size": 2}).json()
        second = ml_engineer_client.get(first["next"]).json()
        listed = [golden["id"] for golden in first["results"] + second["results"]]
        assert listed == [golden.pk for golden in reversed(made) if golden]
        assert second["next"] is None

    def test_they_are_filtered(
        self, editor: Person, ml_engineer_client: Client, drafts: DraftMaker
    ) -> None:
        drafts(2)
        reviewed(editor, outcome="ACCEPT")
        reviewed(editor, outcome="BLAND")

        def count(**wanted: str) -> int:
            return len(ml_engineer_client.get(GOLDENS, wanted).json()["results"])

        assert count(grade="exemplary") == 1
        assert count(task="music-oneliner", state="APPROVED") == 2
        assert count(state="WITHDRAWN") == 0

    @pytest.mark.parametrize("wanted", [{"task": "haiku"}, {"state": "NICE"}, {"grade": "good"}])
    def test_an_unknown_filter_value_is_named(
        self, ml_engineer_client: Client, wanted: dict[str, str]
    ) -> None:
        answer = ml_engineer_client.get(GOLDENS, wanted)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(wanted))}"

    def test_one_comes_with_its_facts(
        self, editor: Person, ml_engineer_client: Client, ready_draft: Draft
    ) -> None:
        golden = reviewed(editor, outcome="ACCEPT").golden
        assert golden is not None
        answer = ml_engineer_client.get(f"{GOLDENS}{golden.pk}/").json()
        assert answer["facts"]["item"]["artist"] == "Dead Rabbitts"
        assert ml_engineer_client.get(f"{GOLDENS}0/").status_code == 404


class TestFacts:
    def test_one_is_added(self, editor_client: Client, ready_draft: Draft) -> None:
        path = f"/api/v1/recommendations/{ready_draft.recommendation_id}/facts/"
        body = {"name": "singer", "value": "Craig Mabbitt", "source": "the sleeve"}
        answer = post(editor_client, path, body)
        assert answer.status_code == 201
        assert answer.json()["facts"]["item"]["singer"] == "Craig Mabbitt"
        assert answer.json()["sources"] == {"/item/singer": "the sleeve"}
        assert post(editor_client, path, body).status_code == 400
        assert post(editor_client, path, {}).status_code == 400

    def test_one_is_reported(self, editor_client: Client, ready_draft: Draft) -> None:
        path = f"/api/v1/recommendations/{ready_draft.recommendation_id}/fact-reports/"
        body = {"pointer": "/item/genre", "problem": "wrong", "draft": ready_draft.pk}
        answer = post(editor_client, path, body)
        assert answer.status_code == 201
        assert answer.json()["value_then"] == "metalcore"
        assert FactReport.objects.get().draft == ready_draft
        assert post(editor_client, CLAIM, {}).status_code == 204

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"pointer": "/item/label"}, ""),
            ({"problem": "dull"}, "/problem"),
            ({"draft": 0}, "/draft"),
        ],
    )
    def test_a_report_that_makes_no_sense_is_refused(
        self, editor_client: Client, ready_draft: Draft, changes: dict[str, Any], pointer: str
    ) -> None:
        path = f"/api/v1/recommendations/{ready_draft.recommendation_id}/fact-reports/"
        body = {"pointer": "/item/genre", "problem": "wrong", **changes}
        answer = post(editor_client, path, body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer


def test_nothing_is_made_by_a_refused_request(
    editor: Person, editor_client: Client, ready_draft: Draft
) -> None:
    claimed(editor)
    submit(editor_client, ready_draft, outcome="REJECT")
    assert not Review.objects.exists()
    assert not Golden.objects.exists()
