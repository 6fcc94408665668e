"""A task's style guide, with the definitions of its categories and criteria."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import READ, REVIEW, RightRequiredMixin, person_of
from explanations.guide_html import guide_html
from explanations.guide_rules import read_rules
from explanations.models import Category, Criterion, Guide, Task
from explanations.services.guide_news import acknowledge, news_of


class GuidePage(RightRequiredMixin, View):
    """`/tasks/<slug>/guide/`: the guide in use, as it is read beside a draft."""

    rights = (READ, REVIEW)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show the task's active guide, and what of it is new to whoever reads it."""
        task = get_object_or_404(Task.objects.select_related("guide"), slug=slug)
        context = {
            "task": task,
            "guide": task.guide,
            "news": news_of(task, person_of(request)),
            "text": guide_html(task.guide.text) if task.guide else "",
            "rules": read_rules(task.guide.rules) if task.guide else None,
            "categories": Category.objects.filter(task=task, retired_at=None),
            "criteria": Criterion.objects.filter(task=task, retired_at=None),
        }
        return render(request, "explanations/guide.html", context)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Keep that the version with the posted number was read."""
        number = request.POST.get("number", "")
        if not number.isdecimal() or len(number) > 9:
            return HttpResponseBadRequest("The number of a version is expected.")
        guide = get_object_or_404(Guide, task__slug=slug, number=int(number))
        acknowledge(guide, person_of(request))
        messages.success(request, _("Kept: you have read version %(number)s.") % {"number": number})
        return redirect("guide", slug)
