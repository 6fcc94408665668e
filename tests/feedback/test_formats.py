"""The rows of training files."""

import pytest

from feedback.formats import (
    Example,
    Provenance,
    UnknownTrainingFormat,
    get_training_format,
    training_format_slugs,
)

PROVENANCE = Provenance(
    id=7,
    task="music-oneliner",
    group="Dead Rabbitts",
    locale="en",
    recommendation="track:deer-heart",
    review_id=5,
    draft_id=3,
    prompt_id=2,
    prompt_number=1,
    prompt_sha256="0" * 64,
    guide_number=None,
    model="smollm2-135m-instruct",
)
EXAMPLE = Example(
    prompt=[
        {"role": "system", "content": "You write one sentence."},
        {"role": "user", "content": "Artist: Dead Rabbitts"},
    ],
    completion="Dead Rabbitts at full tilt.",
    provenance=PROVENANCE,
)


def test_sft_is_a_conversation_with_the_golden_as_its_completion() -> None:
    row = get_training_format("sft").row(EXAMPLE)

    assert row["prompt"] == [
        {"role": "system", "content": "You write one sentence."},
        {"role": "user", "content": "Artist: Dead Rabbitts"},
    ]
    assert row["completion"] == [{"role": "assistant", "content": "Dead Rabbitts at full tilt."}]


@pytest.mark.parametrize("slug", training_format_slugs())
def test_every_format_keeps_where_a_row_comes_from_in_flat_columns(slug: str) -> None:
    row = get_training_format(slug).row(EXAMPLE)

    columns = {name: row[name] for name in Provenance.__dataclass_fields__}
    assert columns == {
        "id": 7,
        "task": "music-oneliner",
        "group": "Dead Rabbitts",
        "locale": "en",
        "recommendation": "track:deer-heart",
        "review_id": 5,
        "draft_id": 3,
        "prompt_id": 2,
        "prompt_number": 1,
        "prompt_sha256": "0" * 64,
        "guide_number": None,
        "model": "smollm2-135m-instruct",
    }


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UnknownTrainingFormat, match="parquet"):
        get_training_format("parquet")
