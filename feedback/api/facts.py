"""Facts over REST: an editor adds one that they know, or reports one that they doubt."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.models import Draft, Recommendation
from explanations.services.facts import FactRefusedError, add_fact
from feedback.api.answers import conflict, invalid
from feedback.models import FactReport
from feedback.services.fact_reports import (
    MOST_WORDS,
    Doubt,
    FactReportRefused,
    ReportFilters,
    RightValueRefused,
    accept_report,
    find_reports,
    refuse_report,
    report_fact,
)


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
    catalogue_owner = serializers.CharField()
    reported_by = serializers.CharField(source="reported_by.username")
    state = serializers.CharField()
    created_at = serializers.DateTimeField()
    settled_by = serializers.CharField(source="settled_by.username", default=None, allow_null=True)
    settled_reason = serializers.CharField()
    settled_at = serializers.DateTimeField(allow_null=True)


class FactReportsFilter(serializers.Serializer[Any]):
    """Which reports to list."""

    task = serializers.SlugField(required=False)
    state = serializers.ChoiceField(choices=FactReport.State.choices, required=False)
    catalogue_owner = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Empty: nobody is named."
    )


class AcceptanceInput(serializers.Serializer[Any]):
    """What the lead knows besides."""

    reason = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MOST_WORDS
    )
    right_value = serializers.JSONField(
        required=False, default=None, help_text="Instead of the editor's."
    )
    source = serializers.CharField(  # type: ignore[assignment]
        required=False,
        default="",
        allow_blank=True,
        max_length=MOST_WORDS,
        help_text="Of the right value.",
    )


class RefusalInput(serializers.Serializer[Any]):
    """Why not."""

    reason = serializers.CharField(max_length=MOST_WORDS, help_text="The editor reads it.")


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


class AllFactReportsView(APIView):
    """The reports on all facts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "lead:write"}

    @extend_schema(
        operation_id="fact_reports_list",
        parameters=[FactReportsFilter, OpenApiParameter("cursor", str)],
        responses=FactReportOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List the reports, the newest first."""
        wanted = FactReportsFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        found = find_reports(
            ReportFilters(
                state=asked.get("state", ""),
                owner=asked.get("catalogue_owner"),
                task=asked.get("task", ""),
            )
        )
        pages = NewestFirst()
        page = pages.paginate_queryset(found, request, self)
        return pages.get_paginated_response(FactReportOutput(page, many=True).data)


_SETTLED = {
    200: FactReportOutput,
    409: OpenApiResponse(description="Settled already, or the fact has changed."),
}


class AcceptFactReportView(APIView):
    """Accept."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="fact_reports_accept", request=AcceptanceInput, responses=_SETTLED)
    def post(self, request: Request, report_id: int) -> Response:
        """Change the fact as reported, or as you know better; drafts on it are made again."""
        given = AcceptanceInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        return _settled(lambda: accept_report(report_id, person_of(request), **asked))


class RefuseFactReportView(APIView):
    """Refuse."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "lead:write"}

    @extend_schema(operation_id="fact_reports_refuse", request=RefusalInput, responses=_SETTLED)
    def post(self, request: Request, report_id: int) -> Response:
        """Leave the fact as it is, saying why; the drafts that it held go on."""
        given = RefusalInput(data=request.data)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        return _settled(lambda: refuse_report(report_id, person_of(request), reason))


def _settled(settle: Callable[[], FactReport]) -> Response:
    """Settle a report and show it; 409 where that cannot be. Raises NotFound."""
    try:
        report = settle()
    except FactReport.DoesNotExist as unknown:
        raise NotFound("There is no such report.") from unknown
    except RightValueRefused as refusal:
        raise invalid({"right_value": [str(refusal)]}) from refusal
    except FactReportRefused as refusal:
        return conflict(str(refusal), "report_refused")
    report.refresh_from_db(fields=["settled_at"])
    return Response(FactReportOutput(report).data)


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
