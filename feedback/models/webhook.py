"""Whom the desk tells when a dataset is ready, and each message with what became of it."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.history import final_columns, kept
from feedback.models.dataset import Dataset


class Webhook(models.Model):
    """An address that is told of each dataset that becomes ready, until it is retired.

    Its secret is not kept: it is made from the desk's own key and `salt`, so that who reads the
    database cannot sign. It is shown to whoever adds the address, once.
    """

    address = models.CharField(max_length=500)
    dataset_name = models.SlugField(
        max_length=60, blank=True, help_text="Only datasets of this name; empty for all."
    )
    salt = models.UUIDField(default=uuid.uuid4)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        triggers: ClassVar = [
            final_columns(
                "webhook_is_final", "address", "dataset_name", "salt", "created_by", "created_at"
            ),
            kept("webhook_stays"),
        ]

    def __str__(self) -> str:
        return self.address


class WebhookDelivery(models.Model):
    """One message to one address: made when the dataset became ready, in the same transaction.

    The row is the job: whoever sends it raises `attempts` and takes a lease, and writes under that
    number only.
    """

    class State(models.TextChoices):
        WAITING = "WAITING", _("waits to be sent")
        SENDING = "SENDING", _("being sent")
        DELIVERED = "DELIVERED", _("delivered")
        FAILED = "FAILED", _("given up")

    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="deliveries")
    message = models.UUIDField(
        default=uuid.uuid4, help_text="The same at each attempt: the receiver knows it again."
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="The fencing token."
    )
    next_at = models.DateTimeField(db_default=Now(), help_text="Not before then.")
    lease_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(
        max_length=500, blank=True, default="", db_default="", help_text="Of the last attempt."
    )
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "webhook deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="an_address_is_told_once_of_a_dataset", fields=["webhook", "dataset"]
            ),
            models.CheckConstraint(
                name="sending_delivery_has_a_lease",
                condition=models.Q(state="SENDING", lease_until__isnull=False)
                | (~models.Q(state="SENDING") & models.Q(lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="delivery_that_was_given_up_says_why",
                condition=~models.Q(state="FAILED") | ~models.Q(problem=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                name="delivery_unfinished",
                fields=["next_at"],
                condition=models.Q(state__in=["WAITING", "SENDING"]),
            )
        ]
        triggers: ClassVar = [
            final_columns("delivery_is_final", "webhook", "dataset", "message", "created_at"),
            kept("delivery_stays"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} to {self.webhook}"
