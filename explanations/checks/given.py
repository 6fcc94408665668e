"""Reading what callers of the checks hand in, with words for what is missing or of a wrong type."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_STARTER: Final = Path(__file__).resolve().parent.parent / "starter"


def text_at(recommendation: Mapping[str, object], key: str, default: str = "") -> str:
    """Return a string. Raises KeyError where it is missing and has no default, TypeError."""
    value = recommendation.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} must be a string, not {type(value).__name__}")
    if not value:
        raise KeyError(key)
    return value


def object_at(
    recommendation: Mapping[str, object], key: str, *, required: bool
) -> Mapping[str, object]:
    """Return an object. Raises KeyError where it is missing and required, TypeError."""
    if recommendation.get(key) is None and not required:
        return {}
    value = recommendation[key]
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} must be an object, not {type(value).__name__}")
    return value


def word_limit_of(recommendation: Mapping[str, object], task: str) -> int:
    """Return the word limit, by default that of the shipped task. Raises KeyError, TypeError."""
    limit = recommendation.get("word_limit", _shipped(task).get("word_limit"))
    if limit is None:
        raise KeyError("word_limit")
    if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
        raise TypeError("word_limit must be a number of words, at least 1")
    return limit


def output_format_of(recommendation: Mapping[str, object], task: str) -> str:
    """Return the slug of the output format, by default that of the shipped task."""
    return text_at(recommendation, "output_format", str(_shipped(task).get("output_format", "")))


@cache
def _shipped(task: str) -> Mapping[str, object]:
    """Return the settings of the shipped task of this slug, none where there is no such task."""
    # A slug is looked up among what is there, never made into a path.
    for path in _STARTER.glob("*/task.toml"):
        if path.parent.name == task:
            return tomllib.loads(path.read_text(encoding="utf-8"))
    return {}
