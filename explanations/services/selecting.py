"""Which recommendations a run drafts: asked for in words, found in one statement."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.db.models import (
    BooleanField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
)
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from explanations.models import Draft, Recommendation, Task

# What a draft's `settled_outcome` says, in the words of the human side.
REJECTED: Final = "REJECT"
TAKEN: Final = ("ACCEPT", "EDIT")

MOST_EXTERNAL_IDS: Final = 100_000
MOST_SEARCHED: Final = 200
HIGHEST_PRIORITY: Final = 100
# What a LIMIT can say; more recommendations there will never be.
MOST_RECOMMENDATIONS: Final = 2**31 - 1
# With room on either side for time zones.
_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(2999, 12, 31)
# Short enough to be read out and typed again.
SEEDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recommendations of a task a run drafts. What is asked for together must hold together.

    `sample` takes that many at random, the same ones again for the same `seed`; `limit` takes the
    first ones by priority. A `locale` of `en` means `en-GB` too; `search` is found in the values of
    the item's facts, in upper or lower case. `changed_from` and `changed_to` are days of the desk,
    both included.
    """

    not_drafted: bool = False
    rejected_before: bool = False
    import_id: int | None = None
    external_ids: Sequence[str] | None = None
    locale: str = ""
    search: str = ""
    least_priority: int | None = None
    most_priority: int | None = None
    changed_from: date | None = None
    changed_to: date | None = None
    sample: int | None = None
    seed: int | None = None
    limit: int | None = None

    def as_asked(self) -> dict[str, Any]:
        """Return what was asked for, as a run keeps it: JSON, without what was not asked."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
            if value is not None and value is not False and value != ""
        }

    def with_seed(self) -> "Selection":
        """Return the same with a seed for its sample, drawn if none was given."""
        if self.sample is None or self.seed is not None:
            return self
        return replace(self, seed=secrets.randbelow(SEEDS))

    def problem(self) -> str:
        """Return why nothing can ever fit the selection, to people; empty if all is well."""
        for name, number in (("sample", self.sample), ("limit", self.limit)):
            if number is not None and number < 1:
                return f"A {name} has at least one recommendation."
        for priority in (self.least_priority, self.most_priority):
            if priority is not None and not 0 <= priority <= HIGHEST_PRIORITY:
                return f"Priorities go from 0 to {HIGHEST_PRIORITY}."
        if _are_crossed(self.least_priority, self.most_priority):
            return "The lowest priority is above the highest."
        if self.changed_from and self.changed_to and self.changed_from > self.changed_to:
            return "The first day is after the last."
        for day in (self.changed_from, self.changed_to):
            if day is not None and not _FIRST_DAY <= day <= _LAST_DAY:
                return f"Days go from {_FIRST_DAY:%-d %B %Y} to {_LAST_DAY:%-d %B %Y}."
        if self.external_ids is not None and len(self.external_ids) > MOST_EXTERNAL_IDS:
            return f"At most {MOST_EXTERNAL_IDS:,} recommendations can be named."
        if len(self.search) > MOST_SEARCHED:
            return f"At most {MOST_SEARCHED} characters can be searched for."
        if self.seed is not None and not 0 <= self.seed <= MOST_RECOMMENDATIONS:
            return f"A seed is a number from 0 to {MOST_RECOMMENDATIONS}."
        return ""


@dataclass(frozen=True, slots=True)
class Holds:
    """How many recommendations a selection holds, and how many drafts that makes."""

    recommendations: int
    drafts: int


def count_selected(task: Task, selection: Selection, drafts_each: int = 1) -> Holds:
    """Return what a run of this selection would draft, were it started now."""
    fitting = _fitting(task, selection)
    bounds = [number for number in (selection.sample, selection.limit) if number is not None]
    count = min([fitting.count(), *bounds])
    return Holds(count, count * drafts_each)


def selected(task: Task, selection: Selection) -> QuerySet[Recommendation]:
    """Return the recommendations that a selection means, the most urgent first."""
    found = _fitting(task, selection)
    if selection.sample is not None:
        by_chance = Func(
            Concat(Value(f"sample:{selection.seed}:"), Cast("pk", TextField())), function="md5"
        )
        sampled = found.order_by(by_chance)[: min(selection.sample, MOST_RECOMMENDATIONS)]
        found = Recommendation.objects.filter(pk__in=sampled.values("pk"))
    found = found.order_by("-priority", "pk")
    if selection.limit is None:
        return found
    return found[: min(selection.limit, MOST_RECOMMENDATIONS)]


def _fitting(task: Task, selection: Selection) -> QuerySet[Recommendation]:
    found = Recommendation.objects.filter(task=task, snapshot__isnull=False)
    if selection.import_id is not None:
        found = found.filter(delivery_id=selection.import_id)
    if selection.external_ids is not None:
        found = found.filter(external_id__in=list(selection.external_ids))
    if selection.locale:
        wider = Q(locale__istartswith=f"{selection.locale}-")
        found = found.filter(Q(locale__iexact=selection.locale) | wider)
    if selection.search:
        found = found.filter(_AFactSays(F("snapshot__item"), Value(_anywhere(selection.search))))
    if selection.least_priority is not None:
        found = found.filter(priority__gte=selection.least_priority)
    if selection.most_priority is not None:
        found = found.filter(priority__lte=selection.most_priority)
    if selection.changed_from is not None:
        found = found.filter(changed_at__gte=_midnight(selection.changed_from))
    if selection.changed_to is not None:
        found = found.filter(changed_at__lt=_midnight(selection.changed_to + timedelta(days=1)))
    drafts = Draft.objects.without_trials().filter(recommendation=OuterRef("pk"))
    if selection.not_drafted:
        ended_without = [Draft.State.FAILED, Draft.State.CANCELLED]
        found = found.exclude(Exists(drafts.exclude(state__in=ended_without)))
    if selection.rejected_before:
        found = found.filter(Exists(drafts.filter(settled_outcome=REJECTED)))
        found = found.exclude(Exists(drafts.filter(_IS_BETTER)))
    return found


# Drafts that make another one for the sake of a rejected one superfluous: they are on their way,
# wait for their review, or were taken.
_IS_BETTER: Final = Q(
    state__in=[
        Draft.State.PENDING,
        Draft.State.RUNNING,
        Draft.State.READY,
        Draft.State.QUARANTINED,
    ],
    settled_outcome="",
) | Q(settled_outcome__in=TAKEN)


class _AFactSays(Func):
    """Whether the value of a fact, at any depth, is ILIKE a pattern; its name is not searched."""

    output_field = BooleanField()
    template = "EXISTS (SELECT FROM jsonb_path_query(%(expressions)s)"
    arg_joiner = (
        ", 'strict $.**') AS fact(value)"
        " WHERE jsonb_typeof(fact.value) NOT IN ('object', 'array')"
        " AND fact.value #>> '{}' ILIKE "
    )


def _anywhere(words: str) -> str:
    """Return the LIKE pattern of what holds these words as they stand."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _midnight(day: date) -> datetime:
    """Return when a day of the desk begins."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _are_crossed(least: int | None, most: int | None) -> bool:
    return least is not None and most is not None and least > most


# In words -----------------------------------------------------------------------------------------

_WORDS: Final = {
    "not_drafted": "not drafted yet",
    "rejected_before": "rejected before",
    "import_id": "of import {}",
    "locale": "in “{}”",
    "search": "saying “{}”",
    "least_priority": "priority {} or higher",
    "most_priority": "priority {} or lower",
    "changed_from": "came or changed on {} or later",
    "changed_to": "came or changed on {} or earlier",
    "limit": "the first {} by priority",
}


def in_words(asked: Mapping[str, Any]) -> str:
    """Return what a run was asked to draft, as `Selection.as_asked` keeps it, for people."""
    words = [sentence.format(asked[name]) for name, sentence in _WORDS.items() if name in asked]
    if named := asked.get("external_ids"):
        words.insert(0, f"{len(named):,} named by external id")
    if "sample" in asked:
        words.append(f"a sample of {asked['sample']:,}, seed {asked.get('seed', 'unknown')}")
    return ", ".join(words) if words else "everything"
