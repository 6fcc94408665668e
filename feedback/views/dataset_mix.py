"""What a dataset is made up of, as its manifest counts it, in the words of its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from feedback.models import Review, Split


@dataclass(frozen=True, slots=True)
class Line:
    """One kind, and how many reviews are of it."""

    words: str
    count: int
    per_cent: float | None = None
    """Of all reviews; None where a review may be of several kinds, or of none."""


@dataclass(frozen=True, slots=True)
class Part:
    """One way to divide the reviews of a dataset."""

    title: str
    lines: Sequence[Line]


def mix_of(manifest: Mapping[str, Any]) -> list[Part]:
    """Return how the reviews of a dataset are made up; what it does not count is left out."""
    reviews = manifest.get("reviews", 0)
    counted = {name: manifest.get(name, {}) for name in ("splits", "tasks", "outcomes", "models")}
    splits, outcomes = dict(Split.choices), dict(Review.Outcome.choices)
    prompts = {
        _("%(task)s, prompt %(number)s") % prompt: prompt["reviews"]
        for prompt in manifest.get("prompts", ())
    }
    guides = {
        _("%(task)s, guide %(number)s") % guide: guide["reviews"]
        for guide in manifest.get("guides", ())
    }
    parts = [
        (_("Splits"), _in_words(counted["splits"], splits), reviews),
        (_("Tasks"), counted["tasks"], reviews),
        (_("Decisions"), _in_words(counted["outcomes"], outcomes), reviews),
        (_("Tags"), manifest.get("tags", {}), None),
        (_("Models"), counted["models"], reviews),
        (_("Prompts"), prompts, reviews),
        (_("Guides"), guides, reviews),
        (_("Editors"), manifest.get("editors", {}), reviews),
    ]
    return [Part(title, _lines(counts, whole)) for title, counts, whole in parts if counts]


def left_out_of(manifest: Mapping[str, Any]) -> Sequence[Line]:
    """Return why reviews gave no row, or not all of theirs, and how many; most first."""
    return _lines(
        {_reason(said): count for said, count in manifest.get("left_out", {}).items()}, None
    )


def _reason(said: str) -> str:
    """Return a reason in the reader's language; some have another one behind a colon."""
    outer, colon, inner = said.partition(": ")
    return _(outer + colon) + (_(inner) if inner else "")


def rows_of_formats(manifest: Mapping[str, Any]) -> list[tuple[str, list[int]]]:
    """Return each format with its rows in each split, in the order of the splits."""
    return [
        (name, [by_split.get(split, 0) for split in Split.values])
        for name, by_split in manifest.get("rows", {}).items()
    ]


def _in_words(counts: Mapping[str, int], words: Mapping[Any, Any]) -> dict[str, int]:
    return {str(words.get(value, value)): count for value, count in counts.items()}


def _lines(counts: Mapping[str, int], whole: int | None) -> list[Line]:
    most_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [
        Line(words, count, 100 * count / whole if whole else None) for words, count in most_first
    ]
