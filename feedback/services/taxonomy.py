"""The categories and criteria of a task as a review uses them: asked each time, read when new.

`TAXONOMY` is the part of a statement that asks, and `read_taxonomy` makes of it what is shown.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from explanations.models import Severity


@dataclass(frozen=True, slots=True)
class ShownCategory:
    """A kind of error that is in use."""

    slug: str
    key: str
    name: str
    definition: str
    examples: tuple[str, ...]
    severity: int
    decides: Mapping[str, str]
    """Criterion -> what a tag of this category answers to it."""

    @property
    def severity_in_words(self) -> str:
        """The usual severity, for people."""
        return str(Severity(self.severity).label)


@dataclass(frozen=True, slots=True)
class ShownCriterion:
    """A question that is in use."""

    slug: str
    name: str
    question: str


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """What is in use, in the order of the keyboard. Where the fingerprint is the same, all is."""

    categories: tuple[ShownCategory, ...]
    criteria: tuple[ShownCriterion, ...]
    fingerprint: str


TAXONOMY: Final = """
json_build_array(
    (
        SELECT json_agg(json_build_object(
            'slug', category.slug, 'key', category.key, 'name', category.name,
            'definition', category.definition, 'examples', category.examples,
            'severity', category.severity,
            'decides', (
                SELECT json_object_agg(criterion.slug, decided.answer ORDER BY decided.id)
                FROM explanations_decidedanswer decided
                JOIN explanations_criterion criterion ON criterion.id = decided.criterion_id
                WHERE decided.category_id = category.id AND criterion.retired_at IS NULL
            )
        ) ORDER BY category.ordinal, category.id)
        FROM explanations_category category
        WHERE category.task_id = %(task)s AND category.retired_at IS NULL
    ),
    (
        SELECT json_agg(json_build_object(
            'slug', criterion.slug, 'name', criterion.name, 'question', criterion.question
        ) ORDER BY criterion.ordinal, criterion.id)
        FROM explanations_criterion criterion
        WHERE criterion.task_id = %(task)s AND criterion.retired_at IS NULL
    )
)::text
"""


# Tasks are few and change rarely; each draft that is shown asks.
@lru_cache(maxsize=64)
def read_taxonomy(written: str) -> Taxonomy:
    """Return what the database answered to TAXONOMY."""
    categories: list[dict[str, Any]] | None
    criteria: list[dict[str, str]] | None
    categories, criteria = json.loads(written)
    return Taxonomy(
        tuple(_category(each) for each in categories or ()),
        tuple(ShownCriterion(**each) for each in criteria or ()),
        sha256(written.encode()).hexdigest(),
    )


def _category(written: dict[str, Any]) -> ShownCategory:
    return ShownCategory(
        **written
        | {"examples": tuple(written["examples"] or ()), "decides": written["decides"] or {}}
    )
