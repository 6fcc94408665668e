"""How many requests one server gets at once: additive increase, multiplicative decrease."""

from collections.abc import Callable
from time import monotonic


class Window:
    """A sliding window of requests in flight.

    It opens by one for each windowful of answers and halves when the server is overloaded. A server
    that says "too much" to a whole windowful at once is told once: refusals of requests that were
    sent before the last halving say nothing about the window as it is now.
    """

    def __init__(
        self, most: int, found: int | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        self._most = most
        self._limit = float(min(most, found or most))
        self._clock = clock
        self._halved_at = float("-inf")
        self.in_flight = 0

    @property
    def limit(self) -> int:
        """Return how many requests may be in flight now."""
        return max(1, int(self._limit))

    @property
    def free(self) -> int:
        """Return how many more requests may be sent now."""
        return max(0, self.limit - self.in_flight)

    def resize(self, most: int) -> None:
        """Take a new upper bound; a window that stood at its bound follows it."""
        self._limit = float(most) if self._limit >= self._most else min(self._limit, float(most))
        self._most = most

    def send(self) -> float:
        """Count a request in; return when it was sent, to be handed to the methods below."""
        self.in_flight += 1
        return self._clock()

    def end(self) -> None:
        """Count a request out, whatever came of it."""
        self.in_flight -= 1

    def open_up(self) -> None:
        """A request was answered: the server can take a little more."""
        self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def shrink(self, sent_at: float) -> None:
        """A request sent at `sent_at` was too much for the server."""
        if sent_at > self._halved_at:
            self._limit = max(1.0, self._limit / 2)
            self._halved_at = self._clock()
