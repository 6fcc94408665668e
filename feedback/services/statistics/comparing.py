"""Two questions side by side, answered in words: which is better, by how much, and how sure."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from feedback.figures import Answer, Comparison, Difference, Figure, Verdict
from feedback.intervals import (
    DIFFERENCE_METHOD,
    FEWEST,
    SCORE_DIFFERENCE_METHOD,
    Interval,
    Weights,
    differ,
    difference,
    difference_of_scores,
    more_reviews,
    most_unmet,
    unmet,
)
from feedback.question import (
    BLIND,
    QUEUE,
    SAMPLES,
    SEVERITIES,
    SEVERITY_WORDS,
    STRATA,
    Question,
)
from feedback.services.statistics.answering import LEVELS, Figures, answer_from, period_before
from feedback.services.statistics.tallies import (
    ALL_MEASURES,
    CohortKey,
    Counts,
    Measure,
    cohorts_of,
    sums_of,
)
from feedback.written_numbers import write_number

PUBLISHABLE_NAME: Final = gettext_noop("share publishable as it is")
ERRORS_NAME: Final = gettext_noop("errors per 100 drafts")
SCORE_NAME: Final = gettext_noop("weighted errors per 100 drafts")


@dataclass(frozen=True, slots=True)
class _Words:
    """How a difference is said; each with places for both names and both values."""

    less: str
    more: str
    too_close: str
    """Goes on with how many more reviews would tell."""
    too_few: str
    more_is_better: bool


_VALUES: Final = gettext_noop(
    "%(value)s against %(one_value)s, 95 %% interval of the difference %(low)s to %(high)s,"
    " %(n)s and %(one_n)s reviews"
)
_ERRORS: Final = _Words(
    gettext_noop("%(other)s makes fewer errors than %(one)s: %(values)s (per 100 drafts)."),
    gettext_noop("%(other)s makes more errors than %(one)s: %(values)s (per 100 drafts)."),
    gettext_noop("Errors are too close to tell: %(values)s (per 100 drafts)."),
    gettext_noop("Too few reviews to compare errors: %(n)s and %(one_n)s."),
    more_is_better=False,
)
_SCORE: Final = _Words(
    gettext_noop("The errors of %(other)s weigh less than those of %(one)s: %(values)s."),
    gettext_noop("The errors of %(other)s weigh more than those of %(one)s: %(values)s."),
    gettext_noop("The weights of errors are too close to tell: %(values)s."),
    gettext_noop("Too few reviews to compare the weights of errors: %(n)s and %(one_n)s."),
    more_is_better=False,
)
_CATEGORY: Final = _Words(
    gettext_noop(
        "%(other)s makes fewer “%(name)s” errors than %(one)s: %(values)s (per 100 drafts)."
    ),
    gettext_noop(
        "%(other)s makes more “%(name)s” errors than %(one)s: %(values)s (per 100 drafts)."
    ),
    gettext_noop("“%(name)s” errors are too close to tell: %(values)s (per 100 drafts)."),
    gettext_noop("Too few reviews, or errors, to compare “%(name)s”: %(n)s and %(one_n)s reviews."),
    more_is_better=False,
)
_PUBLISHABLE: Final = _Words(
    gettext_noop("Less of %(other)s is publishable as it is than of %(one)s: %(values)s."),
    gettext_noop("More of %(other)s is publishable as it is than of %(one)s: %(values)s."),
    gettext_noop("The share publishable as it is is too close to tell: %(values)s."),
    gettext_noop("Too few reviews to compare what is publishable: %(n)s and %(one_n)s."),
    more_is_better=True,
)
_CRITERION: Final = _Words(
    gettext_noop(
        "“%(name)s” is answered yes less often for %(other)s than for %(one)s: %(values)s."
    ),
    gettext_noop(
        "“%(name)s” is answered yes more often for %(other)s than for %(one)s: %(values)s."
    ),
    gettext_noop("“%(name)s” is too close to tell: %(values)s."),
    gettext_noop("Too few answers to compare “%(name)s”: %(n)s and %(one_n)s reviews."),
    more_is_better=True,
)


def compare(one: Question, other: Question, one_name: str = "", other_name: str = "") -> Comparison:
    """Return two questions side by side: `other` beside `one`.

    The names are what sentences call them; by default what they ask for and the other one does not.
    """
    first_side, second_side = _Side.of(one.about(), one_name), _Side.of(other.about(), other_name)
    if not first_side.name or not second_side.name:
        first_side.name = first_side.name or _name(one, other)
        second_side.name = second_side.name or _name(other, one)
    differences = list(_differences(first_side, second_side))
    return Comparison(
        one=first_side.question,
        other=second_side.question,
        one_name=first_side.name,
        other_name=second_side.name,
        answers=(first_side.answer, second_side.answer),
        headline=next(each for each in differences if each.name == _(ERRORS_NAME)),
        differences=differences,
        warnings=_warnings(first_side, second_side),
    )


def against_period_before(question: Question) -> Comparison | None:
    """Return a question beside the same about the period right before; None where it has no first
    day.
    """
    before = period_before(question)
    if before is None:
        return None
    return compare(before, question, _("the period before"), _("this period"))


@dataclass(slots=True)
class _Side:
    question: Question
    name: str
    answer: Answer
    counts: Counts
    cohorts: Sequence[CohortKey]
    by_cohort: Mapping[int, int]

    @classmethod
    def of(cls, question: Question, name: str) -> "_Side":
        cohorts = cohorts_of(question)
        counts = sums_of(question, cohorts, measures=(*ALL_MEASURES, int(Measure.EDITOR)))[0]
        # All figures of each cohort would be a hundred times as many rows.
        outcomes = sums_of(
            question, cohorts, by="tally.cohort_id", measures=(int(Measure.OUTCOME),)
        )
        return cls(
            question,
            name,
            answer_from(question, counts, cohorts),
            counts,
            cohorts,
            {cohort: each.reviews for cohort, each in outcomes.items()},
        )

    def mix(self, part_of: Callable[[CohortKey], object]) -> Counter[object]:
        """Return how many of its drafts are of which part."""
        parts: Counter[object] = Counter()
        for cohort in self.cohorts:
            parts[part_of(cohort)] += self.by_cohort.get(cohort.id, 0)
        return +parts

    def weights(self) -> Weights:
        """Return what the weights of its errors are made of."""
        return Figures(self.question, self.counts).weights()

    def editors(self) -> dict[object, int]:
        """Return how many of its drafts were judged by whom."""
        return {editor: sums.drafts for editor, _b, sums in self.counts.all_of(Measure.EDITOR)}


def _name(question: Question, other: Question) -> str:
    """Return what a question asks for and another one does not, in words."""
    own, others = question.as_parameters(), other.as_parameters()
    parts = [
        _(SAMPLES.get(value) or STRATA.get(value) or value)
        for name, values in own.items()
        if others.get(name) != values
        for value in values
    ]
    prompts = [
        _("prompt %(number)s") % {"number": number}
        for number in question.prompts
        if question.prompts != other.prompts
    ]
    guides = [
        _("guide %(number)s") % {"number": number}
        for number in question.guides
        if question.guides != other.guides
    ]
    numbers = {str(number) for number in (*question.prompts, *question.guides)}
    named = [part for part in parts if part not in numbers]
    return ", ".join([*named, *prompts, *guides]) or _("all of it")


# --- Differences ---------------------------------------------------------------------------------


def _differences(one: _Side, other: _Side) -> Iterator[Difference]:
    names = (one.name, other.name)
    first, second = one.answer, other.answer
    yield _difference(
        names, _(PUBLISHABLE_NAME), first.publishable, second.publishable, _PUBLISHABLE
    )
    yield _difference(names, _(ERRORS_NAME), first.errors, second.errors, _ERRORS)
    yield _difference_of_scores(one, other)
    categories = {each.slug: each for each in second.categories}
    for category in first.categories:
        if category.slug in categories:
            beside = categories[category.slug].per_100
            yield _difference(names, category.name, category.per_100, beside, _CATEGORY)
    criteria = {each.slug: each for each in second.criteria}
    for criterion in first.criteria:
        if criterion.slug in criteria:
            beside = criteria[criterion.slug].yes
            yield _difference(names, criterion.name, criterion.yes, beside, _CRITERION)


def _difference(
    names: tuple[str, str], name: str, one: Figure, other: Figure, words: _Words
) -> Difference:
    first, second = _interval(one), _interval(other)
    between = difference(first, second) if first and second else None
    return _said(names, name, (one, other), between, words)


def _difference_of_scores(one: _Side, other: _Side) -> Difference:
    weights = one.weights(), other.weights()
    between = difference_of_scores(*weights)
    return replace(
        _said(
            (one.name, other.name),
            _(SCORE_NAME),
            (one.answer.score, other.answer.score),
            between and Interval(100 * between.value, 100 * between.low, 100 * between.high),
            _SCORE,
        ),
        method=SCORE_DIFFERENCE_METHOD,
        left_out=_left_out((one.name, other.name), *weights) if between else "",
    )


def _left_out(names: tuple[str, str], one: Weights, other: Weights) -> str:
    """Return which severities say nothing about which side is better, in words."""
    neither = unmet(one, other)
    severities = [level for level in LEVELS if SEVERITIES[level][0] in neither]
    if not severities:
        return ""
    return _(
        "Nobody met a %(severity)s error on either side: the difference leaves them out. Up to"
        " %(most)s of 100 drafts of %(other)s may have one, and up to %(one_most)s of %(one)s."
    ) % {
        "severity": _(" or ").join(_(SEVERITY_WORDS[each]) for each in severities),
        "other": names[1],
        "one": names[0],
        "most": _in_a_hundred(most_unmet(other.n)),
        "one_most": _in_a_hundred(most_unmet(one.n)),
    }


def _in_a_hundred(share: float) -> str:
    """Return a share in drafts of 100, rounded up: no fewer than it may be."""
    return number_format(math.ceil(1000 * share) / 10, 1)


def _said(
    names: tuple[str, str],
    name: str,
    figures: tuple[Figure, Figure],
    between: Interval | None,
    words: _Words,
) -> Difference:
    one, other = figures
    places = {
        "one": names[0],
        "other": names[1],
        "name": name,
        "n": number_format(other.n, force_grouping=True),
        "one_n": number_format(one.n, force_grouping=True),
    }
    if between is None:
        fewest = min(one.n, other.n)
        more = FEWEST - fewest if fewest < FEWEST else None
        return Difference(
            name,
            one,
            other,
            None,
            None,
            None,
            DIFFERENCE_METHOD,
            "too_few",
            more,
            _(words.too_few) % places,
        )
    more = more_reviews(between, min(one.n, other.n))
    places["values"] = _(_VALUES) % {
        **places,
        "value": _written(other.value, other),
        "one_value": _written(one.value, one),
        "low": _written(between.low, other),
        "high": _written(between.high, other),
    }
    if more == 0:
        is_more = between.value > 0
        verdict: Verdict = "better" if is_more == words.more_is_better else "worse"
        said = _(words.more if is_more else words.less) % places
    else:
        verdict = "too_close"
        said = f"{_(words.too_close) % places} {_how_many_more(more)}"
    return Difference(
        name,
        one,
        other,
        between.value,
        between.low,
        between.high,
        DIFFERENCE_METHOD,
        verdict,
        more or None,
        said,
    )


def _how_many_more(more: int | None) -> str:
    if more is None:
        return _("Not even very many more reviews would tell.")
    number = number_format(more, force_grouping=True)
    return _("About %(number)s more reviews of each would tell.") % {"number": number}


def _interval(figure: Figure) -> Interval | None:
    if figure.value is None or figure.low is None or figure.high is None:
        return None
    return Interval(figure.value, figure.low, figure.high)


def _written(value: float | None, of: Figure) -> str:
    """Return a value as people read it: with one decimal, a share as per cent, a true minus."""
    scaled = (value or 0.0) * (100 if of.unit == "share" else 1)
    number = write_number(scaled, 1)
    return _("%(number)s %%") % {"number": number} if of.unit == "share" else number


# --- Warnings ------------------------------------------------------------------------------------

_MIXES: Final[Sequence[tuple[str, Callable[[CohortKey], object], str]]] = (
    (
        "sample",
        lambda cohort: BLIND if cohort.blind else QUEUE,
        gettext_noop(
            "They were judged on different mixes of the blind sample and what the queue saw."
        ),
    ),
    (
        "stratum",
        lambda cohort: cohort.stratum,
        gettext_noop("They were judged on different mixes of popular and niche items."),
    ),
    (
        "locale",
        lambda cohort: cohort.locale,
        gettext_noop("They were judged on different mixes of locales."),
    ),
    (
        "task",
        lambda cohort: cohort.task,
        gettext_noop("They were judged on different mixes of tasks."),
    ),
    (
        "guide",
        lambda cohort: (cohort.task, cohort.guide),
        gettext_noop("They were judged by different guides."),
    ),
    (
        "model",
        lambda cohort: cohort.model,
        gettext_noop("They were written by different mixes of models."),
    ),
    (
        "prompt",
        lambda cohort: (cohort.task, cohort.prompt),
        gettext_noop("They were written with different mixes of prompts."),
    ),
)
_BY_EDITORS: Final = gettext_noop("They were judged by different editors.")


def _warnings(one: _Side, other: _Side) -> list[str]:
    """Return why the two may not be compared so simply; not what was asked to be compared."""
    asked = one.question.as_parameters(), other.question.as_parameters()
    found = [
        _(said)
        for name, part_of, said in _MIXES
        if asked[0].get(name) == asked[1].get(name) and differ(one.mix(part_of), other.mix(part_of))
    ]
    same_editor = one.question.editor == other.question.editor
    if same_editor and differ(one.editors(), other.editors()):
        found.append(_(_BY_EDITORS))
    return found
