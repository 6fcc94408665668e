"""The facts of a recommendation: addressing them, finding them in a text, making them safe.

Facts are the leaves of ``{"item": {...}, "audience": {...}}``. Everything here treats them as
untrusted data.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import regex

Leaf = str | int | float | bool

SIDES = ("item", "audience")

# Named once: a union that is written where it is asked for is made anew each time.
_LEAF_TYPES = (str, int, float)
_LIST_TYPES = (list, tuple)

# The exact type first: asking an abstract class takes several times as long.
_MAPPING_TYPES = (dict, Mapping)
_POINTERS_KEPT = 1024

_MISUSED_TILDE = regex.compile(r"~(?![01])")
_INDEX = regex.compile(r"0|[1-9][0-9]{0,8}")

# --- Addressing
# -------------------------------------------------------------------------------------------


class Fact(NamedTuple):
    """One leaf: its RFC 6901 pointer and its value."""

    pointer: str
    value: Leaf

    @property
    def label(self) -> str:
        """Name the fact for people: "recently played 1 title"."""
        return pointer_label(self.pointer)


class FactMissing(LookupError):
    """No fact stands at this pointer."""


def leaf_facts(facts: Mapping[str, object]) -> list[Fact]:
    """Return every leaf of ``item`` and ``audience`` in document order.

    List members are addressed by index. ``null`` means that nothing is known, so it is no fact.
    """
    leaves: list[Fact] = []
    for side in SIDES:
        _add_leaves(facts.get(side), f"/{side}", leaves)
    return leaves


def get_fact(facts: Mapping[str, object], pointer: str) -> object:
    """Return what stands at an RFC 6901 pointer: a leaf, a whole list or an object.

    Raises FactMissing when nothing stands there, when it is ``null``, and when the pointer is
    malformed.
    """
    value: object = facts
    for segment in _segments(pointer):
        value = _step(value, segment, pointer)
    if value is None:
        raise FactMissing(pointer)
    return value


def has_fact(facts: Mapping[str, object], pointer: str) -> bool:
    """Say whether a fact, a list or an object stands at the pointer."""
    try:
        get_fact(facts, pointer)
    except FactMissing:
        return False
    return True


def pointer_segments(pointer: str) -> list[str]:
    """Split an RFC 6901 pointer into unescaped segments. Raises FactMissing when it is
    malformed.
    """
    return list(_segments(pointer))


@lru_cache(maxsize=_POINTERS_KEPT)
def _segments(pointer: str) -> tuple[str, ...]:
    if not pointer.startswith("/") or _MISUSED_TILDE.search(pointer):
        raise FactMissing(pointer)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))


def make_pointer(segments: Sequence[str]) -> str:
    """Join segments into an RFC 6901 pointer."""
    return "".join("/" + _escaped(segment) for segment in segments)


def pointer_label(pointer: str) -> str:
    """Name a pointer for people: ``/audience/recently_played/0/title`` is "recently played 1
    title".
    """
    path = pointer_segments(pointer)
    words = [
        str(int(part) + 1) if part.isdecimal() and part.isascii() else part for part in path[1:]
    ]
    return " ".join(words or path).replace("_", " ")


def _add_leaves(value: object, pointer: str, leaves: list[Fact]) -> None:
    if isinstance(value, _LEAF_TYPES):
        leaves.append(Fact(pointer, value))
    elif isinstance(value, _MAPPING_TYPES):
        _add_members(value.items(), pointer, leaves)
    elif isinstance(value, _LIST_TYPES):
        _add_members(enumerate(value), pointer, leaves)


def _add_members(
    members: Iterable[tuple[object, object]], pointer: str, leaves: list[Fact]
) -> None:
    for name, member in members:
        below = _below(pointer, str(name))
        if isinstance(member, _LEAF_TYPES):  # most are, and are spared a call
            leaves.append(Fact(below, member))
        else:
            _add_leaves(member, below, leaves)


@lru_cache(maxsize=_POINTERS_KEPT)
def _below(pointer: str, name: str) -> str:
    return f"{pointer}/{_escaped(name)}"


def _escaped(segment: str) -> str:
    if "~" not in segment and "/" not in segment:
        return segment
    return segment.replace("~", "~0").replace("/", "~1")


def _step(value: object, segment: str, pointer: str) -> object:
    if isinstance(value, _MAPPING_TYPES) and segment in value:
        return value[segment]
    if isinstance(value, list | tuple) and _INDEX.fullmatch(segment):
        index = int(segment)
        if index < len(value):
            return value[index]
    raise FactMissing(pointer)


# --- Finding facts in a text
# ------------------------------------------------------------------------------


class Mention(NamedTuple):
    """A stretch ``[start, end)`` of a text, in code points, that names the fact at ``pointer``."""

    start: int
    end: int
    pointer: str


class FoldedText(NamedTuple):
    """A text as it is compared: no case, no accents, no invisible characters, single spaces.

    ``sources[i]`` is the index in the original text of the character that gave ``characters[i]``.
    """

    characters: str
    sources: tuple[int, ...]


# Typography that a writer and a catalogue may choose differently without meaning anything else.
_SAME_CHARACTER = str.maketrans(
    {
        **dict.fromkeys("‘’ʼ′`´", "'"),
        **dict.fromkeys("“”„″«»", '"'),
        **dict.fromkeys("‐‑‒–—−", "-"),
        "‹": "<",
        "›": ">",
    }
)
# Scripts written without spaces: a name may stand right beside another word.
_WORDS_ONLY = {code: " " for code in range(128) if not chr(code).isalnum()}
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_WORD = regex.compile(r"[\p{L}\p{N}]")
_ISO_DATE = regex.compile(r"([12][0-9]{3})-([01][0-9])-([0-3][0-9])")
_FEATURED = regex.compile(
    r"[(\[]\s*(?:feat\.?|ft\.?|featuring|with)\s+([^()\[\]]+)[)\]]|\s(?:feat\.|ft\.|featuring)\s+(.+)$",
    flags=regex.IGNORECASE,
)
_REMIXED = regex.compile(
    r"(?:^|\s-\s|[(\[])\s*([^()\[\]]+?)\s+(?:remix|mix|edit|rework|bootleg|flip|version)\s*(?:[)\]]|$)",
    flags=regex.IGNORECASE,
)
# What each of the two expressions above cannot do without.
_FEATURED_CUES = ("feat", "ft", "with")
_REMIXED_CUES = ("mix", "edit", "rework", "bootleg", "flip", "version")
# What a title has that can be called less than it is written: see `base_title`.
_SHORTENED_CUES = ("(", "[", " - ", *_FEATURED_CUES, *_REMIXED_CUES)
_TITLES = ("/title", "/album")
_IN_BRACKETS = regex.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_FEATURED_LAST = regex.compile(r"\s(?:feat\.|ft\.|featuring)\s.*$", flags=regex.IGNORECASE)
_BETWEEN_NAMES = regex.compile(r"\s*(?:,|&|\bx\b|\band\b)\s*", flags=regex.IGNORECASE)
# What kind of thing the item is says nothing about it: lighting "track" up in every line would
# only distract.
_NOT_NAMES = frozenset({"/item/kind"})
_SMALLEST_TELLING_NUMBER = 10
# Genres, skills and well-known artists come again and again; all the rest is not worth the memory.
_NAMES_KEPT = 4096
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def mentioned_facts(text: str, facts: Mapping[str, object]) -> list[Mention]:
    """Find where a text names a fact; see `mentions_of`."""
    return mentions_of(leaf_facts(facts), text)


def mentions_of(leaves: Iterable[Fact], text: str) -> list[Mention]:
    """Find where a text names a fact, whatever the case, the accents and the typography.

    A title also counts as named without its "(feat. …)" or " - … Remix", by its featured and its
    remixing artists, and a date by its year. Offsets are code points into ``text`` as given. Sorted
    by start, longest first; mentions may overlap.
    """
    folded = fold(text)
    words = _words_to_share(folded)
    mentions = {
        Mention(start, end, fact.pointer)
        for fact in leaves
        if _may_be_named(fact, words, folded.characters)
        for name in names_of(fact)
        if _folded_name(name) in folded.characters
        for start, end in find_name(folded, text, name)
    }
    return sorted(mentions, key=lambda mention: (mention.start, -mention.end, mention.pointer))


def names_of(fact: Fact) -> tuple[str, ...]:
    """Return the ways in which a text may name a fact; none for a measure such as 0.92."""
    if isinstance(fact.value, bool | float):
        return ()
    if isinstance(fact.value, int):
        return (str(fact.value),) if fact.value >= _SMALLEST_TELLING_NUMBER else ()
    return _names_of_string(fact.value, fact.pointer.endswith(_TITLES))


def featured_artists(title: str) -> list[str]:
    """Return the guests that a title credits: "Beautiful People (feat. Khalid)" gives Khalid."""
    return list(_featured(title))


def remix_artists(title: str) -> list[str]:
    """Return the remixers that a title credits: "… - Jack Wins Remix" gives Jack Wins."""
    return list(_remixing(title))


# Several checks ask for them, one after the other.
@lru_cache(maxsize=_NAMES_KEPT)
def _featured(title: str) -> tuple[str, ...]:
    if not _has_any(_FEATURED_CUES, title):
        return ()
    found = [first or second for first, second in _FEATURED.findall(title)]
    return tuple(name for credit in found for name in _split_names(credit))


@lru_cache(maxsize=_NAMES_KEPT)
def _remixing(title: str) -> tuple[str, ...]:
    if not _has_any(_REMIXED_CUES, title):
        return ()
    return tuple(name for credit in _REMIXED.findall(title) for name in _split_names(credit))


def _has_any(cues: Sequence[str], title: str) -> bool:
    """Say whether a title may credit anybody: most do not, and the expressions take ten times as
    long to find that out.
    """
    lower = title.lower()
    return any(cue in lower for cue in cues)


def base_title(title: str) -> str:
    """Return a title without its guests, its edition and its version: what a listener would
    call it.
    """
    bare = title.split(" - ")[0]
    if "(" in bare or "[" in bare:
        bare = _IN_BRACKETS.sub("", bare)
    if _has_any(_FEATURED_CUES, bare):
        bare = _FEATURED_LAST.sub("", bare)
    return bare.strip() or title


def fold(text: str) -> FoldedText:
    """Fold a text for comparison and remember where each folded character came from."""
    if plain := _folded_at_once(text):
        return FoldedText(plain, tuple(range(len(plain))))
    characters: list[str] = []
    sources: list[int] = []
    for index, character in enumerate(text):
        for part in _fold_character(character):
            if part == " " and characters and characters[-1] == " ":
                continue
            characters.append(part)
            sources.append(index)
    return FoldedText("".join(characters), tuple(sources))


def find_name(folded: FoldedText, text: str, name: str) -> Iterator[tuple[int, int]]:
    """Yield every ``[start, end)`` of ``text`` at which ``name`` stands as words of its own.

    ``folded`` must be ``fold(text)``; it is passed in because one text is searched for many names.
    """
    wanted = _folded_name(name)
    if not wanted:
        return
    at = folded.characters.find(wanted)
    while at != -1:
        past = at + len(wanted)
        if _stands_alone(folded, at, past):
            yield folded.sources[at], _past_marks(text, folded.sources[past - 1] + 1)
        at = folded.characters.find(wanted, at + 1)


def _words_to_share(folded: FoldedText) -> frozenset[str] | None:
    """Return the words of a text of which any name in it has one; None for a text in which words
    may stand side by side without a space.
    """
    characters = folded.characters
    return frozenset(characters.translate(_WORDS_ONLY).split()) if characters.isascii() else None


def _may_be_named(fact: Fact, words: frozenset[str] | None, characters: str) -> bool:
    """Say whether it is worth looking for the names of a fact in a text.

    Most facts are not named, and making out their names is dear. Every name of a fact is a stretch
    of its value, or holds one, and stands as whole words: so it shares a word with the text, unless
    it is made of signs alone. What has no name but itself has to be there as a whole.
    """
    pointer, value = fact
    if type(value) is float or type(value) is bool or pointer in _NOT_NAMES:
        return False
    if words is None or type(value) is not str:
        return True
    own = _words_of_value(value)
    if own and words.isdisjoint(own):
        return False
    return _may_be_shortened(fact) or _folded_name(value) in characters


def _may_be_shortened(fact: Fact) -> bool:
    """Say whether a string may have a name that is not the whole of it: dates and titles have."""
    assert isinstance(fact.value, str)  # noqa: S101  (for the type checker)
    lower = fact.value.lower()
    return lower[:1].isdigit() or (
        fact.pointer.endswith(_TITLES) and any(cue in lower for cue in _SHORTENED_CUES)
    )


@lru_cache(maxsize=_NAMES_KEPT)
def _words_of_value(value: str) -> tuple[str, ...]:
    folded = value.lower() if value.isascii() else _folded_name(value)
    return tuple(folded.translate(_WORDS_ONLY).split())


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if character.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", character.translate(_SAME_CHARACTER).casefold())
    kept = [part for part in decomposed if not _is_mark_or_invisible(part)]
    return unicodedata.normalize("NFKD", "".join(kept).casefold()).translate(_SAME_CHARACTER)


@lru_cache(maxsize=_NAMES_KEPT)
def _folded_name(name: str) -> str:
    return (_folded_at_once(name) or fold(name).characters).strip()


def _folded_at_once(text: str) -> str:
    """Fold a text in which each character becomes one; "" for any other, which `fold` folds."""
    if text.isascii() and text.isprintable():
        folded = text.lower().replace("`", "'")
    else:
        folded = text.translate(_single_folds)
    return "" if "  " in folded or _NOT_ONE in folded else folded


_NOT_ONE = "\x00"
"""Stands for a character that folds to none or to several: no text folds to it."""


class _SingleFolds(dict[int, str]):
    """What each character folds to, found out when it is first seen."""

    def __missing__(self, codepoint: int) -> str:
        folded = _fold_character(chr(codepoint))
        single = folded if len(folded) == 1 else _NOT_ONE
        self[codepoint] = single
        return single


_single_folds = _SingleFolds()


@lru_cache(maxsize=_NAMES_KEPT)
def _names_of_string(value: str, is_title: bool) -> tuple[str, ...]:
    if value[:1].isdigit() and (date := _ISO_DATE.fullmatch(value)):
        year, month, _day = date.groups()
        named_month = [f"{_MONTHS[int(month) - 1]} {year}"] if 1 <= int(month) <= 12 else []
        return (value, *named_month, year)
    names = [value]
    if is_title:
        names += [base_title(value), *featured_artists(value), *remix_artists(value)]
    return tuple(dict.fromkeys(name for name in names if _WORD.search(name) or name == value))


def _split_names(credit: str) -> list[str]:
    return [name.strip() for name in _BETWEEN_NAMES.split(credit) if _WORD.search(name)]


def _is_mark_or_invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Mn", "Me", "Cf", "Cc", "Cs"}


def _stands_alone(folded: FoldedText, at: int, past: int) -> bool:
    return _breaks(folded, at) and _breaks(folded, past)


def _breaks(folded: FoldedText, at: int) -> bool:
    """Say whether a word may begin or end before position ``at``."""
    if at in {0, len(folded.characters)}:
        return True
    if folded.sources[at - 1] == folded.sources[at]:
        return False  # inside what one character of the text folds to, such as a ligature
    before, after = folded.characters[at - 1], folded.characters[at]
    if before.isascii() and after.isascii():  # as most are, and much faster to tell
        return not (before.isalnum() and after.isalnum())
    if not (_WORD.match(before) and _WORD.match(after)):
        return True
    return bool(_UNSPACED.match(before) or _UNSPACED.match(after))


def _past_marks(text: str, end: int) -> int:
    while end < len(text) and unicodedata.category(text[end]) in {"Mn", "Me"}:
        end += 1
    return end


# --- Making facts and model text safe
# ---------------------------------------------------------------------

_LINE_BREAKS_AND_TABS = regex.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_LINE_BREAK = regex.compile(r"\r\n?|[\x85\u2028\u2029\v\f]")
_ZERO_WIDTH_JOINERS = "\u200c\u200d"
# Blank glyphs that count as letters, marks or symbols: they can hide or pad a text as well as a
# format
# character can. The last range is the ideographic variation selectors, which can carry a hidden
# message.
_BLANK = regex.compile(
    r"[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\U000e0100-\U000e01ef]"
)
_NONCHARACTER = regex.compile(r"\p{Noncharacter_Code_Point}")
_INVISIBLE = regex.compile(r"[[\p{Cc}\p{Cf}\p{Cs}\p{Co}]--[\u200c\u200d]]", flags=regex.VERSION1)
_INVISIBLE_IN_LINE = regex.compile(
    r"[[\p{Cc}\p{Cf}\p{Cs}\p{Co}]--[\n\u200c\u200d]]", flags=regex.VERSION1
)
# Most facts and most drafts are made of these alone, in which none of what follows finds anything:
# printable ASCII without what brackets, backticks, tildes and hashes can mean, and Latin letters.
_HARMLESS = regex.compile(r"[ !\"$-;=?@A-Z\\^_a-z{|}À-ÖØ-öø-ɏ]*")
_MARKS_ON_ONE_BASE = 6
_TOO_MANY_MARKS = regex.compile(rf"(\p{{M}}{{{_MARKS_ON_ONE_BASE}}})\p{{M}}+")
_IDLE_JOINER = regex.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_REPEATED_JOINER = regex.compile(r"([\u200c\u200d])[\u200c\u200d]+")

# Every family of chat templates writes its control tokens in angle or square brackets. Angle
# brackets are
# therefore never let through (a heart, "<3", excepted); square ones are common in titles ("[Loud
# Luxury
# Remix]"), so only the names that templates use are.
_ANGLE = {"<": "‹", "＜": "‹", ">": "›", "＞": "›"}
_ANGLE_BRACKET = regex.compile(r"[<＜](?!3(?![\p{L}\p{N}|｜>＞_]))|[>＞]")
_SQUARE_TOKEN = regex.compile(
    r"[\[［]\s*(/?\s*(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|ARGS|"
    r"CALL_ID|THINK|MODEL_SETTINGS|IMG|IMG_BREAK|IMG_END|AUDIO|BEGIN_AUDIO|PREFIX|MIDDLE|SUFFIX|CLS|SEP|"
    r"[GS]?MASK|PAD|UNK|BOS|EOS|SOP|EOP|CONTROL_[0-9]+|UNUSED_?[0-9]+))\s*[\]］]",
    flags=regex.IGNORECASE,
)
_TILDE_TOKEN = regex.compile(r"[\[\]][~!]*[a-z]?~!?[a-z]*[\[\]]")
_CODE_FENCE = regex.compile(r"`{3,}|~{3,}|#{3,}")


def fact_line(label: str, value: Leaf, max_chars: int) -> str:
    """Return ``label: value`` as exactly one line that can do nothing but be read.

    Line breaks are folded, control, invisible and bidirectional characters removed, control tokens
    of chat templates disarmed, and the value cut to ``max_chars`` code points between graphemes,
    with an ellipsis.
    """
    return f"{plain_text(label)}: {cut(plain_text(_as_words(value)), max_chars)}"


def plain_text(value: str) -> str:
    """Return a value as one visible line in which no chat template finds a control token."""
    if _HARMLESS.fullmatch(value):
        return " ".join(value.split())
    text = _LINE_BREAKS_AND_TABS.sub(" ", value)
    text = _without_invisible(text, keep_line_breaks=False)
    text = _ANGLE_BRACKET.sub(lambda match: _ANGLE[match.group()], text)
    text = _SQUARE_TOKEN.sub(lambda match: f"({match.group(1).strip()})", text)
    text = _TILDE_TOKEN.sub(" ", text)
    text = _CODE_FENCE.sub(lambda match: match.group()[0], text)
    return " ".join(text.split())


# What a tokenizer may take for a control token in words that are sent as they were written. Tags of
# an author's own, such as "<facts>", are none.
_CONTROL_TOKEN = regex.compile(
    r"<[|｜][^<>\n]{0,80}>|<[^<>\n|｜]{0,80}[|｜]>|<</?SYS>>|"
    r"</?(?:s|bos|eos|pad|unk|mask|cls|sep|sop|eop|think|tool_call|tool_response|start_of_turn|"
    r"end_of_turn|start_of_image|end_of_image|fim_[a-z]+|extra_id_[0-9]+|unused[0-9]+|"
    r"0x[0-9a-f]{2})>",
    flags=regex.IGNORECASE,
)


def control_token(text: str) -> str:
    """Return the first control token of a chat template in a text, "" if there is none."""
    return next((text[start:end] for start, end in control_tokens(text)), "")


def control_tokens(text: str) -> Iterator[tuple[int, int]]:
    """Yield `[start, end)` of every control token of a chat template in a text."""
    if not any(bracket in text for bracket in "<>[]＜＞"):
        return
    as_ascii = text.replace("＜", "<").replace("＞", ">")
    for pattern in (_CONTROL_TOKEN, _SQUARE_TOKEN, _TILDE_TOKEN):
        for found in pattern.finditer(as_ascii):
            yield found.span()


def hidden_character(text: str) -> str:
    """Return the first invisible character of a text as "U+202E", "" if there is none.

    Line breaks and tabs, and the joiners that some scripts and emoji need, hide nothing.
    """
    for character in text:
        if character in "\n\t\r" or character in _ZERO_WIDTH_JOINERS:
            continue
        is_hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}
        if is_hidden or _BLANK.match(character) or _NONCHARACTER.match(character):
            return f"U+{ord(character):04X}"
    return ""


def cut(text: str, max_chars: int) -> str:
    """Cut a text to at most ``max_chars`` code points, between graphemes, ending in "…" when
    cut.
    """
    if len(text) <= max_chars:
        return text
    end = 0
    for grapheme in regex.finditer(r"\X", text):
        if grapheme.end() > max_chars - 1:
            break
        end = grapheme.end()
    return text[:end].rstrip() + "…"


def clean_model_text(text: str) -> str:
    """Return model output that can be stored and shown: what no writer would type is gone, ends
    stripped.

    NUL, lone surrogates, control, bidirectional and other invisible characters are dropped; line
    breaks stay, as ``\\n``, and tabs become spaces. Nothing visible is changed.
    """
    if _HARMLESS.fullmatch(text):
        return text.strip()
    lines = _LINE_BREAK.sub("\n", text).replace("\t", " ")
    return _without_invisible(lines, keep_line_breaks=True).strip()


def _without_invisible(text: str, *, keep_line_breaks: bool) -> str:
    invisible = _INVISIBLE_IN_LINE if keep_line_breaks else _INVISIBLE
    visible = _NONCHARACTER.sub("", _BLANK.sub("", invisible.sub("", text)))
    # A joiner has work to do between two characters of an emoji or of a script that joins;
    # nowhere else.
    visible = _IDLE_JOINER.sub("", _REPEATED_JOINER.sub(r"\1", visible))
    return _TOO_MANY_MARKS.sub(r"\1", visible)


def _as_words(value: Leaf) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
