"""Facts over REST: an editor adds one that they know, or reports one that they doubt."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse, person_of
from explanations.models import Draft, Recommendation
from explanations.services.facts import FactRefusedError, add_fact
from feedback.api.answers import invalid
from feedback.models import FactReport
from feedback.services.fact_reports import Doubt, FactReportRefused, report_fact


class FactInput(serializers.Serializer[Any]):
    """A fact of the item that an editor knows."""

    name = serializers.CharField(max_length=80)
    value = serializers.JSONField(help_text="Text, a number, true or false, or a list of those.")
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=500, help_text="Where it is known from."
    )


class FactsOutput(serializers.Serializer[Any]):
    """The facts of the recommendation as they are now."""

    snapshot = serializers.IntegerField(source="number")
    facts = serializers.JSONField()
    sources = serializers.JSONField(help_text="JSON pointer -> source, of facts that people gave.")


class FactReportInput(serializers.Serializer[Any]):
    """What is wrong with a fact."""

    pointer = serializers.CharField(
        max_length=300, help_text="JSON pointer; of a missing fact, /item/ and its name."
    )
    problem = serializers.ChoiceField(choices=FactReport.Problem.choices)
    right_value = serializers.JSONField(required=False, default=None)
    source = serializers.CharField(  # type: ignore[assignment]
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="Of the right value.",
    )
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=500)
    draft = serializers.IntegerField(
        required=False, default=None, help_text="The draft in which it was noticed."
    )


class FactReportOutput(serializers.Serializer[Any]):
    """A report on a fact."""

    id = serializers.IntegerField()
    recommendation = serializers.IntegerField(source="recommendation_id")
    pointer = serializers.CharField()
    problem = serializers.CharField()
    value_then = serializers.JSONField(allow_null=True)
    right_value = serializers.JSONField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField()
    state = serializers.CharField()
    created_at = serializers.DateTimeField()


class FactsView(APIView):
    """The facts of a recommendation."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(operation_id="facts_add", request=FactInput, responses={201: FactsOutput})
    def post(self, request: Request, recommendation_id: int) -> Response:
        """Add a fact, laid over what was delivered."""
        given = FactInput(data=request.data)
        given.is_valid(raise_exception=True)
        try:
            snapshot = add_fact(
                _recommendation(recommendation_id),
                person=person_of(request),
                **given.validated_data,
            )
        except FactRefusedError as refusal:
            raise invalid({"non_field_errors": [str(refusal)]}) from refusal
        return Response(FactsOutput(snapshot).data, status=status.HTTP_201_CREATED)


class FactReportsView(APIView):
    """The reports on a recommendation's facts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "reviews:write"}

    @extend_schema(
        operation_id="fact_reports_create",
        request=FactReportInput,
        responses={201: FactReportOutput},
    )
    def post(self, request: Request, recommendation_id: int) -> Response:
        """Report a fact; drafts that rest on it are held until a lead has looked."""
        given = FactReportInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        recommendation = _recommendation(recommendation_id)
        draft = _draft(asked.pop("draft"), recommendation)
        try:
            report = report_fact(person_of(request), recommendation, Doubt(**asked), draft)
        except FactReportRefused as refusal:
            raise invalid({"non_field_errors": [str(refusal)]}) from refusal
        return Response(FactReportOutput(report).data, status=status.HTTP_201_CREATED)


def _recommendation(recommendation_id: int) -> Recommendation:
    found = (
        Recommendation.objects.select_related("snapshot", "delivery")
        .filter(pk=recommendation_id)
        .first()
    )
    if found is None:
        raise NotFound("There is no such recommendation.")
    return found


def _draft(draft_id: int | None, recommendation: Recommendation) -> Draft | None:
    if draft_id is None:
        return None
    draft = (
        Draft.objects.without_trials().filter(pk=draft_id, recommendation=recommendation).first()
    )
    if draft is None:
        raise invalid({"draft": ["This recommendation has no such draft."]})
    return draft
