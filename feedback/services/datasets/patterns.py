"""Patterns: how rows are written to JSON a million times.

A format makes its rows of one example, and that is how they are written. But of what is in a row
most is the same in thousands of them: the beginning of the prompt, the task, the model. So for each
of these a format is given one example with marks in the places of what differs; its rows, written
to JSON, are the pattern into which the rest is put.
"""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from operator import itemgetter
from typing import Any, Final

import orjson
import psycopg

from feedback.formats import Row, TrainingFormat
from feedback.recipe import Recipe, SplitName
from feedback.services.datasets.examples import (
    COMMON,
    LOOSE,
    REST,
    ChosenRow,
    Desk,
    read_json,
    read_rows,
)

# What few rows differ in; a pattern is made for each of their combinations.
_KEPT: Final = frozenset(
    {"split", "task", "locale", "prompt", "guide", "model", "likes_answer", "dislikes_draft"}
)
# No text of PostgreSQL holds what marks a place. A value of its own is in quotation marks, a number
# within another text, as in an id, is not.
_MARK: Final = "\0{}\0"
_PLACE: Final = re.compile(rb'"\\u0000(\w+)\\u0000"|\\u0000(\w+)\\u0000')

Write = Callable[[ChosenRow], bytes]


def line_of(row: Row) -> bytes:
    """Return a row as a line of JSON, with its end."""
    return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def lines(
    own: psycopg.Connection[Any], recipe: Recipe, training_format: TrainingFormat
) -> Generator[tuple[int, Mapping[SplitName, list[bytes]]], None, None]:
    """Yield batch after batch how many reviews it is of and the rows of what was chosen, as lines,
    by their split.

    Raises explanations.prompts.TemplateError where the recipe names a prompt that cannot be filled.
    """
    about = training_format.about
    names = COMMON + REST[about]
    kept = itemgetter(*(place for place, name in enumerate(names) if name in _KEPT))
    desk = Desk(recipe)
    # What the recipe asks otherwise is rendered here; all else the database writes to JSON.
    is_json = not recipe.prompts
    read = read_json if is_json else read_rows
    patterns: dict[object, tuple[SplitName, list[Write]]] = {}
    with closing(read(own, recipe, about)) as batches:
        for rows in batches:
            by_split: dict[SplitName, list[bytes]] = {}
            for row in rows:
                key = kept(row)
                if key not in patterns:
                    values = dict(zip(names, row, strict=True))
                    if is_json:
                        values |= {name: _READ[name](values[name]) for name in _KEPT & set(names)}
                    made = list(_patterns(values, desk, training_format, is_json=is_json))
                    patterns[key] = (values["split"], made)
                split, writes = patterns[key]
                found = by_split.setdefault(split, [])
                for write in writes:
                    found.append(write(row))
            yield len(rows), by_split


def _number(written: bytes | None) -> int | None:
    return None if written is None else int(written)


_READ: Final[Mapping[str, Callable[[Any], object]]] = {
    **dict.fromkeys(("split", "locale"), bytes.decode),
    **dict.fromkeys(("task", "prompt", "guide", "model"), _number),
    **dict.fromkeys(("likes_answer", "dislikes_draft"), b"true".__eq__),
}
"""How what is kept in a pattern is read from the bytes that the database writes."""


def _patterns(
    values: Mapping[str, Any], desk: Desk, training_format: TrainingFormat, *, is_json: bool
) -> Iterator[Write]:
    """Yield how each of the rows is written that a format makes of such a review."""
    marked = tuple(value if name in _KEPT else _MARK.format(name) for name, value in values.items())
    for made in training_format.rows(desk.example(marked, training_format.about)):
        yield _pattern(line_of(made), tuple(values), is_json=is_json)


def _pattern(line: bytes, names: tuple[str, ...], *, is_json: bool) -> Write:
    parts = _PLACE.split(line)
    # Text, and then for each place its name in quotation marks or without, and the text after it.
    written = b"%b".join(part.replace(b"%", b"%%") for part in parts[::3])
    placed = [
        (own or within).decode() for own, within in zip(parts[1::3], parts[2::3], strict=True)
    ]
    places = [names.index(name) for name in placed]
    if is_json and LOOSE.isdisjoint(placed):
        pick = itemgetter(*places)
        return lambda row: written % pick(row)
    as_json = [
        orjson.dumps if not is_json else _tightened if name in LOOSE else bytes for name in placed
    ]
    together = list(zip(as_json, places, strict=True))
    return lambda row: written % tuple([write(row[place]) for write, place in together])


def _tightened(loose: bytes) -> bytes:
    """Return JSON without spaces between its parts."""
    return orjson.dumps(orjson.loads(loose))
