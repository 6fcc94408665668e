"""What a lead does at once to all that a search found: prepared, done, taken back."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns
from explanations.models import Draft
from feedback.models.golden import Golden
from feedback.models.review import Review


class BulkAction(models.Model):
    """One action on all drafts or goldens that a search found.

    Its rows are the texts that it is about: fixed when it is prepared, so that what is done is what
    was shown, and narrowed to those it changed when it is done. The log has it once.
    """

    class Kind(models.TextChoices):
        QUARANTINE = "quarantine", _("quarantine")
        REDRAFT = "redraft", _("redraft")
        REVIEW = "review", _("send to review")

    class About(models.TextChoices):
        DRAFTS = "drafts", _("drafts")
        GOLDENS = "goldens", _("goldens")

    class State(models.TextChoices):
        PREPARED = "PREPARED", _("prepared")
        DONE = "DONE", _("done")
        UNDONE = "UNDONE", _("undone")

    kind = models.CharField(max_length=12, choices=Kind.choices)
    about = models.CharField(max_length=8, choices=About.choices)
    search = models.JSONField(help_text="What was searched for, as the address of the page has it.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREPARED)
    reason = models.CharField(max_length=500, blank=True)
    counts = models.JSONField(
        default=dict, help_text="What was found when it was prepared, and what is left out and why."
    )
    changed = models.PositiveIntegerField(default=0, help_text="Texts that it changed.")
    restored = models.PositiveIntegerField(default=0, help_text="Of these, those it gave back.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)
    review = models.ForeignKey(
        Review,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="caused",
        help_text="Whose harmful tag caused it; empty where a lead did it.",
    )
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The lead who looked at what a review had caused and let it stand.",
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="bulk_action_that_was_done_says_why_and_when",
                condition=models.Q(state="PREPARED")
                | (~models.Q(reason="") & models.Q(done_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="bulk_action_that_was_undone_says_who_and_when",
                condition=~models.Q(state="UNDONE")
                | models.Q(undone_by__isnull=False, undone_at__isnull=False),
            ),
            models.CheckConstraint(
                name="goldens_are_only_sent_to_review",
                condition=models.Q(about="drafts") | models.Q(kind="review"),
            ),
        ]
        triggers: ClassVar = [
            final_columns("bulk_action_is_final", "kind", "about", "search", "created_by", "review")
        ]

    def __str__(self) -> str:
        return f"bulk action {self.pk}"


class BulkActionRow(models.Model):
    """One text of a bulk action, and how it was before."""

    action = models.ForeignKey(
        BulkAction, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, blank=True, related_name="bulk_action_rows"
    )
    golden = models.ForeignKey(
        Golden, on_delete=models.PROTECT, null=True, blank=True, related_name="bulk_action_rows"
    )
    state_before = models.CharField(max_length=12)
    reason_before = models.CharField(max_length=500, blank=True, db_default="")
    places = models.JSONField(
        default=dict, db_default={}, help_text="Place -> its state before, of those it changed."
    )
    redraft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="draft_is_once_in_an_action", fields=["action", "draft"]),
            models.UniqueConstraint(
                name="golden_is_once_in_an_action", fields=["action", "golden"]
            ),
            models.CheckConstraint(
                name="bulk_action_row_is_about_one_text",
                condition=models.Q(draft__isnull=False, golden__isnull=True)
                | models.Q(draft__isnull=True, golden__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft or self.golden} in {self.action}"
