"""Goldens: those that wait for a second person, those that stand, and one with all about it."""

from collections.abc import Sequence
from typing import Any, Final, cast

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.models import Person
from accounts.rights import LEAD, READ, READ_DATASETS, REVIEW, RightRequiredMixin, has_right
from explanations.models import Task
from explanations.views.newest_first import newest_first
from feedback.models import DatasetRow, Golden, Review
from feedback.review_body import storable
from feedback.services.datasets.reading import holding
from feedback.services.goldens import (
    GoldenRefused,
    approve_golden,
    send_back,
    what_checks_say,
    withdraw_golden,
)
from feedback.services.reviewing import UndoRefused, undo_review
from feedback.services.statistics.desk_lists import not_yet_in
from feedback.views.evidence import Marks, evidence
from feedback.views.shown_text import changes, tagged

PER_PAGE = 25
DATASETS_SHOWN = 20
WAITING = "waiting"
WAITING_STATES = (Golden.State.PROPOSED, Golden.State.NEEDS_REVIEW)


class GoldenList(RightRequiredMixin, View):
    """`/goldens/`: newest first; the filters are in the address."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of goldens."""
        wanted = {
            key: request.GET.get(key, "") for key in ("task", "state", "grade", "editor", "not_in")
        }
        context = {
            "page": newest_first(_filtered(wanted), request, PER_PAGE),
            "wanted": wanted,
            "tasks": Task.objects.all(),
            "states": [(WAITING, _("waits for somebody")), *Golden.State.choices],
            "grades": Golden.Grade.choices,
        }
        return render(request, "feedback/goldens.html", context)


def _filtered(wanted: dict[str, str]) -> QuerySet[Golden]:
    goldens = Golden.objects.select_related("task", "recommendation", "review__editor")
    if wanted["task"]:
        goldens = goldens.filter(task__slug=wanted["task"])
    if wanted["state"] == WAITING:
        goldens = goldens.filter(state__in=WAITING_STATES)
    elif wanted["state"] in Golden.State.values:
        goldens = goldens.filter(state=wanted["state"])
    if wanted["grade"] in Golden.Grade.values:
        goldens = goldens.filter(grade=wanted["grade"])
    if wanted["editor"]:
        goldens = goldens.filter(review__editor__username=storable(wanted["editor"]))
    if wanted["not_in"]:
        name, _hyphen, number = wanted["not_in"].rpartition("-")
        is_number = number.isascii() and number.isdecimal() and len(number) < 10
        goldens = not_yet_in(goldens, storable(name), int(number) if is_number else 0)
    return goldens


def _holding(golden: Golden, person: Person) -> Sequence[DatasetRow]:
    """Return where ready datasets hold the golden, for somebody who may read datasets."""
    if not has_right(person, READ_DATASETS):
        return ()
    return list(holding([golden.review_id]).filter(golden=golden)[:DATASETS_SHOWN])


# What each button of a golden's page needs.
DECISIONS: Final = {"approve": REVIEW, "send_back": REVIEW, "reopen": REVIEW, "withdraw": LEAD}


class GoldenPage(RightRequiredMixin, View):
    """`/goldens/<id>/`: the text, how it came about, and what may become of it."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest, golden_id: int) -> HttpResponse:
        """Show the golden."""
        return render(request, "feedback/golden.html", self._context(request, golden_id))

    def post(self, request: HttpRequest, golden_id: int) -> HttpResponse:
        """Approve it, send it back or withdraw it, as the pressed button says."""
        person = cast(Person, request.user)
        decision = request.POST.get("decision", "")
        if decision not in DECISIONS or not has_right(person, DECISIONS[decision]):
            self.raise_exception = True
            return self.handle_no_permission()
        golden = get_object_or_404(Golden, pk=golden_id)
        reason = request.POST.get("reason", "")
        try:
            if decision == "approve":
                approve_golden(golden.pk, person, reason if "override" in request.POST else "")
                messages.success(request, _("Approved."))
            elif decision == "send_back":
                send_back(golden.pk, person, reason)
                messages.success(request, _("Sent back to its editor."))
            elif decision == "reopen":
                return self._reopen(golden, person)
            else:
                withdraw_golden(golden.pk, person, reason)
                messages.success(request, _("Withdrawn."))
        except (GoldenRefused, UndoRefused, Review.DoesNotExist) as refused:
            messages.error(request, str(refused))
        return redirect("golden", golden_id)

    def _reopen(self, golden: Golden, person: Person) -> HttpResponse:
        """Lay the draft of a golden that was sent back on its editor's desk again."""
        undone = undo_review(person, golden.review_id)
        if undone.assignment is None:
            return redirect("review")
        return redirect("review-draft", undone.assignment.pk)

    def _context(self, request: HttpRequest, golden_id: int) -> dict[str, Any]:
        golden = get_object_or_404(
            Golden.objects.select_related(
                "task",
                "recommendation",
                "snapshot",
                "prompt",
                "review__draft",
                "review__editor",
                "approved_by",
                "rewritten_by",
            ),
            pk=golden_id,
        )
        person = cast(Person, request.user)
        review = golden.review
        tags = list(review.tags.select_related("category"))
        is_own = golden.writer_id == person.pk
        may_judge = has_right(person, REVIEW) and not is_own
        said = what_checks_say(golden)
        forbidding = [each for each in said if each.forbids]
        return {
            "golden": golden,
            "holding": _holding(golden, person),
            "review": review,
            "draft": review.draft,
            "draft_tagged": tagged(review.draft.text, tags),
            "changes": changes(review.draft.text, golden.text),
            "tags": tags,
            "answers": review.answers.select_related("criterion"),
            "evidence": evidence(
                golden.snapshot.facts, Marks(golden.snapshot.sources, golden.rests_on, ())
            ),
            "said": said,
            "is_forbidden": bool(forbidding),
            "may_override": has_right(person, LEAD)
            and bool(forbidding)
            and all(each.may_be_overridden for each in forbidding),
            "is_own": is_own,
            "may_approve": may_judge and golden.state in WAITING_STATES,
            "may_send_back": may_judge and golden.state in {*WAITING_STATES, Golden.State.APPROVED},
            "may_withdraw": has_right(person, LEAD) and golden.state != Golden.State.WITHDRAWN,
        }
