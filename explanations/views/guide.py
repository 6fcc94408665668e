"""A task's style guide, with the definitions of its categories and criteria."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views import View

from accounts.rights import READ, REVIEW, RightRequiredMixin
from explanations.guide_html import guide_html
from explanations.guide_rules import read_rules
from explanations.models import Category, Criterion, Task


class GuidePage(RightRequiredMixin, View):
    """`/tasks/<slug>/guide/`: the guide in use, as it is read beside a draft."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show the task's active guide."""
        task = get_object_or_404(Task.objects.select_related("guide"), slug=slug)
        context = {
            "task": task,
            "guide": task.guide,
            "text": guide_html(task.guide.text) if task.guide else "",
            "rules": read_rules(task.guide.rules) if task.guide else None,
            "categories": Category.objects.filter(task=task, retired_at=None),
            "criteria": Criterion.objects.filter(task=task, retired_at=None),
        }
        return render(request, "explanations/guide.html", context)
