"""What the desk did on each day, counted from its reviews: what long periods are answered from."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from explanations.models import Task


class DeskDay(models.Model):
    """What one editor did on one day in one task.

    Derived: a day is always counted anew and whole, from the reviews that stand, so that an undo of
    weeks ago changes the day of its review and no row is ever counted twice.
    """

    pk = models.CompositePrimaryKey("day", "task_id", "editor_id")
    day = models.DateField(help_text="Of the desk's time zone.")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+", db_index=False)
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    outcomes = models.JSONField(
        help_text='How many there were of each: {"EDIT": 12, "SKIP field": 1, "UNDO EDIT": 1}.'
    )
    times = ArrayField(
        models.PositiveIntegerField(),
        help_text="How many decisions took how long: see feedback.times_at_work.",
    )

    class Meta:
        indexes: ClassVar = [models.Index(name="desk_day_of_editor", fields=["editor", "day"])]

    def __str__(self) -> str:
        return f"{self.day}: {self.outcomes}"


class CheckDay(models.Model):
    """What editors made of the findings of one version of a check on one day in one task."""

    pk = models.CompositePrimaryKey("day", "task_id", "check_name", "check_version")
    day = models.DateField(help_text="Of the desk's time zone.")
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+", db_index=False)
    check_name = models.CharField(max_length=60)
    check_version = models.PositiveSmallIntegerField()
    taken = models.PositiveIntegerField()
    dismissed = models.PositiveIntegerField()
    left = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.check_name}"


class DeskDaysCounted(models.Model):
    """How far the days are counted; one row."""

    settled_until = models.DateTimeField(
        null=True, help_text="Whatever was written before then has been counted."
    )
    counted_at = models.DateTimeField(null=True)
    time_zone = models.CharField(max_length=60, help_text="In which the days were counted.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="desk_days_are_counted_by_one_row", condition=models.Q(id=1)
            )
        ]

    def __str__(self) -> str:
        return f"until {self.settled_until}"
