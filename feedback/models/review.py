"""An editor's submitted decision on a draft: append-only, undone by a superseding row."""

from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import append_only
from explanations.models import Answer, Category, Criterion, Draft, Finding, Guide, Place, Severity
from feedback.models.assignment import Assignment

WILL_BE_COUNTED: Final = (
    "INSERT INTO feedback_drafttocount (draft_id) VALUES (NEW.draft_id); RETURN NULL;"
)
"""What a trigger does in the transaction that changes a judgement: see DraftToCount."""


class HoldsOnlyChanges(models.Func):
    """Whether a JSON value is a list of changes: offsets in order, texts, and a list of tags."""

    template = (
        "(jsonb_typeof(%(expressions)s) = 'array'"
        " AND NOT jsonb_path_exists(%(expressions)s, '$[*] ? (!("
        '@.start.type() == "number" && @.start >= 0 && @.end >= @.start'
        " && @.after_start >= 0 && @.after_end >= @.after_start"
        ' && @.before.type() == "string" && @.after.type() == "string"'
        ' && @.tags.type() == "array"))\'))'
    )
    output_field = models.BooleanField()


class ReviewQuerySet(models.QuerySet["Review"]):
    """Reviews, chainable."""

    def standing(self) -> "ReviewQuerySet":
        """Those that count: not superseded, and not themselves an undo."""
        # Said as a sub-query, because of a left join the database expects that hardly any row is
        # left, and reads all of an editor's reviews to find the last one.
        superseding = Review.objects.filter(supersedes=models.OuterRef("pk")).order_by()
        return self.filter(~models.Exists(superseding)).exclude(outcome=Review.Outcome.UNDO)


class Review(models.Model):
    """An editor's submitted decision on a draft.

    `(editor, key)` is unique: the browser makes the key once for each assignment, so a double
    Enter or a retry after a lost reply finds the first answer (`body_sha256` tells a repetition
    from a different body under the same key).
    """

    class Outcome(models.TextChoices):
        ACCEPT = "ACCEPT", _("accepted as exemplary")
        BLAND = "BLAND", _("fine but bland")
        EDIT = "EDIT", _("edited")
        REJECT = "REJECT", _("rejected")
        UNREVIEWABLE = "UNREVIEWABLE", _("unreviewable")
        ESCALATE = "ESCALATE", _("to the lead")
        SKIP = "SKIP", _("skipped")
        UNDO = "UNDO", _("undone")

    # Every submission writes to each index. Those that begin like another one, or that nobody looks
    # anything up by, are left out, here and in what belongs to a review.
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="reviews")
    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="reviews")
    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, null=True, blank=True, related_name="reviews"
    )
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews", db_index=False
    )
    key = models.UUIDField()
    body_sha256 = models.CharField(max_length=64)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="From the short list.")
    note = models.TextField(blank=True)
    rewrite = models.TextField(blank=True, help_text="The golden text of an EDIT.")
    rewrite_output = models.JSONField(null=True, blank=True)
    alignment = models.JSONField(
        default=list,
        blank=True,
        help_text="Changes from draft to rewrite, each with its tags and its cause.",
    )
    guide = models.ForeignKey(
        Guide,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        db_index=False,
    )
    active_ms = models.PositiveIntegerField(default=0)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="review_key_is_unique", fields=["editor", "key"]),
            models.CheckConstraint(
                name="undo_supersedes",
                condition=~models.Q(outcome="UNDO") | models.Q(supersedes__isnull=False),
            ),
            models.CheckConstraint(
                name="edit_has_a_rewrite",
                condition=~models.Q(outcome="EDIT") | ~models.Q(rewrite=""),
            ),
            models.CheckConstraint(
                name="alignment_is_of_an_edit",
                condition=models.Q(outcome="EDIT") | models.Q(alignment=[]),
            ),
            models.CheckConstraint(
                name="alignment_holds_changes", condition=HoldsOnlyChanges("alignment")
            ),
            models.CheckConstraint(
                name="unreviewable_escalate_and_skip_have_a_reason",
                condition=~models.Q(outcome__in=["UNREVIEWABLE", "ESCALATE", "SKIP"])
                | ~models.Q(reason=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["editor", "-id"]),
            models.Index(name="review_by_time", fields=["created_at"]),
            models.Index(
                name="review_rejected", fields=["id"], condition=models.Q(outcome="REJECT")
            ),
            models.Index(
                name="review_escalated", fields=["editor"], condition=models.Q(outcome="ESCALATE")
            ),
        ]
        triggers: ClassVar = [
            append_only("review_is_append_only"),
            pgtrigger.Trigger(
                name="review_will_be_counted",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                condition=~pgtrigger.Q(new__outcome__in=["SKIP", "ESCALATE"]),
                func=WILL_BE_COUNTED,
            ),
        ]

    def __str__(self) -> str:
        return f"review {self.pk}: {self.outcome}"


class Tag(models.Model):
    """An error that an editor marked: category, severity, note, fact, and its scope."""

    class Scope(models.TextChoices):
        SPAN = "span", _("words of the draft")
        DRAFT = "draft", _("the whole draft")
        MISSING = "missing", _("something missing")

    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="tags", db_index=False
    )
    ordinal = models.PositiveSmallIntegerField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="tags")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    quote = models.TextField(blank=True, help_text="The very words that the span covers.")
    note = models.CharField(max_length=500, blank=True)
    pointer = models.CharField(max_length=300, blank=True, help_text="The fact it rests on.")
    finding = models.ForeignKey(
        Finding, on_delete=models.PROTECT, null=True, blank=True, related_name="tags"
    )

    class Meta:
        ordering: ClassVar = ["review", "ordinal"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="tag_ordinal_is_unique", fields=["review", "ordinal"]),
            models.CheckConstraint(
                name="tag_severity_is_known", condition=models.Q(severity__in=Severity.values)
            ),
            models.CheckConstraint(
                name="span_tag_quotes_its_words",
                condition=models.Q(scope="span", start__isnull=False, end__gt=models.F("start"))
                & ~models.Q(quote="")
                | models.Q(
                    scope__in=["draft", "missing"], start__isnull=True, end__isnull=True, quote=""
                ),
            ),
        ]
        triggers: ClassVar = [append_only("tag_is_append_only")]

    def __str__(self) -> str:
        return f"{self.category} ({self.get_severity_display()})"


class CriterionAnswer(models.Model):
    """Yes, no or not applicable to one question of the task."""

    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="answers", db_index=False
    )
    criterion = models.ForeignKey(Criterion, on_delete=models.PROTECT, related_name="answers")
    answer = models.CharField(max_length=3, choices=Answer.choices)
    by_tag = models.BooleanField(
        default=False,
        db_default=False,
        help_text="A tag decided it and the editor let it stand; otherwise they answered it.",
    )

    class Meta:
        ordering: ClassVar = ["review", "criterion"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_answer_per_criterion", fields=["review", "criterion"])
        ]
        triggers: ClassVar = [append_only("answer_is_append_only")]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.answer}"
