"""The queue over REST: claim a draft, keep it, keep what is typed, give it back."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Person
from accounts.rights import LEAD, MayUse, has_right, person_of
from explanations.models import Draft, Task
from feedback.api.answers import conflict, gone, invalid
from feedback.models import Assignment
from feedback.review_body import BodyRefused
from feedback.services.goldens import facts_seen
from feedback.services.queue import (
    Asked,
    LeaseLost,
    WorkConflict,
    claim_next,
    get_assignment,
    release,
    renew,
    save_work,
)

GONE = OpenApiResponse(description="The place is no longer yours; what you sent is kept.")
NONE_WAITS = OpenApiResponse(description="Nothing waits.")


class StandingFindingOutput(serializers.Serializer[Any]):
    """What an automatic check says about the draft."""

    id = serializers.IntegerField()
    check_name = serializers.CharField()
    level = serializers.CharField()
    message = serializers.CharField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    category = serializers.CharField(help_text="Its slug, or nothing.")
    pointer = serializers.CharField()


class DraftToReviewOutput(serializers.Serializer[Any]):
    """The draft, the facts it is judged by, and what checks found."""

    # The fields document what `to_representation` returns. To ask each one in turn took longer than
    # to claim the draft.

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    recommendation = serializers.IntegerField(source="recommendation_id")
    external_id = serializers.CharField(source="recommendation.external_id")
    locale = serializers.CharField(source="recommendation.locale")
    text = serializers.CharField()
    output = serializers.JSONField(allow_null=True)
    blind = serializers.BooleanField(help_text="Of the sample that is reviewed without findings.")
    facts = serializers.SerializerMethodField()
    sources = serializers.SerializerMethodField(help_text="JSON pointer -> source.")
    findings = StandingFindingOutput(
        source="standing_findings", many=True, help_text="None for the blind sample."
    )

    def get_facts(self, draft: Draft) -> dict[str, Any]:
        """Return `item` and `audience`."""
        return facts_seen(draft)[0]

    def get_sources(self, draft: Draft) -> dict[str, str]:
        """Return where the facts are known from that people gave."""
        return facts_seen(draft)[1]

    def to_representation(self, draft: Draft) -> dict[str, Any]:
        """Return the answer."""
        facts, sources = facts_seen(draft)
        return {
            "id": draft.pk,
            "task": draft.task.slug,
            "recommendation": draft.recommendation_id,
            "external_id": draft.recommendation.external_id,
            "locale": draft.recommendation.locale,
            "text": draft.text,
            "output": draft.output,
            "blind": draft.blind,
            "facts": facts,
            "sources": sources,
            "findings": draft.standing_findings,
        }


_TIME = serializers.DateTimeField()
_DRAFT = DraftToReviewOutput()


class LeaseOutput(serializers.Serializer[Any]):
    """How long the draft is still yours, and which revision of the work is stored."""

    id = serializers.IntegerField()
    state = serializers.CharField()
    leased_until = serializers.DateTimeField()
    revision = serializers.IntegerField()


class AssignmentOutput(LeaseOutput):
    """A draft that is yours, and what you have typed so far."""

    escalated = serializers.SerializerMethodField()
    work = serializers.JSONField()
    active_ms = serializers.IntegerField()
    draft = DraftToReviewOutput(source="place.draft")

    def get_escalated(self, assignment: Assignment) -> bool:
        """Whether it was given to the lead."""
        return assignment.place.state == "ESCALATED"

    def to_representation(self, assignment: Assignment) -> dict[str, Any]:
        """Return the answer, as `DraftToReviewOutput` does."""
        return {
            "id": assignment.pk,
            "state": assignment.state,
            "leased_until": _TIME.to_representation(assignment.leased_until),
            "revision": assignment.revision,
            "escalated": self.get_escalated(assignment),
            "work": assignment.work,
            "active_ms": assignment.active_ms,
            "draft": _DRAFT.to_representation(assignment.place.draft),
        }


class CategoryOutput(serializers.Serializer[Any]):
    """A kind of error that a tag can name."""

    slug = serializers.CharField()
    name = serializers.CharField()
    definition = serializers.CharField()
    severity = serializers.IntegerField(help_text="The usual one.")


class CriterionOutput(serializers.Serializer[Any]):
    """A question to answer with yes, no or na."""

    slug = serializers.CharField()
    question = serializers.CharField()


class AssignmentWithTaxonomyOutput(AssignmentOutput):
    """The same, with the categories and criteria of its task."""

    categories = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField()

    def get_categories(self, assignment: Assignment) -> list[dict[str, Any]]:
        """Return the categories in use."""
        rows = assignment.place.task.categories.filter(retired_at=None)
        return list(CategoryOutput(rows, many=True).data)

    def get_criteria(self, assignment: Assignment) -> list[dict[str, Any]]:
        """Return the criteria in use."""
        rows = assignment.place.task.criteria.filter(retired_at=None)
        return list(CriterionOutput(rows, many=True).data)

    def to_representation(self, assignment: Assignment) -> dict[str, Any]:
        """Return the answer."""
        return {
            **super().to_representation(assignment),
            "categories": self.get_categories(assignment),
            "criteria": self.get_criteria(assignment),
        }


class ClaimInput(serializers.Serializer[Any]):
    """What to take from the queue."""

    tasks = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=Task.objects.all(),
        many=True,
        required=False,
        allow_empty=False,
        help_text="Slugs; without it, any task.",
    )
    escalated = serializers.BooleanField(
        default=False, help_text="From what was given to the lead; for leads."
    )


class WorkInput(serializers.Serializer[Any]):
    """What is not submitted yet."""

    work = serializers.DictField()
    revision = serializers.IntegerField(
        min_value=0, max_value=2**31 - 2, help_text="The one that the work was made from."
    )
    active_ms = serializers.IntegerField(
        min_value=0, default=0, help_text="All the time at work so far, in milliseconds."
    )


class WorkOutput(serializers.Serializer[Any]):
    """The revision that the next save has to name, and the number of the guide that counts now."""

    revision = serializers.IntegerField()
    guide = serializers.IntegerField(allow_null=True)


class ClaimView(APIView):
    """The head of the queue."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(
        operation_id="queue_claim",
        request=ClaimInput,
        responses={200: AssignmentOutput, 204: NONE_WAITS},
    )
    def post(self, request: Request) -> Response:
        """Take the next draft for three minutes; the one you hold already comes first."""
        editor = person_of(request)
        assignment = claim_next(editor, **asked_for(editor, request.data))
        if assignment is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(AssignmentOutput(assignment).data)


class AssignmentView(APIView):
    """One of your own assignments."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "reviews:write"}

    @extend_schema(operation_id="assignments_retrieve", responses=AssignmentWithTaxonomyOutput)
    def get(self, request: Request, assignment_id: int) -> Response:
        """Read it, with the categories and criteria of its task."""
        try:
            assignment = get_assignment(assignment_id, person_of(request))
        except Assignment.DoesNotExist as unknown:
            raise unknown_assignment() from unknown
        return Response(AssignmentWithTaxonomyOutput(assignment).data)


class HeartbeatView(APIView):
    """The lease of one of your assignments."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(
        operation_id="assignments_heartbeat",
        request=None,
        responses={200: LeaseOutput, 410: GONE},
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Hold the draft for three more minutes, and the one leased ahead with it."""
        try:
            assignment = renew(assignment_id, person_of(request))
        except Assignment.DoesNotExist as unknown:
            raise unknown_assignment() from unknown
        except LeaseLost as lost:
            return lease_lost(lost)
        return Response(LeaseOutput(assignment).data)


class WorkView(APIView):
    """What you have typed and not submitted."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"PUT": "reviews:write"}

    @extend_schema(
        operation_id="assignments_save_work",
        request=WorkInput,
        responses={
            200: WorkOutput,
            409: OpenApiResponse(description="Saved elsewhere since; holds revision and work."),
            410: GONE,
        },
    )
    def put(self, request: Request, assignment_id: int) -> Response:
        """Save it, and hold the draft for three more minutes."""
        given = WorkInput(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            saved = save_work(assignment_id, person_of(request), **given.validated_data)
        except Assignment.DoesNotExist as unknown:
            raise unknown_assignment() from unknown
        except BodyRefused as refusal:
            raise invalid(refusal.errors) from refusal
        except WorkConflict as other:
            return conflict(
                str(other),
                "work_conflict",
                revision=other.assignment.revision,
                work=other.assignment.work,
            )
        except LeaseLost as lost:
            return lease_lost(lost)
        return Response(WorkOutput(saved).data)


class ReleaseView(APIView):
    """An assignment given back."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="assignments_release", request=None, responses={204: None})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Give the draft back to the queue. Safe to repeat."""
        try:
            release(assignment_id, person_of(request))
        except Assignment.DoesNotExist as unknown:
            raise unknown_assignment() from unknown
        return Response(status=status.HTTP_204_NO_CONTENT)


def asked_for(editor: Person, data: object) -> Asked:
    """Return what a client asks to review. Raises ValidationError and PermissionDenied."""
    if data == {}:  # as nearly always
        return {"tasks": None, "escalated": False}
    wanted = ClaimInput(data=data)
    wanted.is_valid(raise_exception=True)
    escalated: bool = wanted.validated_data["escalated"]
    if escalated and not has_right(editor, LEAD):
        raise PermissionDenied("What was given to the lead is for leads.")
    return {"tasks": wanted.validated_data.get("tasks"), "escalated": escalated}


def unknown_assignment() -> NotFound:
    """Return the error for an assignment that is nobody's, or somebody else's."""
    return NotFound("You have no such assignment.")


def lease_lost(lost: LeaseLost) -> Response:
    """Return what a lost lease is answered with: why, and that the work is kept."""
    return gone(
        f"{lost.sentence} What you sent is kept.",
        "lease_lost",
        reason=lost.reason,
        revision=lost.assignment.revision,
    )
