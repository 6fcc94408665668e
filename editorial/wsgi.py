"""The WSGI entry point that gunicorn serves."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from editorial.memory import keep_what_is_loaded
from editorial.production import refuse_demo_people
from editorial.request_times import share_between_processes
from explanations import nudge

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "editorial.settings")

share_between_processes(settings.HOME / "run" / "metrics")
_serve = get_wsgi_application()
nudge.load()
refuse_demo_people()

from editorial.knowledge import LoadingApplication  # noqa: E402 - it needs what is set up by now

application = LoadingApplication(_serve)
# gunicorn forks from here (--preload).
keep_what_is_loaded()
