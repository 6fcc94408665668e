"""What the queue asks of the database: plain SQL, planned once a connection.

Every draft passes here, and every few seconds of an editor's work. To write its queries anew each
time took the ORM longer than all else that a claim does, and PostgreSQL's planner longer than to
run them. What they promise is said in `feedback.services.queue`.
"""

from functools import cache
from typing import Final

from accounts.statements import Columns, Statement
from explanations.models import Place
from feedback.models import Assignment
from feedback.services.whole_assignments import whole

LOCK_EDITOR: Final = Statement(
    "SELECT FROM accounts_person WHERE id = %(editor)s FOR NO KEY UPDATE"
)

# What an editor may have ------------------------------------------------------------------------

_IN_TASKS: Final = "(%(tasks)s::bigint[] IS NULL OR place.task_id = ANY(%(tasks)s))"

# The reviews for which the editor is not to have a draft again: those that stand, but for an old
# "not now". And a lead may settle what they gave to the lead themselves.
_REVIEWED: Final = """
    SELECT FROM feedback_review review
    WHERE review.draft_id = place.draft_id AND review.editor_id = %(editor)s
      AND review.outcome <> 'UNDO'
      AND NOT (
          review.outcome = 'SKIP' AND review.reason = %(not_now)s
          AND review.created_at < statement_timestamp() - %(not_now_for)s
      )
      AND NOT (%(escalated)s AND review.outcome = 'ESCALATE')
      AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
"""

# The open reports of a fact that the draft rests on, of part of one, or of what holds one.
_REPORTED: Final = """
    SELECT FROM explanations_draft draft
    JOIN feedback_factreport report
        ON report.recommendation_id = draft.recommendation_id AND report.state = 'OPEN'
    WHERE draft.id = place.draft_id AND EXISTS (
        SELECT FROM unnest(draft.rests_on) AS each_used (used)
        WHERE used = report.pointer OR starts_with(used, report.pointer || '/')
           OR starts_with(report.pointer, used || '/')
    )
"""

# What the editor holds, and what they were at when a lease ran out: as they wish, still free, and
# not reviewed since.
MINE: Final = Statement(
    """
    SELECT mine.id, mine.state, mine.slot, mine.work_saved_at IS NOT NULL,
        place.id, place.state, place.task_id, place.draft_id, EXISTS ({reported})
    FROM (
        SELECT * FROM feedback_assignment held
        WHERE held.editor_id = %(editor)s AND held.state = 'ACTIVE'
        UNION ALL
        SELECT * FROM feedback_assignment gone
        WHERE gone.editor_id = %(editor)s AND gone.state = 'EXPIRED'
          AND gone.ended_at > statement_timestamp() - %(unfinished_for)s
          AND gone.work_saved_at IS NOT NULL
    ) AS mine
    JOIN explanations_place place ON place.id = mine.place_id
    WHERE mine.state = 'ACTIVE' OR (
        place.state = %(state)s AND {in_tasks}
        AND NOT EXISTS (
            SELECT FROM feedback_assignment other
            WHERE other.place_id = place.id AND other.state = 'ACTIVE'
        )
        AND NOT EXISTS ({reviewed})
    )
    ORDER BY mine.ended_at DESC, mine.work_saved_at DESC NULLS LAST, mine.id
    """,
    reported=_REPORTED,
    reviewed=_REVIEWED,
    in_tasks=_IN_TASKS,
)

# Place by place from the head of the queue, to the first that is free. Without OFFSET 0 the planner
# could make joins of what is looked up for each, and read all that waits and all reviews.
_FIRST_FREE: Final = """
    SELECT place.id FROM explanations_place place
    WHERE place.state = '{state}' AND {of_tasks} AND place.draft_id <> %(beside)s
      AND NOT EXISTS (
          SELECT FROM feedback_assignment other
          WHERE other.place_id = place.id AND other.state = 'ACTIVE' OFFSET 0
      )
      AND NOT EXISTS ({reviewed} OFFSET 0)
      AND NOT EXISTS ({reported} OFFSET 0)
    ORDER BY place.priority DESC, place.id LIMIT 1
    FOR NO KEY UPDATE OF place SKIP LOCKED
"""


@cache
def first_free(state: Place.State, tasks: int | None) -> Statement:
    """Return the statement that locks the first place of a queue that an editor may take.

    The state and the number of tasks, None for all, are part of its text: only so it is known that
    an index holds this queue in its order.
    """
    of_tasks = {None: "true", 1: "place.task_id = %(task)s"}
    return Statement(
        _FIRST_FREE,
        state=state.value,
        of_tasks=of_tasks.get(tasks, "place.task_id = ANY(%(tasks)s)"),
        reviewed=_REVIEWED,
        reported=_REPORTED,
    )


# Leasing ----------------------------------------------------------------------------------------

# Looks again whether the locked place is free, and leases it with what the editor typed before.
_LEASE: Final = """
    before AS (
        SELECT id, state FROM feedback_assignment
        WHERE place_id = %(place)s AND (
            state = 'ACTIVE' OR (editor_id = %(editor)s AND state IN ('EXPIRED', 'RELEASED'))
        )
    ), revived AS (
        UPDATE feedback_assignment
        SET state = 'ACTIVE', slot = %(slot)s, ended_at = NULL,
            leased_until = statement_timestamp() + %(lease)s
        WHERE id = (SELECT max(id) FROM before)
          AND NOT EXISTS (SELECT FROM before WHERE state = 'ACTIVE')
        RETURNING *
    ), leased AS (
        INSERT INTO feedback_assignment (
            place_id, editor_id, slot, state, created_at, leased_until, work, revision, active_ms
        )
        SELECT %(place)s, %(editor)s, %(slot)s, 'ACTIVE', statement_timestamp(),
            statement_timestamp() + %(lease)s, '{}', 0, 0
        WHERE NOT EXISTS (SELECT FROM before)
        RETURNING *
    ), held AS (
        SELECT * FROM revived UNION ALL SELECT * FROM leased
    )
"""
LEASE_NOW: Final = whole(_LEASE)
# What is leased ahead is read when it is shown.
LEASED_AHEAD: Final = Columns(Assignment, "held")
LEASE_AHEAD: Final = Statement(
    "WITH {lease} SELECT {held} FROM held", lease=_LEASE, held=LEASED_AHEAD
)

RENEW: Final = whole(
    """
    held AS (
        UPDATE feedback_assignment SET leased_until = statement_timestamp() + %(lease)s
        WHERE id = %(assignment)s AND state = 'ACTIVE' RETURNING *
    )
    """
)
REVIVE: Final = whole(
    """
    held AS (
        UPDATE feedback_assignment
        SET state = 'ACTIVE', slot = %(slot)s, ended_at = NULL,
            leased_until = statement_timestamp() + %(lease)s
        WHERE id = %(assignment)s RETURNING *
    )
    """
)
GET: Final = whole(
    """
    held AS (
        SELECT * FROM feedback_assignment WHERE id = %(assignment)s AND editor_id = %(editor)s
    )
    """
)

# The one submitted under a key, else the newest.
ASSIGNMENT_ON: Final = Statement(
    """
    SELECT assignment.id
    FROM explanations_place place
    JOIN feedback_assignment assignment ON assignment.place_id = place.id
    LEFT JOIN feedback_review submitted
        ON submitted.editor_id = %(editor)s AND submitted.key = %(key)s
        AND submitted.assignment_id = assignment.id
    WHERE place.draft_id = %(draft)s AND assignment.editor_id = %(editor)s
    ORDER BY submitted.id IS NULL, assignment.id DESC
    LIMIT 1
    """
)

# Whoever is shown a draft renews its lease: what was renewed since it was looked at stays theirs.
GIVE_UP_ONE_AHEAD: Final = Statement(
    """
    WITH ahead AS (
        SELECT held.id, held.leased_until
        FROM feedback_assignment held
        JOIN explanations_place place ON place.id = held.place_id
        WHERE held.state = 'ACTIVE' AND held.editor_id <> %(editor)s
          AND held.work_saved_at IS NULL
          AND place.state = %(state)s AND {in_tasks}
          AND EXISTS (
              SELECT FROM feedback_assignment current
              WHERE current.editor_id = held.editor_id AND current.state = 'ACTIVE'
                AND current.id <> held.id
                AND (current.work_saved_at IS NOT NULL OR current.id < held.id)
          )
          AND NOT EXISTS ({reviewed})
          AND NOT EXISTS ({reported})
        ORDER BY place.priority DESC, place.id LIMIT 1
    )
    UPDATE feedback_assignment given_up
    SET state = 'RELEASED', ended_at = statement_timestamp()
    FROM ahead
    WHERE given_up.id = ahead.id AND given_up.state = 'ACTIVE'
      AND given_up.leased_until = ahead.leased_until
    """,
    in_tasks=_IN_TASKS,
    reviewed=_REVIEWED,
    reported=_REPORTED,
)

# Keeping ----------------------------------------------------------------------------------------

# The most frequent write of all, in one statement. What is leased ahead is kept for as long as the
# editor works; half a lease is soon enough, and one that another tab is just writing needs no help:
# to wait for it could end in a ring.
SAVE: Final = Statement(
    """
    WITH saved AS (
        UPDATE feedback_assignment held
        SET work = %(work)s::jsonb,
            revision = held.revision + 1,
            work_saved_at = statement_timestamp(),
            leased_until = statement_timestamp() + %(lease)s,
            active_ms = greatest(held.active_ms, least(
                %(active_ms)s,
                (extract(epoch FROM statement_timestamp() - held.created_at) * 1000)::bigint
            ))
        FROM explanations_place place
        WHERE held.id = %(assignment)s AND held.editor_id = %(editor)s
          AND held.revision = %(revision)s AND held.state = 'ACTIVE'
          AND place.id = held.place_id AND place.state = ANY(%(open)s)
        RETURNING held.id, place.task_id
    ), kept_ahead AS (
        UPDATE feedback_assignment SET leased_until = statement_timestamp() + %(lease)s
        WHERE id IN (
            SELECT ahead.id FROM feedback_assignment ahead, saved
            WHERE ahead.editor_id = %(editor)s AND ahead.state = 'ACTIVE' AND ahead.id <> saved.id
              AND ahead.work_saved_at IS NULL
              AND ahead.leased_until < statement_timestamp() + %(lease)s / 2
            FOR NO KEY UPDATE OF ahead SKIP LOCKED
        )
    )
    SELECT (
        SELECT guide.number
        FROM explanations_task task JOIN explanations_guide guide ON guide.id = task.guide_id
        WHERE task.id = saved.task_id
    )
    FROM saved
    """
)
