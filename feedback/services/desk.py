"""What the review screen shows of what was before: this editor's last review, reported facts."""

from typing import Final

from accounts.models import Person
from accounts.statements import Columns, Statement
from explanations.models import Recommendation
from feedback.models import Review

_REVIEW: Final = Columns(Review, "review")
_LAST_REVIEW: Final = Statement(
    """
    SELECT {review} FROM feedback_review review
    WHERE review.editor_id = %(editor)s AND review.outcome <> 'UNDO'
      AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
    ORDER BY review.id DESC LIMIT 1
    """,
    review=_REVIEW,
)
_REPORTED: Final = Statement(
    """
    SELECT report.pointer FROM feedback_factreport report
    WHERE report.recommendation_id = %(recommendation)s AND report.state = 'OPEN'
    """
)


def last_review(editor: Person) -> Review | None:
    """Return what the editor submitted last and has not taken back."""
    row = _LAST_REVIEW.row(editor=editor.pk)
    return _REVIEW.read(row) if row else None


def reported_facts(recommendation: Recommendation) -> set[str]:
    """Return the pointers of the facts that somebody has reported and no lead has settled."""
    return {pointer for (pointer,) in _REPORTED.rows(recommendation=recommendation.pk)}
