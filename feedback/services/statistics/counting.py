"""What a draft counts for, as two clauses of SQL: `COUNTED` reads the desk's own tables, `TALLIED`
makes tallies of what that found. The keeper and the recount share both, so that they cannot
disagree about what a number means.
"""

from typing import Final

from explanations.recommendation_lines import NICHE, POPULAR

POPULAR_FROM: Final = 50
"""The priority, 0 to 100, from which on a recommendation is popular that does not say."""

OUTCOME_CODES: Final = {"ACCEPT": 1, "BLAND": 2, "EDIT": 3, "REJECT": 4, "UNREVIEWABLE": 5}
ANSWER_CODES: Final = {"yes": 1, "no": 2, "na": 3}
ALL_CATEGORIES: Final = 0
MINOR_OR_WORSE: Final = -1
MINUTE_CLASSES: Final = 8
"""So many classes of the time at work to a doubling: each is 9 % wide."""
LAST_MINUTE_CLASS: Final = 160

_WORDS: Final = "regexp_count({text}, '\\S+')"

# The review that counts is the one that a lead found right, or the last that came to the settled
# outcome. Where and how popular the item was is kept as it was when the draft was first counted: an
# import may change it later.
COUNTED: Final = f"""
SELECT draft.id AS draft_id, review.id AS review_id,
       (review.created_at AT TIME ZONE %(zone)s)::date AS day,
       draft.task_id, draft.model_version_id, draft.prompt_id,
       coalesce(before.locale, recommendation.locale) AS locale,
       coalesce(
           before.stratum,
           nullif(recommendation.stratum, ''),
           CASE WHEN recommendation.priority >= {POPULAR_FROM} THEN '{POPULAR}' ELSE '{NICHE}' END
       ) AS stratum,
       draft.blind, review.guide_id, review.editor_id, review.outcome, review.active_ms,
       CASE WHEN review.outcome = 'EDIT' AND EXISTS (
           SELECT FROM feedback_golden golden
           WHERE golden.review_id = review.id AND golden.state <> 'WITHDRAWN'
       ) THEN (
           SELECT coalesce(sum(greatest(
               {_WORDS.format(text="change ->> 'before'")},
               {_WORDS.format(text="change ->> 'after'")}
           )), 0)::integer
           FROM jsonb_array_elements(review.alignment) AS change
       ) END AS words_changed,
       coalesce(tags.categories, ARRAY[]::bigint[]) AS categories,
       coalesce(tags.severities, ARRAY[]::smallint[]) AS severities,
       coalesce(answers.criteria, ARRAY[]::bigint[]) AS criteria,
       coalesce(answers.answers, ARRAY[]::varchar[]) AS answers
FROM explanations_draft draft
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
LEFT JOIN feedback_adjudication found_right
  ON found_right.draft_id = draft.id AND found_right.undone_at IS NULL
CROSS JOIN LATERAL (
    SELECT one.* FROM feedback_review one
    WHERE one.draft_id = draft.id AND one.outcome = draft.settled_outcome
      AND one.id = coalesce(found_right.review_id, one.id)
      AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = one.id)
    ORDER BY one.id DESC LIMIT 1
) review
LEFT JOIN LATERAL (
    SELECT array_agg(tag.category_id ORDER BY tag.ordinal) AS categories,
           array_agg(tag.severity::smallint ORDER BY tag.ordinal) AS severities
    FROM feedback_tag tag WHERE tag.review_id = review.id
) tags ON review.outcome <> 'UNREVIEWABLE'
LEFT JOIN LATERAL (
    SELECT array_agg(answer.criterion_id ORDER BY answer.criterion_id) AS criteria,
           array_agg(answer.answer ORDER BY answer.criterion_id) AS answers
    FROM feedback_criterionanswer answer WHERE answer.review_id = review.id
) answers ON review.outcome <> 'UNREVIEWABLE'
LEFT JOIN LATERAL (
    SELECT cohort.locale, cohort.stratum
    FROM feedback_judgeddraft judged JOIN feedback_cohort cohort ON cohort.id = judged.cohort_id
    WHERE judged.draft_id = draft.id
    OFFSET 0
) before ON true
WHERE draft.settled_outcome <> '' AND {{which}}
"""

JUDGED_COLUMNS: Final = (
    "draft_id",
    "review_id",
    "cohort_id",
    "day",
    "editor_id",
    "outcome",
    "active_ms",
    "words_changed",
    "categories",
    "severities",
    "criteria",
    "answers",
)
COHORT_COLUMNS: Final = (
    "task_id",
    "model_version_id",
    "prompt_id",
    "locale",
    "stratum",
    "blind",
    "guide_id",
)
TALLY_KEY: Final = ("cohort_id", "measure", "span", "day", "a", "b")
TALLY_SUMS: Final = ("drafts", "total", "squares", "score", "score_squares")


def _case(column: str, codes: dict[str, int]) -> str:
    cases = " ".join(f"WHEN '{value}' THEN {code}" for value, code in codes.items())
    return f"CASE {column} {cases} END"


# What each judged draft of {judged} adds: one row a measure, a and b.
TALLIED: Final = f"""
SELECT cohort_id, day, 1 AS measure, {_case("outcome", OUTCOME_CODES)}::bigint AS a, 0 AS b,
       1 AS drafts, 0::bigint AS total, 0::bigint AS squares,
       0::bigint AS score, 0::bigint AS score_squares
FROM {{judged}} judged
UNION ALL
SELECT cohort_id, day, CASE error.a WHEN {ALL_CATEGORIES} THEN 7 ELSE 2 END, error.a, error.b, 1,
       error.total, error.total * error.total, error.score, error.score * error.score
FROM {{judged}} judged CROSS JOIN LATERAL (
    SELECT coalesce(category, {ALL_CATEGORIES}) AS a, coalesce(severity, {MINOR_OR_WORSE}) AS b,
           count(*) AS total, sum(severity) AS score
    FROM unnest(judged.categories, judged.severities) AS tag (category, severity)
    WHERE severity > 0
    GROUP BY GROUPING SETS ((category, severity), (category), (severity), ())
    HAVING count(*) > 0
    UNION ALL
    SELECT coalesce(category, {ALL_CATEGORIES}), 0, count(*), 0
    FROM unnest(judged.categories, judged.severities) AS tag (category, severity)
    WHERE severity = 0
    GROUP BY GROUPING SETS ((category), ())
    HAVING count(*) > 0
) error
WHERE cardinality(judged.severities) > 0
UNION ALL
SELECT cohort_id, day, 3, answer.criterion, {_case("answer.answer", ANSWER_CODES)}, 1, 0, 0, 0, 0
FROM {{judged}} judged
CROSS JOIN LATERAL unnest(judged.criteria, judged.answers) AS answer (criterion, answer)
UNION ALL
SELECT cohort_id, day, 4, words_changed, 0, 1,
       words_changed, words_changed::bigint * words_changed, 0, 0
FROM {{judged}} judged WHERE words_changed IS NOT NULL
UNION ALL
SELECT cohort_id, day, 5,
       least(
           {LAST_MINUTE_CLASS},
           floor({MINUTE_CLASSES} * ln(greatest(active_ms, 1000) / 1000.0::float8) / ln(2::float8))
       ),
       (words_changed IS NOT NULL)::integer, 1, active_ms, 0, 0, 0
FROM {{judged}} judged
UNION ALL
SELECT cohort_id, day, 6, editor_id, 0, 1, 0, 0, 0, 0 FROM {{judged}} judged
"""


def counted(which: str) -> str:
    """Return a query of what drafts count for; `which` says of which `draft`s."""
    return COUNTED.format(which=which)


def tallied(judged: str) -> str:
    """Return a query of what the rows of `judged` add to the tallies."""
    return TALLIED.format(judged=judged)


def columns(names: tuple[str, ...], of: str = "") -> str:
    """Return a list of columns, each `of` a table."""
    return ", ".join(f"{of}.{name}" if of else name for name in names)


def same(names: tuple[str, ...], one: str, other: str) -> str:
    """Return a condition: two tables have the same in these columns, none of which is empty."""
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in names)
