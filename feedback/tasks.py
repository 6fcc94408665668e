"""Celery's entry points on the human side."""

import time
from typing import Final

from celery import shared_task

from explanations import nudge
from feedback.services import queue
from feedback.services.datasets import building, lessons
from feedback.services.datasets.creating import BUILD_DATASET
from feedback.services.datasets.leftovers import remove_leftovers
from feedback.services.statistics import desk_days, digest_mail, keeping, measures
from feedback.services.webhooks import deliveries
from feedback.services.webhooks.deliveries import SEND_WEBHOOKS

# A build is never taken up where it stood: what is built is of one moment. Like every task it ends
# before the broker takes its message for lost and hands it to a second worker.
_BUILD_LIMIT_S: Final = 14 * 60
# The queue has one process, and others want their turn; what is left is for the next tick.
_COUNTING_S: Final = 4.0
# Between two builds: what is left then, the next time or the next build does.
_PREPARING_S: Final = 30.0


@shared_task(name="feedback.tasks.sweep_assignments", ignore_result=True)
def sweep_assignments(*_newer: object, **_named: object) -> int:
    """End the leases of editors whose browsers are gone. Returns how many there were."""
    return queue.sweep_expired()


@shared_task(name=BUILD_DATASET, time_limit=_BUILD_LIMIT_S, ignore_result=True)
def build_dataset(dataset_id: int, *_newer: object, **_named: object) -> None:
    """Build one dataset, and then those that waited for it."""
    if building.build_dataset(dataset_id):
        _wake_builders()


@shared_task(name="feedback.tasks.sweep_datasets", ignore_result=True)
def sweep_datasets(*_newer: object, **_named: object) -> None:
    """End the builds that nobody can go on with, wake workers for those that wait, and remove what
    lost ones have left behind.
    """
    _wake_builders()
    remove_leftovers()


@shared_task(name="feedback.tasks.prepare_lessons", time_limit=600, ignore_result=True)
def prepare_lessons(*_newer: object, **_named: object) -> int:
    """Work out what the latest reviews are worth to training. Returns how many there were."""
    return lessons.prepare_lessons(seconds=_PREPARING_S)


@shared_task(name="feedback.tasks.keep_statistics", time_limit=180, ignore_result=True)
def keep_statistics(*_newer: object, **_named: object) -> int:
    """Count what editors have decided since. Returns how many drafts that were."""
    return keeping.keep_statistics(seconds=_COUNTING_S)


@shared_task(name="feedback.tasks.keep_desk_days", ignore_result=True)
def keep_desk_days(*_newer: object, **_named: object) -> None:
    """Count the days anew in which editors did something since the last look."""
    until = time.monotonic() + _COUNTING_S
    while desk_days.keep_desk_days() and time.monotonic() < until:
        pass


@shared_task(name="feedback.tasks.count_drafts", ignore_result=True)
def count_drafts(*_newer: object, **_named: object) -> None:
    """Count the drafts by state, for whoever watches the desk."""
    measures.count_drafts()


@shared_task(name="feedback.tasks.send_digests", ignore_result=True)
def send_digests(*_newer: object, **_named: object) -> None:
    """Make the digests of the last week that there are not yet, and send what is due."""
    digest_mail.make_due_digests()
    digest_mail.send_due()


@shared_task(name=SEND_WEBHOOKS, ignore_result=True)
def send_webhooks(*_newer: object, **_named: object) -> int:
    """Tell webhooks what is due, for some seconds. Returns how many messages were sent."""
    return deliveries.send_due()


def _wake_builders() -> None:
    for dataset_id in building.sweep():
        nudge.send(BUILD_DATASET, dataset_id)
