"""Runs over REST: start, watch, steer."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.models import Person
from accounts.rights import MayUse, person_of
from explanations.api.conflict import Conflict
from explanations.api.keys import KEY_HEADER, with_key
from explanations.models import Run
from explanations.services import runs
from explanations.services.runs import CannotStart, CannotSteer, KeyReused
from explanations.services.selecting import (
    HIGHEST_PRIORITY,
    MOST_EXTERNAL_IDS,
    MOST_RECOMMENDATIONS,
    MOST_SEARCHED,
    Holds,
    Selection,
)
from explanations.services.watching import Cause, counts_of, hindrances_of, progress_of


class SelectionInput(serializers.Serializer[Any]):
    """Which recommendations; what is asked for together must hold together."""

    not_drafted = serializers.BooleanField(
        default=False, help_text="No draft of it is there or on its way."
    )
    rejected_before = serializers.BooleanField(
        default=False,
        help_text="Editors rejected a draft of it, and none is on its way, waits or was taken.",
    )
    import_id = serializers.IntegerField(required=False, min_value=1)
    external_ids = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        allow_empty=False,
        max_length=MOST_EXTERNAL_IDS,
    )
    locale = serializers.CharField(
        required=False, max_length=35, help_text="`en` means `en-GB` too."
    )
    search = serializers.CharField(
        required=False,
        max_length=MOST_SEARCHED,
        help_text="A fact of the item holds these words, in upper or lower case.",
    )
    least_priority = serializers.IntegerField(
        required=False, min_value=0, max_value=HIGHEST_PRIORITY
    )
    most_priority = serializers.IntegerField(
        required=False, min_value=0, max_value=HIGHEST_PRIORITY
    )
    changed_from = serializers.DateField(
        required=False, help_text="Came or changed on this day of the desk or later."
    )
    changed_to = serializers.DateField(
        required=False, help_text="Came or last changed on this day of the desk or earlier."
    )
    sample = serializers.IntegerField(required=False, min_value=1, help_text="So many, at random.")
    seed = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_RECOMMENDATIONS,
        help_text="The same one draws the same sample again; drawn, and told, if not given.",
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, help_text="So many, the highest priority first."
    )


class RunInput(serializers.Serializer[Any]):
    """A run to start."""

    task = serializers.SlugField()
    prompt = serializers.IntegerField(
        required=False, min_value=1, help_text="A number; the task's active prompt by default."
    )
    model = serializers.CharField(
        required=False, max_length=200, help_text="A name; the task's own by default."
    )
    selection = SelectionInput(required=False, help_text="What is not drafted yet, by default.")
    drafts_each = serializers.IntegerField(default=1, min_value=1, max_value=runs.MOST_DRAFTS_EACH)
    priority = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=HIGHEST_PRIORITY,
        help_text="Of all its drafts; by default each has its recommendation's.",
    )
    key = serializers.UUIDField(
        required=False, help_text=f"Or the header {KEY_HEADER}. The same key starts one run."
    )


class HoldsOutput(serializers.Serializer[Any]):
    """What a run would draft."""

    recommendations = serializers.IntegerField()
    drafts = serializers.IntegerField()


class ServerOutput(serializers.Serializer[Any]):
    """A model server in trouble."""

    name = serializers.CharField()
    trouble = serializers.CharField(help_text="Why nothing is sent there for now.")
    since = serializers.DateTimeField(source="trouble_since")


class HindranceOutput(serializers.Serializer[Any]):
    """Why the drafts of a running run wait."""

    cause = serializers.ChoiceField(choices=[(cause.value, cause.value) for cause in Cause])
    sentence = serializers.CharField()
    servers = ServerOutput(many=True)
    tries_again_within_s = serializers.FloatField(allow_null=True)


class RunOutput(serializers.Serializer[Any]):
    """A run, how many of its drafts are in which state, and what holds them up."""

    id = serializers.IntegerField()
    task = serializers.CharField(source="task.slug")
    prompt = serializers.IntegerField(source="prompt.number")
    model = serializers.CharField(source="model_version.name")
    selection = serializers.DictField(help_text="As it was asked for.")
    drafts_each = serializers.IntegerField()
    priority = serializers.IntegerField(
        allow_null=True, help_text="Of all its drafts; null: as recommended."
    )
    state = serializers.ChoiceField(choices=Run.State.choices)
    started_by = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    drafts = serializers.SerializerMethodField(help_text="By state.")
    held_up = serializers.SerializerMethodField(help_text="Null when nothing does.")

    def get_started_by(self, run: Run) -> str | None:
        """Return the username of who started it."""
        return run.created_by.username if run.created_by else None

    def get_drafts(self, run: Run) -> dict[str, int]:
        """Return the counts that the view has looked up for all runs at once."""
        counts: dict[int, dict[str, int]] = self.context["counts"]
        return dict(counts[run.pk])

    @extend_schema_field(HindranceOutput(allow_null=True))
    def get_held_up(self, run: Run) -> dict[str, Any] | None:
        """Return the hindrance that the view has looked up for all runs at once."""
        hindrance = self.context["hindrances"].get(run.pk)
        return HindranceOutput(hindrance).data if hindrance else None


class FailuresOutput(serializers.Serializer[Any]):
    """Drafts that failed for one reason."""

    reason = serializers.CharField(help_text="A code to count by.")
    sentence = serializers.CharField(help_text="What one of them says, to people.")
    is_example = serializers.BooleanField(help_text="Others of them say something else.")
    count = serializers.IntegerField()


class ProgressOutput(serializers.Serializer[Any]):
    """How far a run is."""

    total = serializers.IntegerField()
    ended = serializers.IntegerField()
    redrafted = serializers.IntegerField(help_text="Drafts among them that followed a blocked one.")
    per_minute = serializers.FloatField(help_text="Drafts that end in a minute, by the last one.")
    minutes_left = serializers.FloatField(allow_null=True)
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    failures = FailuresOutput(many=True)


class WholeRunOutput(RunOutput):
    """A run with its progress."""

    progress = ProgressOutput()


class RunsView(APIView):
    """All runs."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "runs:write"}

    @extend_schema(
        operation_id="runs_list",
        responses=RunOutput(many=True),
        parameters=[OpenApiParameter("cursor", str), OpenApiParameter("task", str)],
    )
    def get(self, request: Request) -> Response:
        """List the runs, newest first."""
        found = Run.objects.without_trials().select_related(
            "task", "prompt", "model_version", "created_by"
        )
        if task := request.query_params.get("task"):
            found = found.filter(task__slug=task)
        pages = NewestFirst()
        page = pages.paginate_queryset(found, request, self) or []
        counts = counts_of(page)
        context = {
            "counts": {run_id: progress.by_state for run_id, progress in counts.items()},
            "hindrances": hindrances_of(page),
        }
        return pages.get_paginated_response(RunOutput(page, many=True, context=context).data)

    @extend_schema(
        operation_id="runs_create",
        request=RunInput,
        responses={
            201: WholeRunOutput,
            409: OpenApiResponse(description="The key has started another run."),
        },
        parameters=[OpenApiParameter(KEY_HEADER, str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Start a run. Its drafts are made by workers; look at the run to see how far they are.

        The same key again, from the same person and with the same body, gets the same run.
        """
        asked = _asked(request)
        try:
            parts = _parts(asked)
            run = runs.start_run(
                parts.task,
                parts.prompt,
                parts.model_version,
                _selection(asked),
                asked["drafts_each"],
                person_of(request),
                priority=asked.get("priority"),
                key=asked.get("key"),
            )
        except KeyReused as reused:
            raise Conflict(str(reused), "key_reused") from reused
        except CannotStart as refusal:
            raise ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        return Response(_whole(run), status=status.HTTP_201_CREATED)


class PreviewRunView(APIView):
    """What a run would draft."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "runs:write"}

    @extend_schema(operation_id="runs_preview", request=RunInput, responses=HoldsOutput)
    def post(self, request: Request) -> Response:
        """Count what a run of the same body would draft; nothing is started."""
        asked = _asked(request)
        try:
            holds = _preview(asked)
        except CannotStart as refusal:
            raise ValidationError({"non_field_errors": [str(refusal)]}) from refusal
        return Response(HoldsOutput(holds).data)


class RunView(APIView):
    """One run."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="runs_read", responses=WholeRunOutput)
    def get(self, request: Request, run_id: int) -> Response:
        """Show a run and its progress."""
        return Response(_whole(get_object_or_404(_runs(), pk=run_id)))


class SteerView(APIView):
    """A step of steering a run; its subclasses say which."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "runs:write"}

    def steer(
        self, request: Request, run_id: int, step: Callable[[Run, Person], object]
    ) -> Response:
        """Take the step and show the run. Raises Conflict when the run is in another state."""
        run = get_object_or_404(_runs(), pk=run_id)
        try:
            step(run, person_of(request))
        except CannotSteer as refusal:
            raise Conflict(str(refusal)) from refusal
        return Response(_whole(run))


class PauseRunView(SteerView):
    """Pause."""

    @extend_schema(operation_id="runs_pause", request=None, responses=WholeRunOutput)
    def post(self, request: Request, run_id: int) -> Response:
        """Claim no more drafts of the run; what is with the model comes home."""
        return self.steer(request, run_id, runs.pause)


class ResumeRunView(SteerView):
    """Resume."""

    @extend_schema(operation_id="runs_resume", request=None, responses=WholeRunOutput)
    def post(self, request: Request, run_id: int) -> Response:
        """Go on with a paused run."""
        return self.steer(request, run_id, runs.resume)


class CancelRunView(SteerView):
    """Cancel."""

    @extend_schema(operation_id="runs_cancel", request=None, responses=WholeRunOutput)
    def post(self, request: Request, run_id: int) -> Response:
        """End the run; what has not been written will not be."""
        return self.steer(request, run_id, runs.cancel)


class RetryRunView(SteerView):
    """Retry."""

    @extend_schema(operation_id="runs_retry", request=None, responses=WholeRunOutput)
    def post(self, request: Request, run_id: int) -> Response:
        """Draft the failed drafts once more."""
        return self.steer(request, run_id, runs.retry_failed)


def _asked(request: Request) -> dict[str, Any]:
    """Return the body of a run. Raises ValidationError."""
    wanted = RunInput(data=request.data)
    wanted.is_valid(raise_exception=True)
    return with_key(request, wanted.validated_data)


def _parts(asked: dict[str, Any]) -> runs.Parts:
    return runs.parts_of(asked["task"], asked.get("prompt"), asked.get("model"))


def _selection(asked: dict[str, Any]) -> Selection:
    return Selection(**asked.get("selection", {"not_drafted": True}))


def _preview(asked: dict[str, Any]) -> Holds:
    return runs.preview(
        _parts(asked), _selection(asked), asked["drafts_each"], asked.get("priority")
    )


def _runs() -> QuerySet[Run]:
    return Run.objects.without_trials().select_related(
        "task", "prompt", "model_version", "created_by"
    )


def _whole(run: Run) -> dict[str, Any]:
    progress = progress_of(run)
    context = {"counts": {run.pk: progress.by_state}, "hindrances": hindrances_of([run])}
    return {
        **RunOutput(run, context=context).data,
        "progress": ProgressOutput(progress).data,
    }
