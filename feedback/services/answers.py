"""What became of that which an editor asked or proposed: the leads' answers, and what came back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from accounts.models import LogEntry, Person
from feedback.models import Adjudication, FactReport, Golden, Review
from feedback.outcomes import ENDS_THE_PLACE, Outcome
from feedback.services.datasets.marking import OVERRULED

SHOWN_FOR: Final = timedelta(days=14)
"""How long an answer stays on the front page."""
ASKED_FOR: Final = timedelta(days=90)
"""How long ago the question may have been asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered. `about` is the review, adjudication, report or golden that is the
    answer; `said` their own words.
    """

    kind: Literal["escalation", "disagreement", "fact_report", "golden"]
    about: Review | Adjudication | FactReport | Golden
    at: datetime
    who: Person | None
    said: str


@dataclass(frozen=True, slots=True)
class SentBack:
    """A golden of the editor's that waits for them again, with who sent it back."""

    golden: Golden
    who: Person | None


def sent_back_to(editor: Person, most: int) -> list[SentBack]:
    """Return the goldens that were sent back to an editor, the newest first, in two queries."""
    goldens = list(
        Golden.objects.filter(
            review__editor=editor, state=Golden.State.SENT_BACK, review__superseded_by=None
        ).select_related("task", "recommendation")[:most]
    )
    senders = {
        entry.subject_id: entry.actor
        for entry in LogEntry.objects.filter(
            subject_type="golden",
            subject_id__in=[golden.pk for golden in goldens],
            action=f"golden {Golden.State.SENT_BACK.label}",
        )
        .select_related("actor")
        .order_by("pk")
    }
    return [SentBack(golden, senders.get(golden.pk)) for golden in goldens]


def answers_for(editor: Person, most: int) -> list[Answer]:
    """Return what others answered an editor of late, the newest first, in four queries."""
    found = [
        *_to_escalations(editor),
        *_to_disagreements(editor),
        *_to_reports(editor),
        *_to_goldens(editor),
    ]
    return sorted(found, key=lambda answer: answer.at, reverse=True)[:most]


def _to_escalations(editor: Person) -> Sequence[Answer]:
    asked = Review.objects.standing().filter(
        editor=editor, outcome=Outcome.ESCALATE, created_at__gt=Now() - ASKED_FOR
    )
    decided = (
        Review.objects.standing()
        .filter(
            place__in=asked.order_by().values("place"),
            outcome__in=ENDS_THE_PLACE,
            created_at__gt=Now() - SHOWN_FOR,
        )
        .exclude(editor=editor)
        .select_related("editor", "draft__recommendation")
    )
    return [
        Answer("escalation", review, review.created_at, review.editor, review.note)
        for review in decided
    ]


def _to_disagreements(editor: Person) -> Sequence[Answer]:
    theirs = Review.objects.standing().filter(
        editor=editor, draft=OuterRef("draft"), outcome__in=ENDS_THE_PLACE
    )
    settled = (
        Adjudication.objects.standing()
        .filter(Exists(theirs.order_by()), created_at__gt=Now() - SHOWN_FOR)
        .exclude(lead=editor)
        .select_related("lead", "review", "draft__recommendation")
    )
    return [
        Answer("disagreement", each, each.created_at, each.lead, each.reason) for each in settled
    ]


def _to_reports(editor: Person) -> Sequence[Answer]:
    settled = (
        FactReport.objects.filter(reported_by=editor, settled_at__gt=Now() - SHOWN_FOR)
        .exclude(settled_by=editor)
        .select_related("settled_by")
    )
    return [
        Answer("fact_report", report, report.settled_at, report.settled_by, report.settled_reason)
        for report in settled
        if report.settled_at
    ]


def _to_goldens(editor: Person) -> Sequence[Answer]:
    """Return what a second person approved, and what a lead withdrew.

    A golden that its own editor withdrew by an undo is of a review that is superseded; of one that
    is withdrawn because its review was overruled, that is the answer.
    """
    judged = (
        Golden.objects.filter(
            Q(state=Golden.State.APPROVED, approved_by__isnull=False)
            | Q(state=Golden.State.WITHDRAWN, replaced_by=None),
            review__editor=editor,
            review__superseded_by=None,
            changed_at__gt=Now() - SHOWN_FOR,
        )
        .exclude(approved_by=editor)
        .exclude(state=Golden.State.WITHDRAWN, state_reason=OVERRULED)
        .select_related("approved_by", "recommendation")
    )
    return [
        Answer(
            "golden",
            golden,
            golden.changed_at,
            golden.approved_by if golden.state == Golden.State.APPROVED else None,
            golden.state_reason,
        )
        for golden in judged
    ]
