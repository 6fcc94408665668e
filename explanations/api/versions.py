"""Tasks, and the versions of their prompts and guides, over REST."""

from typing import Any, ClassVar

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.api.conflict import Conflict
from explanations.model_server import PARAMETER_NAMES
from explanations.models import Guide, Prompt, Task
from explanations.services import versions
from explanations.services.versions import VersionConflict, VersionRefused, WrittenPrompt


class TaskOutput(serializers.Serializer[Any]):
    """A task with the versions that it works with."""

    slug = serializers.SlugField()
    name = serializers.CharField()
    output_format = serializers.CharField()
    word_limit = serializers.IntegerField()
    prompt = serializers.IntegerField(
        source="prompt.number", default=None, allow_null=True, help_text="Of the active one."
    )
    guide = serializers.IntegerField(
        source="guide.number", default=None, allow_null=True, help_text="Of the active one."
    )
    model = serializers.CharField(source="model_version.name", default=None, allow_null=True)


class VersionOutput(serializers.Serializer[Any]):
    """What prompts and guides have in common."""

    number = serializers.IntegerField()
    note = serializers.CharField()
    written_by = serializers.CharField(source="created_by.username", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    used_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was first used; from then on it never changes."
    )
    is_active = serializers.SerializerMethodField()

    def get_is_active(self, version: Prompt | Guide) -> bool:
        """Say whether the task works with it now."""
        return bool(version.pk == self.context["active"])


class PromptOutput(VersionOutput):
    """A prompt version."""

    system = serializers.CharField()
    user_template = serializers.CharField()
    examples = serializers.ListField(child=serializers.DictField())
    parameters = serializers.DictField()
    schema = serializers.ChoiceField(choices=Prompt.Schema.choices)
    sha256 = serializers.CharField()


class GuideOutput(VersionOutput):
    """A guide version."""

    text = serializers.CharField(help_text="Markdown.")
    rules = serializers.DictField(
        help_text="What a machine can check: avoid, exclamation_marks, emoji, second_person."
    )


class PromptInput(serializers.Serializer[Any]):
    """A prompt to write. Which facts there are, and how long all may be, is said in refusals."""

    note = serializers.CharField(default="", allow_blank=True)
    system = serializers.CharField(default="", allow_blank=True, trim_whitespace=False)
    user_template = serializers.CharField(trim_whitespace=False)
    examples = serializers.JSONField(
        default=list,  # type: ignore[arg-type]
        help_text='A list of {"facts": {"item": …, "audience": …}, "answer": "…"}.',
    )
    parameters = serializers.JSONField(
        default=dict, help_text=f"{', '.join(sorted(PARAMETER_NAMES))}; nothing else is sent."
    )
    schema = serializers.ChoiceField(
        choices=Prompt.Schema.choices,
        default=Prompt.Schema.ROW,
        help_text="Which JSON schema goes with a request, where the output format has one.",
    )


class GuideInput(serializers.Serializer[Any]):
    """A guide to write."""

    note = serializers.CharField(default="", allow_blank=True)
    text = serializers.CharField(trim_whitespace=False, help_text="Markdown.")
    rules = serializers.DictField(
        required=False,
        help_text="avoid (a list of phrases), exclamation_marks (the most, null for any number), "
        "emoji (whether there may be any), second_person (expected, avoided or either). Without "
        "it the rules of the active guide go on.",
    )


class ActivationInput(serializers.Serializer[Any]):
    """The version that the caller takes for the active one."""

    instead_of = serializers.IntegerField(
        allow_null=True, min_value=1, help_text="Its number; null where none is active."
    )


class StretchOutput(serializers.Serializer[Any]):
    """Text that stayed, went or came."""

    kind = serializers.ChoiceField(choices=["same", "removed", "added"])
    text = serializers.CharField()


class PassageOutput(serializers.Serializer[Any]):
    """Stretches that are read together, or `folded` lines that stayed."""

    folded = serializers.IntegerField()
    stretches = StretchOutput(many=True)


class PartDifferenceOutput(serializers.Serializer[Any]):
    """What changed in one part of a version."""

    part = serializers.CharField()
    passages = PassageOutput(many=True)


class DifferencesOutput(serializers.Serializer[Any]):
    """What changed, and the parts in which nothing did."""

    changed = PartDifferenceOutput(many=True)
    same = serializers.ListField(child=serializers.CharField())


class TasksView(APIView):
    """All tasks."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="tasks_list", responses=TaskOutput(many=True))
    def get(self, request: Request) -> Response:
        """List the tasks with their active versions."""
        tasks = Task.objects.select_related("prompt", "guide", "model_version")
        return Response(TaskOutput(tasks, many=True).data)


# Prompts ------------------------------------------------------------------------------------------


class PromptsView(APIView):
    """A task's prompts."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "prompts:write"}

    @extend_schema(
        operation_id="prompts_list",
        responses=PromptOutput(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the versions, newest first."""
        task = _task(slug)
        pages = NewestFirst()
        found = Prompt.objects.filter(task=task).select_related("created_by")
        page = pages.paginate_queryset(found, request, self) or []
        context = {"active": task.prompt_id}
        return pages.get_paginated_response(PromptOutput(page, many=True, context=context).data)

    @extend_schema(operation_id="prompts_write", request=PromptInput, responses={201: PromptOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Write the next version; nothing is drafted with it yet."""
        task = _task(slug)
        given = PromptInput(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        note = said.pop("note")
        try:
            prompt = versions.write_prompt(task, WrittenPrompt(**said), note, person_of(request))
        except VersionRefused as refusal:
            raise _invalid(refusal) from refusal
        return Response(_whole_prompt(prompt, task), status=status.HTTP_201_CREATED)


class PromptView(APIView):
    """One prompt."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="prompts_read", responses=PromptOutput)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Show the version."""
        task = _task(slug)
        return Response(_whole_prompt(_prompt(task, number), task))


class PromptDifferenceView(APIView):
    """How two prompts differ."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="prompts_difference", responses=DifferencesOutput)
    def get(self, request: Request, slug: str, number: int, against: int) -> Response:
        """Show what turns `against` into the version, part by part."""
        task = _task(slug)
        found = versions.differences(_prompt(task, against), _prompt(task, number))
        return Response(DifferencesOutput(found).data)


class ActivatePromptView(APIView):
    """Make a prompt active."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "prompts:write"}

    @extend_schema(operation_id="prompts_activate", request=ActivationInput, responses=PromptOutput)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Draft with this version from now on, unless another one has become active meanwhile."""
        task = _task(slug)
        prompt = _prompt(task, number)
        _activate(prompt, request)
        return Response(_whole_prompt(prompt, _task(slug)))


# Guides -------------------------------------------------------------------------------------------


class GuidesView(APIView):
    """A task's guides."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read", "POST": "guides:write"}

    @extend_schema(
        operation_id="guides_list",
        responses=GuideOutput(many=True),
        parameters=[OpenApiParameter("cursor", str)],
    )
    def get(self, request: Request, slug: str) -> Response:
        """List the versions, newest first."""
        task = _task(slug)
        pages = NewestFirst()
        found = Guide.objects.filter(task=task).select_related("created_by")
        page = pages.paginate_queryset(found, request, self) or []
        context = {"active": task.guide_id}
        return pages.get_paginated_response(GuideOutput(page, many=True, context=context).data)

    @extend_schema(operation_id="guides_write", request=GuideInput, responses={201: GuideOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Write the next version; editors do not read it yet."""
        task = _task(slug)
        given = GuideInput(data=request.data)
        given.is_valid(raise_exception=True)
        said = given.validated_data
        try:
            guide = versions.write_guide(
                task, said["text"], said["note"], person_of(request), said.get("rules")
            )
        except VersionRefused as refusal:
            raise _invalid(refusal) from refusal
        return Response(_whole_guide(guide, task), status=status.HTTP_201_CREATED)


class GuideView(APIView):
    """One guide."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="guides_read", responses=GuideOutput)
    def get(self, request: Request, slug: str, number: int) -> Response:
        """Show the version."""
        task = _task(slug)
        return Response(_whole_guide(_guide(task, number), task))


class GuideDifferenceView(APIView):
    """How two guides differ."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="guides_difference", responses=DifferencesOutput)
    def get(self, request: Request, slug: str, number: int, against: int) -> Response:
        """Show what turns `against` into the version."""
        task = _task(slug)
        found = versions.differences(_guide(task, against), _guide(task, number))
        return Response(DifferencesOutput(found).data)


class ActivateGuideView(APIView):
    """Make a guide active."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "guides:write"}

    @extend_schema(operation_id="guides_activate", request=ActivationInput, responses=GuideOutput)
    def post(self, request: Request, slug: str, number: int) -> Response:
        """Let editors go by this version from now on, unless another one has become active."""
        task = _task(slug)
        guide = _guide(task, number)
        _activate(guide, request)
        return Response(_whole_guide(guide, _task(slug)))


def _activate(version: Prompt | Guide, request: Request) -> None:
    given = ActivationInput(data=request.data)
    given.is_valid(raise_exception=True)
    try:
        versions.make_active(version, given.validated_data["instead_of"], person_of(request))
    except VersionConflict as conflict:
        raise Conflict(str(conflict)) from conflict


def _invalid(refusal: VersionRefused) -> ValidationError:
    """Name each problem by where it stands in the body."""
    named: dict[str, Any] = {}
    parameters: dict[str, list[str]] = {}
    for name, sentence in refusal.problems.items():
        if name in PARAMETER_NAMES:
            parameters[name] = [sentence]
        else:
            named[name or "non_field_errors"] = [sentence]
    if parameters:
        named["parameters"] = parameters
    return ValidationError(named)


def _task(slug: str) -> Task:
    return get_object_or_404(Task, slug=slug)


def _prompt(task: Task, number: int) -> Prompt:
    return get_object_or_404(task.prompts.select_related("task", "created_by"), number=number)


def _guide(task: Task, number: int) -> Guide:
    return get_object_or_404(task.guides.select_related("task", "created_by"), number=number)


def _whole_prompt(prompt: Prompt, task: Task) -> dict[str, Any]:
    return dict(PromptOutput(prompt, context={"active": task.prompt_id}).data)


def _whole_guide(guide: Guide, task: Task) -> dict[str, Any]:
    return dict(GuideOutput(guide, context={"active": task.guide_id}).data)
