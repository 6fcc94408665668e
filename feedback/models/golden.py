"""A text that editors stand behind, with the facts it rests on as they were then."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from accounts.history import final_columns, kept
from explanations.models import FactSnapshot, Prompt, Recommendation, Task
from feedback.models.review import Review


class Golden(models.Model):
    """A text that editors stand behind, with the facts it rests on as they were then.

    Text, output, facts and grade are final (the database refuses a change): what is wrong with a
    golden is said by its state, and a better one is a new row.
    """

    class Grade(models.TextChoices):
        PUBLISHABLE = "publishable", "publishable"
        EXEMPLARY = "exemplary", "exemplary"

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", "waits for a second person"
        APPROVED = "APPROVED", "approved"
        SENT_BACK = "SENT_BACK", "sent back"
        NEEDS_REVIEW = "NEEDS_REVIEW", "needs a new review"
        WITHDRAWN = "WITHDRAWN", "withdrawn"

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="goldens")
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="goldens"
    )
    review = models.OneToOneField(Review, on_delete=models.PROTECT, related_name="golden")
    snapshot = models.ForeignKey(FactSnapshot, on_delete=models.PROTECT, related_name="goldens")
    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="goldens")
    text = models.TextField()
    output = models.JSONField(null=True, blank=True)
    rests_on = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    grade = models.CharField(max_length=12, choices=Grade.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    state_reason = models.CharField(max_length=500, blank=True)
    overridden = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        help_text="Check and gist of each finding in spite of which a lead approved it.",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The second person; empty where the task asks for none.",
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="golden_has_text", condition=~models.Q(text=""))
        ]
        indexes: ClassVar = [models.Index(fields=["task", "state", "grade", "id"])]
        triggers: ClassVar = [
            final_columns(
                "golden_is_final",
                "task",
                "recommendation",
                "review",
                "snapshot",
                "prompt",
                "text",
                "output",
                "rests_on",
                "grade",
            ),
            kept("golden_stays"),
        ]

    def __str__(self) -> str:
        return f"golden {self.pk}"
