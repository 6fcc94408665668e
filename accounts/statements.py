"""Statements in plain SQL, for what every request and every draft passes.

To write a query anew each time costs the ORM several times what the database needs to answer it,
and the database plans anew what is written anew. A statement is a text that stays as it is: it is
written once, and planned once a connection. The ORM is easier to read and to change, so this is for
what is measured to matter; each statement says beside it what it is for.
"""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import JSONField, Model
from psycopg.types.numeric import Int8

Row = tuple[Any, ...]
M = TypeVar("M", bound=Model)


class Statement:
    """A statement with values by name, `%(editor)s`, and parts that never change, `{person}`: the
    columns of a model, or a clause that several statements share.
    """

    def __init__(self, text: str, **parts: object) -> None:
        self._text: Final = text
        self._parts: Final = parts

    @cached_property
    def sql(self) -> str:
        """The statement as the database gets it."""
        return self._text.format(**self._parts)

    def rows(self, **values: object) -> list[Row]:
        """Return all rows."""
        with self._executed(values) as cursor:
            rows: list[Row] = cursor.fetchall()
        return rows

    def row(self, **values: object) -> Row | None:
        """Return the first row, or None."""
        with self._executed(values) as cursor:
            row: Row | None = cursor.fetchone()
        return row

    def changed(self, **values: object) -> int:
        """Return how many rows were written, for a statement that returns none."""
        with self._executed(values) as cursor:
            changed: int = cursor.rowcount
        return changed

    def _executed(self, values: dict[str, Any]) -> CursorWrapper:
        cursor: CursorWrapper = connection.preparing_cursor()  # type: ignore[attr-defined]
        try:
            cursor.execute(self.sql, {name: _typed(value) for name, value in values.items()})
        except BaseException:
            cursor.close()
            raise
        return cursor


def _typed(value: Any) -> Any:
    """Return a number as a bigint, however small: for each type the text would be planned again."""
    if type(value) is int:
        return Int8(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_typed(each) for each in value]
    return value


class Columns(Generic[M]):
    """All columns of a model within a statement, and what a row makes of them."""

    def __init__(self, model: type[M], alias: str) -> None:
        self._model: Final = model
        self._alias: Final = alias

    def __str__(self) -> str:
        return ", ".join(f'{self._alias}."{field.column}"' for field in self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def read(self, values: Sequence[Any]) -> M:
        """Return the object that these values, and no others, are the columns of."""
        own = list(values)
        for index, convert in self._conversions:
            own[index] = convert(own[index])
        return self._model.from_db("default", self._names, own)

    @cached_property
    def _fields(self) -> Sequence[Any]:
        return self._model._meta.concrete_fields

    @cached_property
    def _names(self) -> list[str]:
        return [field.attname for field in self._fields]

    @cached_property
    def _conversions(self) -> list[tuple[int, Callable[[Any], Any]]]:
        return [
            (index, _from_json)
            for index, field in enumerate(self._fields)
            if isinstance(field, JSONField)
        ]


def _from_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)
