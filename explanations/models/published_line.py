"""Lines that people have seen: what new ones must not repeat."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from explanations.models.task import Task


class PublishedLine(models.Model):
    """A text that somebody stands behind, as new drafts are compared with it.

    Handed down by whoever publishes; `source` says which text of theirs it is.
    """

    source = models.CharField(max_length=60, unique=True, help_text="Such as “golden 12”.")
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="published_lines", db_index=False
    )
    text = models.TextField()
    words = ArrayField(models.TextField(), help_text="Those that are no facts.")
    owner = models.CharField(max_length=32, help_text="Stands for the item it is about.")
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(name="published_line_of_task", fields=["task", "-id"])]

    def __str__(self) -> str:
        return self.text
