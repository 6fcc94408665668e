"""What people do in the administration: by the services, and only what is theirs to do."""

import html
import re
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import administration
from accounts.models import AccessToken, LogEntry, Person
from explanations.models import Draft, Run
from feedback.models import Assignment, BulkAction, Golden
from tests.conftest import PASSWORD, TokenMaker, bearer, logged_in, person
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, tag_on_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner_client(db: None) -> Client:
    """Whoever runs the desk."""
    owner = person("olu", "Olu", "Berg", None)
    owner.is_superuser = True
    owner.save()
    return logged_in(owner)


def page(name: str, view: str = "changelist", *arguments: object) -> str:
    return reverse(f"admin:{name}_{view}", args=arguments)


def press(browser: Client, name: str, action: str, *rows: Model, **more: str) -> Any:
    """Choose rows of a list and press a button."""
    return browser.post(
        page(name),
        {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], **more},
        follow=True,
    )


def buttons(browser: Client, name: str) -> set[str]:
    """What a list offers to this person."""
    return set(re.findall(r'<option value="(\w+)"', browser.get(page(name)).content.decode()))


def standing(golden: Golden | None) -> Golden:
    """The golden of a review; there must be one."""
    assert golden is not None
    return golden


# Buttons that call services ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "lead_may", "engineer_may"),
    [
        ("explanations_draft", {"let_through", "quarantine"}, set()),
        ("explanations_run", set(), {"pause", "resume", "cancel", "retry_failed"}),
        ("feedback_assignment", {"end_lease"}, set()),
        ("feedback_golden", {"withdraw"}, set()),
    ],
)
def test_everybody_is_offered_what_they_may(
    lead_client: Client,
    ml_engineer_client: Client,
    editor: Person,
    drafts: DraftMaker,
    name: str,
    lead_may: set[str],
    engineer_may: set[str],
) -> None:
    drafts(2)
    reviewed(editor, outcome="ACCEPT")
    claimed(editor)
    assert buttons(lead_client, name) == lead_may
    assert buttons(ml_engineer_client, name) == engineer_may


def test_a_run_is_paused_and_cancelled_by_its_service(
    ml_engineer_client: Client, lead_client: Client, run: Run
) -> None:
    press(ml_engineer_client, "explanations_run", "pause", run)
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED
    assert LogEntry.objects.filter(action="run.paused", subject_id=run.pk).exists()
    press(lead_client, "explanations_run", "cancel", run)
    run.refresh_from_db()
    assert run.state == Run.State.PAUSED
    press(ml_engineer_client, "explanations_run", "cancel", run)
    refused = press(ml_engineer_client, "explanations_run", "pause", run)
    assert "this run is cancelled" in refused.content.decode()


def test_a_golden_is_withdrawn_with_a_reason(
    lead_client: Client, editor: Person, ready_draft: Draft
) -> None:
    golden = standing(reviewed(editor, outcome="ACCEPT").golden)
    asked = press(lead_client, "feedback_golden", "withdraw", golden)
    assert 'name="why"' in asked.content.decode()
    golden.refresh_from_db()
    assert golden.state == Golden.State.APPROVED
    press(lead_client, "feedback_golden", "withdraw", golden, why="Poisoned.")
    golden.refresh_from_db()
    assert (golden.state, golden.state_reason) == (Golden.State.WITHDRAWN, "Poisoned.")


def test_drafts_are_quarantined_as_one_action_that_can_be_undone(
    lead_client: Client, drafts: DraftMaker
) -> None:
    made = drafts(3)
    press(lead_client, "explanations_draft", "quarantine", *made[:2], why="Slander.")
    assert [Draft.objects.get(pk=draft.pk).state for draft in made] == [
        *("QUARANTINED", "QUARANTINED", "READY"),
    ]
    action = BulkAction.objects.get()
    assert lead_client.get(f"/bulk-actions/{action.pk}/").status_code == 200
    press(lead_client, "feedback_bulkaction", "undo", action)
    assert {draft.state for draft in Draft.objects.all()} == {"READY"}


def test_a_lease_is_ended_and_the_work_stays(
    lead_client: Client, lead: Person, editor: Person, ready_draft: Draft
) -> None:
    held = claimed(editor)
    Assignment.objects.filter(pk=held.pk).update(work={"note": "half"})
    press(lead_client, "feedback_assignment", "end_lease", held)
    held.refresh_from_db()
    assert (held.state, held.work) == (Assignment.State.EXPIRED, {"note": "half"})
    assert LogEntry.objects.filter(actor=lead, action="lease ended").exists()
    assert claimed(lead).place_id == held.place_id


def test_too_many_rows_at_once_are_refused(
    lead_client: Client, drafts: DraftMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_AT_ONCE", 2)
    answer = press(lead_client, "explanations_draft", "quarantine", *drafts(3), why="x")
    assert "choose fewer" in answer.content.decode()
    assert {draft.state for draft in Draft.objects.all()} == {"READY"}


def test_a_token_is_revoked_by_whoever_runs_the_desk(
    owner_client: Client, lead_client: Client, editor: Person, token_for: TokenMaker
) -> None:
    token = token_for(editor, "desk:read")
    row = AccessToken.objects.get()
    shown = owner_client.get(page("accounts_accesstoken", "change", row.pk)).content.decode()
    assert token not in shown
    assert press(lead_client, "accounts_accesstoken", "revoke", row).status_code == 403
    assert Client().get("/api/v1/drafts/", headers=bearer(token)).status_code == 200
    press(owner_client, "accounts_accesstoken", "revoke", row)
    assert Client().get("/api/v1/drafts/", headers=bearer(token)).status_code == 401


def test_a_locked_name_may_log_in_again(owner_client: Client, editor: Person) -> None:
    def log_in(password: str) -> int:
        said = {"username": editor.username, "password": password}
        return Client().post("/accounts/login/", said).status_code

    for _ in range(10):
        log_in("wrong")
    assert log_in(PASSWORD) != 302
    press(owner_client, "accounts_person", "let_log_in_again", editor)
    assert log_in(PASSWORD) == 302


# Looking up --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("explanations_draft", "{draft}"),
        ("explanations_draft", "track:deer-heart"),
        ("explanations_recommendation", "track:deer-heart"),
        ("explanations_recommendation", "Dead Rabbitts"),
        ("feedback_review", "{draft}"),
        ("feedback_review", "ada"),
        ("feedback_golden", "{golden}"),
        ("accounts_logentry", "draft {draft}"),
        ("accounts_logentry", "ada"),
    ],
)
def test_what_is_looked_up_is_found_by_an_index(
    lead_client: Client, editor: Person, ready_draft: Draft, name: str, typed: str
) -> None:
    golden = standing(reviewed(editor, outcome="ACCEPT").golden)
    asked = typed.format(draft=ready_draft.pk, golden=golden.pk)
    with CaptureQueriesContext(connection) as captured:
        found = lead_client.get(page(name), {"q": asked})
    assert found.context["cl"].result_count == 1
    assert not any("UPPER(" in (query["sql"] or "") for query in captured.captured_queries)
    assert lead_client.get(page(name), {"q": "nothing such"}).context["cl"].result_count == 0


def test_long_lists_are_not_counted(
    owner_client: Client, drafts: DraftMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_LISTED", 2)
    drafts(4)
    with CaptureQueriesContext(connection) as captured:
        listed = owner_client.get(page("explanations_draft"))
    assert listed.context["cl"].result_count == 2
    asked = [query["sql"] or "" for query in captured.captured_queries]
    counts = [query for query in asked if "COUNT(" in query]
    assert counts
    assert all("LIMIT 2" in query for query in counts)


def test_pages_lead_to_the_desk_and_to_the_log(
    lead_client: Client, editor: Person, ready_draft: Draft
) -> None:
    golden = standing(reviewed(editor, outcome="ACCEPT").golden)
    shown = lead_client.get(page("explanations_draft", "change", ready_draft.pk)).content.decode()
    assert f'href="/drafts/{ready_draft.pk}/"' in shown
    log_of_it = f"?subject_type__exact=draft&amp;subject_id__exact={ready_draft.pk}"
    assert log_of_it in shown
    entries = lead_client.get(page("accounts_logentry") + html.unescape(log_of_it))
    assert entries.context["cl"].result_count >= 1
    for name, row in (("feedback_golden", golden), ("feedback_review", golden.review)):
        assert "On the desk" in lead_client.get(page(name, "change", row.pk)).content.decode()
    model = ready_draft.model_version
    shown = lead_client.get(page("explanations_modelversion", "change", model.pk)).content.decode()
    address = f"/dashboard/errors/?model={model.name}"
    assert f'href="{address}"' in shown
    assert lead_client.get(address).status_code == 200
    index = lead_client.get("/admin/").content.decode()
    assert "Weekly digests" in index
    assert 'href="/dashboard/"' in index


def test_a_review_with_many_tags_asks_as_much_as_one_with_few(
    owner_client: Client, editor: Person, drafts: DraftMaker
) -> None:
    drafts(2)
    categories = ("tone", "generic", "format", "language", "unsupported")
    one = reviewed(editor, outcome="REJECT", tags=[tag_on_all()]).review
    five = reviewed(editor, outcome="REJECT", tags=[tag_on_all(slug) for slug in categories]).review

    def queries(row: Model) -> int:
        with CaptureQueriesContext(connection) as captured:
            owner_client.get(page("feedback_review", "change", row.pk))
        return len(captured)

    queries(one)
    assert queries(five) == queries(one)
