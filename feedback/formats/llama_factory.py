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
    judged,
    listed,
    pair_id,
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
                "id": pair_id(example),
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
        """Yield a row for each answer that the review judges."""
        for row_id, text, label in judged(example):
            yield {
                "id": row_id,
                "messages": listed(example.prompt, answered(text)),
                "label": label,
                **example.provenance,
            }
