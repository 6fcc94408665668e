"""Questions: which judged drafts a number is about, and the one address that says so. No Django.

A figure of the dashboard, the REST answer with the same figure and the list of the drafts behind it
share one query string: `Question.as_query` writes it and `read_question` reads it back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from accounts.words import translatable
from explanations.recommendation_lines import NICHE, POPULAR, is_locale

BLIND: Final = "blind"
QUEUE: Final = "queue"
SAMPLES: Final[Mapping[str, str]] = {
    BLIND: translatable("the random blind sample"),
    QUEUE: translatable("what the queue saw"),
}

STRATA: Final[Mapping[str, str]] = {
    POPULAR: translatable("popular"),
    NICHE: translatable("niche"),
}

PUBLISHABLE: Final = "publishable"
ACCEPTED: Final = "accepted"
BLAND: Final = "bland"
EDITED: Final = "edited"
REJECTED: Final = "rejected"
UNREVIEWABLE: Final = "unreviewable"
JUDGED: Final = "judged"
REWRITTEN: Final = "rewritten"
OUTCOMES: Final[Mapping[str, tuple[str, ...]]] = {
    PUBLISHABLE: ("ACCEPT", "BLAND"),
    ACCEPTED: ("ACCEPT",),
    BLAND: ("BLAND",),
    EDITED: ("EDIT",),
    REJECTED: ("REJECT",),
    UNREVIEWABLE: ("UNREVIEWABLE",),
    JUDGED: ("ACCEPT", "BLAND", "EDIT", "REJECT"),
    REWRITTEN: ("EDIT",),
}
"""What can be asked for, and the settled outcomes that it stands for.

`judged` is all but unreviewable: those whose text somebody judged. `rewritten` is edited, with a
golden that stands.
"""
OUTCOME_WORDS: Final[Mapping[str, str]] = {
    PUBLISHABLE: translatable("publishable as it is"),
    ACCEPTED: translatable("accepted as exemplary"),
    BLAND: translatable("fine but bland"),
    EDITED: translatable("edited"),
    REJECTED: translatable("rejected"),
    UNREVIEWABLE: translatable("unreviewable"),
    JUDGED: translatable("judged"),
    REWRITTEN: translatable("rewritten, with a golden that stands"),
}

ERROR: Final = "error"
SEVERITIES: Final[Mapping[str, tuple[int, ...]]] = {
    ERROR: (1, 5, 25),
    "neutral": (0,),
    "minor": (1,),
    "major": (5,),
    "critical": (25,),
}
"""What can be asked for, and the severities that it stands for; `error` is minor or worse."""
SEVERITY_WORDS: Final[Mapping[str, str]] = {
    ERROR: translatable("minor or worse"),
    "neutral": translatable("neutral"),
    "minor": translatable("minor"),
    "major": translatable("major"),
    "critical": translatable("critical"),
}

DECIDED: Final = "decided"
ANSWERS: Final[Mapping[str, tuple[str, ...]]] = {
    DECIDED: ("yes", "no"),
    "yes": ("yes",),
    "no": ("no",),
    "na": ("na",),
}
"""What can be asked for, and the answers that it stands for; `decided` is yes or no."""
ANSWER_WORDS: Final[Mapping[str, str]] = {
    DECIDED: translatable("yes or no"),
    "yes": translatable("yes"),
    "no": translatable("no"),
    "na": translatable("not applicable"),
}

MOST_OF_ONE: Final = 50
"""So many models, prompts and so on can be named at once."""
_MOST_CHARACTERS: Final = 200
_SLUG: Final = re.compile(r"[A-Za-z0-9_-]{1,60}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")


class QuestionRefused(ValueError):
    """A question that cannot be asked; `field` names what is wrong with it, the text says why."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Question:
    """Which judged drafts are meant. What is asked for together must hold together; what is empty
    lets all through.

    A draft is judged once its reviews have settled what becomes of it; it belongs to the day, in
    the desk's time zone, of the review that counts.
    """

    task: str = ""
    """Its slug."""
    models: tuple[str, ...] = ()
    """Names of model versions."""
    prompts: tuple[int, ...] = ()
    """Their numbers, in the task."""
    locales: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    """Of STRATA."""
    guides: tuple[int, ...] = ()
    """Their numbers, in the task: the guides that drafts were reviewed by."""
    sample: str = ""
    """BLIND for the random sample, QUEUE for all else."""
    first: date | None = None
    """The first day that counts."""
    last: date | None = None
    """The last day that counts."""
    outcome: str = ""
    """One of OUTCOMES."""
    category: str = ""
    """The slug of one with which the draft was tagged; minor or worse unless `severity` says."""
    severity: str = ""
    """One of SEVERITIES: the draft has a tag this bad, of `category` if one is asked for."""
    criterion: str = ""
    """The slug of one that was answered; by yes or no unless `answer` says."""
    answer: str = ""
    """One of ANSWERS."""
    editor: str = ""
    """The user name of who made the review that counts."""

    def as_query(self) -> str:
        """Return the query string, the same for every way to ask the same: `task=…&from=…`."""
        return _as_query(self)

    def as_parameters(self) -> dict[str, list[str]]:
        """Return the parameters of the query string, without those that are empty."""
        written = {
            "task": [self.task],
            "model": sorted(set(self.models)),
            "prompt": [str(number) for number in sorted(set(self.prompts))],
            "locale": sorted(set(self.locales)),
            "stratum": sorted(set(self.strata)),
            "guide": [str(number) for number in sorted(set(self.guides))],
            "sample": [self.sample],
            "from": [self.first.isoformat() if self.first else ""],
            "to": [self.last.isoformat() if self.last else ""],
            "outcome": [self.outcome],
            "category": [self.category],
            "severity": ["" if self.category and self.severity == ERROR else self.severity],
            "criterion": [self.criterion],
            "answer": ["" if self.answer == DECIDED else self.answer],
            "editor": [self.editor],
        }
        return {
            name: [value for value in values if value]
            for name, values in written.items()
            if any(values)
        }

    def about(self) -> "Question":
        """Return the question without what only narrows it to some of its drafts: outcome, tags and
        answers. It is what a page of figures is about.
        """
        return replace(self, outcome="", category="", severity="", criterion="", answer="")


# All figures of a row rest on the same reviews, and so lead to the same drafts.
@lru_cache(maxsize=4096)
def _as_query(question: Question) -> str:
    return urlencode(
        [(name, value) for name, values in question.as_parameters().items() for value in values]
    )


NAMES: Final = (
    "task",
    "model",
    "prompt",
    "locale",
    "stratum",
    "guide",
    "sample",
    "from",
    "to",
    "outcome",
    "category",
    "severity",
    "criterion",
    "answer",
    "editor",
)
"""The parameters of a query string, in the order in which it has them."""


def read_question(asked: Mapping[str, Sequence[str]]) -> Question:
    """Return what a query string asks, each of its parameters with all its values.

    Other parameters than NAMES are somebody else's. Raises QuestionRefused. Whether tasks, models
    and so on exist, only the desk's tables can say.
    """
    category, criterion = _slug("category", asked), _slug("criterion", asked)
    severity, answer = _choice("severity", asked, SEVERITIES), _choice("answer", asked, ANSWERS)
    if answer and not criterion:
        raise QuestionRefused("criterion", "An answer is one to a criterion: name it.")
    question = Question(
        task=_slug("task", asked),
        models=_texts("model", asked),
        prompts=_numbers("prompt", asked),
        locales=_locales(asked),
        strata=_choices("stratum", asked, STRATA),
        guides=_numbers("guide", asked),
        sample=_choice("sample", asked, SAMPLES),
        first=_day("from", asked),
        last=_day("to", asked),
        outcome=_choice("outcome", asked, OUTCOMES),
        category=category,
        severity="" if category and severity == ERROR else severity,
        criterion=criterion,
        answer="" if answer == DECIDED else answer,
        editor=_one("editor", asked),
    )
    if question.first and question.last and question.first > question.last:
        raise QuestionRefused("to", "The last day lies before the first.")
    if (question.prompts or question.guides) and not question.task:
        raise QuestionRefused("task", "Numbers of prompts and guides are those of a task: name it.")
    return question


def _values(name: str, asked: Mapping[str, Sequence[str]]) -> list[str]:
    values = [value for value in asked.get(name, ()) if value]
    if len(values) > MOST_OF_ONE:
        raise QuestionRefused(name, f"At most {MOST_OF_ONE} can be asked for at once.")
    if any(len(value) > _MOST_CHARACTERS or "\x00" in value for value in values):
        raise QuestionRefused(name, "Nothing has such a name.")
    return values


def _one(name: str, asked: Mapping[str, Sequence[str]]) -> str:
    values = _values(name, asked)
    if len(set(values)) > 1:
        raise QuestionRefused(name, "Only one can be asked for.")
    return values[0] if values else ""


def _slug(name: str, asked: Mapping[str, Sequence[str]]) -> str:
    value = _one(name, asked)
    if value and not _SLUG.fullmatch(value):
        raise QuestionRefused(name, "Nothing has such a name.")
    return value


def _texts(name: str, asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return tuple(sorted(set(_values(name, asked))))


def _locales(asked: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    locales = _texts("locale", asked)
    if not all(is_locale(each) for each in locales):
        raise QuestionRefused("locale", "This is a language tag such as en or pt-BR.")
    return locales


def _numbers(name: str, asked: Mapping[str, Sequence[str]]) -> tuple[int, ...]:
    values = _values(name, asked)
    if not all(_NUMBER.fullmatch(value) for value in values):
        raise QuestionRefused(name, "This is a number, 1 or higher.")
    return tuple(sorted({int(value) for value in values}))


def _choice(name: str, asked: Mapping[str, Sequence[str]], choices: Mapping[str, object]) -> str:
    value = _one(name, asked)
    if value and value not in choices:
        raise QuestionRefused(name, f"This is one of {', '.join(choices)}.")
    return value


def _choices(
    name: str, asked: Mapping[str, Sequence[str]], choices: Mapping[str, object]
) -> tuple[str, ...]:
    values = _values(name, asked)
    if not set(values) <= choices.keys():
        raise QuestionRefused(name, f"This is one of {', '.join(choices)}.")
    return tuple(sorted(set(values)))


def _day(name: str, asked: Mapping[str, Sequence[str]]) -> date | None:
    value = _one(name, asked)
    if not value:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise QuestionRefused(name, "A day is written like 2026-11-22.") from None
