"""What a desk in production refuses to start with, beside what the settings refuse themselves."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection


def refuse_demo_people() -> None:
    """Raise ImproperlyConfigured where demo people could log in to a desk in production.

    Their passwords were printed on a terminal. A database that does not answer yet is no reason
    to refuse: /readyz tells of it, and the web server asks again when it starts its next worker.
    """
    if not settings.PRODUCTION:
        return
    from accounts.services.people import demo_people_who_may_log_in

    try:
        left = demo_people_who_may_log_in()
    except DatabaseError:
        return
    finally:
        connection.close()
    if left:
        raise ImproperlyConfigured(
            f"COPYDESK_PRODUCTION=1 refuses demo accounts: deactivate {', '.join(left)} "
            "with `manage.py deactivate_demo_people`."
        )
