"""What a harmful tag sets off: nobody is shown the same words again before a lead has looked.

All of it happens in the transaction of the review, and is taken back with it.
"""

from collections.abc import Iterable
from typing import Final

from django.db import connection

from accounts.models import Person
from explanations.models import Draft
from feedback.models import BulkAction, Review
from feedback.outcomes import ENDS_THE_PLACE, MINOR, Outcome
from feedback.review_body import ReviewBody, TagBody
from feedback.services.bulk_actions import do_because_of, undo_because_of

HARMFUL: Final = "harmful"
"""The category's slug, as the checks know it too."""
_SAYS_SO: Final = ENDS_THE_PLACE | {Outcome.ESCALATE}

# The index of words finds the few that may be the same: exact equality has none of its own.
_SAME_WORDS: Final = """
    task_id = %s AND text = %s AND text <> ''
    AND copydesk_words(language, text) @@ (
        SELECT string_agg(quote_literal(lexeme), ' & ')::tsquery
        FROM unnest(copydesk_words(%s, %s))
    )
"""
_DRAFTS: Final = f"""
SELECT id, state FROM explanations_draft
WHERE {_SAME_WORDS} AND state IN ('READY', 'BLOCKED') AND id <> %s
"""  # noqa: S608 - made of constants
_GOLDENS: Final = f"""
SELECT id, state FROM feedback_golden
WHERE {_SAME_WORDS} AND state IN ('PROPOSED', 'APPROVED') AND review_id <> %s
"""  # noqa: S608 - made of constants


# Text and task of a draft that is under review are final.
_TAKE_TURNS: Final = """
SELECT pg_advisory_xact_lock(hashtextextended(draft.text, draft.task_id))
FROM feedback_assignment assignment
JOIN explanations_place place ON place.id = assignment.place_id
JOIN explanations_draft draft ON draft.id = place.draft_id
WHERE assignment.id = %s
"""


def is_harmful(outcome: Outcome, tags: Iterable[TagBody]) -> bool:
    """Whether a submission says that the text is harmful: a skip decides nothing."""
    return outcome in _SAYS_SO and any(
        tag.category == HARMFUL and tag.severity >= MINOR for tag in tags
    )


def may_be_harmful(body: ReviewBody) -> bool:
    """Whether a submission, as it was sent, may say so; to be asked before anything is locked."""
    named = {tag.category for tag in body.tags} | {cause.category for cause in body.causes}
    return HARMFUL in named


def take_turns(assignment_id: int) -> None:
    """Let one at a time call the same words harmful: each is about to lock all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_TURNS, [assignment_id])


def set_aside_the_same(review: Review, draft: Draft) -> None:
    """Quarantine the drafts that say exactly this, send such goldens to review, tell the leads.

    Those of the blind sample stay in the queue, because the error rates rest on them.
    """
    reason = f"Draft {draft.pk} has the same words, and {review.editor} tagged them as harmful."
    same: list[int | str] = [draft.task_id, draft.text, draft.language, draft.text]
    do_because_of(review, BulkAction.Kind.QUARANTINE, "drafts", _DRAFTS, [*same, draft.pk], reason)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_GOLDENS})", [*same, review.pk])
        (is_golden,) = cursor.fetchone()
    if is_golden:
        do_because_of(
            review, BulkAction.Kind.REVIEW, "goldens", _GOLDENS, [*same, review.pk], reason
        )


def take_back(review: Review, person: Person) -> None:
    """Put back what the review's harmful tag had set aside and nobody has dealt with since."""
    undo_because_of(review, person)
