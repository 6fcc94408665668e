"""A task, its taxonomy of errors, and the numbered versions of its guide and its prompt."""

from typing import ClassVar, Final

import pgtrigger
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns, kept

# The versions that a draft, a review or a golden refers to.
USED = pgtrigger.Q(old__used_at__isnull=False)

_REFUSE_CRITERIA_OF_OTHER_TASKS: Final = """
IF (SELECT task_id FROM explanations_category WHERE id = NEW.category_id)
    <> (SELECT task_id FROM explanations_criterion WHERE id = NEW.criterion_id)
THEN
    RAISE EXCEPTION 'A category decides criteria of its own task.'
        USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""


class Severity(models.IntegerChoices):
    """How bad an error is; the number is its weight in the error score."""

    NEUTRAL = 0, _("neutral")
    MINOR = 1, _("minor")
    MAJOR = 5, _("major")
    CRITICAL = 25, _("critical")


class Answer(models.TextChoices):
    """An answer to a criterion."""

    YES = "yes", _("yes")
    NO = "no", _("no")
    NOT_APPLICABLE = "na", _("not applicable")


class Threshold(models.TextChoices):
    """Which findings of a check block a draft."""

    NOTHING = "nothing", _("nothing")
    ERRORS = "errors", _("errors")
    EVERYTHING = "everything", _("errors and warnings")


class Task(models.Model):
    """One kind of explanation, e.g. `music-oneliner`."""

    slug = models.SlugField(unique=True, max_length=60)
    name = models.CharField(max_length=100)
    output_format = models.CharField(
        max_length=60, help_text="The name of a module of explanations.output_formats."
    )
    word_limit = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    guide = models.ForeignKey(
        "Guide", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    prompt = models.ForeignKey(
        "Prompt", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    model_version = models.ForeignKey(
        "ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    second_person_required = models.BooleanField(
        default=False, help_text="A golden needs the approval of somebody else."
    )
    every_change_explained = models.BooleanField(
        default=False,
        db_default=False,
        help_text="An edit is saved only when a tag or a cause explains each change, and the words "
        "of each tag have changed.",
    )
    reviews_wanted = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Places that a draft opens."
    )
    review_within_hours = models.PositiveSmallIntegerField(
        default=24,
        db_default=24,
        validators=[MinValueValidator(1)],
        help_text="The desk's target: a draft is reviewed within so many hours.",
    )
    blind_share = models.FloatField(
        default=0.1, help_text="Share of a run's first attempts that is reviewed blind, 0 to 1."
    )
    blocked_by = models.CharField(
        max_length=10,
        choices=Threshold.choices,
        default=Threshold.ERRORS,
        db_default=Threshold.ERRORS,
        help_text="Which findings block a draft, of every check without a threshold of its own.",
    )
    redrafts_blocked = models.BooleanField(
        default=True,
        db_default=True,
        help_text="A blocked draft is drafted again, once, with its findings told to the model.",
    )
    item_url_template = models.CharField(
        max_length=300,
        blank=True,
        help_text="Where an editor opens the item; {/item/title} stands for a fact.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["slug"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="task_blind_share_is_a_share",
                condition=models.Q(blind_share__gte=0, blind_share__lte=1),
            ),
            models.CheckConstraint(
                name="task_wants_a_review", condition=models.Q(reviews_wanted__gte=1)
            ),
            models.CheckConstraint(
                name="task_target_is_an_hour_or_more",
                condition=models.Q(review_within_hours__gte=1),
            ),
            models.CheckConstraint(
                name="task_threshold_is_known",
                condition=models.Q(blocked_by__in=Threshold.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CheckThreshold(models.Model):
    """A check whose findings block a task's drafts sooner or later than those of the others."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="check_thresholds")
    check_name = models.CharField(max_length=60)
    blocked_by = models.CharField(max_length=10, choices=Threshold.choices)

    class Meta:
        ordering: ClassVar = ["task", "check_name"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_threshold_per_check", fields=["task", "check_name"]),
            models.CheckConstraint(
                name="check_threshold_is_known",
                condition=models.Q(blocked_by__in=Threshold.values),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.get_blocked_by_display()}"


class Version(models.Model):
    """What guides and prompts share: a number in their task, an author, and a first use."""

    number = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(
        null=True, blank=True, help_text="From then on it never changes."
    )

    class Meta:
        abstract = True


class Guide(Version):
    """A version of a task's style guide; immutable once used."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="guides")
    text = models.TextField(help_text="Markdown")
    rules = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="What a machine can check of it, as explanations.guide_rules reads it.",
    )

    class Meta:
        ordering: ClassVar = ["task", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="guide_number_is_unique", fields=["task", "number"]),
            # What a task's active guide refers to, so that it is one of its own (migration 0009).
            models.UniqueConstraint(name="guide_is_of_its_task", fields=["task", "id"]),
        ]
        triggers: ClassVar = [
            final_columns(
                "used_guide_is_final", "task", "number", "text", "rules", "used_at", once=USED
            ),
            kept("used_guide_stays", once=USED),
        ]

    def __str__(self) -> str:
        return f"{self.task.slug} guide {self.number}"


class GuideAcknowledgement(models.Model):
    """Somebody has read a guide, and when they last said so."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="guides_read"
    )
    guide = models.ForeignKey(
        Guide, on_delete=models.CASCADE, related_name="acknowledgements", db_index=False
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="guide_is_acknowledged_once", fields=["guide", "person"])
        ]

    def __str__(self) -> str:
        return f"{self.person} read {self.guide}"


class Prompt(Version):
    """A version of a task's system text, user template, examples, parameters and schema choice."""

    class Schema(models.TextChoices):
        ROW = "row", _("made for each row: a fact can only be one of its own")
        FIXED = "fixed", _("the same for every row: quicker to serve, facts are checked afterwards")
        NONE = "none", _("none: the prompt alone asks for the shape")

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="prompts")
    system = models.TextField()
    user_template = models.TextField()
    examples = models.JSONField(
        default=list,
        blank=True,
        help_text='A list of {"facts": {"item": …, "audience": …}, "answer": …}.',
    )
    parameters = models.JSONField(
        default=dict, help_text="temperature, top_p, max_tokens, stop; nothing else is sent."
    )
    schema = models.CharField(
        max_length=10,
        choices=Schema.choices,
        default=Schema.ROW,
        db_default=Schema.ROW,
        help_text="Which JSON schema goes with a request, where the output format has one.",
    )
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["task", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="prompt_number_is_unique", fields=["task", "number"]),
            models.UniqueConstraint(name="prompt_is_of_its_task", fields=["task", "id"]),
            models.CheckConstraint(
                name="prompt_schema_is_known",
                condition=models.Q(schema__in=["row", "fixed", "none"]),
            ),
        ]
        triggers: ClassVar = [
            final_columns(
                "used_prompt_is_final",
                "task",
                "number",
                "system",
                "user_template",
                "examples",
                "parameters",
                "schema",
                "sha256",
                "used_at",
                once=USED,
            ),
            kept("used_prompt_stays", once=USED),
        ]

    def __str__(self) -> str:
        return f"{self.task.slug} prompt {self.number}"


class Category(models.Model):
    """A kind of error: a row of the taxonomy, not code."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="categories")
    key = models.CharField(max_length=1, help_text="The key that tags with it, 0 to 9.")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    definition = models.TextField()
    examples = models.JSONField(default=list, help_text="Two short examples.")
    severity = models.PositiveSmallIntegerField(choices=Severity.choices)
    ordinal = models.PositiveSmallIntegerField(help_text="1 to 9 and then 0, as on the keyboard.")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["task", "ordinal"]
        verbose_name_plural = "categories"
        constraints: ClassVar = [
            models.UniqueConstraint(name="category_slug_is_unique", fields=["task", "slug"]),
            models.UniqueConstraint(
                name="category_key_is_unique",
                fields=["task", "key"],
                condition=models.Q(retired_at__isnull=True),
            ),
            models.CheckConstraint(
                name="category_key_is_a_digit", condition=models.Q(key__regex="^[0-9]$")
            ),
            models.CheckConstraint(
                name="category_severity_is_known",
                condition=models.Q(severity__in=Severity.values),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Criterion(models.Model):
    """A yes/no question of the task, e.g. "says something specific about the artist"."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="criteria")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    question = models.CharField(max_length=200)
    ordinal = models.PositiveSmallIntegerField()
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["task", "ordinal"]
        verbose_name_plural = "criteria"
        constraints: ClassVar = [
            models.UniqueConstraint(name="criterion_slug_is_unique", fields=["task", "slug"])
        ]

    def __str__(self) -> str:
        return self.name


class DecidedAnswer(models.Model):
    """What a tag of a category answers by itself: generic decides that specific is no."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="decided_answers")
    criterion = models.ForeignKey(
        Criterion, on_delete=models.CASCADE, related_name="decided_answers"
    )
    answer = models.CharField(max_length=3, choices=Answer.choices, default=Answer.NO)

    class Meta:
        ordering: ClassVar = ["category", "criterion"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="category_decides_a_criterion_once", fields=["category", "criterion"]
            ),
            models.CheckConstraint(
                name="decided_answer_is_known", condition=models.Q(answer__in=Answer.values)
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="category_decides_criteria_of_its_task",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Update,
                func=_REFUSE_CRITERIA_OF_OTHER_TASKS,
            )
        ]

    def __str__(self) -> str:
        return f"{self.category}: {self.criterion} {self.get_answer_display()}"
