"""Which earlier lessons new ones are near to: kept when they are made, so that a build only joins.

A lesson is compared with the newest earlier ones of its kind that share a band with it. Where all
is written to one form these are thousands, and nearly the same ones for each new lesson: so the
bands of the newest lessons and the words of those that were compared last are held in memory, and
the database is asked for what lies further back.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from feedback.models import Lesson, NearLessons
from feedback.near_texts import Numbers, Pairs, Texts, numbers_of, word_pairs
from feedback.recipe import LEAST_ALIKE

MOST_NEAR: Final = 64
"""So many others are kept beside a text; what is said oftener teaches nothing new."""
MOST_COMPARED: Final = 2_000
"""What is written to one form shares bands by the thousand; the newest are compared."""

# Lessons that are read at once, and how many are held, of 140 bytes each.
_BLOCK: Final = 4_096
_MOST_HELD: Final = 100_000
# Texts that are compared at once, and pairs of words that are held, of 8 bytes each.
_AT_ONCE: Final = 2_000
_MOST_PAIRS_HELD: Final = 2_000_000

Ids = NDArray[np.int64]
_NONE: Final[Ids] = np.empty(0, np.int64)
Shares = NDArray[np.float64]


class NearTexts:
    """What new lessons are compared with, for as long as one process makes lessons.

    What it holds are copies: it is made anew at any time, and must be where a batch failed.
    """

    def __init__(self) -> None:
        self._newest = _NewestLessons()
        self._words = _Words()

    def keep(self, made: Sequence[Lesson], pairs: Sequence[Pairs]) -> None:
        """Keep which earlier lessons each of these new ones is near to: the nearest `MOST_NEAR`.

        In the transaction in which they were made, while nobody else makes any.
        """
        own = {lesson.pk: numbers_of(each) for lesson, each in zip(made, pairs, strict=True)}
        self._words.learn(own)
        near: list[NearLessons] = []
        crowded: list[Lesson] = []
        earlier = self._newest.that_share_bands(made)
        for later, (ids, alike) in self._near(own, earlier).items():
            nearest = np.lexsort((ids, -alike))
            near += [
                NearLessons(later_id=later, earlier_id=int(ids[at]), alike=float(alike[at]))
                for at in nearest[:MOST_NEAR]
            ]
            if len(nearest) > MOST_NEAR:
                crowded.append(Lesson(pk=later, crowded_from=float(alike[nearest[MOST_NEAR]])))
        NearLessons.objects.bulk_create(near)
        Lesson.objects.bulk_update(crowded, ["crowded_from"])

    def _near(
        self, own: Mapping[int, Numbers], earlier: Mapping[int, Ids]
    ) -> dict[int, tuple[Ids, Shares]]:
        """Return which of those that each is compared with it is near to, and how alike they are.

        Each text is compared with all lessons that want it, so that it is read once.
        """
        found: dict[int, list[tuple[Ids, Shares]]] = {later: [] for later in earlier}
        everyone = np.unique(np.concatenate([_NONE, *earlier.values()]))
        for begin in range(0, len(everyone), _AT_ONCE):
            some = everyone[begin : begin + _AT_ONCE]
            texts = Texts(self._words.of(some.tolist()))
            for later, ids in earlier.items():
                wanted = ids[(ids >= some[0]) & (ids <= some[-1])]
                if len(wanted):
                    alike = texts.alike(own[later])[np.searchsorted(some, wanted)]
                    is_near = alike >= LEAST_ALIKE
                    found[later].append((wanted[is_near], alike[is_near]))
        return {
            later: (
                np.concatenate([ids for ids, _alike in parts]),
                np.concatenate([alike for _ids, alike in parts]),
            )
            for later, parts in found.items()
            if parts
        }


# --- Their bands ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Block:
    """Lessons whose ids follow one another, none left out."""

    ids: Ids
    are_rejects: NDArray[np.bool_]
    bands: NDArray[np.int32]

    def that_share(self, lesson: Lesson) -> Ids:
        """Return the earlier ones of its kind that share a band with it, newest first."""
        share = (self.bands == np.array(lesson.bands, np.int32)).any(axis=1)
        found: Ids = self.ids[share & self._may_be_compared(lesson)][::-1]
        return found

    def to_compare(self, lesson: Lesson) -> int:
        return int(np.count_nonzero(self._may_be_compared(lesson)))

    def _may_be_compared(self, lesson: Lesson) -> NDArray[np.bool_]:
        is_reject = lesson.golden_id is None
        found: NDArray[np.bool_] = (self.are_rejects == is_reject) & (self.ids < lesson.pk)
        return found


_FOLLOWING: Final = """
SELECT id, golden_id IS NULL, bands FROM feedback_lesson
WHERE id > %(end)s ORDER BY id LIMIT %(most)s
"""
_BEFORE: Final = """
SELECT id, golden_id IS NULL, bands FROM feedback_lesson
WHERE id < %(end)s ORDER BY id DESC LIMIT %(most)s
"""
# By the index of bands first: the database takes shared bands for common, and would rather go
# through all lessons from the newest on.
_FURTHER_BACK: Final = """
SELECT later.id, further.ids
FROM unnest(%(asked)s::bigint[], %(below)s::bigint[]) asked (id, below)
JOIN feedback_lesson later ON later.id = asked.id
CROSS JOIN LATERAL (
    WITH sharing AS MATERIALIZED (
        SELECT id, golden_id FROM feedback_lesson WHERE bands && later.bands
    )
    SELECT ARRAY(
        SELECT id FROM sharing
        WHERE id < asked.below AND (golden_id IS NULL) = (later.golden_id IS NULL)
        ORDER BY id DESC LIMIT %(most)s
    ) AS ids
) further
"""


class _NewestLessons:
    """The bands of the newest lessons, as far back as it pays to go through all of them."""

    def __init__(self) -> None:
        self._blocks: deque[_Block] = deque()
        """Oldest first; together they hold all from their first one on."""

    def that_share_bands(self, made: Sequence[Lesson]) -> dict[int, Ids]:
        """Return for each the newest `MOST_COMPARED` earlier ones of its kind that share a band."""
        self._read_following(made[0].pk)
        found: dict[int, list[Ids]] = {}
        below: dict[int, int] = {}
        for lesson in made:
            found[lesson.pk], wants_others = self._held_that_share(lesson)
            if wants_others:
                below[lesson.pk] = int(self._blocks[0].ids[0])
        for later, ids in _further_back(below):
            found[later].append(ids)
        return {later: np.concatenate(parts)[:MOST_COMPARED] for later, parts in found.items()}

    def _held_that_share(self, lesson: Lesson) -> tuple[list[Ids], bool]:
        """Return those that are held, newest first, and whether there may be others to compare."""
        found = [_NONE]
        sharing = compared = at = 0
        while sharing < MOST_COMPARED:
            at += 1
            if at > len(self._blocks):
                if not self._pays_to_read_more(sharing, compared):
                    return found, True
                if not self._read_before():
                    break
            block = self._blocks[-at]
            found.append(block.that_share(lesson))
            sharing += len(found[-1])
            compared += block.to_compare(lesson)
        return found, False

    def _pays_to_read_more(self, sharing: int, compared: int) -> bool:
        """Whether enough are likely to be among those that may be held yet; what few share, the
        index finds at once.
        """
        if compared < _BLOCK // 2:
            return self._held() < 2 * _BLOCK
        return (MOST_COMPARED - sharing) * compared < sharing * (_MOST_HELD - self._held())

    def _held(self) -> int:
        return sum(len(block.ids) for block in self._blocks)

    def _read_following(self, first: int) -> None:
        """Hold what was made since, by whomever; at the beginning, from `first` on."""
        while True:
            block = _read(_FOLLOWING, self._blocks[-1].ids[-1] if self._blocks else first - 1)
            if block is None:
                return
            if self._blocks and len(self._blocks[-1].ids) < _BLOCK:
                block = _joined(self._blocks.pop(), block)
            self._blocks.append(block)
            if self._held() > _MOST_HELD:
                self._blocks.popleft()

    def _read_before(self) -> bool:
        """Hold another block of older ones; return whether there are any."""
        block = _read(_BEFORE, self._blocks[0].ids[0])
        if block is not None:
            self._blocks.appendleft(block)
        return block is not None


def _read(statement: str, end: int) -> _Block | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"end": int(end), "most": _BLOCK})
        rows = sorted(cursor.fetchall())
    if not rows:
        return None
    ids, are_rejects, bands = zip(*rows, strict=True)
    return _Block(np.array(ids), np.array(are_rejects), np.array(bands, np.int32))


def _joined(one: _Block, other: _Block) -> _Block:
    return _Block(
        np.concatenate([one.ids, other.ids]),
        np.concatenate([one.are_rejects, other.are_rejects]),
        np.concatenate([one.bands, other.bands]),
    )


def _further_back(below: Mapping[int, int]) -> Iterable[tuple[int, Ids]]:
    """Yield for each lesson, newest first, those with ids below the number that share a band."""
    if not below:
        return
    given: dict[str, Any] = {
        "asked": list(below),
        "below": list(below.values()),
        "most": MOST_COMPARED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FURTHER_BACK, given)
        for later, ids in cursor.fetchall():
            yield later, np.array(ids, np.int64)


# --- Their words ---------------------------------------------------------------------------------

_TEXTS: Final = """
SELECT lesson.id, COALESCE(golden.text, draft.text)
FROM feedback_lesson lesson
LEFT JOIN feedback_golden golden ON golden.id = lesson.golden_id
JOIN explanations_draft draft ON draft.id = lesson.draft_id
WHERE lesson.id = ANY(%s)
"""


class _Words:
    """The pairs of words of lessons, those that were wanted last held in memory. They are final."""

    def __init__(self) -> None:
        self._held: OrderedDict[int, Numbers] = OrderedDict()
        self._pairs = 0

    def learn(self, words: Mapping[int, Numbers]) -> None:
        """Hold these as well, and as many of the others as there is room for."""
        self._held.update(words)
        self._pairs += sum(map(len, words.values()))
        while self._pairs > _MOST_PAIRS_HELD:
            _lesson, forgotten = self._held.popitem(last=False)
            self._pairs -= len(forgotten)

    def of(self, lessons: Sequence[int]) -> list[Numbers]:
        """Return those of each lesson."""
        found = {each: words for each in lessons if (words := self._held.get(each)) is not None}
        for each in found:
            self._held.move_to_end(each)
        if missing := [each for each in lessons if each not in found]:
            read = _read_words(missing)
            self.learn(read)
            found |= read
        return [found[each] for each in lessons]


def _read_words(lessons: list[int]) -> dict[int, Numbers]:
    with connection.cursor() as cursor:
        cursor.execute(_TEXTS, [lessons])
        return {lesson: numbers_of(word_pairs(text)) for lesson, text in cursor.fetchall()}
