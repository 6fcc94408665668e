"""What a look at the dashboard asks for: the question in its address, and the form to change it.

An address may name days to look back at instead of a first and a last day; then it, and a view
saved of it, moves on with the calendar.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Person
from feedback.figures import Choices, Step
from feedback.question import BLIND, NAMES, SAMPLES, STRATA, Question
from feedback.services.statistics.asking import asked

USUAL_DAYS: Final = 28
DAYS_BACK: Final = {
    7: gettext_lazy("the last 7 days"),
    28: gettext_lazy("the last 28 days"),
    90: gettext_lazy("the last 90 days"),
    365: gettext_lazy("the last 365 days"),
}
# Longer stretches of time are counted by the week, and then by the month.
MOST_DAYS_BY_DAY: Final = 14
MOST_DAYS_BY_WEEK: Final = 200


@dataclass(frozen=True, slots=True)
class Look:
    """A question with the days that its address looks back; None where it names its days."""

    question: Question
    days: int | None

    @property
    def query(self) -> str:
        """The filters as an address has them: they move on where they look back from today."""
        return urlencode(self.parameters(), doseq=True)

    def parameters(self) -> dict[str, list[str]]:
        """Return the filters, each with its values."""
        if self.days is None:
            return self.question.as_parameters()
        kept = replace(self.question, first=None, last=None).as_parameters()
        return kept if self.days == USUAL_DAYS else {**kept, "days": [str(self.days)]}

    def without(self, name: str, value: str) -> str:
        """Return the filters of an address without one of them."""
        left = {
            each: [one for one in values if (each, one) != (name, value)]
            for each, values in self.parameters().items()
        }
        return urlencode({each: values for each, values in left.items() if values}, doseq=True)

    @property
    def step(self) -> Step:
        """The stretches of time that a line over all its days is made of."""
        first, last = self.question.first, self.question.last
        if first is None or last is None:
            return "month"
        days = (last - first).days + 1
        return (
            "day" if days <= MOST_DAYS_BY_DAY else "week" if days <= MOST_DAYS_BY_WEEK else "month"
        )


def look_of(
    address: QueryDict, person: Person, usual_task: str, *, samples_apart: bool = True
) -> Look:
    """Return what an address asks for: the blind sample of the last weeks unless it says other.

    Where the samples are not `samples_apart`, all drafts are meant, whatever the address says.
    Raises QuestionRefused for what cannot be asked, or not by this person.
    """
    parameters: dict[str, Sequence[str]] = {
        name: address.getlist(name) for name in NAMES if any(address.getlist(name))
    }
    parameters.setdefault("task", [usual_task])
    parameters["sample"] = (parameters.get("sample") or [BLIND]) if samples_apart else []
    days = _days_back(address, "from" in parameters or "to" in parameters)
    if days is not None:
        today = timezone.localdate()
        parameters |= _from_and_to(today - timedelta(days=days - 1), today)
    return Look(asked(parameters, person).about(), days)


def _days_back(address: QueryDict, has_days_of_its_own: bool) -> int | None:
    written = address.get("days", "")
    if written in {str(days) for days in DAYS_BACK}:
        return int(written)
    return None if has_days_of_its_own else USUAL_DAYS


def _from_and_to(first: date, last: date) -> Mapping[str, Sequence[str]]:
    return {"from": [first.isoformat()], "to": [last.isoformat()]}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A filter that holds, in words, and the address without it."""

    words: str
    query: str


class AskedForm(forms.Form):
    """The filters of a look. It only shows them: what an address says is read by `look_of`."""

    use_required_attribute = False

    task = forms.ChoiceField(label=gettext_lazy("Task"))
    days = forms.ChoiceField(label=gettext_lazy("Period"))
    first = forms.DateField(
        label=gettext_lazy("From"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last = forms.DateField(
        label=gettext_lazy("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    sample = forms.ChoiceField(label=gettext_lazy("Drafts of"), widget=forms.RadioSelect)
    model = forms.MultipleChoiceField(
        label=gettext_lazy("Model"), widget=forms.CheckboxSelectMultiple
    )
    prompt = forms.MultipleChoiceField(
        label=gettext_lazy("Prompt version"), widget=forms.CheckboxSelectMultiple
    )
    locale = forms.MultipleChoiceField(
        label=gettext_lazy("Locale"), widget=forms.CheckboxSelectMultiple
    )
    stratum = forms.MultipleChoiceField(
        label=gettext_lazy("Popular or niche"), widget=forms.CheckboxSelectMultiple
    )
    guide = forms.MultipleChoiceField(
        label=gettext_lazy("Guide version"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, look: Look, choices: Choices) -> None:
        question, days = look.question, look.days
        super().__init__(
            initial={
                "task": question.task,
                "days": "" if days is None else str(days),
                "from": question.first if days is None else None,
                "to": question.last if days is None else None,
                "sample": question.sample,
                "model": question.models,
                "prompt": [str(number) for number in question.prompts],
                "locale": question.locales,
                "stratum": question.strata,
                "guide": [str(number) for number in question.guides],
            }
        )
        # The address says `from`, which is no name for an attribute.
        self.fields = {
            {"first": "from", "last": "to"}.get(name, name): each
            for name, each in self.fields.items()
        }
        self._offer("task", choices.tasks)
        back = [(str(number), str(words)) for number, words in DAYS_BACK.items()]
        self._offer("days", [*back, ("", _("between two days"))])
        self._offer("sample", [(key, _(words)) for key, words in SAMPLES.items()])
        self._offer("model", [(name, name) for name in choices.models])
        self._offer("prompt", [(str(n), str(n)) for n in choices.prompts])
        self._offer("locale", [(name, name) for name in choices.locales])
        self._offer("stratum", [(key, _(words)) for key, words in STRATA.items()])
        self._offer("guide", [(str(n), str(n)) for n in choices.guides])

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        offered = self.fields[name]
        assert isinstance(offered, forms.ChoiceField)  # noqa: S101 - they are declared above
        offered.choices = list(choices)

    def narrowing(self) -> list[forms.BoundField]:
        """Return the fields that stand folded away: there is something to choose in them."""
        names = ("model", "prompt", "locale", "stratum", "guide")
        return [self[name] for name in names if len(self[name]) > 1]


def is_narrowed(question: Question) -> bool:
    """Whether only some models, prompts, locales, strata or guides are asked for."""
    return any(
        (question.models, question.prompts, question.locales, question.strata, question.guides)
    )


def chosen(look: Look) -> list[Chosen]:
    """Return the filters that hold besides task, days and sample, each with the way out of it."""
    question = look.question
    named = {
        "model": [(value, value) for value in question.models],
        "prompt": [(str(n), _("prompt %(number)s") % {"number": n}) for n in question.prompts],
        "locale": [(value, value) for value in question.locales],
        "stratum": [(value, _(STRATA[value])) for value in question.strata],
        "guide": [(str(n), _("guide %(number)s") % {"number": n}) for n in question.guides],
        "editor": [(question.editor, question.editor)] if question.editor else [],
    }
    return [
        Chosen(words, look.without(name, value))
        for name, values in named.items()
        for value, words in values
    ]
