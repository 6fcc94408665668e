"""How the desk works, over REST: the same figures as on its page, each with its list."""

from dataclasses import astuple, fields
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rights import person_of
from explanations.models import Task
from feedback.api.answers import invalid
from feedback.api.statistics import Lines, NumbersView, is_table
from feedback.services.statistics.desk_figures import Period, PeriodRefused, desk_figures
from feedback.services.statistics.desk_lines import DeskLine, desk_lines


class CountedOutput(serializers.Serializer[Any]):
    """A number, and the page that lists exactly what it counts."""

    value = serializers.IntegerField()
    is_at_least = serializers.BooleanField(help_text="There are more: counting stopped here.")
    href = serializers.CharField(source="address", help_text="Path of the page.")


class NamedOutput(serializers.Serializer[Any]):
    """A count of one kind."""

    code = serializers.CharField()
    words = serializers.CharField()
    count = CountedOutput()


class MinutesOutput(serializers.Serializer[Any]):
    """The median time at work of decisions, idle time not counted."""

    median = serializers.FloatField(allow_null=True, help_text="In minutes.")
    timed = CountedOutput(help_text="Decisions behind it.")


class TaskQueueOutput(serializers.Serializer[Any]):
    """What waits in a task, against its target."""

    task = serializers.CharField()
    within_hours = serializers.IntegerField(help_text="The target.")
    keeps_up = serializers.BooleanField(help_text="Nothing waits longer than the target.")
    waiting = CountedOutput()
    late = CountedOutput()
    with_lead = CountedOutput()
    oldest_at = serializers.DateTimeField(allow_null=True)
    oldest_hours = serializers.FloatField(allow_null=True)


class DayOfWorkOutput(serializers.Serializer[Any]):
    """What was decided on one day."""

    day = serializers.DateField()
    decided = CountedOutput()


class PrecisionOutput(serializers.Serializer[Any]):
    """How often a check is right, with its 95 % interval."""

    value = serializers.FloatField(allow_null=True, help_text="null: too few findings to say.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text="Of the interval.")
    n = serializers.IntegerField(help_text="Findings that were taken or dismissed.")


class CheckFiguresOutput(serializers.Serializer[Any]):
    """What editors made of one version of a check."""

    task = serializers.CharField()
    check = serializers.CharField()
    version = serializers.IntegerField()
    taken = CountedOutput()
    dismissed = CountedOutput()
    left = CountedOutput()
    judged = CountedOutput(help_text="Taken or dismissed.")
    precision = PrecisionOutput(help_text="Taken of taken and dismissed.")


class OwnerFactsOutput(serializers.Serializer[Any]):
    """Facts of one catalogue that editors doubted."""

    owner = serializers.CharField(help_text="Empty where the import names nobody.")
    open = CountedOutput()
    reported = CountedOutput()
    accepted = CountedOutput()
    refused = CountedOutput()


class TaskGoldensOutput(serializers.Serializer[Any]):
    """Exemplary goldens that the task's newest dataset does not have yet."""

    task = serializers.CharField()
    dataset = serializers.CharField(help_text="Name and number; empty where none was built.")
    built_from = serializers.DateTimeField(allow_null=True)
    exemplary = CountedOutput()


class PersonFiguresOutput(serializers.Serializer[Any]):
    """What one person did."""

    username = serializers.CharField()
    name = serializers.CharField()
    decided = CountedOutput()
    skipped = CountedOutput()
    undone = CountedOutput()
    minutes = MinutesOutput()


class DeskFiguresOutput(serializers.Serializer[Any]):
    """How the desk works."""

    first = serializers.DateField(source="period.first")
    last = serializers.DateField(source="period.last")
    task = serializers.CharField(help_text="Empty for all.")
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="Days are counted until here; what waits is as it is now."
    )
    queues = TaskQueueOutput(many=True)
    decided = CountedOutput()
    decided_before = CountedOutput(help_text="In as many days before.")
    days = DayOfWorkOutput(many=True)
    outcomes = NamedOutput(many=True)
    minutes = MinutesOutput()
    skips = NamedOutput(many=True)
    escalations = NamedOutput(many=True)
    unreviewable = NamedOutput(many=True)
    undone = NamedOutput(many=True, help_text="By what was taken back.")
    undo_reasons = NamedOutput(many=True)
    checks = CheckFiguresOutput(many=True)
    open_critical = CountedOutput()
    disagreements = CountedOutput(
        help_text="Drafts whose reviews disagree, and that no lead has settled yet."
    )
    wrong_facts = OwnerFactsOutput(many=True)
    goldens = TaskGoldensOutput(many=True)
    people = PersonFiguresOutput(many=True, help_text="Everybody for a lead, else who asks.")


class DeskFiguresInput(serializers.Serializer[Any]):
    """The days and the task; the last four weeks of all tasks if nothing is said."""

    task = serializers.SlugField(required=False, default="")
    to = serializers.DateField(required=False)

    def get_fields(self) -> dict[str, Any]:
        """Add the field that Python has another use for the name of."""
        return {**super().get_fields(), "from": serializers.DateField(required=False)}


class DeskFiguresView(NumbersView):
    """The desk's own figures."""

    @extend_schema(
        operation_id="stats_desk", parameters=[DeskFiguresInput], responses=DeskFiguresOutput
    )
    def get(self, request: Request) -> Response:
        """Show how the desk works: what waits, how fast it is worked off, what gets in the way.

        `format=csv` gives a line for each number.
        """
        asked = DeskFiguresInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        task = Task.objects.filter(slug=said["task"]).first() if said["task"] else None
        if said["task"] and task is None:
            raise invalid({"task": ["There is no such task."]})
        usual = Period.lately()
        try:
            period = Period(said.get("from", usual.first), said.get("to", usual.last))
        except PeriodRefused as refused:
            raise invalid({"from": [str(refused)]}) from refused
        desk = self.read(lambda: desk_figures(person_of(request), period, task))
        if is_table(request):
            columns = [field.name for field in fields(DeskLine)]
            return Response(Lines(columns, [astuple(line) for line in desk_lines(desk)]))
        return Response(DeskFiguresOutput(desk).data)
