"""The index of the names in the desk's catalogue: made once a process, kept up with the facts."""

from collections.abc import Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Final

from django.db.models import Max

from explanations.checks import Catalogue
from explanations.checks.catalogue import Kind, names_of_recommendation
from explanations.models import FactSnapshot, Recommendation
from explanations.services.aside import Turn, aside, giving_way

LOOK_EVERY_S: Final = 5.0
"""How old the index may be before somebody looks whether there are new facts."""
MADE_ANEW_AFTER_S: Final = 3600.0
"""Names that are added one by one are never taken away; so all are read again at times."""
LATE_COMERS: Final = 10_000
"""Facts of a slow import get their numbers before they can be seen: so many are read twice."""
CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Held:
    catalogue: Catalogue
    newest: int
    """The newest snapshot of facts whose names are in it."""
    made_at: float
    looked_at: float


_turn: Final = Turn()
_held: _Held | None = None


def catalogue_now() -> Catalogue:
    """Return the index of the names of all recommendations, at most some seconds old.

    The first call of a process reads every recommendation; later ones look at the number of the
    newest facts, at most every `LOOK_EVERY_S`, and read what has come since.
    """
    global _held
    held = _held
    if held is not None and monotonic() - held.looked_at < LOOK_EVERY_S:
        return held.catalogue
    with _turn:
        if _held is held:  # nobody else was faster
            _held = _looked(held)
        assert _held is not None  # noqa: S101 - for the type checker
        return _held.catalogue


def catalogue_at_hand() -> Catalogue:
    """Return the index as it is, for those whom somebody waits for; only a first call reads.

    It is as old as `catalogue_now` lets it be and as long more as it takes to look for news, which
    a thread of its own does.
    """
    held = _held
    if held is None:
        return catalogue_now()
    if monotonic() - held.looked_at >= LOOK_EVERY_S and not _turn.is_taken:
        aside(catalogue_now)
    return held.catalogue


def forget_catalogue() -> None:
    """Let the next call read every recommendation again."""
    global _held
    _held = None


def _looked(held: _Held | None) -> _Held:
    now = monotonic()
    newest = FactSnapshot.objects.aggregate(newest=Max("pk"))["newest"] or 0
    if held is None or (newest != held.newest and now - held.made_at > MADE_ANEW_AFTER_S):
        return _Held(Catalogue.of(_all_names()), newest, made_at=now, looked_at=now)
    if newest == held.newest:
        return _Held(held.catalogue, newest, held.made_at, looked_at=now)
    catalogue = held.catalogue.extended(_names_since(held.newest - LATE_COMERS))
    return _Held(catalogue, newest, held.made_at, looked_at=now)


def _all_names() -> Iterator[tuple[str, Kind]]:
    rows = Recommendation.objects.filter(snapshot__isnull=False)
    facts = rows.values_list("snapshot__item", "snapshot__audience").iterator(CHUNK)
    for item, audience in giving_way(facts, _turn):
        yield from names_of_recommendation({"item": item, "audience": audience})


def _names_since(snapshot_id: int) -> Iterator[tuple[str, Kind]]:
    rows = FactSnapshot.objects.filter(pk__gt=snapshot_id).order_by()
    facts = rows.values_list("item", "audience").iterator(CHUNK)
    for item, audience in giving_way(facts, _turn):
        yield from names_of_recommendation({"item": item, "audience": audience})
