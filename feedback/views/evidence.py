"""The facts of a draft as an editor reads them: labelled values, never raw JSON."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

import regex
from django.utils.translation import gettext_lazy

from explanations.context import (
    SIDES,
    Fact,
    FactMissing,
    get_fact,
    leaf_facts,
    make_pointer,
    pointer_label,
)

SIDE_TITLES = {"item": gettext_lazy("Item"), "audience": gettext_lazy("Audience")}
# What a reader looks for first. The database keeps no order of the names in a JSON object.
FIRST = ("title", "artist", "headline", "description")
_PLACEHOLDER = regex.compile(r"\{(/[^{}]+)\}")


@dataclass(frozen=True, slots=True)
class ShownFact:
    """One leaf with what is known about it: its source, whether the draft names it, reports."""

    pointer: str
    value: str
    source: str
    is_mentioned: bool
    is_reported: bool
    number: int | None = None
    """Of its link to the words that name it; None where the page links none."""
    assertions: tuple[int, ...] = ()
    """In which it stands, counted from one."""

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to say of it but its value, as of most facts."""
        return not (self.is_mentioned or self.is_reported or self.source or self.assertions)


@dataclass(frozen=True, slots=True)
class FactRow:
    """A label and its values: one, or the entries of a list, each of one fact or more."""

    label: str
    entries: tuple[tuple[ShownFact, ...], ...]
    is_list: bool


@dataclass(frozen=True, slots=True)
class EvidenceSide:
    """The facts of the item, or those of the audience."""

    title: str
    rows: tuple[FactRow, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What is said about facts, by their pointers."""

    sources: Mapping[str, str]
    mentioned: Collection[str]
    reported: Collection[str]
    numbers: Mapping[str, int] = field(default_factory=dict)
    assertions: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


def evidence(facts: Mapping[str, object], marks: Marks) -> list[EvidenceSide]:
    """Return both sides in document order; a side without facts is left out."""
    shown = [_shown(fact, marks) for fact in leaf_facts(facts)]
    sides = [
        EvidenceSide(_title(facts.get(side), side), tuple(_rows(facts.get(side), (side,), shown)))
        for side in SIDES
    ]
    return [side for side in sides if side.rows]


def _title(value: object, side: str) -> str:
    """Return what the side is about: the item's kind where it says one."""
    kind = value.get("kind") if isinstance(value, Mapping) else None
    return kind.capitalize() if isinstance(kind, str) and kind else str(SIDE_TITLES[side])


def _in_reading_order(value: Mapping[str, object]) -> list[tuple[str, object]]:
    def place(pair: tuple[str, object]) -> int:
        return FIRST.index(pair[0]) if pair[0] in FIRST else len(FIRST)

    return sorted(((str(key), member) for key, member in value.items()), key=place)


def item_address(template: str, facts: Mapping[str, object]) -> str:
    """Return where an editor opens the item, or "" when the task has no address for it.

    Facts are untrusted: each is quoted as one part of the address, and only a template that is a
    web address itself makes one.
    """
    if not template.startswith(("https://", "http://")):
        return ""
    try:
        return _PLACEHOLDER.sub(
            lambda match: quote(str(get_fact(facts, match.group(1))), safe=""), template
        )
    except FactMissing:
        return ""


def _rows(value: object, path: tuple[str, ...], shown: Sequence[ShownFact]) -> Iterator[FactRow]:
    if not isinstance(value, Mapping):
        return
    for key, member in _in_reading_order(value):
        here = (*path, key)
        if here == ("item", "kind"):
            continue  # it is the title
        label = pointer_label(make_pointer(here)).capitalize()
        if isinstance(member, Mapping):
            yield from _rows(member, here, shown)
            continue
        places = (
            [(*here, str(index)) for index in range(len(member))]
            if isinstance(member, list | tuple)
            else [here]
        )
        entries = [_below(make_pointer(place), shown) for place in places]
        if any(entries):
            yield FactRow(label, tuple(filter(None, entries)), isinstance(member, list | tuple))


def _below(pointer: str, shown: Sequence[ShownFact]) -> tuple[ShownFact, ...]:
    """Return the facts at the pointer and within what stands there."""
    return tuple(
        fact for fact in shown if fact.pointer == pointer or fact.pointer.startswith(pointer + "/")
    )


def _shown(fact: Fact, marks: Marks) -> ShownFact:
    return ShownFact(
        pointer=fact.pointer,
        value=value_in_words(fact.value),
        source=marks.sources.get(fact.pointer, ""),
        is_mentioned=fact.pointer in marks.mentioned,
        is_reported=fact.pointer in marks.reported,
        number=marks.numbers.get(fact.pointer),
        assertions=marks.assertions.get(fact.pointer, ()),
    )


def value_in_words(value: object) -> str:
    """Return a fact's value as it is shown: yes and no for a truth value, a number as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
