"""A trial: one prompt version beside another, on the same recommendations."""

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from explanations.models.model_version import ModelVersion
from explanations.models.task import Prompt, Task

MOST_SAMPLED = 50


class TrialQuerySet(models.QuerySet["Trial"]):
    """Trials, by what they are about."""

    def of(self, prompt: Prompt) -> Self:
        """Keep those in which the prompt stood on either side, newest first."""
        return self.filter(models.Q(prompt=prompt) | models.Q(against=prompt)).order_by("-id")


class Trial(models.Model):
    """One prompt version tried beside another: two runs over one sample, drafted like any other.

    What they write stays with the trial: the database opens no place for it, so that no editor is
    handed it, and no list or count of the desk's drafts has it.
    """

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="trials")
    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, related_name="+", help_text="The one that is tried."
    )
    against = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, related_name="+", help_text="The one it is compared with."
    )
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    sample = models.PositiveSmallIntegerField(help_text="Recommendations asked for.")
    seed = models.PositiveIntegerField(
        help_text="Decides which recommendations: the same seed takes the same ones again."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    key = models.UUIDField(
        null=True, blank=True, help_text="Made by who asks; the same key starts one trial."
    )

    objects = TrialQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="trial_compares_two_prompts",
                condition=~models.Q(prompt=models.F("against")),
            ),
            models.CheckConstraint(
                name="trial_sample_in_range",
                condition=models.Q(sample__gte=1, sample__lte=MOST_SAMPLED),
            ),
            models.UniqueConstraint(name="trial_key_is_unique", fields=["created_by", "key"]),
            models.UniqueConstraint(
                name="trial_is_what_its_runs_are", fields=["id", "task", "model_version"]
            ),
        ]

    def __str__(self) -> str:
        return f"trial {self.pk}"
