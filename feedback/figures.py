"""Figures: numbers with their uncertainty, and the questions whose drafts are behind them.

No Django. What is said in words is marked for translators and put together where it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from feedback.question import Question

Unit = Literal["share", "per_100", "words", "minutes"]
"""What a value is: a share, 0 to 1; errors, or their weights, per 100 drafts; words; minutes."""

Verdict = Literal["better", "worse", "too_close", "too_few"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its 95 % interval, and the drafts behind it.

    `value`, `low` and `high` are None together where there are too few reviews to say.
    """

    unit: Unit
    value: float | None
    low: float | None
    high: float | None
    method: str
    """Of the interval, in words for people; marked for translators."""
    n: int
    """Reviews that it rests on: exactly the drafts of `among`."""
    among: Question
    count: int
    """Drafts of them that it counts: exactly the drafts of `question`."""
    question: Question

    @property
    def is_too_few(self) -> bool:
        """Whether there are too few reviews to say a number."""
        return self.value is None


@dataclass(frozen=True, slots=True)
class OutcomeFigure:
    """The share of one outcome: `outcome` is one of feedback.question.OUTCOMES."""

    outcome: str
    share: Figure


@dataclass(frozen=True, slots=True)
class SeverityFigure:
    """Errors of one severity, a word of feedback.question.SEVERITIES."""

    severity: str
    per_100: Figure


@dataclass(frozen=True, slots=True)
class CategoryFigure:
    """Errors of one category: how many, how bad, and of which severity."""

    slug: str
    name: str
    key: str
    """The key that tags with it; it says the colour of the category."""
    per_100: Figure
    score: Figure
    """The weights of their severities per 100 drafts."""
    by_severity: Sequence[SeverityFigure]


@dataclass(frozen=True, slots=True)
class CriterionFigure:
    """How often a criterion was answered yes, of those where it was answered yes or no."""

    slug: str
    name: str
    question: str
    yes: Figure


@dataclass(frozen=True, slots=True)
class Answer:
    """All figures of one question."""

    question: Question
    as_of: datetime | None
    """All that was submitted until then is counted; None while nothing was ever counted."""
    reviews: int
    """Drafts that are judged, exactly those of `question`."""
    publishable: Figure
    outcomes: Sequence[OutcomeFigure]
    """Publishable as it is, edited, rejected, unreviewable: they make up a whole."""
    errors: Figure
    """Minor or worse, per 100 drafts whose text was judged."""
    score: Figure
    """The weights of their severities per 100 drafts."""
    by_severity: Sequence[SeverityFigure]
    categories: Sequence[CategoryFigure]
    """In the order of the keys; where the question names no task, those of all."""
    criteria: Sequence[CriterionFigure]
    words: Figure
    """Words changed from draft to golden, the mean of those rewritten."""
    words_median: Figure
    minutes: Figure
    """At work on a review, idle time not counted: the median."""
    minutes_of_rewrites: Figure
    """The same of those rewritten: the time from draft to golden."""


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a dimension, with the figures that a table or a chart of all values shows."""

    value: str
    """As the query string has it."""
    label: str
    question: Question
    reviews: int
    publishable: Figure
    errors: Figure
    score: Figure


Dimension = Literal["model", "prompt", "locale", "stratum", "guide", "sample", "task"]
Step = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Point:
    """A stretch of time, both days included."""

    first: date
    last: date
    question: Question
    reviews: int
    publishable: Figure
    errors: Figure
    score: Figure


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """Errors of one kind over time."""

    slug: str
    """Of a category, or the word of a severity."""
    name: str
    key: str
    """The key that tags with the category; empty for a severity."""
    figures: Sequence[Figure]
    """One for each point of time."""


@dataclass(frozen=True, slots=True)
class ErrorsOverTime:
    """Errors in all over time, and the same points of time by category and by severity."""

    points: Sequence[Point]
    by_category: Sequence[ErrorLine]
    """Of the categories that were found at all, in the order of the taxonomy."""
    by_severity: Sequence[ErrorLine]
    """The worst first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of two questions, and how far apart they are: `other` minus `one`."""

    name: str
    """What is compared, in words; marked for translators, or the name of a category."""
    one: Figure
    other: Figure
    difference: float | None
    low: float | None
    high: float | None
    method: str
    verdict: Verdict
    """What `other` is beside `one`."""
    more_reviews: int | None
    """About how many more reviews each would need to tell; None where it can be told, and where
    not even very many would do.
    """
    said: str
    """The answer, in the words of the reader's language."""
    left_out: str = ""
    """What it says nothing about, and how much that may be, in the reader's language; mostly
    nothing.
    """


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two questions side by side."""

    one: Question
    other: Question
    one_name: str
    other_name: str
    answers: tuple[Answer, Answer]
    """All figures of both."""
    headline: Difference
    """Of errors per 100 drafts."""
    differences: Sequence[Difference]
    """Share publishable, errors, score, each category, each criterion."""
    warnings: Sequence[str]
    """Why the two may not be compared so simply, in the reader's language."""


@dataclass(frozen=True, slots=True)
class Example:
    """A draft with an error, as a page shows it."""

    draft_id: int
    text: str
    quote: str
    """The words that were tagged; empty where the tag is on the whole draft."""
    note: str


@dataclass(frozen=True, slots=True)
class CommonError:
    """One of the commonest errors with an example; None where nobody may be shown one."""

    category: CategoryFigure
    example: Example | None


@dataclass(frozen=True, slots=True)
class FirstScreen:
    """What the first screen answers at a glance, but for the age of the queue, which is the desk's
    own (`feedback.services.statistics.desk_figures`).
    """

    question: Question
    before: Question
    """The same about the period before."""
    as_of: datetime | None
    publishable: Difference
    """This period beside the one before."""
    live_and_candidate: Comparison | None
    """The task's live model beside the newest other one; None without a task or another model."""
    commonest: Sequence[CommonError]


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A judged draft, as a list shows it."""

    draft_id: int
    review_id: int
    day: date
    task: str
    external_id: str
    text: str
    outcome: str
    """One of feedback.question.OUTCOMES, of those that are one outcome."""
    model: str
    prompt: int
    locale: str
    stratum: str
    blind: bool
    tags: Sequence[tuple[str, str]]
    """Name of the category and severity, in words."""


@dataclass(frozen=True, slots=True)
class DraftPage:
    """One page of the drafts behind a number, the newest day first."""

    question: Question
    total: int
    rows: Sequence[DraftRow]
    next: str
    """Where the next page begins, for `drafts_behind`; empty on the last one."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be asked for: all that judged drafts have, for filters."""

    tasks: Sequence[tuple[str, str]]
    """Slug and name."""
    models: Sequence[str]
    prompts: Sequence[int]
    locales: Sequence[str]
    guides: Sequence[int]
