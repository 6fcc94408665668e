"""The assertions of a text: its sentences or bullets, and the facts that bear them out or do not.

What is claimed is not understood here. A fact that is named supports the assertion in which it
stands, and a check that points at words of it speaks against it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import regex

from explanations.context import Fact, Mention, mentions_of, pointer_label

Standing = Literal["supported", "contradicted", "without evidence"]

# Categories of findings that say that facts, or the rule that follows from them, say otherwise.
CONTRADICTING: Final = frozenset({"attribution", "contradicts", "verdict"})
UNSUPPORTED: Final = "unsupported"

_LINE: Final = regex.compile(r"[^\n]+")
_BULLET: Final = regex.compile(r"\s*[+−–•*-]\s")
# A full stop that ends a word and no sentence: what is commonly cut short, initials and the like.
_STOP_WITHIN: Final = regex.compile(
    r"(?<![\p{L}\p{N}])(?:feat|ft|vs|mr|mrs|ms|dr|st|no|nos|vol|pt|op|jr|sr|etc|approx|ca|inc|ltd|co"
    r"|dept|prof|e\.g|i\.e|a\.k\.a|(?-i:\p{Lu}))\.",
    flags=regex.IGNORECASE,
)
_SENTENCE_END: Final = regex.compile(
    r"(?:[.!?…]+[\"'”’»)\]]*(?=\s+[^\s\p{Ll}])|[。！？]+[」』”]*(?=\S)|[؟۔]+(?=\s*\S))"
)
_NUMBER: Final = regex.compile(r"(?<![\p{L}\p{N}.,])[0-9]+(?:[.,][0-9]+)*(?![\p{L}\p{N}])")
_WORD: Final = regex.compile(r"\p{L}{3,}")
# Below it a number says too little to be a fact's by itself: "4" is in every second text.
_SMALLEST_TELLING_NUMBER: Final = 10


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding, as far as assertions care: where it points, and the slug of its category or ""."""

    start: int | None
    end: int | None
    category: str


@dataclass(frozen=True, slots=True)
class Assertion:
    """A sentence or bullet ``[start, end)``, in code points, and what the facts say of it.

    ``pointers`` are the facts that it names or rests on, in the order of first use.
    """

    start: int
    end: int
    standing: Standing
    pointers: tuple[str, ...] = ()


def split_assertions(text: str, mentions: Iterable[Mention] = ()) -> list[tuple[int, int]]:
    """Return where the sentences and bullets of a text stand, without white space around them.

    A line is at least one, a bullet is one however many sentences it has. A full stop of "feat.",
    "vs." or an initial ends nothing, and neither does one within a fact that the text names.
    """
    calm = _calm(text, mentions)
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        start = line.start()
        if not _BULLET.match(line.group()):
            for end in _SENTENCE_END.finditer(calm, line.start(), line.end()):
                spans.append((start, end.end()))
                start = end.end()
        spans.append((start, line.end()))
    return [span for start, end in spans if (span := _stripped(text, start, end))]


def evidence_in(text: str, leaves: Sequence[Fact]) -> list[Mention]:
    """Return where a text names facts, and where it gives a number that a fact holds.

    A number below ten counts when a word of the fact's name stands in the same assertion: "4 years"
    is a fact's `years_of_experience`, another 4 is not.
    """
    named = mentions_of(leaves, text)
    numeric = [
        fact
        for fact in leaves
        if isinstance(fact.value, int | float) and not isinstance(fact.value, bool)
    ]
    if not numeric:
        return named
    found = set(named)
    for start, end in split_assertions(text, named):
        words = {word.casefold() for word in _WORD.findall(text[start:end])}
        for number in _NUMBER.finditer(text, start, end):
            if any(m.start < number.end() and number.start() < m.end for m in named):
                continue
            found |= {
                Mention(*number.span(), fact.pointer)
                for fact in numeric
                if _says(number.group(), fact, words)
            }
    return sorted(found, key=lambda mention: (mention.start, -mention.end, mention.pointer))


def assertions_of(
    text: str,
    mentions: Sequence[Mention],
    remarks: Iterable[Remark],
    facts_of_lines: Sequence[Sequence[str]] = (),
) -> list[Assertion]:
    """Return the assertions of a text, each with how it stands.

    It is contradicted where a finding in it says that a fact speaks against it; without evidence
    where a finding says that no fact supports it, or where it names none; supported otherwise.
    ``mentions`` are `evidence_in` the text. ``facts_of_lines`` are, line by line, the facts on
    which a structured answer says that it rests.
    """
    remarks = list(remarks)
    return [
        _assertion(start, end, text, mentions, remarks, facts_of_lines)
        for start, end in split_assertions(text, mentions)
    ]


def _assertion(
    start: int,
    end: int,
    text: str,
    mentions: Sequence[Mention],
    remarks: Sequence[Remark],
    facts_of_lines: Sequence[Sequence[str]],
) -> Assertion:
    line = text.count("\n", 0, start)
    stated = facts_of_lines[line] if line < len(facts_of_lines) else ()
    named = [mention.pointer for mention in mentions if mention.start < end and start < mention.end]
    pointers = tuple(dict.fromkeys([*stated, *named]))
    against = {
        remark.category
        for remark in remarks
        if remark.start is not None and remark.end is not None
        if remark.start < end and start < remark.end
    }
    if against & CONTRADICTING:
        return Assertion(start, end, "contradicted", pointers)
    if UNSUPPORTED in against or not pointers:
        return Assertion(start, end, "without evidence", pointers)
    return Assertion(start, end, "supported", pointers)


def _calm(text: str, mentions: Iterable[Mention]) -> str:
    """Return the text, same length, with every full stop blanked that ends no sentence."""
    calm = list(text)
    for mention in mentions:
        # What stands at the very end of a name may end the sentence as well.
        for at in range(mention.start, mention.end - 1):
            calm[at] = "x" if text[at] in ".!?…" else text[at]
    for found in _STOP_WITHIN.finditer("".join(calm)):
        calm[found.end() - 1] = "x"
        for at in range(*found.span()):
            calm[at] = "x" if text[at] == "." else calm[at]
    return "".join(calm)


def _stripped(text: str, start: int, end: int) -> tuple[int, int] | None:
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    end -= len(words) - len(words.rstrip())
    return (start, end) if start < end else None


def _says(written: str, fact: Fact, words: set[str]) -> bool:
    try:
        number = float(written.replace(",", ""))
    except ValueError:
        return False
    if number != fact.value:
        return False
    label = {word.casefold() for word in _WORD.findall(pointer_label(fact.pointer))}
    return number >= _SMALLEST_TELLING_NUMBER or bool(label & words)
