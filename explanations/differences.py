"""The difference between two versions of a text, by lines and within them by words.

Made to be read: what changed stands in a few lines of what surrounds it, and the rest is folded.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

import regex

SHOWN_AROUND: Final = 2
# Below this likeness a passage was written anew, and word by word nobody could read it.
LEAST_LIKENESS: Final = 0.4
MOST_WORD_PAIRS: Final = 1_000_000

_WORD: Final = regex.compile(
    r"\p{N}+(?:[.,]\p{N}+)+|[\p{L}\p{N}\p{M}_]+|\n|[^\S\n]+|[^\p{L}\p{N}\p{M}_\s]"
)

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text that stayed, went or came."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """Stretches that are read together; or, without any, `folded` lines that stayed."""

    stretches: tuple[Stretch, ...] = ()
    folded: int = 0


def difference(before: str, after: str) -> list[Passage]:
    """Return what turns `before` into `after`, in reading order; empty when nothing does.

    The kept and removed stretches of a text without folds make `before`, the kept and added ones
    `after`.
    """
    if before == after:
        return []
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    passages: list[Passage] = []
    shown: list[Stretch] = []
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for place, (what, old_from, old_to, new_from, new_to) in enumerate(opcodes):
        if what != "equal":
            shown += _changed("".join(old[old_from:old_to]), "".join(new[new_from:new_to]))
            continue
        lines = old[old_from:old_to]
        above = SHOWN_AROUND if place > 0 else 0
        below = SHOWN_AROUND if place < len(opcodes) - 1 else 0
        folded = len(lines) - above - below
        if folded < 2:  # a fold would take the room of the line that it hides
            shown.append(Stretch("same", "".join(lines)))
            continue
        shown.append(Stretch("same", "".join(lines[:above])))
        passages += _passage(shown)
        passages.append(Passage(folded=folded))
        shown = [Stretch("same", "".join(lines[above + folded :]))]
    return passages + _passage(shown)


def _passage(stretches: Sequence[Stretch]) -> list[Passage]:
    written = tuple(stretch for stretch in stretches if stretch.text)
    return [Passage(written)] if written else []


def _changed(before: str, after: str) -> list[Stretch]:
    whole = [Stretch("removed", before), Stretch("added", after)]
    old, new = _WORD.findall(before), _WORD.findall(after)
    if not old or not new or len(old) * len(new) > MOST_WORD_PAIRS:
        return whole
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < LEAST_LIKENESS:
        return whole
    return _words_first(list(_word_stretches(matcher.get_opcodes(), old, new)))


def _word_stretches(
    opcodes: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str]
) -> Iterator[Stretch]:
    removed = added = ""
    for place, (what, old_from, old_to, new_from, new_to) in enumerate(opcodes):
        went, came = "".join(old[old_from:old_to]), "".join(new[new_from:new_to])
        # Two changed words read better as one change than with a space that stayed between them.
        is_space_between = went.isspace() and "\n" not in went
        neighbours = {each[0] for each in (*opcodes[place - 1 : place], *opcodes[place + 1 :][:1])}
        if what != "equal" or (is_space_between and neighbours == {"replace"} and removed):
            removed, added = removed + went, added + came
            continue
        yield from _change(removed, added)
        removed = added = ""
        yield Stretch("same", came)
    yield from _change(removed, added)


def _change(removed: str, added: str) -> Iterator[Stretch]:
    if removed:
        yield Stretch("removed", removed)
    if added:
        yield Stretch("added", added)


def _words_first(stretches: list[Stretch]) -> list[Stretch]:
    """Let what went or came begin with a word and end with the space behind it.

    "one[ vivid] line" and "one [vivid ]line" are the same change; the second is easier to read.
    """
    for at in range(1, len(stretches) - 1):
        before, change, after = stretches[at - 1 : at + 2]
        is_alone = before.kind == after.kind == "same" != change.kind
        if is_alone and change.text[:1] == " " == after.text[:1]:
            stretches[at - 1 : at + 2] = [
                Stretch("same", before.text + " "),
                Stretch(change.kind, change.text[1:] + " "),
                Stretch("same", after.text[1:]),
            ]
    return stretches
