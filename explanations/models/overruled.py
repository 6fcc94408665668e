"""Where a lead knew better than a check: findings that are nothing, and drafts let through."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.history import append_only, kept
from explanations.models.draft import Draft
from explanations.models.task import Task


class Dismissal(models.Model):
    """A finding that a lead declared to be nothing in all drafts of a task, until revoked."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="dismissals")
    check_name = models.CharField(max_length=60)
    gist = models.CharField(max_length=200)
    words = models.CharField(
        max_length=300, blank=True, help_text="As they stood in the draft; none for a whole text."
    )
    message = models.CharField(max_length=300)
    reason = models.CharField(max_length=500)
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    dismissed_at = models.DateTimeField(db_default=Now())
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="dismissed_once_at_a_time",
                fields=["task", "check_name", "gist"],
                condition=models.Q(revoked_at__isnull=True),
            ),
            models.CheckConstraint(
                name="dismissal_says_why_and_what",
                condition=~models.Q(reason="") & ~models.Q(gist=""),
            ),
            models.CheckConstraint(
                name="dismissal_is_revoked_by_somebody",
                condition=models.Q(revoked_at__isnull=True, revoked_by__isnull=True)
                | models.Q(revoked_at__isnull=False, revoked_by__isnull=False),
            ),
        ]
        triggers: ClassVar = [kept("dismissal_stays")]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.words or self.message}"


class LetThrough(models.Model):
    """A blocked draft that a lead let through to the queue, and why."""

    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, related_name="let_through")
    reason = models.CharField(max_length=500)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "drafts let through"
        constraints: ClassVar = [
            models.CheckConstraint(name="let_through_says_why", condition=~models.Q(reason=""))
        ]
        triggers: ClassVar = [append_only("let_through_is_append_only")]

    def __str__(self) -> str:
        return f"draft {self.draft_id} was let through"
