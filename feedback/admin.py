"""The human side in the administration: history to be read, and whom catalogues belong to."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.administration import (
    Act,
    ConfigurationAdmin,
    HistoryAdmin,
    ReadOnlyInline,
    by_number,
    by_words,
)
from accounts.models import Person
from accounts.rights import BUILD_DATASETS, LEAD, has_right
from accounts.words import translatable
from explanations.admin import DraftAdmin
from feedback.models import (
    Assignment,
    BulkAction,
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
from feedback.services.bulk_actions import BulkRefused, let_stand, quarantine_drafts, undo
from feedback.services.datasets.creating import CannotCancel, cancel_dataset
from feedback.services.fact_reports import FactReportRefused, accept_report, refuse_report
from feedback.services.goldens import GoldenRefused, withdraw_golden
from feedback.services.queue import end_lease
from feedback.services.statistics import digest_mail
from feedback.services.webhooks import deliveries
from feedback.services.webhooks.addresses import retire_address


class NotGivenUp(Exception):
    """A message that is on its way, or through."""


def _send_again(send: Callable[[int, Person], bool]) -> Callable[[Model, Person, str], object]:
    """Return what sends one message again. It raises NotGivenUp."""

    def press(row: Model, by: Person, _why: str) -> None:
        if not send(row.pk, by):
            raise NotGivenUp(_("this was not given up."))

    return press


# Taken back on the page of the action, or in the list of actions.
DraftAdmin.acts = (
    *DraftAdmin.acts,
    Act(
        "quarantine",
        translatable("Quarantine"),
        LEAD,
        lambda drafts, by, why: quarantine_drafts([draft.pk for draft in drafts], by, why),
        (BulkRefused,),
        asks_why=True,
        at_once=True,
    ),
)


class TagInline(ReadOnlyInline):
    """The errors that the editor marked."""

    model = Tag
    related = ("category",)
    fields = ("ordinal", "category", "severity", "scope", "start", "end", "quote", "note")


class AnswerInline(ReadOnlyInline):
    """What the editor answered."""

    model = CriterionAnswer
    related = ("criterion",)
    fields = ("criterion", "answer")


@admin.register(Review)
class ReviewAdmin(HistoryAdmin):
    """Decisions."""

    list_display = ("id", "draft_id", "editor", "outcome", "reason", "created_at")
    list_filter = ("outcome", "draft__task")
    list_select_related = ("editor",)
    finders = (by_number("draft"), by_number("id"), by_words("editor__username"))
    inlines = (TagInline, AnswerInline)

    def page_of(self, row: Review) -> str:
        """Return the page of the draft's reviews."""
        return reverse("draft-reviews", args=[row.draft_id])


@admin.register(Golden)
class GoldenAdmin(HistoryAdmin):
    """Texts that editors stand behind."""

    acts = (
        Act(
            "withdraw",
            translatable("Withdraw"),
            LEAD,
            lambda golden, by, why: withdraw_golden(golden.pk, by, why),
            (GoldenRefused,),
            asks_why=True,
        ),
    )
    list_display = ("id", "task", "grade", "state", "text", "created_at")
    list_filter = ("state", "grade", "task")
    list_select_related = ("task",)
    finders = (by_number("id"), by_number("review"))

    def page_of(self, row: Golden) -> str:
        """Return the page of the golden."""
        return reverse("golden", args=[row.pk])


@admin.register(Assignment)
class AssignmentAdmin(HistoryAdmin):
    """Who works on what."""

    acts = (
        Act(
            "end_lease",
            translatable("End the lease"),
            LEAD,
            lambda assignment, by, _why: end_lease(assignment.pk, by),
        ),
    )
    finders = (by_number("place__draft"), by_words("editor__username"))
    list_display = ("id", "editor", "place_id", "state", "leased_until", "created_at")
    list_filter = ("state",)
    list_select_related = ("editor",)
    ordering = ("-id",)


@admin.register(FactReport)
class FactReportAdmin(HistoryAdmin):
    """What editors said about facts."""

    acts = (
        Act(
            "accept",
            translatable("Accept"),
            LEAD,
            lambda report, by, why: accept_report(report.pk, by, why),
            (FactReportRefused,),
            asks_why=True,
        ),
        Act(
            "refuse",
            translatable("Refuse"),
            LEAD,
            lambda report, by, why: refuse_report(report.pk, by, why),
            (FactReportRefused,),
            asks_why=True,
        ),
    )
    list_display = ("id", "recommendation", "pointer", "problem", "state", "reported_by")
    list_filter = ("state", "problem")
    finders = (by_number("id"), by_number("draft"), by_words("catalogue_owner"))
    list_select_related = ("recommendation", "reported_by")


class DatasetFileInline(ReadOnlyInline):
    """Its files."""

    model = DatasetFile
    fields = ("path", "rows", "bytes", "sha256")


class DatasetMarkInline(ReadOnlyInline):
    """What it holds that nobody stands behind any more."""

    model = DatasetMark
    fields = ("review_id", "golden_id", "reason", "at")


@admin.register(Dataset)
class DatasetAdmin(HistoryAdmin):
    """Datasets, of every state."""

    acts = (
        Act(
            "cancel",
            translatable("Cancel"),
            BUILD_DATASETS,
            lambda dataset, by, _why: cancel_dataset(dataset.pk, by),
            (CannotCancel,),
        ),
    )
    list_display = ("id", "name", "number", "state", "rows", "bytes", "created_by", "created_at")
    list_filter = ("state",)
    list_select_related = ("created_by",)
    finders = (by_words("name"), by_number("id"))
    inlines = (DatasetFileInline, DatasetMarkInline)

    def page_of(self, row: Dataset) -> str:
        """Return the page of the dataset."""
        return reverse("dataset", args=[row.name, row.number])

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        """List them without their manifests."""
        return super().get_queryset(request).defer("manifest")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(HistoryAdmin):
    """What webhooks were told."""

    acts = (
        Act(
            "send_again",
            translatable("Send it again"),
            BUILD_DATASETS,
            _send_again(deliveries.send_again),
            (NotGivenUp,),
        ),
    )
    list_display = ("id", "dataset", "webhook", "state", "attempts", "problem", "created_at")
    list_filter = ("state",)
    list_select_related = ("dataset", "webhook")


@admin.register(Webhook)
class WebhookAdmin(HistoryAdmin):
    """Whom the desk tells of datasets."""

    acts = (
        Act(
            "retire",
            translatable("Tell it nothing any more"),
            BUILD_DATASETS,
            lambda webhook, by, _why: retire_address(webhook.pk, by),
        ),
    )
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
    acts = (
        Act(
            "send_again",
            translatable("Send it again"),
            LEAD,
            _send_again(digest_mail.send_again),
            (NotGivenUp,),
        ),
    )
    list_filter = ("state",)
    list_select_related = ("person",)
    finders = (by_words("catalogue_owner"), by_words("person__username"))
    exclude = ("html",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the pages in the index."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Let leads look; others read their own on the desk's pages."""
        return has_right(request.user, LEAD)

    def page_of(self, row: Digest) -> str:
        """Return the page of the digest."""
        return reverse("digest", args=[row.pk])


@admin.register(BulkAction)
class BulkActionAdmin(HistoryAdmin):
    """What leads, and harmful tags, did to many texts at once."""

    acts = (
        Act(
            "undo",
            translatable("Undo"),
            LEAD,
            lambda action, by, _why: undo(action.pk, by),
            (BulkRefused,),
        ),
        Act(
            "let_stand",
            translatable("Let it stand"),
            LEAD,
            lambda action, by, _why: let_stand(action.pk, by),
            (BulkRefused,),
        ),
    )
    list_display = ("id", "kind", "about", "state", "changed", "created_by", "done_at")
    list_filter = ("state", "kind")
    list_select_related = ("created_by",)

    def page_of(self, row: BulkAction) -> str:
        """Return the page of the action."""
        return reverse("bulk-action", args=[row.pk])
