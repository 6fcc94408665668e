"""The pages of datasets: the list, the recipe, and one that is watched, read and downloaded."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import View

from accounts.rights import (
    BUILD_DATASETS,
    READ_DATASETS,
    RightRequiredMixin,
    has_right,
    person_of,
)
from explanations.views.newest_first import newest_first
from feedback.models import Dataset, Split
from feedback.recipe import InvalidRecipe, Recipe, read_recipe
from feedback.recipe_form import RecipeForm
from feedback.review_body import storable
from feedback.services.datasets import reading
from feedback.services.datasets.creating import (
    CannotCancel,
    KeyUsed,
    cancel_dataset,
    create_dataset,
)
from feedback.services.datasets.difference import difference
from feedback.services.datasets.failures import failure_in_words
from feedback.services.datasets.preview import PreviewTooLong, preview
from feedback.services.datasets.shortfalls import in_readers_words
from feedback.views.dataset_difference import what_differs
from feedback.views.dataset_mix import left_out_of, mix_of, rows_of_formats
from feedback.views.dataset_rows import columns_of

DATASETS_A_PAGE: Final = 30
MARKS_SHOWN: Final = 20
VERSIONS_SHOWN: Final = 10
ROWS_A_PAGE: Final = 50
# Of those that came, that went and that changed, on the page of a difference.
ROWS_LISTED: Final = 25

UNFINISHED: Final = frozenset({Dataset.State.WAITING, Dataset.State.BUILDING})
LOOK_AGAIN_S: Final = 2
LOOK_AGAIN_AT_ONE_THAT_WAITS_S: Final = 5
# A worker takes what waits within seconds; after so long something is wrong with the workers.
LONG_WAIT: Final = timedelta(minutes=2)


class DatasetsPage(RightRequiredMixin, View):
    """`/datasets/`: all versions, newest first; the filters are in the address."""

    rights = (READ_DATASETS,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the datasets."""
        name, state = (storable(request.GET.get(key, "")) for key in ("name", "state"))
        found = reading.datasets_newest_first().defer("manifest").annotate(held=Count("marks"))
        if name:
            found = found.filter(name=name)
        if state in Dataset.State.values:
            found = found.filter(state=state)
        page = newest_first(found, request, DATASETS_A_PAGE)
        is_going_on = any(dataset.state in UNFINISHED for dataset in page.rows)
        context = {
            "page": page,
            "name": name,
            "state": state,
            "names": reading.names(),
            "states": Dataset.State.choices,
            "may_build": has_right(request.user, BUILD_DATASETS),
            "look_again_s": LOOK_AGAIN_AT_ONE_THAT_WAITS_S if is_going_on else None,
        }
        part = "#table" if getattr(request, "htmx", False) else ""
        return render(request, f"feedback/datasets.html{part}", context)


class NewDatasetPage(RightRequiredMixin, View):
    """`/datasets/new/`: the recipe; `?from=<name>/<number>` begins with that of a former one."""

    rights = (BUILD_DATASETS,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form."""
        former = _former(request)
        recipe = former.recipe if former else None
        return self._show(request, RecipeForm(recipe=recipe), former)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Show what it would give, or ask for it and go to its page, as the pressed button says."""
        former = _former(request)
        form = RecipeForm(request.POST, recipe=former.recipe if former else None)
        recipe = form.recipe()
        if request.POST.get("step") == "preview":
            return self._show(request, form, former, _previewed(form, recipe))
        if recipe is None:
            return self._show(request, form, former)
        try:
            dataset = create_dataset(recipe, person_of(request), form.cleaned_data["key"])
        except InvalidRecipe as refused:
            form.refuse(refused)
            return self._show(request, form, former)
        except KeyUsed:
            form = form.again()
            form.add_error(
                None,
                _("This form has asked for a dataset already. Press again to ask for another one."),
            )
            return self._show(request, form, former)
        return redirect("dataset", dataset.name, dataset.number)

    def _show(
        self,
        request: HttpRequest,
        form: RecipeForm,
        former: Dataset | None,
        previewed: Mapping[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"form": form, "former": former, **(previewed or {})}
        if getattr(request, "htmx", False):
            return render(request, "feedback/dataset_preview.html", context)
        return render(request, "feedback/dataset_new.html", context | {"names": reading.names()})


def _previewed(form: RecipeForm, recipe: Recipe | None) -> dict[str, Any]:
    """Return what the page says of a recipe that is looked at before it is built."""
    if recipe is None:
        return {}
    try:
        seen = preview(recipe)
    except InvalidRecipe as refused:
        form.refuse(refused)
        return {}
    except PreviewTooLong as refusal:
        return {"refusal": str(refusal)}
    counts = {
        "reviews": seen.all_reviews,
        "splits": seen.reviews,
        "tasks": seen.tasks,
        "outcomes": seen.outcomes,
        "tags": seen.tags,
        "models": seen.models,
    }
    return {
        "preview": seen,
        "warnings": [in_readers_words(each) for each in seen.warnings],
        "mix": mix_of(counts),
        "left_out": left_out_of({"left_out": seen.left_out}),
        "formats": rows_of_formats({"rows": seen.rows}),
        "splits": Split.labels,
        "examples": [
            (slug, [columns_of(row) for row in rows]) for slug, rows in seen.examples.items()
        ],
    }


class DatasetPage(RightRequiredMixin, View):
    """`/datasets/<name>/<number>/`: how far it is, or what is in it and how to pull it."""

    rights = (READ_DATASETS,)

    def get(self, request: HttpRequest, name: str, number: int) -> HttpResponse:
        """Show the dataset; to htmx, while it is built, only how far it is."""
        dataset = _dataset(name, number)
        is_part = bool(getattr(request, "htmx", False))
        context: dict[str, Any] = {
            "dataset": dataset,
            "may_build": has_right(request.user, BUILD_DATASETS),
        }
        if dataset.state in UNFINISHED:
            part = "#progress" if is_part else ""
            return render(
                request, f"feedback/dataset_build.html{part}", context | _progress(dataset)
            )
        if is_part:
            # All of the page is another one now.
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "feedback/dataset.html", context | self._whole(request, dataset))

    def post(self, request: HttpRequest, name: str, number: int) -> HttpResponse:
        """Cancel it or build the next version by its recipe, as the pressed button says."""
        if not has_right(request.user, BUILD_DATASETS):
            raise PermissionDenied
        dataset = _dataset(name, number)
        step = request.POST.get("step")
        if step == "next":
            return self._build_next(request, dataset)
        if step != "cancel":
            return HttpResponseBadRequest("No such step.")
        try:
            cancel_dataset(dataset.pk, person_of(request))
        except CannotCancel as refusal:
            messages.warning(request, str(refusal))
        return redirect("dataset", name, number)

    def _build_next(self, request: HttpRequest, dataset: Dataset) -> HttpResponse:
        try:
            key = UUID(request.POST.get("key", ""))
        except ValueError:
            return HttpResponseBadRequest("No such key.")
        try:
            following = create_dataset(read_recipe(dataset.recipe), person_of(request), key)
        except (InvalidRecipe, KeyUsed) as refusal:
            messages.warning(request, str(refusal))
            return redirect("dataset", dataset.name, dataset.number)
        return redirect("dataset", following.name, following.number)

    def _whole(self, request: HttpRequest, dataset: Dataset) -> dict[str, Any]:
        manifest: Mapping[str, Any] = dataset.manifest or {}
        return {
            "failure": failure_in_words(dataset),
            "warnings": [in_readers_words(each) for each in manifest.get("warnings", ())],
            "mix": mix_of(manifest),
            "left_out": left_out_of(manifest),
            "formats": rows_of_formats(manifest),
            "splits": Split.labels,
            "files": dataset.files.all(),
            "key": uuid4(),
            "marks": dataset.marks.select_related("golden", "review__draft")[:MARKS_SHOWN],
            "marks_in_all": dataset.marks.count(),
            "versions": reading.versions_of(dataset.name)[:VERSIONS_SHOWN],
            "pull_from": request.build_absolute_uri("/").rstrip("/"),
        }


class DatasetRowsPage(RightRequiredMixin, View):
    """`/datasets/<name>/<number>/rows/`: the reviews that gave it rows, each a link to its own."""

    rights = (READ_DATASETS,)

    def get(self, request: HttpRequest, name: str, number: int) -> HttpResponse:
        """List a page of them, in their order; `after` in the address is where it begins."""
        dataset = _dataset(name, number)
        split = request.GET.get("split", "")
        split = split if split in Split.values else ""
        after = _number(request.GET.get("after", ""))
        rows = list(reading.rows_of(dataset, split).filter(review_id__gt=after)[: ROWS_A_PAGE + 1])
        shown = rows[:ROWS_A_PAGE]
        marked = dataset.marks.filter(review__in=[row.review_id for row in shown])
        reasons = dict(marked.values_list("review_id", "reason"))
        context = {
            "dataset": dataset,
            "rows": [(row, reasons.get(row.review_id)) for row in shown],
            "split": split,
            "splits": Split.choices,
            "is_first": not after,
            "next_after": shown[-1].review_id if len(rows) > ROWS_A_PAGE else None,
        }
        return render(request, "feedback/dataset_rows.html", context)


class DatasetDifferencePage(RightRequiredMixin, View):
    """`/datasets/<name>/<number>/difference/`: what changed since another version, `with` its
    number; without it, since the version that was ready before.
    """

    rights = (READ_DATASETS,)

    def get(self, request: HttpRequest, name: str, number: int) -> HttpResponse:
        """Show the difference of two ready versions of the name."""
        dataset = _dataset(name, number)
        others = list(
            reading.versions_of(name).filter(state=Dataset.State.READY).exclude(pk=dataset.pk)
        )
        older = _beside(dataset, others, _number(request.GET.get("with", "")))
        context: dict[str, Any] = {"dataset": dataset, "others": others, "older": older}
        if older is not None and dataset.state == Dataset.State.READY:
            context |= what_differs(difference(older, dataset, ROWS_LISTED))
        return render(request, "feedback/dataset_difference.html", context)


def _beside(dataset: Dataset, others: Sequence[Dataset], number: int) -> Dataset | None:
    """Return the version that is asked for; else the parent, the one before, or any other."""
    asked = [other for other in others if other.number == number]
    parent = [other for other in others if other.pk == dataset.parent_id]
    before = [other for other in others if other.number < dataset.number]
    return next(iter([*asked, *parent, *before, *others]), None)


def _number(typed: str) -> int:
    """Return the number that stands in an address, or 0."""
    return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 19 else 0


def _progress(dataset: Dataset) -> dict[str, Any]:
    """Return what the page of a build says besides the dataset itself."""
    waits = dataset.state == Dataset.State.WAITING
    before = reading.built_before(dataset) if waits else None
    stages = list(Dataset.Stage)
    now = stages.index(Dataset.Stage(dataset.stage)) if dataset.stage else -1
    return {
        "stages": [(stage.label, at < now, at == now) for at, stage in enumerate(stages)],
        "built_before": before,
        "waits_long": waits and not before and timezone.now() - dataset.created_at > LONG_WAIT,
        "look_again_s": LOOK_AGAIN_AT_ONE_THAT_WAITS_S if waits else LOOK_AGAIN_S,
    }


def _dataset(name: str, number: int) -> Dataset:
    try:
        return reading.dataset_at(name, number)
    except Dataset.DoesNotExist:
        raise Http404 from None


def _former(request: HttpRequest) -> Dataset | None:
    """Return the version whose recipe the address begins with, if it names one."""
    name, _slash, number = request.GET.get("from", "").partition("/")
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    try:
        return reading.dataset_at(storable(name), int(number))
    except Dataset.DoesNotExist:
        return None
