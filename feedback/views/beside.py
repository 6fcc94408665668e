"""What lies beside a draft, looked up once it is shown: what was decided before, the guide."""

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render

from explanations.guide_html import guide_html
from explanations.models import Guide, Task
from explanations.services.guide_news import acknowledge, news_of
from feedback.services import memory, queue
from feedback.services.memory import Remembered
from feedback.views.keys import keys_context
from feedback.views.review import ReviewView
from feedback.views.shown_text import changes, tagged


class Beside(ReviewView):
    """`/review/<assignment>/beside/`: the page's part that no draft waits for."""

    def get(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Show what was decided about lines like it, never for a blind draft; and the guide."""
        place = queue.get_assignment(assignment_id, self.editor).place
        draft = place.draft
        draft.task = place.task
        decided = memory.decided_before(draft)
        keys = keys_context(self.editor)
        context = {
            "draft": draft,
            "decided": [_shown(each, keys["category_labels"]) for each in decided],
            "startable": [
                {"text": each.golden.text, "output": each.golden.output}
                for each in decided
                if each.golden
            ],
            "news": news_of(draft.task, self.editor),
        }
        return render(request, "feedback/beside.html", context | keys)


def _shown(each: Remembered, labels: Mapping[str, str]) -> dict[str, object]:
    words = [tag for tag in each.tags if tag.start is not None]
    return {
        "why": each.why,
        "review": each.review,
        "draft": each.draft,
        "tags": each.tags,
        "text": tagged(each.draft.text, words, labels) if words else each.draft.text,
        "golden": each.golden,
        "changes": changes(each.draft.text, each.golden.text)
        if each.golden and each.golden.text != each.draft.text
        else [],
    }


class GuideBeside(ReviewView):
    """`/review/guide/<slug>/`: a task's guide as it is read beside a draft."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what is new in it to this editor, and all of it."""
        news = news_of(
            get_object_or_404(Task.objects.select_related("guide"), slug=slug), self.editor
        )
        if news is None:
            raise Http404
        context = {"news": news, "text": guide_html(news.guide.text)}
        return render(request, "feedback/beside_guide.html", context)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Keep that the editor has read the version with this number."""
        number = self.body().get("number")
        if type(number) is not int or not 0 < number < 2**31:
            raise Http404
        acknowledge(get_object_or_404(Guide, task__slug=slug, number=number), self.editor)
        return JsonResponse({})
