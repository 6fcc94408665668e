"""`dpo` and `kto`: which of two answers is the better one, and which answers are to be liked."""

from collections.abc import Iterable, Iterator, Mapping

from feedback.formats.base import (
    PROVENANCE,
    About,
    Example,
    Kind,
    Row,
    answered,
    judged,
    listed,
    pair_id,
)


class Dpo:
    """`chosen` over `rejected`, with the tags that say why."""

    slug = "dpo"
    about = About.PAIRS
    sentence = "The golden over the draft, with the causes that an editor named."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "prompt": "messages",
        "chosen": "messages",
        "rejected": "messages",
        "causes": "tags",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return (
            {
                "id": pair_id(example),
                "prompt": listed(example.prompt),
                "chosen": listed(answered(example.answer)),
                "rejected": listed(answered(example.draft_answer)),
                "causes": example.tags,
                **example.provenance,
            },
        )


class Kto:
    """`label` says whether the completion is to be liked."""

    slug = "kto"
    about = About.JUDGED
    sentence = "Single answers, each to be liked or not."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "prompt": "messages",
        "completion": "messages",
        "label": "truth",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterator[Row]:
        """Yield a row for each answer that the review judges."""
        for row_id, text, label in judged(example):
            yield {
                "id": row_id,
                "prompt": listed(example.prompt),
                "completion": listed(answered(text)),
                "label": label,
                **example.provenance,
            }
