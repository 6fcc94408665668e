"""Safety: slurs, sexual words, self-harm, violence, insults, and protected traits in a job's fit.

The obscene words of each language are kept by a package; our own file says which of them are
ordinary words here, and adds what the package has not. Words that the facts themselves hold, such
as an explicit title, are never meant.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import regex
from glin_profanity.data.dictionary import DictionaryLoader

from explanations.checks.finding import Finding, Severity
from explanations.checks.phrases import Phrases
from explanations.checks.subject import Subject
from explanations.checks.words import words_of

VERSION = 1
CATEGORY = "harmful"

_OWN: Final = Path(__file__).resolve().parent / "data" / "safety.toml"
_LANGUAGES: Final = {
    "ar": "arabic", "cs": "czech", "da": "danish", "de": "german", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian",
    "it": "italian", "ja": "japanese", "ko": "korean", "nl": "dutch", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ru": "russian", "sv": "swedish", "th": "thai",
    "tr": "turkish", "zh": "chinese",
}  # fmt: skip
# With a sign inside, a word would fall apart into letters that mean nothing.
_PLAIN: Final = regex.compile(r"[\p{L}\p{N}\p{M}\s'’-]+")
_STARRED: Final = regex.compile(r"(?<![\p{L}\p{N}*])\p{L}+\*+\p{L}+(?![\p{L}\p{N}*])")
_OBSCENE: Final = "An obscene word."


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a phrase."""

    message: str
    severity: Severity


@dataclass(frozen=True)
class Lexicon:
    """Everything that must not be said, with what is wrong about it."""

    phrases: Phrases
    faults: dict[str, Fault]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for what must never be seen, a warning for what an editor should weigh."""
    lexicon = _lexicon(subject.locale.split("-")[0].lower(), subject.output_format.slug)
    for found in lexicon.phrases.found_in(subject):
        yield _finding(lexicon.faults[found.phrase], (found.start, found.end))
    if "*" in subject.masked:
        for starred in _STARRED.finditer(subject.masked):
            yield _finding(Fault("A word is starred out.", "warning"), starred.span())


# A locale is what somebody delivers, and so of no known number.
@lru_cache(maxsize=32)
def _lexicon(language: str, output_format: str) -> Lexicon:
    own = tomllib.loads(_OWN.read_text(encoding="utf-8"))
    faults = _kept_words(language, own)
    for group in own["groups"]:
        if output_format in group.get("formats", [output_format]):
            fault = Fault(group["message"], group["severity"])
            faults |= dict.fromkeys(group["phrases"], fault)
    return Lexicon(Phrases(faults), faults)


def _kept_words(language: str, own: dict[str, Any]) -> dict[str, Fault]:
    """Return the package's words of a language, without what is ordinary here."""
    if language not in _LANGUAGES:
        return {}
    # Its words are files beside the code; only an unknown language could go wrong.
    words = DictionaryLoader().get_words(cast("Any", _LANGUAGES[language]))
    ordinary, mild = ({words_of(word) for word in own[name]} for name in ("ordinary", "mild"))
    faults: dict[str, Fault] = {}
    for word in words:
        told = words_of(word)
        if not _PLAIN.fullmatch(word) or told in ordinary or sum(map(len, told)) < 3:
            continue
        fault = Fault(_OBSCENE, "warning" if told in mild else "error")
        faults[word] = fault
        if len(told) == 1 and not word.endswith("s"):
            faults[f"{word}s"] = fault
    return faults


def _finding(fault: Fault, span: tuple[int, int]) -> Finding:
    return Finding(
        check="safety",
        version=VERSION,
        severity=fault.severity,
        message=fault.message,
        start=span[0],
        end=span[1],
        category=CATEGORY,
    )
