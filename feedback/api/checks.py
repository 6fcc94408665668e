"""How right the checks are, over REST."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse
from explanations.models import Task
from feedback.services.check_precision import checks_of


class CheckCountsOutput(serializers.Serializer[Any]):
    """One version of a check, counted in findings but for `drafts`."""

    check = serializers.CharField()
    version = serializers.IntegerField()
    drafts = serializers.IntegerField(help_text="In which it found something.")
    findings = serializers.IntegerField()
    taken = serializers.IntegerField()
    dismissed = serializers.IntegerField(help_text="By editors, or for the whole task.")
    for_the_task = serializers.IntegerField(help_text="Dismissed for the whole task.")
    undecided = serializers.IntegerField()
    precision = serializers.FloatField(
        allow_null=True, help_text="Taken of taken and dismissed; null while none is judged."
    )


class MissedOutput(serializers.Serializer[Any]):
    """Tags on words that no finding had pointed at."""

    category = serializers.CharField()
    tags = serializers.IntegerField()


class TaskChecksOutput(serializers.Serializer[Any]):
    """What editors make of the checks of a task."""

    task = serializers.CharField(source="task.slug")
    drafts = serializers.IntegerField(help_text="Looked at by the checks.")
    reviewed = serializers.IntegerField(help_text="Reviews with findings shown.")
    checks = CheckCountsOutput(many=True)
    missed = MissedOutput(many=True)


class ChecksView(APIView):
    """The checks of all tasks."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}

    @extend_schema(operation_id="checks_list", responses=TaskChecksOutput(many=True))
    def get(self, request: Request) -> Response:
        """Show how right each check is, as editors judge it."""
        found = [checks_of(task) for task in Task.objects.all()]
        return Response(TaskChecksOutput(found, many=True).data)
