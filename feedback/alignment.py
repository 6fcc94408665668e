"""Which tag explains which change from a draft to its rewrite, and what has to be asked.

This is the one specification, on top of `feedback.diffing`: the server stores what this module
computes, the browser shows what its JavaScript twin computes, and both pass
`tests/vectors/word_diff.json` and the cases that people have labelled in
`tests/vectors/alignment.jsonl`.

**Changes.** A change is a hunk. It is *blank* when neither its `before` nor its `after` holds a
token. It *adds words* when its `after` holds more tokens than its `before`. Two changes are one
*move* when the words of one's `before` are those of the other's `after`: the tokens with a letter
or a digit, in lower case, at least one; each change is in one move at most, the first that fits.

**What explains a change.** The first of these that holds:

1. *overlap*: every span tag that shares a code point with its `before`; where it only puts words
   in, every span tag that contains its point and, unless a tag says that something is missing,
   every span tag with nothing but white space, and no line break, between itself and the point.
2. *moved*: it is in a move whose other half rule 1 explains: the same tags.
3. *missing*: it adds words: the tags of something missing.
4. *near*: the nearest span tag with at most `NEAR_TOKENS` tokens of the draft and no line break
   between the two (fewest tokens, then the earlier tag in the list).
5. *draft*: the tags of the whole draft.

A draft is *rewritten* when more than `MOST_KEPT_SHARE` of the tokens of both texts changed. Then
tags of the whole draft explain every change, and tags of something missing every change that adds
words, beside the span tags of rule 1.

**Unchanged tags.** A span tag is unchanged when rules 1 and 2 found it nowhere; any other tag when
it explains no change.

**Questions.** A question is a list of changes with one reason. Where a draft is rewritten and no
tag is of the whole draft, there is one question, of all changes that are not blank: if one of them
is explained by nothing, or if less than half of the tokens of their `before` lie in span tags. Else
each change that nothing explains and that is not blank is a question, both halves of a move one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import regex

from feedback.diffing import LINE_BREAKS, Hunk, Token, compared, tokens

NEAR_TOKENS: Final = 2
MOST_KEPT_SHARE: Final = 0.6

Scope = Literal["span", "draft", "missing"]
Explanation = Literal["overlap", "moved", "missing", "near", "draft"]

_LETTER_OR_DIGIT: Final = regex.compile(r"[\p{L}\p{N}]")


@dataclass(frozen=True, slots=True)
class TagSpan:
    """What matching needs of a tag; `start` and `end` are None unless its scope is a span."""

    scope: Scope
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A hunk, the tags that explain it by their place in the list, and which rule found them.

    `moved` is the place of the change that is the other half of a move.
    """

    hunk: Hunk
    tags: tuple[int, ...] = ()
    by: Explanation | None = None
    moved: int | None = None
    is_blank: bool = False
    adds_words: bool = False


@dataclass(frozen=True, slots=True)
class Alignment:
    """The changes from draft to rewrite with what explains them, and what is left to ask."""

    changes: tuple[Change, ...]
    share: float
    unchanged: tuple[int, ...]
    """The tags, by their place, whose words did not change."""
    questions: tuple[tuple[int, ...], ...]
    """The changes, by their place, that each take one reason."""

    @property
    def is_rewritten(self) -> bool:
        """Whether so much changed that it is one change of the whole draft."""
        return self.share > MOST_KEPT_SHARE


def align(before: str, after: str, tags: Sequence[TagSpan]) -> Alignment:
    """Return the changes that turn the draft into its rewrite, matched to the tags."""
    comparison = compared(before, after)
    is_rewritten = comparison.share > MOST_KEPT_SHARE
    changes = _with_moves([_change(hunk) for hunk in comparison.hunks])
    changes = _explained(before, changes, tags, comparison.old, is_rewritten)
    return Alignment(
        changes=tuple(changes),
        share=comparison.share,
        unchanged=_unchanged(changes, tags),
        questions=_questions(changes, tags, comparison.old, is_rewritten),
    )


def question_at(alignment: Alignment, start: int, end: int) -> tuple[int, ...] | None:
    """Return the question whose change lies at `[start, end)` of the draft, or None.

    The change at exactly that place is meant, else one that overlaps or touches it.
    """
    placed = [
        (question, alignment.changes[index].hunk)
        for question in alignment.questions
        for index in question
    ]
    for question, hunk in placed:
        if (hunk.start, hunk.end) == (start, end):
            return question
    for question, hunk in placed:
        if hunk.start <= end and start <= hunk.end:
            return question
    return None


def apply_changes(before: str, changes: Sequence[Mapping[str, object]]) -> str:
    """Return the rewrite from the draft and the alignment that is stored with its review.

    Raises ValueError when it is another draft's.
    """
    pieces: list[str] = []
    position = 0
    for change in changes:
        start, end, old = change["start"], change["end"], change["before"]
        if not isinstance(start, int) or not isinstance(end, int):
            raise ValueError("An offset is a whole number.")
        if start < position or before[start:end] != old:
            raise ValueError(f"The draft does not say {old!r} at {start}.")
        pieces += [before[position:start], str(change["after"])]
        position = end
    return "".join([*pieces, before[position:]])


# --- Changes -------------------------------------------------------------------------------------


def _change(hunk: Hunk) -> Change:
    old, new = len(tokens(hunk.before)), len(tokens(hunk.after))
    return Change(hunk, is_blank=old == new == 0, adds_words=new > old)


def _with_moves(changes: Sequence[Change]) -> list[Change]:
    partners: dict[int, int] = {}
    old = [_words(change.hunk.before) for change in changes]
    new = [_words(change.hunk.after) for change in changes]
    for gone in range(len(changes)):
        for come in range(len(changes)):
            is_free = gone not in partners and come not in partners and gone != come
            if is_free and old[gone] and old[gone] == new[come]:
                partners |= {gone: come, come: gone}
    return [replace(change, moved=partners.get(index)) for index, change in enumerate(changes)]


def _words(text: str) -> list[str]:
    return [token.text.lower() for token in tokens(text) if _LETTER_OR_DIGIT.search(token.text)]


# --- Explaining ----------------------------------------------------------------------------------


def _explained(
    before: str,
    changes: Sequence[Change],
    tags: Sequence[TagSpan],
    old: Sequence[Token],
    is_rewritten: bool,
) -> list[Change]:
    spans = [
        (index, tag.start, tag.end)
        for index, tag in enumerate(tags)
        if tag.scope == "span" and tag.start is not None and tag.end is not None
    ]
    missing = tuple(index for index, tag in enumerate(tags) if tag.scope == "missing")
    whole = tuple(index for index, tag in enumerate(tags) if tag.scope == "draft")
    overlapping = [
        tuple(
            index
            for index, start, end in spans
            if _overlaps(before, change.hunk, start, end, may_touch=not missing)
        )
        for change in changes
    ]

    def explain(change: Change, found: tuple[int, ...]) -> Change:
        if is_rewritten:
            more = whole + missing if change.adds_words else whole
            by: Explanation | None = (
                "overlap" if found else "draft" if whole else "missing" if more else None
            )
            if by:
                return replace(change, tags=tuple(sorted(found + more)), by=by)
        if found:
            return replace(change, tags=found, by="overlap")
        if change.moved is not None and overlapping[change.moved]:
            return replace(change, tags=overlapping[change.moved], by="moved")
        if missing and change.adds_words:
            return replace(change, tags=missing, by="missing")
        nearest = min(
            (
                (distance, index)
                for index, start, end in spans
                if (distance := _tokens_between(before, change.hunk, start, end, old)) is not None
            ),
            default=None,
        )
        if nearest is not None and nearest[0] <= NEAR_TOKENS:
            return replace(change, tags=(nearest[1],), by="near")
        return replace(change, tags=whole, by="draft" if whole else None)

    return [explain(change, found) for change, found in zip(changes, overlapping, strict=True)]


def _overlaps(before: str, hunk: Hunk, start: int, end: int, *, may_touch: bool) -> bool:
    if hunk.start < hunk.end:
        return hunk.start < end and start < hunk.end
    if start < hunk.start < end:
        return True
    between = _between(before, hunk, start, end)
    return may_touch and not tokens(between) and LINE_BREAKS.isdisjoint(between)


def _tokens_between(
    before: str, hunk: Hunk, start: int, end: int, old: Sequence[Token]
) -> int | None:
    """Return how many tokens lie between a change and a span; None across a line break."""
    between = _between(before, hunk, start, end)
    if not LINE_BREAKS.isdisjoint(between):
        return None
    low, high = _gap(hunk, start, end)
    return sum(low <= token.start < high for token in old)


def _between(before: str, hunk: Hunk, start: int, end: int) -> str:
    low, high = _gap(hunk, start, end)
    return before[low:high]


def _gap(hunk: Hunk, start: int, end: int) -> tuple[int, int]:
    return (end, hunk.start) if end <= hunk.start else (hunk.end, start)


# --- What is left --------------------------------------------------------------------------------


def _unchanged(changes: Sequence[Change], tags: Sequence[TagSpan]) -> tuple[int, ...]:
    explaining = {index for change in changes for index in change.tags}
    changed = {
        index for change in changes if change.by in {"overlap", "moved"} for index in change.tags
    }
    return tuple(
        index
        for index, tag in enumerate(tags)
        if index not in (changed if tag.scope == "span" else explaining)
    )


def _questions(
    changes: Sequence[Change], tags: Sequence[TagSpan], old: Sequence[Token], is_rewritten: bool
) -> tuple[tuple[int, ...], ...]:
    telling = [index for index, change in enumerate(changes) if not change.is_blank]
    open_ones = [index for index in telling if changes[index].by is None]
    if is_rewritten and not any(tag.scope == "draft" for tag in tags):
        asks = bool(open_ones) or _is_mostly_untagged(changes, tags, old)
        return (tuple(telling),) if asks and telling else ()
    questions: list[tuple[int, ...]] = []
    for index in open_ones:
        moved = changes[index].moved
        if moved is None or moved not in open_ones:
            questions.append((index,))
        elif index < moved:
            questions.append((index, moved))
    return tuple(questions)


def _is_mostly_untagged(
    changes: Sequence[Change], tags: Sequence[TagSpan], old: Sequence[Token]
) -> bool:
    changed = [
        token
        for token in old
        if any(change.hunk.start <= token.start < change.hunk.end for change in changes)
    ]
    tagged = [
        token
        for token in changed
        if any(
            tag.start is not None
            and tag.end is not None
            and tag.start < token.end
            and token.start < tag.end
            for tag in tags
        )
    ]
    return 2 * len(tagged) < len(changed)
