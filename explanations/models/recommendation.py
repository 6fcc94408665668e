"""Recommendations, their facts as they were, and the imports that delivered them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import append_only
from explanations.models.task import Task


class Import(models.Model):
    """One delivery of recommendations: who, when, what was new, changed, unchanged, refused.

    The row is the job: whoever imports it raises `attempt` and takes a lease, and each batch goes
    in together with the counts and `read_to`, so a second attempt counts no line twice.
    """

    class State(models.TextChoices):
        RECEIVED = "RECEIVED", _("received")
        RUNNING = "RUNNING", _("running")
        DONE = "DONE", _("done")
        FAILED = "FAILED", _("failed")

    source = models.CharField(max_length=300, help_text="The file's name, or who sent it.")
    file = models.FileField(upload_to="imports/", blank=True)
    catalogue_owner = models.CharField(
        max_length=200, blank=True, help_text="Whom a wrong fact is reported to."
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    failure = models.CharField(max_length=500, blank=True)
    lines = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    read_to = models.PositiveBigIntegerField(
        default=0, help_text="The last line that is in; an interrupted import goes on behind it."
    )
    bytes_read = models.PositiveBigIntegerField(
        default=0, help_text="Of the file as it was sent; how far the import is."
    )
    attempt = models.PositiveIntegerField(default=0, help_text="The fencing token.")
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts since a line last went in."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="running_import_has_a_lease",
                condition=models.Q(state="RUNNING", lease_until__isnull=False)
                | (~models.Q(state="RUNNING") & models.Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="failed_import_says_why",
                condition=~models.Q(state="FAILED") | ~models.Q(failure=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="import_unfinished",
                fields=["id"],
                condition=models.Q(state__in=["RECEIVED", "RUNNING"]),
            )
        ]

    def __str__(self) -> str:
        return f"import {self.pk}: {self.source}"


class RefusedLine(models.Model):
    """A line that an import refused: its number, the field and the reason."""

    delivery = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="refused_lines")
    line = models.PositiveIntegerField()
    field = models.CharField(max_length=100, blank=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering: ClassVar = ["line"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class Stratum(models.TextChoices):
    """How many people meet an item."""

    POPULAR = "popular", _("popular")
    NICHE = "niche", _("niche")


class Recommendation(models.Model):
    """Item and audience: the thing to explain. Its facts are in its current snapshot."""

    # Three columns go without the index that Django gives them: constraints have one already, or
    # nobody looks there, and each costs an import a tenth of its speed.
    task = models.ForeignKey(
        Task, on_delete=models.PROTECT, related_name="recommendations", db_index=False
    )
    external_id = models.CharField(max_length=200)
    group = models.CharField(max_length=200, help_text="Rows of one group stay in one split.")
    locale = models.CharField(max_length=35)
    priority = models.PositiveSmallIntegerField(default=0, help_text="0 to 100, higher first.")
    stratum = models.CharField(
        max_length=8,
        choices=Stratum.choices,
        blank=True,
        default="",
        db_default="",
        help_text="How many people meet the item. Empty: its priority says so.",
    )
    content_sha256 = models.CharField(
        max_length=64, help_text="Of what was delivered; the same content again is a no-op."
    )
    snapshot = models.ForeignKey(
        "FactSnapshot",
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The facts as they are now.",
    )
    delivery = models.ForeignKey(
        Import, on_delete=models.PROTECT, null=True, related_name="recommendations"
    )
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="recommendation_external_id_is_unique", fields=["task", "external_id"]
            ),
            models.CheckConstraint(
                name="recommendation_priority_in_range",
                condition=models.Q(priority__gte=0, priority__lte=100),
            ),
            models.CheckConstraint(
                name="recommendation_stratum_is_one",
                condition=models.Q(stratum__in=["", *Stratum.values]),
            ),
        ]
        indexes: ClassVar = [models.Index(name="recommendation_group", fields=["group"])]

    def __str__(self) -> str:
        return self.external_id


class FactSnapshot(models.Model):
    """The facts of a recommendation as they were; immutable and numbered from 1.

    One that an import caused holds what was delivered; one that an overlay caused holds the last
    delivery with all that editors laid over it.
    """

    class Cause(models.TextChoices):
        IMPORT = "import", _("import")
        OVERLAY = "overlay", _("an editor's fact")

    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="snapshots", db_index=False
    )
    number = models.PositiveIntegerField()
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.IMPORT)
    item = models.JSONField()
    audience = models.JSONField()
    sources = models.JSONField(
        default=dict, help_text="JSON pointer -> source, for facts that editors added or corrected."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["recommendation", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="snapshot_number_is_unique", fields=["recommendation", "number"]
            )
        ]
        triggers: ClassVar = [append_only("snapshot_is_final")]

    def __str__(self) -> str:
        return f"facts {self.number} of {self.recommendation_id}"

    @property
    def facts(self) -> dict[str, object]:
        """The document that JSON pointers such as `/item/artist` address."""
        return {"item": self.item, "audience": self.audience}


class FactOverlay(models.Model):
    """A fact that an editor added, corrected or hid: laid over the import, never written into it.

    The newest row of a pointer counts; every row makes a new snapshot.
    """

    class Kind(models.TextChoices):
        ADDED = "added", _("added")
        CORRECTED = "corrected", _("corrected")
        HIDDEN = "hidden", _("not for showing")

    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.PROTECT, related_name="overlays"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    pointer = models.CharField(max_length=300)
    value = models.JSONField(null=True, blank=True)
    value_then = models.JSONField(
        null=True, blank=True, help_text="What it replaces; finds the fact again in a changed list."
    )
    source = models.CharField(max_length=500)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering: ClassVar = ["id"]
        triggers: ClassVar = [append_only("overlay_is_append_only")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pointer}"
