"""What a lead says about a finding while reviewing: it is nothing, in all drafts of the task."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from accounts.rights import LEAD
from explanations.models import Finding
from explanations.services.dismissing import CannotDismiss, dismiss_for_task
from feedback.review_body import storable
from feedback.views.review import UNPROCESSABLE, ReviewView, refusal


class DismissFinding(ReviewView):
    """`/findings/<id>/dismiss/`: not for this text alone."""

    rights = (LEAD,)

    def post(self, request: HttpRequest, finding_id: int) -> HttpResponse:
        """Dismiss it, and say so."""
        reason = self.body().get("reason")
        try:
            dismiss_for_task(
                finding_id, self.editor, storable(reason) if isinstance(reason, str) else ""
            )
        except CannotDismiss as refused:
            return refusal(UNPROCESSABLE, "refused", str(refused))
        except Finding.DoesNotExist:
            return refusal(404, "unknown", _("This finding is gone."))
        return JsonResponse({"message": _("Dismissed in all drafts of the task.")})
