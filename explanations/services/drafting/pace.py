"""How long leases last, how often to try, how much to hold: the numbers of drafting, and why."""

from dataclasses import dataclass
from typing import Final

from django.conf import settings

# Answers of no use, before a draft fails: the first and two more.
MOST_TRIES: Final = 3
# Leases that may run out before a draft fails as the likely cause.
MOST_LOST: Final = 3
# From its second lost lease on a draft is drafted alone, so that a row that kills its drainer
# fails by itself and takes none of those with it that were only in flight beside it.
LOST_TO_BE_ALONE: Final = 2
# Errors of the server, before a draft that meets nothing else fails. While a server is down its
# breaker keeps drafts away, so an outage costs a draft one or two of these.
MOST_SETBACKS: Final = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of one drainer. All in seconds, but for the last two."""

    lease_s: float = 60.0
    """Renewed at a third of it. What a dead drainer held waits for about this long."""
    drain_s: float = 300.0
    """Then the drainer hands over. With what follows it stays well below the broker's visibility
    timeout of 900 s, past which the same message would be delivered a second time."""
    finish_s: float = 120.0
    """For what is in flight at the hand-over to come home; the rest is handed back."""
    request_timeout_s: float = 120.0
    connect_timeout_s: float = 5.0
    write_every_s: float = 0.05
    """Answers that arrive within this time share a transaction."""
    idle_s: float = 1.0
    """Between two looks at the database when there is nothing to do."""
    linger_s: float = 3.0
    """How long a drainer without work stays, to save the next run the start."""
    rest_s: float = 2.0
    """A server in trouble gets its first probe after this time, then after twice as long each."""
    longest_rest_s: float = 60.0
    first_backoff_s: float = 1.0
    longest_backoff_s: float = 120.0
    claim_at_most: int = 500
    write_at_most: int = 200

    @property
    def beat_s(self) -> float:
        """Return how often leases are renewed and the drainer is heard of."""
        return self.lease_s / 3

    @property
    def silent_s(self) -> float:
        """Return the silence after which a drainer counts as dead."""
        return self.lease_s


def pace() -> Pace:
    """Return the pace that the settings ask for."""
    return Pace(
        lease_s=settings.DRAFTING_LEASE_S,
        drain_s=settings.DRAFTING_DRAIN_S,
        request_timeout_s=settings.DRAFTING_REQUEST_TIMEOUT_S,
    )
