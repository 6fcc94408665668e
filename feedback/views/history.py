"""All that happened to a draft: who did what when, in the order in which it did."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import LogEntry, Person
from explanations.models import Draft, Finding
from feedback.models import Adjudication, Assignment, FactReport, Golden, Review
from feedback.services.bulk_actions import actions_on


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `who` None is the desk itself. `said` is what somebody wrote."""

    at: datetime
    what: str
    who: Person | None = None
    said: str = ""
    address: str = ""


# Of the log, what the rows below do not say themselves.
_LOGGED: Final[Mapping[str, object]] = {
    "golden approved": gettext_lazy("approved golden %(number)s"),
    "golden sent back": gettext_lazy("sent golden %(number)s back"),
    "golden withdrawn": gettext_lazy("withdrew golden %(number)s"),
    "golden needs a new review": gettext_lazy("asked for a new review of golden %(number)s"),
    "golden put back": gettext_lazy("put golden %(number)s back"),
    "golden rewritten": gettext_lazy("rewrote the golden: golden %(number)s"),
    "golden findings overridden": gettext_lazy("overrode what checks say of golden %(number)s"),
}


def events_of(
    draft: Draft,
    reviews: Iterable[Review],
    adjudications: Iterable[Adjudication],
    findings: list[Finding] | None,
    *,
    to_a_lead: bool,
) -> list[Event]:
    """Return what happened to a draft, the oldest first, in a fixed number of queries.

    `reviews` come with their goldens; `findings` are None for who may not know them. The draft
    comes with its run's creator, its model, and who let it through. Only a lead is led to actions.
    """
    reviews = list(reviews)
    goldens = [golden for review in reviews for golden in review.goldens.all()]
    events = [
        *_written(draft, findings),
        *_assigned(draft),
        *(_reviewed(review) for review in reviews),
        *(_made(golden, review) for review in reviews for golden in review.goldens.all()),
        *_logged(goldens),
        *_settled(adjudications),
        *_in_bulk(draft, to_a_lead),
        *_reported(draft),
    ]
    return sorted(events, key=lambda event: event.at)


def _written(draft: Draft, findings: list[Finding] | None) -> Iterator[Event]:
    run = reverse("run", args=[draft.run_id])
    asked = _("asked for it in run %(run)s") % {"run": draft.run_id}
    if draft.redraft_of_id:
        asked = _("asked for it again, after draft %(number)s") % {"number": draft.redraft_of_id}
        run = reverse("draft", args=[draft.redraft_of_id])
    yield Event(draft.created_at, asked, draft.run.created_by, address=run)
    if draft.claimed_at:
        yield Event(
            draft.claimed_at, _("gave it to %(model)s") % {"model": draft.model_version.name}
        )
    if draft.finished_at:
        yield Event(draft.finished_at, _("got the answer"), said=draft.failure or "")
        if findings:
            said = " ".join(finding.message for finding in findings[:5])
            yield Event(draft.finished_at, _("checked it"), said=said)
    if hasattr(draft, "let_through"):
        let = draft.let_through
        yield Event(let.at, _("let it through"), let.person, said=let.reason)
    for again in draft.redrafts.all():
        yield Event(
            again.created_at,
            _("asked for it again, as draft %(number)s") % {"number": again.pk},
            address=reverse("draft", args=[again.pk]),
        )


def _assigned(draft: Draft) -> Iterator[Event]:
    assignments = Assignment.objects.filter(place__draft=draft).select_related("editor")
    for assignment in assignments:
        yield Event(assignment.created_at, _("took it"), assignment.editor)
        if assignment.ended_at is None:
            continue
        if assignment.state == Assignment.State.RELEASED:
            yield Event(assignment.ended_at, _("gave it back"), assignment.editor)
        elif assignment.state == Assignment.State.EXPIRED:
            yield Event(assignment.ended_at, _("let the lease run out"), assignment.editor)


def _reviewed(review: Review) -> Event:
    address = f"#review-{review.pk}"
    if review.outcome == Review.Outcome.UNDO:
        address = f"#review-{review.supersedes_id}"
    return Event(
        review.created_at,
        _("decided: %(outcome)s") % {"outcome": review.get_outcome_display()},
        review.editor,
        said=review.note,
        address=address,
    )


def _made(golden: Golden, review: Review) -> Event:
    return Event(
        golden.created_at,
        _("made golden %(number)s") % {"number": golden.pk},
        golden.rewritten_by or review.editor,
        address=reverse("golden", args=[golden.pk]),
    )


def _logged(goldens: list[Golden]) -> Iterator[Event]:
    if not goldens:
        return
    entries = LogEntry.objects.filter(
        subject_type="golden",
        subject_id__in=[golden.pk for golden in goldens],
        action__in=list(_LOGGED),
    ).select_related("actor")
    for entry in entries:
        yield Event(
            entry.at,
            str(_LOGGED[entry.action]) % {"number": entry.subject_id},
            entry.actor,
            said=str(entry.detail.get("reason", "")),
            address=reverse("golden", args=[entry.subject_id]),
        )


def _settled(adjudications: Iterable[Adjudication]) -> Iterator[Event]:
    for each in adjudications:
        address = f"#review-{each.review_id}"
        outcome = {"outcome": each.review.get_outcome_display()}
        settled = _("settled it, because reviews disagreed: %(outcome)s") % outcome
        yield Event(each.created_at, settled, each.lead, each.reason, address)
        if each.undone_at:
            undone = _("took back what was settled: %(outcome)s") % outcome
            yield Event(each.undone_at, undone, each.undone_by, address=address)


def _in_bulk(draft: Draft, to_a_lead: bool) -> Iterator[Event]:
    for action in actions_on(draft):
        address = reverse("bulk-action", args=[action.pk]) if to_a_lead else ""
        if action.done_at:
            what = _("%(action)s, among others") % {"action": action.get_kind_display()}
            yield Event(action.done_at, what, action.created_by, action.reason, address)
        if action.undone_at:
            what = _("took back: %(action)s") % {"action": action.get_kind_display()}
            yield Event(action.undone_at, what, action.undone_by, address=address)


def _reported(draft: Draft) -> Iterator[Event]:
    reports = FactReport.objects.filter(draft=draft).select_related("reported_by", "settled_by")
    for report in reports:
        what = _("reported a fact: %(report)s") % {"report": report}
        yield Event(report.created_at, what, report.reported_by, said=report.note)
        if report.settled_at:
            settled = _("%(state)s the report of a fact") % {"state": report.get_state_display()}
            yield Event(report.settled_at, settled, report.settled_by, said=report.settled_reason)
