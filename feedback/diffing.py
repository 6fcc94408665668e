"""Word changes between a draft and its rewrite.

This is the one specification of tokens, spans and hunks; `feedback.alignment` goes on from it. The
server stores what this module computes; the browser shows what its JavaScript twin computes; both
pass `tests/vectors/word_diff.json`. Offsets are half-open `[start, end)` in Unicode code points.

**Tokens.** A text is read from left to right; at each point the first of these that matches is
taken (all classes are Unicode properties, nothing is normalised or case-folded):

1. *white space*, one or more of
   `U+0009-000D U+0020 U+0085 U+00A0 U+1680 U+2000-200A U+2028 U+2029 U+202F U+205F U+3000`:
   separates tokens and is none. (`\\s` is not used: Python and JavaScript disagree on it.)
2. *emoji*: two regional indicators; or `[0-9#*] U+FE0F? U+20E3`; or a pictograph
   (`Extended_Pictographic`) with any of `Emoji_Modifier U+FE0F U+20E3 U+E0020-E007F` behind it,
   and any number of such pictographs joined to it by `U+200D`.
3. *a character of a script without spaces* (Han, Hiragana, Katakana, Thai, Lao, Khmer, Myanmar)
   with the marks (`M`) behind it.
4. *a word*: one or more of `L M N _ U+200C U+200D` outside the scripts of 3, and, joined to it,
   further such stretches after one `'` or `’`, or, between two digits (`Nd`), after one `.` or `,`.
5. *anything else*: one code point with the marks (`M`) behind it.

**Matching.** Two tokens match when they are the same code points. Where one of the texts has
several lines (a token begins one when it is the first or a line break lies before it), lines of the
same tokens are matched first; what is left between two matched lines, or before or after them, is
then matched token by token. Of two lists, of lines or of tokens, are matched, in this order: the
longest common beginning; the longest common end of what is left; and, of the middle that is left, a
longest common subsequence. It is the one found by walking both middles from their beginning: equal
ones match; else one of the draft is passed over when that leaves a common subsequence of the rest
at least as long as passing over one of the rewrite would; else one of the rewrite. A middle of more
than `MOST_PAIRS` (those of the draft times those of the rewrite) is not searched: nothing in it
matches.

**Lines that changed.** What is left between matched lines is not matched as one list of tokens
where either side has several lines, fewer than two thirds of the tokens of both match that way, and
the lines of the draft times those of the rewrite are at most `MOST_LINE_PAIRS`. Then lines are
*like* each other when at least half of the tokens of both match, and are paired in order so that as
many tokens as possible match in pairs of like ones: walking both from their beginning, two like
lines are a pair where that leaves the most; else one of the draft is passed over when that leaves
at least as much as passing over one of the rewrite; else one of the rewrite. Where as many lines of
the draft as of the rewrite are left between two pairs, or before or after them, each is paired with
the one in its place. Tokens match within pairs only. So a bullet that comes does not take words
from the one beside it.

**Hunks.** Between two neighbouring matched tokens (or the beginning or end of the text) lies a
stretch of each text, white space included. Where the two stretches differ they are a hunk, less the
white space that both begin with, and then less the white space that both end with. So changed words
with nothing but white space between them are one hunk, every changed token lies in exactly one, and
putting each hunk's `after` for its `before` turns the draft into the rewrite.

**Share.** `changed_share` is the number of tokens of both texts that do not match over the number
of all tokens of both; 0 when neither has any.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import regex

MOST_PAIRS: Final = 1_000_000
MOST_LINE_PAIRS: Final = 100

_SPACE: Final = r"\t-\r\u0020\u0085\u00A0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000"
_UNSPACED: Final = (
    r"\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}"
    r"\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}"
)
_WORD: Final = rf"(?:(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}_\u200C\u200D])"
_PICTOGRAPH: Final = (
    r"\p{Extended_Pictographic}[\p{Emoji_Modifier}\uFE0F\u20E3\U000E0020-\U000E007F]*"
)
_TOKEN: Final = regex.compile(
    rf"""
      \p{{Regional_Indicator}}{{2}}
    | [0-9\#*]\uFE0F?\u20E3
    | {_PICTOGRAPH}(?:\u200D{_PICTOGRAPH})*
    | [{_UNSPACED}]\p{{M}}*
    | {_WORD}+(?:(?:['’]|(?<=\p{{Nd}})[.,](?=\p{{Nd}})){_WORD}+)*
    | [^{_SPACE}]\p{{M}}*
    """,
    regex.VERBOSE | regex.VERSION1,
)
_SPACES: Final = frozenset(
    "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(chr(point) for point in range(0x2000, 0x200B))
)
LINE_BREAKS: Final = frozenset("\n\r\u0085\u2028\u2029")

# A stretch of tokens.
Line = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Token:
    """A stretch `[start, end)` of a text that changes as one."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Hunk:
    """`before` at `[start, end)` of the draft became `after` at `[after_start, after_end)`."""

    start: int
    end: int
    before: str
    after_start: int
    after_end: int
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The tokens of the draft, its hunks, and the share of both texts that changed, 0 to 1."""

    old: list[Token]
    hunks: list[Hunk]
    share: float


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text in order; white space is none."""
    return [Token(found.start(), found.end(), found.group()) for found in _TOKEN.finditer(text)]


def word_diff(before: str, after: str) -> list[Hunk]:
    """Return the hunks that turn `before` into `after`, in order."""
    return compared(before, after).hunks


def apply(before: str, hunks: Sequence[Hunk]) -> str:
    """Return `before` with the hunks applied. Raises ValueError when one does not fit it."""
    pieces: list[str] = []
    position = 0
    for hunk in hunks:
        if hunk.start < position or before[hunk.start : hunk.end] != hunk.before:
            raise ValueError(f"The text does not say {hunk.before!r} at {hunk.start}.")
        pieces += [before[position : hunk.start], hunk.after]
        position = hunk.end
    return "".join([*pieces, before[position:]])


def changed_share(before: str, after: str) -> float:
    """Return which share of the tokens of both texts changed, 0 to 1."""
    return compared(before, after).share


def compared(before: str, after: str) -> Comparison:
    """Return all that can be said of two texts, found at once."""
    old, new = tokens(before), tokens(after)
    matches = _matches(before, after, old, new)
    every = len(old) + len(new)
    return Comparison(
        old=old,
        hunks=list(_hunks(before, after, old, new, matches)),
        share=(every - 2 * len(matches)) / every if every else 0.0,
    )


# --- Matching tokens -----------------------------------------------------------------------------


def _matches(
    before: str, after: str, old: Sequence[Token], new: Sequence[Token]
) -> list[tuple[int, int]]:
    a, b = [token.text for token in old], [token.text for token in new]
    old_lines, new_lines = _lines(before, old), _lines(after, new)
    if len(old_lines) < 2 and len(new_lines) < 2:
        return _matched(a, b)
    same_lines = _matched(
        [tuple(a[first:past]) for first, past in old_lines],
        [tuple(b[first:past]) for first, past in new_lines],
    )
    found: list[tuple[int, int]] = []
    last = new_last = 0
    for line, new_line in [*same_lines, (len(old_lines), len(new_lines))]:
        found += _between_lines(a, b, old_lines[last:line], new_lines[new_last:new_line])
        if line < len(old_lines):
            found += zip(range(*old_lines[line]), range(*new_lines[new_line]), strict=True)
        last, new_last = line + 1, new_line + 1
    return found


def _between_lines(
    a: Sequence[str], b: Sequence[str], old_lines: Sequence[Line], new_lines: Sequence[Line]
) -> list[tuple[int, int]]:
    """Match the tokens of lines that are not the same."""
    if not old_lines or not new_lines:
        return []
    (first, past), (new_first, new_past) = _joined(old_lines), _joined(new_lines)
    whole = _matched_at(a, b, (first, past), (new_first, new_past))
    is_one_line = len(old_lines) == len(new_lines) == 1
    is_much_alike = 6 * len(whole) >= 2 * (past - first + new_past - new_first)
    is_long = len(old_lines) * len(new_lines) > MOST_LINE_PAIRS
    if is_one_line or is_much_alike or is_long:
        return whole
    return [
        match
        for line, new_line in _paired(a, b, old_lines, new_lines)
        for match in _matched_at(a, b, old_lines[line], new_lines[new_line])
    ]


def _paired(
    a: Sequence[str], b: Sequence[str], old_lines: Sequence[Line], new_lines: Sequence[Line]
) -> list[tuple[int, int]]:
    """Return which line of the draft became which of the rewrite."""
    like = [[_likeness(a, b, line, new_line) for new_line in new_lines] for line in old_lines]
    # most[i][j]: the tokens that match at most in pairs of the lines from i and from j on.
    most = [[0] * (len(new_lines) + 1) for _line in range(len(old_lines) + 1)]
    for i in reversed(range(len(old_lines))):
        for j in reversed(range(len(new_lines))):
            pair = like[i][j] + most[i + 1][j + 1] if like[i][j] else 0
            most[i][j] = max(most[i + 1][j], most[i][j + 1], pair)
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old_lines) and j < len(new_lines):
        if like[i][j] and like[i][j] + most[i + 1][j + 1] == most[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif most[i + 1][j] >= most[i][j + 1]:
            i += 1
        else:
            j += 1
    every: list[tuple[int, int]] = []
    i = j = 0
    for line, new_line in [*pairs, (len(old_lines), len(new_lines))]:
        if line - i == new_line - j:
            every += zip(range(i, line), range(j, new_line), strict=True)
        if line < len(old_lines):
            every.append((line, new_line))
        i, j = line + 1, new_line + 1
    return every


def _likeness(a: Sequence[str], b: Sequence[str], line: Line, new_line: Line) -> int:
    """Return how many tokens of two lines match; 0 where they are not like each other."""
    matching = len(_matched_at(a, b, line, new_line))
    tokens_of_both = line[1] - line[0] + new_line[1] - new_line[0]
    return matching if 4 * matching >= tokens_of_both else 0


def _joined(lines: Sequence[Line]) -> Line:
    return lines[0][0], lines[-1][1]


def _matched_at(
    a: Sequence[str], b: Sequence[str], line: Line, new_line: Line
) -> list[tuple[int, int]]:
    matched = _matched(a[slice(*line)], b[slice(*new_line)])
    return [(line[0] + i, new_line[0] + j) for i, j in matched]


def _lines(text: str, found: Sequence[Token]) -> list[Line]:
    """Return the lines as stretches of tokens."""
    begins = [
        index
        for index, token in enumerate(found)
        if index == 0 or not LINE_BREAKS.isdisjoint(text[found[index - 1].end : token.start])
    ]
    return list(pairwise([*begins, len(found)]))


def _matched(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    middle = _longest_common_subsequence(a[start : len(a) - end], b[start : len(b) - end])
    return [
        *((index, index) for index in range(start)),
        *((start + i, start + j) for i, j in middle),
        *((len(a) - end + index, len(b) - end + index) for index in range(end)),
    ]


def _longest_common_subsequence(
    a: Sequence[Hashable], b: Sequence[Hashable]
) -> list[tuple[int, int]]:
    if not a or not b or len(a) * len(b) > MOST_PAIRS:
        return []
    # rests[i]: bit k is clear where a longest common subsequence of a[i:] with the last k + 1 of b
    # is longer by one than with the last k. A row of the usual table is one number, so that a
    # rewrite of 2,000 characters costs little.
    where: dict[Hashable, int] = {}
    for k, token in enumerate(reversed(b)):
        where[token] = where.get(token, 0) | 1 << k
    every = (1 << len(b)) - 1
    rests = [every]
    for token in reversed(a):
        rest = rests[-1]
        both = rest & where.get(token, 0)
        rests.append((rest + both | rest - both) & every)
    rests.reverse()

    def length(i: int, j: int) -> int:
        left = len(b) - j
        return left - (rests[i] & (1 << left) - 1).bit_count()

    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif length(i + 1, j) >= length(i, j + 1):
            i += 1
        else:
            j += 1
    return found


# --- Making hunks --------------------------------------------------------------------------------


def _hunks(
    before: str,
    after: str,
    old: Sequence[Token],
    new: Sequence[Token],
    matches: Sequence[tuple[int, int]],
) -> Iterator[Hunk]:
    old_from = new_from = 0
    for i, j in matches:
        yield from _hunk(before, (old_from, old[i].start), after, (new_from, new[j].start))
        old_from, new_from = old[i].end, new[j].end
    yield from _hunk(before, (old_from, len(before)), after, (new_from, len(after)))


def _hunk(
    before: str, old_stretch: tuple[int, int], after: str, new_stretch: tuple[int, int]
) -> Iterator[Hunk]:
    start, end = old_stretch
    after_start, after_end = new_stretch
    if before[start:end] == after[after_start:after_end]:
        return
    while (
        start < end and after_start < after_end and _same_space(before[start], after[after_start])
    ):
        start, after_start = start + 1, after_start + 1
    while (
        start < end
        and after_start < after_end
        and _same_space(before[end - 1], after[after_end - 1])
    ):
        end, after_end = end - 1, after_end - 1
    yield Hunk(start, end, before[start:end], after_start, after_end, after[after_start:after_end])


def _same_space(one: str, other: str) -> bool:
    return one == other and one in _SPACES
