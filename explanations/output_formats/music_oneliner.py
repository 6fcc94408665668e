"""``music-oneliner``: one plain sentence."""

from collections.abc import Mapping, Sequence

import regex

from explanations.context import Mention, clean_model_text, mentioned_facts
from explanations.output_formats.base import (
    EditForm,
    FormField,
    Output,
    ParsedOutput,
    UnusableOutput,
    count_words_without_names,
    pointers_mentioned,
)

MOST_CHARACTERS = 300
_SPACES = regex.compile(r" {2,}")
_FINISHED = regex.compile(r"[.!?…。！？؟।]['\"’”»›)\]]*$")


class MusicOneliner:
    """A line of plain text, as the model wrote it."""

    slug = "music-oneliner"
    edit_form: EditForm = (
        FormField(name="text", label="Line", kind="text", max_characters=MOST_CHARACTERS),
    )

    def response_schema(self, facts: Mapping[str, object]) -> dict[str, object] | None:
        """Return None: a line needs no structure."""
        return None

    def fixed_schema(self) -> dict[str, object] | None:
        """Return None: a line needs no structure."""
        return None

    def parse(self, completion_text: str, facts: Mapping[str, object]) -> ParsedOutput:
        """Read one finished line. Raises UnusableOutput when it is empty, several lines,
        cut or endless.
        """
        return ParsedOutput(_checked_line(completion_text))

    def validated(self, output: object, facts: Mapping[str, object]) -> Output:
        """Check ``{"text": line}`` as a form gives it. Raises UnusableOutput."""
        if not isinstance(output, dict) or set(output) != {"text"}:
            raise UnusableOutput("wrong_shape", "A line has a text and nothing else.")
        return {"text": _checked_line(str(output["text"]))}

    def render(self, output: Output) -> str:
        """Return the line itself."""
        return str(output["text"])

    def completion(self, text: str, output: Output | None, facts: Mapping[str, object]) -> str:
        """Return the line itself."""
        return text

    def word_count(
        self, text: str, facts: Mapping[str, object], mentions: Sequence[Mention] | None = None
    ) -> int:
        """Count the words of the line; title, artist, guests and remixers do not count."""
        found = mentioned_facts(text, facts) if mentions is None else mentions
        return count_words_without_names(text, found)

    def facts_of_lines(self, output: Output | None) -> list[list[str]]:
        """Return none: a line says what it rests on by naming it."""
        return []

    def rests_on(
        self,
        text: str,
        output: Output | None,
        facts: Mapping[str, object],
        mentions: Sequence[Mention] | None = None,
    ) -> list[str]:
        """Return the facts that the line names."""
        return pointers_mentioned(mentioned_facts(text, facts) if mentions is None else mentions)


def _checked_line(written: str) -> str:
    text = _SPACES.sub(" ", clean_model_text(written))
    if not text:
        raise UnusableOutput("empty", "Nothing is written.")
    if "\n" in text:
        raise UnusableOutput("several_lines", "There are several lines where one was asked for.")
    if len(text) > MOST_CHARACTERS:
        raise UnusableOutput(
            "too_long", f"There are {len(text)} characters; at most {MOST_CHARACTERS} make a line."
        )
    if not _FINISHED.search(text):
        raise UnusableOutput("unfinished", "The line stops before its sentence ends.")
    return text
