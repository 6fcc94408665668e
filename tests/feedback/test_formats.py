"""The rows of training files."""

from typing import Any

import orjson
import pytest

from feedback.formats import (
    PROVENANCE,
    Example,
    UnknownTrainingFormat,
    get_training_format,
    training_format_slugs,
)

WHERE_FROM = {
    "task": "music-oneliner",
    "split": "train",
    "group": "Dead Rabbitts",
    "locale": "en",
    "recommendation": "track:deer-heart",
    "golden_id": 7,
    "review_id": 5,
    "draft_id": 3,
    "prompt_id": 2,
    "prompt_number": 1,
    "prompt_sha256": "0" * 64,
    "guide_number": None,
    "model": "smollm2-135m-instruct",
}
ASKED = [
    {"role": "system", "content": "You write one sentence."},
    {"role": "user", "content": "Artist: Dead Rabbitts"},
]
TAG = {
    "category": "tone",
    "severity": 5,
    "scope": "span",
    "start": 0,
    "end": 6,
    "quote": "Insane",
    "note": "hype",
    "fact": "",
}
CHANGE = {
    "start": 0,
    "end": 6,
    "after_start": 0,
    "after_end": 2,
    "before": "Insane",
    "after": "At",
    "tags": [1],
    "by": "overlap",
    "cause": "",
}
EXAMPLE = Example(
    provenance=WHERE_FROM,
    prompt=b",".join(map(orjson.dumps, ASKED)),
    answer="At full tilt.",
    draft_answer="Insane full tilt.",
    likes_answer=True,
    dislikes_draft=True,
    facts='{"item":{"artist":"Dead Rabbitts"}}',
    golden="At full tilt.",
    alternatives=["Full tilt."],
    draft="Insane full tilt.",
    outcome="EDIT",
    tags=[TAG],
    alignment=[CHANGE],
)
GOOD = {"role": "assistant", "content": "At full tilt."}
BAD = {"role": "assistant", "content": "Insane full tilt."}

# What only these have, row by row; the rest of each is its provenance.
ROWS: dict[str, list[dict[str, Any]]] = {
    "sft": [{"id": "golden-7", "prompt": ASKED, "completion": [GOOD]}],
    "messages": [{"id": "golden-7", "messages": [*ASKED, GOOD]}],
    "dpo": [
        {
            "id": "golden-7-over-draft-3",
            "prompt": ASKED,
            "chosen": [GOOD],
            "rejected": [BAD],
            "causes": [TAG],
        }
    ],
    "kto": [
        {"id": "golden-7", "prompt": ASKED, "completion": [GOOD], "label": True},
        {"id": "draft-3", "prompt": ASKED, "completion": [BAD], "label": False},
    ],
    "spans": [
        {
            "id": "draft-3-review-5",
            "facts": '{"item":{"artist":"Dead Rabbitts"}}',
            "draft": "Insane full tilt.",
            "outcome": "EDIT",
            "tags": [TAG],
            "golden": "At full tilt.",
            "alignment": [CHANGE],
        }
    ],
    "eval": [
        {
            "id": "golden-7",
            "prompt": ASKED,
            "facts": '{"item":{"artist":"Dead Rabbitts"}}',
            "golden": "At full tilt.",
            "answer": "At full tilt.",
            "alternatives": ["Full tilt."],
        }
    ],
    "openai-chat": [{"messages": [*ASKED, GOOD]}],
    "openai-preference": [
        {
            "input": {"messages": ASKED},
            "preferred_output": [GOOD],
            "non_preferred_output": [BAD],
        }
    ],
    "llama-factory-dpo": [
        {"id": "golden-7-over-draft-3", "messages": ASKED, "chosen": GOOD, "rejected": BAD}
    ],
    "llama-factory-kto": [
        {"id": "golden-7", "messages": [*ASKED, GOOD], "label": True},
        {"id": "draft-3", "messages": [*ASKED, BAD], "label": False},
    ],
}
# These services refuse columns that they do not know.
BARE = {"openai-chat", "openai-preference"}


def rows_of(slug: str) -> list[dict[str, Any]]:
    """The rows of the example as a trainer reads them."""
    return [orjson.loads(orjson.dumps(row)) for row in get_training_format(slug).rows(EXAMPLE)]


@pytest.mark.parametrize("slug", training_format_slugs())
def test_each_format_has_the_rows_that_its_trainer_reads(slug: str) -> None:
    own = [
        {name: value for name, value in row.items() if name not in PROVENANCE}
        for row in rows_of(slug)
    ]

    assert own == ROWS[slug]


@pytest.mark.parametrize("slug", sorted(set(training_format_slugs()) - BARE))
def test_every_format_keeps_where_a_row_comes_from_in_flat_columns(slug: str) -> None:
    for row in rows_of(slug):
        assert {name: row[name] for name in PROVENANCE} == WHERE_FROM


@pytest.mark.parametrize("slug", training_format_slugs())
def test_the_columns_of_a_row_are_those_that_the_format_declares_in_their_order(slug: str) -> None:
    for row in rows_of(slug):
        assert list(row) == list(get_training_format(slug).columns)


def test_what_is_not_to_be_liked_or_disliked_gives_no_row() -> None:
    example = Example(provenance=WHERE_FROM, answer="At full tilt.", draft_answer="Insane.")

    assert list(get_training_format("kto").rows(example)) == []


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UnknownTrainingFormat, match="parquet"):
        get_training_format("parquet")
