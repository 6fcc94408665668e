"""How right the checks are, as editors judge them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from explanations.models import Finding, Task
from feedback.models import NOT_OVERRULED, FindingJudgement, Review, overruled

TAKEN: Final = FindingJudgement.Verdict.TAKEN
DISMISSED: Final = FindingJudgement.Verdict.DISMISSED
UNDECIDED: Final = "undecided"
FOR_THE_TASK: Final = "for_the_task"
VERDICTS: Final = (TAKEN.value, DISMISSED.value, UNDECIDED, FOR_THE_TASK)


@dataclass(frozen=True, slots=True)
class CheckCounts:
    """One version of a check in a task, counted in findings but for `drafts`.

    Each finding counts once: as taken or dismissed when any standing review says so that no lead
    has overruled (taken where reviews disagree), else as undecided. Those dismissed for the whole
    task count as dismissed too.
    """

    check: str
    version: int
    drafts: int
    findings: int
    taken: int
    dismissed: int
    for_the_task: int

    @property
    def undecided(self) -> int:
        """Return the findings that nobody has taken or dismissed."""
        return self.findings - self.taken - self.dismissed

    @property
    def precision(self) -> float | None:
        """Return the share of the judged findings that were taken; None while none is judged."""
        judged = self.taken + self.dismissed
        return self.taken / judged if judged else None


@dataclass(frozen=True, slots=True)
class Missed:
    """How often editors tagged words with a category that no finding had pointed at."""

    category: str
    key: str
    tags: int


@dataclass(frozen=True, slots=True)
class TaskChecks:
    """What editors make of the checks of a task."""

    task: Task
    drafts: int
    """Looked at by the checks: written, neither for a trial nor of the blind sample."""
    reviewed: int
    """Reviews that showed findings, or that there were none."""
    checks: Sequence[CheckCounts]
    missed: Sequence[Missed]


# Of a finding that several reviews judged, those count that stand and that no lead has overruled,
# and of these one that took it.
_COUNTS: Final = f"""
WITH judged AS (
    SELECT judgement.finding_id,
           bool_or(judgement.verdict = 'taken') AS taken,
           bool_or(judgement.verdict = 'dismissed') AS dismissed
    FROM feedback_findingjudgement judgement
    JOIN feedback_review review ON review.id = judgement.review_id
    JOIN explanations_draft draft ON draft.id = review.draft_id AND draft.task_id = %(task)s
    WHERE NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
      AND {NOT_OVERRULED}
    GROUP BY judgement.finding_id
)
SELECT finding.check_name, finding.check_version,
       count(DISTINCT finding.draft_id),
       count(*),
       count(*) FILTER (WHERE judged.taken),
       count(*) FILTER (WHERE NOT coalesce(judged.taken, false)
                          AND (judged.dismissed OR finding.dismissal_id IS NOT NULL)),
       count(*) FILTER (WHERE finding.dismissal_id IS NOT NULL)
FROM explanations_finding finding
JOIN explanations_draft draft ON draft.id = finding.draft_id AND draft.task_id = %(task)s
    AND NOT draft.blind
JOIN explanations_run run ON run.id = draft.run_id AND run.trial_id IS NULL
LEFT JOIN judged ON judged.finding_id = finding.id
GROUP BY finding.check_name, finding.check_version
ORDER BY finding.check_name, finding.check_version DESC
"""  # noqa: S608 - made of constants
_DRAFTS: Final = """
SELECT (SELECT count(*) FROM explanations_draft draft
        JOIN explanations_run run ON run.id = draft.run_id AND run.trial_id IS NULL
        WHERE draft.task_id = %(task)s AND NOT draft.blind AND draft.text <> ''),
       (SELECT count(*) FROM feedback_review review
        JOIN explanations_draft draft ON draft.id = review.draft_id
        WHERE draft.task_id = %(task)s AND NOT draft.blind
          AND review.outcome IN ('ACCEPT', 'BLAND', 'EDIT', 'REJECT')
          AND NOT EXISTS (SELECT FROM feedback_review later
                          WHERE later.supersedes_id = review.id))
"""
# A tag on words that no finding, of whatever check, overlaps; manners of taste are nobody's to see.
_MISSED: Final = f"""
SELECT category.name, category.key, count(*)
FROM feedback_tag tag
JOIN feedback_review review ON review.id = tag.review_id
JOIN explanations_draft draft ON draft.id = review.draft_id
JOIN explanations_category category ON category.id = tag.category_id
WHERE draft.task_id = %(task)s AND NOT draft.blind AND tag.finding_id IS NULL
  AND tag.scope = 'span' AND tag.severity > 0
  AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
  AND {NOT_OVERRULED}
  AND NOT EXISTS (SELECT FROM explanations_finding finding
                  WHERE finding.draft_id = draft.id
                    AND finding.start < tag."end" AND tag.start < finding."end")
GROUP BY category.name, category.key, category.ordinal
ORDER BY count(*) DESC, category.ordinal
"""  # noqa: S608 - made of constants


def checks_of(task: Task) -> TaskChecks:
    """Return what editors make of a task's checks; reviews of the blind sample do not count."""
    drafts, reviewed = _rows(_DRAFTS, task)[0]
    return TaskChecks(
        task,
        drafts,
        reviewed,
        [CheckCounts(*row) for row in _rows(_COUNTS, task)],
        [Missed(*row) for row in _rows(_MISSED, task)],
    )


def findings_of(task: Task, check: str, version: int | None, verdict: str) -> QuerySet[Finding]:
    """Return findings of a check as examples, the newest first.

    `verdict` is one of VERDICTS; any other means all. Those of the blind sample, which nobody
    judges, are left out.
    """
    found = (
        Finding.objects.filter(
            draft__task=task,
            draft__run__trial__isnull=True,
            draft__blind=False,
            check_name=check,
        )
        .select_related("draft", "category", "dismissal")
        .order_by("-id")
    )
    if version is not None:
        found = found.filter(check_version=version)
    standing = FindingJudgement.objects.filter(
        finding=OuterRef("pk"), review__in=Review.objects.standing().exclude(overruled())
    )
    taken = Exists(standing.filter(verdict=TAKEN))
    dismissed = Exists(standing.filter(verdict=DISMISSED))
    match verdict:
        case "taken":
            return found.filter(taken)
        case "dismissed":
            return found.filter(Q(dismissed) | Q(dismissal__isnull=False)).exclude(taken)
        case "undecided":
            return found.exclude(taken).exclude(dismissed).filter(dismissal=None)
        case "for_the_task":
            return found.filter(dismissal__isnull=False)
    return found


def _rows(statement: str, task: Task) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"task": task.pk})
        return list(cursor.fetchall())
