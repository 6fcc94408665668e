"""Difference: which reviews one dataset has and another has not, and what it does to the mix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from django.db import connection

from feedback.models import Dataset

MOST_LISTED: Final = 100

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class DifferentRow:
    """A review that is in one of the two only, or in both with another golden."""

    review_id: int
    task: str
    recommendation: str
    """Its id in the catalogue."""
    split: str
    golden_before: int | None
    golden_after: int | None
    text_before: str
    """Of the golden; the draft's where there is none. Empty where the review was not there."""
    text_after: str
    why: str
    """The state that the golden before is in now where it no longer stands: its name, or `UNDONE`
    for a review that was taken back; empty where it was the recipe, or a build's choice."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a dataset something is, before and after."""

    name: str
    before: int
    after: int
    share_before: float
    """0 to 1, of the reviews of the dataset."""
    share_after: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one dataset to another."""

    older: Dataset
    newer: Dataset
    added: int
    removed: int
    changed: int
    unchanged: int
    listed: Mapping[Kind, Sequence[DifferentRow]]
    """The first of each kind, in the order of their reviews."""
    mix: Mapping[str, Sequence[Share]]
    """Splits, tasks, outcomes, tags, editors (under their pseudonyms), models."""
    recipe: Mapping[str, tuple[object, object]]
    """Field -> what it was, what it is; those that differ."""


def difference(older: Dataset, newer: Dataset, most: int = MOST_LISTED) -> Difference:
    """Return what changed from one ready dataset to another, with `most` rows of each kind.

    Raises ValueError where one of them is not ready.
    """
    for dataset in (older, newer):
        if dataset.manifest is None:
            raise ValueError(f"{dataset} is not ready.")
    counted, listed = _different(older, newer, most)
    return Difference(
        older=older,
        newer=newer,
        **counted,
        # What both have is what the newer one has and the older one has not, or has otherwise.
        unchanged=newer.rows - counted["added"] - counted["changed"],
        listed=listed,
        mix={
            what: _shares(older, newer, what)
            for what in ("splits", "tasks", "outcomes", "tags", "editors", "models")
        },
        recipe=_recipe(older.recipe, newer.recipe),
    )


KINDS: Final[Sequence[Kind]] = ("added", "removed", "changed")
# Both are gone through once, in the order of their reviews; what differs is most often little.
_DIFFERENT: Final = """
WITH different AS (
    SELECT review_id, before.golden_id AS golden_before, after.golden_id AS golden_after,
           COALESCE(after.split, before.split) AS split,
           CASE WHEN before.dataset_id IS NULL THEN 'added'
                WHEN after.dataset_id IS NULL THEN 'removed' ELSE 'changed' END AS kind
    FROM (SELECT * FROM feedback_datasetrow WHERE dataset_id = %(older)s) before
    FULL JOIN (SELECT * FROM feedback_datasetrow WHERE dataset_id = %(newer)s) after
      USING (review_id)
    WHERE before.dataset_id IS NULL OR after.dataset_id IS NULL
       OR before.golden_id IS DISTINCT FROM after.golden_id OR before.split <> after.split
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY kind ORDER BY review_id) AS place,
           count(*) OVER (PARTITION BY kind) AS of_kind
    FROM different
), listed AS (
    -- The limit tells the database how few these are.
    SELECT * FROM placed WHERE place <= %(most)s ORDER BY review_id LIMIT 3 * %(most)s
)
SELECT listed.kind, listed.of_kind, listed.review_id, task.slug, recommendation.external_id,
       listed.split, listed.golden_before, listed.golden_after,
       CASE listed.kind WHEN 'added' THEN '' ELSE COALESCE(golden_before.text, draft.text) END,
       CASE listed.kind WHEN 'removed' THEN '' ELSE COALESCE(golden_after.text, draft.text) END,
       CASE WHEN undo.id IS NOT NULL THEN 'UNDONE'
            WHEN golden_before.state <> 'APPROVED' THEN golden_before.state
            ELSE '' END
FROM listed
JOIN feedback_review review ON review.id = listed.review_id
JOIN explanations_draft draft ON draft.id = review.draft_id
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
JOIN explanations_task task ON task.id = draft.task_id
LEFT JOIN feedback_golden golden_before ON golden_before.id = listed.golden_before
LEFT JOIN feedback_golden golden_after ON golden_after.id = listed.golden_after
LEFT JOIN feedback_review undo ON undo.supersedes_id = review.id
ORDER BY listed.review_id
"""


def _different(
    older: Dataset, newer: Dataset, most: int
) -> tuple[dict[Kind, int], dict[Kind, list[DifferentRow]]]:
    """Return how many reviews of each kind there are, and the first of them."""
    counted: dict[Kind, int] = dict.fromkeys(KINDS, 0)
    listed: dict[Kind, list[DifferentRow]] = {kind: [] for kind in KINDS}
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERENT, {"older": older.pk, "newer": newer.pk, "most": most})
        for kind, of_kind, *row in cursor.fetchall():
            counted[kind] = of_kind
            listed[kind].append(DifferentRow(*row))
    return counted, listed


def _shares(older: Dataset, newer: Dataset, what: str) -> list[Share]:
    before, after = _counts(older, what), _counts(newer, what)
    of_before, of_after = max(older.rows, 1), max(newer.rows, 1)
    return [
        Share(
            name=name,
            before=before.get(name, 0),
            after=after.get(name, 0),
            share_before=before.get(name, 0) / of_before,
            share_after=after.get(name, 0) / of_after,
        )
        for name in sorted(before.keys() | after.keys())
    ]


def _counts(dataset: Dataset, what: str) -> dict[str, int]:
    counts: dict[str, int] = (dataset.manifest or {}).get(what) or {}
    return counts


def _recipe(
    before: Mapping[str, Any], after: Mapping[str, Any], prefix: str = ""
) -> dict[str, tuple[object, object]]:
    changed: dict[str, tuple[object, object]] = {}
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if isinstance(was, dict) and isinstance(now, dict):
            changed |= _recipe(was, now, f"{prefix}{name}.")
        elif was != now:
            changed[f"{prefix}{name}"] = (was, now)
    return changed
