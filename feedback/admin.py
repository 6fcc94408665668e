"""The human side in the administration: history to be read, and whom catalogues belong to."""

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts.administration import ConfigurationAdmin, HistoryAdmin, ReadOnlyInline
from accounts.rights import LEAD, has_right
from feedback.models import (
    Assignment,
    CatalogueContact,
    CriterionAnswer,
    Dataset,
    DatasetFile,
    DatasetMark,
    Digest,
    FactReport,
    Golden,
    Review,
    Tag,
    Webhook,
    WebhookDelivery,
)


class TagInline(ReadOnlyInline):
    """The errors that the editor marked."""

    model = Tag
    fields = ("ordinal", "category", "severity", "scope", "start", "end", "quote", "note")


class AnswerInline(ReadOnlyInline):
    """What the editor answered."""

    model = CriterionAnswer
    fields = ("criterion", "answer")


@admin.register(Review)
class ReviewAdmin(HistoryAdmin):
    """Decisions."""

    list_display = ("id", "draft_id", "editor", "outcome", "reason", "created_at")
    list_filter = ("outcome", "draft__task")
    list_select_related = ("editor",)
    search_fields = ("=id", "=draft__id")
    inlines = (TagInline, AnswerInline)


@admin.register(Golden)
class GoldenAdmin(HistoryAdmin):
    """Texts that editors stand behind."""

    list_display = ("id", "task", "grade", "state", "text", "created_at")
    list_filter = ("state", "grade", "task")
    list_select_related = ("task",)
    search_fields = ("=id", "=recommendation__external_id")


@admin.register(Assignment)
class AssignmentAdmin(HistoryAdmin):
    """Who works on what."""

    list_display = ("id", "editor", "place_id", "state", "leased_until", "created_at")
    list_filter = ("state",)
    list_select_related = ("editor",)
    ordering = ("-id",)


@admin.register(FactReport)
class FactReportAdmin(HistoryAdmin):
    """What editors said about facts."""

    list_display = ("id", "recommendation", "pointer", "problem", "state", "reported_by")
    list_filter = ("state", "problem")
    list_select_related = ("recommendation", "reported_by")


class DatasetFileInline(ReadOnlyInline):
    """Its files."""

    model = DatasetFile
    fields = ("path", "rows", "bytes", "sha256")


class DatasetMarkInline(ReadOnlyInline):
    """What it holds that nobody stands behind any more."""

    model = DatasetMark
    fields = ("review", "golden", "reason", "at")


@admin.register(Dataset)
class DatasetAdmin(HistoryAdmin):
    """Datasets, of every state."""

    list_display = ("id", "name", "number", "state", "rows", "bytes", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("created_by",)
    search_fields = ("name",)
    inlines = (DatasetFileInline, DatasetMarkInline)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """List them without their manifests."""
        return super().get_queryset(request).defer("manifest")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(HistoryAdmin):
    """What webhooks were told."""

    list_display = ("id", "dataset", "webhook", "state", "attempts", "problem", "created_at")
    list_filter = ("state",)
    list_select_related = ("dataset", "webhook")


@admin.register(Webhook)
class WebhookAdmin(HistoryAdmin):
    """Whom the desk tells of datasets."""

    list_display = ("id", "address", "dataset_name", "created_by", "created_at", "retired_at")
    list_select_related = ("created_by",)
    exclude = ("salt",)


@admin.register(CatalogueContact)
class CatalogueContactAdmin(ConfigurationAdmin):
    """Where the owners of catalogues are reached. An address that is wrong is changed."""

    rights = (LEAD,)
    list_display = ("owner", "address", "language")
    search_fields = ("owner", "address")


@admin.register(Digest)
class DigestAdmin(HistoryAdmin):
    """What was told to whom of which week."""

    list_display = ("id", "week", "person", "catalogue_owner", "state", "attempts", "problem")
    list_filter = ("state",)
    list_select_related = ("person",)
    search_fields = ("=catalogue_owner", "=person__username")
    exclude = ("html",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the pages in the index."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let leads look; others read their own on the desk's pages."""
        return has_right(request.user, LEAD)
