"""Two models or two prompts beside each other."""

import csv

import pytest
from django.test import Client

from explanations.models import ModelVersion, Prompt, Run
from tests.feedback.dashboard_pages import page_of, text_of
from tests.feedback.judged_desk import JudgedDesk

pytestmark = pytest.mark.django_db
BOTH = {"of": "model", "one": "smollm2-135m-instruct", "other": "smollm2-tuned"}


def test_two_models_are_compared_in_words_with_interval_and_reviews(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = text_of(page_of(manager_client, "comparison", **BOTH))
    assert "smollm2-tuned beside smollm2-135m-instruct" in page
    assert "smollm2-tuned makes fewer" in page
    assert "95 reviews" in page
    assert "better" in page


def test_it_begins_with_two_where_the_address_names_none(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = text_of(page_of(manager_client, "comparison"))
    assert "beside" in page
    assert "Number by number" in page


def test_a_sentence_rounds_its_numbers_as_the_tables_do(
    manager_client: Client, judged_desk: JudgedDesk, run: Run, candidate_run: Run
) -> None:
    for each in (run, candidate_run):
        judged_desk.judge(each, 20, "REJECT", tags=[("tone", 1)])
        judged_desk.judge(each, 42)
    judged_desk.count()
    # 20 of 62 are 32.258 of 100: cut, and not rounded, they would be 32.2.
    told = text_of(page_of(manager_client, "comparison", **BOTH))
    sentence, table = told.split("Number by number ", 1)
    assert "32.3 against 32.3" in sentence
    assert "32.3" in table
    assert "32.2" not in told


def test_two_prompts_are_compared(
    manager_client: Client,
    judged_desk: JudgedDesk,
    run: Run,
    next_prompt: Prompt,
    model_version: ModelVersion,
) -> None:
    other = Run.objects.create(task=run.task, prompt=next_prompt, model_version=model_version)
    judged_desk.judge(run, 60, "EDIT", tags=[("tone", 1)])
    judged_desk.judge(other, 60, "ACCEPT")
    judged_desk.count()
    page = text_of(page_of(manager_client, "comparison", of="prompt", one="1", other="2"))
    assert "Prompt 2 beside prompt 1" in page


def test_one_model_alone_has_nothing_to_be_compared_with(
    manager_client: Client, judged_desk: JudgedDesk, run: Run
) -> None:
    judged_desk.judge(run, 40)
    judged_desk.count()
    page = page_of(manager_client, "comparison")
    assert "Drafts of two models have to be judged first" in page
    assert "As of " in page
    assert 'name="other"' not in page


def test_what_is_too_few_to_compare_stands_apart_from_what_can_be_told(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    page = text_of(page_of(manager_client, "comparison", **BOTH))
    told, untold = page.split("Number by number ", 1)[1].split("Too few to compare ", 1)
    assert "Errors per 100 drafts better" in told
    assert "Taste" not in told
    assert "Taste" in untold


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"one": "nobody"}, "Nothing that it wrote was judged"),
        ({"one": "smollm2-tuned", "other": "smollm2-tuned"}, "Choose two that are not the same"),
    ],
)
def test_what_cannot_be_compared_is_said_in_a_sentence(
    manager_client: Client, busy_desk: JudgedDesk, asked: dict[str, str], said: str
) -> None:
    assert said in page_of(manager_client, "comparison", **asked)


def test_the_spreadsheet_holds_both_numbers_and_their_difference(
    manager_client: Client, busy_desk: JudgedDesk
) -> None:
    answer = manager_client.get("/dashboard/comparison/", {**BOTH, "as": "csv"})
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    assert [row["measure"] for row in rows[:3]] == ["one", "other", "difference"]
    one, other, difference = (float(row["value"].lstrip("'")) for row in rows[:3])
    assert difference == pytest.approx(other - one)


def test_what_a_difference_leaves_out_stands_beside_it_and_in_the_spreadsheet(
    manager_client: Client, judged_desk: JudgedDesk, run: Run, candidate_run: Run
) -> None:
    for each in (run, candidate_run):
        judged_desk.judge(each, 40, "REJECT", tags=[("tone", 1), ("attribution", 5)])
        judged_desk.judge(each, 20)
    judged_desk.count()
    told = text_of(page_of(manager_client, "comparison", **BOTH)).split("Number by number ", 1)[1]
    left_out = "Nobody met a critical error on either side: the difference leaves them out."
    assert left_out in told
    assert "Up to" in told
    answer = manager_client.get("/dashboard/comparison/", {**BOTH, "as": "csv"})
    rows = csv.DictReader(answer.content.decode().splitlines())
    said = {row["row"]: row["said"] for row in rows if row["measure"] == "difference"}
    assert [name for name in said if left_out in said[name]] == ["weighted errors per 100 drafts"]
    differences = manager_client.get("/dashboard/comparison/", {**BOTH, "as": "json"}).json()[
        "differences"
    ]
    assert [each["name"] for each in differences if each["left_out"]] == [
        "weighted errors per 100 drafts"
    ]
