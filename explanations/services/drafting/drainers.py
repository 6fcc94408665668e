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


# One statement each: whoever adds up the drainers and those that left misses and doubles nobody.
_FORGET: Final = """
WITH gone AS (
    DELETE FROM explanations_drainer WHERE {condition} RETURNING written
), counted AS (
    INSERT INTO explanations_draftsended AS so_far (id, how_many)
    SELECT 1, sum(greatest(written, %s)) FROM gone HAVING count(*) > 0
    ON CONFLICT (id) DO UPDATE SET how_many = so_far.how_many + excluded.how_many
)
SELECT count(*) FROM gone
"""
_COUNT_ENDED: Final = """
INSERT INTO explanations_draftsended AS so_far (id, how_many) VALUES (1, %s)
ON CONFLICT (id) DO UPDATE SET how_many = so_far.how_many + excluded.how_many
"""
_ENDED_SO_FAR: Final = """
SELECT coalesce((SELECT sum(how_many) FROM explanations_draftsended), 0)
     + coalesce((SELECT sum(written) FROM explanations_drainer), 0)
"""


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


def leave(name: str, written: int = 0) -> None:
    """Forget a drainer that ends, but not how many drafts it ended: its last beat may know fewer
    than `written`.
    """
    _forget("name = %s", name, written)


def forget_dead(silent_s: float) -> int:
    """Forget the drainers that have been silent for `silent_s`; return how many.

    What they ended after their last beat is not counted.
    """
    return _forget("beat_at < clock_timestamp() - %s * interval '1 second'", silent_s, 0)


def count_ended(how_many: int) -> None:
    """Count drafts that a drainer ended after it had left."""
    if how_many:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_ENDED, [how_many])


def ended_so_far() -> int:
    """Return how many drafts drainers have ended since the desk began to count; it never falls."""
    with connection.cursor() as cursor:
        cursor.execute(_ENDED_SO_FAR)
        return int(cursor.fetchone()[0])


def _forget(condition: str, value: str | float, written: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_FORGET.format(condition=condition), [value, written])
        return int(cursor.fetchone()[0])


def at_work() -> tuple[int, int]:
    """Return how many drainers are registered, and how many requests they have in flight."""
    in_flight = Drainer.objects.aggregate(total=Sum("in_flight"))["total"]
    return Drainer.objects.count(), in_flight or 0
