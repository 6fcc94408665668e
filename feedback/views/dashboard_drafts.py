"""The drafts behind a number of the dashboard, and whoever wants to see them."""

from typing import Final

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import READ, RightRequiredMixin, person_of
from explanations.models import Category, Criterion
from feedback.figures import Choices
from feedback.question import NAMES, OUTCOME_WORDS, Question, QuestionRefused
from feedback.services.statistics.answering import choices
from feedback.services.statistics.asking import NotTheirs, asked
from feedback.services.statistics.behind import drafts_behind
from feedback.services.statistics.reading import DeskBusy, TookTooLong, heavy_read
from feedback.views.question_words import question_in_words

DRAFTS_A_PAGE: Final = 50


class BehindPage(RightRequiredMixin, View):
    """`/dashboard/drafts/`: exactly the drafts that a number counts, the newest day first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List a page of them; `after` is where the page before it ended."""
        context: dict[str, object] = {}
        status = 200
        try:
            with heavy_read():
                parameters = {name: request.GET.getlist(name) for name in NAMES}
                question = asked(parameters, person_of(request))
                found = drafts_behind(question, request.GET.get("after", ""), DRAFTS_A_PAGE)
                offered = choices(Question(task=question.task))
        except QuestionRefused as refused:
            context["refused"] = str(refused)
        except NotTheirs:
            raise PermissionDenied from None
        except (TookTooLong, DeskBusy) as too_slow:
            context["refused"] = str(too_slow)
            status = 503
        else:
            context |= {
                "found": found,
                "rows": [(row, _(OUTCOME_WORDS[row.outcome])) for row in found.rows],
                "in_words": _in_words(question, offered),
                "about": question.about().as_query(),
                "is_first": not request.GET.get("after"),
            }
        return render(request, "feedback/dashboard/drafts.html", context, status=status)


def _in_words(question: Question, offered: Choices) -> str:
    names: dict[str, str] = {}
    if question.category:
        named = Category.objects.filter(task__slug=question.task, slug=question.category)
        names |= named.values_list("slug", "name")
    if question.criterion:
        asked_about = Criterion.objects.filter(task__slug=question.task, slug=question.criterion)
        names |= asked_about.values_list("slug", "name")
    return question_in_words(question, offered, names)
