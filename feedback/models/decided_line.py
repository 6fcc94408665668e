"""What an editor's memory is made of: decided lines, by what they are about and how they read."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from explanations.models import Task
from feedback.models.review import Review


class DecidedLine(models.Model):
    """The draft of a review that stands, as "Decided before" finds it; gone with an undo.

    Derived from the review and made with it: nothing here is said nowhere else.
    """

    review = models.OneToOneField(
        Review, on_delete=models.CASCADE, primary_key=True, related_name="decided_line"
    )
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="decided_lines", db_index=False
    )
    group = models.CharField(max_length=200, help_text="The recommendation's: the artist, say.")
    item = models.UUIDField(help_text="Stands for the item that it is about.")
    bands = ArrayField(models.IntegerField(), help_text="Near texts are likely to share one.")

    class Meta:
        indexes: ClassVar = [
            models.Index(name="decided_line_of_item", fields=["task", "item", "-review"]),
            models.Index(name="decided_line_of_group", fields=["task", "group", "-review"]),
            GinIndex(name="decided_line_bands", fields=["bands"]),
        ]

    def __str__(self) -> str:
        return f"what {self.review} was about"
