"""Submit a review, once, and take it back.

A submission is one transaction: the assignment, the place, the draft, the review with its tags and
answers, the golden and the log all change, or nothing does. Locks are taken in the order that
`feedback.services.queue` names.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.log import record
from accounts.models import Person
from accounts.rights import LEAD, has_right
from explanations.models import (
    Category,
    Criterion,
    DecidedAnswer,
    Draft,
    Finding,
    Guide,
    LetThrough,
    Place,
    Recommendation,
    Task,
)
from explanations.output_formats import UnusableOutput, get_output_format
from explanations.services.redrafting import redraft_after_change
from feedback.explained_edit import ExplainedEdit, explain_edit
from feedback.models import (
    Assignment,
    CriterionAnswer,
    FindingJudgement,
    Golden,
    Review,
    Tag,
)
from feedback.outcomes import (
    DECIDES_FROM,
    ENDS_THE_PLACE,
    JUDGES_FINDINGS,
    MAKES_A_GOLDEN,
    Answer,
    Decision,
    Outcome,
    broken_rules,
    settle,
    worse_answer,
)
from feedback.review_body import BodyRefused, ReviewBody, TagBody, body_sha256, check_body
from feedback.services import goldens, harm, memory
from feedback.services.deadlocks import again_after_deadlock
from feedback.services.goldens import facts_seen
from feedback.services.queue import (
    LEASE,
    OPEN_STATES,
    LeaseLost,
    free_slot,
    lock_editor,
    locked_place,
    why_lost,
)

UNDOABLE: Final = 10
_REVIEWABLE: Final = (Draft.State.READY, Draft.State.BLOCKED)


class KeyReused(Exception):
    """The key of another submission with another body."""

    def __init__(self) -> None:
        super().__init__(
            _("This key belongs to another submission; every submission needs its own.")
        )


class AlreadySubmitted(Exception):
    """The assignment was submitted under another key: another tab was first."""

    def __init__(self, review: Review) -> None:
        self.review = review
        super().__init__(_("You have submitted this draft already, in another tab."))


class UndoRefused(Exception):
    """A review that cannot be taken back any more; the message says why."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission became; `replayed` when it had been answered before."""

    review: Review
    golden: Golden | None
    replayed: bool


@dataclass(frozen=True, slots=True)
class Undone:
    """The superseding row, and the draft leased again; None where the draft is gone by now."""

    review: Review
    assignment: Assignment | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A submission that may stand, all checked that needs no lock."""

    body: ReviewBody
    outcome: Outcome
    sha256: str
    rewrite: str
    rewrite_output: dict[str, object] | None
    alignment: list[dict[str, object]]
    tags: tuple[TagBody, ...]
    """Those of the body, and after them those that the causes of an edit make."""
    categories: Mapping[str, int]
    criteria: Mapping[str, int]
    decided: Mapping[int, Answer]
    """By the tags, what the editor left unanswered: a criterion's number to its answer."""


def reviews_of(draft_id: int) -> QuerySet[Review]:
    """Return the reviews of a draft with all that belongs to them, the newest first."""
    return (
        Review.objects.filter(draft=draft_id)
        .select_related("editor")
        .prefetch_related("tags__category", "answers__criterion", "judgements")
    )


# --- Submitting ----------------------------------------------------------------------------------


def submit_review(
    editor: Person, assignment_id: int, key: uuid.UUID, body: ReviewBody
) -> Submitted:
    """Make the editor's decision on the draft of one of their assignments; the same key, once.

    A repetition (same key, same body) gets the stored answer. A lease that ran out is no matter
    while the place is free. Raises BodyRefused by field, KeyReused, AlreadySubmitted,
    Assignment.DoesNotExist for somebody else's, and LeaseLost when the place is gone; then what was
    sent is kept with the assignment.
    """
    try:
        return _submit(editor, assignment_id, key, body)
    except IntegrityError:
        if Review.objects.filter(editor=editor, key=key).exists():
            return _answered(editor, key, body, assignment_id)
        raise
    except LeaseLost:
        if _is_submitted(assignment_id):  # by another tab, while this one waited for the draft
            return _answered(editor, key, body, assignment_id)
        _keep(editor, assignment_id, body)
        raise


@again_after_deadlock
def _submit(editor: Person, assignment_id: int, key: uuid.UUID, body: ReviewBody) -> Submitted:
    assignment = (
        Assignment.objects.with_draft()
        .select_related("place__task__guide")
        .annotate(desk_now=Now())
        .get(pk=assignment_id, editor=editor)
    )
    assignment.place.draft.task = assignment.place.task
    if assignment.state == Assignment.State.SUBMITTED:
        return _answered(editor, key, body, assignment_id)
    prepared = _prepare(assignment, body)
    is_harmful = harm.is_harmful(prepared.outcome, prepared.tags)
    if is_harmful:
        harm.take_turns(assignment.place.draft)
    draft = _locked_draft(assignment.place.draft, prepared.outcome)
    places = list(Place.objects.filter(draft=draft).order_by("ordinal"))
    place = next(each for each in places if each.pk == assignment.place_id)
    _hand_in(assignment, place, draft, body)
    review = _write_review(assignment, draft, editor, key, prepared)
    golden = None
    if prepared.outcome in MAKES_A_GOLDEN:
        severities = [tag.severity for tag in prepared.tags]
        golden = goldens.make_golden(review, draft, prepared.outcome, severities)
    _move_place(place, prepared.outcome)
    if prepared.outcome in ENDS_THE_PLACE:
        _settle_draft(draft, review, [each for each in places if each.pk != place.pk])
    memory.remember(review, draft)
    if is_harmful:
        harm.set_aside_the_same(review, draft)
    record(editor, "reviewed", draft, review=review.pk, outcome=review.outcome)
    return Submitted(review, golden, replayed=False)


def _answered(editor: Person, key: uuid.UUID, body: ReviewBody, assignment_id: int) -> Submitted:
    """Return the answer that a key got before. Raises KeyReused and AlreadySubmitted."""
    review = Review.objects.filter(editor=editor, key=key).select_related("draft").first()
    if review is None:
        raise AlreadySubmitted(Review.objects.get(assignment=assignment_id, supersedes=None))
    if review.body_sha256 != body_sha256(body, assignment_id):
        raise KeyReused
    made = Golden.objects.filter(review=review, replaces=None).first()
    return Submitted(review, made, replayed=True)


def _is_submitted(assignment_id: int) -> bool:
    return Assignment.objects.filter(pk=assignment_id, state=Assignment.State.SUBMITTED).exists()


def _keep(editor: Person, assignment_id: int, body: ReviewBody) -> None:
    """Keep what came too late with the assignment, so that nothing typed is lost."""
    Assignment.objects.filter(pk=assignment_id, editor=editor).exclude(
        state=Assignment.State.SUBMITTED
    ).update(work=body.as_work(), revision=F("revision") + 1, work_saved_at=Now())


# --- What needs no lock --------------------------------------------------------------------------


def _prepare(assignment: Assignment, body: ReviewBody) -> _Prepared:
    draft, task = assignment.place.draft, assignment.place.task
    categories: dict[str, Category] = {}
    if body.tags or body.causes:
        categories = {
            category.slug: category
            for category in Category.objects.filter(task=task, retired_at=None).only(
                "slug", "severity"
            )
        }
    criteria: dict[str, int] = {}
    if body.answers:
        criteria = dict(
            Criterion.objects.filter(task=task, retired_at=None).values_list("slug", "pk")
        )
    errors = check_body(
        body, draft.text, categories=categories, criteria=criteria, findings=_findings(draft, body)
    )
    rewrite, rewrite_output = _rewritten(draft, body, errors)
    decision = Decision(
        outcome=body.outcome,
        severities=[tag.severity for tag in body.tags],
        answers=list(body.answers.values()),
        reason=body.reason,
        note=body.note,
        has_rewrite=bool(rewrite),
        changed=bool(rewrite) and (rewrite, rewrite_output) != (draft.text, draft.output),
    )
    if not errors.keys() & {"rewrite", "rewrite_output"}:
        # Of a rewrite that cannot be read it is not known whether it changes anything.
        for name, sentence in broken_rules(decision).items():
            errors.setdefault(name, []).append(sentence)
    if body.outcome is Outcome.ESCALATE and assignment.place.state == Place.State.ESCALATED:
        errors["outcome"] = ["This draft is with the lead already."]
    edit = None
    if settle(decision) is Outcome.EDIT and not errors:
        usual = {slug: category.severity for slug, category in categories.items()}
        edit = explain_edit(draft.text, rewrite, body, usual)
        errors = edit.errors or _unexplained(edit, task)
    if errors:
        raise BodyRefused(errors)
    tags = edit.tags if edit else body.tags
    return _Prepared(
        body=body,
        outcome=settle(decision),
        sha256=body_sha256(body, assignment.pk),
        rewrite=rewrite if decision.changed else "",
        rewrite_output=rewrite_output if decision.changed else None,
        alignment=edit.alignment if edit else [],
        tags=tags,
        categories={slug: category.pk for slug, category in categories.items()},
        criteria=criteria,
        decided=_decided_by(tags, task.pk, body),
    )


def _decided_by(tags: Sequence[TagBody], task_id: int, body: ReviewBody) -> dict[int, Answer]:
    """Return what the tags answer of that which the editor did not answer themselves."""
    deciding = {tag.category for tag in tags if tag.severity >= DECIDES_FROM}
    if not deciding:
        return {}
    rows = (
        DecidedAnswer.objects.filter(
            category__task=task_id, category__slug__in=deciding, criterion__retired_at=None
        )
        .exclude(criterion__slug__in=list(body.answers))
        .order_by()
        .values_list("criterion", "answer")
    )
    decided: dict[int, Answer] = {}
    for criterion, said in rows:
        answer = cast(Answer, said)
        decided[criterion] = worse_answer(decided.get(criterion, answer), answer)
    return decided


def _findings(draft: Draft, body: ReviewBody) -> set[int]:
    named = {tag.finding for tag in body.tags if tag.finding is not None} | set(body.dismissed)
    if not named:
        return set()
    return set(Finding.objects.filter(draft=draft, pk__in=named).values_list("pk", flat=True))


def _rewritten(
    draft: Draft, body: ReviewBody, errors: dict[str, list[str]]
) -> tuple[str, dict[str, object] | None]:
    """Return the rewrite as the task's output format has it: text, and output where there is one.

    Where a task has an output, the text follows from it. Only what is to be saved as an edit has to
    fit the format; of what was begun and then decided otherwise the text is kept as it is.
    """
    is_edit = body.outcome is Outcome.EDIT
    is_structured = draft.output is not None
    field = "rewrite_output" if is_structured else "rewrite"
    given: object = body.rewrite_output if is_structured else {"text": body.rewrite}
    if not getattr(body, field):
        if is_edit and (body.rewrite or body.rewrite_output):
            errors[field] = [
                "This task is rewritten field by field, not as one text."
                if is_structured
                else "This task is rewritten as one text, not field by field."
            ]
        return body.rewrite, None
    if given == (draft.output if is_structured else {"text": draft.text}):
        return draft.text, draft.output
    output_format = get_output_format(draft.task.output_format)
    try:
        checked = output_format.validated(given, facts_seen(draft)[0])
    except UnusableOutput as unusable:
        if is_edit:
            errors[field] = [unusable.sentence]
        return body.rewrite, body.rewrite_output
    return output_format.render(checked), checked if is_structured else None


def _unexplained(edit: ExplainedEdit, task: Task) -> dict[str, list[str]]:
    """Return what is left to explain, where the task lets no edit through without."""
    if not task.every_change_explained:
        return {}
    errors: dict[str, list[str]] = {}
    if edit.open_questions:
        errors["causes"] = ["This task asks for a tag or a cause for each change."]
    if edit.unchanged:
        errors["tags"] = [
            "Words that are tagged did not change: change them, or remove the tag. "
            "This task asks for it."
        ]
    return errors


# --- What is locked ------------------------------------------------------------------------------


def _locked_draft(draft: Draft, outcome: Outcome) -> Draft:
    """Lock the draft and, where its facts go into a golden, first the recommendation."""
    if outcome in MAKES_A_GOLDEN:
        draft.recommendation = (
            Recommendation.objects.select_related("snapshot")
            .select_for_update(of=("self",), no_key=True)
            .get(pk=draft.recommendation_id)
        )
    draft.state = (
        Draft.objects.select_for_update(no_key=True)
        .values_list("state", flat=True)
        .get(pk=draft.pk)
    )
    return draft


def _hand_in(assignment: Assignment, place: Place, draft: Draft, body: ReviewBody) -> None:
    """End the assignment by the submission. Raises LeaseLost when its place is not theirs."""
    if place.state not in OPEN_STATES or draft.state not in _REVIEWABLE:
        lost = "finished" if place.state == Place.State.DONE else "withdrawn"
        raise LeaseLost(lost, assignment)
    mine = Assignment.objects.filter(pk=assignment.pk)
    submitted = {
        "state": Assignment.State.SUBMITTED,
        "ended_at": Now(),
        "work": body.as_work(),
        "revision": F("revision") + 1,
        "active_ms": _active_ms(assignment, body),
    }
    if mine.active().update(**submitted):
        return
    # Not held any more: taken again, if nobody else has it.
    locked_place(place.pk)
    assignment.refresh_from_db(fields=["state"])
    if lost := why_lost(assignment, place, given_back=False):
        raise LeaseLost(lost, assignment)
    mine.update(**submitted)


def _active_ms(assignment: Assignment, body: ReviewBody) -> int:
    """Return the time at work: what was saved or sent, and no more than has passed since."""
    now = assignment.desk_now  # type: ignore[attr-defined]
    passed = int((now - assignment.created_at) / timedelta(milliseconds=1))
    return max(assignment.active_ms, min(body.active_ms, passed))


def _write_review(
    assignment: Assignment, draft: Draft, editor: Person, key: uuid.UUID, prepared: _Prepared
) -> Review:
    body = prepared.body
    review = Review.objects.create(
        draft=draft,
        place_id=assignment.place_id,
        assignment=assignment,
        editor=editor,
        key=key,
        body_sha256=prepared.sha256,
        outcome=prepared.outcome,
        reason=body.reason,
        note=body.note,
        rewrite=prepared.rewrite,
        rewrite_output=prepared.rewrite_output,
        alignment=prepared.alignment,
        guide=_guide_in_use(assignment.place),
        active_ms=_active_ms(assignment, body),
    )
    Tag.objects.bulk_create(
        Tag(
            review=review,
            ordinal=ordinal,
            category_id=prepared.categories[tag.category],
            severity=tag.severity,
            scope=tag.scope,
            start=tag.start,
            end=tag.end,
            quote=tag.quote,
            note=tag.note,
            pointer=tag.pointer,
            finding_id=tag.finding,
        )
        for ordinal, tag in enumerate(prepared.tags, start=1)
    )
    CriterionAnswer.objects.bulk_create(
        [
            CriterionAnswer(review=review, criterion_id=prepared.criteria[slug], answer=answer)
            for slug, answer in body.answers.items()
        ]
        + [
            CriterionAnswer(review=review, criterion_id=criterion, answer=answer, by_tag=True)
            for criterion, answer in prepared.decided.items()
        ]
    )
    if prepared.outcome in JUDGES_FINDINGS and not draft.blind:
        _judge_findings(review, draft, body)
    return review


def _judge_findings(review: Review, draft: Draft, body: ReviewBody) -> None:
    """Keep what became of each finding that the editor was shown: taken, dismissed, or neither."""
    taken = {tag.finding for tag in body.tags}
    dismissed = set(body.dismissed)
    FindingJudgement.objects.bulk_create(
        FindingJudgement(
            review=review,
            finding_id=finding_id,
            verdict=FindingJudgement.Verdict.TAKEN
            if finding_id in taken
            else FindingJudgement.Verdict.DISMISSED
            if finding_id in dismissed
            else FindingJudgement.Verdict.LEFT,
        )
        for finding_id in Finding.objects.standing()
        .filter(draft=draft)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def _guide_in_use(place: Place) -> Guide | None:
    """Return the task's guide; from its first review on it never changes."""
    guide = place.task.guide
    if guide is not None and guide.used_at is None:
        Guide.objects.filter(pk=guide.pk, used_at=None).update(used_at=Now())
    return guide


def _move_place(place: Place, outcome: Outcome) -> None:
    if outcome is Outcome.SKIP:
        return  # it stays where it is, for somebody else
    place.state = Place.State.ESCALATED if outcome is Outcome.ESCALATE else Place.State.DONE
    Place.objects.filter(pk=place.pk).update(state=place.state)


def _settle_draft(draft: Draft, review: Review, other_places: Sequence[Place]) -> None:
    """End the draft with its last place; reviews that disagree are left for the lead to settle."""
    if any(place.state in OPEN_STATES for place in other_places):
        return
    outcomes = {review.outcome}
    if other_places:
        outcomes |= set(
            Review.objects.standing()
            .filter(draft=draft, outcome__in=ENDS_THE_PLACE)
            .order_by()
            .values_list("outcome", flat=True)
        )
    Draft.objects.filter(pk=draft.pk, state=draft.state).update(
        state=Draft.State.REVIEWED, settled_outcome=outcomes.pop() if len(outcomes) == 1 else ""
    )


# --- Taking back ---------------------------------------------------------------------------------


@again_after_deadlock
def undo_review(editor: Person, review_id: int) -> Undone:
    """Take back one of the editor's last ten reviews, or one whose golden was sent back.

    The review is superseded, its golden withdrawn, the place opened and leased to the editor again
    with all that they had sent. Safe to repeat. Raises UndoRefused, and Review.DoesNotExist for
    somebody else's.
    """
    with transaction.atomic():
        lock_editor(editor)
        review = Review.objects.select_related("assignment", "draft").get(
            pk=review_id, editor=editor
        )
        if done := Review.objects.filter(supersedes=review).first():
            return Undone(done, _reopened(editor, review))
        _refuse_the_long_gone(editor, review)
        recommendation = Recommendation.objects.select_for_update(no_key=True).get(
            pk=review.draft.recommendation_id
        )
        draft = Draft.objects.select_for_update(no_key=True).get(pk=review.draft_id)
        place = locked_place(review.place_id)
        _refuse_the_taken(review, draft, place)
        slot = free_slot(editor, draft.pk)
        if slot is None:
            raise UndoRefused(_("Two drafts with unsaved work are open; finish one of them first."))
        undo = Review.objects.create(
            draft=draft,
            place=place,
            editor=editor,
            key=uuid.uuid4(),
            outcome=Review.Outcome.UNDO,
            supersedes=review,
        )
        goldens.withdraw_undone(review, editor)
        harm.take_back(review, editor)
        memory.forget(review)
        _reopen(draft, place)
        record(editor, "undid a review", draft, review=review.pk)
        Assignment.objects.create(
            place=place,
            editor=editor,
            slot=slot,
            leased_until=Now() + LEASE,
            work=review.assignment.work if review.assignment else {},
            work_saved_at=Now(),
            active_ms=0,
        )
        if recommendation.snapshot_id != draft.snapshot_id:
            # Waiting again, the draft is subject again to what has become of its facts.
            redraft_after_change([recommendation.pk])
        return Undone(undo, _reopened(editor, review))


def _refuse_the_long_gone(editor: Person, review: Review) -> None:
    if review.outcome == Review.Outcome.UNDO:
        raise UndoRefused(_("An undo is not undone; review the draft again."))
    made = list(Golden.objects.filter(review=review, replaced_by=None))
    if any(golden.state == Golden.State.SENT_BACK for golden in made):
        return
    withdrawn = [golden for golden in made if golden.state == Golden.State.WITHDRAWN]
    if withdrawn:
        # It was pulled for good; to decide the draft once more would bring it back.
        raise UndoRefused(
            _("A lead has withdrawn the golden of this review: %(reason)s")
            % {"reason": withdrawn[0].state_reason}
        )
    last = Review.objects.standing().filter(editor=editor).order_by("-pk")
    if review.pk not in last.values_list("pk", flat=True)[:UNDOABLE]:
        raise UndoRefused(f"Only the last {UNDOABLE} reviews can be undone; ask a lead.")


def _refuse_the_taken(review: Review, draft: Draft, place: Place) -> None:
    if draft.state not in {Draft.State.REVIEWED, *_REVIEWABLE}:
        raise UndoRefused(f"The draft is {draft.get_state_display()} by now.")
    if place.state == Place.State.CLOSED:
        raise UndoRefused(_("The draft wants no review any more."))
    if Assignment.objects.active().filter(place=place).exists():
        raise UndoRefused(_("Somebody else has this draft now."))
    if (
        place.state == Place.State.ESCALATED
        and review.outcome == Review.Outcome.SKIP
        and not has_right(review.editor, LEAD)
    ):
        raise UndoRefused(_("The draft is with the lead now."))
    if place.state == Place.State.DONE and review.outcome not in ENDS_THE_PLACE:
        raise UndoRefused(_("Somebody else has reviewed this draft since."))


def _reopen(draft: Draft, place: Place) -> None:
    """Let the place want a review again, and the draft wait for it."""
    escalated = Review.objects.standing().filter(place=place, outcome=Review.Outcome.ESCALATE)
    Place.objects.filter(pk=place.pk).update(
        state=Place.State.ESCALATED if escalated.exists() else Place.State.OPEN
    )
    if draft.state == Draft.State.REVIEWED:
        # Of the blocked drafts only those of the blind sample are reviewed.
        was_blocked = (
            draft.blind
            and draft.findings.filter(blocked=True).exists()
            and not LetThrough.objects.filter(draft=draft).exists()
        )
        Draft.objects.filter(pk=draft.pk).update(
            state=Draft.State.BLOCKED if was_blocked else Draft.State.READY, settled_outcome=""
        )


def _reopened(editor: Person, review: Review) -> Assignment | None:
    return (
        Assignment.objects.active()
        .with_draft()
        .filter(editor=editor, place=review.place_id, place__state__in=OPEN_STATES)
        .first()
    )
