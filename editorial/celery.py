"""The Celery application: it distributes, schedules and sweeps; what is true is in PostgreSQL."""

import os
from collections.abc import Mapping
from typing import Any, Final

from celery import Celery
from celery.signals import celeryd_init

from editorial.memory import keep_what_is_loaded
from explanations.checks.language import load_language_model

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "editorial.settings")
# Django's checks run with `manage.py migrate`, before any worker. Here they would load every page
# and endpoint, which no worker shows.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

DRAFTING_QUEUE: Final = "drafting"

app = Celery("copydesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def before_the_pool_forks(options: Mapping[str, Any], **_signal: Any) -> None:
    """Load what the pool's processes would each load for themselves, and let them share it."""
    app.loader.import_default_modules()
    if DRAFTING_QUEUE in (options.get("queues") or ()):
        load_language_model()
    keep_what_is_loaded()
