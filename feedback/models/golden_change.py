"""What became of goldens, one row a change: the feed that programs follow."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from accounts.history import kept
from feedback.models.golden import Golden


class GoldenChange(models.Model):
    """A golden came to a state. The database itself writes it with the golden, so that none is
    forgotten; its `number` comes later (`feedback.services.golden_changes`).
    """

    golden = models.ForeignKey(
        Golden, on_delete=models.PROTECT, related_name="changes", db_index=False
    )
    state = models.CharField(max_length=12, choices=Golden.State.choices)
    at = models.DateTimeField(db_default=Now())
    number = models.PositiveBigIntegerField(
        null=True,
        blank=True,
        unique=True,
        help_text="Its place in the feed; empty until somebody first looks.",
    )

    class Meta:
        ordering: ClassVar = ["number"]
        indexes: ClassVar = [
            models.Index(
                name="golden_change_without_number",
                fields=["id"],
                condition=models.Q(number__isnull=True),
            ),
        ]
        triggers: ClassVar = [kept("golden_change_stays")]

    def __str__(self) -> str:
        return f"{self.golden_id} {self.state}"
