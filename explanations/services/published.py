"""What is published already: handed down by who publishes, held as an index for the checks."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any, Final

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q, QuerySet, Subquery, Value

from explanations.checks import Published
from explanations.checks.published import MOST_LINES, Line, owner_of, words_beside_facts
from explanations.context import mentioned_facts
from explanations.models import Draft, PublishedLine, Task
from explanations.services.aside import Turn, aside, giving_way

LOOK_EVERY_S: Final = 10.0
"""How old the index may be before somebody looks whether lines came or went."""
DRAFTS_READ: Final = 2_000
"""Of the newest drafts it is known how they are worded; a process adds those that it judges."""

LINES_READ: Final = MOST_LINES * 4 // 5
"""Of the newest; the index has room for as many as come until it is made anew."""
LATE_COMERS: Final = 1_000
"""Lines get their numbers before they can be seen: among so many are some that were not there."""
ANEW_EVERY_S: Final = 60.0
"""A line that was taken back stays in the index until all are read again, at most so often."""

_WAITING: Final = (Draft.State.READY, Draft.State.REVIEWED)


@dataclass(frozen=True, slots=True)
class _Held:
    published: Published
    newest: int
    """The highest number of its lines."""
    late: frozenset[int]
    """Those of its lines with which others, whose transactions took longer, may still come in."""
    lines: int
    """How many the task had."""
    was_taken_back: bool
    """Whether it holds lines that are gone."""
    made_at: float
    looked_at: float


_turn: Final = Turn()
_held: dict[str, _Held] = {}


@dataclass(frozen=True, slots=True)
class Handed:
    """A text that people stand behind, under a name of at most 60 characters, with its facts."""

    source: str
    task_id: int
    text: str
    facts: Mapping[str, Any]


def publish(source: str, task: Task, text: str, facts: Mapping[str, Any]) -> None:
    """Hand down a text that people stand behind, with the facts that it was written for.

    Again under the same `source` (at most 60 characters) it takes the place of the earlier one.
    """
    publish_all([Handed(source, task.pk, text, facts)])


def publish_all(handed: Iterable[Handed]) -> None:
    """Hand down many texts at once, as `publish` does each."""
    lines = [
        PublishedLine(
            source=each.source,
            task_id=each.task_id,
            text=each.text,
            words=list(words_beside_facts(each.text, _spans(each.text, each.facts))),
            owner=owner_of(each.facts.get("item") or {}),
        )
        for each in handed
    ]
    # One statement: it is part of every accept.
    PublishedLine.objects.bulk_create(
        lines,
        update_conflicts=True,
        unique_fields=["source"],
        update_fields=["task", "text", "words", "owner"],
        batch_size=1_000,
    )


def _spans(text: str, facts: Mapping[str, Any]) -> list[tuple[int, int]]:
    return [(mention.start, mention.end) for mention in mentioned_facts(text, facts)]


def unpublish(source: str) -> None:
    """Take a text back; one that was never published is no mistake."""
    unpublish_all([source])


def unpublish_all(sources: Collection[str]) -> None:
    """Take many texts back at once, as `unpublish` does each."""
    PublishedLine.objects.filter(source__in=sources).delete()


def published_now(task_slug: str) -> Published:
    """Return the index of a task's published lines and newest drafts, at most seconds old.

    The first call of a process reads them; later ones look at most every `LOOK_EVERY_S` whether
    lines came or went. Drafts that a process judges it adds itself (`Published.count`).
    """
    held = _held.get(task_slug)
    if held is not None and monotonic() - held.looked_at < LOOK_EVERY_S:
        return held.published
    with _turn:
        if _held.get(task_slug) is held:  # nobody else was faster
            _held[task_slug] = _looked(task_slug, held)
        return _held[task_slug].published


def published_at_hand(task_slug: str) -> Published:
    """Return the index as it is, for those whom somebody waits for; only a first call reads.

    It is as old as `published_now` lets it be and as long more as it takes to look for news, which
    a thread of its own does.
    """
    held = _held.get(task_slug)
    if held is None:
        return published_now(task_slug)
    if monotonic() - held.looked_at >= LOOK_EVERY_S and not _turn.is_taken:
        aside(lambda: published_now(task_slug))
    return held.published


def forget_published() -> None:
    """Let the next call read everything again."""
    _held.clear()


def _looked(task_slug: str, held: _Held | None) -> _Held:
    lines = PublishedLine.objects.filter(task__slug=task_slug)
    now = monotonic()
    if held is None:
        return _made_anew(task_slug, lines, now)
    count, late = _counted(lines, held.newest)
    new = late - held.late
    was_taken_back = held.was_taken_back or count != held.lines + len(new)
    is_full = len(held.published) + len(new) > MOST_LINES
    if is_full or (was_taken_back and now - held.made_at > ANEW_EVERY_S):
        return _made_anew(task_slug, lines, now)
    if new:
        for line in _lines(lines.filter(pk__in=new).order_by("pk")):
            held.published.add(line)
    return replace(
        held,
        newest=max(late, default=held.newest),
        late=late,
        lines=count,
        was_taken_back=was_taken_back,
        looked_at=monotonic(),
    )


def _made_anew(task_slug: str, lines: QuerySet[PublishedLine], now: float) -> _Held:
    count, late = _counted(lines)
    published = Published(_lines(lines.order_by("-pk")[:LINES_READ]))
    for words, owner in _newest_wordings(task_slug):
        published.count(words, owner)
    return _Held(
        published,
        newest=max(late, default=0),
        late=late,
        lines=count,
        was_taken_back=False,
        made_at=now,
        looked_at=monotonic(),
    )


def _counted(
    lines: QuerySet[PublishedLine], newest: int | None = None
) -> tuple[int, frozenset[int]]:
    """Return how many lines there are, and the numbers of the latest ones, of one moment.

    The latest lie less than `LATE_COMERS` behind `newest`, the newest that was known before, or
    behind the newest that there is.
    """
    behind = Value(newest) if newest is not None else _newest_of(lines)
    are_late = Q(pk__gt=behind - LATE_COMERS)
    state = lines.aggregate(
        lines=Count("pk"), late=ArrayAgg("pk", filter=are_late, default=Value([]))
    )
    return state["lines"], frozenset(state["late"])


def _newest_of(lines: QuerySet[PublishedLine]) -> Subquery:
    return Subquery(lines.order_by("-pk").values("pk")[:1])


def _lines(lines: QuerySet[PublishedLine]) -> Iterator[Line]:
    rows = lines.values_list("text", "words", "owner").iterator(1_000)
    for text, words, owner in giving_way(rows, _turn):
        yield Line(text, tuple(words), owner)


def _newest_wordings(task_slug: str) -> Iterator[tuple[tuple[str, ...], str]]:
    drafts = Draft.objects.without_trials().filter(task__slug=task_slug, state__in=_WAITING)
    rows = drafts.order_by("-pk").values_list("text", "snapshot__item", "snapshot__audience")
    for text, item, audience in giving_way(rows[:DRAFTS_READ].iterator(500), _turn):
        facts = {"item": item, "audience": audience}
        yield words_beside_facts(text, _spans(text, facts)), owner_of(item)
