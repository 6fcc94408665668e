"""Tone: what the guide's own rules say of phrases, exclamation marks and whom a text speaks to."""

from collections.abc import Iterator
from typing import Final

from explanations.checks.finding import Finding
from explanations.checks.phrases import Phrases, phrases_of
from explanations.checks.subject import Subject

VERSION = 1
CATEGORY = "tone"

_YOU: Final = frozenset(
    (
        *("you", "your", "yours", "yourself", "yourselves", "you're", "you've", "you'll", "you'd"),
        *("y'all", "ya"),
    )
)
_THIRD_PERSON: Final = Phrases(
    (
        *("the candidate", "this candidate", "the candidate's", "the applicant", "this applicant"),
        *("the applicant's", "this person", "the job seeker", "the user", "the individual"),
        *("he", "she", "he's", "she's", "him", "her", "his", "hers"),
    )
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each thing that the guide's rules do not want."""
    yield from _phrases(subject)
    yield from _exclamation_marks(subject)
    # Other languages say "you" in ways that words alone do not tell.
    if subject.locale.lower().startswith("en"):
        yield from _second_person(subject)


def _phrases(subject: Subject) -> Iterator[Finding]:
    for found in phrases_of(subject.rules.avoid).found_in(subject):
        message = f"The guide avoids “{found.phrase}”."
        yield _finding(message, (found.start, found.end))


def _exclamation_marks(subject: Subject) -> Iterator[Finding]:
    most = subject.rules.exclamation_marks
    if most is None or "!" not in subject.masked:
        return
    marks = [at for at, character in enumerate(subject.masked) if character == "!"]
    for at in marks[most:]:
        message = (
            "The guide allows no exclamation mark."
            if most == 0
            else f"The guide allows {most} exclamation mark{'' if most == 1 else 's'}."
        )
        yield _finding(message, (at, at + 1))


def _second_person(subject: Subject) -> Iterator[Finding]:
    if subject.rules.second_person == "either":
        return
    spoken_to = [word for word in subject.words if word.written in _YOU]
    if subject.rules.second_person == "avoided":
        for word in spoken_to:
            yield _finding("The guide does not speak to “you”.", (word.start, word.end))
        return
    third = list(_THIRD_PERSON.found_in(subject))
    for found in third:
        yield _finding("The guide speaks to “you”, not about somebody.", (found.start, found.end))
    if not spoken_to and not third and _says_something_of_the_person(subject.text):
        yield _finding("The guide speaks to “you”; this text speaks to nobody.")


def _says_something_of_the_person(text: str) -> bool:
    """Say whether somebody is spoken of at all: gaps alone are about the job."""
    lines = text.strip().split("\n")
    return len(lines) == 1 or any(line.startswith("+") for line in lines)


def _finding(message: str, span: tuple[int, int] | None = None) -> Finding:
    start, end = span or (None, None)
    return Finding(
        check="tone",
        version=VERSION,
        severity="warning",
        message=message,
        start=start,
        end=end,
        category=CATEGORY,
    )
