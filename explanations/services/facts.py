"""Facts as they are now: what was delivered, and what editors laid over it."""

from collections.abc import Mapping
from typing import Any, Final, cast

from django.db import transaction
from django.db.models.functions import Now
from django.utils.text import slugify

from accounts.log import record
from accounts.models import Person
from explanations.context import get_fact, has_fact, make_pointer
from explanations.fact_changes import Facts, LaidOver, OverlayKind, laid_over
from explanations.models import FactOverlay, FactSnapshot, Recommendation
from explanations.recommendation_lines import MAX_POINTER_CHARACTERS, fact_problem
from explanations.services.redrafting import redraft_after_change

MAX_SOURCE_CHARACTERS: Final = 500
MAX_NAME_CHARACTERS: Final = 80


class FactRefusedError(ValueError):
    """An editor's fact that cannot be taken; the message says why, as a sentence."""


def add_fact(
    recommendation: Recommendation, name: str, value: object, source: str, person: Person
) -> FactSnapshot:
    """Lay a new fact at `/item/<name>` over the delivery and return the new snapshot.

    `value` is text, a number, true or false, or a list of those. Raises FactRefusedError if the
    name already stands for a fact, or if name, value or source cannot be taken.
    """
    slug = slugify(name, allow_unicode=True).replace("-", "_")[:MAX_NAME_CHARACTERS]
    if not slug:
        raise FactRefusedError("Give the fact a name of letters or digits.")
    pointer = make_pointer(["item", slug])
    with transaction.atomic():
        locked, facts = _locked(recommendation)
        if slug in facts["item"]:
            raise FactRefusedError(f"There is already a fact “{slug}”; correct it instead.")
        return _lay(locked, FactOverlay.Kind.ADDED, pointer, value, None, source, person)


def correct_fact(
    recommendation: Recommendation, pointer: str, value: object, source: str, person: Person
) -> FactSnapshot:
    """Lay the right value over the fact at `pointer` and return the new snapshot.

    Drafts that rest on the fact are withdrawn and drafted again. Raises FactRefusedError if there
    is no such fact, or if value or source cannot be taken.
    """
    with transaction.atomic():
        locked, facts = _locked(recommendation)
        value_then = _known(facts, pointer)
        return _lay(locked, FactOverlay.Kind.CORRECTED, pointer, value, value_then, source, person)


def hide_fact(
    recommendation: Recommendation, pointer: str, source: str, person: Person
) -> FactSnapshot:
    """Take the fact at `pointer` out of what models and editors see; return the new snapshot.

    `source` says why it is not for showing. Drafts that rest on the fact are withdrawn and drafted
    again. Raises FactRefusedError if there is no such fact or no reason.
    """
    with transaction.atomic():
        locked, facts = _locked(recommendation)
        value_then = _known(facts, pointer)
        return _lay(locked, FactOverlay.Kind.HIDDEN, pointer, None, value_then, source, person)


def take_snapshot(
    recommendation: Recommendation,
    facts: Mapping[str, Any],
    cause: FactSnapshot.Cause,
    sources: Mapping[str, str] | None = None,
) -> FactSnapshot:
    """Store `facts` as the recommendation's next snapshot and make it the current one.

    The caller's transaction must hold a lock on the recommendation, and brings the drafts in line
    (`redraft_after_change`) once all its snapshots are taken.
    """
    last = recommendation.snapshots.order_by("-number").values_list("number", flat=True).first()
    snapshot = FactSnapshot.objects.create(
        recommendation=recommendation,
        number=(last or 0) + 1,
        cause=cause,
        item=facts["item"],
        audience=facts["audience"],
        sources=dict(sources or {}),
    )
    recommendation.snapshot = snapshot
    recommendation.changed_at = Now()
    recommendation.save(update_fields=["snapshot", "changed_at"])
    return snapshot


def overlay_again(recommendation: Recommendation) -> FactSnapshot | None:
    """Lay all of the editors' facts over the last delivery; None if there are none to lay.

    The caller's transaction must hold a lock on the recommendation.
    """
    overlays = [
        LaidOver(
            kind=cast("OverlayKind", overlay.kind),
            pointer=overlay.pointer,
            value=overlay.value,
            value_then=overlay.value_then,
            source=overlay.source,
        )
        for overlay in recommendation.overlays.order_by("id")
    ]
    if not overlays:
        return None
    delivered = (
        recommendation.snapshots.filter(cause=FactSnapshot.Cause.IMPORT).order_by("-number").first()
    )
    if delivered is None:
        return None
    facts, sources = laid_over(delivered.facts, overlays)
    return take_snapshot(recommendation, facts, FactSnapshot.Cause.OVERLAY, sources)


def _locked(recommendation: Recommendation) -> tuple[Recommendation, Facts]:
    locked = Recommendation.objects.select_for_update(of=("self",)).get(pk=recommendation.pk)
    if locked.snapshot is None:
        raise FactRefusedError("The recommendation has no facts yet.")
    return locked, locked.snapshot.facts


def _known(facts: Facts, pointer: str) -> object:
    if pointer in {"/item", "/audience"} or not has_fact(facts, pointer):
        raise FactRefusedError("There is no such fact.")
    return get_fact(facts, pointer)


def _lay(
    recommendation: Recommendation,
    kind: FactOverlay.Kind,
    pointer: str,
    value: object,
    value_then: object,
    source: str,
    person: Person,
) -> FactSnapshot:
    source = source.strip()
    if not source:
        raise FactRefusedError("Say where this is known from.")
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise FactRefusedError(f"The source may have {MAX_SOURCE_CHARACTERS} characters.")
    if problem := fact_problem(source):
        raise FactRefusedError(problem)
    if len(pointer) > MAX_POINTER_CHARACTERS:
        raise FactRefusedError("The name of the fact is too long.")
    if kind != FactOverlay.Kind.HIDDEN and (problem := fact_problem(value)):
        raise FactRefusedError(problem)
    overlay = FactOverlay.objects.create(
        recommendation=recommendation,
        kind=kind,
        pointer=pointer,
        value=value,
        value_then=value_then,
        source=source,
        created_by=person,
    )
    snapshot = overlay_again(recommendation)
    if snapshot is None:
        raise FactRefusedError("The recommendation has no delivered facts.")
    record(person, f"fact {kind.value}", recommendation, pointer=pointer, overlay=overlay.pk)
    redraft_after_change([recommendation.pk])
    return snapshot
