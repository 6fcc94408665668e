"""The pages on which a lead finds the rest and deals with all of it."""

import re
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Finding, Recommendation, Run
from feedback.models import BulkAction
from feedback.services import searching
from feedback.services.bulk_actions import prepare
from feedback.services.searching import Search
from tests.conftest import drafted
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


def found(client: Client, **asked: Any) -> str:
    answer = client.get("/search/", asked)
    assert answer.status_code == 200
    return answer.content.decode()


# Searching ---------------------------------------------------------------------------------------


def test_counts_come_first_by_state_and_then_the_texts(
    lead_client: Client, drafts: DraftMaker
) -> None:
    made = drafts(3)
    Draft.objects.filter(pk=made[0].pk).update(state=Draft.State.QUARANTINED)
    page = found(lead_client, words="metalcore")
    assert re.search(r"Ready for review <span[^>]*>2<", page)
    assert re.search(r"Quarantined <span[^>]*>1<", page)
    assert all(draft.text in page for draft in made)
    only = found(lead_client, words="metalcore", state="QUARANTINED")
    assert made[0].text in only
    assert made[1].text not in only


def test_the_search_stands_in_the_address_and_in_the_form(
    lead_client: Client, drafts: DraftMaker
) -> None:
    drafts(1)
    page = found(
        lead_client, words='"metalcore sound"', task="music-oneliner", made_from="2026-01-02"
    )
    assert 'value="&quot;metalcore sound&quot;"' in page
    assert '<option value="music-oneliner" selected>' in page
    assert 'value="2026-01-02"' in page
    assert "Nothing found" in page


def test_a_fragment_is_the_results_alone(lead_client: Client, drafts: DraftMaker) -> None:
    drafts(1)
    part = lead_client.get("/search/", {"words": "metalcore"}, headers=HTMX).content.decode()
    assert part.strip().startswith('<div id="results"')
    assert "<form" in part
    assert 'role="search"' not in part


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"pattern": "("}, "Regular expression: This is no regular expression"),
        ({"made_from": "yesterday"}, "Made on or after: Enter a valid date"),
        ({"similar_to": "7"}, "Like the draft number: There is no draft 7"),
        ({"run": "-1"}, "Run: Ensure this value is greater"),
        ({"task": "nothing"}, "Task: Select a valid choice"),
        ({"words": "x" * 300}, "Words: Ensure this value has at most 200"),
    ],
)
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_what_cannot_be_searched_for_is_named_and_the_page_stays(
    lead_client: Client, asked: dict[str, str], said: str, headers: dict[str, str]
) -> None:
    answer = lead_client.get("/search/", asked, headers=headers)
    assert answer.status_code == 200
    assert said in answer.content.decode()


def test_a_pattern_without_end_is_stopped_with_a_message(
    lead_client: Client,
    run: Run,
    recommendation: Recommendation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drafted(run, recommendation, "a" * 999 + "b")
    with monkeypatch.context() as soon:
        soon.setattr(searching, "LONGEST_S", 0.3)
        page = found(lead_client, pattern=r"^(.+)(.+)(.+)\1\2\3b$")
    assert "stopped after 0.3 seconds, the most that one may take" in page
    assert "With the one found:" in found(lead_client, words="-metalcore")


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, ""])
def test_any_address_is_answered(lead_client: Client, drafts: DraftMaker, before: str) -> None:
    drafts(1)
    found(lead_client, before=before, state="LOST", about="nothing")


def test_older_ones_are_a_page_on(
    lead_client: Client, drafts: DraftMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drafts(searching.A_PAGE + 1)
    first = found(lead_client, words="metalcore")
    assert made[-1].text in first
    assert made[0].text not in first
    older = re.search(r'href="\?([^"]*before=\d+)"', first)
    assert older
    second = lead_client.get(f"/search/?{older[1].replace('&amp;', '&')}").content.decode()
    assert made[0].text in second
    assert made[-1].text not in second


def test_model_text_is_never_markup(
    lead_client: Client, run: Run, recommendation: Recommendation
) -> None:
    drafted(run, recommendation, "<script>alert(1)</script> metalcore")
    assert "&lt;script&gt;alert" in found(lead_client, words="metalcore")
    assert "<script>alert" not in found(lead_client, pattern="<script>")


def test_goldens_are_searched_too(lead_client: Client, editor: Person, drafts: DraftMaker) -> None:
    drafts(1)
    golden = reviewed(editor, outcome="ACCEPT").golden
    assert golden is not None
    page = found(lead_client, about="goldens", words="metalcore")
    assert f"/goldens/{golden.pk}/" in page
    assert "Send to review" in page
    assert "Quarantine" not in page


def test_only_leads_are_offered_to_do_something(
    lead_client: Client, editor_client: Client, drafts: DraftMaker
) -> None:
    drafts(1)
    assert "Quarantine …" in found(lead_client)
    assert "Quarantine …" not in found(editor_client)


def test_an_editor_does_not_learn_what_checks_say_of_a_blind_draft(
    editor_client: Client, lead_client: Client, drafts: DraftMaker
) -> None:
    draft = drafts(1)[0]
    Draft.objects.filter(pk=draft.pk).update(blind=True)
    Finding.objects.create(
        draft=draft, check_name="tone", check_version=1, level="warning", message="Hype."
    )
    assert draft.text in found(lead_client, check="tone")
    assert draft.text not in found(editor_client, check="tone")
    assert draft.text in found(editor_client)


def test_a_search_takes_a_fixed_number_of_queries(
    lead_client: Client, drafts: DraftMaker, django_assert_num_queries: Any
) -> None:
    drafts(5)
    # Session, person with their rights; three for what the form offers; six for the search.
    with django_assert_num_queries(11):
        found(lead_client, words="metalcore")


# Dealing with it ---------------------------------------------------------------------------------


def prepared(client: Client, kind: str, **asked: Any) -> str:
    """The address of the preview that the button leads to."""
    answer = client.post("/bulk-actions/", {"kind": kind, **asked})
    assert answer.status_code == 302
    return str(answer["Location"])


def test_from_search_to_preview_to_done_to_undone(lead_client: Client, drafts: DraftMaker) -> None:
    made = drafts(3)
    Draft.objects.filter(pk=made[0].pk).update(blind=True)
    address = prepared(lead_client, "quarantine", words="metalcore")
    preview = lead_client.get(address).content.decode()
    assert "Quarantine: 2 drafts?" in preview
    assert "of the random sample" in preview
    assert "Words: metalcore" in preview
    assert made[1].text in preview
    assert made[0].text not in preview

    lead_client.post(address, {"decision": "do", "reason": "All alike."})
    done = lead_client.get(address).content.decode()
    assert "Done to 2." in done
    assert "All alike." in done
    assert Draft.objects.filter(state=Draft.State.QUARANTINED).count() == 2

    lead_client.post(address, {"decision": "undo"})
    assert "2 are as they were" in lead_client.get(address).content.decode()
    assert not Draft.objects.filter(state=Draft.State.QUARANTINED).exists()

    listed = lead_client.get("/bulk-actions/").content.decode()
    assert "Quarantine: 2 drafts" in listed
    assert "undone" in listed


def test_who_meets_one_of_the_texts_reads_why(
    lead_client: Client, editor_client: Client, drafts: DraftMaker
) -> None:
    draft, other = drafts(2)
    address = prepared(lead_client, "quarantine", pattern="0th")
    lead_client.post(address, {"decision": "do", "reason": "All alike."})
    page = lead_client.get(f"/drafts/{draft.pk}/reviews/").content.decode()
    assert "All alike." in page
    assert f'href="{address}"' in page
    page = editor_client.get(f"/drafts/{draft.pk}/reviews/").content.decode()
    assert "All alike." in page
    assert f'href="{address}"' not in page
    assert "All alike." not in lead_client.get(f"/drafts/{other.pk}/reviews/").content.decode()


def test_without_a_reason_nothing_is_done(lead_client: Client, drafts: DraftMaker) -> None:
    drafts(1)
    address = prepared(lead_client, "redraft", words="metalcore")
    page = lead_client.post(address, {"decision": "do"}, follow=True).content.decode()
    assert "Say why" in page
    assert Draft.objects.get().state == Draft.State.READY


def test_when_all_is_left_out_there_is_nothing_to_press(
    lead_client: Client, drafts: DraftMaker
) -> None:
    drafts(1)
    page = lead_client.get(prepared(lead_client, "review", words="metalcore")).content.decode()
    assert "Nothing to do" in page
    assert 'value="do"' not in page


def test_what_cannot_be_prepared_leads_back_to_the_search(
    lead_client: Client, drafts: DraftMaker
) -> None:
    drafts(1)
    address = prepared(lead_client, "quarantine", about="goldens", words="metalcore")
    assert address == "/search/?about=goldens&words=metalcore"
    assert "nothing else" in lead_client.get(address).content.decode()


@pytest.mark.parametrize("asked", [{"kind": "burn"}, {"kind": "redraft", "run": "x"}, {}])
def test_what_no_button_says_is_refused(lead_client: Client, asked: dict[str, str]) -> None:
    assert lead_client.post("/bulk-actions/", asked).status_code == 400


def test_what_somebody_else_prepared_is_theirs_to_do(
    lead_client: Client, ml_engineer: Person, drafts: DraftMaker
) -> None:
    drafts(1)
    action = prepare(BulkAction.Kind.QUARANTINE, Search(), ml_engineer)
    address = f"/bulk-actions/{action.pk}/"
    assert "Prepared by somebody else" in lead_client.get(address).content.decode()
    page = lead_client.post(address, {"decision": "do", "reason": "x"}, follow=True)
    assert "Somebody else has prepared this" in page.content.decode()
    assert lead_client.post("/bulk-actions/999999/", {"decision": "do"}).status_code == 404
    assert lead_client.post(address, {"decision": "burn"}).status_code == 400
