"""What a review is worth to training, ready to be written: texts, prompt, verdict, likeness."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from accounts.history import final_columns
from explanations.models import Draft, Guide, ModelVersion, Prompt, Recommendation, Task
from feedback.models.golden import Golden
from feedback.models.review import Review


class Lesson(models.Model):
    """What one review gives to training, with its golden where it has one.

    Derived, so that a build of a million rows renders no prompt and runs no check. All but the
    verdict is final, as what it was made of is; whether its golden still stands is the golden's
    state, which is asked at each build.
    """

    class Sft(models.TextChoices):
        NO = "no"
        YES = "yes"
        CAPPED = "capped"

    class Dpo(models.TextChoices):
        NO = "no"
        GOLDEN = "golden"
        SIBLING = "sibling"

    # Made by the million from rows that stay for ever: the database need not check them, and looks
    # for lessons by few of them.
    review = models.ForeignKey(
        Review,
        on_delete=models.CASCADE,
        related_name="lessons",
        db_index=False,
        db_constraint=False,
    )
    golden = models.OneToOneField(
        Golden,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="lesson",
        db_constraint=False,
    )
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.CASCADE, related_name="+", db_constraint=False
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    prompt = models.ForeignKey(
        Prompt, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    guide = models.ForeignKey(
        Guide,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Who reviewed; of a rewritten golden, who rewrote it.",
    )
    group = models.CharField(max_length=200)
    locale = models.CharField(max_length=35)
    external_id = models.CharField(max_length=200, help_text="The recommendation's.")
    outcome = models.CharField(max_length=12)
    reviewed_at = models.DateTimeField()
    categories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    answers = models.JSONField(default=dict, blank=True, help_text="Criterion -> yes, no or na.")
    tags = models.JSONField(
        default=list, blank=True, help_text="Whole, as files of rows hold them."
    )

    sft = models.CharField(max_length=6, choices=Sft.choices)
    dpo = models.CharField(max_length=7, choices=Dpo.choices)
    kto_answer = models.BooleanField(help_text="Its answer is one to like.")
    kto_draft = models.BooleanField(help_text="Its draft is one not to like.")
    spans = models.BooleanField(
        help_text="Its tags and changes are about its texts; not where newer facts made it anew."
    )
    knows_more = models.BooleanField(
        help_text="The golden rests on a fact that the model was not shown."
    )
    question = models.TextField(blank=True, help_text="The facts as the prompt shows them.")
    answer = models.TextField(blank=True, help_text="What a model should have answered.")
    draft_answer = models.TextField(blank=True, help_text="What the model did answer.")

    refused = models.CharField(max_length=100, blank=True, help_text="Why nobody trains on it.")
    draft_refused = models.CharField(
        max_length=100,
        blank=True,
        help_text="Why nobody is shown the draft, not even as a bad one.",
    )
    judged_by = models.CharField(max_length=16, help_text="Stands for the rules that judged it.")
    judged_at = models.DateTimeField()

    bands = ArrayField(models.IntegerField(), help_text="Near texts share one.")
    crowded_from = models.FloatField(
        null=True,
        blank=True,
        help_text="So alike are others, too many to keep each; empty where each is kept.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="reject_is_one_lesson",
                fields=["review"],
                condition=models.Q(golden__isnull=True),
            )
        ]
        indexes: ClassVar = [
            # What is chosen by, beside the texts: of a million lessons a build reads nothing else
            # until it writes.
            models.Index(
                name="lesson_worth",
                fields=["review"],
                include=[
                    *("id", "golden", "draft", "recommendation", "task", "editor", "prompt"),
                    *("model_version", "guide", "group", "locale", "outcome", "reviewed_at"),
                    *("categories", "sft", "dpo", "kto_answer", "kto_draft", "spans"),
                    *("knows_more", "refused", "draft_refused", "crowded_from"),
                ],
            ),
            models.Index(name="lesson_by_draft", fields=["draft"]),
            models.Index(name="lesson_by_rules", fields=["task", "judged_by"]),
            models.Index(name="lesson_refused", fields=["task"], condition=~models.Q(refused="")),
            # Looked into for every lesson that is made, which would go each time through all that
            # is not in its place yet.
            GinIndex(name="lesson_bands", fields=["bands"], fastupdate=False),
        ]
        triggers: ClassVar = [
            final_columns(
                "lesson_is_final",
                "review",
                "golden",
                "prompt",
                "question",
                "answer",
                "draft_answer",
            )
        ]

    def __str__(self) -> str:
        return f"lesson of {self.golden or self.review}"


class NearLessons(models.Model):
    """Two lessons whose texts are so much alike that a dataset may want only one of them."""

    pk = models.CompositePrimaryKey("later_id", "earlier_id")
    later = models.ForeignKey(
        Lesson,
        on_delete=models.CASCADE,
        related_name="near_earlier",
        db_index=False,
        db_constraint=False,
    )
    earlier = models.ForeignKey(
        Lesson, on_delete=models.CASCADE, related_name="near_later", db_constraint=False
    )
    alike = models.FloatField(help_text="Share of their pairs of words that both have, 0 to 1.")

    def __str__(self) -> str:
        return f"{self.earlier_id} and {self.later_id}: {self.alike:.2f}"
