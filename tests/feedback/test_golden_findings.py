"""What the checks say of a golden before it is approved, and what a lead overrides."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import LogEntry, Person
from explanations.models import Draft, Finding
from explanations.services.blocking import Blocking, set_blocking
from explanations.services.dismissing import dismiss_for_task
from feedback.models import Golden
from feedback.services.datasets.lessons import UNSUPPORTED
from feedback.services.exporting import export_goldens
from feedback.services.goldens import GoldenRefused, approve_golden, what_checks_say
from tests.conftest import TokenMaker, bearer
from tests.feedback.people_at_work import reviewed

INVENTED = "Recorded in 1987, Dead Rabbitts' metalcore still burns."
LEAKING = "Write to me@example.com about Dead Rabbitts' metalcore."


def golden_saying(editor: Person, text: str) -> Golden:
    """Ada's golden with this text, made from the draft that waits."""
    golden = reviewed(editor, outcome="EDIT", rewrite=text).golden
    assert golden is not None
    return golden


def exported() -> Any:
    """The counts of an export."""
    return export_goldens("music-oneliner", "sft", lambda line: None)


def test_the_checks_look_at_the_goldens_own_text(editor: Person, ready_draft: Draft) -> None:
    (said,) = what_checks_say(golden_saying(editor, INVENTED))
    assert (said.finding.check, said.words, said.forbids) == ("grounding", "1987", True)


def test_the_approver_learns_what_its_editor_dismissed(
    second_editor_client: Client, editor: Person, ready_draft: Draft
) -> None:
    finding = Finding.objects.create(
        draft=ready_draft,
        check_name="grounding",
        check_version=1,
        level="error",
        message="No fact holds the year 1987.",
        gist="1987",
    )
    golden = reviewed(editor, outcome="EDIT", rewrite=INVENTED, dismissed=[finding.pk]).golden
    assert golden is not None
    (said,) = what_checks_say(golden)
    assert (said.forbids, said.is_dismissed) == (True, True)
    page = second_editor_client.get(f"/goldens/{golden.pk}/").content.decode()
    assert "its editor dismissed it" in page
    page = second_editor_client.get(f"/drafts/{ready_draft.pk}/reviews/").content.decode()
    assert "No fact holds the year 1987." in page
    assert ">dismissed<" in page


def test_an_error_forbids_whatever_the_task_lets_its_drafts_do(
    editor: Person, lead: Person, ready_draft: Draft
) -> None:
    set_blocking(ready_draft.task, Blocking("nothing", {}, redrafts=True), lead)
    golden = golden_saying(editor, INVENTED)
    assert golden.state == "PROPOSED"
    with pytest.raises(GoldenRefused, match="1987"):
        approve_golden(golden.pk, lead)


@pytest.mark.django_db(transaction=True)
def test_a_lead_overrides_it_with_a_reason(
    editor: Person, lead: Person, ready_draft: Draft
) -> None:
    golden = golden_saying(editor, INVENTED)
    golden = approve_golden(golden.pk, lead, "The sleeve says 1987.")
    assert golden.state == "APPROVED"
    entry = LogEntry.objects.get(action="golden findings overridden")
    assert (entry.actor, entry.detail["reason"]) == (lead, "The sleeve says 1987.")
    assert entry.detail["findings"][0]["check"] == "grounding"
    assert exported().written == 1


def test_nobody_else_overrides(editor: Person, second_editor: Person, ready_draft: Draft) -> None:
    golden = golden_saying(editor, INVENTED)
    with pytest.raises(GoldenRefused):
        approve_golden(golden.pk, second_editor, "The sleeve says 1987.")
    golden.refresh_from_db()
    assert (golden.state, golden.overridden) == ("PROPOSED", [])


def test_nobody_overrides_what_may_hurt_somebody(
    editor: Person, lead: Person, ready_draft: Draft
) -> None:
    golden = golden_saying(editor, LEAKING)
    with pytest.raises(GoldenRefused, match="Nobody overrides"):
        approve_golden(golden.pk, lead, "They asked for it.")


@pytest.mark.django_db(transaction=True)
def test_what_is_dismissed_for_the_task_forbids_nothing(
    editor: Person, lead: Person, ready_draft: Draft
) -> None:
    finding = Finding.objects.create(
        draft=ready_draft,
        check_name="grounding",
        check_version=1,
        level="error",
        message="No fact holds the year 1987.",
        gist="1987",
    )
    dismiss_for_task(finding.pk, lead, "It is what they call their club.")
    golden = golden_saying(editor, INVENTED)
    assert (golden.state, what_checks_say(golden)) == ("APPROVED", [])
    assert exported().written == 1


@pytest.mark.django_db(transaction=True)
def test_an_assertion_without_support_is_refused_by_the_export_and_counted_as_such(
    editor: Person, ready_draft: Draft
) -> None:
    golden = golden_saying(editor, INVENTED)
    Golden.objects.filter(pk=golden.pk).update(state="APPROVED")
    counts = exported()
    assert (counts.written, counts.left_out) == (0, {UNSUPPORTED: 1})


@pytest.mark.django_db(transaction=True)
def test_a_vivid_sentence_without_a_claim_is_no_such_assertion(
    editor: Person, ready_draft: Draft
) -> None:
    golden_saying(editor, "Dead Rabbitts' metalcore is a filthy adrenaline rush.")
    assert exported().written == 1


def test_its_page_shows_the_findings_to_the_approver(
    lead_client: Client, second_editor_client: Client, editor: Person, ready_draft: Draft
) -> None:
    address = f"/goldens/{golden_saying(editor, INVENTED).pk}/"
    page = second_editor_client.get(address).content.decode()
    assert "No fact holds the year 1987." in page
    assert 'name="override"' not in page
    assert 'name="override"' in lead_client.get(address).content.decode()
    refused = lead_client.post(address, {"decision": "approve", "reason": "So."}, follow=True)
    assert "No fact holds the year 1987." in refused.content.decode()
    lead_client.post(address, {"decision": "approve", "reason": "On the sleeve.", "override": "on"})
    assert Golden.objects.get().state == "APPROVED"
    assert "overridden by a lead" in lead_client.get(address).content.decode()


def test_over_rest_as_well(
    client: Client, lead: Person, token_for: TokenMaker, editor: Person, ready_draft: Draft
) -> None:
    golden = golden_saying(editor, INVENTED)
    headers = bearer(token_for(lead, "reviews:write", "desk:read"))
    address = f"/api/v1/goldens/{golden.pk}/"
    (finding,) = client.get(address, headers=headers).json()["findings"]
    assert (finding["check"], finding["forbids"], finding["may_be_overridden"]) == (
        "grounding",
        True,
        True,
    )
    approve = f"{address}approve/"
    assert client.post(approve, {}, "application/json", headers=headers).status_code == 409
    answer = client.post(
        approve, {"override": "On the sleeve."}, content_type="application/json", headers=headers
    )
    assert answer.json()["state"] == "APPROVED"
