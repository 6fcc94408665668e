"""The difference of two datasets, as its page shows it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from django.urls import reverse
from django.utils.translation import gettext as _

from feedback.models import Golden, Review, Split
from feedback.services.datasets.difference import Difference, DifferentRow, Share
from feedback.views.shown_text import Change, changes

UNDONE = "UNDONE"


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A review that is in one of the two only, or in both with another golden."""

    changes: list[Change]
    split: str
    recommendation: str
    why: str
    address: str


@dataclass(frozen=True, slots=True)
class ShownShare:
    """How much of each dataset something is."""

    before: int
    after: int
    before_per_cent: float
    after_per_cent: float


def what_differs(found: Difference) -> dict[str, Any]:
    """Return what the page says of a difference."""
    drafts = _drafts(row for rows in found.listed.values() for row in rows)
    kinds = (
        (_("Came"), found.added, found.listed["added"]),
        (_("Went"), found.removed, found.listed["removed"]),
        (_("Another golden"), found.changed, found.listed["changed"]),
    )
    return {
        "difference": found,
        "recipe": [(field, _said(was), _said(now)) for field, (was, now) in found.recipe.items()],
        "mix": _mix(found),
        "listed": [
            (title, count, [_shown(row, drafts) for row in rows]) for title, count, rows in kinds
        ],
    }


def _mix(found: Difference) -> list[tuple[str, list[tuple[str, ShownShare]]]]:
    titles = {
        "splits": _("Splits"),
        "tasks": _("Tasks"),
        "outcomes": _("Decisions"),
        "tags": _("Tags"),
        "models": _("Models"),
        "editors": _("Editors"),
    }
    words: dict[Any, Any] = dict(Split.choices) | dict(Review.Outcome.choices)
    return [
        (title, [(str(words.get(share.name, share.name)), _share(share)) for share in shares])
        for what, title in titles.items()
        if (shares := found.mix.get(what))
    ]


def _share(share: Share) -> ShownShare:
    return ShownShare(share.before, share.after, 100 * share.share_before, 100 * share.share_after)


def _drafts(rows: Iterable[DifferentRow]) -> Mapping[int, int]:
    reviews = Review.objects.filter(pk__in=[row.review_id for row in rows])
    return dict(reviews.values_list("pk", "draft"))


def _shown(row: DifferentRow, drafts: Mapping[int, int]) -> ShownRow:
    page = reverse("draft-reviews", args=[drafts[row.review_id]])
    return ShownRow(
        changes(row.text_before, row.text_after),
        str(Split(row.split).label),
        row.recommendation,
        _why(row.why),
        f"{page}#review-{row.review_id}",
    )


def _why(why: str) -> str:
    if why == UNDONE:
        return _("taken back")
    return str(Golden.State(why).label) if why else ""


def _said(value: object) -> str:
    return "–" if value in (None, [], {}) else orjson.dumps(value).decode()
