"""What a question is about, in the reader's words."""

from collections.abc import Iterator, Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from feedback.figures import Choices
from feedback.question import ANSWER_WORDS, OUTCOME_WORDS, SAMPLES, SEVERITY_WORDS, STRATA, Question


def question_in_words(
    question: Question,
    choices: Choices,
    names: Mapping[str, str] | None = None,
    *,
    says_all: bool = True,
) -> str:
    """Return all that the question asks for, one after the other.

    One about both samples says so where it `says_all`.
    `names` are those of a category or a criterion, by slug, where the question names one.
    """
    parts = [*_about(question, choices, says_all), *_of_them(question, names or {})]
    return " · ".join(part[:1].upper() + part[1:] for part in parts)


def _about(question: Question, choices: Choices, says_all: bool) -> Iterator[str]:
    if question.task:
        yield dict(choices.tasks).get(question.task, question.task)
    if question.sample or says_all:
        yield _(SAMPLES[question.sample]) if question.sample else _("all judged drafts")
    if question.first or question.last:
        yield _days(question.first, question.last)
    yield from question.models
    for number in question.prompts:
        yield _("prompt %(number)s") % {"number": number}
    yield from question.locales
    for stratum in question.strata:
        yield _(STRATA[stratum])
    for number in question.guides:
        yield _("guide %(number)s") % {"number": number}
    if question.editor:
        yield _("reviewed by %(person)s") % {"person": question.editor}


def _of_them(question: Question, names: Mapping[str, str]) -> Iterator[str]:
    if question.outcome:
        yield _(OUTCOME_WORDS[question.outcome])
    if question.category:
        yield _("tagged %(category)s") % {
            "category": names.get(question.category, question.category)
        }
    if question.severity:
        yield _("with a tag that is %(severity)s") % {
            "severity": _(SEVERITY_WORDS[question.severity])
        }
    if question.criterion:
        criterion = names.get(question.criterion, question.criterion)
        yield f"{criterion}: {_(ANSWER_WORDS[question.answer or 'decided'])}"


def _days(first: date | None, last: date | None) -> str:
    def day(of: date) -> str:
        return date_format(of, "j M Y")

    if first and last:
        if first == last:
            return day(first)
        return _("%(first)s to %(last)s") % {"first": day(first), "last": day(last)}
    if first:
        return _("since %(day)s") % {"day": day(first)}
    return _("until %(day)s") % {"day": day(last)} if last else ""
