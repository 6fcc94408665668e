"""What was decided before: lines about the same item, in near words, about the same artist.

Found by four numbers that were kept when a line was decided, so that looking costs the same however
much has been decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Prefetch

from explanations.checks.published import Words, owner_of
from explanations.models import Draft
from feedback.likeness import bands_of, bands_of_words, shared_words
from feedback.models import DecidedLine, Golden, Review, Tag, overruled
from feedback.outcomes import JUDGES_FINDINGS, Outcome
from feedback.services.goldens import facts_seen

REMEMBERED: Final = JUDGES_FINDINGS
"""The outcomes that say something about a text."""
MOST_SHOWN: Final = 6
MOST_OF_A_KIND: Final = 3
# Of the words of two texts, how many both have, names included, for them to be near.
NEAR: Final = 0.35
# What an index of arrays may bring for one look: a band that ten thousand lines share tells little.
_MOST_LOOKED_AT: Final = 300

Why = Literal["item", "near", "group"]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A decided line, why it is shown, and the golden that was written instead, if one stands."""

    review: Review
    draft: Draft
    why: Why
    tags: Sequence[Tag]
    golden: Golden | None


def line_to_remember(draft: Draft, outcome: Outcome, words: Words | None) -> DecidedLine | None:
    """Return what a new review was about, to be written with it; None where it says nothing.

    `draft` comes with its snapshot; `words` are those of its text that are no facts, for who has
    them at hand.
    """
    if outcome not in REMEMBERED or draft.snapshot is None:
        return None
    return DecidedLine(
        task_id=draft.task_id,
        group=draft.recommendation.group,
        item=UUID(owner_of(draft.snapshot.item)),
        bands=bands_of(draft.text, draft.snapshot.facts)
        if words is None
        else bands_of_words(words),
    )


def forget(review: Review) -> None:
    """Forget a review that is taken back, in the transaction that does it."""
    DecidedLine.objects.filter(review=review).delete()


def decided_before(draft: Draft) -> list[Remembered]:
    """Return what was decided about lines like a draft, the nearest first; none for a blind one.

    What others decided about this same draft is never among it: they are asked apart.
    """
    if draft.blind or draft.snapshot is None:
        return []
    why = _candidates(draft)
    reviews = (
        Review.objects.filter(pk__in=why)
        .exclude(draft=draft)
        .exclude(overruled())
        .select_related("editor", "draft__recommendation")
        .prefetch_related(
            Prefetch("tags", Tag.objects.select_related("category")),
            Prefetch(
                "goldens",
                Golden.objects.filter(
                    state__in=[Golden.State.APPROVED, Golden.State.PROPOSED]
                ).order_by("-pk"),
            ),
        )
    )
    return _chosen(draft, reviews, why)


_FIND: Final = """
(SELECT review_id, 'item' FROM feedback_decidedline
 WHERE task_id = %(task)s AND item = %(item)s ORDER BY review_id DESC LIMIT %(most)s)
UNION ALL
(SELECT review_id, 'group' FROM feedback_decidedline
 WHERE task_id = %(task)s AND "group" = %(group)s ORDER BY review_id DESC LIMIT %(most)s)
UNION ALL
(SELECT review_id, 'near' FROM feedback_decidedline
 WHERE task_id = %(task)s AND bands && %(bands)s::int[] LIMIT %(near)s)
"""


def _candidates(draft: Draft) -> dict[int, Why]:
    """Return the reviews that may be shown, each with the best reason for it."""
    facts, _sources = facts_seen(draft)
    item = draft.snapshot.item if draft.snapshot else {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL gin_fuzzy_search_limit = {_MOST_LOOKED_AT}")
        cursor.execute(
            _FIND,
            {
                "task": draft.task_id,
                "item": UUID(owner_of(item)),
                "group": draft.recommendation.group,
                "bands": bands_of(draft.text, facts),
                "most": 2 * MOST_SHOWN,
                "near": 4 * MOST_SHOWN,
            },
        )
        found: list[tuple[int, Why]] = cursor.fetchall()
    best: dict[int, Why] = {}
    for kind in ("group", "near", "item"):
        best |= {review_id: why for review_id, why in found if why == kind}
    return best


def _chosen(draft: Draft, reviews: Iterable[Review], why: dict[int, Why]) -> list[Remembered]:
    """Return a few of each kind, of those that say the same the newest, goldens before others."""
    ranked = sorted(
        (
            Remembered(
                review,
                review.draft,
                why[review.pk],
                list(review.tags.all()),
                next(iter(review.goldens.all()), None),
            )
            for review in reviews
        ),
        key=lambda each: (
            -shared_words(draft.text, each.draft.text) if each.why == "near" else 0,
            each.golden is None,
            -each.review.pk,
        ),
    )
    chosen: list[Remembered] = []
    said: set[tuple[str, str]] = set()
    for kind, most in (("item", MOST_OF_A_KIND), ("near", MOST_OF_A_KIND), ("group", MOST_SHOWN)):
        of_kind = 0
        for each in ranked:
            same = (each.draft.text, each.golden.text if each.golden else each.review.outcome)
            if each.why != kind or same in said or of_kind == most or len(chosen) == MOST_SHOWN:
                continue
            if kind == "near" and shared_words(draft.text, each.draft.text) < NEAR:
                continue
            said.add(same)
            chosen.append(each)
            of_kind += 1
    return chosen
