"""Celery's entry points on the human side."""

from celery import shared_task

from feedback.services import queue


@shared_task(name="feedback.tasks.sweep_assignments", ignore_result=True)
def sweep_assignments(*_newer: object, **_named: object) -> int:
    """End the leases of editors whose browsers are gone. Returns how many there were."""
    return queue.sweep_expired()
