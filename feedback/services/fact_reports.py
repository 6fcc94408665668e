"""Facts that editors doubt: reported, held, and settled by a lead."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.log import record
from accounts.models import Person
from explanations.context import FactMissing, get_fact, pointer_segments
from explanations.fact_changes import moved_to, same_facts, touches
from explanations.models import Draft, Recommendation
from explanations.recommendation_lines import fact_problem
from explanations.services.facts import FactRefusedError, add_fact, correct_fact, hide_fact
from feedback.models import FactReport, Golden
from feedback.services.days import in_days

MOST_POINTER: Final = 300
MOST_WORDS: Final = 500

Problem = FactReport.Problem


class FactReportRefused(Exception):
    """A report that cannot be taken or settled so; the message is a sentence for people."""


class RightValueRefused(FactReportRefused):
    """A report that is settled with a value that no fact can have, or without the one it needs."""


@dataclass(frozen=True, slots=True)
class ReportFilters:
    """Which reports to show; what is empty does not matter. `owner` None is every one."""

    state: str = ""
    owner: str | None = None
    task: str = ""
    first: date | None = None
    """Reported on this day or later."""
    last: date | None = None


def find_reports(filters: ReportFilters) -> QuerySet[FactReport]:
    """Return the reports that fit all filters, the newest first, with what a list shows of them."""
    found = FactReport.objects.select_related(
        "recommendation__task", "draft", "reported_by", "settled_by"
    )
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.owner is not None:
        found = found.filter(catalogue_owner=filters.owner)
    if filters.task:
        found = found.filter(recommendation__task__slug=filters.task)
    return in_days(found, "created_at", filters.first, filters.last)


def counts_of_reports(filters: ReportFilters) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many reports there are by state, and by owner in the state that is asked for."""
    everywhere = find_reports(replace(filters, state="")).order_by()
    by_state = dict(everywhere.values_list("state").annotate(Count("pk")))
    of_owners = find_reports(replace(filters, owner=None)).order_by()
    return by_state, dict(of_owners.values_list("catalogue_owner").annotate(Count("pk")))


def resting_on(reports: Iterable[FactReport]) -> dict[int, tuple[int, int]]:
    """Return of each report how many waiting drafts and how many standing goldens its fact bears.

    Two queries for all of them.
    """
    listed = list(reports)
    about = {report.recommendation_id for report in listed}
    drafts = Draft.objects.without_trials().filter(
        recommendation__in=about, state__in=[Draft.State.READY, Draft.State.BLOCKED]
    )
    goldens = Golden.objects.filter(
        recommendation__in=about,
        state__in=[Golden.State.PROPOSED, Golden.State.APPROVED, Golden.State.NEEDS_REVIEW],
    )
    counts = []
    for texts in (drafts, goldens):
        used = list(texts.order_by().values_list("recommendation_id", "rests_on"))
        counts.append(
            {
                report.pk: sum(
                    recommendation == report.recommendation_id and touches(pointers, report.pointer)
                    for recommendation, pointers in used
                )
                for report in listed
            }
        )
    return {report.pk: (counts[0][report.pk], counts[1][report.pk]) for report in listed}


@dataclass(frozen=True, slots=True)
class Doubt:
    """What an editor says of a fact: what is wrong, and the right value with its source if known.

    `pointer` of a missing fact is where it would stand, `/item/<name>`.
    """

    pointer: str
    problem: str
    right_value: object = None
    source: str = ""
    note: str = ""


def report_fact(
    editor: Person, recommendation: Recommendation, doubt: Doubt, draft: Draft | None = None
) -> FactReport:
    """Report a fact; drafts that rest on it are held until a lead has settled the report.

    The same report again returns the first. Raises FactReportRefused when there is no such fact
    (or, for a missing one, when there is), when a value has no source, or when the editor has an
    open report of another kind on this fact.
    """
    value_then = _value_doubted(recommendation, doubt)
    _refuse_a_bad_value(doubt)
    try:
        with transaction.atomic():
            report = FactReport.objects.create(
                recommendation=recommendation,
                draft=draft,
                pointer=doubt.pointer,
                problem=doubt.problem,
                value_then=value_then,
                right_value=doubt.right_value,
                source=doubt.source.strip(),
                note=doubt.note.strip(),
                catalogue_owner=_catalogue_owner(recommendation),
                reported_by=editor,
            )
            record(
                editor, "reported a fact", recommendation, pointer=doubt.pointer, report=report.pk
            )
            return report
    except IntegrityError:
        return _first_report(editor, recommendation, doubt)


def _value_doubted(recommendation: Recommendation, doubt: Doubt) -> object:
    """Return what the fact says now, None for a missing one. Raises FactReportRefused."""
    if doubt.problem not in Problem.values:
        raise FactReportRefused(
            _("What is wrong is one of %(known)s.") % {"known": ", ".join(Problem.values)}
        )
    facts = recommendation.snapshot.facts if recommendation.snapshot else {}
    try:
        segments = pointer_segments(doubt.pointer)
        value = get_fact(facts, doubt.pointer)
    except FactMissing:
        segments, value = _segments_of_missing(doubt.pointer), None
    if len(doubt.pointer) > MOST_POINTER:
        raise FactReportRefused(_("The name of the fact is too long."))
    if doubt.problem == Problem.MISSING:
        if value is not None:
            raise FactReportRefused(_("This fact is there; report it as wrong or stale instead."))
        if len(segments) != 2 or segments[0] != "item" or not segments[1]:
            raise FactReportRefused(_("A missing fact is one of the item: /item/ and its name."))
    elif value is None or len(segments) < 2:
        raise FactReportRefused(_("There is no such fact."))
    return value


def _segments_of_missing(pointer: str) -> list[str]:
    try:
        return pointer_segments(pointer)
    except FactMissing:
        return []


def _refuse_a_bad_value(doubt: Doubt) -> None:
    for words in (doubt.source, doubt.note):
        if len(words) > MOST_WORDS:
            raise FactReportRefused(
                _("Source and note may have %(most)d characters each.") % {"most": MOST_WORDS}
            )
    if doubt.right_value is None:
        return
    if doubt.problem == Problem.NOT_FOR_SHOWING:
        raise FactReportRefused(_("What is not for showing needs no right value."))
    if problem := fact_problem(doubt.right_value):
        raise FactReportRefused(problem)
    if not doubt.source.strip():
        raise FactReportRefused(_("Say where the right value is known from."))


def _catalogue_owner(recommendation: Recommendation) -> str:
    return recommendation.delivery.catalogue_owner if recommendation.delivery else ""


def _first_report(editor: Person, recommendation: Recommendation, doubt: Doubt) -> FactReport:
    first = FactReport.objects.get(
        recommendation=recommendation,
        pointer=doubt.pointer,
        reported_by=editor,
        state=FactReport.State.OPEN,
    )
    if first.problem != doubt.problem or not same_facts(first.right_value, doubt.right_value):
        raise FactReportRefused(_("You have an open report on this fact; a lead will look at it."))
    return first


# --- Settling ------------------------------------------------------------------------------------


def accept_report(
    report_id: int,
    lead: Person,
    reason: str = "",
    *,
    right_value: object = None,
    source: str = "",
) -> FactReport:
    """Accept a report: the fact is corrected, added or hidden, and drafts on it are made again.

    `right_value` and `source`, where given, stand for the editor's; a wrong fact whose right value
    nobody knows is hidden. Goldens that rest on it need a new review, and other open reports on the
    fact are settled with this one. Raises RightValueRefused, FactReportRefused,
    FactReport.DoesNotExist.
    """
    if right_value is not None and (problem := fact_problem(right_value)):
        raise RightValueRefused(problem)
    with transaction.atomic():
        report = _locked_open(report_id)
        value = report.right_value if right_value is None else right_value
        known_from = source.strip() or report.source or reason.strip() or report.note
        try:
            _change_fact(report, value, known_from or "an editor's report", lead)
        except FactRefusedError as refused:
            raise FactReportRefused(str(refused)) from refused
        _settle(report, FactReport.State.ACCEPTED, lead, reason.strip())
        for other in _other_reports(report):
            _settle(other, FactReport.State.ACCEPTED, lead, f"Settled with report {report.pk}.")
        return report


def refuse_report(report_id: int, lead: Person, reason: str) -> FactReport:
    """Refuse a report, saying why; the drafts that it held go on. Raises FactReportRefused."""
    if not reason.strip():
        raise FactReportRefused(_("Say why; the editor will read it."))
    with transaction.atomic():
        report = _locked_open(report_id)
        _settle(report, FactReport.State.REFUSED, lead, reason.strip())
        return report


def _locked_open(report_id: int) -> FactReport:
    """Return the open report; its recommendation is locked first, as everywhere."""
    recommendation_id = FactReport.objects.values_list("recommendation", flat=True).get(
        pk=report_id
    )
    Recommendation.objects.select_for_update().only("pk").get(pk=recommendation_id)
    report = (
        FactReport.objects.select_related("recommendation__snapshot")
        .select_for_update(of=("self",))
        .get(pk=report_id)
    )
    if report.state != FactReport.State.OPEN:
        raise FactReportRefused(
            _("This report is %(state)s already.") % {"state": report.get_state_display()}
        )
    return report


def _change_fact(report: FactReport, value: object, known_from: str, lead: Person) -> None:
    recommendation = report.recommendation
    if report.problem == Problem.MISSING:
        if value is None:
            raise RightValueRefused(_("Nobody has said what the missing fact is."))
        add_fact(recommendation, pointer_segments(report.pointer)[-1], value, known_from, lead)
        return
    pointer = _where_it_is_now(report)
    if value is None or report.problem == Problem.NOT_FOR_SHOWING:
        hide_fact(recommendation, pointer, known_from, lead)
    else:
        correct_fact(recommendation, pointer, value, known_from, lead)


def _where_it_is_now(report: FactReport) -> str:
    """Return where the doubted fact stands: a delivery since the report may have moved it.

    Raises FactReportRefused when it no longer says what was doubted.
    """
    facts = report.recommendation.snapshot.facts if report.recommendation.snapshot else {}
    pointer = moved_to(report.pointer, report.value_then, facts)
    if pointer is None:
        raise FactReportRefused(_("The fact has changed since the report; look at it again."))
    return pointer


def _other_reports(report: FactReport) -> list[FactReport]:
    return list(
        FactReport.objects.select_for_update(of=("self",))
        .filter(
            recommendation=report.recommendation_id,
            pointer=report.pointer,
            state=FactReport.State.OPEN,
        )
        .exclude(pk=report.pk)
        .order_by("pk")
    )


def _settle(report: FactReport, state: FactReport.State, lead: Person, reason: str) -> None:
    report.state, report.settled_by, report.settled_reason = state, lead, reason[:MOST_WORDS]
    FactReport.objects.filter(pk=report.pk).update(
        state=state, settled_by=lead, settled_reason=report.settled_reason, settled_at=Now()
    )
    record(lead, f"{state.label} a fact report", report, reason=report.settled_reason)
