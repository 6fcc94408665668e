"""What an editor says about facts while reviewing: report one, add one."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from explanations.context import FactMissing, get_fact, make_pointer
from explanations.models import Draft
from explanations.services.facts import FactRefusedError, add_fact
from feedback.models import FactReport
from feedback.review_body import storable
from feedback.services.fact_reports import Doubt, FactReportRefused, report_fact
from feedback.services.goldens import facts_seen
from feedback.views.review import UNPROCESSABLE, ReviewView, refusal
from feedback.views.typed_value import typed_value


class FactView(ReviewView):
    """What both have in common: a draft, and words from a form."""

    def post(self, request: HttpRequest, draft_id: int) -> HttpResponse:
        """Do it, and say what was done."""
        draft = get_object_or_404(
            Draft.objects.without_trials().select_related("snapshot", "recommendation__snapshot"),
            pk=draft_id,
        )
        said = {
            key: storable(value).strip()
            for key, value in self.body().items()
            if isinstance(value, str)
        }
        try:
            return JsonResponse({"message": self.tell(draft, said)})
        except (FactReportRefused, FactRefusedError) as refused:
            return refusal(UNPROCESSABLE, "refused", str(refused))

    def tell(self, draft: Draft, said: dict[str, str]) -> str:
        """Pass it on; return the sentence that the editor sees."""
        raise NotImplementedError


class ReportFact(FactView):
    """`F`: a fact is wrong, stale, missing or not for showing."""

    def tell(self, draft: Draft, said: dict[str, str]) -> str:
        """Report the fact."""
        problem = said.get("problem", "")
        is_missing = problem == FactReport.Problem.MISSING
        pointer = (
            make_pointer(["item", said.get("name", "")]) if is_missing else said.get("pointer", "")
        )
        doubt = Doubt(
            pointer=pointer,
            problem=problem,
            right_value=typed_value(said.get("right_value", ""), _value_now(draft, pointer)),
            source=said.get("source", ""),
            note=said.get("note", ""),
        )
        report_fact(self.editor, draft.recommendation, doubt, draft)
        return _("Reported. A lead will decide.")


class AddFact(FactView):
    """`Shift+F`: something that the editor knows and the catalogue does not."""

    def tell(self, draft: Draft, said: dict[str, str]) -> str:
        """Add the fact."""
        add_fact(
            draft.recommendation,
            said.get("name", ""),
            said.get("value", ""),
            said.get("source", ""),
            self.editor,
        )
        return _("The fact is added.")


def _value_now(draft: Draft, pointer: str) -> object:
    try:
        return get_fact(facts_seen(draft)[0], pointer)
    except FactMissing:
        return None
