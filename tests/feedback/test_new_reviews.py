"""Goldens whose facts have changed: listed with old and new, and judged anew by one key."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import LogEntry, Person
from explanations import nudge
from explanations.models import Draft, Recommendation, Task
from explanations.services.facts import add_fact, correct_fact, hide_fact
from feedback.models import BulkAction, Golden
from feedback.services.bulk_actions import do, prepare
from feedback.services.goldens import (
    GoldenRefused,
    approve_golden,
    facts_changed,
    find_still_right,
    rewrite_golden,
    waiting_for_new_review,
    withdraw_golden,
)
from feedback.services.reviewing import undo_review
from feedback.services.searching import Search
from tests.conftest import TokenMaker, bearer
from tests.feedback.people_at_work import reviewed

PAGE = "/goldens/needs-review/"
NEW_LINE = "Dead Rabbitts' latest single is a post-hardcore rush!"


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def golden(editor: Person, ready_draft: Draft) -> Golden:
    """Ada's golden on the line about metalcore."""
    made = reviewed(editor, outcome="ACCEPT").golden
    assert made is not None
    assert made.state == Golden.State.APPROVED
    return made


@pytest.fixture
def outdated(golden: Golden, editor: Person) -> Golden:
    """The same after the genre was corrected."""
    correct_fact(golden.recommendation, "/item/genre", "post-hardcore", "the sleeve", editor)
    return again(golden)


def again(golden: Golden) -> Golden:
    return Golden.objects.select_related(
        "snapshot", "still_right_with", "recommendation__snapshot", "task", "review"
    ).get(pk=golden.pk)


def facts_now(golden: Golden) -> int:
    snapshot = Recommendation.objects.get(pk=golden.recommendation_id).snapshot
    assert snapshot is not None
    return snapshot.number


def changed(golden: Golden) -> list[tuple[str, object, object]]:
    return [(each.pointer, each.before, each.after) for each in facts_changed(again(golden))]


# What is listed ----------------------------------------------------------------------------------


def test_a_golden_on_a_changed_fact_is_listed_with_the_old_and_the_new_value(
    outdated: Golden,
) -> None:
    assert list(waiting_for_new_review()) == [outdated]
    assert changed(outdated) == [("/item/genre", "metalcore", "post-hardcore")]


def test_a_golden_on_another_fact_is_not(golden: Golden, editor: Person) -> None:
    correct_fact(golden.recommendation, "/item/tempo_bpm", 99, "counted", editor)
    add_fact(golden.recommendation, "Label", "Own Records", "the sleeve", editor)
    assert not waiting_for_new_review().exists()


def test_of_a_member_of_a_list_what_came_instead_is_told(golden: Golden, editor: Person) -> None:
    about = golden.recommendation
    correct_fact(about, "/audience/favourite_subgenres/0", "djent", "they said so", editor)
    # The line names the listener's metalcore as well as the track's.
    found = [each for each in facts_changed(again(golden)) if each.is_member]
    assert [(each.before, each.after, each.came) for each in found] == [
        ("metalcore", None, ("djent",))
    ]


def test_a_hidden_fact_is_gone(golden: Golden, editor: Person) -> None:
    hide_fact(golden.recommendation, "/item/genre", "not for showing", editor)
    assert changed(golden) == [("/item/genre", "metalcore", None)]


# Still right -------------------------------------------------------------------------------------


def test_still_right_is_approved_again_and_keeps_its_own_facts(
    outdated: Golden, lead: Person
) -> None:
    judged = find_still_right(outdated.pk, lead, facts_now(outdated))
    judged.refresh_from_db()
    assert (judged.state, judged.state_reason) == (Golden.State.APPROVED, "")
    assert judged.approved_by == lead
    assert judged.snapshot_id == outdated.snapshot_id
    assert changed(outdated) == []
    assert LogEntry.objects.latest("pk").action == "golden approved"


def test_it_is_not_asked_again_for_the_same_change_but_for_the_next(
    outdated: Golden, lead: Person, editor: Person
) -> None:
    find_still_right(outdated.pk, lead, facts_now(outdated))
    about = outdated.recommendation
    correct_fact(about, "/item/tempo_bpm", 99, "counted", editor)
    assert again(outdated).state == Golden.State.APPROVED
    correct_fact(about, "/item/genre", "polka", "the label", editor)
    assert again(outdated).state == Golden.State.NEEDS_REVIEW
    assert changed(outdated) == [("/item/genre", "metalcore", "polka")]


def test_nobody_judges_by_facts_that_they_have_not_seen(
    outdated: Golden, lead: Person, editor: Person
) -> None:
    seen = facts_now(outdated)
    correct_fact(outdated.recommendation, "/item/genre", "polka", "the label", editor)
    with pytest.raises(GoldenRefused, match="changed again"):
        find_still_right(outdated.pk, lead, seen)
    with pytest.raises(GoldenRefused, match="changed again"):
        rewrite_golden(outdated.pk, lead, {"text": NEW_LINE}, seen)


def test_what_needs_no_new_review_gets_none(golden: Golden, lead: Person) -> None:
    with pytest.raises(GoldenRefused, match="needs no new review"):
        find_still_right(golden.pk, lead, 1)


def test_where_a_second_person_is_asked_for_it_is_not_its_editor(
    outdated: Golden, editor: Person, second_editor: Person
) -> None:
    Task.objects.update(second_person_required=True)
    with pytest.raises(GoldenRefused, match="somebody else"):
        find_still_right(outdated.pk, editor, facts_now(outdated))
    assert find_still_right(outdated.pk, second_editor, facts_now(outdated)).approved_by


def test_what_a_lead_sent_to_review_is_judged_here_too(golden: Golden, lead: Person) -> None:
    do(prepare(BulkAction.Kind.REVIEW, Search(about="goldens"), lead).pk, lead, "All of them.")
    assert [each.state_reason for each in waiting_for_new_review()] == ["All of them."]
    find_still_right(golden.pk, lead, facts_now(golden))
    assert again(golden).still_right_with is None


# Edit --------------------------------------------------------------------------------------------


def test_a_rewrite_takes_its_place_on_the_facts_as_they_are(
    outdated: Golden, lead: Person, second_editor: Person
) -> None:
    written = rewrite_golden(outdated.pk, second_editor, {"text": NEW_LINE}, facts_now(outdated))
    assert (written.text, written.state) == (NEW_LINE, Golden.State.APPROVED)
    assert "/item/genre" in written.rests_on
    assert written.snapshot.item["genre"] == "post-hardcore"
    assert (written.replaces, written.rewritten_by) == (outdated, second_editor)
    assert again(outdated).state == Golden.State.WITHDRAWN
    assert LogEntry.objects.latest("pk").detail == {"replaces": outdated.pk}


def test_who_rewrote_it_is_not_the_second_person(
    outdated: Golden, editor: Person, second_editor: Person
) -> None:
    Task.objects.update(second_person_required=True)
    written = rewrite_golden(outdated.pk, second_editor, {"text": NEW_LINE}, facts_now(outdated))
    assert written.state == Golden.State.PROPOSED
    with pytest.raises(GoldenRefused, match="somebody else"):
        approve_golden(written.pk, second_editor)
    assert approve_golden(written.pk, editor).state == Golden.State.APPROVED


def test_what_the_format_does_not_allow_is_refused_and_the_old_one_stays(
    outdated: Golden, lead: Person
) -> None:
    with pytest.raises(GoldenRefused):
        rewrite_golden(outdated.pk, lead, {"text": " "}, facts_now(outdated))
    assert again(outdated).state == Golden.State.NEEDS_REVIEW


def test_a_review_that_is_taken_back_takes_its_rewrite_with_it(
    outdated: Golden, editor: Person, lead: Person
) -> None:
    written = rewrite_golden(outdated.pk, lead, {"text": NEW_LINE}, facts_now(outdated))
    undo_review(editor, outdated.review_id)
    assert again(written).state == Golden.State.WITHDRAWN


# The page ----------------------------------------------------------------------------------------


def test_the_page_shows_old_and_new_and_takes_the_decision(
    outdated: Golden, lead_client: Client
) -> None:
    page = lead_client.get(PAGE).content.decode()
    assert "<del>metalcore</del>" in page
    assert "<ins>post-hardcore</ins>" in page
    assert outdated.text.split("'")[0] in page
    facts = re.search(r'name="facts" value="(\d+)"', page)
    assert facts
    lead_client.post(
        PAGE, {"decision": "still_right", "golden": outdated.pk, "facts": facts[1]}, follow=True
    )
    assert again(outdated).state == Golden.State.APPROVED
    assert "Nothing to look at again" in lead_client.get(PAGE).content.decode()


def test_a_lead_withdraws_with_a_reason(outdated: Golden, lead_client: Client) -> None:
    asked = {"decision": "withdraw", "golden": outdated.pk}
    page = lead_client.post(PAGE, asked, follow=True).content.decode()
    assert "Say why" in page
    lead_client.post(PAGE, {**asked, "reason": "Not true any more."})
    assert again(outdated).state_reason == "Not true any more."


def test_an_editor_judges_and_edits_but_does_not_withdraw(
    outdated: Golden, editor_client: Client
) -> None:
    page = editor_client.get(PAGE).content.decode()
    assert 'value="still_right"' in page
    assert 'value="withdraw"' not in page
    asked = {"decision": "withdraw", "golden": outdated.pk, "reason": "x"}
    assert editor_client.post(PAGE, asked).status_code == 403


@pytest.mark.parametrize(
    "asked", [{}, {"decision": "burn", "golden": "1"}, {"decision": "still_right", "golden": "x"}]
)
def test_what_no_button_says_is_refused(lead_client: Client, asked: dict[str, str]) -> None:
    assert lead_client.post(PAGE, asked).status_code == 400


def test_the_text_is_rewritten_in_a_form(outdated: Golden, editor_client: Client) -> None:
    address = f"/goldens/{outdated.pk}/rewrite/"
    page = editor_client.get(address).content.decode()
    assert "adrenaline rush!</textarea>" in page
    assert "post-hardcore" in page
    facts = {"facts": facts_now(outdated)}
    refused = editor_client.post(address, {**facts, "text": ""})
    assert refused.status_code == 200
    editor_client.post(address, {**facts, "text": NEW_LINE})
    assert Golden.objects.get(replaces=outdated).text == NEW_LINE
    assert editor_client.get(address).status_code == 404


def test_an_answer_about_a_job_is_rewritten_field_by_field(
    editor: Person, editor_client: Client, ready_job_draft: Draft
) -> None:
    golden = reviewed(editor, outcome="ACCEPT").golden
    assert golden is not None
    about = ready_job_draft.recommendation
    correct_fact(about, "/audience/skills/0", "MariaDB", "they said so", editor)
    assert again(golden).state == Golden.State.NEEDS_REVIEW
    address = f"/goldens/{golden.pk}/rewrite/"
    page = editor_client.get(address).content.decode()
    assert "You have worked with PostgreSQL.</textarea>" in page
    assert "MariaDB" in page
    written = {
        "facts": facts_now(golden),
        "verdict": "partial",
        "matches-0-text": "You write Python.",
        "matches-0-fact": "/audience/skills/1",
        "gaps-0-text": "Linux is wanted.",
        "gaps-0-fact": "/item/skills_wanted/1",
        "gaps-0-next_step": "Set up a small server at home.",
    }
    answer = editor_client.post(address, written)
    assert answer.status_code == 302
    rewritten = Golden.objects.get(replaces=golden)
    assert rewritten.output
    assert rewritten.output["verdict"] == "partial"
    assert [bullet["fact"] for bullet in rewritten.output["matches"]] == ["/audience/skills/1"]


def test_the_page_needs_a_fixed_number_of_queries(
    outdated: Golden, lead_client: Client, django_assert_num_queries: Any
) -> None:
    # Session, person with their rights, how many, the goldens with their facts, the tasks.
    with django_assert_num_queries(5):
        lead_client.get(PAGE)


# Over REST ---------------------------------------------------------------------------------------


def test_over_rest_they_are_listed_and_judged(
    client: Client, outdated: Golden, second_editor: Person, token_for: TokenMaker
) -> None:
    token = token_for(second_editor, "desk:read", "reviews:write")
    listed = client.get("/api/v1/goldens/needs-review/", headers=bearer(token)).json()["results"]
    assert [row["id"] for row in listed] == [outdated.pk]
    assert listed[0]["changes"] == [
        {"pointer": "/item/genre", "before": "metalcore", "after": "post-hardcore", "came": []}
    ]

    def post(step: str, **body: Any) -> Any:
        return client.post(
            f"/api/v1/goldens/{outdated.pk}/{step}/",
            body,
            content_type="application/json",
            headers=bearer(token),
        )

    assert post("still-right").status_code == 400
    assert post("still-right", snapshot=99).status_code == 409
    facts = listed[0]["snapshot"]
    answer = post("rewrite", snapshot=facts, written={"text": NEW_LINE})
    assert (answer.status_code, answer.json()["text"]) == (200, NEW_LINE)
    assert post("still-right", snapshot=facts).status_code == 409


def test_withdrawn_ones_are_done_with(outdated: Golden, lead: Person) -> None:
    withdraw_golden(outdated.pk, lead, "Not true any more.")
    assert not waiting_for_new_review().exists()
