"""The drainers at work: who drafts right now, and when they were last heard of."""

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Drainer(models.Model):
    """One process that drafts right now. It beats; a row that has fallen silent is dead.

    Bounds how many drafts are made at once, and tells the sweeper and the pages whether anybody
    works. Leases, not this row, protect the drafts.
    """

    name = models.CharField(max_length=100, unique=True, help_text="What `claimed_by` says.")
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(db_default=Now())
    in_flight = models.PositiveIntegerField(default=0, help_text="Requests, at the last beat.")
    written = models.PositiveIntegerField(default=0, help_text="Drafts ended since it started.")

    class Meta:
        ordering: ClassVar = ["started_at"]

    def __str__(self) -> str:
        return self.name


class DraftsEnded(models.Model):
    """How many drafts the drainers ended that have left; one row."""

    how_many = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "drafts ended"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="drafts_ended_are_counted_in_one_row", condition=models.Q(id=1)
            )
        ]

    def __str__(self) -> str:
        return str(self.how_many)
