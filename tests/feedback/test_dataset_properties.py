"""What holds for every dataset, whatever is on the desk: shown on desks made by chance."""

import random
from itertools import combinations
from pathlib import Path
from typing import Any

import orjson
import pytest

from accounts.models import Person
from explanations.models import Run
from feedback.alignment import apply_changes
from feedback.models import Dataset
from feedback.near_texts import alike, word_pairs
from feedback.recipe import DEFAULT_ALIKE, SPLITS
from tests.feedback.building_desk import built, content_of, dataset_folder, rows_of
from tests.feedback.people_at_work import claimed, submitted, tag_on
from tests.feedback.test_choosing import ADJECTIVES, NOUNS, THIRDS, grouped_draft
from tests.feedback.test_exporting import reviewed

__all__ = ["dataset_folder"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("dataset_folder")]


def lines_that_repeat_each_other(chance: random.Random, count: int) -> list[str]:
    """Lines of which many differ in a word or two, as those of one artist do."""
    lines: list[list[str]] = []
    for _ in range(count):
        if lines and chance.random() < 0.6:
            line = list(chance.choice(lines))
            line[chance.randrange(4, len(line))] = chance.choice(NOUNS)
        else:
            line = ["Dead", "Rabbitts", "make", "metalcore", *chance.sample(ADJECTIVES + NOUNS, 10)]
        lines.append(line)
    return [" ".join(line) for line in lines]


def goldens_by_split(dataset: Dataset) -> dict[str, list[dict[str, Any]]]:
    """The rows of each split."""
    return {split: rows_of(dataset, f"sft/{split}.jsonl") for split in SPLITS}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_group_is_in_two_splits_and_nothing_in_one_is_nearly_the_same_as_in_another(
    run: Run, editor: Person, ml_engineer: Person, seed: int
) -> None:
    chance = random.Random(seed)
    for number, line in enumerate(lines_that_repeat_each_other(chance, 40)):
        draft = grouped_draft(run, number, f"group {chance.randrange(12)}", "A draft.")
        reviewed(draft, editor, line)

    dataset = built(ml_engineer, shares=THIRDS, salt=f"salt-{seed}")

    by_split = goldens_by_split(dataset)
    groups = [{row["group"] for row in rows} for rows in by_split.values()]
    assert all(one.isdisjoint(other) for one, other in combinations(groups, 2))
    assert sum(map(bool, groups)) > 1
    texts = [
        word_pairs(row["completion"][0]["content"]) for rows in by_split.values() for row in rows
    ]
    assert 1 < len(texts) < 40
    assert max(alike(one, other) for one, other in combinations(texts, 2)) < DEFAULT_ALIKE


def test_spans_quote_their_words_and_the_alignment_makes_the_golden_of_the_draft(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    chance = random.Random(3)
    strange = ["naïve", "“louder”", "日本語", "🎧🏽", "e\u0301", "𝕯eer", "back\\slash"]
    for number in range(10):
        words = ["Dead", "Rabbitts", "play", *chance.sample(NOUNS, 3), *chance.sample(strange, 2)]
        line = " ".join(chance.sample(words, 8)) + "."
        draft = grouped_draft(run, number, f"group {number}", line)
        changed = [word for word in words[3:6] if chance.random() < 0.7] or words[3:4]
        rewrite = draft.text
        for word in changed:
            rewrite = rewrite.replace(word, chance.choice(ADJECTIVES), 1)
        tags = [tag_on(draft, word, severity=5) for word in changed]
        submitted(editor, claimed(editor), outcome="EDIT", rewrite=rewrite, tags=tags)

    rows = rows_of(built(ml_engineer, formats=["spans", "dpo"]), "spans/train.jsonl")

    assert len(rows) > 5
    for row in rows:
        for tag in row["tags"]:
            assert row["draft"][tag["start"] : tag["end"]] == tag["quote"] != ""
        assert apply_changes(row["draft"], row["alignment"]) == row["golden"] != row["draft"]


def test_what_is_read_from_a_line_and_written_again_is_the_same_line(
    run: Run, editor: Person, ml_engineer: Person
) -> None:
    texts = [
        "a\u2028b",
        "tab\tbed",
        "back\\slash",
        '"quoted"',
        "日本語",
        "🎧",
        "e\u0301",
        "</script>",
    ]
    for number, text in enumerate(texts):
        line = f"Dead Rabbitts play {NOUNS[number]} {ADJECTIVES[number]} metalcore {text} once."
        reviewed(grouped_draft(run, number, "group", "A draft."), editor, line)

    dataset = built(ml_engineer, formats=["sft", "kto", "spans"])

    for file in dataset.files.filter(path__endswith=".jsonl"):
        lines = content_of(dataset, file.path).split(b"\n")
        assert lines.pop() == b""
        assert len(lines) == file.rows
        assert len(lines) > 5
        assert [orjson.dumps(orjson.loads(line)) for line in lines] == lines


def test_the_same_recipe_on_the_same_data_gives_the_same_bytes(
    run: Run, editor: Person, ml_engineer: Person, dataset_folder: Path
) -> None:
    chance = random.Random(4)
    for number, line in enumerate(lines_that_repeat_each_other(chance, 20)):
        outcome = chance.choice(["EDIT", "ACCEPT"])
        reviewed(grouped_draft(run, number, f"group {number % 7}", line), editor, outcome=outcome)
    recipe: dict[str, Any] = {
        "formats": ["sft", "kto", "spans", "eval"],
        "files": ["jsonl", "jsonl.gz", "parquet"],
        "shares": THIRDS,
        "most_per_group": 2,
    }

    first, second = built(ml_engineer, **recipe), built(ml_engineer, **recipe)

    def hashes(dataset: Dataset) -> dict[str, str]:
        return dict(dataset.files.exclude(format="").values_list("path", "sha256"))

    assert len(hashes(first)) > 12
    assert hashes(first) == hashes(second)
