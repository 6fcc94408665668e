"""An editor says that a fact is wrong, stale, missing or not for showing."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from explanations.models import Draft, Recommendation


class FactReport(models.Model):
    """An editor says that a fact is wrong, stale, missing or not for showing.

    While it is OPEN, drafts that rest on the fact are held back from the queue; it counts no
    error against the model, which could not have known.
    """

    class Problem(models.TextChoices):
        WRONG = "wrong", _("wrong")
        STALE = "stale", _("stale")
        MISSING = "missing", _("missing")
        NOT_FOR_SHOWING = "not_for_showing", _("not for showing")

    class State(models.TextChoices):
        OPEN = "OPEN", _("open")
        ACCEPTED = "ACCEPTED", _("accepted")
        REFUSED = "REFUSED", _("refused")

    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="fact_reports"
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, blank=True, related_name="fact_reports"
    )
    pointer = models.CharField(max_length=300)
    problem = models.CharField(max_length=20, choices=Problem.choices)
    value_then = models.JSONField(null=True, blank=True, help_text="What the fact said.")
    right_value = models.JSONField(null=True, blank=True)
    source = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True)
    catalogue_owner = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="fact_reports"
    )
    created_at = models.DateTimeField(db_default=Now())
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    settled_reason = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_open_report_per_fact_and_editor",
                fields=["recommendation", "pointer", "reported_by"],
                condition=models.Q(state="OPEN"),
            )
        ]
        indexes: ClassVar = [
            models.Index(
                name="fact_report_open",
                fields=["recommendation", "pointer"],
                condition=models.Q(state="OPEN"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.pointer} is {self.get_problem_display()}"
