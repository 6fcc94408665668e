"""The numbers of the dashboard over REST, for notebooks and alerts: the same, with their drafts."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any, ClassVar, Final

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import APIException, NotFound, PermissionDenied
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rights import MayUse, person_of
from explanations.spreadsheet_cells import safe_cell
from feedback.api.answers import invalid
from feedback.figures import Choices, ErrorLine, ErrorsOverTime, Figure
from feedback.question import (
    ANSWERS,
    NAMES,
    OUTCOMES,
    SAMPLES,
    SEVERITIES,
    STRATA,
    Question,
    QuestionRefused,
)
from feedback.services.statistics.answering import (
    DIMENSIONS,
    STEPS,
    answer,
    by,
    choices,
    errors_over_time,
    over_time,
)
from feedback.services.statistics.asking import NotTheirs, asked
from feedback.services.statistics.behind import A_PAGE, MOST_ON_A_PAGE, drafts_behind
from feedback.services.statistics.comparing import against_period_before, compare
from feedback.services.statistics.first_screen import first_screen
from feedback.services.statistics.reading import ReadRefused, heavy_read

AGAINST: Final = "against."

# What can be asked --------------------------------------------------------------------------------


def _parameter(name: str, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, str, description=description, **more)


QUESTION: Final = [
    _parameter("task", "The slug of a task."),
    _parameter("model", "The name of a model version.", many=True),
    OpenApiParameter("prompt", int, description="The prompt's number in the task.", many=True),
    _parameter("locale", "A locale.", many=True),
    _parameter("stratum", "How many people meet the item.", many=True, enum=list(STRATA)),
    OpenApiParameter("guide", int, description="The guide's number in the task.", many=True),
    _parameter("sample", "`blind` is the random sample of the headline.", enum=list(SAMPLES)),
    _parameter("from", "The first day that counts, of the desk's time zone."),
    _parameter("to", "The last day that counts."),
    _parameter("editor", "Whose reviews: your own, or anybody's as a lead."),
]
NARROWED: Final = [
    *QUESTION,
    _parameter("outcome", "What became of the drafts.", enum=list(OUTCOMES)),
    _parameter("category", "The slug of a category that the draft is tagged with."),
    _parameter("severity", "How bad a tag is.", enum=list(SEVERITIES)),
    _parameter("criterion", "The slug of a criterion that was answered."),
    _parameter("answer", "How it was answered.", enum=list(ANSWERS)),
]


# What is answered ---------------------------------------------------------------------------------


class FigureOutput(serializers.Serializer[Any]):
    """A number with its 95 % interval and the addresses of the drafts behind it."""

    unit = serializers.ChoiceField(
        choices=["share", "per_100", "words", "minutes"], help_text="A share is 0 to 1."
    )
    value = serializers.FloatField(allow_null=True, help_text="null: too few reviews to say.")
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField(help_text="Of the interval.")
    n = serializers.IntegerField(help_text="Reviews that it rests on.")
    among = serializers.SerializerMethodField(help_text="Where these drafts are listed.")
    count = serializers.IntegerField(help_text="Drafts of them that it counts.")
    drafts = serializers.SerializerMethodField(help_text="Where those drafts are listed.")

    def get_among(self, figure: Figure) -> str:
        """Return the address of the drafts that it rests on."""
        return _address_of(figure.among)

    def get_drafts(self, figure: Figure) -> str:
        """Return the address of the drafts that it counts."""
        return _address_of(figure.question)


def _address_of(question: Question) -> str:
    return f"{reverse('api-stats-drafts')}?{question.as_query()}"


class QueryField(serializers.CharField):
    """A question, as its query string."""

    def to_representation(self, value: Any) -> str:
        """Return the query string."""
        return str(value.as_query())


class OutcomeFigureOutput(serializers.Serializer[Any]):
    """The share of an outcome."""

    outcome = serializers.CharField()
    share = FigureOutput()


class SeverityFigureOutput(serializers.Serializer[Any]):
    """Errors of a severity per 100 drafts."""

    severity = serializers.CharField()
    per_100 = FigureOutput()


class CategoryFigureOutput(serializers.Serializer[Any]):
    """Errors of a category per 100 drafts."""

    category = serializers.CharField(source="slug")
    name = serializers.CharField()
    per_100 = FigureOutput()
    score = FigureOutput()
    by_severity = SeverityFigureOutput(many=True)


class CriterionFigureOutput(serializers.Serializer[Any]):
    """How often a criterion was answered yes."""

    criterion = serializers.CharField(source="slug")
    name = serializers.CharField()
    yes = FigureOutput()


class AnswerOutput(serializers.Serializer[Any]):
    """All figures of a question."""

    question = QueryField()
    as_of = serializers.DateTimeField(
        allow_null=True, help_text="All that was submitted until then is counted."
    )
    reviews = serializers.IntegerField()
    publishable = FigureOutput()
    outcomes = OutcomeFigureOutput(many=True)
    errors = FigureOutput()  # type: ignore[assignment]
    score = FigureOutput()
    by_severity = SeverityFigureOutput(many=True)
    categories = CategoryFigureOutput(many=True)
    criteria = CriterionFigureOutput(many=True)
    words = FigureOutput()
    words_median = FigureOutput()
    minutes = FigureOutput()
    minutes_of_rewrites = FigureOutput()


class PartOutput(serializers.Serializer[Any]):
    """The headline figures of one value of a dimension."""

    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    question = QueryField()
    reviews = serializers.IntegerField()
    publishable = FigureOutput()
    errors = FigureOutput()  # type: ignore[assignment]
    score = FigureOutput()


class PointOutput(serializers.Serializer[Any]):
    """The headline figures of a stretch of days, both included."""

    first = serializers.DateField()
    last = serializers.DateField()
    question = QueryField()
    reviews = serializers.IntegerField()
    publishable = FigureOutput()
    errors = FigureOutput()  # type: ignore[assignment]
    score = FigureOutput()


class ErrorsOfPointOutput(serializers.Serializer[Any]):
    """Errors of one kind in a stretch of days, both included."""

    first = serializers.DateField()
    last = serializers.DateField()
    per_100 = FigureOutput()


class CategoryOverTimeOutput(serializers.Serializer[Any]):
    """Errors of a category over time."""

    category = serializers.CharField()
    name = serializers.CharField()
    points = ErrorsOfPointOutput(many=True)


class SeverityOverTimeOutput(serializers.Serializer[Any]):
    """Errors of a severity over time."""

    severity = serializers.CharField()
    points = ErrorsOfPointOutput(many=True)


class ErrorsOverTimeOutput(serializers.Serializer[Any]):
    """The headline figures over time, and errors of each kind at the same points of time."""

    points = PointOutput(many=True)
    by_category = CategoryOverTimeOutput(
        many=True, help_text="Those that were found at all, in the order of the taxonomy."
    )
    by_severity = SeverityOverTimeOutput(many=True, help_text="The worst first.")


class DifferenceOutput(serializers.Serializer[Any]):
    """How far two figures are apart, and what that says."""

    name = serializers.CharField()
    said = serializers.CharField(help_text="The answer in words.")
    left_out = serializers.CharField(
        allow_blank=True, help_text="What it says nothing about, in words; mostly empty."
    )
    verdict = serializers.ChoiceField(choices=["better", "worse", "too_close", "too_few"])
    difference = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    method = serializers.CharField()
    more_reviews = serializers.IntegerField(allow_null=True)
    one = FigureOutput()
    other = FigureOutput()


class ComparisonOutput(serializers.Serializer[Any]):
    """Two questions side by side: `other` is what was asked, `one` what it is held against."""

    one = QueryField()
    other = QueryField()
    one_name = serializers.CharField()
    other_name = serializers.CharField()
    headline = DifferenceOutput()
    differences = DifferenceOutput(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class ExampleOutput(serializers.Serializer[Any]):
    """A draft with such an error."""

    draft = serializers.IntegerField(source="draft_id")
    text = serializers.CharField()
    quote = serializers.CharField()
    note = serializers.CharField()


class CommonErrorOutput(serializers.Serializer[Any]):
    """A common error with an example."""

    category = CategoryFigureOutput()
    example = ExampleOutput(allow_null=True)


class FirstScreenOutput(serializers.Serializer[Any]):
    """What the dashboard answers at a glance."""

    question = QueryField()
    before = QueryField()
    as_of = serializers.DateTimeField(allow_null=True)
    publishable = DifferenceOutput()
    live_and_candidate = ComparisonOutput(allow_null=True)
    commonest = CommonErrorOutput(many=True)


class DraftRowOutput(serializers.Serializer[Any]):
    """A judged draft."""

    draft = serializers.IntegerField(source="draft_id")
    review = serializers.IntegerField(source="review_id", help_text="The one that counts.")
    day = serializers.DateField()
    task = serializers.CharField()
    external_id = serializers.CharField()
    text = serializers.CharField()
    outcome = serializers.CharField()
    model = serializers.CharField()
    prompt = serializers.IntegerField()
    locale = serializers.CharField()
    stratum = serializers.CharField()
    blind = serializers.BooleanField()
    tags = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Category and severity of each.",
    )


class DraftPageOutput(serializers.Serializer[Any]):
    """The drafts behind a number, the newest day first."""

    question = QueryField()
    total = serializers.IntegerField(help_text="How many there are in all.")
    next = serializers.CharField(
        allow_blank=True, help_text="`after` of the next page; empty on the last one."
    )
    results = DraftRowOutput(many=True, source="rows")


class ChoicesOutput(serializers.Serializer[Any]):
    """What judged drafts have that can be asked for."""

    tasks = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))
    models = serializers.ListField(child=serializers.CharField())
    prompts = serializers.ListField(child=serializers.IntegerField())
    locales = serializers.ListField(child=serializers.CharField())
    guides = serializers.ListField(child=serializers.IntegerField())


# As a table ---------------------------------------------------------------------------------------

_CELLS: Final = ("unit", "value", "low", "high", "method", "n", "count", "drafts", "said")


@dataclass(frozen=True, slots=True)
class Lines:
    """A table of its own, beside what the JSON has."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]


def is_table(request: Request) -> bool:
    """Whether a table is asked for."""
    return isinstance(request.accepted_renderer, AsTable)


class AsTable(BaseRenderer):
    """CSV: a line for each figure and difference, named by where the JSON has it; or for each
    draft.
    """

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """Return the table."""
        lines = StringIO()
        writer = csv.writer(lines)
        for row in _rows_of(data):
            writer.writerow([safe_cell(each) if isinstance(each, str) else each for each in row])
        return lines.getvalue().encode()


def _rows_of(data: Any) -> Iterator[Sequence[Any]]:
    if isinstance(data, Lines):
        yield data.columns
        yield from data.rows
    elif isinstance(data, Mapping) and "results" in data:
        yield from _drafts_as_rows(data)
    else:
        yield from _figures_as_rows(data)


def _drafts_as_rows(data: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    names = [*DraftRowOutput().fields]
    yield names
    for row in data["results"]:
        yield [
            "; ".join(": ".join(tag) for tag in row[name]) if name == "tags" else row[name]
            for name in names
        ]


def _figures_as_rows(data: Any) -> Iterator[Sequence[Any]]:
    yield ("figure", *_CELLS)
    for name, figure in _named_figures(data, ""):
        yield (name, *(figure.get(cell, "") for cell in _CELLS))


_OWN_NAMES: Final = ("outcome", "severity", "category", "criterion", "value", "first", "name")


def _named_figures(data: Any, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(data, Mapping):
        if "unit" in data:
            yield name, data
            return
        if "verdict" in data:
            yield f"{name}/difference", _difference_as_figure(data)
        for key, value in data.items():
            yield from _named_figures(value, f"{name}/{key}" if name else key)
    elif isinstance(data, list):
        for place, value in enumerate(data):
            own = next((str(value[key]) for key in _OWN_NAMES if _names(value, key)), str(place))
            yield from _named_figures(value, f"{name}/{own}" if name else own)


def _difference_as_figure(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        **{cell: data[cell] for cell in ("low", "high", "method")},
        "unit": data["one"]["unit"],
        "value": data["difference"],
        "said": f"{data['said']} {data['left_out']}".strip(),
    }


def _names(value: Any, key: str) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get(key), str)


# The views ----------------------------------------------------------------------------------------


class NumbersRefused(APIException):
    """The numbers cannot be read now."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "busy"
    wait = 5


class NumbersView(APIView):
    """A view of numbers: who may ask, as what they come, and what is refused."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "desk:read"}
    renderer_classes: Sequence[type[BaseRenderer]] = (JSONRenderer, AsTable)

    def question(self, request: Request) -> Question:
        """Return what is asked. Raises ValidationError and PermissionDenied."""
        try:
            return asked(request.query_params, person_of(request))
        except QuestionRefused as refused:
            raise invalid({refused.field: [str(refused)]}) from refused
        except NotTheirs as refused:
            raise PermissionDenied from refused

    def read(self, ask: Callable[[], Any]) -> Any:
        """Return what is answered, within the budget of heavy reads."""
        try:
            with heavy_read():
                return ask()
        except ReadRefused as refused:
            raise NumbersRefused(str(refused)) from refused


class FiguresView(NumbersView):
    """All figures of a question."""

    @extend_schema(operation_id="stats_figures", parameters=QUESTION, responses=AnswerOutput)
    def get(self, request: Request) -> Response:
        """Count outcomes, errors, criteria, words and minutes, each with a 95 % interval.

        `format=csv` gives a table. Errors are per 100 drafts whose text was judged; the headline is
        what `sample=blind` answers.
        """
        question = self.question(request)
        return Response(AnswerOutput(self.read(lambda: answer(question))).data)


class PartsView(NumbersView):
    """The headline figures of each model, prompt and so on."""

    @extend_schema(
        operation_id="stats_parts",
        parameters=[
            *QUESTION,
            OpenApiParameter("dimension", str, "path", enum=list(DIMENSIONS)),
        ],
        responses=PartOutput(many=True),
    )
    def get(self, request: Request, dimension: str) -> Response:
        """Compare the values of a dimension. Prompts and guides are those of a task: name it."""
        known = next((each for each in DIMENSIONS if each == dimension), None)
        if known is None:
            raise NotFound
        question = self.question(request)
        parts = self.read(lambda: by(question, known))
        return Response(PartOutput(parts, many=True).data)


class OverTimeView(NumbersView):
    """The headline figures over time."""

    @extend_schema(
        operation_id="stats_over_time",
        parameters=[*QUESTION, OpenApiParameter("step", str, "path", enum=list(STEPS))],
        responses=PointOutput(many=True),
    )
    def get(self, request: Request, step: str) -> Response:
        """List each day, week or month in which something was judged, the oldest first."""
        known = next((each for each in STEPS if each == step), None)
        if known is None:
            raise NotFound
        question = self.question(request)
        points = self.read(lambda: over_time(question, known))
        return Response(PointOutput(points, many=True).data)


class ErrorsOverTimeView(NumbersView):
    """Errors of each kind over time."""

    @extend_schema(
        operation_id="stats_errors_over_time",
        parameters=[*QUESTION, OpenApiParameter("step", str, "path", enum=list(STEPS))],
        responses=ErrorsOverTimeOutput,
    )
    def get(self, request: Request, step: str) -> Response:
        """List each day, week or month in which something was judged, the oldest first, with the
        errors of each category and severity per 100 drafts. `format=csv` gives a table.
        """
        known = next((each for each in STEPS if each == step), None)
        if known is None:
            raise NotFound
        question = self.question(request)
        found = self.read(lambda: errors_over_time(question, known))
        return Response(
            ErrorsOverTimeOutput(
                {
                    "points": found.points,
                    "by_category": [
                        {"category": line.slug, "name": line.name, "points": _dated(line, found)}
                        for line in found.by_category
                    ],
                    "by_severity": [
                        {"severity": line.slug, "points": _dated(line, found)}
                        for line in found.by_severity
                    ],
                }
            ).data
        )


def _dated(line: ErrorLine, of: ErrorsOverTime) -> list[dict[str, Any]]:
    return [
        {"first": point.first, "last": point.last, "per_100": figure}
        for point, figure in zip(of.points, line.figures, strict=True)
    ]


class ComparisonView(NumbersView):
    """Two questions side by side."""

    @extend_schema(
        operation_id="stats_comparison",
        parameters=[
            *QUESTION,
            _parameter(
                "against.model",
                "So with each parameter: what is different in the question it is held against. "
                "Without any, it is held against the period before.",
                many=True,
            ),
        ],
        responses=ComparisonOutput,
    )
    def get(self, request: Request) -> Response:
        """Say in words which of two is better, by how much, and how sure that is."""
        question = self.question(request)
        beside = self._beside(request, question)
        found = self.read(
            lambda: compare(beside, question) if beside else against_period_before(question)
        )
        if found is None:
            raise invalid({"from": ["Name a first day, or something to compare with."]})
        return Response(ComparisonOutput(found).data)

    def _beside(self, request: Request, question: Question) -> Question | None:
        given = request.query_params
        other = {
            name.removeprefix(AGAINST): values
            for name, values in given.lists()
            if name.startswith(AGAINST)
        }
        if not other:
            return None
        if unknown := other.keys() - set(NAMES):
            raise invalid({AGAINST + name: ["There is no such parameter."] for name in unknown})
        try:
            return asked({**question.as_parameters(), **other}, person_of(request))
        except QuestionRefused as refused:
            raise invalid({AGAINST + refused.field: [str(refused)]}) from refused
        except NotTheirs as refused:
            raise PermissionDenied from refused


class FirstScreenView(NumbersView):
    """What the dashboard answers at a glance."""

    @extend_schema(
        operation_id="stats_first_screen", parameters=QUESTION, responses=FirstScreenOutput
    )
    def get(self, request: Request) -> Response:
        """Hold the last 28 days, or those asked for, against those before; the live model against
        the newest other one; and name the commonest errors with an example each.
        """
        question = self.question(request)
        return Response(FirstScreenOutput(self.read(lambda: first_screen(question))).data)


class PageInput(serializers.Serializer[Any]):
    """Which page."""

    after = serializers.CharField(required=False, default="", max_length=40)
    page_size = serializers.IntegerField(
        required=False, default=A_PAGE, min_value=1, max_value=MOST_ON_A_PAGE
    )


class DraftsBehindView(NumbersView):
    """The drafts behind a number."""

    @extend_schema(
        operation_id="stats_drafts",
        parameters=[*NARROWED, PageInput],
        responses=DraftPageOutput,
    )
    def get(self, request: Request) -> Response:
        """List exactly the drafts that a figure counts: the address is in the figure."""
        question = self.question(request)
        page = PageInput(data=request.query_params)
        page.is_valid(raise_exception=True)
        try:
            found = self.read(lambda: drafts_behind(question, **page.validated_data))
        except QuestionRefused as refused:
            raise invalid({refused.field: [str(refused)]}) from refused
        return Response(DraftPageOutput(found).data)


class ChoicesView(NumbersView):
    """What can be asked for."""

    @extend_schema(
        operation_id="stats_choices",
        parameters=[_parameter("task", "Only what this task's drafts have.")],
        responses=ChoicesOutput,
    )
    def get(self, request: Request) -> Response:
        """List tasks, models, prompts, locales and guides that judged drafts have.

        `format=csv` gives a table.
        """
        question = self.question(request)
        found = self.read(lambda: choices(question))
        if is_table(request):
            return Response(Lines(["parameter", "value", "name"], _choices_as_rows(found)))
        return Response(ChoicesOutput(found).data)


def _choices_as_rows(found: Choices) -> Iterator[Sequence[Any]]:
    for slug, name in found.tasks:
        yield "task", slug, name
    for parameter in ("model", "prompt", "locale", "guide"):
        for value in getattr(found, f"{parameter}s"):
            yield parameter, value, value
