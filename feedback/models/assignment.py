"""An editor's lease on a place, and their unsaved work."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from explanations.models import Place


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    """Assignments, chainable."""

    def active(self) -> "AssignmentQuerySet":
        """Those that hold their place."""
        return self.filter(state=Assignment.State.ACTIVE)

    def with_draft(self) -> "AssignmentQuerySet":
        """With all that a review looks at, in the same query."""
        return self.select_related(
            "place__task",
            "place__draft__snapshot",
            "place__draft__recommendation__snapshot",
        )


class Assignment(models.Model):
    """An editor's lease on a place, and their unsaved work.

    At most one active per place and at most two per editor (slots 1 and 2, for the current one and
    the next, ready); both are constraints, so no race can break them. The lease runs by the
    database's clock. A lease that ran out makes the assignment EXPIRED but keeps the work.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", _("active")
        SUBMITTED = "SUBMITTED", _("submitted")
        RELEASED = "RELEASED", _("given back")
        EXPIRED = "EXPIRED", _("lease ran out")

    place = models.ForeignKey(Place, on_delete=models.PROTECT, related_name="assignments")
    editor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments"
    )
    slot = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    leased_until = models.DateTimeField()
    work = models.JSONField(default=dict, blank=True, help_text="What is not submitted yet.")
    revision = models.PositiveIntegerField(
        default=0, help_text="Raised by each save; a save that names an older one is a conflict."
    )
    work_saved_at = models.DateTimeField(null=True, blank=True)
    active_ms = models.PositiveIntegerField(
        default=0, help_text="Time the editor was at work on it, idle time not counted."
    )
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_active_assignment_per_place",
                fields=["place"],
                condition=models.Q(state="ACTIVE"),
            ),
            models.UniqueConstraint(
                name="two_active_assignments_per_editor",
                fields=["editor", "slot"],
                condition=models.Q(state="ACTIVE"),
            ),
            models.CheckConstraint(
                name="assignment_slot_is_one_or_two", condition=models.Q(slot__in=[1, 2])
            ),
        ]
        # None names what a save changes, the lease, the work and its time: so a save, the most
        # frequent write of all, writes no index. Leases that ran out are found among the active
        # ones, of which there are at most two an editor.
        indexes: ClassVar = [
            models.Index(
                name="assignment_unfinished",
                fields=["editor", "ended_at"],
                condition=models.Q(state="EXPIRED"),
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"
