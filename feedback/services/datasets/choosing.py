"""Choosing: which reviews give which rows to a dataset, and why the others give none.

All of it happens in PostgreSQL, in what is temporary and ends with the transaction: `candidate`
holds what the recipe asks for, `sibling` which golden a rejected draft is beside. `chosen` shows
what is left, with what each review is chosen for, and `kind` counts it. The rules, in their order:

1. what checks refuse, and what people disagree about, goes;
2. of two texts that are nearly the same one goes: the one in train where the other is not, then the
   one that teaches less, then the later one;
3. caps on groups and on editors, and the share of accepted drafts, are filled by chance, but the
   same chance each time: neither the oldest nor the newest are the typical ones.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from fractions import Fraction
from typing import Any, Final

from django.utils import timezone

from accounts.models import Person
from accounts.words import translatable
from explanations.models import ModelVersion, Prompt, Task
from feedback.formats import About, get_training_format
from feedback.models import Golden, Lesson
from feedback.outcomes import MINOR, MOST_ACCEPTS_IN_SFT, Outcome
from feedback.recipe import SPLITS, Recipe, SplitName
from feedback.services.datasets.splitting import FALLS_INTO, borders

Cursor = Any
"""Of psycopg or of Django: what is used here they have in common."""

SAME: Final = translatable("the same words as another text")
NEAR: Final = translatable("nearly the same words as another text")
LEAKING: Final = translatable("nearly the same words as a text of validation or test")
CROWDED: Final = translatable("nearly the same words as too many other texts")
OF_GROUP: Final = translatable("more than the recipe takes of one group")
OF_EDITOR: Final = translatable("more than the recipe takes of one editor")
ACCEPTED: Final = translatable("an accepted draft beyond three rows in ten")
DISPUTED: Final = translatable("a draft that one editor accepted and another one did not")
LONELY: Final = translatable("a rejected draft without a golden of the same prompt")
DRAFT: Final = translatable("a draft that nobody is to be shown: ")
NOT_APPROVED: Final[Mapping[str, str]] = {
    Golden.State.PROPOSED: translatable("a golden that waits for a second person"),
    Golden.State.SENT_BACK: translatable("a golden that was sent back"),
    Golden.State.NEEDS_REVIEW: translatable("a golden whose facts have changed"),
}

# Of an estimate; the others would only look exact.
_DIGITS: Final = 2
_ACCEPTED_SHARE: Final = Fraction(str(MOST_ACCEPTS_IN_SFT))


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, in numbers; the rows are in the temporary view `chosen`."""

    reviews: Mapping[SplitName, int]
    """Reviews that give at least one row."""
    found: Mapping[SplitName, int]
    """Reviews that the recipe asks for and no check refuses, before others leave them out."""
    left_out: Mapping[str, int]
    """Reason -> reviews or goldens that give no row, or not all of their rows, because of it."""

    @property
    def all_reviews(self) -> int:
        """Return how many reviews give at least one row."""
        return sum(self.reviews.values())


@dataclass(slots=True)
class _Values:
    """What the statements are given by name."""

    tasks: Sequence[int]
    borders: Mapping[str, str]
    alike: float
    one_in: int
    where: list[str] = field(default_factory=list)
    more: dict[str, object] = field(default_factory=dict)

    def candidates(self) -> str:
        """Return what is asked of a lesson, whatever checks said of it."""
        return _STANDS + "".join(f" AND {condition}" for condition in self.where)

    def sampled(self) -> list[str]:
        """Return what is asked of it besides, where not all groups are looked at."""
        return [_SAMPLED] if self.one_in > 1 else []

    def given(self) -> dict[str, object]:
        return {
            "tasks": list(self.tasks),
            "alike": self.alike,
            "one_in": self.one_in,
            "accept": Outcome.ACCEPT.value,
            "reject": Outcome.REJECT.value,
            "no": Lesson.Sft.NO.value,
            "capped": Lesson.Sft.CAPPED.value,
            "golden": Lesson.Dpo.GOLDEN.value,
            "sibling": Lesson.Dpo.SIBLING.value,
            "minor": MINOR,
            **self.borders,
            **self.more,
        }


def count_roughly(cursor: Cursor, recipe: Recipe) -> int:
    """Return about how many reviews the recipe asks for, from a two-hundredth of the table."""
    values = _values(recipe, _wanted(recipe))
    where = "".join(f" AND {condition}" for condition in values.where)
    return _one(cursor, _ROUGHLY + where, values.given())


def choose(cursor: Cursor, recipe: Recipe, one_in: int = 1) -> Choice:
    """Make `chosen` and `kind` by the recipe and return the numbers.

    With `one_in` above 1 only one in so many groups is looked at, taken by chance: what is chosen
    is of them, and the numbers are estimates of all. What checks refuse and what waits is counted
    all the same.

    Must run in a transaction in which none of the temporary tables exists, and which is rolled
    back; what is chosen is of its moment.
    """
    wanted = _wanted(recipe)
    values = _values(recipe, wanted, one_in)
    left_out: Counter[str] = Counter()
    cursor.execute(_candidates("candidate", values, *values.sampled()), values.given())
    cursor.execute("CREATE UNIQUE INDEX candidate_of_review ON candidate (review_id)")
    cursor.execute("ANALYZE candidate")
    asked_for = _by_split(cursor, "SELECT split, count(*) FROM candidate GROUP BY split", one_in)
    left_out.update(_disputed(cursor, values))
    left_out.update(_near(cursor, values))
    for reason, column, most in (
        (OF_GROUP, "grp", recipe.most_per_group),
        (OF_EDITOR, "editor_id", recipe.most_per_editor),
    ):
        if most is not None:
            # Groups are whole; of an editor's reviews there are as many fewer.
            room = most if column == "grp" else max(most // one_in, 1)
            cursor.execute(_CAP.format(column=column), {"most": room})
            left_out[reason] += cursor.rowcount
    cursor.execute(_ACCEPTS_KEPT)
    if About.ANSWERS in wanted:
        left_out[ACCEPTED] += _leave_accepts_out(cursor, values)
    makes_pairs = About.PAIRS in wanted
    cursor.execute(_SIBLINGS + ("" if makes_pairs else "WITH NO DATA"), values.given())
    if makes_pairs:
        left_out[LONELY] += _one(cursor, _LONELY, values.given())
    if wanted & {About.PAIRS, About.JUDGED, About.DRAFTS}:
        left_out.update(_unshown(cursor))
    cursor.execute("ALTER TABLE sibling ADD PRIMARY KEY (rejected)")
    # Both are small or empty, which makes the joins with them cheap.
    cursor.execute("ANALYZE accepts_kept, sibling")
    cursor.execute(_CHOSEN, values.given() | {str(each): each in wanted for each in About})
    cursor.execute(_KINDS)
    give_rows = _by_split(
        cursor, "SELECT split, sum(reviews)::bigint FROM kind GROUP BY split", one_in
    )
    left_out = Counter({why: of_all(number, one_in) for why, number in left_out.items()})
    left_out.update(_refused(cursor, values))
    left_out.update(_not_approved(cursor, values))
    return Choice(
        reviews=give_rows,
        found=asked_for,
        left_out={reason: number for reason, number in sorted(left_out.items()) if number},
    )


def _by_split(cursor: Cursor, statement: str, one_in: int) -> dict[SplitName, int]:
    cursor.execute(statement)
    counted = dict(cursor.fetchall())
    return {split: of_all(counted.get(split, 0), one_in) for split in SPLITS}


def of_all(number: int, one_in: int) -> int:
    """Return about how many there are of what was found so often in one of so many groups."""
    if one_in == 1 or not number:
        return number
    estimate = number * one_in
    return round(estimate, _DIGITS - len(str(estimate)))


def _wanted(recipe: Recipe) -> set[About]:
    return {get_training_format(slug).about for slug in recipe.formats}


# --- What the recipe asks for --------------------------------------------------------------------


def _values(recipe: Recipe, wanted: Collection[About], one_in: int = 1) -> _Values:
    values = _Values(
        tasks=list(Task.objects.filter(slug__in=recipe.tasks).values_list("pk", flat=True)),
        borders=borders(recipe),
        alike=recipe.alike,
        one_in=one_in,
    )
    values.where.append("(" + " OR ".join(_WORTH[each] for each in sorted(wanted)) + ")")
    _add_filters(values, recipe)
    return values


_WORTH: Final[Mapping[About, str]] = {
    About.ANSWERS: "lesson.sft <> %(no)s",
    # A golden that makes no pair with its own draft may make one with a sibling.
    About.PAIRS: "(lesson.dpo <> %(no)s OR lesson.sft <> %(no)s)",
    About.JUDGED: "(lesson.kto_answer OR lesson.kto_draft)",
    About.DRAFTS: "lesson.spans",
    About.EXAMINATIONS: "lesson.sft <> %(no)s",
}


def _add_filters(values: _Values, recipe: Recipe) -> None:
    filters = recipe.filters

    def only(condition: str, **more: object) -> None:
        values.where.append(condition)
        values.more |= more

    if filters.reviewed_from:
        begin = timezone.make_aware(datetime.combine(filters.reviewed_from, time.min))
        only("lesson.reviewed_at >= %(begin)s", begin=begin)
    if filters.reviewed_until:
        day_after = filters.reviewed_until + timedelta(days=1)
        end = timezone.make_aware(datetime.combine(day_after, time.min))
        only("lesson.reviewed_at < %(end)s", end=end)
    if filters.editors:
        editors = Person.objects.filter(username__in=filters.editors)
        only("lesson.editor_id = ANY(%(editors)s)", editors=_ids(editors))
    if filters.models:
        models = ModelVersion.objects.filter(name__in=filters.models)
        only("lesson.model_version_id = ANY(%(models)s)", models=_ids(models))
    if filters.prompts:
        prompts = Prompt.objects.filter(task__in=values.tasks, number__in=filters.prompts)
        only("lesson.prompt_id = ANY(%(prompts)s)", prompts=_ids(prompts))
    if filters.tags:
        only("lesson.categories && %(tags)s::varchar[]", tags=list(filters.tags))
    for number, (criterion, answer) in enumerate(sorted(filters.criteria.items())):
        only(
            f"lesson.answers ->> %(criterion_{number})s = %(answer_{number})s",
            **{f"criterion_{number}": criterion, f"answer_{number}": answer},
        )
    if filters.locales:
        only("lesson.locale = ANY(%(locales)s)", locales=list(filters.locales))
    if filters.agreement == "agreed":
        only(_AGREED)


def _ids(found: Any) -> list[int]:
    return list(found.order_by("pk").values_list("pk", flat=True))


_AGREED: Final = """NOT EXISTS (
    SELECT FROM feedback_review other
    WHERE other.draft_id = lesson.draft_id
      AND other.outcome IN ('ACCEPT', 'BLAND', 'EDIT', 'REJECT', 'UNREVIEWABLE')
      AND other.outcome <> lesson.outcome
      AND NOT EXISTS (SELECT FROM feedback_review newer WHERE newer.supersedes_id = other.id)
)"""

# Of a join the database would expect that hardly any row is left. Goldens that no longer stand are
# few.
_STANDS: Final = """
    lesson.task_id = ANY(%(tasks)s)
    AND NOT EXISTS (
        SELECT FROM feedback_review undo
        WHERE undo.supersedes_id = lesson.review_id AND undo.supersedes_id IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT FROM feedback_adjudication settled
        WHERE settled.draft_id = lesson.draft_id AND settled.undone_at IS NULL
          AND settled.review_id <> lesson.review_id
    )
    AND NOT EXISTS (
        SELECT FROM feedback_golden golden
        WHERE golden.id = lesson.golden_id AND golden.task_id = ANY(%(tasks)s)
          AND golden.state IN ('PROPOSED', 'SENT_BACK', 'NEEDS_REVIEW', 'WITHDRAWN')
    )
"""
_ROUGHLY: Final = """
SELECT 200 * count(*) FROM feedback_lesson lesson TABLESAMPLE SYSTEM (0.5)
WHERE lesson.task_id = ANY(%(tasks)s) AND lesson.refused = ''
"""
# Another chance than that by which groups come into their splits.
_SAMPLED: Final = 'hashtextextended(lesson."group", 1) %% %(one_in)s = 0'
_CANDIDATES: Final = """
CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS
SELECT found.*,
       CASE found.split WHEN 'test' THEN 0 WHEN 'validation' THEN 2 ELSE 4 END
       + (found.sft = %(no)s)::int AS rank
FROM (
    SELECT lesson.id, lesson.review_id, lesson.golden_id, lesson.draft_id,
           lesson.recommendation_id, lesson.task_id, lesson.editor_id, lesson.prompt_id,
           lesson.model_version_id, lesson.guide_id, lesson."group" AS grp, lesson.outcome,
           lesson.categories,
           lesson.sft, lesson.dpo, lesson.kto_answer, lesson.kto_draft, lesson.spans,
           lesson.knows_more, lesson.draft_refused, lesson.crowded_from,
           COALESCE(kept.split, {falls_into}) AS split,
           -- By chance, but the same chance each time.
           CASE WHEN lesson.sft = %(capped)s THEN md5(lesson.review_id::text)::uuid END AS chance
    FROM feedback_lesson lesson
    LEFT JOIN feedback_groupsplit kept
      ON kept.salt = %(salt)s AND kept."group" = lesson."group"
    WHERE lesson.refused = '' AND {candidates}
) found
ORDER BY found.review_id
"""


def _candidates(table: str, values: _Values, *more: str) -> str:
    asked = " AND ".join([values.candidates(), *more])
    falls_into = FALLS_INTO.format(group='lesson."group"')
    return _CANDIDATES.format(table=table, candidates=asked, falls_into=falls_into)


# --- What goes -----------------------------------------------------------------------------------

_REFUSED: Final = """
SELECT lesson.refused, count(*) FROM feedback_lesson lesson
WHERE lesson.refused <> '' AND {candidates}
GROUP BY lesson.refused
"""


def _refused(cursor: Cursor, values: _Values) -> dict[str, int]:
    cursor.execute(_REFUSED.format(candidates=values.candidates()), values.given())
    return dict(cursor.fetchall())


_DISPUTED: Final = """
DELETE FROM candidate
WHERE outcome IN (%(accept)s, %(reject)s)
  AND draft_id IN (
    SELECT draft_id FROM candidate
    {of_several}
    GROUP BY draft_id
    HAVING count(*) > 1
       AND bool_or(outcome = %(accept)s)
       AND bool_or(dpo <> %(no)s OR kto_draft)
)
"""
# Few drafts have several lessons, and an index knows which.
_OF_SEVERAL: Final = """
    WHERE draft_id IN (
        SELECT draft_id FROM feedback_lesson GROUP BY draft_id HAVING count(*) > 1
    )
"""
_NOT_BLAMED: Final = """
UPDATE candidate SET dpo = %(no)s, kto_draft = false
WHERE draft_id = ANY(%(drafts)s)
"""


def _disputed(cursor: Cursor, values: _Values) -> dict[str, int]:
    """Leave out what one says of a draft and another one denies; a rewrite stays an answer."""
    statement = _DISPUTED.format(of_several=_OF_SEVERAL if values.one_in == 1 else "")
    cursor.execute(statement + " RETURNING draft_id", values.given())
    drafts = [draft for (draft,) in cursor.fetchall()]
    if drafts:
        cursor.execute(_NOT_BLAMED, values.given() | {"drafts": drafts})
    return {DISPUTED: len(drafts)}


# Candidates are gone through once: those that are near to any, and where they lie.
_NEAR: Final = """
WITH near AS (
    SELECT later_id, earlier_id, alike FROM feedback_nearlessons WHERE alike >= %(alike)s
), involved AS MATERIALIZED (
    SELECT ctid AS place, id, review_id, rank, split, crowded_from FROM candidate
    WHERE id IN (SELECT later_id FROM near UNION ALL SELECT earlier_id FROM near)
       OR crowded_from >= %(alike)s
    {beside}
), pairs AS (
    SELECT CASE WHEN (later.rank, later.review_id) > (earlier.rank, earlier.review_id)
                THEN later.place ELSE earlier.place END AS loser,
           near.alike,
           (later.split = 'train') <> (earlier.split = 'train') AS leaks
    FROM near
    JOIN involved later ON later.id = near.later_id
    JOIN involved earlier ON earlier.id = near.earlier_id
), losers AS (
    SELECT loser, bool_or(leaks) AS leaks, max(alike) AS alike FROM pairs
    WHERE loser IS NOT NULL GROUP BY loser
    UNION ALL
    SELECT place, false, NULL FROM involved
    WHERE crowded_from >= %(alike)s
      AND place NOT IN (SELECT loser FROM pairs WHERE loser IS NOT NULL)
), gone AS (
    DELETE FROM candidate USING losers WHERE candidate.ctid = losers.loser
    RETURNING CASE WHEN losers.leaks THEN 'leaks' WHEN losers.alike IS NULL THEN 'crowded'
                   WHEN losers.alike >= 1 THEN 'same' ELSE 'near' END AS why
)
SELECT why, count(*) FROM gone GROUP BY why
"""
# What is near to those that are looked at, in the groups that are not.
_NEAR_BY: Final = """lesson.id = ANY(ARRAY(
    SELECT near.earlier_id FROM feedback_nearlessons near
    JOIN candidate ON candidate.id = near.later_id WHERE near.alike >= %(alike)s
    UNION
    SELECT near.later_id FROM feedback_nearlessons near
    JOIN candidate ON candidate.id = near.earlier_id WHERE near.alike >= %(alike)s
))"""
_BESIDE: Final = """
    UNION ALL
    SELECT NULL, id, review_id, rank, split, NULL FROM beside
"""
_REASONS: Final = {"leaks": LEAKING, "crowded": CROWDED, "same": SAME, "near": NEAR}


def _near(cursor: Cursor, values: _Values) -> dict[str, int]:
    is_sampled = values.one_in > 1
    if is_sampled:
        others = _candidates("beside", values, _NEAR_BY, f"NOT ({_SAMPLED})")
        cursor.execute(others, values.given())
    cursor.execute(_NEAR.format(beside=_BESIDE if is_sampled else ""), values.given())
    return {_REASONS[why]: number for why, number in cursor.fetchall()}


_CAP: Final = """
DELETE FROM candidate WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY {column} ORDER BY md5(review_id::text)) AS place
        FROM candidate
    ) placed WHERE place > %(most)s
)
"""

_ACCEPTS_KEPT: Final = """
CREATE TEMPORARY TABLE accepts_kept (split text PRIMARY KEY, below uuid) ON COMMIT DROP
"""
_ACCEPTS: Final = """
SELECT split, count(*) FILTER (WHERE sft = 'yes'), count(*) FILTER (WHERE sft = %(capped)s)
FROM candidate GROUP BY split
"""
# What stands at its place is the first that goes.
_LEAVE_ACCEPTS_OUT: Final = """
INSERT INTO accepts_kept
SELECT split, chance FROM candidate
WHERE split = %(split)s AND sft = %(capped)s
ORDER BY chance OFFSET %(room)s LIMIT 1
"""


def _leave_accepts_out(cursor: Cursor, values: _Values) -> int:
    """Keep in each split as many accepted drafts as its edits leave room for."""
    cursor.execute(_ACCEPTS, values.given())
    left_out = 0
    for split, edits, accepts in cursor.fetchall():
        room = int(edits * _ACCEPTED_SHARE / (1 - _ACCEPTED_SHARE))
        if accepts > room:
            cursor.execute(_LEAVE_ACCEPTS_OUT, values.given() | {"split": split, "room": room})
            left_out += accepts - room
    return left_out


def _unshown(cursor: Cursor) -> dict[str, int]:
    cursor.execute(
        "SELECT draft_refused, count(*) FROM candidate WHERE draft_refused <> ''"
        " GROUP BY draft_refused"
    )
    return {DRAFT + reason: number for reason, number in cursor.fetchall()}


def _not_approved(cursor: Cursor, values: _Values) -> dict[str, int]:
    """Count what waits in the tasks of the recipe; by its filters nobody has looked at it."""
    cursor.execute(
        "SELECT state, count(*) FROM feedback_golden"
        " WHERE state IN ('PROPOSED', 'SENT_BACK', 'NEEDS_REVIEW') AND task_id = ANY(%(tasks)s)"
        " GROUP BY state",
        values.given(),
    )
    return {NOT_APPROVED[state]: number for state, number in cursor.fetchall()}


def _one(cursor: Cursor, statement: str, given: Mapping[str, object]) -> int:
    cursor.execute(statement, given)
    number: int = cursor.fetchone()[0]
    return number


# --- What is left --------------------------------------------------------------------------------

# A rejected draft has no golden; another draft about the same may, whose model was asked the same.
_SIBLINGS: Final = """
CREATE TEMPORARY TABLE sibling ON COMMIT DROP AS
SELECT DISTINCT ON (rejected.id) rejected.id AS rejected, better.id AS better
FROM candidate rejected
JOIN candidate better
  ON better.recommendation_id = rejected.recommendation_id
 AND better.draft_id <> rejected.draft_id
 AND better.golden_id IS NOT NULL
 AND better.sft <> %(no)s
 AND NOT better.knows_more
 AND better.split = rejected.split
JOIN feedback_lesson one ON one.id = rejected.id
JOIN feedback_lesson other
  ON other.id = better.id
 AND other.prompt_id = one.prompt_id
 AND other.question = one.question
 AND other.answer <> one.draft_answer
WHERE rejected.dpo = %(sibling)s AND rejected.draft_refused = ''
ORDER BY rejected.id, better.review_id
"""
_LONELY: Final = """
SELECT count(*) FROM candidate
WHERE dpo = %(sibling)s AND draft_refused = '' AND id NOT IN (SELECT rejected FROM sibling)
"""

_CHOSEN: Final = """
CREATE TEMPORARY VIEW chosen AS
SELECT * FROM (
    SELECT candidate.id, review_id, golden_id, candidate.split, grp, task_id, editor_id, prompt_id,
           model_version_id, guide_id, outcome, categories,
           %(answers)s AND (
               sft = 'yes' OR sft = %(capped)s AND (below IS NULL OR chance < below)
           ) AS answers,
           CASE WHEN NOT %(pairs)s OR draft_refused <> '' THEN NULL
                WHEN dpo = %(golden)s THEN candidate.id
                ELSE sibling.better END AS pair_with,
           %(pairs)s AND candidate.id IN (SELECT better FROM sibling) AS is_sibling,
           %(judged)s AND kto_answer AS likes,
           %(judged)s AND kto_draft AND draft_refused = '' AS dislikes,
           %(drafts)s AND spans AND draft_refused = '' AS drafts,
           %(examinations)s AND sft <> %(no)s AND candidate.split <> 'train' AS examinations
    FROM candidate
    LEFT JOIN sibling ON sibling.rejected = candidate.id
    LEFT JOIN accepts_kept ON accepts_kept.split = candidate.split
) worth
WHERE answers OR pair_with IS NOT NULL OR is_sibling OR likes OR dislikes OR drafts OR examinations
"""
_KINDS: Final = """
CREATE TEMPORARY TABLE kind ON COMMIT DROP AS
SELECT split, task_id, editor_id, outcome, prompt_id, model_version_id, guide_id, categories,
       answers, pair_with IS NOT NULL AS pairs, likes, dislikes, drafts, examinations,
       count(*) AS reviews
FROM chosen
GROUP BY split, task_id, editor_id, outcome, prompt_id, model_version_id, guide_id, categories,
         answers, pair_with IS NOT NULL, likes, dislikes, drafts, examinations
"""
