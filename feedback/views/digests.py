"""The pages of weekly digests: those that were made, and what the next one would say."""

from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import LEAD, READ, RightRequiredMixin, has_right, person_of
from explanations.views.newest_first import newest_first
from feedback.services.statistics.digest import monday_of, week_of_person
from feedback.services.statistics.digest_mail import digests_for, send_again, written

DIGESTS_A_PAGE: Final = 30


class DigestsPage(RightRequiredMixin, View):
    """`/digests/`: one's own, and for a lead everybody's, newest first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List them."""
        person = person_of(request)
        context = {
            "page": newest_first(digests_for(person), request, DIGESTS_A_PAGE),
            "is_lead": has_right(person, LEAD),
        }
        return render(request, "feedback/digests.html", context)


class DigestPage(RightRequiredMixin, View):
    """`/digests/<id>/`: one digest, word for word as it was sent; a lead sends it again."""

    rights = (READ,)

    def get(self, request: HttpRequest, digest_id: int) -> HttpResponse:
        """Show it."""
        person = person_of(request)
        digest = get_object_or_404(digests_for(person), pk=digest_id)
        context = {
            "digest": digest,
            "subject": digest.subject,
            "text": digest.text,
            "may_send": has_right(person, LEAD),
        }
        return render(request, "feedback/digest_page.html", context)

    def post(self, request: HttpRequest, digest_id: int) -> HttpResponse:
        """Send one again that was given up."""
        if not has_right(request.user, LEAD):
            raise PermissionDenied
        if send_again(digest_id, person_of(request)):
            messages.success(request, _("It is sent again."))
        else:
            messages.warning(request, _("This digest was not given up."))
        return redirect("digests")


class DigestPreview(RightRequiredMixin, View):
    """`/digests/preview/`: what this person would be told of this week so far."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it; nothing is kept or sent."""
        week = week_of_person(person_of(request), monday_of(timezone.localdate()))
        subject, text, _html = written(week)
        context = {"subject": subject, "text": "" if week.is_empty else text}
        return render(request, "feedback/digest_page.html", context)
