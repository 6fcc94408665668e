"""`{{ outcomes|word_of:"EDIT" }}`: the words for a code."""

from collections.abc import Iterable, Mapping

from django import template

register = template.Library()


@register.filter
def word_of(words: Mapping[str, str] | Iterable[tuple[str, str]], code: str) -> str:
    """Return the words for a code, or the code itself where nobody has words for it."""
    return str(dict(words).get(code, code))
