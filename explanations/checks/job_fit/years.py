"""Years of experience that a text gives to a profile or to a job."""

from collections.abc import Iterator, Sequence
from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.checks.job_fit.claim import (
    YEARS,
    YEARS_WANTED,
    grounding_finding,
    number_at,
)
from explanations.checks.job_fit.clauses import Clause, Stance, shifted
from explanations.checks.subject import Subject
from explanations.output_formats.job_fit import Fit

_NUMBER_WORDS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    *("nineteen", "twenty"),
)
_NUMBER: Final = rf"(?P<number>\d+(?:\.\d+)?|\b(?:{'|'.join(_NUMBER_WORDS)}|an?|no))"
_YEARS_SAID: Final = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}.]){_NUMBER}\+?(?:\s+(?:full|more|whole|extra))?[\s-]+years?\b",
    flags=regex.IGNORECASE,
)
_BARE_YEARS: Final = regex.compile(
    r"\b(?:asks? for|wants?|requires?|needs?|expects?|shows?|have|has|holds?|bring|lists?|names?)"
    r"(?:\s+(?:only|just|at least|about))?"
    rf"\s+(?P<number>\d+|{'|'.join(_NUMBER_WORDS)})(?=\s*[.,;)]|\s*$)",
    flags=regex.IGNORECASE,
)
_YOURS: Final = regex.compile(r"\byour (?:own |full )?$", flags=regex.IGNORECASE)
_SPEAKS_OF_YEARS: Final = regex.compile(r"[Yy]ears?\b|[Ee]xperience\b|\bfor \w+[;.,]")
_SHORT: Final = regex.compile(
    r"\b(?:short|fewer|less|missing|below|under|away|more years|more than you)\b", regex.IGNORECASE
)
_BEYOND: Final = regex.compile(
    r"\b(?:more|beyond|over|above|extra|longer|ahead|to spare)\b", regex.IGNORECASE
)
_YEARS_MET: Final = regex.compile(
    r"\b(?:have|bring|meet|with|has|hold|got|show|shows|are)\s+(?:all\s+|more than\s+)?"
    r"(?:the|enough)\s+(?:years|experience)\b|\byears?\s+(?:are|is)\s+(?:there|met|enough)\b"
    r"|\b(?:meets?|exceeds?|covers?)\s+(?:the\s+)?(?:\w+\s+)?years\b|\byears to spare\b"
    r"|\bmore (?:years|experience) than (?:the job|it|they|required)\b",
    flags=regex.IGNORECASE,
)
_YEARS_SHORT: Final = regex.compile(
    r"\b(?:years?|experience)\s+(?:is\s+|are\s+)?(?:too\s+)?(?:short|missing|not enough|lacking)\b"
    r"|\bshort (?:of|on) (?:the\s+)?(?:years|experience)\b|\bnot enough (?:years|experience)\b"
    r"|\b(?:fewer years|less experience) than\b|\blacks? the years\b|\btoo few years\b"
    r"|\b(?:more|longer) (?:years|experience) than (?:you|your)\b",
    flags=regex.IGNORECASE,
)


def years_said_in(subject: Subject, clauses: Sequence[Clause], fit: Fit) -> Iterator[Finding]:
    wanted, owned = number_at(subject, YEARS_WANTED), number_at(subject, YEARS)
    if wanted is None or owned is None or not _SPEAKS_OF_YEARS.search(subject.text):
        return
    for clause in clauses:
        words = subject.text[clause.start : clause.end]
        is_short = fit.years_short > 0
        met = _YEARS_MET.search(words) if is_short and clause.stance is Stance.HAS else None
        short = None if is_short else _YEARS_SHORT.search(words)
        if met:
            message = f"The profile shows {owned:g} years, and the job asks for {wanted:g}."
            yield grounding_finding("contradicts", message, shifted(met, clause), YEARS)
        elif short:
            message = f"The years are there: {owned:g}, and the job asks for {wanted:g}."
            yield grounding_finding("contradicts", message, shifted(short, clause), YEARS)
        yield from _years_said(subject, clause, wanted, owned)


def _years_said(subject: Subject, clause: Clause, wanted: float, owned: float) -> Iterator[Finding]:
    words = subject.text[clause.start : clause.end]
    between = abs(wanted - owned)
    for pattern in (_YEARS_SAID, _BARE_YEARS):
        for found in pattern.finditer(words):
            number = _as_number(found.group("number"))
            if number is None or clause.stance is Stance.STEP:
                continue
            if _YOURS.search(words, 0, found.start()):
                right, pointer = number == owned, YEARS
            elif clause.is_inherited:
                right, pointer = number in {wanted, owned, between}, YEARS
            elif _SHORT.search(words) or _BEYOND.search(words):
                right, pointer = number in {between, wanted, owned}, YEARS_WANTED
            elif clause.stance is Stance.WANTS:
                right, pointer = number == wanted, YEARS_WANTED
            elif clause.stance is Stance.HAS or clause.stance is Stance.LACKS:
                right, pointer = number == owned, YEARS
            else:
                right, pointer = number in {wanted, owned, between}, YEARS
            if not right:
                message = (
                    f"The job asks for {wanted:g} years."
                    if pointer == YEARS_WANTED
                    else f"The profile shows {owned:g} years."
                )
                yield grounding_finding("contradicts", message, shifted(found, clause), pointer)
    gap = _YEARS_SAID.search(words) if clause.is_gap and wanted <= owned else None
    if gap:
        message = f"No gap: the profile shows {owned:g} years, and the job asks for {wanted:g}."
        yield grounding_finding("contradicts", message, shifted(gap, clause), YEARS)


def _as_number(written: str) -> float | None:
    lower = written.lower()
    if lower in {"a", "an"}:
        return 1
    if lower == "no":
        return 0
    return float(_NUMBER_WORDS.index(lower)) if lower in _NUMBER_WORDS else float(written)
