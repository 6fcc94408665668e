"""One batch of a delivery into the database: COPY its keys into a staging table, then sets.

Only what is new or has changed is sent as a whole, and what is new goes straight into the tables
by COPY. `delivered` remembers every id of the delivery so far, in the database and not in this
process, so that memory does not grow with the file. Both tables are temporary and belong to the
session that imports.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.backends.utils import CursorWrapper

from explanations.delivery_file import Refusal
from explanations.models import FactOverlay, Import, Recommendation
from explanations.recommendation_lines import RecommendationLine
from explanations.services.facts import overlay_again
from explanations.services.redrafting import redraft_after_change

# Batches of two imports wait for each other here. They would otherwise lock the same rows in the
# order of their files, which is a deadlock between two files in different order.
_ONE_BATCH_AT_A_TIME = 0x1_0D_E5_4B

_BEGIN = """
    CREATE TEMPORARY TABLE IF NOT EXISTS delivered (
        task_id bigint, external_id text, line bigint, PRIMARY KEY (task_id, external_id)
    );
    CREATE TEMPORARY TABLE IF NOT EXISTS staged (
        line bigint, task_id bigint, external_id text, content_sha256 text
    );
    CREATE TEMPORARY TABLE IF NOT EXISTS staged_change (
        recommendation_id bigint PRIMARY KEY, "group" text, locale text, priority smallint,
        stratum text, content_sha256 text, item jsonb, audience jsonb
    );
    TRUNCATE delivered, staged, staged_change;
"""

_COPY_KEYS = "COPY staged (line, task_id, external_id, content_sha256) FROM STDIN"

_REMEMBER = """
    INSERT INTO delivered (task_id, external_id, line)
    SELECT DISTINCT ON (task_id, external_id) task_id, external_id, line
    FROM staged ORDER BY task_id, external_id, line
    ON CONFLICT DO NOTHING
"""

_DROP_REPEATED = """
    DELETE FROM staged USING delivered
    WHERE delivered.task_id = staged.task_id
      AND delivered.external_id = staged.external_id
      AND delivered.line <> staged.line
    RETURNING staged.line, delivered.line
"""

_FIND_NEW_AND_CHANGED = """
    SELECT staged.line, recommendation.id
    FROM staged
    LEFT JOIN explanations_recommendation AS recommendation USING (task_id, external_id)
    WHERE recommendation.content_sha256 IS DISTINCT FROM staged.content_sha256
    ORDER BY staged.line
"""

# Both ids are drawn before: the two tables refer to each other, and their foreign keys are checked
# only at the end of the transaction.
_DRAW_IDS = """
    SELECT nextval('explanations_recommendation_id_seq'),
           nextval('explanations_factsnapshot_id_seq')
    FROM generate_series(1, %s)
"""

_COPY_NEW = """
    COPY explanations_recommendation (
        id, task_id, external_id, "group", locale, priority, stratum, content_sha256,
        snapshot_id, delivery_id
    ) FROM STDIN
"""

_COPY_FIRST_SNAPSHOTS = """
    COPY explanations_factsnapshot (id, recommendation_id, number, cause, item, audience, sources)
    FROM STDIN
"""

_COPY_CHANGES = """
    COPY staged_change (
        recommendation_id, "group", locale, priority, stratum, content_sha256, item, audience
    ) FROM STDIN
"""

# Facts are compared with what was delivered last, not with what editors made of it, and by value:
# jsonb knows neither the order of names nor whether a number was written 1 or 1.0.
_COMPARE = """
    SELECT recommendation.id,
           (recommendation."group", recommendation.locale, recommendation.priority,
            recommendation.stratum)
             IS DISTINCT FROM (staged."group", staged.locale, staged.priority, staged.stratum),
           (last.item, last.audience) IS DISTINCT FROM (staged.item, staged.audience)
    FROM explanations_recommendation AS recommendation
    JOIN staged_change AS staged ON staged.recommendation_id = recommendation.id
    LEFT JOIN LATERAL (
        SELECT item, audience FROM explanations_factsnapshot
        WHERE recommendation_id = recommendation.id AND cause = 'import'
        ORDER BY number DESC LIMIT 1
    ) AS last ON true
"""

# One update of each row: every version of it goes into four indexes.
_UPDATE = """
    WITH taken AS (
        INSERT INTO explanations_factsnapshot (
            recommendation_id, number, cause, item, audience, sources
        )
        SELECT staged.recommendation_id,
               1 + COALESCE((
                   SELECT max(number) FROM explanations_factsnapshot AS before
                   WHERE before.recommendation_id = staged.recommendation_id
               ), 0),
               'import', staged.item, staged.audience, '{}'
        FROM staged_change AS staged
        WHERE staged.recommendation_id = ANY(%(other_facts)s)
        ORDER BY staged.recommendation_id
        RETURNING id, recommendation_id
    )
    UPDATE explanations_recommendation AS recommendation
    SET "group" = staged."group", locale = staged.locale, priority = staged.priority,
        stratum = staged.stratum, content_sha256 = staged.content_sha256,
        snapshot_id = COALESCE(taken.id, recommendation.snapshot_id),
        delivery_id = CASE WHEN recommendation.id = ANY(%(changed)s)
                           THEN %(delivery)s ELSE recommendation.delivery_id END,
        changed_at = CASE WHEN recommendation.id = ANY(%(changed)s)
                          THEN now() ELSE recommendation.changed_at END
    FROM staged_change AS staged
    LEFT JOIN taken ON taken.recommendation_id = staged.recommendation_id
    WHERE recommendation.id = staged.recommendation_id
"""

# What waits moves with its recommendation, but for the drafts of a run that has a priority itself.
# A draft that is being claimed at this moment waits no more.
_MOVE_DRAFTS = """
    UPDATE explanations_draft AS draft SET priority = moved.priority
    FROM (
        SELECT draft.id, staged.priority
        FROM staged_change AS staged
        JOIN explanations_draft AS draft ON draft.recommendation_id = staged.recommendation_id
        JOIN explanations_run AS run ON run.id = draft.run_id AND run.priority IS NULL
        WHERE draft.state = 'PENDING' AND draft.priority <> staged.priority
        ORDER BY draft.id FOR NO KEY UPDATE OF draft SKIP LOCKED
    ) AS moved
    WHERE draft.id = moved.id
"""
_MOVE_PLACES = """
    UPDATE explanations_place AS place SET priority = moved.priority
    FROM (
        SELECT place.id, staged.priority
        FROM staged_change AS staged
        JOIN explanations_draft AS draft ON draft.recommendation_id = staged.recommendation_id
        JOIN explanations_run AS run ON run.id = draft.run_id AND run.priority IS NULL
        JOIN explanations_place AS place ON place.draft_id = draft.id
        WHERE place.state IN ('OPEN', 'ESCALATED') AND place.priority <> staged.priority
        ORDER BY place.id FOR NO KEY UPDATE OF place
    ) AS moved
    WHERE place.id = moved.id
"""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a batch came to."""

    new: int
    changed: int
    unchanged: int
    repeated: list[Refusal]


def begin() -> None:
    """Make this session's staging tables, or empty the ones of the import before."""
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN)


def remember(lines: Sequence[RecommendationLine], task_ids: dict[str, int]) -> None:
    """Note the ids of lines that went in before this attempt, so that later ones are repeats."""
    with connection.cursor() as cursor:
        _stage(cursor, lines, task_ids)


def merge(
    delivery: Import, lines: Sequence[RecommendationLine], task_ids: dict[str, int]
) -> Merged:
    """Bring checked lines into the catalogue, and the drafts in line with what changed.

    Of lines with one id, in this batch or before, the first counts; the others are returned as
    refused. Must run in a transaction, after `begin` in the same session.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_BATCH_AT_A_TIME])
        repeated: list[Refusal] = []
        if _stage(cursor, lines, task_ids) < len(lines):
            cursor.execute(_DROP_REPEATED)
            repeated = [_repeated(line, first) for line, first in cursor.fetchall()]
        cursor.execute(_FIND_NEW_AND_CHANGED)
        known = dict(cursor.fetchall())
        new = [line for line in lines if line.line in known and known[line.line] is None]
        other = {pk: line for line in lines if (pk := known.get(line.line)) is not None}
        _insert(cursor, delivery, new, task_ids)
        changed = _update(cursor, delivery, other)
    return Merged(len(new), changed, len(lines) - len(repeated) - len(new) - changed, repeated)


def _stage(
    cursor: CursorWrapper, lines: Iterable[RecommendationLine], task_ids: dict[str, int]
) -> int:
    """Stage and remember the lines' keys; return how many were not known of this delivery."""
    cursor.execute("TRUNCATE staged")
    with cursor.copy(_COPY_KEYS) as copy:
        for line in lines:
            copy.write_row((line.line, task_ids[line.task], line.external_id, line.content_sha256))
    # Nothing else tells the planner how much there is to join.
    cursor.execute("ANALYZE staged (task_id, external_id)")
    cursor.execute(_REMEMBER)
    return int(cursor.rowcount)


def _repeated(line: int, first: int) -> Refusal:
    return Refusal(line, "external_id", f"This id was already delivered on line {first}.")


def _insert(
    cursor: CursorWrapper,
    delivery: Import,
    lines: Sequence[RecommendationLine],
    task_ids: dict[str, int],
) -> None:
    if not lines:
        return
    cursor.execute(_DRAW_IDS, [len(lines)])
    ids = cursor.fetchall()
    with cursor.copy(_COPY_NEW) as copy:
        for (recommendation_id, snapshot_id), line in zip(ids, lines, strict=True):
            copy.write_row(
                (
                    recommendation_id,
                    task_ids[line.task],
                    line.external_id,
                    line.group,
                    line.locale,
                    line.priority,
                    line.stratum,
                    line.content_sha256,
                    snapshot_id,
                    delivery.pk,
                )
            )
    with cursor.copy(_COPY_FIRST_SNAPSHOTS) as copy:
        for (recommendation_id, snapshot_id), line in zip(ids, lines, strict=True):
            copy.write_row(
                (
                    snapshot_id,
                    recommendation_id,
                    1,
                    "import",
                    line.item.decode(),
                    line.audience.decode(),
                    "{}",
                )
            )


def _update(cursor: CursorWrapper, delivery: Import, lines: dict[int, RecommendationLine]) -> int:
    """Update known recommendations that come with other content; count those it changes."""
    if not lines:
        return 0
    # In the order of their ids, which is everybody's order, and before anything is compared.
    locked = Recommendation.objects.filter(pk__in=lines).order_by("pk").select_for_update()
    list(locked.values_list("pk"))
    cursor.execute("TRUNCATE staged_change")
    with cursor.copy(_COPY_CHANGES) as copy:
        for pk, line in lines.items():
            copy.write_row(
                (
                    pk,
                    line.group,
                    line.locale,
                    line.priority,
                    line.stratum,
                    line.content_sha256,
                    line.item.decode(),
                    line.audience.decode(),
                )
            )
    cursor.execute("ANALYZE staged_change (recommendation_id)")
    cursor.execute(_COMPARE)
    rows = cursor.fetchall()
    changed = [pk for pk, described, facts in rows if described or facts]
    with_other_facts = [pk for pk, _described, facts in rows if facts]
    cursor.execute(
        _UPDATE,
        {"delivery": delivery.pk, "changed": changed, "other_facts": with_other_facts},
    )
    _follow(with_other_facts)
    cursor.execute(_MOVE_DRAFTS)
    cursor.execute(_MOVE_PLACES)
    return len(changed)


def _follow(recommendation_ids: list[int]) -> None:
    """Lay editors' facts over the new ones, and tell the drafts."""
    if not recommendation_ids:
        return
    overlaid = FactOverlay.objects.filter(recommendation_id__in=recommendation_ids)
    for recommendation in Recommendation.objects.filter(
        pk__in=overlaid.values("recommendation")
    ).order_by("pk"):
        overlay_again(recommendation)
    redraft_after_change(recommendation_ids)
