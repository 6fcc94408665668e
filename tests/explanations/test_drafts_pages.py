"""The pages of drafts."""

from typing import Any

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
    # Session, person, two for their rights, how many drafts, the drafts, the tasks of the filter.
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
