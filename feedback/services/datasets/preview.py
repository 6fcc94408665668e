"""Preview: what a recipe would make of the desk as it is now, in numbers and in some rows."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import orjson
import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from feedback.formats import Row, get_training_format
from feedback.models import Golden
from feedback.recipe import Recipe, SplitName
from feedback.services.datasets.choosing import choose, count_roughly, of_all
from feedback.services.datasets.creating import refuse_unknown
from feedback.services.datasets.examples import count_rows, examples
from feedback.services.datasets.lessons import prepare_lessons_if_nobody_does
from feedback.services.datasets.manifest import count_chosen
from feedback.services.datasets.moment import give_room
from feedback.services.datasets.patterns import line_of
from feedback.services.datasets.shortfalls import shortfalls
from feedback.services.datasets.sizes import too_small

SHOWN_ROWS: Final = 5
"""So many of each format are shown."""
MOST_SECONDS: Final = 10.0
# What was approved in the last minute is worked out on the spot; a whole desk is not.
_PREPARING_S: Final = 0.5
# Of more reviews only some groups are looked at: somebody waits.
_MOST_LOOKED_AT: Final = 20_000
# Of more goldens, whatever the recipe takes of them, nobody looks through all for those that have
# no lesson yet: those of the last hour are looked at, and some of the others.
_MOST_LOOKED_THROUGH: Final = 100_000
_LATELY: Final = timedelta(hours=1)


class PreviewTooLong(Exception):
    """There is more than can be looked at while somebody waits; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a dataset would hold if it were built now."""

    reviews: Mapping[SplitName, int]
    """Reviews that would give at least one row."""
    rows: Mapping[str, Mapping[SplitName, int]]
    """Format -> split -> rows."""
    tasks: Mapping[str, int]
    """Slug -> reviews."""
    outcomes: Mapping[str, int]
    """Outcome -> reviews."""
    tags: Mapping[str, int]
    """Slug of a category -> reviews with such a tag."""
    models: Mapping[str, int]
    left_out: Mapping[str, int]
    """Reason, in words -> reviews or goldens that give no row, or not all of theirs."""
    examples: Mapping[str, Sequence[Row]]
    """Format -> its first rows."""
    too_small: str
    """Why it would not be built, as a sentence, or ""."""
    warnings: Sequence[str]
    """What it would have less of than the recipe asks for, as `shortfalls` says it."""
    unprepared: int
    """Goldens that were approved lately and are not counted yet; a build waits for them."""
    one_in: int
    """Above 1 the numbers are estimates from one in so many groups, taken by chance."""

    @property
    def all_reviews(self) -> int:
        """Return how many reviews would give at least one row."""
        return sum(self.reviews.values())


def preview(recipe: Recipe, seconds: float = MOST_SECONDS) -> Preview:
    """Return what the recipe would make of the desk as it is now; nothing is kept of it.

    Raises InvalidRecipe where the desk does not have what the recipe names, and PreviewTooLong
    after so many `seconds`.
    """
    refuse_unknown(recipe)
    with connection.cursor() as cursor:
        one_in = max(count_roughly(cursor, recipe) // _MOST_LOOKED_AT, 1)
        is_large = one_in > 1 or _goldens_roughly(cursor) > _MOST_LOOKED_THROUGH
    if not is_large:
        prepare_lessons_if_nobody_does(_PREPARING_S)
    try:
        with transaction.atomic():
            found = _preview(recipe, one_in, is_large, _Bounded(seconds))
            transaction.set_rollback(True)  # the temporary tables
    except (OperationalError, psycopg.OperationalError) as error:
        if not isinstance(error.__cause__ or error, psycopg.errors.QueryCanceled):
            raise
        raise PreviewTooLong(
            _("There is too much to look at while you wait. Build it: its manifest counts all.")
        ) from error
    return found


class _Bounded:
    """The cursor of the desk's connection, with what time is left for each statement."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._cursor = connection.cursor()

    def execute(self, statement: str, given: Any = None) -> None:
        self.let_end()
        self._cursor.execute(statement, given)

    def let_end(self) -> None:
        """Let what is executed next end in time."""
        left_ms = max(int((self._until - time.monotonic()) * 1000), 1)
        self._cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(left_ms)])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _preview(recipe: Recipe, one_in: int, is_large: bool, cursor: _Bounded) -> Preview:
    give_room(cursor)
    choice = choose(cursor, recipe, one_in)
    counts: dict[str, Any] = count_chosen(cursor)
    rows = count_rows(cursor, recipe)

    def of_all_groups(counted: Mapping[Any, int]) -> dict[Any, int]:
        return {each: of_all(number, one_in) for each, number in counted.items()}

    return Preview(
        reviews=choice.reviews,
        rows={slug: of_all_groups(by_split) for slug, by_split in rows.items()},
        tasks=of_all_groups(counts["tasks"]),
        outcomes=of_all_groups(counts["outcomes"]),
        tags=of_all_groups(counts["tags"]),
        models=of_all_groups(counts["models"]),
        left_out=choice.left_out,
        examples={slug: _first_rows(recipe, slug, cursor) for slug in recipe.formats},
        too_small=too_small(recipe, choice),
        warnings=shortfalls(cursor, recipe, choice, rows, one_in),
        unprepared=(_unprepared_roughly if is_large else _unprepared)(recipe, cursor),
        one_in=one_in,
    )


def _first_rows(recipe: Recipe, slug: str, cursor: _Bounded) -> list[Row]:
    training_format = get_training_format(slug)
    cursor.let_end()
    rows: list[Row] = []
    for batch in examples(connection.connection, recipe, training_format.about, SHOWN_ROWS):
        for _split, example in batch:
            # As they would be read again: what is JSON already is not to be seen as such.
            rows += [orjson.loads(line_of(row)) for row in training_format.rows(example)]
    return rows[:SHOWN_ROWS]


def _goldens_roughly(cursor: Any) -> int:
    """Return about how many goldens there are, as PostgreSQL last counted them."""
    cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'feedback_golden'::regclass")
    number: int = cursor.fetchone()[0]
    return number


def _unprepared(recipe: Recipe, cursor: _Bounded) -> int:
    cursor.let_end()
    return _without_a_lesson(recipe).count()


def _without_a_lesson(recipe: Recipe) -> QuerySet[Golden]:
    return Golden.objects.filter(
        task__slug__in=recipe.tasks, state=Golden.State.APPROVED, lesson=None
    )


# Of those of all tasks: that a worker has much before it is all that is to be said.
_UNPREPARED: Final = """
SELECT 200 * count(*) FROM feedback_golden golden TABLESAMPLE SYSTEM (0.5)
WHERE state = 'APPROVED'
  AND NOT EXISTS (SELECT FROM feedback_lesson lesson WHERE lesson.golden_id = golden.id)
"""


def _unprepared_roughly(recipe: Recipe, cursor: _Bounded) -> int:
    cursor.execute(_UNPREPARED)
    number: int = cursor.fetchone()[0]
    cursor.let_end()
    # As an index has them.
    lately = Q(grade=Golden.Grade.EXEMPLARY, changed_at__gte=Now() - _LATELY)
    return max(number, _without_a_lesson(recipe).filter(lately).count())
