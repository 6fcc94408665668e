"""The machine side in the administration: tasks and versions to configure, the rest to read."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet, URLField
from django.forms import ChoiceField
from django.http import HttpRequest
from django.urls import reverse

from accounts.administration import (
    Act,
    AnyForm,
    ConfigurationAdmin,
    Finder,
    HistoryAdmin,
    ReadOnlyInline,
    by_number,
    by_words,
)
from accounts.log import record
from accounts.rights import DRAFT, LEAD, person_of
from accounts.words import translatable
from explanations.models import (
    Category,
    Criterion,
    DecidedAnswer,
    Dismissal,
    Draft,
    Drainer,
    FactOverlay,
    FactSnapshot,
    Finding,
    Guide,
    Import,
    LetThrough,
    ModelServer,
    ModelVersion,
    Place,
    Prompt,
    PublishedLine,
    Recommendation,
    Run,
    Task,
    Trial,
)
from explanations.output_formats import output_format_slugs
from explanations.services.blocking import CannotLetThrough, let_through
from explanations.services.dismissing import CannotDismiss, revoke
from explanations.services.runs import CannotSteer, cancel, pause, resume, retry_failed


def _by_external_id(of: str) -> Finder:
    """Find rows by what imports call their recommendation; by task, for that is its index."""

    def find(rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
        tasks = list(Task.objects.values_list("pk", flat=True))
        known = Recommendation.objects.filter(task__in=tasks, external_id=typed)
        numbers = list(known.values_list("pk", flat=True))
        return rows.filter(**{f"{of}__in" if of else "pk__in": numbers})

    return find


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

    def page_of(self, row: Task) -> str:
        """Return the page of its prompts."""
        return reverse("prompts", args=[row.slug])


class VersionAdmin(HistoryAdmin):
    """Numbered versions; they are written and made active on the pages of their task."""

    list_display = ("task", "number", "note", "created_by", "created_at", "used_at")
    list_display_links = ("number",)
    list_filter = ("task",)
    list_select_related = ("task", "created_by")


@admin.register(Guide)
class GuideAdmin(VersionAdmin):
    """Style guides."""

    def page_of(self, row: Guide) -> str:
        """Return the page of the version."""
        return reverse("guide-version", args=[row.task.slug, row.number])


@admin.register(Prompt)
class PromptAdmin(VersionAdmin):
    """Prompts."""

    def page_of(self, row: Prompt) -> str:
        """Return the page of the version."""
        return reverse("prompt", args=[row.task.slug, row.number])


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

    def page_of(self, row: ModelVersion) -> str:
        """Return the page of the dashboard that says what it gets wrong."""
        return f"{reverse('dashboard-errors')}?{urlencode({'model': row.name})}"


@admin.register(Import)
class ImportAdmin(HistoryAdmin):
    """Deliveries of recommendations."""

    list_display = ("id", "source", "state", "lines", "new", "changed", "refused", "created_at")
    list_filter = ("state",)
    finders = (by_number("id"), by_words("source"), by_words("catalogue_owner"))

    def page_of(self, row: Import) -> str:
        """Return the page of the import."""
        return reverse("import", args=[row.pk])


@admin.register(Recommendation)
class RecommendationAdmin(HistoryAdmin):
    """Items and audiences."""

    list_display = ("external_id", "task", "group", "locale", "priority", "stratum", "changed_at")
    list_filter = ("task",)
    list_select_related = ("task",)
    finders = (_by_external_id(""), by_number("id"), by_words("group"))
    ordering = ("-id",)


@admin.register(FactSnapshot)
class FactSnapshotAdmin(HistoryAdmin):
    """Facts as they were."""

    list_display = ("recommendation", "number", "cause", "created_at")
    list_select_related = ("recommendation",)
    finders = (_by_external_id("recommendation"),)
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

    acts = (
        Act(
            "pause",
            translatable("Pause"),
            DRAFT,
            lambda run, by, _why: pause(run, by),
            (CannotSteer,),
        ),
        Act(
            "resume",
            translatable("Go on"),
            DRAFT,
            lambda run, by, _why: resume(run, by),
            (CannotSteer,),
        ),
        Act(
            "cancel",
            translatable("Cancel"),
            DRAFT,
            lambda run, by, _why: cancel(run, by),
            (CannotSteer,),
        ),
        Act(
            "retry_failed",
            translatable("Draft what failed again"),
            DRAFT,
            lambda run, by, _why: retry_failed(run, by),
            (CannotSteer,),
        ),
    )
    list_display = ("id", "task", "prompt", "model_version", "state", "created_by", "created_at")
    list_filter = ("state", "task")
    list_select_related = ("task", "prompt__task", "model_version", "created_by")
    finders = (by_number("id"), by_words("created_by__username"))

    def page_of(self, row: Run) -> str:
        """Return the page of the run; that of a trial has another one."""
        return "" if row.trial_id else reverse("run", args=[row.pk])


class FindingInline(ReadOnlyInline):
    """What the checks said."""

    model = Finding
    related = ("category",)
    fields = ("level", "check_name", "message", "start", "end", "category", "pointer")


class PlaceInline(ReadOnlyInline):
    """The reviews that the draft wants."""

    model = Place
    fields = ("ordinal", "state", "priority")


@admin.register(Draft)
class DraftAdmin(HistoryAdmin):
    """What models wrote."""

    acts: Sequence[Act] = (
        Act(
            "let_through",
            translatable("Let through"),
            LEAD,
            lambda draft, by, why: let_through(draft.pk, by, why),
            (CannotLetThrough, Draft.DoesNotExist),
            asks_why=True,
        ),
    )
    list_display = ("id", "task", "state", "text", "model_version", "priority", "created_at")
    list_filter = ("state", "task")
    list_select_related = ("task", "model_version")
    finders = (by_number("id"), _by_external_id("recommendation"))
    ordering = ("-id",)
    inlines = (FindingInline, PlaceInline)

    def page_of(self, row: Draft) -> str:
        """Return the page of the draft; one of a trial is shown there only."""
        return "" if row.run.trial_id else reverse("draft", args=[row.pk])


@admin.register(Dismissal)
class DismissalAdmin(HistoryAdmin):
    """Findings that a lead declared to be nothing in a task."""

    acts = (
        Act(
            "revoke",
            translatable("Revoke"),
            LEAD,
            lambda dismissal, by, _why: revoke(dismissal.pk, by),
            (CannotDismiss,),
        ),
    )
    list_display = ("id", "task", "check_name", "words", "reason", "dismissed_by", "revoked_at")
    list_filter = ("task",)
    list_select_related = ("task", "dismissed_by")
    search_fields = ("check_name", "words")

    def page_of(self, row: Dismissal) -> str:
        """Return the page of what its task's checks block."""
        return reverse("task-checks", args=[row.task.slug])


@admin.register(LetThrough)
class LetThroughAdmin(HistoryAdmin):
    """Blocked drafts that a lead let through."""

    list_display = ("draft_id", "person", "reason", "at")
    list_display_links = ("draft_id",)
    list_select_related = ("person",)
    finders = (by_number("draft"),)
    ordering = ("-id",)

    def page_of(self, row: LetThrough) -> str:
        """Return the page of the draft."""
        return reverse("draft", args=[row.draft_id])


@admin.register(Trial)
class TrialAdmin(HistoryAdmin):
    """Prompts tried beside one another."""

    list_display = ("id", "task", "prompt", "against", "sample", "created_by", "created_at")
    list_filter = ("task",)
    list_select_related = ("task", "prompt__task", "against__task", "created_by")

    def page_of(self, row: Trial) -> str:
        """Return the page of the trial."""
        return reverse("trial", args=[row.task.slug, row.pk])


@admin.register(PublishedLine)
class PublishedLineAdmin(HistoryAdmin):
    """What new lines must not repeat."""

    list_display = ("source", "task", "text", "published_at")
    list_filter = ("task",)
    list_select_related = ("task",)
    finders = (by_words("source"),)
    ordering = ("-id",)


@admin.register(Drainer)
class DrainerAdmin(HistoryAdmin):
    """Who drafts right now."""

    list_display = ("name", "started_at", "beat_at", "in_flight", "written")
