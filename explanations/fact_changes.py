"""What becomes of facts: laying editors' facts over a delivery, and telling what has changed.

Members of lists are told by their value, not by their place: a text that rests on the skill
"Python" stands as long as Python is in the list, wherever it has moved to.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from explanations.context import FactMissing, make_pointer, pointer_segments

Facts = dict[str, Any]
OverlayKind = Literal["added", "corrected", "hidden"]

_NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class LaidOver:
    """A fact that an editor added, corrected or hid, as it is to be laid over a delivery."""

    kind: OverlayKind
    pointer: str
    value: Any
    value_then: Any
    source: str


def changed_pointers(
    pointers: Iterable[str], before: Mapping[str, object], after: Mapping[str, object]
) -> set[str]:
    """Return those of `pointers`, addresses in `before`, whose facts `after` no longer holds.

    A text that rests on one of them is out of date. A pointer at which neither says anything has
    not changed; one that is malformed addresses nothing.
    """
    return {
        pointer
        for pointer in pointers
        if (segments := _segments(pointer)) and not _stands(before, after, segments)
    }


def touches(pointers: Iterable[str], pointer: str) -> bool:
    """Whether a pointer names one of the facts at `pointers`, part of one, or what holds one."""
    return any(
        used == pointer or used.startswith(f"{pointer}/") or pointer.startswith(f"{used}/")
        for used in pointers
    )


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that is no longer as it was.

    `after` is None where it is gone. Of a member of a list, which is told by its value, `after` is
    always None, and `came` are the members that the list has had since.
    """

    pointer: str
    before: object
    after: object
    came: tuple[object, ...] = ()
    is_member: bool = False


def changes_of(
    pointers: Iterable[str], before: Mapping[str, object], after: Mapping[str, object]
) -> list[FactChange]:
    """Return what `changed_pointers` finds, in order, each with what it said and what it says."""
    changes = []
    for pointer in sorted(changed_pointers(pointers, before, after)):
        segments = _segments(pointer)
        depth = _depth_of_list(before, segments)
        said, says = _at(before, segments), _at(after, segments)
        if depth is None:
            changes.append(FactChange(pointer, _or_none(said), _or_none(says)))
            continue
        then, now = _at(before, segments[:depth]), _at(after, segments[:depth])
        came = [
            member
            for member in (now if isinstance(now, list) else [])
            if isinstance(then, list) and not any(same_facts(member, old) for old in then)
        ]
        values = [_at(member, segments[depth + 1 :]) for member in came]
        changes.append(
            FactChange(
                pointer,
                _or_none(said),
                None,
                tuple(value for value in values if value is not _NOTHING),
                is_member=True,
            )
        )
    return changes


def changed_anew(
    pointers: Iterable[str],
    before: Mapping[str, object],
    accepted: Mapping[str, object],
    after: Mapping[str, object],
) -> set[str]:
    """Return what has changed from `before` to `after` and was not as it is now in `accepted`.

    Somebody has looked at what a text says beside `accepted` and found it still right; only what
    has become different from that again makes it worth another look.
    """
    changed = changed_pointers(pointers, before, after)
    known = changed_pointers(changed, before, accepted)
    return {
        pointer
        for pointer in changed
        if pointer not in known or not _says_the_same(before, accepted, after, _segments(pointer))
    }


def moved_to(pointer: str, value: object, facts: Mapping[str, object]) -> str | None:
    """Return where a fact is now that said `value` at `pointer`; None when it no longer says so.

    A member of a list may have another place by now; where several say the same, the first counts.
    """
    found = _moved(facts, _segments(pointer), value)
    return None if not found else make_pointer(found)


def same_facts(one: object, other: object) -> bool:
    """Whether two JSON values say the same: 1 is 1.0 but not true, lists hold the same members."""
    return _canonical(one) == _canonical(other)


def laid_over(
    delivered: Mapping[str, object], overlays: Iterable[LaidOver]
) -> tuple[Facts, dict[str, str]]:
    """Lay editors' facts, oldest first, over what was delivered.

    Returns the facts and, by pointer, the source of each that an editor added or corrected. A
    member of a list is found again by the value that it had then; where it is gone, the overlay
    has nothing left to say. `delivered` is not altered.
    """
    facts: Facts = copy.deepcopy(dict(delivered))
    sources: dict[str, str] = {}
    for overlay in overlays:
        applied = _lay(facts, _segments(overlay.pointer), overlay)
        if applied is None:
            continue
        sources = _sources_beside(
            sources, applied, overlay.kind == "hidden" and _in_list(facts, applied)
        )
        if overlay.kind != "hidden":
            sources[make_pointer(applied)] = overlay.source
    return facts, sources


def _segments(pointer: str) -> list[str]:
    try:
        return pointer_segments(pointer)
    except FactMissing:
        return []


# Comparing ---------------------------------------------------------------------------------------


def _stands(before: object, after: object, segments: list[str]) -> bool:
    if not segments:
        return before is after or (
            before is not _NOTHING and after is not _NOTHING and same_facts(before, after)
        )
    first, rest = segments[0], segments[1:]
    if isinstance(before, list) and isinstance(after, list):
        member = _member(before, first)
        if member is _NOTHING:
            return True
        return any(_stands(member, other, rest) for other in after)
    return _stands(_member(before, first), _member(after, first), rest)


def _says_the_same(before: object, accepted: object, after: object, segments: list[str]) -> bool:
    if _depth_of_list(before, segments) is not None:
        return True  # a member that is gone is gone
    one, other = _at(accepted, segments), _at(after, segments)
    return one is other or (
        one is not _NOTHING and other is not _NOTHING and same_facts(one, other)
    )


def _depth_of_list(facts: object, segments: list[str]) -> int | None:
    """Return how many segments lead to the outermost list on the way, None if there is none."""
    for depth, segment in enumerate(segments):
        if isinstance(facts, list):
            return depth
        facts = _member(facts, segment)
    return None


def _at(facts: object, segments: list[str]) -> object:
    for segment in segments:
        facts = _member(facts, segment)
    return facts


def _or_none(value: object) -> object:
    return None if value is _NOTHING else value


def _moved(place: object, segments: list[str], value: object) -> list[str] | None:
    if not segments:
        return [] if place is not _NOTHING and same_facts(place, value) else None
    first, rest = segments[0], segments[1:]
    here = _moved(_member(place, first), rest, value)
    if here is not None:
        return [first, *here]
    if isinstance(place, list):
        for index, member in enumerate(place):
            there = _moved(member, rest, value)
            if there is not None:
                return [str(index), *there]
    return None


def _member(value: object, segment: str) -> object:
    if isinstance(value, Mapping):
        return value.get(segment, _NOTHING)
    if isinstance(value, list) and segment.isdecimal() and int(segment) < len(value):
        return value[int(segment)]
    return _NOTHING


def _canonical(value: object) -> bytes:
    return orjson.dumps(_ordered(value), option=orjson.OPT_SORT_KEYS)


def _ordered(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _ordered(member) for name, member in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(member) for member in value), key=_canonical)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


# Laying over -------------------------------------------------------------------------------------


def _lay(place: object, segments: list[str], overlay: LaidOver) -> list[str] | None:
    """Apply an overlay below `place`; return where it went, None if there is no such place."""
    if not segments:
        return None
    first, rest = segments[0], segments[1:]
    if isinstance(place, list):
        index = _index(place, first, rest, overlay.value_then)
        if index is None:
            return None
        if not rest:
            _put(place, index, overlay)
            return [str(index)]
        below = _lay(place[index], rest, overlay)
        return None if below is None else [str(index), *below]
    if not isinstance(place, dict):
        return None
    if not rest:
        if overlay.kind == "hidden" and first not in place:
            return None
        _put(place, first, overlay)
        return [first]
    below = _lay(place.get(first), rest, overlay)
    return None if below is None else [first, *below]


def _put(place: Any, key: str | int, overlay: LaidOver) -> None:
    if overlay.kind == "hidden":
        del place[key]
    else:
        place[key] = copy.deepcopy(overlay.value)


def _index(members: list[Any], segment: str, rest: list[str], value_then: object) -> int | None:
    """Where the member is that the overlay meant: first where it was, then wherever it moved."""
    there = int(segment) if segment.isdecimal() and int(segment) < len(members) else 0
    for index in sorted(range(len(members)), key=lambda index: index != there):
        found: object = members[index]
        for step in rest:
            found = _member(found, step)
        if found is not _NOTHING and same_facts(found, value_then):
            return index
    return None


def _in_list(facts: Facts, segments: list[str]) -> bool:
    parent: object = facts
    for segment in segments[:-1]:
        parent = _member(parent, segment)
    return isinstance(parent, list)


def _sources_beside(
    sources: dict[str, str], changed: list[str], left_a_list: bool
) -> dict[str, str]:
    """The sources that still hold: not of what was replaced, and moved up where a member left."""
    kept: dict[str, str] = {}
    depth = len(changed)
    for pointer, source in sources.items():
        segments = _segments(pointer)
        if segments[:depth] == changed:
            continue
        if (
            left_a_list
            and len(segments) >= depth
            and segments[: depth - 1] == changed[:-1]
            and int(segments[depth - 1]) > int(changed[-1])
        ):
            segments[depth - 1] = str(int(segments[depth - 1]) - 1)
        kept[make_pointer(segments)] = source
    return kept
