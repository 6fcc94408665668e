"""Lines that people have seen already, as an index: is a new one the same, names aside?

Lines are compared by the words that are no facts, so that "Avicii keeps Levels light on its feet"
and "Queen keeps Jealousy light on its feet" are one line. Signatures (MinHash) find the few that
may be alike, the words themselves decide.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from rapidfuzz.distance import LCSseq
from rensa import RMinHash, RMinHashLSH

from explanations.checks.words import WORD, compared, words_of
from explanations.context import mentioned_facts

Words = tuple[str, ...]

MOST_LINES: Final = 20_000
"""Published lines that an index holds; the newest are the ones that readers remember."""
MOST_COUNTED: Final = 20_000
"""Different wordings of drafts of which it is known whose they are."""
MOST_OWNERS: Final = 100
"""Items of which it is known that one wording is theirs: so many are as telling as all."""

_SEED: Final = 20_26
_PERMUTATIONS: Final = 32
_BANDS: Final = 16
_THRESHOLD: Final = 0.5
# With fewer words of its own a line says too little to be recognised by it.
_FEWEST_WORDS: Final = 5
_FEWEST_TELLING: Final = 2
_TELLING_LETTERS: Final = 4
# Which share of a line's own words must stand in the other one, in order, and the other way round.
_SHARE: Final = 0.8
# Of a line whose facts are not known, what is left of names stands in the way.
_SHARE_OF_UNKNOWN: Final = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """A published line: its words that are no facts, and for which item it was."""

    text: str
    words: Words
    owner: str = ""
    is_masked: bool = True
    """Whether its facts are known, and so left out of its words."""


class Published:
    """Published lines by their signatures, and how often drafts were worded alike."""

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._index = RMinHashLSH(_THRESHOLD, _PERMUTATIONS, _BANDS)
        self._lines: list[Line] = []
        self._published = _Owners()
        self._counted = _Owners()
        for line in lines:
            self.add(line)

    def __len__(self) -> int:
        """Return how many published lines it holds."""
        return len(self._lines)

    def add(self, line: Line) -> None:
        """Take a published line in; beyond `MOST_LINES` nothing more is."""
        if len(self._lines) >= MOST_LINES:
            return
        owner = line.owner or str(len(self._lines))
        self._published.add(line.words, owner)
        self._published.add(_as_written(line.text), owner)
        if line.words:
            self._index.insert(len(self._lines), _signature(line.words))
            self._lines.append(line)

    def count(self, words: Words, owner: str) -> None:
        """Remember that a line for this item is worded like this."""
        if len(self._counted) >= MOST_COUNTED and words not in self._counted:
            self._counted = _Owners()
        self._counted.add(words, owner)

    def said_of_others(self, text: str, words: Words, owner: str) -> int:
        """Return of how many other items exactly this is said, names aside.

        It is not counted far beyond `MOST_OWNERS`.
        """
        said = self._published.of(_as_written(text))
        if _is_telling(words):
            said = said | self._published.of(words) | self._counted.of(words)
        return len(said - {hash(owner)})

    def nearest(self, words: Words, owner: str) -> Line | None:
        """Return a published line of another item that says the same, names aside."""
        if not self._lines or not _is_telling(words):
            return None
        for number in self._index.query(_signature(words)):
            line: Line = self._lines[number]
            if line.owner != owner and _are_alike(words, line):
                return line
        return None


def make_published(published: object) -> Published:
    """Return an index of published lines.

    `published` is an index already, or a collection of lines: texts, or objects with ``text`` and
    the ``item`` and ``audience`` that it was written for. The last collection's index is kept, for
    callers who hand the same one in with every text. Raises TypeError for anything else.
    """
    if isinstance(published, Published):
        return published
    if isinstance(published, str | bytes | Mapping) or not isinstance(published, Collection):
        raise TypeError(f"published must be a collection of lines, not {type(published).__name__}")
    if _kept.of is not published or _kept.size != len(published):
        _kept.index = Published(_line(each) for each in published)
        _kept.of, _kept.size = published, len(published)
    return _kept.index


def owner_of(item: Mapping[str, object]) -> str:
    """Return what stands for an item: a digest of its words."""
    written = "\n".join(str(value) for value in item.values() if isinstance(value, str))
    return blake2b(written.encode(errors="replace"), digest_size=16).hexdigest()


def words_beside_facts(text: str, spans: Iterable[tuple[int, int]]) -> Words:
    """Return the words of a text that stand outside some spans, as lines are compared."""
    characters = list(text)
    for start, end in spans:
        characters[start:end] = " " * (end - start)
    return wording(words_of("".join(characters)))


def wording(words: Iterable[str]) -> Words:
    """Return what lines are compared by, of words as checks compare them; no "s" of a name."""
    return tuple(word for word in words if word != "s")


class _Owners:
    """Whose each wording is. Hashes stand for both: there are very many, and each process has all.

    That two of them are one by chance costs a warning, once in a very long while.
    """

    def __init__(self) -> None:
        self._owners: dict[int, frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self._owners)

    def __contains__(self, wording: Words | str) -> bool:
        return hash(wording) in self._owners

    def add(self, wording: Words | str, owner: str) -> None:
        known = self.of(wording)
        if len(known) < MOST_OWNERS and hash(owner) not in known:
            self._owners[hash(wording)] = known | {hash(owner)}

    def of(self, wording: Words | str) -> frozenset[int]:
        return self._owners.get(hash(wording), frozenset())


class _Kept:
    """The index of the last plain collection."""

    of: object = None
    size: int = 0
    index: Published = Published()


_kept: Final = _Kept()


def _line(given: object) -> Line:
    if isinstance(given, str):
        return Line(given, _words_without_capitals(given), is_masked=False)
    if isinstance(given, Mapping) and isinstance(given.get("text"), str):
        text: str = given["text"]
        facts = {side: _object(given.get(side)) for side in ("item", "audience")}
        spans = [(mention.start, mention.end) for mention in mentioned_facts(text, facts)]
        return Line(
            text,
            words_beside_facts(text, spans),
            owner=owner_of(facts["item"]) if facts["item"] else "",
            is_masked=any(facts.values()),
        )
    raise TypeError("a published line must be a text, or an object with a text")


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _as_written(text: str) -> str:
    return " ".join(text.casefold().split())


def _words_without_capitals(text: str) -> Words:
    """Return the words that are no names, as far as capitals tell."""
    words = WORD.findall(text)
    small = words[:1] + [each for each in words[1:] if each.islower()]
    return wording(compared(word) for word in small)


def _signature(words: Words) -> RMinHash:
    signature = RMinHash(_PERMUTATIONS, _SEED)
    signature.update(list(words))
    return signature


def _is_telling(words: Words) -> bool:
    telling = sum(len(word) >= _TELLING_LETTERS for word in words)
    return len(words) >= _FEWEST_WORDS and telling >= _FEWEST_TELLING


def _are_alike(words: Words, line: Line) -> bool:
    common = LCSseq.similarity(words, line.words)
    share = _SHARE if line.is_masked else _SHARE_OF_UNKNOWN
    return common >= _SHARE * len(words) and common >= share * len(line.words)
