"""The dashboard's page of errors."""

import csv
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from explanations.models import Category, Run
from tests.feedback.dashboard_pages import page_of, text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db


def test_errors_are_said_per_100_drafts_with_their_interval_and_reviews(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    answer = manager_client.get("/dashboard/errors/", {"as": "json"}).json()
    (categories,) = [each for each in answer["tables"] if each["table"] == "categories"]
    (tone,) = [row for row in categories["rows"] if row["row"] == "tone"]
    errors = tone["figures"]["errors_per_100"]
    assert (errors["n"], errors["count"]) == (160, 50)
    assert errors["value"] == pytest.approx(100 * 50 / 160)
    assert errors["low"] < errors["value"] < errors["high"]
    assert "31.3" in text_of(page_of(manager_client, "errors"))


def test_the_blind_sample_is_the_headline_and_the_queue_stands_apart_from_it(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = text_of(page_of(manager_client, "errors"))
    assert "Music one-liner · The random blind sample ·" in page
    assert page.count("What the queue saw") == 2
    queue = text_of(page_of(manager_client, "errors", sample="queue"))
    assert "What the queue saw ·" in queue


def test_the_period_before_stands_beside_both_samples(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    answer = manager_client.get("/dashboard/errors/", {"as": "json"}).json()
    (samples,) = [each for each in answer["tables"] if each["table"] == "samples"]
    reviews = {row["row"]: row["figures"]["errors_per_100"]["n"] for row in samples["rows"]}
    assert reviews == {"blind": 160, "queue": 35, "blind_before": 60}


def test_what_nobody_found_in_many_reviews_is_none_and_what_few_have_is_listed(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 40)
    judged_desk.judge(run, 3, "EDIT", tags=[("tone", 1)])
    judged_desk.count()
    page = text_of(page_of(manager_client, "errors"))
    assert "4 Tone too few 3 drafts" in page
    assert "8 Language none" in page


def test_too_few_reviews_are_said_and_are_no_number(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 6, "REJECT", tags=[("tone", 1)])
    judged_desk.count()
    page = text_of(page_of(manager_client, "errors"))
    assert "too few" in page
    assert "6 reviews so far: numbers come from 30 on." in page
    answer = manager_client.get("/dashboard/errors/", {"as": "json"}).json()
    assert {
        figure["value"]
        for table in answer["tables"]
        for row in table["rows"]
        for figure in row["figures"].values()
    } == {None}


@pytest.mark.parametrize("dimension", ["model", "prompt", "locale", "stratum", "guide"])
def test_errors_are_divided_by_what_the_address_asks(
    manager_client: Client, busy_desk: JudgedDesk, dimension: str
) -> None:
    answer = manager_client.get("/dashboard/errors/", {"as": "json", "by": dimension}).json()
    (parts,) = [each for each in answer["tables"] if each["table"] == f"by_{dimension}"]
    assert parts["rows"]


def test_the_spreadsheet_holds_every_figure_and_runs_no_formula(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    Category.objects.filter(slug="tone").update(name="=HYPERLINK(0)")
    answer = manager_client.get("/dashboard/errors/", {"as": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="copydesk-errors.csv"'
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    (tone, *_more) = [
        row for row in rows if row["row"] == "tone" and row["measure"] == "errors_per_100"
    ]
    assert tone["name"] == "'=HYPERLINK(0)"
    assert float(tone["value"]) == pytest.approx(31.25)
    assert tone["drafts"].startswith("http://testserver/dashboard/drafts/?task=music-oneliner")
    as_json = manager_client.get("/dashboard/errors/", {"as": "json"}).json()
    in_json = sum(len(row["figures"]) for table in as_json["tables"] for row in table["rows"])
    assert len(rows) == in_json


def test_each_kind_of_error_has_a_line_over_time_and_its_points_lead_to_their_drafts(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    for days_ago in (2, 9, 16):
        judged_desk.judge(run, 40, days_ago=days_ago)
        judged_desk.judge(run, 12, "REJECT", tags=[("attribution", 5)], days_ago=days_ago)
        judged_desk.judge(run, 8, "EDIT", tags=[("tone", 1), ("tone", 1)], days_ago=days_ago)
    judged_desk.judge(run, 2, "REJECT", tags=[("harmful", 25)], days_ago=2)
    judged_desk.count()
    page = page_of(manager_client, "errors")
    charts = re.findall(r'<figure class="sheet small-chart[^>]*>.*?</figure>', page, re.DOTALL)
    named = [text_of(re.findall(r"<figcaption>.*?</figcaption>", each)[0]) for each in charts]
    assert named == ["1 Attribution", "4 Tone", "Major", "Minor"]
    assert charts[0].count('data-drafts="12"') == 3
    assert charts[1].count('data-drafts="8"') == 3
    assert "Too rare for a line: Harmful, 2 drafts" in text_of(page)
    assert "Too rare for a line: Critical, 2 drafts" in text_of(page)


def test_the_lines_of_categories_have_a_table_behind_them(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    answer = manager_client.get("/dashboard/errors/", {"as": "json"}).json()
    tables = {each["table"]: each for each in answer["tables"]}
    weeks = tables["categories_over_time"]["rows"]
    assert {key for row in weeks for key in row["figures"]} == {
        *("attribution", "harmful", "tone", "generic")
    }
    assert sum(row["figures"]["tone"]["count"] for row in weeks) == 50
    by_severity = tables["severities_over_time"]["rows"]
    assert sum(row["figures"]["major"]["count"] for row in by_severity) == 15


def test_without_an_error_there_are_no_lines_of_errors(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 40)
    judged_desk.count()
    page = page_of(manager_client, "errors")
    assert "By category over time" not in page
    assert "By severity over time" not in page


def test_filters_stand_in_the_address_in_the_form_and_in_words(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = page_of(manager_client, "errors", model="smollm2-tuned", days="90")
    assert 'value="90" selected' in page
    assert 'aria-label="Without smollm2-tuned"' in page
    assert "The random blind sample ·" in text_of(page)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"from": "2026-02-30"}, "A day is written like"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "lies before the first"),
        ({"sample": "all"}, "This is one of"),
        ({"prompt": "one"}, "This is a number"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(
    manager_client: Client, busy_desk: JudgedDesk, asked: dict[str, str], said: str
) -> None:
    assert said in page_of(manager_client, "errors", **asked)


def test_an_empty_desk_says_that_nothing_is_judged(manager_client: Client) -> None:
    assert "Nothing is judged yet" in page_of(manager_client, "errors")


def test_days_without_reviews_say_so_and_name_the_way_out(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = page_of(manager_client, "errors", **{"from": "2020-01-01", "to": "2020-01-31"})
    assert "No draft was judged here" in page
    assert "days=365" in page


def test_a_fragment_is_the_dashboard_alone(manager_client: Client, busy_desk: JudgedDesk) -> None:
    part = manager_client.get("/dashboard/errors/", headers={"HX-Request": "true"})
    assert part.content.decode().strip().startswith('<div id="dashboard"')


def test_statements_are_as_many_however_much_was_judged(
    manager_client: Client,
    judged_desk: JudgedDesk,
    run: Run,
    candidate_run: Run,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    def look() -> None:
        manager_client.get("/dashboard/errors/", {"task": "music-oneliner"})

    judged_desk.judge(run, 40, "REJECT", tags=[("tone", 1)])
    judged_desk.count()
    look()
    with django_assert_num_queries(ERRORS_QUERIES):
        look()
    for days_ago in range(1, 20):
        judged_desk.judge(candidate_run, 3, "REJECT", tags=[("generic", 1)], days_ago=days_ago)
    judged_desk.count()
    with django_assert_num_queries(ERRORS_QUERIES):
        look()


ERRORS_QUERIES = 25
