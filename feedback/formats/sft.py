"""`sft`: supervised fine-tuning on conversations, as TRL and `datasets` read them.

Prompt and completion are columns of their own, because trainers then take the loss on the
completion alone, whatever the chat template.
"""

from dataclasses import asdict

from feedback.formats.base import Example, Row


class Sft:
    """`prompt`, `completion`, and where they come from."""

    slug = "sft"

    def row(self, example: Example) -> Row:
        """Return the conversation, not rendered text: a chat template may write today's date."""
        return {
            "prompt": [dict(message) for message in example.prompt],
            "completion": [{"role": "assistant", "content": example.completion}],
            **asdict(example.provenance),
        }
