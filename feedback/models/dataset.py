"""Datasets: numbered snapshots that never change, their files, and what went into them."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import append_only, final_columns, kept
from feedback.models.golden import Golden
from feedback.models.review import Review

ENDED = pgtrigger.Q(old__state__in=["READY", "FAILED", "CANCELLED"])


def of_a_build(name: str) -> pgtrigger.Trigger:
    """Refuse what is written for a dataset that is not being built.

    Asked once a statement, however many rows it writes. The dataset is locked until they are
    there: none is ready in between.
    """
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="written"),  # type: ignore[no-untyped-call]
        declare=[("named", "bigint[] := ARRAY(SELECT DISTINCT dataset_id FROM written)")],
        func="""
            IF cardinality(named) <> (
                SELECT count(*) FROM (
                    SELECT FROM feedback_dataset
                    WHERE id = ANY(named) AND state = 'BUILDING' FOR SHARE
                ) building
            ) THEN
                RAISE EXCEPTION 'pgtrigger: only a dataset that is being built gets more';
            END IF;
            RETURN NULL;
        """,
    )


class Split(models.TextChoices):
    """What rows are for. Nothing of one group is ever in two of them."""

    TRAIN = "train", _("train")
    VALIDATION = "validation", _("validation")
    TEST = "test", _("test")


class Dataset(models.Model):
    """One version of a dataset: a recipe, and what a worker built by it from one moment.

    The row is the job: whoever builds it raises `attempt` and takes a lease, and writes to the row
    under that attempt only. Name and number are its address for ever; the number of one that
    failed is not given to another.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", _("waits for a worker")
        BUILDING = "BUILDING", _("being built")
        READY = "READY", _("ready")
        FAILED = "FAILED", _("failed")
        CANCELLED = "CANCELLED", _("cancelled")

    class Stage(models.TextChoices):
        PREPARING = "preparing", _("preparing what was approved lately")
        CHOOSING = "choosing", _("choosing rows")
        WRITING = "writing", _("writing files")
        STORING = "storing", _("putting the files in their place")

    name = models.SlugField(max_length=60)
    number = models.PositiveIntegerField(help_text="Its version, counted from 1 for each name.")
    recipe = models.JSONField(help_text="As feedback.recipe reads it.")
    salt = models.CharField(max_length=60, help_text="The recipe's: splits belong to it.")
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        help_text="The newest version of the name that was ready when this one was asked for.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="datasets"
    )
    key = models.UUIDField(help_text="Made by whoever asks, once for each dataset wanted.")
    body_sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())

    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    failure = models.CharField(max_length=500, blank=True, db_default="", default="")
    attempt = models.PositiveIntegerField(default=0, db_default=0, help_text="The fencing token.")
    tries = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Attempts that did not come to an end."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    stage = models.CharField(
        max_length=10, choices=Stage.choices, blank=True, default="", db_default=""
    )
    done = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Rows of this stage that are done."
    )
    wanted = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Rows of this stage, as far as it is known."
    )

    rows = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Reviews that gave it a row, each counted once."
    )
    bytes = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Of all its files.")
    manifest = models.JSONField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="dataset_number_is_unique", fields=["name", "number"]),
            models.UniqueConstraint(name="dataset_key_is_unique", fields=["created_by", "key"]),
            models.CheckConstraint(
                name="dataset_number_counts_from_one", condition=models.Q(number__gte=1)
            ),
            models.CheckConstraint(
                name="building_dataset_has_a_lease",
                condition=models.Q(state="BUILDING", lease_until__isnull=False)
                | (~models.Q(state="BUILDING") & models.Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="failed_dataset_says_why",
                condition=~models.Q(state="FAILED") | ~models.Q(failure=""),
            ),
            models.CheckConstraint(
                name="ready_dataset_has_a_manifest",
                condition=models.Q(state="READY", manifest__isnull=False)
                | (~models.Q(state="READY") & models.Q(manifest__isnull=True)),
            ),
            # Two that assign splits at once could put one group into two of them.
            models.UniqueConstraint(
                name="one_build_at_a_time_of_a_salt",
                fields=["salt"],
                condition=models.Q(state="BUILDING"),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="dataset_unfinished",
                fields=["id"],
                condition=models.Q(state__in=["WAITING", "BUILDING"]),
            )
        ]
        triggers: ClassVar = [
            final_columns(
                "dataset_is_final",
                "name",
                "number",
                "recipe",
                "salt",
                "parent",
                "created_by",
                "key",
                "body_sha256",
            ),
            final_columns(
                "ended_dataset_is_final",
                "state",
                "failure",
                "rows",
                "bytes",
                "manifest",
                # Its files lie at a place that is named after the attempt.
                "attempt",
                "tries",
                "started_at",
                "finished_at",
                once=ENDED,
            ),
            kept("dataset_stays"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class DatasetFile(models.Model):
    """One file of a ready dataset. Its address holds the name and the number of the dataset."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.PROTECT, related_name="files", db_index=False
    )
    path = models.CharField(max_length=200, help_text="Within the dataset, as sft/train.jsonl.")
    format = models.CharField(
        max_length=30, blank=True, help_text="Of a file of rows; empty for all others."
    )
    split = models.CharField(max_length=10, choices=Split.choices, blank=True)
    rows = models.PositiveBigIntegerField(null=True, blank=True)
    bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["dataset", "path"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="dataset_file_path_is_unique", fields=["dataset", "path"]),
            models.CheckConstraint(
                name="dataset_file_of_rows_counts_them",
                condition=models.Q(format="", split="", rows__isnull=True)
                | (~models.Q(format="") & ~models.Q(split="") & models.Q(rows__isnull=False)),
            ),
        ]
        triggers: ClassVar = [
            append_only("dataset_file_is_append_only"),
            of_a_build("dataset_file_is_of_a_build"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset}: {self.path}"


class DatasetRow(models.Model):
    """A review that gave rows to a dataset, with its golden where it has one: the way from a
    dataset to each review, and back.
    """

    # Written by the million. What they point at stays for ever, so nothing needs to be checked; and
    # whoever looks for a golden's datasets knows its review. Datasets are few: each is looked at in
    # turn, by the primary key.
    pk = models.CompositePrimaryKey("dataset_id", "review_id")
    dataset = models.ForeignKey(
        Dataset,
        on_delete=models.CASCADE,
        related_name="dataset_rows",
        db_index=False,
        db_constraint=False,
    )
    review = models.ForeignKey(
        Review,
        on_delete=models.PROTECT,
        related_name="dataset_rows",
        db_index=False,
        db_constraint=False,
    )
    golden = models.ForeignKey(
        Golden,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="dataset_rows",
        db_index=False,
        db_constraint=False,
    )
    split = models.CharField(max_length=10, choices=Split.choices)

    class Meta:
        triggers: ClassVar = [
            append_only("dataset_row_is_append_only"),
            of_a_build("dataset_row_is_of_a_build"),
        ]

    def __str__(self) -> str:
        return f"review {self.review_id} in dataset {self.dataset_id}"


class DatasetMark(models.Model):
    """A ready dataset holds what nobody stands behind any more; it stays as it is."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.PROTECT, related_name="marks", db_index=False
    )
    review = models.ForeignKey(
        Review, on_delete=models.PROTECT, related_name="dataset_marks", db_index=False
    )
    golden = models.ForeignKey(
        Golden, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="review_is_marked_once_in_a_dataset", fields=["dataset", "review"]
            )
        ]
        triggers: ClassVar = [append_only("dataset_mark_is_append_only")]

    def __str__(self) -> str:
        return f"review {self.review_id} in dataset {self.dataset_id}: {self.reason}"


class GroupSplit(models.Model):
    """The split of a group: given when it was first in a dataset with this salt, and for ever."""

    salt = models.CharField(max_length=60)
    group = models.CharField(max_length=200)
    split = models.CharField(max_length=10, choices=Split.choices)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="group_has_one_split", fields=["salt", "group"])
        ]
        triggers: ClassVar = [
            append_only("group_split_is_for_ever"),
            of_a_build("group_split_is_of_a_build"),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.split}"
