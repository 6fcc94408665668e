"""Which reviews give which rows to a dataset, and why the others give none."""

import re
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Person
from explanations.models import Draft, FactSnapshot, Finding, Prompt, Run, Task
from feedback.models import Adjudication, Dataset, Golden, GroupSplit, Review, Tag
from feedback.recipe import SPLITS
from feedback.services.datasets import choosing
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback.building_desk import attempted, built, dataset_folder, rows_of
from tests.feedback.test_exporting import LINE, another_draft, reviewed

__all__ = ["another_draft", "dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]

ALL = ["sft", "dpo", "kto", "spans"]
MINOR, MAJOR = 1, 5


def tagged(review: Review, *severities: int) -> None:
    """The editor marked errors of these severities in the draft's first words."""
    category = review.draft.task.categories.get(slug="tone")
    for ordinal, severity in enumerate(severities, start=1):
        Tag.objects.create(
            review=review,
            ordinal=ordinal,
            category=category,
            severity=severity,
            scope=Tag.Scope.SPAN,
            start=0,
            end=4,
            quote=review.draft.text[:4],
        )


def rejected(draft: Draft, editor: Person) -> Review:
    """The editor rejects the draft, with a major error."""
    review = Review.objects.create(
        draft=draft,
        place=draft.places.get(),
        editor=editor,
        key=uuid.uuid4(),
        body_sha256="0" * 64,
        outcome=Review.Outcome.REJECT,
        guide=draft.task.guide,
    )
    tagged(review, MAJOR)
    return review


def sibling_of(draft: Draft, text: str = "A line about something else entirely.") -> Draft:
    """Another draft about the same thing, asked for with the same prompt."""
    return drafted(draft.run, draft.recommendation, text, ordinal=draft.ordinal + 1)


def counted(dataset: Dataset, split: str = "train") -> dict[str, Any]:
    """How many rows a dataset has in each format; of kto, how many of each label."""
    rows = {slug: rows_of(dataset, f"{slug}/{split}.jsonl") for slug in ALL}
    labels = Counter(row["label"] for row in rows["kto"])
    return {
        **{slug: len(found) for slug, found in rows.items() if slug != "kto"},
        "true": labels[True],
        "false": labels[False],
    }


# What each outcome is worth ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "severities", "worth"),
    [
        ("ACCEPT", [], {"sft": 0, "dpo": 0, "true": 1, "false": 0, "spans": 1}),
        ("EDIT", [], {"sft": 1, "dpo": 0, "true": 1, "false": 0, "spans": 1}),
        ("EDIT", [0], {"sft": 1, "dpo": 0, "true": 1, "false": 0, "spans": 1}),
        ("EDIT", [MINOR], {"sft": 1, "dpo": 1, "true": 1, "false": 0, "spans": 1}),
        ("EDIT", [0, MAJOR], {"sft": 1, "dpo": 1, "true": 1, "false": 1, "spans": 1}),
        ("BLAND", [], {"sft": 0, "dpo": 0, "true": 0, "false": 0, "spans": 1}),
    ],
)
def test_each_outcome_gives_the_rows_that_it_is_worth(
    ready_draft: Draft,
    editor: Person,
    ml_engineer: Person,
    outcome: str,
    severities: list[int],
    worth: dict[str, int],
) -> None:
    grade = Golden.Grade.PUBLISHABLE if outcome == "BLAND" else Golden.Grade.EXEMPLARY
    text = LINE if outcome == "EDIT" else ""
    golden = reviewed(ready_draft, editor, text, outcome, grade=grade)
    tagged(golden.review, *severities)

    assert counted(built(ml_engineer, formats=ALL)) == worth


def test_a_golden_that_is_the_draft_to_the_letter_does_not_blame_it(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    tagged(reviewed(ready_draft, editor, ready_draft.text).review, MAJOR)

    rows = counted(built(ml_engineer, formats=ALL))

    assert rows == {"sft": 1, "dpo": 0, "true": 1, "false": 0, "spans": 1}


def test_a_reject_is_disliked_and_is_the_worse_one_beside_a_sibling_of_the_same_prompt(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    golden = reviewed(ready_draft, editor, LINE)
    bad = sibling_of(ready_draft)
    review = rejected(bad, editor)

    dataset = built(ml_engineer, formats=ALL)

    assert counted(dataset) == {"sft": 1, "dpo": 1, "true": 1, "false": 1, "spans": 2}
    [pair] = rows_of(dataset, "dpo/train.jsonl")
    assert pair["chosen"][0]["content"] == LINE
    assert pair["rejected"][0]["content"] == bad.text
    assert (pair["review_id"], pair["golden_id"]) == (review.pk, golden.pk)
    assert [cause["severity"] for cause in pair["causes"]] == [MAJOR]


def test_a_reject_without_a_golden_of_the_same_prompt_makes_no_pair_and_is_counted(
    another_draft: Callable[[], Draft], editor: Person, ml_engineer: Person
) -> None:
    reviewed(another_draft(), editor)
    rejected(another_draft(), editor)

    dataset = built(ml_engineer, formats=ALL)

    assert rows_of(dataset, "dpo/train.jsonl") == []
    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {choosing.LONELY: 1}


def test_a_golden_that_knows_more_than_the_model_was_shown_blames_no_draft(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    known = FactSnapshot.objects.create(
        recommendation=ready_draft.recommendation,
        number=2,
        item={**TRACK, "genre": "crunkcore"},
        audience=LISTENER,
    )
    text = LINE.replace("metalcore", "crunkcore")
    golden = reviewed(ready_draft, editor, text, snapshot=known, rests_on=["/item/genre"])
    tagged(golden.review, MAJOR)
    rejected(sibling_of(ready_draft), editor)

    rows = counted(built(ml_engineer, formats=ALL))

    assert rows["sft"] == 1
    assert rows["dpo"] == 0


def test_what_one_editor_accepted_and_another_one_rejected_teaches_nothing(
    another_draft: Callable[[], Draft], editor: Person, second_editor: Person, ml_engineer: Person
) -> None:
    reviewed(another_draft(), editor)
    disputed = another_draft()
    reviewed(disputed, editor, outcome="ACCEPT")
    rejected(disputed, second_editor)

    dataset = built(ml_engineer, formats=["kto"])

    assert [row["label"] for row in rows_of(dataset, "kto/train.jsonl")] == [True]
    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {choosing.DISPUTED: 2}


@pytest.mark.parametrize("right", ["ACCEPT", "REJECT"])
def test_of_what_a_lead_has_settled_the_review_that_is_right_teaches_alone(
    another_draft: Callable[[], Draft],
    editor: Person,
    second_editor: Person,
    lead: Person,
    ml_engineer: Person,
    right: str,
) -> None:
    disputed = another_draft()
    reviews = {
        "ACCEPT": reviewed(disputed, editor, outcome="ACCEPT").review,
        "REJECT": rejected(disputed, second_editor),
    }
    Adjudication.objects.create(draft=disputed, review=reviews[right], lead=lead, reason="So.")

    dataset = built(ml_engineer, formats=["kto"])

    assert [row["label"] for row in rows_of(dataset, "kto/train.jsonl")] == [right == "ACCEPT"]
    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {}


def test_a_draft_with_private_things_is_shown_to_nobody_but_its_golden_is(
    ready_draft: Draft, editor: Person, ml_engineer: Person
) -> None:
    golden = reviewed(ready_draft, editor, LINE)
    tagged(golden.review, MAJOR)
    Finding.objects.create(
        draft=ready_draft,
        check_name="privacy",
        check_version=1,
        level=Finding.Level.ERROR,
        message="An address.",
    )

    dataset = built(ml_engineer, formats=ALL)

    assert counted(dataset) == {"sft": 1, "dpo": 0, "true": 1, "false": 0, "spans": 0}
    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {choosing.DRAFT + "privacy": 1}


# Splits ------------------------------------------------------------------------------------------

THIRDS = {"train": 0.4, "validation": 0.3, "test": 0.3}


def grouped_draft(run: Run, number: int, group: str, text: str) -> Draft:
    """A draft about a track of a group."""
    track = recommended(
        run.task, f"track:{group}:{number}", {**TRACK, "title": f"T{number}"}, LISTENER, group
    )
    return drafted(run, track, text)


ADJECTIVES = re.findall(
    r"\w+",
    "amber bitter careful distant eager faded gentle hollow icy jagged keen lonely murky narrow "
    "odd pale quiet rusty sour tender urgent velvet weary young zealous brisk crooked dusty "
    "electric fierce",
)
NOUNS = re.findall(
    r"\w+",
    "anvil bridge candle desert engine forest garden harbour island jacket kitchen ladder mirror "
    "needle orchard palace quarry ribbon saddle temple umbrella valley window yard zebra bottle "
    "cathedral drawer elbow fountain",
)


def own_line(number: int) -> str:
    """A line that no check minds and that is like none of another number below thirty."""
    adjective, noun = ADJECTIVES[number], NOUNS[number]
    more, other = ADJECTIVES[number - 11], NOUNS[number - 7]
    return f"Dead Rabbitts make metalcore {adjective} as {noun} and {more} beside {other}."


def many_goldens(run: Run, editor: Person, groups: int = 12) -> None:
    """Two goldens a group, none like another one."""
    for number in range(groups * 2):
        group = f"group {number % groups}"
        reviewed(grouped_draft(run, number, group, own_line(number)), editor)


def splits_of(dataset: Dataset) -> dict[str, set[str]]:
    """Group -> the splits in which it has rows."""
    found: dict[str, set[str]] = {}
    for split in SPLITS:
        for row in rows_of(dataset, f"sft/{split}.jsonl"):
            assert row["split"] == split
            found.setdefault(row["group"], set()).add(split)
    return found


def test_a_group_is_in_one_split_and_stays_there_whatever_later_versions_ask_for(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor)
    first = splits_of(built(ml_engineer, shares=THIRDS))
    reviewed(
        grouped_draft(
            run,
            99,
            "group 1",
            "Dead Rabbitts return to metalcore with something that nobody had heard before.",
        ),
        editor,
    )

    second = splits_of(built(ml_engineer, shares={"train": 0.9, "test": 0.1}))
    other = splits_of(built(ml_engineer, shares=THIRDS, salt="another"))

    assert all(len(splits) == 1 for splits in first.values())
    assert {split for splits in first.values() for split in splits} == set(SPLITS)
    assert second == first
    assert other != first
    assert GroupSplit.objects.filter(salt="copydesk").count() == 12


def test_examinations_are_those_of_splits_that_nothing_is_trained_on(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor)

    dataset = built(ml_engineer, shares=THIRDS, formats=["sft", "eval"])

    trained = {row["golden_id"] for row in rows_of(dataset, "sft/train.jsonl")}
    examined = {
        row["golden_id"]
        for split in ("validation", "test")
        for row in rows_of(dataset, f"eval/{split}.jsonl")
    }
    assert trained
    assert examined
    assert not trained & examined
    assert not dataset.files.filter(path="eval/train.jsonl").exists()


def test_too_small_a_split_fails_with_a_sentence(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=2)

    dataset = attempted(ml_engineer, shares=THIRDS, fewest={"test": 5})

    assert dataset.state == Dataset.State.FAILED
    assert dataset.failure.startswith("The split test would have too few reviews")
    assert not GroupSplit.objects.exists()


# Duplicates --------------------------------------------------------------------------------------

FIRST = (
    "Dead Rabbitts let metalcore burn slowly in brass and regret for patient listeners driving home"
)
ALMOST = f"{FIRST} alone"


def test_of_two_texts_that_are_nearly_the_same_one_goes(
    another_draft: Callable[[], Draft], editor: Person, ml_engineer: Person
) -> None:
    first = reviewed(another_draft(), editor, FIRST)
    reviewed(another_draft(), editor, FIRST.upper() + "!")
    reviewed(another_draft(), editor, ALMOST)

    strict = built(ml_engineer)
    lax = built(ml_engineer, alike=1.0)

    assert [row["golden_id"] for row in rows_of(strict, "sft/train.jsonl")] == [first.pk]
    assert strict.manifest is not None
    assert strict.manifest["left_out"] == {choosing.SAME: 1, choosing.NEAR: 1}
    assert len(rows_of(lax, "sft/train.jsonl")) == 2


def test_where_one_is_in_train_and_the_other_one_is_not_train_loses_it(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor)
    found = splits_of(built(ml_engineer, shares=THIRDS))
    trained = next(group for group, splits in sorted(found.items()) if splits == {"train"})
    examined = next(group for group, splits in sorted(found.items()) if splits == {"test"})
    earlier = reviewed(grouped_draft(run, 100, trained, "A draft."), editor, FIRST)
    later = reviewed(grouped_draft(run, 101, examined, "One more."), editor, ALMOST)

    dataset = built(ml_engineer, shares=THIRDS)

    assert dataset.manifest is not None
    assert dataset.manifest["left_out"] == {choosing.LEAKING: 1}
    assert later.pk in {row["golden_id"] for row in rows_of(dataset, "sft/test.jsonl")}
    assert earlier.pk not in {row["golden_id"] for row in rows_of(dataset, "sft/train.jsonl")}


# Caps and filters --------------------------------------------------------------------------------


def test_caps_on_groups_and_editors_take_the_same_rows_each_time(
    run: Run, editor: Person, second_editor: Person, ml_engineer: Person
) -> None:
    many_goldens(run, editor, groups=5)
    many = grouped_draft(
        run,
        50,
        "group 50",
        "Dead Rabbitts return to metalcore with something that nobody had heard before.",
    )
    reviewed(many, second_editor)

    first = built(ml_engineer, most_per_group=1, most_per_editor=3)
    second = built(ml_engineer, most_per_group=1, most_per_editor=3)

    rows = rows_of(first, "sft/train.jsonl")
    assert max(Counter(row["group"] for row in rows).values()) == 1
    assert len(rows) == 4
    assert rows == rows_of(second, "sft/train.jsonl")
    assert first.manifest is not None
    assert first.manifest["left_out"] == {choosing.OF_GROUP: 5, choosing.OF_EDITOR: 2}


def test_each_filter_lets_through_what_it_names(
    another_draft: Callable[[], Draft], editor: Person, second_editor: Person, ml_engineer: Person
) -> None:
    plain = reviewed(another_draft(), editor)
    marked = reviewed(another_draft(), second_editor)
    tagged(marked.review, MINOR)
    category = marked.review.tags.get().category.slug
    criterion = marked.task.criteria.order_by("pk").first()
    assert criterion is not None
    marked.review.answers.create(criterion=criterion, answer="yes")
    today = timezone.localdate()

    def found(**filters: Any) -> set[int]:
        dataset = attempted(ml_engineer, filters=filters)
        return {row["golden_id"] for row in rows_of(dataset, "sft/train.jsonl")}

    both = {plain.pk, marked.pk}
    assert found(editors=["bela"]) == {marked.pk}
    assert found(tags=[category]) == {marked.pk}
    assert found(criteria={criterion.slug: "yes"}) == {marked.pk}
    assert found(criteria={criterion.slug: "no"}) == set()
    assert found(models=["smollm2-135m-instruct"], prompts=[1], locales=["en"]) == both
    assert found(locales=["de"]) == set()
    assert found(reviewed_from=str(today), reviewed_until=str(today)) == both
    assert found(reviewed_until=str(today - timedelta(days=1))) == set()
    assert found(agreement="agreed") == both


def test_agreed_means_that_all_who_looked_at_the_draft_said_the_same(
    another_draft: Callable[[], Draft], editor: Person, second_editor: Person, ml_engineer: Person
) -> None:
    same, different = another_draft(), another_draft()
    agreed = reviewed(
        same, editor, "Dead Rabbitts put metalcore in one way for people who like it loud."
    )
    reviewed(same, second_editor, "Quietly now: Dead Rabbitts also know how to whisper metalcore.")
    reviewed(different, editor, "Nothing else in metalcore sounds as angry as Dead Rabbitts here.")
    rejected(different, second_editor)

    dataset = built(ml_engineer, filters={"agreement": "agreed"})

    rows = rows_of(dataset, "sft/train.jsonl")
    assert {row["draft_id"] for row in rows} == {same.pk}
    assert agreed.pk in {row["golden_id"] for row in rows}


def test_a_recipe_can_name_another_prompt_to_ask_with(
    ready_draft: Draft, editor: Person, ml_engineer: Person, music_task: Task
) -> None:
    reviewed(ready_draft, editor, LINE)
    prompt = Prompt.objects.create(
        task=music_task,
        number=2,
        system="Be brief.",
        user_template="Title: {{ /item/title }}",
        sha256="9" * 64,
    )

    [row] = rows_of(built(ml_engineer, prompts={"music-oneliner": 2}), "sft/train.jsonl")

    assert row["prompt"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Title: Deer Heart"},
    ]
    assert (row["prompt_id"], row["prompt_number"]) == (prompt.pk, 2)
