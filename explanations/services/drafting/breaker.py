"""When a server gets no requests at all: a circuit breaker."""

from collections.abc import Callable
from time import monotonic
from typing import Final

# One error is a hiccup and a poor row can cause a few; this many in a row are the server.
ERRORS_TO_OPEN: Final = 5


class Breaker:
    """Opens after a row of errors, and closes when a probe succeeds.

    While it is open nothing is sent; after a rest, which doubles each time, one probe is due.
    """

    def __init__(
        self, rest_s: float, longest_rest_s: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._first_rest_s = rest_s
        self._longest_rest_s = longest_rest_s
        self._clock = clock
        self._errors = 0
        self._rest_s = rest_s
        self._probe_at = float("-inf")
        self.trouble = ""

    @property
    def is_open(self) -> bool:
        """Return whether the server must be left alone."""
        return bool(self.trouble)

    @property
    def probe_is_due(self) -> bool:
        """Return whether it is time to find out whether the server is well again."""
        return self.is_open and self._clock() >= self._probe_at

    def open(self, trouble: str) -> None:
        """Leave the server alone for a rest. `trouble` says why, to people."""
        self._rest_s = (
            min(self._rest_s * 2, self._longest_rest_s) if self.is_open else self._first_rest_s
        )
        self._probe_at = self._clock() + self._rest_s
        self.trouble = trouble

    def open_for_probe(self, trouble: str) -> None:
        """Begin as another drainer left it: in trouble, a probe due at once."""
        self.trouble = trouble

    def error(self, trouble: str) -> None:
        """Count an error of the server; enough in a row open the breaker."""
        self._errors += 1
        if self._errors >= ERRORS_TO_OPEN and not self.is_open:
            self.open(trouble)

    def success(self) -> None:
        """The server answered: all is well."""
        self._errors = 0
        self.trouble = ""
