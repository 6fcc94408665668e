"""Trials over REST: start one, read what came of it, end it."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.api.conflict import Conflict
from explanations.api.drafts import FindingOutput
from explanations.api.keys import KEY_HEADER, with_key
from explanations.models import MOST_SAMPLED, Draft, Trial
from explanations.services import trials
from explanations.services.runs import CannotStart, CannotSteer, parts_of
from explanations.services.trials import KeyReused


class TrialInput(serializers.Serializer[Any]):
    """A prompt to try."""

    task = serializers.SlugField()
    prompt = serializers.IntegerField(min_value=1, help_text="The number of the one to try.")
    against = serializers.IntegerField(
        required=False, min_value=1, help_text="A number; the task's active prompt by default."
    )
    model = serializers.CharField(
        required=False, max_length=200, help_text="A name; the task's own by default."
    )
    sample = serializers.IntegerField(
        default=trials.USUAL_SAMPLE, min_value=1, max_value=MOST_SAMPLED
    )
    seed = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=trials.MOST_SEED,
        help_text="The same seed takes the same recommendations; drawn by default.",
    )
    key = serializers.UUIDField(
        required=False, help_text=f"Or the header {KEY_HEADER}. The same key starts one trial."
    )


class TrialOutput(serializers.Serializer[Any]):
    """A trial."""

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    prompt = serializers.IntegerField(source="prompt.number")
    against = serializers.IntegerField(source="against.number")
    model = serializers.CharField(source="model_version.name")
    sample = serializers.IntegerField()
    seed = serializers.IntegerField()
    started_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()


class SideOutput(serializers.Serializer[Any]):
    """What one prompt made of the sample."""

    prompt = serializers.IntegerField(source="prompt.number")
    total = serializers.IntegerField()
    ended = serializers.IntegerField()
    ready = serializers.IntegerField()
    blocked = serializers.IntegerField()
    failed = serializers.IntegerField()
    ready_share = serializers.FloatField(allow_null=True)
    findings = serializers.DictField(child=serializers.IntegerField(), help_text="By check.")
    median_words = serializers.FloatField(allow_null=True)
    median_latency_s = serializers.FloatField(allow_null=True)


class TriedDraftOutput(serializers.Serializer[Any]):
    """A draft of a trial; `/drafts/` does not know it."""

    state = serializers.ChoiceField(source="draft.state", choices=Draft.State.choices)
    text = serializers.CharField(source="draft.text")
    words = serializers.IntegerField(allow_null=True, help_text="As the task counts them.")
    findings = FindingOutput(source="draft.findings", many=True)
    finish_reason = serializers.CharField(source="draft.finish_reason")
    latency_s = serializers.FloatField(allow_null=True)
    failure = serializers.CharField(source="draft.failure")


class PairOutput(serializers.Serializer[Any]):
    """A recommendation with the draft of each side."""

    recommendation = serializers.IntegerField(source="recommendation.id")
    external_id = serializers.CharField(source="recommendation.external_id")
    against = TriedDraftOutput()
    tried = TriedDraftOutput()


class WholeTrialOutput(TrialOutput):
    """A trial with what came of it so far."""

    is_finished = serializers.BooleanField()
    sides = SideOutput(many=True, help_text="The prompt that it is compared with comes first.")
    pairs = PairOutput(many=True)


class TrialsView(APIView):
    """All trials."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "prompts:write", "POST": "prompts:write"}

    @extend_schema(
        operation_id="trials_list",
        responses=TrialOutput(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request) -> Response:
        """List the trials, newest first."""
        pages = NewestFirst()
        page = pages.paginate_queryset(_trials(), request, self) or []
        return pages.get_paginated_response(TrialOutput(page, many=True).data)

    @extend_schema(
        operation_id="trials_create",
        request=TrialInput,
        responses={
            201: WholeTrialOutput,
            409: OpenApiResponse(description="The key has started another trial."),
        },
        parameters=[OpenApiParameter(KEY_HEADER, str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Start a trial. Its drafts are made by workers; look at it to see how far they are.

        The same key again, from the same person and with the same body, gets the same trial.
        """
        given = TrialInput(data=request.data)
        given.is_valid(raise_exception=True)
        asked = with_key(request, given.validated_data)
        try:
            tried = parts_of(asked["task"], asked["prompt"], asked.get("model"))
            against = parts_of(asked["task"], asked.get("against"), asked.get("model"))
            trial = trials.start_trial(
                tried.prompt,
                against.prompt,
                tried.model_version,
                asked["sample"],
                asked.get("seed"),
                person_of(request),
                key=asked.get("key"),
            )
        except KeyReused as reused:
            raise Conflict(str(reused), "key_reused") from reused
        except CannotStart as refusal:
            raise ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        return Response(_whole(trial), status=status.HTTP_201_CREATED)


class TrialView(APIView):
    """One trial."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "prompts:write"}

    @extend_schema(operation_id="trials_read", responses=WholeTrialOutput)
    def get(self, request: Request, trial_id: int) -> Response:
        """Show a trial, text beside text."""
        return Response(_whole(get_object_or_404(_trials(), pk=trial_id)))


class CancelTrialView(APIView):
    """End a trial."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "prompts:write"}

    @extend_schema(operation_id="trials_cancel", request=None, responses=WholeTrialOutput)
    def post(self, request: Request, trial_id: int) -> Response:
        """End the trial; what has not been written will not be."""
        trial = get_object_or_404(_trials(), pk=trial_id)
        try:
            trials.cancel_trial(trial, person_of(request))
        except CannotSteer as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(_whole(trial))


def _trials() -> QuerySet[Trial]:
    return Trial.objects.select_related("task", "prompt", "against", "model_version", "created_by")


def _whole(trial: Trial) -> dict[str, Any]:
    result = trials.result_of(trial)
    return {
        **TrialOutput(trial).data,
        "is_finished": result.is_finished,
        "sides": SideOutput(result.sides, many=True).data,
        "pairs": PairOutput(result.pairs, many=True).data,
    }
