"""What is too dear to count at each look: counted by a worker, and kept until it counts again."""

from django.db import models


class Measure(models.Model):
    """The latest counts of one kind, as JSON, and when they were made."""

    name = models.CharField(max_length=40, primary_key=True)
    value = models.JSONField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at}"
