"""Long lists a page at a time, newest first: by where the last page ended, and never counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)

# What a bigint holds, and so no number of a row is beyond.
_MOST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows of one page. `older` is where the next one begins, None on the last."""

    rows: Sequence[Row]
    older: int | None
    is_newest: bool


def newest_first(found: "QuerySet[Row, Any]", request: HttpRequest, size: int) -> Page[Row]:
    """Return the page that the address asks for: the newest, or what was made `before` a number."""
    typed = request.GET.get("before", "")
    is_number = typed.isascii() and typed.isdecimal()
    before = min(int(typed[:20]), _MOST_NUMBER) if is_number else None
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: size + 1])
    older = rows[size - 1].pk if len(rows) > size else None
    return Page(rows[:size], older, is_newest=before is None)
