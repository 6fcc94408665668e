"""The numbers over REST: the same as on the pages, with the drafts behind them, and bounded."""

import csv
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Person
from explanations.models import Draft, Recommendation, Task
from feedback.models import FactReport
from feedback.question import Question
from feedback.services.statistics import reading
from feedback.services.statistics.answering import answer
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.keeping import keep_statistics
from tests.conftest import TokenMaker, bearer, logged_in
from tests.editorial.test_api import assert_problem
from tests.faults.workers import environment
from tests.feedback.people_at_work import reviewed
from tests.feedback.test_statistics_answered import many

__all__ = ["many"]

pytestmark = pytest.mark.django_db

STATS = "/api/v1/stats/"


@pytest.fixture
def notebook(manager: Person, token_for: TokenMaker) -> Client:
    """A program with Max's token."""
    return Client(headers=bearer(token_for(manager, "desk:read")))


def figures_in(data: Any) -> list[dict[str, Any]]:
    if isinstance(data, dict):
        return [data] if "unit" in data else figures_in(list(data.values()))
    return (
        [figure for each in data for figure in figures_in(each)] if isinstance(data, list) else []
    )


@pytest.mark.parametrize(
    "path",
    [
        "figures/?task=music-oneliner&sample=blind",
        "parts/model/?task=music-oneliner",
        "parts/prompt/?task=music-oneliner",
        "over-time/week/?task=music-oneliner",
        "errors-over-time/month/?task=music-oneliner",
        "comparison/?task=music-oneliner&prompt=2&against.prompt=1",
        "first-screen/?task=music-oneliner",
    ],
)
def test_figures_say_where_their_drafts_are_and_how_many(
    notebook: Client, many: Task, path: str
) -> None:
    found = figures_in(notebook.get(STATS + path).json())
    assert found
    for figure in found[:8]:
        for number, address in (
            (figure["count"], figure["drafts"]),
            (figure["n"], figure["among"]),
        ):
            assert notebook.get(address).json()["total"] == number


def test_the_numbers_are_those_of_the_desk(notebook: Client, many: Task) -> None:
    said = notebook.get(f"{STATS}figures/?task={many.slug}").json()
    assert said["reviews"] == 200
    assert said["publishable"]["value"] == answer(Question(task=many.slug)).publishable.value
    assert said["question"] == f"task={many.slug}"


def test_pages_of_drafts_follow_one_another(notebook: Client, many: Task) -> None:
    address = f"{STATS}drafts/?task={many.slug}&category=tone&page_size=20"
    page = notebook.get(address).json()
    seen = [each["draft"] for each in page["results"]]
    while page["next"]:
        page = notebook.get(f"{address}&after={page['next']}").json()
        seen += [each["draft"] for each in page["results"]]
    assert len(seen) == len(set(seen)) == page["total"] > 20


def test_a_table_holds_the_same_figures_and_no_formula(notebook: Client, many: Task) -> None:
    said = notebook.get(f"{STATS}figures/?task={many.slug}&format=csv")
    assert said.headers["Content-Type"].startswith("text/csv")
    rows = {row["figure"]: row for row in csv.DictReader(said.content.decode().splitlines())}
    assert rows["publishable"]["n"] == "200"
    assert "categories/tone/per_100" in rows
    Recommendation.objects.filter(external_id="track:3").update(external_id="=cmd()")
    listed = notebook.get(f"{STATS}drafts/?format=csv&page_size=200").content.decode()
    assert "'=cmd()" in listed
    assert ",=cmd()" not in listed


def table_of(program: Client, address: str) -> list[dict[str, str]]:
    said = program.get(address)
    assert said.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(said.content.decode().splitlines()))


def test_a_comparison_says_what_it_leaves_out_as_a_table_too(notebook: Client, many: Task) -> None:
    address = f"{STATS}comparison/?task={many.slug}&prompt=2&against.prompt=1"
    name = "weighted errors per 100 drafts"
    (said,) = [each for each in notebook.get(address).json()["differences"] if each["name"] == name]
    rows = {row["figure"]: row for row in table_of(notebook, f"{address}&format=csv")}
    row = rows[f"differences/{name}/difference"]
    assert "Nobody met a critical error on either side" in said["left_out"]
    assert row["said"] == f"{said['said']} {said['left_out']}"
    assert float(row["value"]) == pytest.approx(said["difference"])
    assert rows[f"differences/{name}/one"]["said"] == ""


def test_errors_of_each_kind_over_time_are_those_of_the_page(
    notebook: Client, manager_client: Client, many: Task
) -> None:
    asked = f"task={many.slug}&sample=queue&from=2020-01-01"
    said = notebook.get(f"{STATS}errors-over-time/month/?{asked}").json()
    assert said["points"] == notebook.get(f"{STATS}over-time/month/?{asked}").json()
    page = manager_client.get(f"/dashboard/errors/?{asked}&as=json").json()
    tables = {table["table"]: table["rows"] for table in page["tables"]}
    for kind, of in (("category", "categories_over_time"), ("severity", "severities_over_time")):
        shown = {
            (name, row["row"]): figure["value"]
            for row in tables[of]
            for name, figure in row["figures"].items()
        }
        numbers = {
            (line[kind], point["first"]): point["per_100"]["value"]
            for line in said[f"by_{kind}"]
            for point in line["points"]
        }
        assert numbers == shown
        assert any(numbers.values())


def test_errors_of_each_kind_over_time_are_a_table_too(notebook: Client, many: Task) -> None:
    address = f"{STATS}errors-over-time/month/?task={many.slug}"
    said = notebook.get(address).json()
    rows = {row["figure"]: row for row in table_of(notebook, f"{address}&format=csv")}
    for kind in ("category", "severity"):
        for line in said[f"by_{kind}"]:
            for point in line["points"]:
                row = rows[f"by_{kind}/{line[kind]}/points/{point['first']}/per_100"]
                assert row["count"] == str(point["per_100"]["count"])
                assert row["drafts"] == point["per_100"]["drafts"]


def test_what_can_be_asked_for_is_a_table_too(notebook: Client, many: Task) -> None:
    said = notebook.get(f"{STATS}choices/?task={many.slug}").json()
    rows = table_of(notebook, f"{STATS}choices/?task={many.slug}&format=csv")
    for parameter in ("model", "prompt", "locale", "guide"):
        listed = [row["value"] for row in rows if row["parameter"] == parameter]
        assert listed == [str(each) for each in said[f"{parameter}s"]]
    assert {"parameter": "task", "value": many.slug, "name": many.name} in rows


def test_the_desks_own_figures_and_its_peoples_are_a_table_too(
    lead: Person, editor: Person, token_for: TokenMaker, ready_draft: Draft
) -> None:
    Person.objects.filter(pk=editor.pk).update(first_name="=cmd()")
    FactReport.objects.create(
        recommendation=ready_draft.recommendation,
        pointer="/item/title",
        problem="wrong",
        reported_by=editor,
        catalogue_owner="+49 feed",
    )
    reviewed(editor, outcome="ACCEPT")
    keep_desk_days()
    program = Client(headers=bearer(token_for(lead, "desk:read")))
    rows = table_of(program, f"{STATS}desk/?format=csv")
    found = {(row["table"], row["row"], row["measure"]): row for row in rows}
    assert found["outcomes", "ACCEPT", "reviews"]["value"] == "1"
    assert found["people", editor.username, "decided"]["value"] == "1"
    assert found["wrong_facts", "'+49 feed", "open"]["value"] == "1"
    assert all(row["name"][:1] not in {"=", "+", "-", "@"} for row in rows)
    said = program.get(f"{STATS}desk/").json()
    assert found["decided", "all", "reviews"]["address"] == said["decided"]["href"]


@pytest.mark.parametrize("page", ["desk", "people"])
def test_pages_of_the_desks_own_figures_are_tables_and_json_too(
    lead_client: Client, editor: Person, ready_draft: Draft, page: str
) -> None:
    reviewed(editor, outcome="ACCEPT")
    keep_desk_days()
    rows = table_of(lead_client, f"/dashboard/{page}/?as=csv")
    (own,) = [row for row in rows if (row["table"], row["measure"]) == ("people", "decided")]
    assert (own["row"], own["value"]) == (editor.username, "1")
    (said,) = [
        line
        for line in lead_client.get(f"/dashboard/{page}/?as=json").json()["desk"]
        if (line["table"], line["measure"]) == ("people", "decided")
    ]
    assert (said["row"], said["value"]) == (editor.username, 1)
    assert own["reviews"].endswith(said["address"])


def test_two_periods_are_held_against_each_other(notebook: Client, many: Task) -> None:
    today = timezone.localdate().isoformat()
    found = notebook.get(f"{STATS}comparison/?from={today}&to={today}").json()
    assert found["other"] == f"from={today}&to={today}"
    assert found["one"] != found["other"]
    assert found["headline"]["said"]


def wrong_fields(problem: dict[str, Any]) -> dict[str, str]:
    return {each["pointer"].removeprefix("/"): each["detail"] for each in problem["errors"]}


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ("task=nope", "task", "There is no task “nope”."),
        ("model=v99", "model", "There is no model “v99”."),
        ("task=music-oneliner&prompt=99", "prompt", "The task has no prompt 99."),
        ("task=music-oneliner&guide=99", "guide", "The task has no guide 99."),
        ("category=nope", "category", "There is no category “nope” here."),
        ("task=job-fit&category=attribution", "category", "“attribution” here."),
        ("criterion=nope", "criterion", "There is no criterion “nope” here."),
    ],
)
@pytest.mark.parametrize(
    "view",
    ["figures", "parts/model", "over-time/week", "errors-over-time/week", "drafts", "choices"],
)
def test_a_name_that_nothing_has_is_refused_and_not_answered_with_nothing(
    notebook: Client, many: Task, job_task: Task, view: str, asked: str, field: str, sentence: str
) -> None:
    problem = assert_problem(notebook.get(f"{STATS}{view}/?{asked}"), 400, "invalid")
    assert sentence in wrong_fields(problem)[field]


def test_what_is_held_against_it_must_be_there_too(notebook: Client, many: Task) -> None:
    answer = notebook.get(f"{STATS}comparison/?task={many.slug}&against.model=v99")
    problem = assert_problem(answer, 400, "invalid")
    assert wrong_fields(problem) == {"against/model": "There is no model “v99”."}


def test_nobodys_figures_are_refused_to_leads_and_are_not_theirs_to_others(
    notebook: Client, lead: Person, token_for: TokenMaker, many: Task
) -> None:
    asked = f"{STATS}figures/?editor=nobody-here"
    assert notebook.get(asked).status_code == 403
    answer = Client().get(asked, headers=bearer(token_for(lead, "desk:read")))
    problem = assert_problem(answer, 400, "invalid")
    assert wrong_fields(problem) == {"editor": "There is nobody called “nobody-here”."}


def test_a_locale_in_which_nothing_was_judged_has_no_reviews(notebook: Client, many: Task) -> None:
    assert notebook.get(f"{STATS}figures/?locale=tlh").json()["reviews"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("figures/?sample=all", 400),
        ("figures/?from=yesterday", 400),
        ("drafts/?after=x", 400),
        ("drafts/?page_size=0", 400),
        ("comparison/", 400),
        ("comparison/?against.colour=red", 400),
        ("comparison/?against.sample=red", 400),
        ("figures/?locale=english+please", 400),
        ("parts/colour/", 404),
        ("over-time/century/", 404),
        ("errors-over-time/century/", 404),
    ],
)
def test_rubbish_is_refused(notebook: Client, many: Task, path: str, status: int) -> None:
    assert_problem(notebook.get(STATS + path), status, "invalid" if status == 400 else "not_found")


def test_figures_of_a_person_are_theirs_and_the_leads(
    editor: Person, second_editor: Person, lead: Person, ready_draft: Draft
) -> None:
    reviewed(editor, outcome="ACCEPT")
    keep_statistics()
    for somebody, status in ((editor, 200), (lead, 200), (second_editor, 403)):
        for path in ("figures/", "drafts/", "comparison/?against.editor=ada"):
            joint = "&" if "?" in path else "?"
            asked = f"{STATS}{path}{joint}from=2020-01-01"
            asked += "" if "against" in path else "&editor=ada"
            assert logged_in(somebody).get(asked).status_code == status, (somebody, path)


@pytest.mark.django_db(transaction=True)
def test_so_many_read_at_once_and_no_more(
    notebook: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PATIENCE_S", 0.1)
    with psycopg.connect(environment()["DATABASE_URL"]) as others:
        for seat in range(reading.AT_ONCE):
            others.execute("SELECT pg_advisory_xact_lock(%s, %s)", [reading._BUDGET, seat])
        refused = notebook.get(f"{STATS}figures/")
        assert_problem(refused, 503, "busy")
        assert refused.headers["Retry-After"]
        others.rollback()
        assert notebook.get(f"{STATS}figures/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_read_that_takes_too_long_is_stopped(
    notebook: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(environment()["DATABASE_URL"]) as other, monkeypatch.context() as soon:
        soon.setattr(reading, "LONGEST_S", 0.2)
        other.execute("LOCK TABLE feedback_cohort")
        assert_problem(notebook.get(f"{STATS}figures/"), 503, "busy")
        other.rollback()
    assert notebook.get(f"{STATS}figures/").status_code == 200
