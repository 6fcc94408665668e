"""The same numbers counted by hand, review by review, in words that share nothing with the SQL."""

from collections import Counter
from datetime import date
from typing import Any

from explanations.models import Draft
from feedback.models import Golden, JudgedDraft, Review, Tally
from feedback.outcomes import ENDS_THE_PLACE
from feedback.question import Question
from feedback.services.statistics.tallies import Counts, Measure, cohorts_of, sums_of


def judged_by_hand() -> dict[int, Review]:
    """Each draft that is settled, with the review that counts."""
    judged = {}
    for draft in Draft.objects.exclude(settled_outcome=""):
        standing = [
            review
            for review in draft.reviews.all()
            if review.outcome in ENDS_THE_PLACE and not hasattr(review, "superseded_by")
        ]
        found_right = {each.review_id for each in draft.adjudications.all() if not each.undone_at}
        judged[draft.pk] = max(
            (each for each in standing if each.outcome == draft.settled_outcome),
            key=lambda review: (review.pk in found_right, review.pk),
        )
    return judged


def counted_by_hand() -> Counter[tuple[Any, ...]]:
    """Drafts by what they count for."""
    counts: Counter[tuple[Any, ...]] = Counter()
    for review in judged_by_hand().values():
        counts["outcome", review.outcome] += 1
        golden_stands = any(
            golden.state != Golden.State.WITHDRAWN for golden in review.goldens.all()
        )
        counts["rewritten", review.outcome == "EDIT" and golden_stands] += 1
        if review.outcome == "UNREVIEWABLE":
            continue
        errors: Counter[tuple[Any, ...]] = Counter()
        for tag in review.tags.all():
            if tag.severity:
                errors["any", "any"] += 1
                errors[tag.category_id, "any"] += 1
                errors["any", tag.severity] += 1
            else:
                errors["any", 0] += 1
            errors[tag.category_id, tag.severity] += 1
        for key, number in errors.items():
            counts["drafts", *key] += 1
            counts["errors", *key] += number
            counts["squares", *key] += number**2
        for answer in review.answers.all():
            counts["answer", answer.criterion_id, answer.answer] += 1
    return +counts


def counted_by_the_desk() -> Counter[tuple[Any, ...]]:
    """The same, as the desk keeps it."""
    question = Question()
    kept = sums_of(question, cohorts_of(question))[0] if JudgedDraft.objects.exists() else Counts()
    outcomes = {1: "ACCEPT", 2: "BLAND", 3: "EDIT", 4: "REJECT", 5: "UNREVIEWABLE"}
    answers = {1: "yes", 2: "no", 3: "na"}
    counts: Counter[tuple[Any, ...]] = Counter()
    for a, _b, sums in kept.all_of(Measure.OUTCOME):
        counts["outcome", outcomes[a]] += sums.drafts
    rewritten = sum(sums.drafts for _a, _b, sums in kept.all_of(Measure.WORDS))
    counts["rewritten", True] = rewritten
    counts["rewritten", False] = kept.reviews - rewritten
    for a, b, sums in kept.all_of(Measure.ERRORS) + kept.all_of(Measure.ALL_ERRORS):
        key = (a or "any", "any" if b == -1 else b)
        counts["drafts", *key] += sums.drafts
        counts["errors", *key] += sums.total
        counts["squares", *key] += sums.squares
    for a, b, sums in kept.all_of(Measure.ANSWER):
        counts["answer", a, answers[b]] += sums.drafts
    return +counts


def tallied_days() -> set[date]:
    """The days on which the desk has counted something."""
    return set(Tally.objects.filter(span="d").values_list("day", flat=True))
