"""Words that are kept in English, shown in the reader's language."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from django.utils.translation import gettext

_PLACE: Final = re.compile(r"%\((\w+)\)([sd])")


def in_words(kept: str, patterns: Iterable[str] = ()) -> str:
    """Return a sentence of pure modules, workers or the database in the reader's language.

    One with something in its places is known again by the pattern that it was made of. What nobody
    has marked for translation stays as it is.
    """
    for pattern in patterns:
        found = _made_of(pattern).fullmatch(kept)
        if found is not None:
            return gettext(pattern) % _values(pattern, found)
    return gettext(kept) if kept else ""


@cache
def _made_of(pattern: str) -> re.Pattern[str]:
    """Return what matches every sentence that was made of the pattern."""
    expression, end = "", 0
    for place in _PLACE.finditer(pattern):
        expression += re.escape(pattern[end : place.start()].replace("%%", "%"))
        name, end = place[1], place.end()
        anything = "[0-9]+" if place[2] == "d" else ".*"
        expression += f"(?P={name})" if f"(?P<{name}>" in expression else f"(?P<{name}>{anything})"
    return re.compile(expression + re.escape(pattern[end:].replace("%%", "%")), re.DOTALL)


def _values(pattern: str, found: re.Match[str]) -> dict[str, str | int]:
    numbers = {name for name, kind in _PLACE.findall(pattern) if kind == "d"}
    return {
        name: int(value) if name in numbers else value for name, value in found.groupdict().items()
    }
