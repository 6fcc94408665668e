"""`openai-chat` and `openai-preference`: the files that OpenAI's fine-tuning service takes.

It refuses keys that it does not know, so these have no provenance: line by line they are the rows
of `sft` and of `dpo`, which do.
"""

from collections.abc import Iterable, Mapping

import orjson

from feedback.formats.base import About, Example, Kind, Row, answered, listed


class OpenAIChat:
    """`messages` alone."""

    slug = "openai-chat"
    about = About.ANSWERS
    sentence = "Chats for OpenAI's fine-tuning service; row for row those of sft."
    columns: Mapping[str, Kind] = {"messages": "messages"}

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return ({"messages": listed(example.prompt, answered(example.answer))},)


class OpenAIPreference:
    """A preferred and a non-preferred output for one input."""

    slug = "openai-preference"
    about = About.PAIRS
    sentence = "Preferences for OpenAI's fine-tuning service; row for row those of dpo."
    columns: Mapping[str, Kind] = {
        "input": "wrapped",
        "preferred_output": "messages",
        "non_preferred_output": "messages",
    }

    def rows(self, example: Example) -> Iterable[Row]:
        """Return one row."""
        return (
            {
                "input": orjson.Fragment(b'{"messages":[%b]}' % example.prompt),
                "preferred_output": listed(answered(example.answer)),
                "non_preferred_output": listed(answered(example.draft_answer)),
            },
        )
