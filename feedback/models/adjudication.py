"""A lead's answer to reviews that disagree: which of them is right."""

from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from accounts.history import final_columns, kept
from explanations.models import Draft
from feedback.models.review import WILL_BE_COUNTED, Review

_ONE_OF_ITS_DRAFT: Final = """
IF NOT EXISTS (
    SELECT FROM feedback_review review
    WHERE review.id = NEW.review_id AND review.draft_id = NEW.draft_id
) THEN
    RAISE EXCEPTION 'An adjudication is for a review of its own draft.'
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class AdjudicationQuerySet(models.QuerySet["Adjudication"]):
    """Adjudications, chainable."""

    def standing(self) -> "AdjudicationQuerySet":
        """Those that nobody has taken back."""
        return self.filter(undone_at=None)


class Adjudication(models.Model):
    """A lead says which of a draft's reviews is right, and why.

    While it stands the draft is settled as that review decided, and the others count for nothing.
    It is never changed, only taken back, once.
    """

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="adjudications")
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="adjudications", help_text="What is right."
    )
    lead = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=500)
    withdrew = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="The goldens of the other reviews, each with the state and the reason it had.",
    )
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )

    objects = AdjudicationQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_standing_adjudication_per_draft",
                fields=["draft"],
                condition=models.Q(undone_at=None),
            ),
            models.CheckConstraint(name="adjudication_says_why", condition=~models.Q(reason="")),
            models.CheckConstraint(
                name="undone_adjudication_says_when_and_by_whom",
                condition=models.Q(undone_at=None, undone_by=None)
                | models.Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="adjudication_of_late",
                fields=["created_at"],
                condition=models.Q(undone_at=None),
            ),
        ]
        triggers: ClassVar = [
            kept("adjudication_stays"),
            final_columns(
                "adjudication_is_final",
                *("draft", "review", "lead", "reason", "withdrew", "created_at"),
            ),
            final_columns(
                "adjudication_is_undone_once",
                *("undone_at", "undone_by"),
                once=pgtrigger.Q(old__undone_at__isnull=False),
            ),
            pgtrigger.Trigger(
                name="adjudication_is_of_its_draft",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=_ONE_OF_ITS_DRAFT,
            ),
            pgtrigger.Trigger(
                name="adjudication_will_be_counted",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("undone_at"),  # type: ignore[no-untyped-call]
                func=WILL_BE_COUNTED,
            ),
        ]

    def __str__(self) -> str:
        return f"adjudication {self.pk}: review {self.review_id}"


def overruled(review: str = "") -> models.Exists:
    """Return a condition on reviews: a lead has found another review of their draft right. On rows
    that have one, `review` names their way to it.
    """
    draft, itself = (f"{review}__draft", review) if review else ("draft", "pk")
    return models.Exists(
        Adjudication.objects.standing()
        .filter(draft=models.OuterRef(draft))
        .exclude(review=models.OuterRef(itself))
        .order_by()
    )


NOT_OVERRULED: Final = """
NOT EXISTS (
    SELECT FROM feedback_adjudication settled
    WHERE settled.draft_id = review.draft_id AND settled.undone_at IS NULL
      AND settled.review_id <> review.id
)
"""
"""In a statement, a condition on `review`: no lead has found another review of its draft right."""
