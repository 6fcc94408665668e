"""What a submission writes: one statement, from the end of the assignment to the line of the log.

Written one by one the rows cost the web server and PostgreSQL several times as much. Which row goes
where is all that stands here; what may be submitted, and what it makes, is decided before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model

from accounts.statements import Statement
from explanations.models import Place, PublishedLine
from feedback.models import (
    Assignment,
    CriterionAnswer,
    DecidedLine,
    FindingJudgement,
    Golden,
    Review,
    Tag,
)

ENDED: Final = (Assignment.State.EXPIRED, Assignment.State.RELEASED)
"""The states of an assignment that does not hold its place any more, and was not submitted."""


@dataclass(frozen=True, slots=True)
class SubmittedRows:
    """All rows of a submission, none of them saved yet; what belongs to the review names none."""

    review: Review
    work: Mapping[str, Any]
    """What the editor gets back when the review is undone; it stays with the assignment."""
    tags: Sequence[Tag]
    answers: Sequence[CriterionAnswer]
    judgements: Sequence[FindingJudgement]
    golden: Golden | None
    published_line: PublishedLine | None
    """Of the golden; `source` is made from its number."""
    decided_line: DecidedLine | None
    place_state: Place.State
    settled: str | None
    """The outcome that settles the draft, "" where its reviews disagree, None while it waits."""


def write(rows: SubmittedRows, from_states: Sequence[str] = (Assignment.State.ACTIVE,)) -> bool:
    """Write all rows, or none and return False when the assignment is in none of `from_states`.

    The draft must be locked. Afterwards review and golden know their numbers and times.
    """
    review, golden = rows.review, rows.golden
    written = _WRITE.row(
        assignment=review.assignment_id,
        from_states=list(from_states),
        work=json.dumps(rows.work),
        active_ms=review.active_ms,
        review=_as_json(_REVIEW, review),
        tags=_all_as_json(_TAG, rows.tags),
        answers=_all_as_json(_ANSWER, rows.answers),
        judgements=_all_as_json(_JUDGEMENT, rows.judgements),
        golden=_as_json(_GOLDEN, golden),
        published_line=_as_json(_PUBLISHED_LINE, rows.published_line),
        decided_line=_as_json(_DECIDED_LINE, rows.decided_line),
        place_state=rows.place_state,
        settled=rows.settled,
    )
    if written is None:
        return False
    review.pk, review.created_at, golden_id, golden_at = written
    review._state.adding = False
    if golden is not None:
        golden.pk, golden.created_at, golden.changed_at = golden_id, golden_at, golden_at
        golden.review = review
        golden._state.adding = False
    return True


_REVIEW: Final = (
    "draft_id",
    "place_id",
    "assignment_id",
    "editor_id",
    "key",
    "body_sha256",
    "outcome",
    "reason",
    "note",
    "rewrite",
    "rewrite_output",
    "alignment",
    "guide_id",
    "active_ms",
)
_TAG: Final = (
    "ordinal",
    "category_id",
    "severity",
    "scope",
    "start",
    "end",
    "quote",
    "note",
    "pointer",
    "finding_id",
)
_ANSWER: Final = ("criterion_id", "answer", "by_tag")
_JUDGEMENT: Final = ("finding_id", "verdict")
_GOLDEN: Final = (
    "task_id",
    "recommendation_id",
    "snapshot_id",
    "prompt_id",
    "text",
    "language",
    "output",
    "rests_on",
    "grade",
    "state",
    "state_reason",
)
_PUBLISHED_LINE: Final = ("task_id", "text", "words", "owner")
_DECIDED_LINE: Final = ("task_id", "group", "item", "bands")


def _columns(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


# PostgreSQL reads rows from JSON by the types of their table.
def _as_json(columns: Sequence[str], row: Model | None) -> str | None:
    return None if row is None else json.dumps(_values(columns, row), default=str)


def _all_as_json(columns: Sequence[str], rows: Sequence[Model]) -> str:
    return json.dumps([_values(columns, row) for row in rows], default=str)


def _values(columns: Sequence[str], row: Model) -> dict[str, Any]:
    return {name: getattr(row, name) for name in columns}


_WRITE: Final = Statement(
    """
    WITH handed_in AS (
        UPDATE feedback_assignment
        SET state = 'SUBMITTED', ended_at = statement_timestamp(), work = %(work)s::jsonb,
            revision = revision + 1, active_ms = %(active_ms)s
        WHERE id = %(assignment)s AND array_position(%(from_states)s::text[], state) IS NOT NULL
        RETURNING id
    ), review AS (
        INSERT INTO feedback_review ({review})
        SELECT {review}
        FROM handed_in, jsonb_populate_record(NULL::feedback_review, %(review)s::jsonb)
        RETURNING id AS new_review, created_at AS reviewed_at, draft_id AS reviewed_draft,
            place_id AS reviewed_place, editor_id AS reviewer, outcome AS decision
    ), tag AS (
        INSERT INTO feedback_tag (review_id, {tag})
        SELECT new_review, {tag}
        FROM review, jsonb_populate_recordset(NULL::feedback_tag, %(tags)s::jsonb)
    ), answer AS (
        INSERT INTO feedback_criterionanswer (review_id, {answer})
        SELECT new_review, {answer}
        FROM review, jsonb_populate_recordset(NULL::feedback_criterionanswer, %(answers)s::jsonb)
    ), judgement AS (
        INSERT INTO feedback_findingjudgement (review_id, {judgement})
        SELECT new_review, {judgement}
        FROM review,
            jsonb_populate_recordset(NULL::feedback_findingjudgement, %(judgements)s::jsonb)
    ), golden AS (
        INSERT INTO feedback_golden (review_id, {golden})
        SELECT new_review, {golden}
        FROM review, jsonb_populate_record(NULL::feedback_golden, %(golden)s::jsonb)
        WHERE %(golden)s::jsonb IS NOT NULL
        RETURNING id AS new_golden, created_at AS made_at
    ), published_line AS (
        INSERT INTO explanations_publishedline (source, {published_line})
        SELECT 'golden ' || new_golden, {published_line}
        FROM golden,
            jsonb_populate_record(NULL::explanations_publishedline, %(published_line)s::jsonb)
        WHERE %(published_line)s::jsonb IS NOT NULL
    ), decided_line AS (
        INSERT INTO feedback_decidedline (review_id, {decided_line})
        SELECT new_review, {decided_line}
        FROM review, jsonb_populate_record(NULL::feedback_decidedline, %(decided_line)s::jsonb)
        WHERE %(decided_line)s::jsonb IS NOT NULL
    ), log_entry AS (
        INSERT INTO accounts_logentry (actor_id, action, subject_type, subject_id, detail, at)
        SELECT reviewer, 'reviewed', 'draft', reviewed_draft,
            jsonb_build_object('review', new_review, 'outcome', decision), reviewed_at
        FROM review
    ), place AS (
        UPDATE explanations_place SET state = %(place_state)s::text
        FROM review WHERE id = reviewed_place AND state <> %(place_state)s::text
    ), draft AS (
        UPDATE explanations_draft SET state = 'REVIEWED', settled_outcome = %(settled)s::text
        FROM review WHERE id = reviewed_draft AND %(settled)s::text IS NOT NULL
    )
    SELECT new_review, reviewed_at, new_golden, made_at FROM review LEFT JOIN golden ON true
    """,
    review=_columns(_REVIEW),
    tag=_columns(_TAG),
    answer=_columns(_ANSWER),
    judgement=_columns(_JUDGEMENT),
    golden=_columns(_GOLDEN),
    published_line=_columns(_PUBLISHED_LINE),
    decided_line=_columns(_DECIDED_LINE),
)
