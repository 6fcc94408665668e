"""Days of the desk's time zone, as lists and statistics ask for them."""

from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils import timezone

Row = TypeVar("Row", bound=Model)


def in_days(
    found: "QuerySet[Row, Any]", field: str, first: date | None, last: date | None
) -> "QuerySet[Row, Any]":
    """Keep the rows whose time lies in these days, both included; None is without end."""
    if first:
        found = found.filter(**{f"{field}__gte": _midnight(first)})
    if last:
        found = found.filter(**{f"{field}__lt": _midnight(last + timedelta(days=1))})
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())
