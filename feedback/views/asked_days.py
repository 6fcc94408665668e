"""Days as an address names them: `?from=2026-11-01&to=2026-11-22`."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from django.utils.dateparse import parse_date

# What lies beyond is no day of any desk, and of the very last one there is no next.
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 9000


def day_asked_for(asked: Mapping[str, str], name: str) -> date | None:
    """Return a day of the address, or None for none and for what is no day of a desk."""
    try:
        day = parse_date(asked.get(name, ""))
    except ValueError:
        return None
    return day if day and _FIRST_YEAR <= day.year <= _LAST_YEAR else None
