"""What judged drafts count for: one row a draft, tallies by day and month, and the keeper's row."""

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from explanations.models import Draft, Guide, ModelVersion, Prompt, Stratum, Task
from feedback.models.review import Review


class Cohort(models.Model):
    """What drafts have in common that numbers are asked by: all but the day.

    A desk has some hundreds of them, so a tally is narrow and a question finds its cohorts first.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="+", db_index=False)
    model_version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="+", db_index=False)
    locale = models.CharField(max_length=35)
    stratum = models.CharField(max_length=8, choices=Stratum.choices)
    blind = models.BooleanField()
    guide = models.ForeignKey(
        Guide,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="By which the drafts were reviewed.",
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="cohort_is_unique",
                fields=["task", "model_version", "prompt", "locale", "stratum", "blind", "guide"],
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"cohort {self.pk}"


class JudgedDraft(models.Model):
    """What a draft with a settled outcome counts for now.

    Made of the review that counts, and made anew when that changes (feedback.services.statistics).
    Nothing else is read to tally it.
    """

    # Made by the million from rows that stay for ever: the database need not check them.
    draft = models.OneToOneField(
        Draft,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="judged",
        db_constraint=False,
    )
    review = models.ForeignKey(
        Review,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="The one that counts.",
    )
    cohort = models.ForeignKey(
        Cohort, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    day = models.DateField(help_text="Of the review, in the desk's time zone.")
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    outcome = models.CharField(max_length=12, choices=Review.Outcome.choices)
    active_ms = models.PositiveIntegerField()
    words_changed = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of an edit with a golden that stands."
    )
    # A tag is the same place in both lists; so is an answer. Empty where the text was not judged.
    categories = ArrayField(models.BigIntegerField(), default=list, blank=True)
    severities = ArrayField(models.SmallIntegerField(), default=list, blank=True)
    criteria = ArrayField(models.BigIntegerField(), default=list, blank=True)
    answers = ArrayField(models.CharField(max_length=3), default=list, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(name="judged_by_cohort_and_day", fields=["cohort", "day", "draft"]),
            models.Index(name="judged_by_editor_and_day", fields=["editor", "day", "draft"]),
        ]

    def __str__(self) -> str:
        return f"what draft {self.draft_id} counts for"


class Tally(models.Model):
    """Counts of the judged drafts of a cohort, on a day or in a month.

    `a` and `b` say what of `measure` is counted. `drafts` have it; `total` and `squares` are the
    sums of its number in each and of that number's square, `score` and `score_squares` the same of
    their weights.
    """

    class Measure(models.IntegerChoices):
        OUTCOME = 1, "a: the outcome"
        ERRORS = 2, "a: the category; b: the severity, -1 for minor or worse"
        ANSWER = 3, "a: the criterion; b: 1 yes, 2 no, 3 not applicable"
        WORDS = 4, "a: words changed; total: words"
        MINUTES = 5, "a: a class of the time at work; b: 1 where rewritten; total: milliseconds"
        EDITOR = 6, "a: who made the review that counts"
        ALL_ERRORS = 7, "of all categories; b: the severity, -1 for minor or worse"

    class Span(models.TextChoices):
        DAY = "d", "a day"
        MONTH = "m", "a month"

    pk = models.CompositePrimaryKey("cohort_id", "measure", "span", "day", "a", "b")
    cohort = models.ForeignKey(
        Cohort, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    measure = models.SmallIntegerField(choices=Measure.choices)
    span = models.CharField(max_length=1, choices=Span.choices)
    day = models.DateField(help_text="The day, or the first of the month.")
    a = models.BigIntegerField()
    b = models.SmallIntegerField()
    drafts = models.IntegerField()
    total = models.BigIntegerField()
    squares = models.BigIntegerField()
    score = models.BigIntegerField()
    score_squares = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="tally_counts_what_there_is", condition=models.Q(drafts__gt=0)
            ),
        ]
        # Tallies lie in the order in which they were made; what a question sums is read from here,
        # where it lies together.
        indexes: ClassVar = [
            models.Index(
                name="tally_sums",
                fields=["cohort", "measure", "span", "day", "a", "b"],
                include=["drafts", "total", "squares", "score", "score_squares"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.drafts} drafts of {self.cohort} on {self.day}"


class DraftToCount(models.Model):
    """A draft whose judgement has changed and is not counted yet.

    The database itself writes it, in the transaction that changes the judgement, and only the
    keeper takes it away, in the one that counts it: so none is forgotten, however late a
    transaction commits and whenever the keeper is killed. Nobody waits for such a row.
    """

    draft = models.ForeignKey(
        Draft, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"draft {self.draft_id} is to be counted"


class StatisticsKeeper(models.Model):
    """How far the statistics are: one row."""

    looked_at = models.DateTimeField(
        null=True, blank=True, help_text="When nothing was left to be counted, or the last look."
    )
    time_zone = models.CharField(max_length=60, help_text="By which the days are counted.")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="there_is_one_keeper", condition=models.Q(id=1))
        ]

    def __str__(self) -> str:
        return "the keeper of the statistics"
