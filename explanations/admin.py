"""The machine side in the administration: tasks and versions to configure, the rest to read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, Model, URLField
from django.forms import ChoiceField, ModelChoiceField
from django.http import HttpRequest

from accounts.administration import AnyForm, ConfigurationAdmin, HistoryAdmin, ReadOnlyInline
from accounts.rights import DRAFT, LEAD, person_of
from explanations.models import (
    Category,
    Criterion,
    Draft,
    FactOverlay,
    FactSnapshot,
    Finding,
    Guide,
    Import,
    ModelServer,
    ModelVersion,
    Place,
    Prompt,
    Recommendation,
    Run,
    Task,
)
from explanations.output_formats import output_format_slugs
from explanations.services.versions import VersionRefused, check_prompt, save_version


class TaskForm(AnyForm):
    """A task in a format that this desk has."""

    output_format = ChoiceField(choices=[(slug, slug) for slug in output_format_slugs()])


@admin.register(Task)
class TaskAdmin(ConfigurationAdmin):
    """A task: which guide, prompt and model it uses, and how its drafts are reviewed."""

    rights = (LEAD, DRAFT)
    form = TaskForm
    list_display = ("slug", "name", "guide", "prompt", "model_version", "reviews_wanted")
    list_select_related = ("guide__task", "prompt__task", "model_version")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        """Keep what a task is called by, and the shape of the drafts that it has."""
        return ("slug", "output_format") if obj else ()

    def formfield_for_foreignkey(
        self, db_field: "ForeignKey[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> "ModelChoiceField[Any] | None":
        """Offer a task its own guides and prompts."""
        if db_field.name in {"guide", "prompt"} and request.resolver_match:
            of_task = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = db_field.related_model._default_manager.filter(
                task=of_task
            ).select_related("task")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class VersionAdmin(ConfigurationAdmin):
    """Numbered versions; one that has been used never changes, and the database sees to it."""

    list_display = ("task", "number", "note", "created_by", "created_at", "used_at")
    list_display_links = ("number",)
    list_filter = ("task",)
    list_select_related = ("task", "created_by")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the version can still change."""
        return super().has_change_permission(request, obj) and getattr(obj, "used_at", None) is None

    def save_row(self, request: HttpRequest, obj: Model) -> None:
        """Number and sign it."""
        assert isinstance(obj, Guide | Prompt)  # noqa: S101 - said by the two pages below
        save_version(obj, person_of(request))


@admin.register(Guide)
class GuideAdmin(VersionAdmin):
    """Style guides."""

    rights = (LEAD,)
    fields = ("task", "number", "note", "text", "created_by", "created_at", "used_at")
    readonly_fields = ("number", "created_by", "created_at", "used_at")


class PromptForm(AnyForm):
    """A prompt that can be rendered and sent."""

    def clean(self) -> dict[str, Any] | None:
        """Refuse at its field what a drainer would stumble over."""
        cleaned = super().clean()
        if cleaned is not None and not self.errors:
            try:
                check_prompt(Prompt(**{k: v for k, v in cleaned.items() if k != "note"}))
            except VersionRefused as refusal:
                raise ValidationError({refusal.field: str(refusal)}) from refusal
        return cleaned


@admin.register(Prompt)
class PromptAdmin(VersionAdmin):
    """Prompts."""

    rights = (DRAFT,)
    form = PromptForm
    fields = (
        "task",
        "number",
        "note",
        "system",
        "user_template",
        "examples",
        "parameters",
        "sha256",
        "created_by",
        "created_at",
        "used_at",
    )
    readonly_fields = ("number", "sha256", "created_by", "created_at", "used_at")


@admin.register(Category)
class CategoryAdmin(ConfigurationAdmin):
    """The taxonomy of errors."""

    rights = (LEAD,)
    list_display = ("task", "key", "name", "severity", "retired_at")
    list_display_links = ("name",)
    list_filter = ("task",)
    list_select_related = ("task",)


@admin.register(Criterion)
class CriterionAdmin(ConfigurationAdmin):
    """The questions that a review answers."""

    rights = (LEAD,)
    list_display = ("task", "name", "question", "retired_at")
    list_display_links = ("name",)
    list_filter = ("task",)
    list_select_related = ("task",)


@admin.register(ModelServer)
class ModelServerAdmin(ConfigurationAdmin):
    """Where models are served. Keys stay in the environment."""

    rights = (DRAFT,)
    list_display = ("name", "base_url", "window", "trouble")
    readonly_fields = ("trouble", "trouble_since")
    # Model servers stand in private networks.
    formfield_overrides: ClassVar = {URLField: {"assume_scheme": "http"}}


@admin.register(ModelVersion)
class ModelVersionAdmin(ConfigurationAdmin):
    """Bases and adapters."""

    rights = (DRAFT,)
    list_display = ("name", "kind", "base", "trained_on", "created_at")
    list_filter = ("kind",)
    list_select_related = ("base",)


@admin.register(Import)
class ImportAdmin(HistoryAdmin):
    """Deliveries of recommendations."""

    list_display = ("id", "source", "state", "lines", "new", "changed", "refused", "created_at")
    list_filter = ("state",)


@admin.register(Recommendation)
class RecommendationAdmin(HistoryAdmin):
    """Items and audiences."""

    list_display = ("external_id", "task", "group", "locale", "priority", "changed_at")
    list_filter = ("task",)
    list_select_related = ("task",)
    search_fields = ("=external_id", "=group")
    ordering = ("-id",)


@admin.register(FactSnapshot)
class FactSnapshotAdmin(HistoryAdmin):
    """Facts as they were."""

    list_display = ("recommendation", "number", "cause", "created_at")
    list_select_related = ("recommendation",)
    search_fields = ("=recommendation__external_id",)
    ordering = ("-id",)


@admin.register(FactOverlay)
class FactOverlayAdmin(HistoryAdmin):
    """What editors added, corrected or hid."""

    list_display = ("recommendation", "kind", "pointer", "created_by", "created_at")
    list_filter = ("kind",)
    list_select_related = ("recommendation", "created_by")
    ordering = ("-id",)


@admin.register(Run)
class RunAdmin(HistoryAdmin):
    """Requests to draft."""

    list_display = ("id", "task", "prompt", "model_version", "state", "created_by", "created_at")
    list_filter = ("state", "task")
    list_select_related = ("task", "prompt__task", "model_version", "created_by")


class FindingInline(ReadOnlyInline):
    """What the checks said."""

    model = Finding
    fields = ("level", "check_name", "message", "start", "end", "category", "pointer")


class PlaceInline(ReadOnlyInline):
    """The reviews that the draft wants."""

    model = Place
    fields = ("ordinal", "state", "priority")


@admin.register(Draft)
class DraftAdmin(HistoryAdmin):
    """What models wrote."""

    list_display = ("id", "task", "state", "text", "model_version", "priority", "created_at")
    list_filter = ("state", "task")
    list_select_related = ("task", "model_version")
    search_fields = ("=id", "=recommendation__external_id")
    ordering = ("-id",)
    inlines = (FindingInline, PlaceInline)
