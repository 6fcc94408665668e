"""The pages of drafts."""

from typing import Any

import pytest
from django.test import Client

from explanations.models import Draft, Finding, Recommendation, Run
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.explanations.test_claiming import waiting


def test_the_list_shows_texts_and_why_others_have_none(
    editor_client: Client, ready_draft: Draft, run: Run
) -> None:
    other = waiting(run, recommended(run.task, "track:other", TRACK, LISTENER, "g"))
    Draft.objects.filter(pk=other.pk).update(
        state="FAILED", failure_reason="cut_off", failure="The model was cut off."
    )
    page = editor_client.get("/drafts/").content.decode()
    assert "metalcore adrenaline rush!" in page
    assert "The model was cut off." in page


def test_filters_stand_in_the_address(
    editor_client: Client, ready_draft: Draft, ready_job_draft: Draft
) -> None:
    page = editor_client.get("/drafts/?task=job-fit&state=READY").content.decode()
    assert f"/drafts/{ready_job_draft.pk}/" in page
    assert f"/drafts/{ready_draft.pk}/" not in page


def test_a_filter_that_makes_no_sense_is_passed_over(
    editor_client: Client, ready_draft: Draft
) -> None:
    page = editor_client.get("/drafts/?run=abc&task=no-such-task&state=LOST")
    assert page.status_code == 200
    assert f"/drafts/{ready_draft.pk}/" in page.content.decode()


def test_the_list_needs_a_constant_number_of_queries(
    editor_client: Client, run: Run, django_assert_max_num_queries: Any
) -> None:
    for number in range(10):
        drafted(run, recommended(run.task, f"track:{number}", TRACK, LISTENER, "g"), "A line.")
    # Session, person with their rights, how many drafts, the drafts, the tasks of the filter.
    with django_assert_max_num_queries(7):
        editor_client.get("/drafts/")


def test_a_draft_shows_its_facts_and_marks_those_it_uses(
    editor_client: Client, ready_draft: Draft
) -> None:
    page = editor_client.get(f"/drafts/{ready_draft.pk}/").content.decode()
    assert "This Emptiness" in page
    assert page.count(">used<") == len(ready_draft.rests_on)


def test_nothing_in_a_draft_is_markup(
    editor_client: Client, run: Run, recommendation: Recommendation
) -> None:
    hostile = "<img src=x onerror=alert(1)> [link](https://x.example) <script>alert(1)</script>"
    draft = drafted(run, recommendation, hostile)
    page = editor_client.get(f"/drafts/{draft.pk}/").content.decode()
    assert "<img src=x" not in page
    assert "<script>alert" not in page
    assert 'href="https://x.example' not in page


def test_findings_of_the_blind_sample_are_kept_from_editors(
    editor_client: Client, lead_client: Client, ready_draft: Draft
) -> None:
    Finding.objects.create(
        draft=ready_draft, check_name="tone", check_version=1, level="warning", message="Hype!"
    )
    Draft.objects.update(blind=True)
    address = f"/drafts/{ready_draft.pk}/"
    assert "Hype!" not in editor_client.get(address).content.decode()
    assert "Hype!" in lead_client.get(address).content.decode()


def test_the_pages_are_closed_to_those_without_a_role(
    nobody_special_client: Client, client: Client, ready_draft: Draft
) -> None:
    for address in ("/drafts/", f"/drafts/{ready_draft.pk}/"):
        assert nobody_special_client.get(address).status_code == 403
        assert client.get(address).status_code == 302


@pytest.fixture
def said(ready_draft: Draft) -> Finding:
    """A finding on the word "latest"."""
    start = ready_draft.text.index("latest")
    return Finding.objects.create(
        draft=ready_draft,
        check_name="format",
        check_version=1,
        level="warning",
        message="“latest” ages badly.",
        start=start,
        end=start + len("latest"),
        category=ready_draft.task.categories.get(slug="timebound"),
        gist="latest",
    )


def test_findings_stand_on_their_words_and_facts_are_linked_to_assertions(
    editor_client: Client, ready_draft: Draft, said: Finding
) -> None:
    page = editor_client.get(f"/drafts/{ready_draft.pk}/").content.decode()
    assert 'data-key="7" title="“latest” ages badly.">latest</mark>' in page
    assert 'data-link="assertion"' in page
    assert 'class="fact-words" type="button" aria-pressed="false" data-link="fact"' in page


def test_who_may_still_review_it_blind_sees_neither_marks_nor_assertions(
    editor_client: Client, lead_client: Client, ready_draft: Draft, said: Finding
) -> None:
    Draft.objects.update(blind=True)
    address = f"/drafts/{ready_draft.pk}/"
    for shown in ("ages badly", 'data-link="assertion"'):
        assert shown not in editor_client.get(address).content.decode()
        assert shown in lead_client.get(address).content.decode()


def test_the_list_by_check_does_not_tell_of_the_blind_sample(
    editor_client: Client, lead_client: Client, ready_draft: Draft, said: Finding
) -> None:
    link = f"/drafts/{ready_draft.pk}/"
    assert link in editor_client.get("/drafts/?check=format").content.decode()
    assert link not in editor_client.get("/drafts/?check=privacy").content.decode()
    Draft.objects.update(blind=True)
    assert link not in editor_client.get("/drafts/?check=format").content.decode()
    assert link in lead_client.get("/drafts/?check=format").content.decode()


def test_a_lead_lets_a_blocked_draft_through_from_its_page(
    lead_client: Client, editor_client: Client, ready_draft: Draft
) -> None:
    Draft.objects.update(state="BLOCKED")
    address = f"/drafts/{ready_draft.pk}/"
    let_through = {"decision": "let_through", "reason": "It is a <b>title</b>."}
    assert editor_client.post(address, let_through).status_code == 403
    assert "Let it through" not in editor_client.get(address).content.decode()
    page = lead_client.post(address, let_through, follow=True).content.decode()
    ready_draft.refresh_from_db()
    assert ready_draft.state == "READY"
    assert "It is a &lt;b&gt;title&lt;/b&gt;." in page
    again = lead_client.post(address, let_through, follow=True).content.decode()
    assert "not blocked" in again


def test_a_lead_dismisses_a_finding_for_the_whole_task_from_there(
    lead_client: Client, editor_client: Client, ready_draft: Draft, said: Finding
) -> None:
    address = f"/drafts/{ready_draft.pk}/"
    dismiss = {"decision": "dismiss", "finding": said.pk, "reason": "The label wants it."}
    assert editor_client.post(address, dismiss).status_code == 403
    assert lead_client.post(address, {**dismiss, "finding": "x"}).status_code == 404
    assert lead_client.post(address, {**dismiss, "finding": "999999"}).status_code == 404
    lead_client.post(address, dismiss)
    assert "ages badly" not in lead_client.get(address).content.decode()


def test_a_redraft_shows_what_the_model_was_told(
    editor_client: Client, ready_draft: Draft, run: Run
) -> None:
    again = waiting(
        run,
        ready_draft.recommendation,
        ordinal=2,
        redraft_of=ready_draft,
        told="Wrong in the last answer: <b>No</b> fact holds 1987.",
    )
    page = editor_client.get(f"/drafts/{again.pk}/").content.decode()
    assert "Wrong in the last answer: &lt;b&gt;No&lt;/b&gt; fact holds 1987." in page
