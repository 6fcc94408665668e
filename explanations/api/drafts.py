"""Drafts over REST."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.models import Draft
from explanations.services.drafts import (
    DraftFilters,
    asserted_by,
    find_drafts,
    remarks_of,
    visible_findings,
    whole_drafts,
)


class FiltersInput(serializers.Serializer[Any]):
    """Which drafts to list."""

    task = serializers.SlugField(required=False)
    run = serializers.IntegerField(required=False, min_value=1)
    state = serializers.MultipleChoiceField(choices=Draft.State.choices, required=False)
    model = serializers.CharField(required=False)
    failure_reason = serializers.CharField(required=False)
    external_id = serializers.CharField(required=False)
    check = serializers.CharField(
        required=False,
        help_text="Has a finding of this check; with state BLOCKED, one that blocked it.",
    )


class DraftOutput(serializers.Serializer[Any]):
    """A draft as lists show it."""

    id = serializers.IntegerField()
    run = serializers.IntegerField(source="run_id")
    task = serializers.CharField(source="task.slug")
    recommendation = serializers.IntegerField(source="recommendation_id")
    external_id = serializers.CharField(source="recommendation.external_id")
    locale = serializers.CharField(source="recommendation.locale")
    ordinal = serializers.IntegerField()
    priority = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Draft.State.choices)
    text = serializers.CharField(help_text="What people see and tag; spans count its code points.")
    output = serializers.DictField(allow_null=True, help_text="The structured answer, if any.")
    rests_on = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of the facts that the text uses."
    )
    failure_reason = serializers.CharField()
    failure = serializers.CharField()
    settled_outcome = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class FindingOutput(serializers.Serializer[Any]):
    """What a check says, on which words, and on which fact it rests."""

    id = serializers.IntegerField()
    check = serializers.CharField(source="check_name")
    version = serializers.IntegerField(source="check_version")
    level = serializers.ChoiceField(choices=["error", "warning"])
    message = serializers.CharField()
    start = serializers.IntegerField(allow_null=True)
    end = serializers.IntegerField(allow_null=True)
    category = serializers.CharField(source="category.slug", default=None, allow_null=True)
    pointer = serializers.CharField()
    blocked = serializers.BooleanField(help_text="Whether it blocked the draft.")


class AssertionOutput(serializers.Serializer[Any]):
    """A sentence or bullet, and what the facts say of it."""

    start = serializers.IntegerField()
    end = serializers.IntegerField()
    standing = serializers.ChoiceField(choices=["supported", "contradicted", "without evidence"])
    pointers = serializers.ListField(
        child=serializers.CharField(), help_text="JSON pointers of the facts that it rests on."
    )


class ProvenanceOutput(serializers.Serializer[Any]):
    """What is needed to make the same request again, and what it cost."""

    prompt = serializers.IntegerField(source="prompt.number")
    prompt_sha256 = serializers.CharField(source="prompt.sha256")
    parameters = serializers.DictField(source="prompt.parameters")
    model = serializers.CharField(source="model_version.name")
    request_sha256 = serializers.CharField()
    served_by = serializers.CharField()
    served_model = serializers.CharField()
    attempt = serializers.IntegerField()
    tries = serializers.IntegerField(help_text="Answers that were of no use.")
    prompt_tokens = serializers.IntegerField(allow_null=True)
    completion_tokens = serializers.IntegerField(allow_null=True)
    latency_ms = serializers.IntegerField(allow_null=True)
    finish_reason = serializers.CharField()


class WholeDraftOutput(DraftOutput):
    """A draft with its facts, its findings and its provenance."""

    facts = serializers.DictField(allow_null=True, help_text="What the model was shown.")
    findings = FindingOutput(
        many=True, allow_null=True, help_text="null while the draft may still be reviewed blind."
    )
    assertions = AssertionOutput(many=True, allow_null=True, help_text="null like findings.")
    redraft_of = serializers.IntegerField(source="redraft_of_id", allow_null=True)
    told = serializers.CharField(
        help_text="What the model was told of the findings that blocked the draft before."
    )
    provenance = ProvenanceOutput()


class DraftsView(APIView):
    """All drafts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(
        operation_id="drafts_list",
        parameters=[FiltersInput, OpenApiParameter("cursor", str)],
        responses=DraftOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List drafts, newest first."""
        wanted = FiltersInput(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        asked = wanted.validated_data
        found = find_drafts(
            DraftFilters(
                task=asked.get("task", ""),
                run_id=asked.get("run"),
                states=tuple(asked.get("state", ())),
                model=asked.get("model", ""),
                failure_reason=asked.get("failure_reason", ""),
                external_id=asked.get("external_id", ""),
                check=asked.get("check", ""),
            ),
            person_of(request),
        )
        pages = NewestFirst()
        page = pages.paginate_queryset(found, request, self)
        return pages.get_paginated_response(DraftOutput(page, many=True).data)


class DraftView(APIView):
    """One draft."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="drafts_read", responses=WholeDraftOutput)
    def get(self, request: Request, draft_id: int) -> Response:
        """Show a draft with its facts, its findings and its provenance."""
        draft = get_object_or_404(whole_drafts(), pk=draft_id)
        findings = visible_findings(draft, person_of(request))
        return Response(
            {
                **DraftOutput(draft).data,
                "facts": draft.snapshot.facts if draft.snapshot else None,
                "findings": None if findings is None else FindingOutput(findings, many=True).data,
                "assertions": None
                if findings is None
                else AssertionOutput(asserted_by(draft, remarks_of(findings)), many=True).data,
                "redraft_of": draft.redraft_of_id,
                "told": draft.told,
                "provenance": ProvenanceOutput(draft).data,
            }
        )
