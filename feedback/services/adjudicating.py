"""Settle reviews that disagree: a lead says which one is right, once, and can take it back.

What a review gives to training it has given when it was submitted; to take one as right is to set
aside what the others gave. Locks are taken in the order that `feedback.services.queue` names.
"""

from collections.abc import Iterable
from typing import Final

from django.db.models import Prefetch, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.log import record
from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import Draft, Recommendation
from feedback.models import Adjudication, Review
from feedback.models.adjudication import AdjudicationQuerySet
from feedback.outcomes import ENDS_THE_PLACE
from feedback.services.datasets.marking import OVERRULED, mark_review, mark_unsettled
from feedback.services.deadlocks import again_after_deadlock
from feedback.services.goldens import put_back_overruled, withdraw_overruled

MOST_REASON: Final = 500


class AdjudicationRefused(Exception):
    """A draft that cannot be settled, or not any more; the message is a sentence for people."""


def where_reviews_disagree(task: str = "") -> QuerySet[Draft]:
    """Return the drafts whose reviews are all in and disagree, and that no lead has settled.

    Of one task, by its slug, or of all. Each comes with its `deciding` reviews, the oldest first.
    """
    found = Draft.objects.filter(state=Draft.State.REVIEWED, settled_outcome="")
    if task:
        found = found.filter(task__slug=task)
    return found.select_related("task", "recommendation").prefetch_related(
        Prefetch("reviews", _deciding().select_related("editor"), to_attr="deciding")
    )


def deciding_reviews(draft: Draft) -> QuerySet[Review]:
    """Return the reviews of a draft between which a lead decides, the oldest first.

    They come with all that belongs to them.
    """
    return (
        _deciding()
        .filter(draft=draft)
        .select_related("editor", "superseded_by")
        .prefetch_related("tags__category", "answers__criterion", "goldens", "judgements__finding")
    )


def _deciding() -> QuerySet[Review]:
    return Review.objects.standing().filter(outcome__in=ENDS_THE_PLACE).order_by("pk")


def adjudications_of(draft: Draft | int) -> AdjudicationQuerySet:
    """Return what leads have found right of a draft, the newest first, also what they took back.

    They come with their reviews and the people concerned.
    """
    found = Adjudication.objects.filter(draft=draft)
    return found.select_related("review__editor", "lead", "undone_by")


def standing_adjudication(draft: Draft) -> Adjudication | None:
    """Return which review of a draft a lead has found right, with the review and the lead."""
    return adjudications_of(draft).standing().first()


# --- Settling ------------------------------------------------------------------------------------


@again_after_deadlock
def adjudicate(draft_id: int, review_id: int, lead: Person, reason: str) -> Adjudication:
    """Say which of a draft's reviews is right: the draft is settled as that review decided.

    The others stay in its history and count for nothing; their goldens are withdrawn. Safe to
    repeat. Raises AdjudicationRefused without a reason of at most MOST_REASON characters, for
    anybody but a lead, where reviews do not disagree or are not all in, where the review is taken
    back or none of them, and where somebody has settled it otherwise meanwhile; Draft.DoesNotExist.
    """
    _refuse_others(lead)
    said = _said(reason)
    draft = _locked(draft_id)
    reviews = {review.pk: review for review in _deciding().filter(draft=draft)}
    if done := standing_adjudication(draft):
        if done.review_id == review_id:
            return done
        raise AdjudicationRefused(
            _("%(who)s has settled this draft meanwhile; that has to be taken back first.")
            % {"who": done.lead}
        )
    _refuse_the_unsettleable(draft, review_id, reviews)
    review = reviews.pop(review_id)
    Draft.objects.filter(pk=draft.pk, state=Draft.State.REVIEWED, settled_outcome="").update(
        settled_outcome=review.outcome
    )
    adjudication = Adjudication.objects.create(
        draft=draft,
        review=review,
        lead=lead,
        reason=said,
        withdrew=withdraw_overruled(reviews, OVERRULED, lead),
    )
    for overruled in reviews:
        # A rejected draft has no golden, and is a bad example all the same.
        mark_review(overruled, OVERRULED)
    record(lead, "settled", draft, review=review.pk, outcome=review.outcome, reason=said)
    return adjudication


def _refuse_others(person: Person) -> None:
    if not has_right(person, LEAD):
        raise AdjudicationRefused(_("Where reviews disagree a lead settles it."))


def _said(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise AdjudicationRefused(_("Say why; who reviewed the draft will read it."))
    if len(said) > MOST_REASON:
        raise AdjudicationRefused(
            _("The reason may have %(most)d characters.") % {"most": MOST_REASON}
        )
    return said


def _locked(draft_id: int) -> Draft:
    """Return the draft; its recommendation is locked first, so that its facts hold still."""
    recommendation_id = Draft.objects.values_list("recommendation", flat=True).get(pk=draft_id)
    Recommendation.objects.select_for_update(no_key=True).only("pk").get(pk=recommendation_id)
    return Draft.objects.select_for_update(no_key=True).get(pk=draft_id)


def _refuse_the_unsettleable(draft: Draft, review_id: int, reviews: Iterable[int]) -> None:
    if draft.state != Draft.State.REVIEWED:
        raise AdjudicationRefused(
            _("The draft is %(state)s; its reviews are not all in.")
            % {"state": draft.get_state_display()}
        )
    if draft.settled_outcome:
        raise AdjudicationRefused(_("The reviews of this draft do not disagree."))
    if review_id in reviews:
        return
    given = Review.objects.filter(pk=review_id, draft=draft).first()
    if given is None:
        raise AdjudicationRefused(_("This draft has no such review."))
    if Review.objects.filter(supersedes=given).exists():
        raise AdjudicationRefused(_("This review was taken back."))
    raise AdjudicationRefused(_("This review does not decide what becomes of the draft."))


# --- Taking back ---------------------------------------------------------------------------------


@again_after_deadlock
def undo_adjudication(draft_id: int, lead: Person) -> Adjudication:
    """Take back which review of a draft is right: its reviews disagree again, as before.

    Goldens that were withdrawn because of it are as they were. Safe to repeat. Raises
    AdjudicationRefused for anybody but a lead and where the draft was never settled so;
    Draft.DoesNotExist.
    """
    _refuse_others(lead)
    draft = _locked(draft_id)
    if (standing := standing_adjudication(draft)) is None:
        if done := adjudications_of(draft).first():
            return done
        raise AdjudicationRefused(_("No lead has settled this draft."))
    _end(standing, lead)
    Draft.objects.filter(
        pk=draft.pk, state=Draft.State.REVIEWED, settled_outcome=standing.review.outcome
    ).update(settled_outcome="")
    return standing


def end_with_its_review(draft: Draft, review: Review, person: Person) -> None:
    """Take back what a lead settled, because its review is taken back and it rests on nothing.

    Must run in the transaction that takes the review back, with the draft locked; what becomes of
    the draft is for the caller.
    """
    standing = standing_adjudication(draft)
    if standing is not None and standing.review_id == review.pk:
        _end(standing, person)


def is_overruled(review: Review) -> bool:
    """Whether a lead has found another review of the draft right."""
    others = Adjudication.objects.standing().filter(draft=review.draft_id)
    return others.exclude(review=review).exists()


def _end(standing: Adjudication, person: Person) -> None:
    Adjudication.objects.filter(pk=standing.pk, undone_at=None).update(
        undone_at=Now(), undone_by=person
    )
    standing.refresh_from_db(fields=["undone_at", "undone_by"])
    put_back_overruled(standing.withdrew, person)
    mark_unsettled(standing.review_id, standing.created_at)
    record(person, "unsettled", standing.draft, review=standing.review_id)
