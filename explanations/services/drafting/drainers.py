"""Who drafts right now: drainers enter, beat and leave."""

import os
import secrets
import socket
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now

from explanations.models import Drainer

# Any number will do, as long as nobody else on this database takes it.
_DOOR: Final = 0x636F7079


def drainer_name() -> str:
    """Return a name that no other drainer has: host, process, and a bit of chance."""
    return f"{socket.gethostname()[:70]}:{os.getpid()}:{secrets.token_hex(4)}"


def enter(name: str, silent_s: float) -> bool:
    """Register as a drainer, unless as many as the settings allow are at work already.

    Those that have been silent for `silent_s` are dead and make room.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time through the door, or two would both see the last free place.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_DOOR])
        forget_dead(silent_s)
        if Drainer.objects.count() >= settings.DRAFTING_DRAINERS:
            return False
        Drainer.objects.create(name=name)
    return True


def beat(name: str, in_flight: int, written: int) -> None:
    """Say that a drainer lives, and what it does."""
    Drainer.objects.filter(name=name).update(beat_at=Now(), in_flight=in_flight, written=written)


def leave(name: str) -> None:
    """Forget a drainer that ends."""
    Drainer.objects.filter(name=name).delete()


def forget_dead(silent_s: float) -> int:
    """Forget the drainers that have been silent for `silent_s`; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM explanations_drainer"
            " WHERE beat_at < clock_timestamp() - %s * interval '1 second'",
            [silent_s],
        )
        return int(cursor.rowcount)


def at_work() -> tuple[int, int]:
    """Return how many drainers are registered, and how many requests they have in flight."""
    in_flight = Drainer.objects.aggregate(total=Sum("in_flight"))["total"]
    return Drainer.objects.count(), in_flight or 0
