"""`sft` and `messages`: supervised fine-tuning on conversations, as TRL and `datasets` read them.

Prompt and completion are columns of their own in the first, because trainers then take the loss on
the completion alone, whatever the chat template. Conversations, not rendered text: a chat template
may write today's date into it.
"""

from collections.abc import Iterable, Mapping

from feedback.formats.base import (
    PROVENANCE,
    About,
    Example,
    Kind,
    Row,
    answered,
    golden_id,
    listed,
)


class Sft:
    """`prompt`, `completion`, and where they come from."""

    slug = "sft"
    about = About.ANSWERS
    sentence = "Fine-tuning on prompt and completion; the loss is on the completion only."
    columns: Mapping[str, Kind] = {
        "id": "text",
        "prompt": "messages",
        "completion": "messages",
        **PROVENANCE,
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return (
            {
                "id": golden_id(example),
                "prompt": listed(example.prompt),
                "completion": listed(answered(example.answer)),
                **example.provenance,
            },
        )


class Messages:
    """`messages`, the answer last: what most other trainers call a chat."""

    slug = "messages"
    about = About.ANSWERS
    sentence = "Fine-tuning on whole conversations; the loss is on everything."
    columns: Mapping[str, Kind] = {"id": "text", "messages": "messages", **PROVENANCE}

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return (
            {
                "id": golden_id(example),
                "messages": listed(example.prompt, answered(example.answer)),
                **example.provenance,
            },
        )
