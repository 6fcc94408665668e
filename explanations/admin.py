"""The machine side in the administration: tasks and versions to configure, the rest to read."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model, URLField
from django.forms import ChoiceField
from django.http import HttpRequest

from accounts.administration import AnyForm, ConfigurationAdmin, HistoryAdmin, ReadOnlyInline
from accounts.log import record
from accounts.rights import DRAFT, LEAD, person_of
from explanations.models import (
    Category,
    Criterion,
    DecidedAnswer,
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
        """Keep what a task is called by, the shape of its drafts, and its active versions.

        A version is made active on its own page, where the difference can be seen; what blocks is
        said on the task's page of checks, by leads.
        """
        elsewhere = ("guide", "prompt", "blocked_by", "redrafts_blocked")
        return ("slug", "output_format", *elsewhere) if obj else elsewhere


class VersionAdmin(HistoryAdmin):
    """Numbered versions; they are written and made active on the pages of their task."""

    list_display = ("task", "number", "note", "created_by", "created_at", "used_at")
    list_display_links = ("number",)
    list_filter = ("task",)
    list_select_related = ("task", "created_by")


@admin.register(Guide)
class GuideAdmin(VersionAdmin):
    """Style guides."""


@admin.register(Prompt)
class PromptAdmin(VersionAdmin):
    """Prompts."""


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


@admin.register(DecidedAnswer)
class DecidedAnswerAdmin(ConfigurationAdmin):
    """What a tag answers by itself. What is wrong is deleted: the reviews keep their answers."""

    rights = (LEAD,)
    list_display = ("category", "criterion", "answer")
    list_filter = ("category__task",)
    list_select_related = ("category", "criterion")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whether the person's role configures this."""
        return self.has_add_permission(request)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Delete it, and write down who did."""
        record(person_of(request), "decided answer deleted", obj, said=str(obj))
        obj.delete()


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
