"""The weekly digest: what is told to whom, once a week each, and what became of the mail."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns, kept


class CatalogueContact(models.Model):
    """Where the owner of a catalogue is reached.

    An import only names the owner. Nobody is written to because an import says so: an address is
    entered by a lead.
    """

    owner = models.CharField(
        max_length=200, unique=True, help_text="Exactly as imports name the catalogue owner."
    )
    address = models.EmailField(help_text="Is sent the weekly digest of the catalogue.")
    language = models.CharField(
        max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )

    class Meta:
        ordering: ClassVar = ["owner"]

    def __str__(self) -> str:
        return self.owner


class Digest(models.Model):
    """What one person, or the owner of one catalogue, is told of one week.

    The row is the job: whoever sends it raises `attempts` and takes a lease, and writes under that
    number only. What is sent is what is kept here, word for word, at each attempt.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", _("waits to be sent")
        SENDING = "SENDING", _("being sent")
        SENT = "SENT", _("sent")
        FAILED = "FAILED", _("given up")

    week = models.DateField(help_text="Its Monday, in the desk's time zone.")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="digests",
        help_text="Who wrote the prompts that it is about.",
    )
    catalogue_owner = models.CharField(
        max_length=200, blank=True, help_text="Whose catalogue it is about, where no person's."
    )
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    message = models.UUIDField(
        default=uuid.uuid4, help_text="In the Message-ID, the same at each attempt."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="The fencing token.")
    next_at = models.DateTimeField(db_default=Now(), help_text="Not before then.")
    lease_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=500, blank=True, help_text="Of the last attempt.")
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_digest_a_person_and_week",
                fields=["week", "person"],
                condition=models.Q(person__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_digest_a_catalogue_and_week",
                fields=["week", "catalogue_owner"],
                condition=models.Q(person__isnull=True),
            ),
            models.CheckConstraint(
                name="digest_is_for_a_person_or_a_catalogue",
                condition=models.Q(person__isnull=False, catalogue_owner="")
                | models.Q(person__isnull=True) & ~models.Q(catalogue_owner=""),
            ),
            models.CheckConstraint(
                name="sending_digest_has_a_lease",
                condition=models.Q(state="SENDING", lease_until__isnull=False)
                | (~models.Q(state="SENDING") & models.Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="digest_that_was_given_up_says_why",
                condition=~models.Q(state="FAILED") | ~models.Q(problem=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="digest_unfinished",
                fields=["next_at"],
                condition=models.Q(state__in=["WAITING", "SENDING"]),
            )
        ]
        triggers: ClassVar = [
            final_columns(
                "digest_is_final",
                "week",
                "person",
                "catalogue_owner",
                "address",
                "subject",
                "text",
                "html",
                "message",
            ),
            kept("digest_stays"),
        ]

    def __str__(self) -> str:
        return f"digest of {self.week} for {self.person or self.catalogue_owner}"
