"""The addresses that are told: added with a secret that is shown once, and retired."""

from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.in_words import in_words
from accounts.log import record
from accounts.models import Person
from accounts.words import translatable
from feedback.models import Webhook, WebhookDelivery
from feedback.outgoing import SENTENCES, CannotSend, Target, target_of
from feedback.services.webhooks.signing import secret_of

MOST_ADDRESSES: Final = 20
RETIRED: Final = translatable("The address was retired.")


class AddressRefused(Exception):
    """Nothing is ever sent there; the message is a sentence for people."""


def addresses() -> QuerySet[Webhook]:
    """Return the addresses that are told, newest first."""
    return Webhook.objects.filter(retired_at=None).select_related("created_by").order_by("-pk")


def address_at(webhook_id: int) -> Webhook:
    """Return one address, be it retired. Raises Webhook.DoesNotExist."""
    return Webhook.objects.select_related("created_by").get(pk=webhook_id)


def add_address(address: str, dataset_name: str, person: Person) -> tuple[Webhook, str]:
    """Tell this address of each dataset that becomes ready, or only of those of a name.

    Returns it with its secret, which is for the receiver and is not shown again. Raises
    AddressRefused.
    """
    try:
        check(address)
    except CannotSend as refused:
        raise AddressRefused(in_words(str(refused), SENTENCES)) from refused
    with transaction.atomic():
        if addresses().count() >= MOST_ADDRESSES:
            raise AddressRefused(
                _("There are %(number)s addresses already; retire one first.")
                % {"number": MOST_ADDRESSES}
            )
        webhook = Webhook.objects.create(
            address=address, dataset_name=dataset_name, created_by=person
        )
        record(person, "webhook added", webhook, address=address, dataset_name=dataset_name)
    return webhook, secret_of(webhook)


def retire_address(webhook_id: int, person: Person) -> None:
    """Tell this address nothing from now on. Safe to repeat. Raises Webhook.DoesNotExist."""
    with transaction.atomic():
        webhook = Webhook.objects.get(pk=webhook_id)
        retired = Webhook.objects.filter(pk=webhook_id, retired_at=None).update(retired_at=Now())
        if retired:
            waiting = webhook.deliveries.filter(state=WebhookDelivery.State.WAITING)
            waiting.update(state=WebhookDelivery.State.FAILED, problem=RETIRED, ended_at=Now())
            record(person, "webhook retired", webhook)


def check(address: str) -> Target:
    """Return where an address leads, as far as its words say. Raises CannotSend."""
    return target_of(address, frozenset(settings.WEBHOOK_INNER_HOSTS))
