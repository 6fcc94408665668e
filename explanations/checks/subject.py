"""What a check gets to look at: a text, its facts and the rules of its task, as plain data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from explanations.context import Fact, Mention, leaf_facts, mentions_of
from explanations.output_formats import OutputFormat, get_output_format


@dataclass(frozen=True)
class Subject:
    """A text under check. Mentions of facts are found once, for all checks."""

    text: str
    task: str
    output_format: OutputFormat
    word_limit: int
    locale: str
    facts: Mapping[str, object]
    output: Mapping[str, object] | None = None
    catalogue: object | None = None
    published: Collection[str] = field(default=())

    @cached_property
    def leaves(self) -> list[Fact]:
        """Every fact."""
        return leaf_facts(self.facts)

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where the text names facts."""
        return mentions_of(self.leaves, self.text)

    @cached_property
    def masked(self) -> str:
        """The text with every named fact blanked out by spaces: same length, same offsets.

        What a fact says itself (a title such as "1999" or "Stop! In the Name of Love") is nothing
        that a writer could be blamed for.
        """
        characters = list(self.text)
        for mention in self.mentions:
            blank = " " * (mention.end - mention.start)
            characters[mention.start : mention.end] = blank
        return "".join(characters)


def make_subject(
    text: str,
    recommendation: Mapping[str, object],
    catalogue: object | None = None,
    published: Collection[str] | None = None,
) -> Subject:
    """Read a recommendation as ``run_checks`` documents it. Raises KeyError for what is missing."""
    output = recommendation.get("output")
    word_limit = recommendation["word_limit"]
    if not isinstance(word_limit, int):
        raise TypeError("word_limit must be a number of words")
    return Subject(
        text=text,
        task=str(recommendation["task"]),
        output_format=get_output_format(str(recommendation["output_format"])),
        word_limit=word_limit,
        locale=str(recommendation["locale"]),
        facts={"item": recommendation["item"], "audience": recommendation["audience"]},
        output=output if isinstance(output, Mapping) else None,
        catalogue=catalogue,
        published=published or (),
    )
