"""The pages of datasets: listed, asked for by a recipe, watched, read and downloaded."""

from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pgtrigger
import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Run
from feedback.models import Dataset, DatasetRow, Golden, Review
from feedback.recipe import Recipe, read_recipe
from feedback.recipe_form import RecipeForm
from feedback.services.datasets import building, choosing, lessons
from feedback.services.datasets.attempt import Attempt, claim
from feedback.services.datasets.creating import cancel_dataset, create_dataset
from feedback.services.datasets.preview import PreviewTooLong
from feedback.services.goldens import withdraw_golden
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback.test_exporting import LINE, reviewed

pytestmark = pytest.mark.django_db(transaction=True)

HTMX = {"HX-Request": "true"}
MUSIC = {"name": "music-sft", "tasks": ["music-oneliner"]}
TYPED = {"name": "music-sft", "tasks": "music-oneliner", "formats": "sft", "file_kinds": "jsonl"}
USUAL = {"agreement": "any", "share_train": "100"}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def waiting(ready_draft: Draft, editor: Person, ml_engineer: Person) -> Dataset:
    """Asked for by Mia, at a desk with one golden."""
    reviewed(ready_draft, editor, LINE)
    return create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())


@pytest.fixture
def ready(waiting: Dataset) -> Dataset:
    """The same, built."""
    building.build_dataset(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == Dataset.State.READY
    return waiting


def member(dataset: Dataset) -> DatasetRow:
    """The one review that is in it."""
    golden = Golden.objects.get()
    return DatasetRow.objects.get(dataset=dataset, review=golden.review)


def form(**fields: Any) -> dict[str, Any]:
    return {**TYPED, **USUAL, "key": str(uuid4()), **fields}


def page(client: Client, address: str, **more: Any) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == 200
    return str(answer.content.decode())


# The list ----------------------------------------------------------------------------------------


def test_an_empty_list_says_what_to_do(ml_engineer_client: Client) -> None:
    assert "A recipe says which reviews" in page(ml_engineer_client, "/datasets/")


def test_the_list_shows_each_version_and_looks_again_while_one_is_built(
    ml_engineer_client: Client, waiting: Dataset
) -> None:
    shown = page(ml_engineer_client, "/datasets/")
    assert "music-sft 1" in shown
    assert "waits for a worker" in shown
    assert "data-look-again-s" in shown

    building.build_dataset(waiting.pk)

    assert "data-look-again-s" not in page(ml_engineer_client, "/datasets/", headers=HTMX)


def test_the_list_is_narrowed_by_name_and_state(ml_engineer_client: Client, ready: Dataset) -> None:
    assert "music-sft 1" in page(ml_engineer_client, "/datasets/?name=music-sft&state=READY")
    for nothing in ("?name=other", "?state=FAILED"):
        assert "No datasets here" in page(ml_engineer_client, f"/datasets/{nothing}")


def test_the_list_needs_a_constant_number_of_queries(
    ml_engineer_client: Client,
    waiting: Dataset,
    ml_engineer: Person,
    django_assert_num_queries: Any,
) -> None:
    for _ in range(5):
        create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())
    # Session, person with their rights, the datasets, their names.
    with django_assert_num_queries(4):
        page(ml_engineer_client, "/datasets/")


# The recipe --------------------------------------------------------------------------------------


def test_a_dataset_is_asked_for_by_the_form(
    ml_engineer_client: Client, ready_draft: Draft, ml_engineer: Person
) -> None:
    answer = ml_engineer_client.post("/datasets/new/", form())

    assert answer["Location"] == "/datasets/music-sft/1/"
    dataset = Dataset.objects.get()
    assert dataset.created_by == ml_engineer
    assert dataset.recipe == read_recipe(MUSIC).as_json()


def test_a_double_click_asks_once(ml_engineer_client: Client, ready_draft: Draft) -> None:
    twice = form()

    answers = [ml_engineer_client.post("/datasets/new/", twice) for _click in range(2)]

    assert answers[0]["Location"] == answers[1]["Location"]
    assert Dataset.objects.count() == 1


def test_the_form_of_a_page_that_was_left_open_asks_for_another_one_only_when_pressed_again(
    ml_engineer_client: Client, ready_draft: Draft
) -> None:
    first = form()
    ml_engineer_client.post("/datasets/new/", first)

    answer = ml_engineer_client.post("/datasets/new/", {**first, "name": "other"})
    assert "asked for a dataset already" in answer.content.decode()
    again = answer.context["form"]["key"].value()
    ml_engineer_client.post("/datasets/new/", {**first, "name": "other", "key": again})

    assert set(Dataset.objects.values_list("name", flat=True)) == {"music-sft", "other"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Music SFT"}, "small letters"),
        ({"tasks": []}, "This field is required"),
        ({"share_train": "90"}, "must add up to 1"),
        ({"share_train": "much"}, "Enter a number"),
        ({"reviewed_from": "2026-11-23", "reviewed_until": "2026-11-22"}, "lies before the first"),
        ({"prompt_numbers": "two"}, "whole number from 1"),
        ({"salt": "a b"}, "A salt has"),
        ({"alike": "0.5"}, "greater than or equal to 0.7"),
        ({"key": "1"}, "Enter a valid UUID"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_asked_for(
    ml_engineer_client: Client, ready_draft: Draft, fields: dict[str, Any], said: str
) -> None:
    answer = ml_engineer_client.post("/datasets/new/", form(**fields))

    assert said in answer.content.decode()
    assert not Dataset.objects.exists()


def test_the_form_begins_with_the_recipe_of_a_former_version(
    ml_engineer_client: Client, ready_draft: Draft, ml_engineer: Person
) -> None:
    """All of it: what comes back from the form is the recipe that went into it."""
    recipe = read_recipe(
        {
            **MUSIC,
            "filters": {
                "reviewed_from": "2026-11-01",
                "editors": ["gone"],
                "tags": ["tone"],
                "criteria": {"specific": "yes"},
                "locales": ["en", "de-AT"],
                "prompts": [1, 2],
                "agreement": "agreed",
            },
            "shares": {"train": 0.905, "validation": 0.07, "test": 0.025},
            "fewest": {"test": 5},
            "salt": "other",
            "alike": 0.85,
            "most_per_group": 3,
            "prompts": {"music-oneliner": 1},
        }
    )
    Dataset.objects.create(
        name="music-sft",
        number=1,
        recipe=recipe.as_json(),
        salt="other",
        created_by=ml_engineer,
        key=uuid4(),
        body_sha256="0" * 64,
    )
    address = "/datasets/new/?from=music-sft/1"

    first = ml_engineer_client.get(address).context["form"]
    typed = {field.name: field.value() for field in first if field.value() not in (None, "")}

    posted = QueryDict(urlencode(typed, doseq=True))
    assert RecipeForm(posted, recipe=recipe.as_json()).recipe() == recipe


@pytest.mark.parametrize("nonsense", ["x", "/", "music-sft/9", "music-sft/٣", "a/" + "9" * 30])
def test_a_former_version_that_there_is_not_is_no_matter(
    ml_engineer_client: Client, ready_draft: Draft, nonsense: str
) -> None:
    assert "Everything has a usual value" in page(
        ml_engineer_client, f"/datasets/new/?from={nonsense}"
    )


# The preview -------------------------------------------------------------------------------------


def test_a_recipe_is_looked_at_before_it_is_built(
    ml_engineer_client: Client, ready_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    asked = form(step="preview", formats=["sft", "kto"])

    part = ml_engineer_client.post("/datasets/new/", asked, headers=HTMX).content.decode()
    whole = ml_engineer_client.post("/datasets/new/", asked).content.decode()

    for shown in (part, whole):
        assert "<strong>1</strong> review gives rows" in shown
        assert LINE in shown
    assert "<html" not in part
    assert 'value="music-sft"' in whole
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"share_train": "90"}, "must add up to 1"),
        ({"fewest_test": "5"}, "at least 5"),
        ({"prompt_numbers": "99"}, "The desk has no 99"),
    ],
)
def test_the_preview_says_why_there_would_be_no_dataset(
    ml_engineer_client: Client,
    ready_draft: Draft,
    editor: Person,
    fields: dict[str, Any],
    said: str,
) -> None:
    reviewed(ready_draft, editor, LINE)

    answer = ml_engineer_client.post("/datasets/new/", form(step="preview", **fields), headers=HTMX)

    assert said in answer.content.decode()


def test_a_preview_that_takes_too_long_says_so(
    ml_engineer_client: Client, ready_draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(_recipe: Recipe) -> None:
        raise PreviewTooLong("There is too much to look at.")

    monkeypatch.setattr("feedback.views.datasets.preview", too_long)

    answer = ml_engineer_client.post("/datasets/new/", form(step="preview"), headers=HTMX)

    assert "There is too much to look at." in answer.content.decode()


# While it is built -------------------------------------------------------------------------------


def test_a_build_is_watched_and_the_page_is_another_one_at_its_end(
    ml_engineer_client: Client, waiting: Dataset
) -> None:
    address = "/datasets/music-sft/1/"
    assert "waits for a worker" in page(ml_engineer_client, address)
    claimed = claim(waiting.pk)
    assert claimed is not None
    attempt = Attempt(claimed)
    attempt.enter(Dataset.Stage.WRITING, wanted=200)
    Dataset.objects.update(done=50)

    shown = page(ml_engineer_client, address, headers=HTMX)
    assert "50 of 200" in shown
    assert "data-look-again-s" in shown
    assert "<html" not in shown

    attempt.end_failed("The disk is full.")
    answer = ml_engineer_client.get(address, headers=HTMX)
    assert answer["HX-Refresh"] == "true"
    shown = page(ml_engineer_client, address)
    assert "The disk is full." in shown
    assert "data-look-again-s" not in shown


def test_one_that_waits_says_which_build_it_waits_for(
    ml_engineer_client: Client, waiting: Dataset, ml_engineer: Person
) -> None:
    other = create_dataset(read_recipe({**MUSIC, "name": "other"}), ml_engineer, uuid4())
    claim(other.pk)

    assert "other 1 is built first" in page(ml_engineer_client, "/datasets/music-sft/1/")


def test_a_build_is_cancelled_on_its_page(ml_engineer_client: Client, waiting: Dataset) -> None:
    address = "/datasets/music-sft/1/"
    ml_engineer_client.post(address, {"step": "cancel"})

    waiting.refresh_from_db()
    assert waiting.state == Dataset.State.CANCELLED
    assert "cancelled" in page(ml_engineer_client, address)
    again = ml_engineer_client.post(address, {"step": "cancel"}, follow=True)
    assert "This dataset is not being built" in again.content.decode()
    assert ml_engineer_client.post(address, {"step": "burn"}).status_code == 400


# When it is ready --------------------------------------------------------------------------------


def test_the_page_lists_the_files_and_each_is_downloaded_from_it(
    ml_engineer_client: Client, ready: Dataset
) -> None:
    shown = page(ml_engineer_client, "/datasets/music-sft/1/")

    for file in ready.files.all():
        address = f"/api/v1/datasets/music-sft/1/files/{file.path}"
        assert f'href="{address}"' in shown
        assert file.sha256 in shown
        assert ml_engineer_client.get(address).status_code == 200
    assert "python pull.py http://testserver" in shown


def test_there_is_no_page_of_a_dataset_that_there_is_not(
    ml_engineer_client: Client, ready: Dataset
) -> None:
    for nothing in ("music-sft/2", "other/1", "music-sft/" + "9" * 30):
        assert ml_engineer_client.get(f"/datasets/{nothing}/").status_code == 404


def test_the_page_counts_as_its_manifest_does(ml_engineer_client: Client, waiting: Dataset) -> None:
    claimed = claim(waiting.pk)
    assert claimed is not None
    manifest = {
        "reviews": 4,
        "rows": {"sft": {"train": 3, "test": 1}},
        "splits": {"train": 3, "test": 1},
        "tasks": {"music-oneliner": 4},
        "outcomes": {"EDIT": 3, "REJECT": 1},
        "tags": {"tone": 2},
        "editors": {"editor-1234": 4},
        "prompts": [{"task": "music-oneliner", "number": 7, "reviews": 4}],
        "models": {"smollm2": 4},
        "guides": [{"task": "music-oneliner", "number": 9, "reviews": 4}],
        "left_out": {"the same words as another text": 12},
    }
    with transaction.atomic():
        Attempt(claimed).end_ready([], 4, manifest)

    shown = page(ml_engineer_client, "/datasets/music-sft/1/")
    for said in ("75 %", "editor-1234", "prompt 7", "guide 9", "smollm2", "<strong>12</strong>"):
        assert said in shown


# What it was made of, and what of that was taken back --------------------------------------------


def test_from_a_dataset_one_walks_to_each_review_and_back(
    lead_client: Client, editor_client: Client, ready: Dataset
) -> None:
    row = member(ready)
    review = f"/drafts/{row.review.draft_id}/reviews/"

    shown = page(lead_client, "/datasets/music-sft/1/rows/")
    assert f"{review}#review-{row.review_id}" in shown
    assert LINE in shown

    for back in (review, f"/goldens/{row.golden_id}/"):
        assert "/datasets/music-sft/1/" in page(lead_client, back)
        assert "/datasets/music-sft/1/" not in page(editor_client, back)


def test_rows_are_listed_by_split_and_page_by_page(
    lead_client: Client, ready: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feedback.views.datasets.ROWS_A_PAGE", 1)
    row = member(ready)
    other = Review.objects.create(
        draft=row.review.draft,
        place=row.review.place,
        editor=row.review.editor,
        key=uuid4(),
        outcome="REJECT",
    )
    with pgtrigger.ignore("feedback.DatasetRow:dataset_row_is_of_a_build"):
        DatasetRow.objects.create(dataset=ready, review=other, split="test")
    rows = "/datasets/music-sft/1/rows/"

    first = page(lead_client, rows)
    assert f"after={row.review_id}" in first
    last = page(lead_client, f"{rows}?after={row.review_id}")
    assert f"#review-{other.pk}" in last
    assert 'rel="next"' not in last
    assert f"#review-{row.review_id}" not in page(lead_client, f"{rows}?split=test")
    assert "This split is empty" in page(lead_client, f"{rows}?split=validation")
    assert f"#review-{row.review_id}" in page(lead_client, f"{rows}?after=x&split=x")


def test_what_was_withdrawn_stands_on_the_page_with_one_button_for_the_next_version(
    ml_engineer_client: Client, lead_client: Client, ready: Dataset, lead: Person
) -> None:
    row = member(ready)
    assert row.golden is not None
    withdraw_golden(row.golden.pk, lead, "Poisoned.")

    shown = page(ml_engineer_client, "/datasets/music-sft/1/")
    assert "Nobody stands behind 1 of its reviews" in shown
    assert "Poisoned." in shown
    assert "Poisoned." in page(lead_client, "/datasets/music-sft/1/rows/")
    assert "1 withdrawn" in page(ml_engineer_client, "/datasets/")
    assert "1 withdrawn" in page(lead_client, "/")
    assert "Build the next version" not in page(lead_client, "/datasets/music-sft/1/")

    step = {"step": "next", "key": str(uuid4())}
    for _click in range(2):
        answer = ml_engineer_client.post("/datasets/music-sft/1/", step)
        assert answer["Location"] == "/datasets/music-sft/2/"
    following = Dataset.objects.get(number=2)
    assert following.recipe == ready.recipe
    assert following.parent == ready
    ready.refresh_from_db()
    assert ready.state == Dataset.State.READY


def test_two_versions_are_laid_beside_each_other(
    ml_engineer_client: Client,
    lead_client: Client,
    ready: Dataset,
    ml_engineer: Person,
    second_editor: Person,
    lead: Person,
    run: Run,
) -> None:
    withdrawn = Golden.objects.get()
    withdraw_golden(withdrawn.pk, lead, "Poisoned.")
    track = recommended(run.task, "track:2", {**TRACK, "title": "Two"}, LISTENER, "Two")
    reviewed(
        drafted(run, track, "Dead Rabbitts."),
        second_editor,
        "Dead Rabbitts play metalcore on “Two”.",
    )
    recipe = read_recipe({**MUSIC, "alike": 0.9})
    following = create_dataset(recipe, ml_engineer, uuid4())
    building.build_dataset(following.pk)

    shown = page(lead_client, "/datasets/music-sft/2/difference/")

    assert "From music-sft 1 to music-sft 2" in shown
    assert "Dead Rabbitts play metalcore on “Two”." in shown
    assert f"#review-{withdrawn.review_id}" in shown
    assert "withdrawn" in shown
    assert "<code>alike</code>" in shown
    other_way = page(lead_client, "/datasets/music-sft/1/difference/?with=2")
    assert "Went" in other_way
    assert page(lead_client, "/datasets/music-sft/2/difference/?with=x")
    assert "/datasets/music-sft/2/difference/" in page(lead_client, "/datasets/music-sft/2/")


def test_a_first_version_has_nothing_beside_it(lead_client: Client, ready: Dataset) -> None:
    shown = page(lead_client, "/datasets/music-sft/1/difference/")
    assert "Nothing to lay beside it" in shown


def test_the_next_version_needs_a_key(ml_engineer_client: Client, ready: Dataset) -> None:
    assert ml_engineer_client.post("/datasets/music-sft/1/", {"step": "next"}).status_code == 400


# Who may -----------------------------------------------------------------------------------------


def test_leads_and_managers_read_and_do_not_build(
    lead_client: Client, manager_client: Client, ready: Dataset, ml_engineer: Person
) -> None:
    following = create_dataset(read_recipe(MUSIC), ml_engineer, uuid4())
    for reader in (lead_client, manager_client):
        assert "New dataset" not in page(reader, "/datasets/")
        assert "Next version" not in page(reader, "/datasets/music-sft/1/")
        assert reader.get("/datasets/new/").status_code == 403
        assert reader.post("/datasets/music-sft/2/", {"step": "cancel"}).status_code == 403
    following.refresh_from_db()
    assert following.state == Dataset.State.WAITING


def test_editors_see_nothing_of_datasets(editor_client: Client, ready: Dataset) -> None:
    assert "/datasets/" not in page(editor_client, "/")
    for address in ("/datasets/", "/datasets/music-sft/1/"):
        assert editor_client.get(address).status_code == 403


def test_a_cancelled_dataset_says_so_to_who_cancelled_it_twice(
    ml_engineer_client: Client, waiting: Dataset, ml_engineer: Person
) -> None:
    cancel_dataset(waiting.pk, ml_engineer)
    assert "Try again" in page(ml_engineer_client, "/datasets/music-sft/1/")


def test_what_is_left_out_is_said_in_german_too(
    ml_engineer_client: Client, waiting: Dataset
) -> None:
    claimed = claim(waiting.pk)
    assert claimed is not None
    left_out = {choosing.SAME: 3, f"{choosing.DRAFT}{lessons.UNSUPPORTED}": 2}
    with transaction.atomic():
        Attempt(claimed).end_ready([], 4, {"left_out": left_out})

    shown = page(ml_engineer_client, "/datasets/music-sft/1/", headers={"Accept-Language": "de"})

    assert "dieselben Wörter wie ein anderer Text" in shown
    assert "ein Entwurf, den niemand sehen soll: eine Aussage, die ihre Fakten" in shown
