"""What editors think of what the checks say."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.history import append_only
from explanations.models import Finding
from feedback.models.review import Review


class FindingJudgement(models.Model):
    """What became of a finding in a review that showed it.

    Reviews of the blind sample show none, so they judge none.
    """

    class Verdict(models.TextChoices):
        TAKEN = "taken", _("taken")
        DISMISSED = "dismissed", _("dismissed")
        LEFT = "left", _("left undecided")

    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="judgements", db_index=False
    )
    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="judgements")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="finding_is_judged_once_a_review", fields=["review", "finding"]
            ),
            models.CheckConstraint(
                name="verdict_is_known",
                condition=models.Q(verdict__in=["taken", "dismissed", "left"]),
            ),
        ]
        triggers: ClassVar = [append_only("judgement_is_append_only")]

    def __str__(self) -> str:
        return f"{self.finding}: {self.get_verdict_display()}"
