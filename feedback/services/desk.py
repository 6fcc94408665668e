"""What the review screen shows besides the draft itself, asked in one statement."""

import json
from dataclasses import dataclass
from typing import Final

from accounts.models import Person
from accounts.statements import Statement
from explanations.models import Draft
from feedback.models import Review
from feedback.services.taxonomy import TAXONOMY, Taxonomy, read_taxonomy


@dataclass(frozen=True, slots=True)
class LastReview:
    """What an editor submitted last."""

    review: int
    draft: int
    outcome: str

    @property
    def outcome_in_words(self) -> str:
        """What they decided, for people."""
        return str(Review.Outcome(self.outcome).label)


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a draft on the desk."""

    last_review: LastReview | None
    reported: frozenset[str]
    """The pointers of its facts that somebody has reported and no lead has settled."""
    taxonomy: Taxonomy


def around(editor: Person, draft: Draft | None) -> Around:
    """Return what stands around a draft on this editor's desk, or around none."""
    row = _AROUND.row(
        editor=editor.pk,
        task=draft.task_id if draft else 0,
        recommendation=draft.recommendation_id if draft else 0,
    )
    assert row is not None  # noqa: S101 - for the type checker
    last, reported, taxonomy = row
    return Around(
        LastReview(**json.loads(last)) if last else None,
        frozenset(reported),
        read_taxonomy(taxonomy),
    )


# The last review is one that has not been taken back.
_AROUND: Final = Statement(
    """
    SELECT
        (
            SELECT json_build_object(
                'review', review.id, 'draft', review.draft_id, 'outcome', review.outcome
            )::text
            FROM feedback_review review
            WHERE review.editor_id = %(editor)s AND review.outcome <> 'UNDO'
              AND NOT EXISTS (
                  SELECT FROM feedback_review later WHERE later.supersedes_id = review.id OFFSET 0
              )
            ORDER BY review.id DESC LIMIT 1
        ),
        ARRAY(
            SELECT report.pointer FROM feedback_factreport report
            WHERE report.recommendation_id = %(recommendation)s AND report.state = 'OPEN'
        ),
        {taxonomy}
    """,
    taxonomy=TAXONOMY,
)
