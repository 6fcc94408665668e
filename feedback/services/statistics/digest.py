"""What the weekly digest says: what was rejected or rewritten and why, which wrong facts caused it.

One for whoever wrote the prompts that drafted it, one for the owner of the catalogue that delivered
the facts.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Person
from explanations.context import pointer_label
from feedback.models import FactReport, Review, Tag
from feedback.services.days import in_days

EXAMPLES: Final = 5
MOST_CATEGORIES: Final = 6
MOST_FACTS: Final = 20

# Which drafts a digest is about: those of somebody's prompts, or of a catalogue's deliveries.
_OF_PERSON: Final = "prompt.created_by_id = %(whose)s"
_OF_CATALOGUE: Final = """draft.recommendation_id IN (
    SELECT recommendation.id FROM explanations_recommendation recommendation
    JOIN explanations_import delivery ON delivery.id = recommendation.delivery_id
    WHERE recommendation.id = draft.recommendation_id AND delivery.catalogue_owner = %(whose)s
)"""
_OF_WEEK: Final = """
WITH counted AS (
    SELECT review.id, review.outcome, draft.prompt_id
    FROM feedback_review review
    JOIN explanations_draft draft ON draft.id = review.draft_id
    JOIN explanations_prompt prompt ON prompt.id = draft.prompt_id
    WHERE review.created_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
      AND review.created_at < %(next)s::timestamp AT TIME ZONE %(zone)s
      AND review.outcome IN ('ACCEPT', 'BLAND', 'EDIT', 'REJECT', 'UNREVIEWABLE')
      AND {whose}
      AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
)
"""
_OUTCOMES: Final = """
SELECT prompt.id, task.slug, task.name, prompt.number, counted.outcome, count(*)
FROM counted
JOIN explanations_prompt prompt ON prompt.id = counted.prompt_id
JOIN explanations_task task ON task.id = prompt.task_id
GROUP BY 1, 2, 3, 4, 5
ORDER BY 2, 4
"""
_CATEGORIES: Final = """
SELECT counted.prompt_id, category.name, count(*)
FROM counted
JOIN feedback_tag tag ON tag.review_id = counted.id AND tag.severity > 0
JOIN explanations_category category ON category.id = tag.category_id
WHERE counted.outcome IN ('EDIT', 'REJECT')
GROUP BY 1, 2
ORDER BY 1, 3 DESC, 2
"""
# The worst of each prompt, and of equally bad ones the latest.
_EXAMPLES: Final = """
SELECT id FROM (
    SELECT counted.id, row_number() OVER (
        PARTITION BY counted.prompt_id
        ORDER BY (SELECT max(tag.severity) FROM feedback_tag tag WHERE tag.review_id = counted.id)
                 DESC NULLS LAST, counted.id DESC
    ) AS place
    FROM counted WHERE counted.outcome IN ('EDIT', 'REJECT')
) AS ranked
WHERE place <= %(examples)s
"""
_PEOPLE: Final = """
SELECT DISTINCT prompt.created_by_id
FROM feedback_review review
JOIN explanations_draft draft ON draft.id = review.draft_id
JOIN explanations_prompt prompt ON prompt.id = draft.prompt_id
WHERE review.created_at >= %(first)s::timestamp AT TIME ZONE %(zone)s
  AND review.created_at < %(next)s::timestamp AT TIME ZONE %(zone)s
  AND review.outcome IN ('EDIT', 'REJECT') AND prompt.created_by_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Why:
    """One tag, in words."""

    category: str
    severity: str
    quote: str
    note: str


@dataclass(frozen=True, slots=True)
class Example:
    """One draft that was rejected or rewritten, and why."""

    draft: str
    golden: str
    """What was written instead; empty for a reject."""
    outcome: str
    note: str
    whys: Sequence[Why]
    address: str


@dataclass(frozen=True, slots=True)
class PromptWeek:
    """What became of the drafts of one prompt."""

    task: str
    number: int
    outcomes: Sequence[tuple[str, int]]
    reviewed: int
    rejected: int
    rewritten: int
    categories: Sequence[tuple[str, int]]
    """Of minor or worse tags, the most frequent first."""
    examples: Sequence[Example]
    address: str
    """Of the reviews."""


@dataclass(frozen=True, slots=True)
class DoubtedFact:
    """A fact that an editor reported."""

    about: str
    """The recommendation, as the import names it."""
    fact: str
    problem: str
    said: str
    right: str
    source: str
    state: str
    owner: str


@dataclass(frozen=True, slots=True)
class Week:
    """What somebody is told of one week."""

    first: date
    last: date
    owner: str
    """The catalogue it is about; empty where it is about prompts."""
    prompts: Sequence[PromptWeek]
    facts: Sequence[DoubtedFact]
    more_facts: int
    """Reported besides."""
    facts_address: str

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was rejected, rewritten or doubted."""
        return not self.facts and not any(
            prompt.rejected or prompt.rewritten for prompt in self.prompts
        )

    @property
    def rejected(self) -> int:
        """Return how many drafts were rejected."""
        return sum(prompt.rejected for prompt in self.prompts)

    @property
    def rewritten(self) -> int:
        """Return how many drafts were rewritten."""
        return sum(prompt.rewritten for prompt in self.prompts)


def monday_of(day: date) -> date:
    """Return the day on which the week of a day begins."""
    return day - timedelta(days=day.weekday())


def last_week() -> date:
    """Return the Monday of the last week that is over, in the desk's time zone."""
    return monday_of(timezone.localdate()) - timedelta(weeks=1)


def week_of_person(person: Person, monday: date) -> Week:
    """Return what became of the drafts of this person's prompts."""
    reports = FactReport.objects.filter(draft__prompt__created_by=person)
    return _week(monday, _OF_PERSON, person.pk, reports, owner="")


def week_of_catalogue(owner: str, monday: date) -> Week:
    """Return what became of the drafts on this catalogue's facts."""
    reports = FactReport.objects.filter(catalogue_owner=owner)
    return _week(monday, _OF_CATALOGUE, owner, reports, owner=owner)


def prompt_owners(monday: date) -> Sequence[Person]:
    """Return the people, active and with an address, of whose prompts something was rejected or
    rewritten in the week.
    """
    ids = [person_id for (person_id,) in _rows(_PEOPLE, _days(monday))]
    return list(Person.objects.filter(pk__in=ids, is_active=True).exclude(email="").order_by("pk"))


def _week(monday: date, whose: str, who: object, reports: Any, owner: str) -> Week:
    values = {**_days(monday), "whose": who, "examples": EXAMPLES}
    counted = _OF_WEEK.format(whose=whose)
    categories: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for prompt_id, name, how_many in _rows(counted + _CATEGORIES, values):
        categories[prompt_id].append((name, how_many))
    examples = _examples([review_id for (review_id,) in _rows(counted + _EXAMPLES, values)])
    last = monday + timedelta(days=6)
    found = in_days(reports, "created_at", monday, last)
    facts = list(found.select_related("recommendation")[:MOST_FACTS])
    return Week(
        first=monday,
        last=last,
        owner=owner,
        prompts=_prompts(monday, _rows(counted + _OUTCOMES, values), categories, examples),
        facts=[_doubted(report) for report in facts],
        more_facts=found.count() - len(facts),
        facts_address=_link("fact-reports", **{"from": str(monday), "to": str(last)}, state="ALL"),
    )


def _prompts(
    monday: date,
    rows: Sequence[tuple[Any, ...]],
    categories: Mapping[int, Sequence[tuple[str, int]]],
    examples: Mapping[int, Sequence[Example]],
) -> list[PromptWeek]:
    by_prompt: dict[int, dict[str, int]] = defaultdict(dict)
    names: dict[int, tuple[str, str, int]] = {}
    for prompt_id, slug, name, number, outcome, how_many in rows:
        by_prompt[prompt_id][outcome] = how_many
        names[prompt_id] = (slug, name, number)
    last = monday + timedelta(days=6)
    found = []
    for prompt_id, (slug, name, number) in names.items():
        outcomes = by_prompt[prompt_id]
        found.append(
            PromptWeek(
                task=name,
                number=number,
                outcomes=[
                    (str(outcome.label), outcomes[outcome])
                    for outcome in Review.Outcome
                    if outcome in outcomes
                ],
                reviewed=sum(outcomes.values()),
                rejected=outcomes.get(Review.Outcome.REJECT, 0),
                rewritten=outcomes.get(Review.Outcome.EDIT, 0),
                categories=categories.get(prompt_id, [])[:MOST_CATEGORIES],
                examples=examples.get(prompt_id, []),
                address=_link("reviews", task=slug, **{"from": str(monday), "to": str(last)}),
            )
        )
    return found


def _examples(review_ids: Sequence[int]) -> dict[int, list[Example]]:
    reviews = (
        Review.objects.filter(pk__in=review_ids)
        .select_related("draft")
        .prefetch_related("tags__category")
    )
    found: dict[int, list[Example]] = defaultdict(list)
    by_id = {review.pk: review for review in reviews}
    for review in (by_id[review_id] for review_id in review_ids):
        found[review.draft.prompt_id].append(
            Example(
                draft=review.draft.text,
                golden=review.rewrite,
                outcome=review.get_outcome_display(),
                note=review.note,
                whys=[_why(tag) for tag in review.tags.all()],
                address=_link("draft-reviews", review.draft_id),
            )
        )
    return found


def _why(tag: Tag) -> Why:
    return Why(tag.category.name, tag.get_severity_display(), tag.quote, tag.note)


def _doubted(report: FactReport) -> DoubtedFact:
    return DoubtedFact(
        about=report.recommendation.external_id,
        fact=pointer_label(report.pointer),
        problem=report.get_problem_display(),
        said=_value(report.value_then),
        right=_value(report.right_value),
        source=report.source,
        state=report.get_state_display(),
        owner=report.catalogue_owner or _("nobody named"),
    )


def _value(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _link(name: str, *arguments: object, **asked: str) -> str:
    """Return an address that opens from a mail."""
    query = f"?{urlencode(asked)}" if asked else ""
    return f"{settings.DESK_URL}{reverse(name, args=arguments)}{query}"


def _days(monday: date) -> dict[str, Any]:
    return {"first": monday, "next": monday + timedelta(weeks=1), "zone": settings.TIME_ZONE}


def _rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
