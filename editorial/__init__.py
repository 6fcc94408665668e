"""The project: settings, addresses, Celery and the embedded stack. No domain logic lives here."""

from editorial.celery import app as celery_app

__all__ = ["celery_app"]
