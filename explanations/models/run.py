"""A run: one request to draft many recommendations with one prompt and one model."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns
from explanations.models.model_version import ModelVersion
from explanations.models.task import Prompt, Task
from explanations.models.trial import Trial


class RunQuerySet(models.QuerySet["Run"]):
    """Runs, by what they are for."""

    def without_trials(self) -> Self:
        """Keep those that draft for editors."""
        return self.filter(trial__isnull=True)


class Run(models.Model):
    """One request to draft many recommendations with one prompt and one model."""

    class State(models.TextChoices):
        RUNNING = "RUNNING", _("running")
        PAUSED = "PAUSED", _("paused")
        CANCELLED = "CANCELLED", _("cancelled")
        DONE = "DONE", _("done")

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="runs")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="runs")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="runs")
    trial = models.ForeignKey(
        Trial,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="runs",
        help_text="Its drafts are compared there, and never reach an editor.",
    )
    selection = models.JSONField(
        default=dict, help_text="Which recommendations were asked for, as it was asked."
    )
    drafts_each = models.PositiveSmallIntegerField(default=1)
    priority = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Of its drafts, 0 to 100; without one each has its recommendation's.",
    )
    key = models.UUIDField(
        null=True, blank=True, help_text="Made by who asks; the same key starts one run."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(
                name="run_open", fields=["id"], condition=models.Q(state__in=["RUNNING", "PAUSED"])
            )
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="run_is_what_its_drafts_are", fields=["id", "task", "prompt", "model_version"]
            ),
            models.UniqueConstraint(name="run_is_one_side_of_a_trial", fields=["trial", "prompt"]),
            models.CheckConstraint(
                name="run_drafts_each_in_range",
                condition=models.Q(drafts_each__gte=1, drafts_each__lte=8),
            ),
            models.CheckConstraint(
                name="run_priority_in_range",
                condition=models.Q(priority__isnull=True)
                | models.Q(priority__gte=0, priority__lte=100),
            ),
            models.UniqueConstraint(name="run_key_is_unique", fields=["created_by", "key"]),
        ]
        triggers: ClassVar = [final_columns("run_stays_in_its_trial", "trial")]

    def __str__(self) -> str:
        return f"run {self.pk}"
