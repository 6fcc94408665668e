"""What was decided before, beside a draft, over REST."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse, person_of
from feedback.api.assignments import unknown_assignment
from feedback.api.reviews import TagOutput
from feedback.models import Assignment, Review
from feedback.services import memory, queue


class DecidedBeforeOutput(serializers.Serializer[Any]):
    """A line that was decided before, and what was written instead."""

    why = serializers.ChoiceField(
        choices=["item", "near", "group"],
        help_text="It is about the same item, near in words, or of the same group.",
    )
    review = serializers.IntegerField(source="review.pk")
    draft = serializers.IntegerField(source="draft.pk")
    text = serializers.CharField(source="draft.text")
    outcome = serializers.ChoiceField(source="review.outcome", choices=Review.Outcome.choices)
    note = serializers.CharField(source="review.note")
    tags = TagOutput(many=True)
    golden = serializers.IntegerField(source="golden.pk", default=None, allow_null=True)
    golden_text = serializers.CharField(source="golden.text", default="")


class DecidedBeforeView(APIView):
    """What lies beside the draft of one of your assignments."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "reviews:write"}

    @extend_schema(
        operation_id="assignments_decided_before", responses=DecidedBeforeOutput(many=True)
    )
    def get(self, request: Request, assignment_id: int) -> Response:
        """List up to six lines like the draft, the nearest first; none for a blind draft."""
        try:
            place = queue.get_assignment(assignment_id, person_of(request)).place
        except Assignment.DoesNotExist as unknown:
            raise unknown_assignment() from unknown
        place.draft.task = place.task
        return Response(DecidedBeforeOutput(memory.decided_before(place.draft), many=True).data)
