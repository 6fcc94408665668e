"""Goldens that need a new review: what has changed, and one key for each decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, REVIEW, RightRequiredMixin, has_right, person_of
from explanations.context import leaf_facts, pointer_label
from explanations.fact_changes import FactChange
from explanations.models import Task
from explanations.output_formats import get_output_format
from explanations.output_formats.base import FormField, FormGroup
from feedback.models import Golden
from feedback.services.goldens import (
    GoldenRefused,
    facts_changed,
    find_still_right,
    rewrite_golden,
    waiting_for_new_review,
    withdraw_golden,
)
from feedback.views.evidence import Marks, evidence, value_in_words

PER_PAGE: Final = 10
# What each button needs.
DECISIONS: Final = {"still_right": REVIEW, "withdraw": LEAD}


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A fact by its name, as it was and as it is."""

    label: str
    before: str
    after: str
    is_gone: bool


def shown(change: FactChange) -> ShownChange:
    """Return a change of a fact in words."""
    is_gone = change.after is None
    after = ", ".join(map(value_in_words, change.came)) if change.is_member else ""
    return ShownChange(
        pointer_label(change.pointer),
        value_in_words(change.before),
        after if is_gone else value_in_words(change.after),
        is_gone,
    )


class NewReviewList(RightRequiredMixin, View):
    """`/goldens/needs-review/`: oldest first, each with its facts as they were and as they are."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show a page of them."""
        goldens = waiting_for_new_review()
        task = request.GET.get("task", "")
        if task:
            goldens = goldens.filter(task__slug=task)
        page = Paginator(goldens, PER_PAGE).get_page(request.GET.get("page"))
        person = person_of(request)
        context = {
            "page_obj": page,
            "rows": [
                (
                    golden,
                    [shown(change) for change in facts_changed(golden)],
                    _may_judge(golden, person.pk, has_right(person, REVIEW)),
                )
                for golden in page
            ],
            "tasks": Task.objects.all(),
            "task": task,
            "may_withdraw": has_right(person, LEAD),
            "may_rewrite": has_right(person, REVIEW),
        }
        return render(request, "feedback/new_reviews.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Decide about one, as the pressed button says, and go on with the next."""
        person = person_of(request)
        decision, number = request.POST.get("decision", ""), request.POST.get("golden", "")
        if decision in DECISIONS and not has_right(person, DECISIONS[decision]):
            self.raise_exception = True
            return self.handle_no_permission()
        if decision not in DECISIONS or not (number.isascii() and number.isdecimal()):
            return HttpResponseBadRequest("No such decision.")
        golden = get_object_or_404(Golden, pk=int(number[:18]))
        try:
            if decision == "still_right":
                find_still_right(golden.pk, person, _looked_at(request))
                messages.success(request, _("Still right: approved with the facts as they are."))
            else:
                withdraw_golden(golden.pk, person, request.POST.get("reason", ""))
                messages.success(request, _("Withdrawn."))
        except GoldenRefused as refused:
            messages.error(request, str(refused))
        return redirect(request.get_full_path())


def _may_judge(golden: Golden, person_id: int, may_review: bool) -> bool:
    is_own = golden.task.second_person_required and golden.writer_id == person_id
    return may_review and not is_own


def _looked_at(request: HttpRequest) -> int | None:
    number = request.POST.get("facts", "")
    return int(number[:9]) if number.isascii() and number.isdecimal() else None


class RewriteGolden(RightRequiredMixin, View):
    """`/goldens/<id>/rewrite/`: the text in a form, beside the facts as they are now."""

    rights = (REVIEW,)

    def get(self, request: HttpRequest, golden_id: int) -> HttpResponse:
        """Show the form."""
        golden = get_object_or_404(waiting_for_new_review(), pk=golden_id)
        written = golden.output if golden.output is not None else {"text": golden.text}
        return self._show(request, golden, written)

    def post(self, request: HttpRequest, golden_id: int) -> HttpResponse:
        """Put what was written in the golden's place, or say why it cannot be."""
        golden = get_object_or_404(Golden.objects.select_related("task"), pk=golden_id)
        written = _written(golden, request)
        try:
            rewritten = rewrite_golden(golden.pk, person_of(request), written, _looked_at(request))
        except GoldenRefused as refused:
            messages.error(request, str(refused))
            waiting = waiting_for_new_review().filter(pk=golden_id).first()
            if waiting is None:
                return redirect("golden", golden_id)
            return self._show(request, waiting, written)
        messages.success(request, _("Saved as golden %(number)s.") % {"number": rewritten.pk})
        return redirect("needs-review")

    def _show(
        self, request: HttpRequest, golden: Golden, written: Mapping[str, Any]
    ) -> HttpResponse:
        now = golden.recommendation.snapshot or golden.snapshot
        context = {
            "golden": golden,
            "fields": list(_fields(golden, written)),
            "changes": [shown(change) for change in facts_changed(golden)],
            "evidence": evidence(now.facts, Marks(now.sources, (), ())),
            "facts": now,
        }
        return render(request, "feedback/rewrite_golden.html", context)


@dataclass(frozen=True, slots=True)
class Written:
    """One field of the form, with what stands in it."""

    name: str
    label: str
    kind: str
    value: str
    most_characters: int = 0
    choices: tuple[tuple[str, str], ...] = ()


def _fields(golden: Golden, written: Mapping[str, Any]) -> list[Written]:
    """Return the form of the golden's format filled in, with one empty bullet of each kind more."""
    shown_fields: list[Written] = []
    for part in get_output_format(golden.task.output_format).edit_form:
        if isinstance(part, FormField):
            shown_fields.append(_field(golden, part, part.name, part.label, written))
            continue
        bullets = list(written.get(part.name) or [])[: part.at_most]
        for index in range(min(len(bullets) + 1, part.at_most)):
            bullet = bullets[index] if index < len(bullets) else {}
            for field in part.fields:
                name = f"{part.name}-{index}-{field.name}"
                label = f"{field.label} {index + 1}"
                shown_fields.append(_field(golden, field, name, label, bullet))
    return shown_fields


def _field(
    golden: Golden, field: FormField, name: str, label: str, written: Mapping[str, Any]
) -> Written:
    now = golden.recommendation.snapshot or golden.snapshot
    choices = tuple((choice, choice) for choice in field.choices)
    if field.kind == "fact":
        choices = (
            ("", _("Choose its fact")),
            *(
                (fact.pointer, f"{fact.label}: {value_in_words(fact.value)}")
                for fact in leaf_facts(now.facts)
                if fact.pointer.startswith(f"/{field.side}/")
            ),
        )
    value = str(written.get(field.name) or "")
    return Written(name, label, field.kind, value, field.max_characters, choices)


def _written(golden: Golden, request: HttpRequest) -> dict[str, Any]:
    """Return what the form holds, as the golden's format has it; empty bullets are left out."""
    written: dict[str, Any] = {}
    for part in get_output_format(golden.task.output_format).edit_form:
        written[part.name] = (
            _bullets(part, request)
            if isinstance(part, FormGroup)
            else request.POST.get(part.name, "").strip()
        )
    return written


def _bullets(group: FormGroup, request: HttpRequest) -> list[dict[str, str]]:
    bullets = [
        {
            field.name: request.POST.get(f"{group.name}-{index}-{field.name}", "").strip()
            for field in group.fields
        }
        for index in range(group.at_most)
    ]
    return [bullet for bullet in bullets if any(bullet.values())]
