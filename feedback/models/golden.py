"""A text that editors stand behind, with the facts it rests on as they were then."""

from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns, kept
from explanations.models import FactSnapshot, Prompt, Recommendation, Task
from explanations.models.text_search import index_of_words, language_by_locale, language_field
from feedback.models.review import Review

# After the golden's own write and in its transaction: see GoldenChange.
_WRITE_CHANGE: Final = (
    "INSERT INTO feedback_goldenchange (golden_id, state) VALUES (NEW.id, NEW.state); RETURN NULL;"
)
# Whether it stands is what words changed from draft to golden are counted by: see DraftToCount.
_WILL_BE_COUNTED: Final = """
INSERT INTO feedback_drafttocount (draft_id)
SELECT draft_id FROM feedback_review WHERE id = NEW.review_id;
RETURN NULL;
"""


class Golden(models.Model):
    """A text that editors stand behind, with the facts it rests on as they were then.

    Text, output, facts and grade are final (the database refuses a change): what is wrong with a
    golden is said by its state, and a better one is a new row.
    """

    class Grade(models.TextChoices):
        PUBLISHABLE = "publishable", _("publishable")
        EXEMPLARY = "exemplary", _("exemplary")

    class State(models.TextChoices):
        PROPOSED = "PROPOSED", _("waits for a second person")
        APPROVED = "APPROVED", _("approved")
        SENT_BACK = "SENT_BACK", _("sent back")
        NEEDS_REVIEW = "NEEDS_REVIEW", _("needs a new review")
        WITHDRAWN = "WITHDRAWN", _("withdrawn")

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="goldens", db_index=False)
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="goldens"
    )
    review = models.ForeignKey(
        Review,
        on_delete=models.PROTECT,
        related_name="goldens",
        help_text="The decision it goes back to; of a rewritten one, that of the first.",
    )
    replaces = models.OneToOneField(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        help_text="The golden whose facts changed, of which this is the rewrite.",
    )
    rewritten_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who rewrote it after its facts changed; empty for the editor's own.",
    )
    snapshot = models.ForeignKey(FactSnapshot, on_delete=models.PROTECT, related_name="goldens")
    prompt = models.ForeignKey(
        Prompt, on_delete=models.PROTECT, related_name="goldens", db_index=False
    )
    text = models.TextField()
    language = language_field()
    output = models.JSONField(null=True, blank=True)
    rests_on = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    grade = models.CharField(max_length=12, choices=Grade.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PROPOSED)
    state_reason = models.CharField(max_length=500, blank=True)
    overridden = models.JSONField(
        default=list,
        blank=True,
        db_default=[],
        help_text="Check and gist of each finding in spite of which a lead approved it.",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The second person; empty where the task asks for none.",
    )
    still_right_with = models.ForeignKey(
        FactSnapshot,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The newer facts with which somebody found it still right.",
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(name="golden_has_text", condition=~models.Q(text="")),
            models.UniqueConstraint(
                name="one_standing_golden_per_review",
                fields=["review"],
                condition=~models.Q(state="WITHDRAWN"),
            ),
            models.CheckConstraint(
                name="rewritten_golden_says_what_it_replaces_and_who",
                condition=models.Q(replaces__isnull=True, rewritten_by__isnull=True)
                | models.Q(replaces__isnull=False, rewritten_by__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["task", "state", "grade", "id"]),
            # What waits for somebody is little beside all that stands.
            models.Index(
                name="golden_waiting",
                fields=["state", "review"],
                condition=models.Q(state__in=["PROPOSED", "SENT_BACK", "NEEDS_REVIEW"]),
            ),
            models.Index(
                name="golden_judged",
                fields=["changed_at"],
                condition=models.Q(approved_by__isnull=False) | models.Q(state="WITHDRAWN"),
            ),
            models.Index(
                name="golden_exemplary",
                fields=["task", "changed_at"],
                condition=models.Q(state="APPROVED", grade="exemplary"),
            ),
            index_of_words("golden_words"),
        ]
        triggers: ClassVar = [
            final_columns(
                "golden_is_final",
                "task",
                "recommendation",
                "review",
                "replaces",
                "rewritten_by",
                "snapshot",
                "prompt",
                "text",
                "output",
                "rests_on",
                "grade",
            ),
            kept("golden_stays"),
            language_by_locale("golden_has_a_language"),
            pgtrigger.Trigger(
                name="golden_begins",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func=_WRITE_CHANGE,
            ),
            pgtrigger.Trigger(
                name="golden_changes",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
                func=_WRITE_CHANGE,
            ),
            pgtrigger.Trigger(
                name="golden_that_replaces_will_be_counted",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Q(new__replaces__isnull=False),
                func=_WILL_BE_COUNTED,
            ),
            pgtrigger.Trigger(
                name="golden_that_falls_will_be_counted",
                when=pgtrigger.After,
                operation=pgtrigger.UpdateOf("state"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state"))
                & (pgtrigger.Q(old__state="WITHDRAWN") | pgtrigger.Q(new__state="WITHDRAWN")),
                func=_WILL_BE_COUNTED,
            ),
        ]

    def __str__(self) -> str:
        return f"golden {self.pk}"

    @property
    def writer_id(self) -> int:
        """Who stands behind the words, and so cannot be the second person: `review` is read."""
        return self.rewritten_by_id or self.review.editor_id
