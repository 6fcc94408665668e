"""Numbers as writers put them: in digits, in words, and with a "nearly" before them.

The patterns are for texts in small letters, and for `re`, which is several times faster on them
than `regex` is.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import regex

Hedge = Literal["exact", "about", "over", "under"]

_UNITS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ORDINALS: Final = (
    *("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"),
    *("ninth", "tenth", "eleventh", "twelfth"),
)
_VALUES: Final = {
    **{word: value for value, word in enumerate(_UNITS)},
    **{word: 20 + 10 * place for place, word in enumerate(_TENS)},
    "a": 1,
    "couple": 2,
    "dozen": 12,
    "half": 0.5,
}
_SCALES: Final = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9}

_UNIT: Final = "|".join(sorted(_UNITS[1:], key=len, reverse=True))
_TEN: Final = "|".join(_TENS)
_SMALL: Final = rf"(?:(?:{_TEN})(?:[ -](?:{_UNIT}))?|(?:{_UNIT}))"
_SCALE: Final = "|".join(_SCALES)
WORDS: Final = (
    rf"(?:(?:{_SMALL}|a|half a)[ -](?:{_SCALE})(?:,?(?: and)?[ -](?:{_SMALL}|(?:{_UNIT})[ -]hundred"
    rf"(?: and)? {_SMALL}))?|{_SMALL})"
)
"""A pattern of a cardinal in words: "three", "twenty-four", "a hundred and ten"."""
DIGITS: Final = r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?"
HEDGE: Final = (
    r"(?:(?P<hedge>around|about|roughly|approximately|approx\.?|circa|some|close to|near|nearly"
    r"|almost|just (?:over|under|above|below|past|short of|shy of)|a (?:touch|shade|hair|little) "
    r"(?:over|under|above|below|past|shy of)|over|under|above|below|past|more than|less than"
    r"|north of|south of|upwards of|at least|~|≈)[ ]?)?"
)
ORDINAL: Final = rf"(?:{'|'.join(_ORDINALS[1:])}|[0-9]{{1,3}}(?:st|nd|rd|th))"

_WORD: Final = regex.compile(r"[a-z]+")
_OVER: Final = frozenset({"over", "above", "past", "more", "north", "upwards", "least"})
_UNDER: Final = frozenset({"under", "below", "short", "shy", "less", "south", "nearly", "almost"})


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a writer may be from the fact, in the unit of the fact."""

    exact: float
    about: float
    beyond: float
    """On the named side of it: "over three minutes", "nearly four"."""

    def allows(self, claimed: float, hedge: Hedge, fact: float) -> bool:
        """Say whether a claim with this hedge is true of the fact."""
        match hedge:
            case "exact":
                return abs(claimed - fact) <= self.exact
            case "about":
                return abs(claimed - fact) <= self.about
            case "over":
                return -self.exact <= fact - claimed <= self.beyond
            case "under":
                return -self.exact <= claimed - fact <= self.beyond


@lru_cache(maxsize=1024)
def number_of(written: str) -> float | None:
    """Return the value of a number in digits or in words; None where it is none."""
    bare = written.strip().lower().replace(",", "")
    try:
        return float(bare)
    except ValueError:
        pass
    total: float = 0
    current: float = 0
    words: list[str] = [word for word in _WORD.findall(bare) if word != "and"]
    for place, word in enumerate(words):
        if word in _SCALES:
            scale = _SCALES[word]
            current = (current or 1) * scale
            if scale > 100:
                total, current = total + current, 0
        elif word in _VALUES:
            if word == "a" and place + 1 < len(words):
                current += 0 if words[place + 1] == "half" else 1
            else:
                current += _VALUES[word]
        else:
            return None
    return total + current if words else None


def hedge_of(written: str | None) -> Hedge:
    """Return what a hedge makes of the number behind it."""
    if not written:
        return "exact"
    words = set(_WORD.findall(written.lower()))
    if words & _OVER:
        return "over"
    if words & _UNDER:
        return "under"
    return "about"
