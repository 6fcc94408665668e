"""`dpo` and `kto`: which of two answers is the better one, and which answers are to be liked."""

from collections.abc import Iterable, Iterator, Mapping

from feedback.formats.base import (
    PROVENANCE,
    About,
    Example,
    Kind,
    Row,
    answered,
    draft_id,
    golden_id,
    listed,
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
                "id": f"{golden_id(example)}-over-{draft_id(example)}",
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
        """Yield the golden as liked, and the draft as not liked, where the review says so."""
        if example.likes_answer:
            yield self._row(golden_id(example), example, example.answer, True)
        if example.dislikes_draft:
            yield self._row(draft_id(example), example, example.draft_answer, False)

    def _row(self, row_id: str, example: Example, text: str, label: bool) -> Row:
        return {
            "id": row_id,
            "prompt": listed(example.prompt),
            "completion": listed(answered(text)),
            "label": label,
            **example.provenance,
        }
