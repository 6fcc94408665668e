"""Texts as history shows them: what changed, and what was tagged."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from feedback.diffing import word_diff
from feedback.models import Tag


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of the comparison: "same", "del" or "ins"."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Change]:
    """Return the words that stayed, went and came, in reading order."""
    shown: list[Change] = []
    position = 0
    for hunk in word_diff(before, after):
        shown += [
            Change("same", before[position : hunk.start]),
            Change("del", hunk.before),
            Change("ins", hunk.after),
        ]
        position = hunk.end
    shown.append(Change("same", before[position:]))
    return [change for change in shown if change.text]


def tagged(
    text: str, tags: Iterable[Tag], labels: Mapping[str, str] = MappingProxyType({})
) -> SafeString:
    """Return the text with the words of its span tags marked; marks that overlap are nested.

    `labels` say by what sign an editor calls a category, where that is not its number.
    """
    spans = [
        (tag.start, tag.end, tag) for tag in tags if tag.start is not None and tag.end is not None
    ]
    edges = sorted({0, len(text), *(edge for start, end, _tag in spans for edge in (start, end))})
    pieces = [
        _marked(
            text[here:there],
            [(tag, start == here) for start, end, tag in spans if start <= here and there <= end],
            labels,
        )
        for here, there in pairwise(edges)
    ]
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def _marked(
    words: str, covering: Sequence[tuple[Tag, bool]], labels: Mapping[str, str]
) -> str | SafeString:
    """Return the words with a line for each tag that covers them, and its sign where it begins."""
    piece: str | SafeString = words
    for lane, (tag, begins) in enumerate(covering):
        piece = format_html(
            '<mark class="{}" data-key="{}" title="{}">{}</mark>',
            f"marked marked-tag category-{tag.category.key} lane-{lane}{' begins' * begins}",
            labels.get(tag.category.key, tag.category.key) if begins else "",
            tag.category.name,
            piece,
        )
    return piece
