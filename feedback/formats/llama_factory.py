"""`llama-factory-dpo` and `llama-factory-kto`: what LLaMA-Factory reads differently from TRL.

Its answers to choose from are one message each, not a list, and its judged answers stand at the end
of the conversation. For fine-tuning it reads `messages` as they are.
"""

from collections.abc import Iterable, Iterator, Mapping

import orjson

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


class LlamaFactoryDpo:
    """`messages` up to the question; `chosen` and `rejected`, one message each."""

    slug = "llama-factory-dpo"
    about = About.PAIRS
    sentence = "Pairs as LLaMA-Factory ranks them."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "messages": "messages",
        "chosen": "message",
        "rejected": "message",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return (
            {
                "id": f"{golden_id(example)}-over-{draft_id(example)}",
                "messages": listed(example.prompt),
                "chosen": orjson.Fragment(answered(example.answer)),
                "rejected": orjson.Fragment(answered(example.draft_answer)),
                **example.provenance,
            },
        )


class LlamaFactoryKto:
    """`messages` with the answer last, and its `label`."""

    slug = "llama-factory-kto"
    about = About.JUDGED
    sentence = "Single answers as LLaMA-Factory judges them."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "messages": "messages",
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
            "messages": listed(example.prompt, answered(text)),
            "label": label,
            **example.provenance,
        }
