"""Datasets over REST: asked for by a recipe, watched, listed, read and cancelled."""

from typing import Any, ClassVar
from uuid import uuid4

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.pagination import NewestFirst
from accounts.rights import MayUse, person_of
from explanations.api.keys import KEY_HEADER, with_key
from feedback.api.answers import conflict, invalid
from feedback.formats import FILE_KINDS, training_format_slugs
from feedback.models import Dataset
from feedback.recipe import AGREEMENTS, InvalidRecipe, Recipe, read_recipe
from feedback.services.datasets import reading
from feedback.services.datasets.creating import (
    CannotCancel,
    KeyUsed,
    cancel_dataset,
    create_dataset,
)


class SharesInput(serializers.Serializer[Any]):
    """A number for each split."""

    train = serializers.FloatField(required=False)
    validation = serializers.FloatField(required=False)
    test = serializers.FloatField(required=False)


class FiltersInput(serializers.Serializer[Any]):
    """Which reviews may give rows; what is left out lets all through."""

    reviewed_from = serializers.DateField(required=False, allow_null=True)
    reviewed_until = serializers.DateField(required=False, allow_null=True)
    editors = serializers.ListField(child=serializers.CharField(), required=False)
    models = serializers.ListField(child=serializers.CharField(), required=False)
    prompts = serializers.ListField(child=serializers.IntegerField(), required=False)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    criteria = serializers.DictField(
        child=serializers.ChoiceField(choices=["yes", "no", "na"]), required=False
    )
    locales = serializers.ListField(child=serializers.CharField(), required=False)
    agreement = serializers.ChoiceField(choices=AGREEMENTS, required=False)


class RecipeInput(serializers.Serializer[Any]):
    """What a dataset is to be made of. Only `name` and `tasks` have to be said."""

    name = serializers.CharField(
        help_text="Small letters, digits and hyphens; each build of a name is a new version."
    )
    tasks = serializers.ListField(child=serializers.CharField(), help_text="Slugs.")
    formats = serializers.ListField(
        child=serializers.CharField(),
        required=False,
        help_text=f"Of: {', '.join(training_format_slugs())}.",
    )
    files = serializers.ListField(
        child=serializers.CharField(), required=False, help_text=f"Of: {', '.join(FILE_KINDS)}."
    )
    filters = FiltersInput(required=False)
    shares = SharesInput(required=False, help_text="Of the groups, for each split; 1 in all.")
    salt = serializers.CharField(required=False, help_text="Splits of one salt never change.")
    fewest = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        help_text="Reviews that a split must have, or the build ends.",
    )
    alike = serializers.FloatField(
        required=False, help_text="From how alike two texts count as one, 0.7 to 1."
    )
    most_per_group = serializers.IntegerField(required=False, allow_null=True)
    most_per_editor = serializers.IntegerField(required=False, allow_null=True)
    prompts = serializers.DictField(
        child=serializers.IntegerField(),
        required=False,
        help_text="Task -> the number of the prompt to render with, instead of the draft's own.",
    )


class DatasetOutput(serializers.Serializer[Any]):
    """One version of a dataset, and how far it is."""

    name = serializers.CharField()
    number = serializers.IntegerField(help_text="Its version, counted from 1 for each name.")
    state = serializers.ChoiceField(choices=Dataset.State.choices)
    failure = serializers.CharField(help_text="Why there is none.")
    stage = serializers.CharField(help_text="Of a build that is under way.")
    done = serializers.IntegerField(help_text="Rows of the stage that are done.")
    wanted = serializers.IntegerField(help_text="Rows of the stage, as far as it is known.")
    parent = serializers.IntegerField(  # type: ignore[assignment]
        source="parent.number",
        default=None,
        allow_null=True,
        help_text="The version before it that was ready when it was asked for.",
    )
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField(help_text="Of all its files.")
    created_by = serializers.CharField(source="created_by.username")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    href = serializers.SerializerMethodField()

    def get_href(self, dataset: Dataset) -> str:
        """Where to watch it."""
        return _address(dataset)


class DatasetFileOutput(serializers.Serializer[Any]):
    """One file, as the manifest describes it."""

    path = serializers.CharField()
    format = serializers.CharField(help_text="Empty for files without rows.")
    split = serializers.CharField()
    rows = serializers.IntegerField(allow_null=True)
    bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    href = serializers.SerializerMethodField()

    def get_href(self, file: Any) -> str:
        """Where to download it."""
        return f"{_address(file.dataset)}files/{file.path}"


class DatasetMarkOutput(serializers.Serializer[Any]):
    """What the dataset holds that nobody stands behind any more."""

    review = serializers.IntegerField(source="review_id")
    golden = serializers.IntegerField(source="golden_id", allow_null=True)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class WholeDatasetOutput(DatasetOutput):
    """The same, with its recipe, its files and what is to be said against it."""

    recipe = serializers.DictField()
    files = DatasetFileOutput(many=True)
    warnings = serializers.SerializerMethodField(
        help_text="What it has less of than the recipe asks for, why, and what to change."
    )
    marks = serializers.SerializerMethodField(help_text="The newest hundred.")
    marks_in_all = serializers.IntegerField(source="marks.count")

    def get_warnings(self, dataset: Dataset) -> list[str]:
        """What its manifest warns of; nothing before it is ready."""
        return list((dataset.manifest or {}).get("warnings", ()))

    def get_marks(self, dataset: Dataset) -> list[dict[str, Any]]:
        """What it holds that is wrong by now."""
        return list(DatasetMarkOutput(dataset.marks.all()[:100], many=True).data)


class NewestVersionOutput(serializers.Serializer[Any]):
    """Which version of a name is the newest that is ready."""

    name = serializers.CharField()
    newest = serializers.IntegerField()
    href = serializers.CharField(help_text="The address of that version, which never changes.")


class DatasetFilter(serializers.Serializer[Any]):
    """Which datasets to list."""

    name = serializers.CharField(required=False)
    state = serializers.ChoiceField(choices=Dataset.State.choices, required=False)


class DatasetsView(APIView):
    """All datasets."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "datasets:read", "POST": "datasets:write"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="datasets_list",
        parameters=[DatasetFilter, OpenApiParameter("cursor", str)],
        responses=DatasetOutput(many=True),
    )
    def get(self, request: Request) -> Response:
        """List datasets of every state, the newest first."""
        wanted = DatasetFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        pages = self.pagination_class()
        found = reading.datasets_newest_first().filter(**wanted.validated_data)
        page = pages.paginate_queryset(found, request, view=self)
        return pages.get_paginated_response(DatasetOutput(page, many=True).data)

    @extend_schema(
        operation_id="datasets_create",
        parameters=[
            OpenApiParameter(
                KEY_HEADER,
                OpenApiTypes.UUID,
                "header",
                description="The same key with the same recipe gives the same dataset again.",
            )
        ],
        request=RecipeInput,
        responses={
            201: DatasetOutput,
            409: OpenApiResponse(description="The key was used for another recipe."),
        },
    )
    def post(self, request: Request) -> Response:
        """Ask for the next version of a name; a worker builds it. `Location` is where to watch."""
        key = with_key(request, {}).get("key") or uuid4()
        try:
            dataset = create_dataset(_recipe(request), person_of(request), key)
        except InvalidRecipe as wrong:
            raise invalid(wrong.problems) from wrong
        except KeyUsed as used:
            return conflict(str(used), "key_reused")
        return Response(
            DatasetOutput(dataset).data,
            status=status.HTTP_201_CREATED,
            headers={"Location": _address(dataset)},
        )


class NewestVersionView(APIView):
    """The versions of one name."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "datasets:read"}

    @extend_schema(operation_id="datasets_newest", responses=NewestVersionOutput)
    def get(self, request: Request, name: str) -> Response:
        """Say which version of this name is the newest that is ready."""
        newest = reading.newest_version(name)
        if newest is None:
            raise NotFound(f"No version of {name} is ready.")
        return Response({"name": name, "newest": newest.number, "href": _address(newest)})


class DatasetView(APIView):
    """One version."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "datasets:read"}

    @extend_schema(operation_id="datasets_read", responses=WholeDatasetOutput)
    def get(self, request: Request, name: str, number: int) -> Response:
        """Show how far it is, its recipe and its files; `files/manifest.json` is its manifest."""
        return Response(WholeDatasetOutput(_dataset(name, number)).data)


class CancelDatasetView(APIView):
    """Cancel."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"POST": "datasets:write"}

    @extend_schema(
        operation_id="datasets_cancel",
        request=None,
        responses={200: DatasetOutput, 409: OpenApiResponse(description="It has ended.")},
    )
    def post(self, request: Request, name: str, number: int) -> Response:
        """Take back a dataset that is not built yet."""
        try:
            dataset = cancel_dataset(_dataset(name, number).pk, person_of(request))
        except CannotCancel as refusal:
            return conflict(str(refusal), "dataset_ended")
        return Response(DatasetOutput(dataset).data)


def _recipe(request: Request) -> Recipe:
    """Read the recipe of the body. Raises InvalidRecipe."""
    return read_recipe(request.data)


def _dataset(name: str, number: int) -> Dataset:
    try:
        return reading.dataset_at(name, number)
    except Dataset.DoesNotExist:
        raise NotFound(f"There is no dataset {name} {number}.") from None


def _address(dataset: Dataset) -> str:
    return reverse("api-dataset", args=[dataset.name, dataset.number])
