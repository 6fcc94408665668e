"""The catalogue's names as an index: which of 100,000 names stand in a text, in one pass.

Names and texts are compared as `context.fold` folds them, word by word: what stands between two
words (a hyphen, an apostrophe, a full stop) makes no difference, and "&" is "and". What a text
says about a name that it holds is for the checks to find out: "Bad", "Future" and "Train" are
names, and words.
"""

import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Final, Literal, NamedTuple, Self

import ahocorasick
import regex

from explanations.context import (
    SIDES,
    FoldedText,
    featured_artists,
    fold,
    remix_artists,
)

Kind = Literal["artist", "employer", "person"]
KINDS: Final[tuple[Kind, ...]] = ("artist", "employer", "person")
_BITS: Final[Mapping[Kind, int]] = {kind: 1 << place for place, kind in enumerate(KINDS)}
_SMALL: Final = 1 << len(KINDS)
"""The catalogue itself writes the name with a small letter: "blink-182"."""
_PUNCTUATED: Final = 2 << len(KINDS)
"""The name holds a comma or the like, and so may the text: "Earth, Wind & Fire"."""
_FLAGS: Final = 8
"""A value of the automaton holds the flags in its lowest bits, the length of the key above."""

_NAMES_KEPT: Final = 4096
_TITLES_KEPT: Final = 8192

# The last name of a fact's pointer says whose name it holds.
_KIND_OF_FACT: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(
        ("artist", "artists", "guest", "guests", "remixer", "remixers", "performer", "band"),
        "artist",
    ),
    **dict.fromkeys(
        ("employer", "employers", "company", "organization", "organisation", "label"), "employer"
    ),
    **dict.fromkeys(
        ("person", "people", "composer", "songwriter", "producer", "author", "contact", "manager"),
        "person",
    ),
}
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
# A character of a script without spaces is a word of its own here, so that a name may stand beside
# another word.
_WORD: Final = regex.compile(
    rf"[{_UNSPACED}]|[[\p{{L}}\p{{N}}]--[{_UNSPACED}]]+|&", flags=regex.VERSION1
)
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+|&")
_PARTING: Final = regex.compile(
    r"[,;:?!()\[\]\"“”„«»…—–]\s|[,;()\[\]\"“”„«»]|\s[-–—]\s|[.]\s\p{Lu}"
)
_VERSUS: Final = regex.compile(r"\s+(?:vs\.?|versus|pres\.?|presents)\s+", flags=regex.IGNORECASE)
_BRACKETS_AND_DASHES: Final = regex.compile(r"[()\[\]]|\s-\s")
# What stands before "Mix" and "Version" where nobody else had a hand in it.
_EDITION_WORDS: Final = """
acoustic album alternate bonus clean club demo dub edit english explicit extended full instrumental
live long main mix mono new original piano radio remastered remix short single spanish special
stereo studio us uk version video vip vocal
"""
_EDITIONS: Final = frozenset(_EDITION_WORDS.split())
_BETWEEN_NAMES: Final = regex.compile(r"\s*(?:,|&|\bx\b|\band\b)\s*", flags=regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WordedText:
    """A text as names are looked for in it.

    ``words`` holds its folded words with one space around each; ``starts`` and ``ends`` give, for
    each place in ``words`` at which a word begins, its span in the original text.
    """

    text: str
    words: str
    spans: Mapping[int, tuple[int, int]]

    def is_parted(self, start: int, end: int) -> bool:
        """Say whether a comma, a bracket or the end of a sentence stands within words.

        ``start`` and ``end`` are places in ``words``, each at the space around them.
        """
        if self.words.find(" ", start + 1, end - 1) == -1:
            return False
        first, last = self.spans[start + 1], self.spans[self.words.rindex(" ", start, end - 1) + 1]
        return bool(_PARTING.search(self.text, first[0], last[1]))


class Name(NamedTuple):
    """A name of the catalogue at ``[start, end)`` of a text."""

    start: int
    end: int
    kinds: frozenset[Kind]
    words: int
    """How many words it is made of."""
    is_written_small: bool
    """Whether the catalogue writes it with a small letter."""


@dataclass(frozen=True)
class Catalogue:
    """An index of names, built once; looking names up takes time by the text, not by the index."""

    _automaton: ahocorasick.Automaton
    size: int

    @classmethod
    def of(cls, names: Iterable[tuple[str, Kind]]) -> Self:
        """Index names with their kinds; a name without any letter or digit is left out."""
        automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        # An artist comes with each of their tracks, and folding a name is dear: each is taken once.
        seen: set[tuple[str, Kind]] = set()
        for each in names:
            if each in seen:
                continue
            seen.add(each)
            name, kind = each
            if key := worded(name).words:
                automaton.add_word(key, automaton.get(key, len(key) << _FLAGS) | _flags(name, kind))
        automaton.make_automaton()
        return cls(automaton, len(automaton))

    def extended(self, names: Iterable[tuple[str, Kind]]) -> Self:
        """Return an index that holds these names as well: this very one, if it does already."""
        added: dict[str, int] = {}
        for name, kind in names:
            key = worded(name).words
            known = added.get(key, self._automaton.get(key, len(key) << _FLAGS))
            value = known | _flags(name, kind)
            if key and value != self._automaton.get(key, 0):
                added[key] = value
        if not added:
            return self
        automaton = ahocorasick.Automaton(ahocorasick.STORE_INTS)
        for key, value in chain(self._automaton.items(), added.items()):
            automaton.add_word(key, value)
        automaton.make_automaton()
        return type(self)(automaton, len(automaton))

    def __len__(self) -> int:
        """Return how many different names are in it."""
        return self.size

    def names_in(self, text: WordedText) -> Iterator[Name]:
        """Yield the names that stand in a text, of those that overlap the longest."""
        if not self.size:
            return
        found = [
            (end + 1 - (value >> _FLAGS), end + 1, value)
            for end, value in self._automaton.iter(text.words)
        ]
        taken: list[tuple[int, int]] = []
        for start, end, value in sorted(found, key=lambda match: (match[0] - match[1], match[0])):
            if not value & _PUNCTUATED and text.is_parted(start, end):
                continue
            # The space behind a name stands before the next one too.
            if all(end - 1 <= begun or start >= past - 1 for begun, past in taken):
                taken.append((start, end))
                yield _name(text, start, end, value)


def worded(text: str, folded: FoldedText | None = None) -> WordedText:
    """Return a text as names are looked for in it; ``folded`` is ``fold(text)``, if at hand."""
    folded = folded or fold(text)
    spans: dict[int, tuple[int, int]] = {}
    parts: list[str] = []
    at = 1
    words = _ASCII_WORD if folded.characters.isascii() else _WORD
    for found in words.finditer(folded.characters):
        word = found.group()
        spans[at] = (folded.sources[found.start()], folded.sources[found.end() - 1] + 1)
        word = "and" if word == "&" else word
        parts.append(word)
        at += len(word) + 1
    return WordedText(text, f" {' '.join(parts)} " if parts else "", spans)


@lru_cache(maxsize=_NAMES_KEPT)
def words_of_name(name: str) -> str:
    """Return the words of a name as `worded` gives them, remembered for names that come again."""
    folded = fold(name).characters
    if not folded.isascii():
        return worded(name).words
    words = _ASCII_WORD.findall(folded.replace("&", " and "))
    return f" {' '.join(words)} " if words else ""


def names_of_recommendation(recommendation: Mapping[str, object]) -> Iterator[tuple[str, Kind]]:
    """Yield the names that a recommendation holds, those credited in titles among them."""
    sides = [recommendation.get(side) for side in SIDES] if "item" in recommendation else []
    for side in sides or [recommendation]:
        yield from _names_of_field("", side)


def _names_of_field(field: str, value: object) -> Iterator[tuple[str, Kind]]:
    """Walk by hand: a list of facts would cost three times as much for each of 100,000 rows."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from _names_of_field(str(key), member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _names_of_field(field, member)
    elif isinstance(value, str):
        if kind := _KIND_OF_FACT.get(field):
            yield value, kind
        elif field == "title":
            for name in _credited_again(value):
                yield name, "artist"


@lru_cache(maxsize=_TITLES_KEPT)
def _credited_again(title: str) -> tuple[str, ...]:
    """Remembered for titles that come again: what many have played lies beside many items."""
    return tuple(credited_in_title(title))


def credited_in_title(title: str) -> list[str]:
    """Return guests, remixers and both sides of a "vs." that a title names."""
    named = [*featured_artists(title), *remix_artists(title), *_rivals(title)]
    names = (name.rsplit(" - ", 1)[-1].strip() for name in named)
    return [name for name in names if not _EDITIONS.issuperset(name.casefold().split())]


def make_catalogue(catalogue: object) -> Catalogue:
    """Return an index of plain data, or the index that is given.

    Takes names, recommendations (as they are imported), or a mapping of names to kinds or of kinds
    to names. A list is indexed once and remembered while it is the same list of the same length.
    Raises TypeError for anything else, and ValueError for a kind that there is not.
    """
    if isinstance(catalogue, Catalogue):
        return catalogue
    if isinstance(catalogue, str | bytes) or not isinstance(catalogue, Iterable):
        raise TypeError("catalogue must be a Catalogue, names, recommendations or a mapping")
    if not isinstance(catalogue, Collection):
        return Catalogue.of(_plain(catalogue))
    return _remembered.get(catalogue)


class _Remembered:
    """The last few collections that were indexed, so that a loop over drafts does it once."""

    MOST: Final = 4
    MOST_COMPARED: Final = 2_000
    """Up to so many members, a collection that is new but equal is known again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[object, tuple[object, Catalogue]] = OrderedDict()

    def get(self, data: Collection[object]) -> Catalogue:
        """Return the index of a collection, from before if it is known."""
        key = self._key(data)
        kept = self._kept.get(key)
        # The data is kept too: an identity is only good while its object lives.
        index = kept[1] if kept else Catalogue.of(_plain(data))
        self._kept[key] = (data, index)
        self._kept.move_to_end(key)
        while len(self._kept) > self.MOST:
            self._kept.popitem(last=False)
        return index

    def _key(self, data: Collection[object]) -> object:
        if len(data) <= self.MOST_COMPARED and not isinstance(data, Mapping):
            try:
                return hash(frozenset(data)), len(data)
            except TypeError:
                pass  # recommendations have no hash
        return id(data), len(data)


_remembered = _Remembered()


def _plain(data: Iterable[object]) -> Iterator[tuple[str, Kind]]:
    if isinstance(data, Mapping):
        yield from _of_mapping(data)
        return
    for member in data:
        if isinstance(member, str):
            yield member, "artist"
        elif isinstance(member, Mapping):
            yield from _of_mapping(member)
        elif isinstance(member, tuple | list) and len(member) == 2:
            yield str(member[0]), _kind(member[1])
        else:
            raise TypeError(f"a catalogue has no place for a {type(member).__name__}")


def _of_mapping(data: Mapping[object, object]) -> Iterator[tuple[str, Kind]]:
    by_name = {str(key): value for key, value in data.items()}
    if isinstance(by_name.get("name"), str):
        yield str(by_name["name"]), _kind(by_name.get("kind", "artist"))
    elif "item" in by_name or "artist" in by_name or "title" in by_name:
        yield from names_of_recommendation(by_name)
    else:
        for key, value in by_name.items():
            if isinstance(value, str):
                yield key, _kind(value)
            elif isinstance(value, Iterable):
                for name in value:
                    yield str(name), _kind(key.removesuffix("s"))
            else:
                raise TypeError(f"a catalogue has no place for a {type(value).__name__}")


def _flags(name: str, kind: Kind) -> int:
    flags = _BITS[kind]
    flags |= _SMALL if name.lstrip()[:1].islower() else 0
    return flags | (_PUNCTUATED if _PARTING.search(name) else 0)


def _kind(value: object) -> Kind:
    for kind in KINDS:
        if kind == value:
            return kind
    raise ValueError(f"a name is of an {', '.join(KINDS)}; there is no kind {value!r}")


def _rivals(title: str) -> Iterator[str]:
    lower = title.lower()
    if "vs" not in lower and "versus" not in lower and "pres" not in lower:
        return  # as in nearly all titles, and the expressions are dear
    for part in _BRACKETS_AND_DASHES.split(title):
        sides = _VERSUS.split(part)
        if len(sides) > 1:
            for side in sides:
                yield from (name.strip() for name in _BETWEEN_NAMES.split(side) if name.strip())


def _name(text: WordedText, start: int, end: int, value: int) -> Name:
    inside = text.words[start + 1 : end - 1]
    last = start + 1 + inside.rfind(" ") + 1
    return Name(
        start=text.spans[start + 1][0],
        end=text.spans[last][1],
        kinds=frozenset(kind for kind, bit in _BITS.items() if value & bit),
        words=inside.count(" ") + 1,
        is_written_small=bool(value & _SMALL),
    )
