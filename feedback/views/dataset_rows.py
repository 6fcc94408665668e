"""Rows of training files, as a page shows them to people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from feedback.formats import PROVENANCE, Row


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a row: messages, or anything else as text."""

    name: str
    text: str = ""
    before: Sequence[Mapping[str, Any]] = ()
    """Messages that are the same in every row, or nearly: all but the last one."""
    messages: Sequence[Mapping[str, Any]] = ()


def columns_of(row: Row) -> list[Column]:
    """Return what a row teaches, column by column; where it comes from is left out."""
    return [_column(name, value) for name, value in row.items() if name not in PROVENANCE]


def _column(name: str, value: Any) -> Column:
    messages = value if isinstance(value, list) else [value]
    if messages and all(isinstance(each, dict) and "content" in each for each in messages):
        return Column(name, before=messages[:-1], messages=messages[-1:])
    if isinstance(value, str):
        return Column(name, value)
    return Column(name, orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())
