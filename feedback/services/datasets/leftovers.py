"""Remove what attempts at datasets have left behind that were killed, cut off or thought dead."""

from datetime import timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from feedback.models import Dataset
from feedback.services.datasets import storage
from feedback.services.datasets.storage import Place, Workshop

# An attempt is cut off after minutes; whatever it still does until then is found in this time.
_LOOKED_AFTER: Final = timedelta(days=1)


def remove_leftovers() -> int:
    """Remove the files of attempts that are over and made no dataset; return of how many.

    What a worker is writing now and what a dataset has is left alone. Raises OSError, and what the
    client of the object store raises.
    """
    # What lies there is listed before the desk is asked whose it is: an attempt is on record before
    # it writes, so none is taken for over because it has just begun.
    workshops = set(storage.workshops())
    places = {place for name in _names() for place in storage.places(name)}
    left_workshops = workshops - _at_work(workshops)
    left_places = places - _of_datasets(places)
    for workshop in left_workshops:
        storage.remove_workshop(workshop)
    for place in left_places:
        storage.remove_place(place)
    return len(left_workshops) + len(left_places)


def _names() -> list[str]:
    """Return the names at whose datasets somebody may have worked lately."""
    lately = Q(started_at__gte=Now() - _LOOKED_AFTER) | Q(finished_at__gte=Now() - _LOOKED_AFTER)
    return list(
        Dataset.objects.filter(lately).order_by("name").values_list("name", flat=True).distinct()
    )


def _at_work(workshops: set[Workshop]) -> set[Workshop]:
    building = Dataset.objects.filter(
        state=Dataset.State.BUILDING, pk__in={workshop.dataset_id for workshop in workshops}
    )
    return {Workshop(*row) for row in building.values_list("pk", "attempt")}


def _of_datasets(places: set[Place]) -> set[Place]:
    """Return the places of datasets that are ready, and of those that may be in a moment."""
    theirs = Dataset.objects.filter(
        state__in=[Dataset.State.BUILDING, Dataset.State.READY],
        name__in={place.name for place in places},
    )
    return {Place(*row) for row in theirs.values_list("name", "number", "attempt")}
