"""Words as the checks compare them: without case, with straight apostrophes."""

from typing import Final

import regex

WORD: Final = regex.compile(r"[\p{L}\p{N}\p{M}]+(?:['’][\p{L}]+)*")


def compared(word: str) -> str:
    """Return a word as it is compared with others."""
    return word.casefold().replace("’", "'")


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared with others."""
    return tuple(compared(word) for word in WORD.findall(text))
