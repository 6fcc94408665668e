"""A draft, what the checks found in it, and the places at which it wants a review."""

from typing import ClassVar, Final, Self, TypedDict

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns, kept
from explanations.models.model_version import ModelVersion
from explanations.models.recommendation import FactSnapshot, Recommendation
from explanations.models.run import Run
from explanations.models.task import Category, Prompt, Task
from explanations.models.text_search import index_of_words, language_by_locale, language_field

# States in which the model has answered, so that text and output are final.
WRITTEN_STATES = ["READY", "BLOCKED", "QUARANTINED", "WITHDRAWN", "REVIEWED"]
WRITTEN = pgtrigger.Q(old__state__in=WRITTEN_STATES)


class DraftQuerySet(models.QuerySet["Draft"]):
    """Drafts, by what they are for."""

    def without_trials(self) -> Self:
        """Keep those that are made for editors."""
        return self.filter(run__trial__isnull=True)

    def outdated(self) -> Self:
        """Keep those whose recommendation has other facts now than they were written from."""
        return self.exclude(snapshot=models.F("recommendation__snapshot"))


class StandingFinding(TypedDict):
    """A finding that is not dismissed for the whole task, as who judges the draft is told it."""

    id: int
    check_name: str
    level: str
    message: str
    start: int | None
    end: int | None
    category: str
    """The slug, or "" for none."""
    pointer: str


class Draft(models.Model):
    """One model output for one recommendation, with everything needed to reproduce it.

    The row is the job: PENDING rows are claimed by a drainer that raises `attempt` and takes a
    lease; only a writer who names that same attempt may write, so a late answer is fenced off.
    """

    class State(models.TextChoices):
        PENDING = "PENDING", _("waiting for the model")
        RUNNING = "RUNNING", _("with the model")
        FAILED = "FAILED", _("failed")
        CANCELLED = "CANCELLED", _("cancelled")
        READY = "READY", _("ready for review")
        BLOCKED = "BLOCKED", _("blocked by a check")
        QUARANTINED = "QUARANTINED", _("quarantined")
        WITHDRAWN = "WITHDRAWN", _("withdrawn")
        REVIEWED = "REVIEWED", _("reviewed")

    # Made by the hundred thousand and written three times each, so a draft has few indexes and few
    # foreign keys to check. Of those without a constraint of their own, one over all four of run,
    # task, prompt and model version says more: that a draft is of its run (migration 0004).
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="drafts", db_index=False, db_constraint=False
    )
    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="drafts", db_index=False, db_constraint=False
    )
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="drafts"
    )
    snapshot = models.ForeignKey(
        FactSnapshot,
        on_delete=models.PROTECT,
        related_name="drafts",
        null=True,
        blank=True,
        db_index=False,
        help_text="The facts that the model was shown; taken when the draft is claimed.",
    )
    prompt = models.ForeignKey(
        Prompt,
        on_delete=models.PROTECT,
        related_name="drafts",
        db_index=False,
        db_constraint=False,
    )
    model_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        related_name="drafts",
        db_index=False,
        db_constraint=False,
    )
    ordinal = models.PositiveSmallIntegerField(default=1)
    redraft_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="redrafts",
        db_index=False,
    )
    told = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="What the model was told of the findings that blocked the draft before this one.",
    )
    priority = models.PositiveSmallIntegerField()
    blind = models.BooleanField(
        default=False, help_text="Of the random sample that is reviewed without findings or memory."
    )

    state = models.CharField(max_length=12, choices=State.choices, default=State.PENDING)
    attempt = models.PositiveIntegerField(default=0, help_text="The fencing token.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Answers that were of no use.")
    setbacks = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="Times that the model server was at fault; each lengthens the wait.",
    )
    lost = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Leases that ran out: the drainer died or hung with it."
    )
    claimed_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="A retry waits until then.")

    text = models.TextField(blank=True, help_text="What people see and tag.")
    language = language_field()
    output = models.JSONField(null=True, blank=True, help_text="The structured answer, if any.")
    rests_on = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        help_text="JSON pointers of the facts that the text uses.",
    )
    request_sha256 = models.CharField(max_length=64, blank=True)
    served_by = models.CharField(max_length=60, blank=True)
    served_model = models.CharField(max_length=200, blank=True)
    prompt_tokens = models.PositiveIntegerField(null=True, blank=True)
    completion_tokens = models.PositiveIntegerField(null=True, blank=True)
    latency_ms = models.PositiveIntegerField(null=True, blank=True)
    finish_reason = models.CharField(max_length=30, blank=True)
    failure_reason = models.CharField(max_length=40, blank=True, help_text="A code to count by.")
    failure = models.CharField(max_length=500, blank=True, help_text="A sentence to read.")

    settled_outcome = models.CharField(
        max_length=12, blank=True, help_text="What its reviews amount to."
    )
    created_at = models.DateTimeField(db_default=Now())
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    standing_findings: list[StandingFinding]
    """Comes with a draft that is read to be judged; none for the blind sample."""

    objects = DraftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="draft_ordinal_is_unique", fields=["run", "recommendation", "ordinal"]
            ),
            models.CheckConstraint(
                name="written_draft_has_text_and_facts",
                condition=~models.Q(state__in=WRITTEN_STATES)
                | (~models.Q(text="") & models.Q(snapshot__isnull=False)),
            ),
            models.CheckConstraint(
                name="running_draft_has_a_lease",
                condition=models.Q(state="RUNNING", lease_until__isnull=False)
                | (~models.Q(state="RUNNING") & models.Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="failed_draft_says_why",
                condition=~models.Q(state="FAILED") | ~models.Q(failure_reason=""),
            ),
            # However many writers race: the draft that was told about another one is the only one.
            models.UniqueConstraint(
                name="blocked_draft_is_redrafted_once",
                fields=["redraft_of"],
                condition=~models.Q(told=""),
            ),
            models.CheckConstraint(
                name="told_draft_is_a_redraft",
                condition=models.Q(told="") | models.Q(redraft_of__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="draft_pending",
                fields=["run", "-priority", "id"],
                condition=models.Q(state="PENDING"),
            ),
            models.Index(
                name="draft_redraft",
                fields=["redraft_of"],
                condition=models.Q(redraft_of__isnull=False),
            ),
            # Those that may have killed their drainer are drafted one by one, apart from the rest.
            models.Index(
                name="draft_suspect",
                fields=["id"],
                condition=models.Q(state="PENDING", lost__gt=0),
            ),
            # Not on the state, though these are the running ones: who looks for some of the running
            # by their ids would be led through all that ever ran and were not vacuumed since.
            models.Index(
                name="draft_lease",
                fields=["lease_until"],
                condition=models.Q(lease_until__isnull=False),
            ),
            models.Index(name="draft_by_run_state", fields=["run", "state"]),
            models.Index(name="draft_by_task_state", fields=["task", "state", "-id"]),
            models.Index(
                name="draft_reviews_disagree",
                fields=["task", "id"],
                condition=models.Q(state="REVIEWED", settled_outcome=""),
            ),
            index_of_words("draft_words"),
        ]
        triggers: ClassVar = [
            final_columns(
                "draft_is_never_overwritten",
                "text",
                "output",
                "snapshot",
                "prompt",
                "model_version",
                "told",
                once=WRITTEN,
            ),
            kept("written_draft_stays", once=WRITTEN),
            language_by_locale("draft_has_a_language"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class FindingQuerySet(models.QuerySet["Finding"]):
    """Findings, by whom they are for."""

    def standing(self) -> Self:
        """Keep those that are not dismissed for the whole task."""
        return self.filter(dismissal__isnull=True)


class Finding(models.Model):
    """What an automatic check says about a draft, on which words, and on which fact it rests."""

    class Level(models.TextChoices):
        ERROR = "error", _("error")
        WARNING = "warning", _("warning")

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="findings")
    check_name = models.CharField(max_length=60)
    check_version = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=10, choices=Level.choices)
    message = models.CharField(max_length=300)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    pointer = models.CharField(max_length=300, blank=True)
    gist = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="By which the same finding in another draft is known; see checks.dismissals.",
    )
    blocked = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it blocked the draft, by the task's thresholds as they were then.",
    )
    dismissal = models.ForeignKey(
        "Dismissal",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="findings",
        db_index=False,
        help_text="By which it is nothing for the whole task: it neither shows nor blocks.",
    )

    objects = FindingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["start", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="finding_span_is_half_open",
                condition=models.Q(start__isnull=True, end__isnull=True)
                | models.Q(start__isnull=False, end__gt=models.F("start")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(name="finding_by_check", fields=["check_name", "draft"]),
            models.Index(
                name="finding_dismissed",
                fields=["dismissal"],
                condition=models.Q(dismissal__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.message


# Once a statement, because places are opened by the hundred.
# Draft by draft, by its id: joined to `opened`, of whose size PostgreSQL knows nothing, or to the
# runs of trials, all drafts are read each time, and that took longer than all else that drafting
# writes.
_REFUSE_PLACES_OF_TRIALS: Final = """
IF EXISTS (
    SELECT FROM explanations_draft draft
    WHERE draft.id = ANY (ARRAY(SELECT opened.draft_id FROM opened))
      AND (SELECT run.trial_id FROM explanations_run run WHERE run.id = draft.run_id) IS NOT NULL
) THEN
    RAISE EXCEPTION 'The drafts of a trial want no review.' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""


class Place(models.Model):
    """(draft, ordinal): one review that a draft still wants.

    Opened in the same transaction that makes the draft READY. Who takes it is the human side's
    business (`feedback.Assignment`).
    """

    class State(models.TextChoices):
        OPEN = "OPEN", _("open")
        ESCALATED = "ESCALATED", _("with the lead")
        DONE = "DONE", _("reviewed")
        CLOSED = "CLOSED", _("no longer wanted")

    draft = models.ForeignKey(
        Draft, on_delete=models.CASCADE, related_name="places", db_index=False
    )
    ordinal = models.PositiveSmallIntegerField(default=1)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="places")
    priority = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(
        db_default=Now(), help_text="Since when the draft has waited for this review."
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="place_is_unique", fields=["draft", "ordinal"])
        ]
        indexes: ClassVar = [
            models.Index(
                name="place_queue",
                fields=["task", "-priority", "id"],
                condition=models.Q(state="OPEN"),
            ),
            models.Index(
                name="place_queue_of_all_tasks",
                fields=["-priority", "id"],
                condition=models.Q(state="OPEN"),
            ),
            models.Index(
                name="place_by_age", fields=["task", "opened_at"], condition=models.Q(state="OPEN")
            ),
            models.Index(
                name="place_with_lead",
                fields=["task", "-priority", "id"],
                condition=models.Q(state="ESCALATED"),
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Trigger(
                name="trial_opens_no_place",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="opened"),  # type: ignore[no-untyped-call]
                func=_REFUSE_PLACES_OF_TRIALS,
            )
        ]

    def __str__(self) -> str:
        return f"place {self.ordinal} of draft {self.draft_id}"
