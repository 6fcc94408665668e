"""The front page: what waits, what goes on, what was answered, what was done today."""

from datetime import datetime
from typing import Any, Final, cast

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views import View

from accounts.models import Person
from accounts.rights import (
    DRAFT,
    LEAD,
    READ,
    READ_DATASETS,
    REVIEW,
    RightRequiredMixin,
    has_right,
)
from explanations.models import Draft, Place, Task
from explanations.services.guide_news import unread_guides
from feedback.models import Assignment, Dataset, FactReport, Golden, Review
from feedback.services.adjudicating import where_reviews_disagree
from feedback.services.answers import answers_for, sent_back_to
from feedback.services.bulk_actions import caused_by_reviews
from feedback.services.datasets.reading import datasets_newest_first

MOST_SHOWN: Final = 5
DATASETS_SHOWN: Final = 3


class Home(RightRequiredMixin, View):
    """`/`: where everybody's day begins."""

    rights = (REVIEW, READ, DRAFT)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what this person can go on with."""
        person = cast(Person, request.user)
        context: dict[str, Any] = {"tasks": _tasks()}
        if has_right(person, REVIEW):
            context |= _editors_day(person)
        if has_right(person, LEAD):
            context |= _leads_desk()
        if has_right(person, READ_DATASETS):
            context["datasets"] = _datasets()
        return render(request, "feedback/home.html", context)


def _datasets() -> QuerySet[Dataset]:
    """Return the newest datasets, with how many reviews in each nobody stands behind any more."""
    newest = datasets_newest_first().defer("manifest", "recipe")
    return newest.annotate(held=Count("marks"))[:DATASETS_SHOWN]


def _tasks() -> list[dict[str, object]]:
    """Return each task with what waits for editors and what the models are still writing."""
    open_places = dict(
        Place.objects.filter(state=Place.State.OPEN)
        .order_by()
        .values_list("task")
        .annotate(Count("pk"))
    )
    pending = dict(
        Draft.objects.without_trials()
        .filter(state__in=[Draft.State.PENDING, Draft.State.RUNNING])
        .order_by()
        .values_list("task")
        .annotate(Count("pk"))
    )
    return [
        {"task": task, "waiting": open_places.get(task.pk, 0), "writing": pending.get(task.pk, 0)}
        for task in Task.objects.all()
    ]


def _editors_day(editor: Person) -> dict[str, object]:
    held = (
        Assignment.objects.active()
        .filter(editor=editor, place__state__in=[Place.State.OPEN, Place.State.ESCALATED])
        .with_draft()
        .order_by("slot")
        .first()
    )
    decided = Review.objects.standing().filter(editor=editor, draft=OuterRef("draft")).order_by()
    return {
        "held": held,
        "waiting": Place.objects.filter(~Exists(decided), state=Place.State.OPEN).count(),
        "today": decided_today(editor),
        "sent_back": sent_back_to(editor, MOST_SHOWN),
        "answers": answers_for(editor, MOST_SHOWN),
        "guides": unread_guides(editor),
    }


def decided_today(editor: Person) -> dict[str, int]:
    """Return how many drafts the editor decided since midnight of the desk's time zone."""
    midnight: datetime = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    outcome = Review.Outcome
    return (
        Review.objects.standing()
        .filter(editor=editor, created_at__gte=midnight)
        .aggregate(
            decided=Count("pk", filter=~Q(outcome__in=[outcome.SKIP, outcome.ESCALATE])),
            accepted=Count("pk", filter=Q(outcome__in=[outcome.ACCEPT, outcome.BLAND])),
            edited=Count("pk", filter=Q(outcome=outcome.EDIT)),
            rejected=Count("pk", filter=Q(outcome=outcome.REJECT)),
        )
    )


def _leads_desk() -> dict[str, object]:
    goldens, state = Golden.objects.order_by(), Golden.State
    return {
        "is_lead": True,
        "harmful": caused_by_reviews().select_related(
            "review__draft__recommendation", "review__editor"
        )[:MOST_SHOWN],
        "escalated": Place.objects.filter(state=Place.State.ESCALATED).count(),
        "disagreements": where_reviews_disagree().count(),
        "open_reports": FactReport.objects.filter(state=FactReport.State.OPEN).count(),
        "second_person": goldens.filter(state=state.PROPOSED).count(),
        "needs_review": goldens.filter(state=state.NEEDS_REVIEW).count(),
        # By task, because that is how they are indexed.
        "blocked": Draft.objects.without_trials()
        .filter(task__in=list(Task.objects.values_list("pk", flat=True)), state=Draft.State.BLOCKED)
        .count(),
    }
