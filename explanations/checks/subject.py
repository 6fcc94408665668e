"""What a check gets to look at: a text, its facts and the rules of its task, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from typing import NamedTuple

from explanations.checks.catalogue import Catalogue, WordedText, make_catalogue, worded
from explanations.checks.given import object_at, output_format_of, text_at, word_limit_of
from explanations.checks.published import (
    Published,
    Words,
    make_published,
    owner_of,
    wording,
)
from explanations.checks.words import WORD, compared, words_of
from explanations.context import Fact, Mention, leaf_facts, mentions_of
from explanations.guide_rules import GuideRules, read_rules, shipped_rules
from explanations.output_formats import OutputFormat, get_output_format


class Word(NamedTuple):
    """A word of the text as it is compared, with where it stands."""

    written: str
    start: int
    end: int


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
    catalogue: Catalogue | None = None
    published: Published | None = None
    rules: GuideRules = field(default_factory=GuideRules)

    @cached_property
    def leaves(self) -> list[Fact]:
        """Every fact."""
        return leaf_facts(self.facts)

    @cached_property
    def mentions(self) -> list[Mention]:
        """Where the text names facts."""
        return mentions_of(self.leaves, self.text)

    @cached_property
    def worded(self) -> WordedText:
        """The text as names are looked for in it."""
        return worded(self.text)

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

    @cached_property
    def words(self) -> list[Word]:
        """The words that are no named fact, without case, apostrophes straight."""
        return [
            Word(compared(found.group()), found.start(), found.end())
            for found in WORD.finditer(self.masked)
        ]

    @cached_property
    def words_beside_facts(self) -> Words:
        """The words that are no named fact, as lines are compared by them."""
        return wording(word.written for word in self.words)

    @cached_property
    def owner(self) -> str:
        """What stands for the item among published lines."""
        item = self.facts.get("item")
        return owner_of(item) if isinstance(item, Mapping) else ""

    @cached_property
    def words_of_facts(self) -> frozenset[str]:
        """Every word that stands in a fact, compared as `words` are."""
        return frozenset(
            chain.from_iterable(
                _words_of(fact.value) for fact in self.leaves if isinstance(fact.value, str)
            )
        )


@lru_cache(maxsize=4096)
def _words_of(value: str) -> tuple[str, ...]:
    """Return the words of a fact; genres, skills and descriptions come again and again."""
    return words_of(value)


def make_subject(
    text: str,
    recommendation: Mapping[str, object],
    catalogue: object | None = None,
    published: object | None = None,
) -> Subject:
    """Read a recommendation as ``run_checks`` documents it.

    Raises KeyError for what is missing and TypeError for what is of another type, naming the key.
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a string, not {type(text).__name__}")
    if not isinstance(recommendation, Mapping):
        raise TypeError(f"recommendation must be an object, not {type(recommendation).__name__}")
    task = text_at(recommendation, "task")
    output_format = output_format_of(recommendation, task)
    output = recommendation.get("output")
    return Subject(
        text=text,
        task=task,
        output_format=get_output_format(output_format),
        word_limit=word_limit_of(recommendation, task),
        locale=text_at(recommendation, "locale", "en"),
        facts={
            "item": object_at(recommendation, "item", required=True),
            "audience": object_at(recommendation, "audience", required=False),
        },
        output=output if isinstance(output, Mapping) else None,
        catalogue=None if catalogue is None else make_catalogue(catalogue),
        published=None if published is None else make_published(published),
        rules=_rules(recommendation.get("guide"), task, output_format),
    )


def _rules(guide: object, task: str, output_format: str) -> GuideRules:
    """Return the rules of the guide that was given, else of the one that ships with the task."""
    if isinstance(guide, GuideRules):
        return guide
    if isinstance(guide, Mapping):
        return read_rules(guide)
    if guide is not None:
        raise TypeError(f"guide must be an object, not {type(guide).__name__}")
    of_task = shipped_rules(task)
    return of_task if of_task != GuideRules() else shipped_rules(output_format)
