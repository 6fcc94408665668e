"""Drafts over REST."""

from typing import Any

import pytest
from django.test import Client

from explanations.models import Draft, Finding, Recommendation, Run
from tests.conftest import LISTENER, TRACK, bearer, drafted, recommended

DRAFTS = "/api/v1/drafts/"


@pytest.fixture
def drafts(run: Run) -> list[Draft]:
    """Six drafts about six tracks."""
    return [
        drafted(
            run, recommended(run.task, f"track:{number}", TRACK, LISTENER, "g"), f"Line {number}."
        )
        for number in range(6)
    ]


def listed(client: Client, token: str, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"{DRAFTS}?{query}", headers=bearer(token))
    assert answer.status_code == 200, answer.content
    return list(answer.json()["results"])


def test_drafts_are_listed_newest_first(
    client: Client, drafts: list[Draft], editor_token: str
) -> None:
    texts = [row["text"] for row in listed(client, editor_token)]
    assert texts == [f"Line {number}." for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=FAILED", 1),
        ("state=FAILED&state=READY", 6),
        ("task=music-oneliner", 6),
        ("task=job-fit", 0),
        ("external_id=track:3", 1),
        ("failure_reason=cut_off", 1),
        ("model=smollm2-135m-instruct", 6),
        ("model=another", 0),
        ("run=999999", 0),
    ],
)
def test_filters_narrow_the_list(
    client: Client, drafts: list[Draft], editor_token: str, query: str, expected: int
) -> None:
    Draft.objects.filter(pk=drafts[0].pk).update(state="FAILED", failure_reason="cut_off")
    assert len(listed(client, editor_token, query)) == expected


def test_an_unknown_state_is_refused(client: Client, editor_token: str) -> None:
    answer = client.get(f"{DRAFTS}?state=LOST", headers=bearer(editor_token))
    assert answer.status_code == 400


def test_a_page_ends_where_the_next_begins(
    client: Client, drafts: list[Draft], editor_token: str
) -> None:
    """Also while others write: the new one belongs to no later page."""
    first = client.get(f"{DRAFTS}?page_size=4", headers=bearer(editor_token)).json()
    drafted(drafts[0].run, drafts[0].recommendation, "New.", ordinal=2)
    second = client.get(first["next"], headers=bearer(editor_token)).json()
    assert [row["text"] for row in second["results"]] == ["Line 1.", "Line 0."]
    assert second["next"] is None


def test_the_number_of_queries_does_not_grow_with_the_list(
    client: Client, drafts: list[Draft], editor_token: str, django_assert_num_queries: Any
) -> None:
    # The token with its person and their rights, the drafts.
    with django_assert_num_queries(2):
        listed(client, editor_token)


def test_one_draft_brings_facts_findings_and_provenance(
    client: Client, ready_draft: Draft, editor_token: str
) -> None:
    Finding.objects.create(
        draft=ready_draft,
        check_name="tone",
        check_version=2,
        level="warning",
        message="Hype.",
        start=0,
        end=4,
        category=ready_draft.task.categories.get(slug="tone"),
        pointer="/item/artist",
    )
    draft = client.get(f"{DRAFTS}{ready_draft.pk}/", headers=bearer(editor_token)).json()
    assert draft["facts"] == {"item": TRACK, "audience": LISTENER}
    (finding,) = draft["findings"]
    assert (finding["check"], finding["version"], finding["category"]) == ("tone", 2, "tone")
    assert draft["provenance"]["prompt_sha256"] == ready_draft.prompt.sha256
    assert draft["provenance"]["model"] == "smollm2-135m-instruct"


@pytest.mark.parametrize(
    ("state", "reader", "sees"),
    [
        ("READY", "editor_token", False),
        ("BLOCKED", "editor_token", False),
        ("REVIEWED", "editor_token", True),
        ("READY", "ml_engineer_token", True),
    ],
)
def test_who_may_review_blind_does_not_see_the_findings(
    client: Client,
    ready_draft: Draft,
    request: pytest.FixtureRequest,
    state: str,
    reader: str,
    sees: bool,
) -> None:
    Draft.objects.update(blind=True, state=state)
    token = request.getfixturevalue(reader)
    draft = client.get(f"{DRAFTS}{ready_draft.pk}/", headers=bearer(token)).json()
    assert (draft["findings"] is not None) is sees


def test_nobody_reads_drafts_without_logging_in(client: Client, ready_draft: Draft) -> None:
    assert client.get(DRAFTS).status_code in {401, 403}
    assert client.get(f"{DRAFTS}{ready_draft.pk}/").status_code in {401, 403}


def test_a_draft_that_waits_has_no_facts_yet(
    client: Client, run: Run, recommendation: Recommendation, editor_token: str
) -> None:
    draft = Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=recommendation,
        prompt=run.prompt,
        model_version=run.model_version,
        priority=1,
    )
    shown = client.get(f"{DRAFTS}{draft.pk}/", headers=bearer(editor_token)).json()
    assert (shown["facts"], shown["text"], shown["findings"]) == (None, "", [])
