"""Fact reports settled over REST, by the rules of the pages."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, Task
from feedback.models import FactReport
from feedback.services.fact_reports import Doubt, report_fact
from tests.conftest import TokenMaker, bearer

REPORTS = "/api/v1/fact-reports/"


@pytest.fixture
def report(editor: Person, ready_draft: Draft) -> FactReport:
    """Ada doubts the artist's name, and knows the right one."""
    doubt = Doubt("/item/artist", "wrong", "The Dead Rabbitts", "the label's site")
    return report_fact(editor, ready_draft.recommendation, doubt, ready_draft)


@pytest.fixture
def lead_token(lead: Person, token_for: TokenMaker) -> str:
    return token_for(lead, "lead:write")


def post(client: Client, path: str, token: str, body: Any = None) -> Any:
    return client.post(path, body or {}, content_type="application/json", headers=bearer(token))


def test_a_lead_lists_what_is_open(
    client: Client, report: FactReport, lead_token: str, job_task: Task
) -> None:
    def listed(**wanted: str) -> list[int]:
        answer = client.get(REPORTS, wanted, headers=bearer(lead_token))
        assert answer.status_code == 200
        return [row["id"] for row in answer.json()["results"]]

    assert listed() == listed(state="OPEN") == listed(task="music-oneliner") == [report.pk]
    assert listed(state="REFUSED") == listed(task="job-fit") == []
    assert listed(catalogue_owner="") == [report.pk]
    assert listed(catalogue_owner="Catalogue team") == []
    answer = client.get(REPORTS, {"state": "LOST"}, headers=bearer(lead_token))
    assert answer.status_code == 400


def test_accepting_corrects_the_fact(
    client: Client, report: FactReport, lead_token: str, ready_draft: Draft
) -> None:
    answer = post(client, f"{REPORTS}{report.pk}/accept/", lead_token, {"reason": "So it is."})
    assert (answer.status_code, answer.json()["state"]) == (200, "ACCEPTED")
    assert answer.json()["settled_reason"] == "So it is."
    assert answer.json()["settled_at"]
    ready_draft.recommendation.refresh_from_db()
    snapshot = ready_draft.recommendation.snapshot
    assert snapshot is not None
    assert snapshot.item["artist"] == "The Dead Rabbitts"


def test_a_lead_may_know_better(
    client: Client, report: FactReport, lead_token: str, ready_draft: Draft
) -> None:
    better = {"right_value": "Dead Rabbits", "source": "their own site"}
    post(client, f"{REPORTS}{report.pk}/accept/", lead_token, better)
    ready_draft.recommendation.refresh_from_db()
    snapshot = ready_draft.recommendation.snapshot
    assert snapshot is not None
    assert snapshot.item["artist"] == "Dead Rabbits"
    assert snapshot.sources["/item/artist"] == "their own site"


def test_a_value_that_no_fact_can_have_is_refused(
    client: Client, report: FactReport, lead_token: str
) -> None:
    empty = {"right_value": "", "source": "x"}
    answer = post(client, f"{REPORTS}{report.pk}/accept/", lead_token, empty)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/right_value")
    report.refresh_from_db()
    assert report.state == "OPEN"


def test_refusing_says_why(client: Client, report: FactReport, lead_token: str) -> None:
    path = f"{REPORTS}{report.pk}/refuse/"
    assert post(client, path, lead_token).status_code == 400
    answer = post(client, path, lead_token, {"reason": "The label is right."})
    assert (answer.json()["state"], answer.json()["settled_reason"]) == (
        "REFUSED",
        "The label is right.",
    )


@pytest.mark.parametrize("step", ["accept", "refuse"])
def test_what_is_settled_is_not_settled_again(
    client: Client, report: FactReport, lead_token: str, step: str
) -> None:
    post(client, f"{REPORTS}{report.pk}/refuse/", lead_token, {"reason": "No."})
    answer = post(client, f"{REPORTS}{report.pk}/{step}/", lead_token, {"reason": "Still."})
    assert answer.status_code == 409
    assert "already" in answer.json()["detail"]


@pytest.mark.parametrize("step", ["accept", "refuse"])
def test_an_editor_settles_nothing_whatever_the_token_says(
    client: Client, report: FactReport, editor: Person, token_for: TokenMaker, step: str
) -> None:
    token = token_for(editor, "lead:write", "reviews:write")
    answer = post(client, f"{REPORTS}{report.pk}/{step}/", token, {"reason": "Mine."})
    assert answer.status_code == 403


def test_a_report_that_is_not_there_is_not_found(
    client: Client, report: FactReport, lead_token: str
) -> None:
    answer = post(client, f"{REPORTS}4711/refuse/", lead_token, {"reason": "x"})
    assert answer.status_code == 404


def test_a_report_says_whose_it_is_and_who_settled_it(
    client: Client, report: FactReport, lead_token: str
) -> None:
    FactReport.objects.update(catalogue_owner="Catalogue team")
    asked = {"catalogue_owner": "Catalogue team"}
    row = client.get(REPORTS, asked, headers=bearer(lead_token)).json()["results"][0]
    assert (row["reported_by"], row["settled_by"]) == ("ada", None)
    settled = post(client, f"{REPORTS}{report.pk}/refuse/", lead_token, {"reason": "No."}).json()
    assert (settled["settled_by"], settled["catalogue_owner"]) == ("lin", "Catalogue team")


def test_a_missing_fact_that_nobody_has_said_is_asked_for(
    client: Client, editor: Person, ready_draft: Draft, lead_token: str
) -> None:
    missing = report_fact(editor, ready_draft.recommendation, Doubt("/item/singer", "missing"))
    answer = post(client, f"{REPORTS}{missing.pk}/accept/", lead_token)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/right_value")
    known = {"right_value": "Craig Mabbitt", "source": "the sleeve"}
    assert post(client, f"{REPORTS}{missing.pk}/accept/", lead_token, known).status_code == 200
