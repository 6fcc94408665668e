"""The review screen: one draft on the desk, saved as it is worked on, exchanged by a decision."""

import uuid
from dataclasses import asdict
from typing import Any, cast

import orjson
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.models import Person
from accounts.rights import LEAD, REVIEW, RightRequiredMixin, has_right
from explanations.models import Task
from feedback.models import Assignment, Review
from feedback.review_body import MOST_REWRITE, BodyRefused, parse_body, storable
from feedback.services import queue, reviewing, rewrites
from feedback.services.queue import LeaseLost, WorkConflict
from feedback.services.reviewing import AlreadySubmitted, KeyReused, UndoRefused
from feedback.views.desk_page import desk_context, wish_of
from feedback.when_sent import when_sent

UNPROCESSABLE = 422
CONFLICT = 409


@method_decorator(never_cache, name="dispatch")
class ReviewView(RightRequiredMixin, View):
    """What all addresses of the review screen share: editors only, and never from a cache."""

    rights = (REVIEW,)

    @property
    def editor(self) -> Person:
        """Who is at the desk."""
        return cast(Person, self.request.user)

    def desk(self, assignment: Assignment | None) -> HttpResponse:
        """The desk with this draft: the whole page, or the part of it that a script exchanges.

        When it has been sent, the draft after this one is leased ahead, for the next submission to
        find: looking for it is no part of anybody's waiting.
        """
        template = "feedback/desk.html" if self.request.htmx else "feedback/review.html"  # type: ignore[attr-defined]
        page = render(self.request, template, desk_context(self.request, self.editor, assignment))
        if assignment is not None:
            wish = self.wish()
            when_sent(page, lambda: queue.prepare_next(self.editor, **wish))
        return page

    def next_assignment(self) -> Assignment | None:
        """The draft to work on now, as the address wishes."""
        return queue.claim_next(self.editor, **self.wish())

    def wish(self) -> queue.Asked:
        """What the address wishes for."""
        wished = self.request.GET.get("task")
        return {
            "tasks": [get_object_or_404(Task, slug=wished)] if wished else None,
            "escalated": bool(self.request.GET.get("escalated")) and has_right(self.editor, LEAD),
        }

    def body(self) -> dict[str, Any]:
        """The request's JSON object. Raises BodyRefused."""
        try:
            data = orjson.loads(self.request.body)
        except orjson.JSONDecodeError:
            raise BodyRefused({"body": [_("This is not JSON.")]}) from None
        if not isinstance(data, dict):
            raise BodyRefused({"body": [_("A JSON object is expected.")]})
        return data

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer what the services refuse with a sentence for the editor."""
        try:
            return cast(HttpResponse, super().dispatch(request, *args, **kwargs))
        except BodyRefused as refused:
            return refusal(UNPROCESSABLE, "refused", str(refused), errors=refused.errors)
        except LeaseLost as lost:
            return refusal(CONFLICT, lost.reason, lost.sentence)
        except Assignment.DoesNotExist:
            return refusal(404, "not_yours", _("This draft is not yours."))


class NextDraft(ReviewView):
    """`/review/`: the draft to work on now, claimed by being shown."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Lay the next draft on the desk."""
        return self.desk(self.next_assignment())


class HeldDraft(ReviewView):
    """`/review/<assignment>/`: a draft that the editor holds, e.g. after a reload."""

    def get(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Lay it on the desk again; one that is done or gone leads to the next."""
        try:
            assignment = queue.renew(assignment_id, self.editor)
        except (LeaseLost, Assignment.DoesNotExist):
            wish = wish_of(request)
            response = redirect("review")
            response["Location"] += f"?{wish}" if wish else ""
            return response
        return self.desk(assignment)


class SaveWork(ReviewView):
    """Keep what is not submitted yet."""

    def post(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Save the work; a save on top of another tab's gets what that one saved."""
        data = self.body()
        work, revision, active_ms = (data.get(key) for key in ("work", "revision", "active_ms"))
        if not isinstance(work, dict) or type(revision) is not int or type(active_ms) is not int:
            raise BodyRefused({"work": [_("Work, revision and active_ms are expected.")]})
        try:
            saved = queue.save_work(assignment_id, self.editor, work, revision, active_ms)
        except WorkConflict as conflict:
            theirs = conflict.assignment
            return refusal(
                CONFLICT, "conflict", str(conflict), work=theirs.work, revision=theirs.revision
            )
        return JsonResponse(saved._asdict())


class CheckRewrite(ReviewView):
    """What no fact supports of a rewrite that is being written; on the way of nothing."""

    def post(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Return the words, and what the checks say of them."""
        rewrite = self.body().get("rewrite")
        if not isinstance(rewrite, str) or len(rewrite) > MOST_REWRITE:
            raise BodyRefused({"rewrite": [_("A text is expected.")]})
        assignment = Assignment.objects.with_draft().get(pk=assignment_id, editor=self.editor)
        found = rewrites.unsupported_in(assignment.place.draft, storable(rewrite))
        return JsonResponse({"unsupported": [asdict(each) for each in found]})


class RenewLease(ReviewView):
    """Hold on to a draft that is read and thought about, but not changed."""

    def post(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Renew the lease."""
        held = queue.renew(assignment_id, self.editor)
        return JsonResponse({"guide": queue.guide_in_use(held)})


class SubmitReview(ReviewView):
    """Decide on a draft, once, and get the next one in the same answer."""

    def post(self, request: HttpRequest, assignment_id: int) -> HttpResponse:
        """Submit; a retry under the same key finds the first answer and the next draft."""
        data = self.body()
        try:
            key = uuid.UUID(data.get("key"))
        except (ValueError, TypeError, AttributeError):
            raise BodyRefused({"key": [_("A submission needs a UUID as its key.")]}) from None
        try:
            reviewing.submit_review(self.editor, assignment_id, key, parse_body(data.get("body")))
        except (KeyReused, AlreadySubmitted) as refused:
            return refusal(CONFLICT, "submitted", str(refused))
        return self.desk(self.next_assignment())


class ReopenReview(ReviewView):
    """Take back a submitted review and lay its draft on the desk again."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Undo `review`; what was decided, tagged and written is there again."""
        review_id = self.body().get("review")
        if type(review_id) is not int:
            raise BodyRefused({"review": [_("The number of a review is expected.")]})
        try:
            undone = reviewing.undo_review(self.editor, review_id)
        except UndoRefused as refused:
            return refusal(UNPROCESSABLE, "refused", str(refused))
        except Review.DoesNotExist:
            raise Http404 from None
        return self.desk(undone.assignment or self.next_assignment())


class SessionPerson(ReviewView):
    """Who is logged in: asked after a login on top of the review screen."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the person's number."""
        return JsonResponse({"person": self.editor.pk})


def refusal(status: int, reason: str, message: str, **more: object) -> JsonResponse:
    """A no that the screen shows: a word for the script, a sentence for the editor."""
    return JsonResponse({"reason": reason, "message": message, **more}, status=status)
