"""Messages to webhooks: one for each address and dataset, sent until it is through or given up.

The row is the job. No transaction is open while something is sent, and whoever took longer than
their lease writes nothing: the number of the attempt has moved on.
"""

import random
import time
from datetime import timedelta
from typing import Final

import orjson
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts.in_words import in_words
from accounts.log import record
from accounts.models import Person
from accounts.words import translatable
from explanations import nudge
from feedback import outgoing
from feedback.models import Dataset, Webhook, WebhookDelivery
from feedback.outgoing import WHOLE_S, CannotSend, post
from feedback.services.webhooks.addresses import RETIRED, check
from feedback.services.webhooks.signing import signed

SEND_WEBHOOKS: Final = "feedback.tasks.send_webhooks"

LEASE: Final = timedelta(seconds=4 * WHOLE_S)
# After the first attempt, the second and so on: what passes in a minute, an hour, a night.
RESTS: Final = tuple(
    timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200, 18_000, 36_000)
)
MOST_ATTEMPTS: Final = len(RESTS) + 1
# Of a rest: many messages that failed at once do not all come back at once.
JITTER: Final = 0.2
# One slow receiver must not hold up what else the worker has to do.
AT_ONCE_S: Final = 20.0

GONE_FOR_GOOD: Final = translatable("It answered 410: it is gone for good.")
LEADS_ELSEWHERE: Final = translatable(
    "It answered %(status)d, and the desk follows nobody elsewhere."
)
ANSWERED: Final = translatable("It answered %(status)d.")
# What the problem of a delivery is made of, where something is in its places.
_SENTENCES: Final = (LEADS_ELSEWHERE, ANSWERED, *outgoing.SENTENCES)

_GONE: Final = 410


def announce(dataset: Dataset) -> None:
    """Make the messages that say that a dataset is ready, in the transaction that calls it so."""
    told = Webhook.objects.filter(retired_at=None, dataset_name__in=["", dataset.name])
    made = WebhookDelivery.objects.bulk_create(
        [WebhookDelivery(webhook=webhook, dataset=dataset) for webhook in told],
        ignore_conflicts=True,
    )
    if made:
        nudge.after_commit(SEND_WEBHOOKS)


def send_due(seconds: float = AT_ONCE_S) -> int:
    """Send what is due, one after the other, for about so many seconds. Returns how many were sent.

    Must not run inside a transaction.
    """
    until = time.monotonic() + seconds
    sent = 0
    while time.monotonic() < until:
        delivery = _claim()
        if delivery is None:
            break
        _send(delivery)
        sent += 1
    return sent


def send_again(delivery_id: int, person: Person) -> bool:
    """Try a message that was given up once more, at once. Returns whether it was given up."""
    with transaction.atomic():
        given_up = WebhookDelivery.objects.filter(
            pk=delivery_id, state=WebhookDelivery.State.FAILED, webhook__retired_at=None
        )
        begun = given_up.update(state=WebhookDelivery.State.WAITING, next_at=Now(), ended_at=None)
        if begun:
            delivery = WebhookDelivery.objects.get(pk=delivery_id)
            record(person, "webhook message sent again", delivery)
            nudge.after_commit(SEND_WEBHOOKS)
    return bool(begun)


def problem_in_words(delivery: WebhookDelivery) -> str:
    """Return what came of its last attempt, in the reader's language; empty if nothing is wrong."""
    return in_words(delivery.problem, _SENTENCES)


def newest_deliveries() -> QuerySet[WebhookDelivery]:
    """Return all messages, newest first, with their addresses and datasets."""
    found = WebhookDelivery.objects.select_related("webhook", "dataset")
    return found.defer("dataset__manifest", "dataset__recipe").order_by("-pk")


def _claim() -> WebhookDelivery | None:
    """Take the message that is due longest, for one attempt."""
    state = WebhookDelivery.State
    due = Q(state=state.WAITING, next_at__lte=Now()) | Q(state=state.SENDING, lease_until__lt=Now())
    with transaction.atomic():
        delivery = (
            WebhookDelivery.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(due)
            .order_by("next_at")
            .first()
        )
        if delivery is None:
            return None
        WebhookDelivery.objects.filter(pk=delivery.pk).update(
            state=state.SENDING, attempts=F("attempts") + 1, lease_until=Now() + LEASE
        )
    return newest_deliveries().get(pk=delivery.pk)


def _send(delivery: WebhookDelivery) -> None:
    if delivery.webhook.retired_at is not None:
        _end(delivery, WebhookDelivery.State.FAILED, RETIRED)
        return
    body = _body(delivery.dataset)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Copydesk",
        "Connection": "close",
        **signed(delivery.webhook, delivery.message, int(time.time()), body),
    }
    try:
        status = post(check(delivery.webhook.address), body, headers)
    except CannotSend as refused:
        _try_again(delivery, str(refused))
        return
    if 200 <= status < 300:
        _end(delivery, WebhookDelivery.State.DELIVERED, "")
    elif status == _GONE:
        _end(delivery, WebhookDelivery.State.FAILED, GONE_FOR_GOOD)
    elif 300 <= status < 400:
        _try_again(delivery, LEADS_ELSEWHERE % {"status": status})
    else:
        _try_again(delivery, ANSWERED % {"status": status})


def _body(dataset: Dataset) -> bytes:
    """Return the message: the same bytes at each attempt."""
    assert dataset.finished_at is not None  # noqa: S101 - it is ready
    address = f"/api/v1/datasets/{dataset.name}/{dataset.number}/"
    return orjson.dumps(
        {
            "type": "dataset.ready",
            "timestamp": dataset.finished_at,
            "data": {
                "name": dataset.name,
                "number": dataset.number,
                "reviews": dataset.rows,
                "bytes": dataset.bytes,
                "warnings": (dataset.manifest or {}).get("warnings", []),
                "href": address,
                "manifest": f"{address}files/manifest.json",
            },
        },
        option=orjson.OPT_UTC_Z,
    )


def _try_again(delivery: WebhookDelivery, problem: str) -> None:
    if delivery.attempts >= MOST_ATTEMPTS:
        _end(delivery, WebhookDelivery.State.FAILED, problem)
        return
    rest = RESTS[delivery.attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    _of_attempt(delivery).update(
        state=WebhookDelivery.State.WAITING,
        problem=problem[:500],
        lease_until=None,
        next_at=Now() + rest,
    )


def _end(delivery: WebhookDelivery, state: WebhookDelivery.State, problem: str) -> None:
    _of_attempt(delivery).update(
        state=state, problem=problem[:500], lease_until=None, ended_at=Now()
    )


def _of_attempt(delivery: WebhookDelivery) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(
        pk=delivery.pk, attempts=delivery.attempts, state=WebhookDelivery.State.SENDING
    )
