"""The Celery application: it distributes, schedules and sweeps; what is true is in PostgreSQL."""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

from editorial.memory import keep_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "editorial.settings")

app = Celery("copydesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _before_the_pool_forks(**_signal: Any) -> None:
    app.loader.import_default_modules()
    keep_what_is_loaded()
