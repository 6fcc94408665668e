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
from explanations.checks.published import Words
from explanations.models import Draft, Guide, LetThrough, Place, Recommendation, Task
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
    SENT_BACK,
    UNDO_REASONS,
    Answer,
    Decision,
    Outcome,
    broken_rules,
    settle,
    worse_answer,
)
from feedback.review_body import BodyRefused, ReviewBody, TagBody, body_sha256, check_body
from feedback.services import goldens, harm, memory
from feedback.services.adjudicating import end_with_its_review, is_overruled
from feedback.services.deadlocks import again_after_deadlock
from feedback.services.goldens import MadeGolden, facts_seen, state_reason_in_words
from feedback.services.judged_by import Decides, JudgedBy, lock_draft_of, read_judged_by
from feedback.services.queue import (
    LEASE,
    OPEN_STATES,
    LeaseLost,
    free_slot,
    get_assignment,
    lock_editor,
    locked_place,
    why_lost,
)
from feedback.services.submitted_rows import ENDED, SubmittedRows, write

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
class _Decided:
    """A submission that may stand."""

    body: ReviewBody
    outcome: Outcome
    rewrite: str
    rewrite_output: dict[str, object] | None
    alignment: list[dict[str, object]]
    tags: tuple[TagBody, ...]
    """Those of the body, and after them those that the causes of an edit make."""
    answers_by_tags: Mapping[int, Answer]
    """What the editor left unanswered: a criterion's number to its answer."""


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
    goldens.learn_names_first(body.outcome)
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
    if harm.may_be_harmful(body):
        harm.take_turns(assignment_id)
    lock_draft_of(assignment_id, editor)
    known = read_judged_by(assignment_id, editor)
    if known.assignment.state == Assignment.State.SUBMITTED:
        return _answered(editor, key, body, assignment_id)
    decided = _decide(known, body)
    rows = _rows(known, editor, key, decided)
    _write(known, rows)
    if harm.is_harmful(decided.outcome, decided.tags):
        harm.set_aside_the_same(rows.review, known.assignment.place.draft)
    return Submitted(rows.review, rows.golden, replayed=False)


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


# --- What may stand ------------------------------------------------------------------------------


def _decide(known: JudgedBy, body: ReviewBody) -> _Decided:
    """Return what a body decides. Raises BodyRefused by field."""
    place = known.assignment.place
    draft = place.draft
    errors = check_body(
        body,
        draft.text,
        categories=known.categories,
        criteria=known.criteria,
        findings=known.findings,
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
    if body.outcome is Outcome.ESCALATE and place.state == Place.State.ESCALATED:
        errors["outcome"] = ["This draft is with the lead already."]
    edit = None
    if settle(decision) is Outcome.EDIT and not errors:
        usual = {slug: category.severity for slug, category in known.categories.items()}
        edit = explain_edit(draft.text, rewrite, body, usual)
        errors = edit.errors or _unexplained(edit, place.task)
    if errors:
        raise BodyRefused(errors)
    tags = edit.tags if edit else body.tags
    return _Decided(
        body=body,
        outcome=settle(decision),
        rewrite=rewrite if decision.changed else "",
        rewrite_output=rewrite_output if decision.changed else None,
        alignment=edit.alignment if edit else [],
        tags=tags,
        answers_by_tags=_answers_by_tags(tags, known.decides, body),
    )


def _answers_by_tags(
    tags: Sequence[TagBody], decides: Sequence[Decides], body: ReviewBody
) -> dict[int, Answer]:
    """Return what the tags answer of that which the editor did not answer themselves."""
    deciding = {tag.category for tag in tags if tag.severity >= DECIDES_FROM}
    decided: dict[int, Answer] = {}
    for each in decides:
        if each.category in deciding and each.slug not in body.answers:
            answer = cast(Answer, each.answer)
            decided[each.criterion] = worse_answer(decided.get(each.criterion, answer), answer)
    return decided


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


# --- What is written -----------------------------------------------------------------------------


def _rows(known: JudgedBy, editor: Person, key: uuid.UUID, decided: _Decided) -> SubmittedRows:
    """Return all that a submission writes. Raises LeaseLost where the draft wants no review."""
    assignment = known.assignment
    place, body, outcome = assignment.place, decided.body, decided.outcome
    draft = place.draft
    if place.state not in OPEN_STATES or draft.state not in _REVIEWABLE:
        lost = "finished" if place.state == Place.State.DONE else "withdrawn"
        raise LeaseLost(lost, assignment)
    made = goldens.make_golden(
        draft,
        outcome,
        [tag.severity for tag in decided.tags],
        (decided.rewrite, decided.rewrite_output),
        known.reported,
    )
    return SubmittedRows(
        review=Review(
            draft=draft,
            place=place,
            assignment=assignment,
            editor=editor,
            key=key,
            body_sha256=body_sha256(body, assignment.pk),
            outcome=outcome,
            reason=body.reason,
            note=body.note,
            rewrite=decided.rewrite,
            rewrite_output=decided.rewrite_output,
            alignment=decided.alignment,
            guide=_guide_in_use(place),
            active_ms=_active_ms(known, body),
        ),
        work=body.as_work(),
        tags=_tags(known, decided),
        answers=_answers(known, decided),
        judgements=_judgements(known, decided),
        golden=made.golden if made else None,
        published_line=made.published_line if made else None,
        decided_line=memory.line_to_remember(draft, outcome, _words_of(draft, made)),
        place_state=_place_afterwards(place, outcome),
        settled=_settled(known, outcome),
    )


def _words_of(draft: Draft, made: MadeGolden | None) -> Words | None:
    """Return the words of the draft that are no facts, where they were found for its golden."""
    if made is None or (made.golden.text, made.golden.snapshot_id) != (
        draft.text,
        draft.snapshot_id,
    ):
        return None
    return made.words


def _tags(known: JudgedBy, decided: _Decided) -> list[Tag]:
    return [
        Tag(
            ordinal=ordinal,
            category_id=known.categories[tag.category].category,
            severity=tag.severity,
            scope=tag.scope,
            start=tag.start,
            end=tag.end,
            quote=tag.quote,
            note=tag.note,
            pointer=tag.pointer,
            finding_id=tag.finding,
        )
        for ordinal, tag in enumerate(decided.tags, start=1)
    ]


def _answers(known: JudgedBy, decided: _Decided) -> list[CriterionAnswer]:
    return [
        CriterionAnswer(criterion_id=known.criteria[slug], answer=answer)
        for slug, answer in decided.body.answers.items()
    ] + [
        CriterionAnswer(criterion_id=criterion, answer=answer, by_tag=True)
        for criterion, answer in decided.answers_by_tags.items()
    ]


def _judgements(known: JudgedBy, decided: _Decided) -> list[FindingJudgement]:
    """Return what became of each finding that the editor was shown: taken, dismissed or neither."""
    if decided.outcome not in JUDGES_FINDINGS or known.assignment.place.draft.blind:
        return []
    verdict = FindingJudgement.Verdict
    verdicts: dict[int | None, FindingJudgement.Verdict] = {
        **dict.fromkeys(decided.body.dismissed, verdict.DISMISSED),
        **{tag.finding: verdict.TAKEN for tag in decided.body.tags},
    }
    return [
        FindingJudgement(finding_id=finding, verdict=verdicts.get(finding, verdict.LEFT))
        for finding, stands in known.findings.items()
        if stands
    ]


def _guide_in_use(place: Place) -> Guide | None:
    """Return the task's guide; from its first review on it never changes."""
    guide = place.task.guide
    if guide is not None and guide.used_at is None:
        Guide.objects.filter(pk=guide.pk, used_at=None).update(used_at=Now())
    return guide


def _active_ms(known: JudgedBy, body: ReviewBody) -> int:
    """Return the time at work: what was saved or sent, and no more than has passed since."""
    passed = int((known.desk_now - known.assignment.created_at) / timedelta(milliseconds=1))
    return max(known.assignment.active_ms, min(body.active_ms, passed))


def _place_afterwards(place: Place, outcome: Outcome) -> Place.State:
    if outcome is Outcome.SKIP:
        return Place.State(place.state)  # it stays where it is, for somebody else
    return Place.State.ESCALATED if outcome is Outcome.ESCALATE else Place.State.DONE


def _settled(known: JudgedBy, outcome: Outcome) -> str | None:
    """Return what ends the draft with its last place, and None while it wants another review.

    Reviews that disagree are left for the lead to settle.
    """
    if outcome not in ENDS_THE_PLACE or set(known.other_places) & set(OPEN_STATES):
        return None
    outcomes: set[str] = {outcome}
    if known.other_places:
        outcomes |= set(
            Review.objects.standing()
            .filter(draft=known.assignment.place.draft, outcome__in=ENDS_THE_PLACE)
            .order_by()
            .values_list("outcome", flat=True)
        )
    return outcomes.pop() if len(outcomes) == 1 else ""


def _write(known: JudgedBy, rows: SubmittedRows) -> None:
    """Write all rows, or none and raise LeaseLost when the place is not the editor's."""
    if write(rows):
        return
    # Not held any more: taken again, if nobody else has it.
    assignment = known.assignment
    place = locked_place(assignment.place_id)
    assignment.refresh_from_db(fields=["state"])
    lost = why_lost(assignment, place, given_back=False)
    if lost or not write(rows, ENDED):
        raise LeaseLost(lost or "submitted", assignment)


# --- Taking back ---------------------------------------------------------------------------------


@again_after_deadlock
def undo_review(editor: Person, review_id: int, reason: str = "") -> Undone:
    """Take back one of the editor's last ten reviews, or one whose golden was sent back.

    The review is superseded, its golden withdrawn, the place opened and leased to the editor again
    with all that they had sent. `reason` is one of UNDO_REASONS or none; that a golden was sent
    back is known without saying so. Safe to repeat. Raises UndoRefused, and Review.DoesNotExist for
    somebody else's.
    """
    if reason and reason not in UNDO_REASONS:
        raise UndoRefused(
            _("An undo takes one of these reasons, or none: %(reasons)s.")
            % {"reasons": ", ".join(UNDO_REASONS)}
        )
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
            reason=reason or _reason_known(review),
            supersedes=review,
        )
        end_with_its_review(draft, review, editor)
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
            % {"reason": state_reason_in_words(withdrawn[0].state_reason)}
        )
    last = Review.objects.standing().filter(editor=editor).order_by("-pk")
    if review.pk not in last.values_list("pk", flat=True)[:UNDOABLE]:
        raise UndoRefused(
            _("Only the last %(number)d reviews can be undone; ask a lead.") % {"number": UNDOABLE}
        )


def _reason_known(review: Review) -> str:
    sent_back = Golden.objects.filter(review=review, state=Golden.State.SENT_BACK)
    return SENT_BACK if sent_back.exists() else ""


def _refuse_the_taken(review: Review, draft: Draft, place: Place) -> None:
    if draft.state not in {Draft.State.REVIEWED, *_REVIEWABLE}:
        raise UndoRefused(
            _("The draft is %(state)s by now.") % {"state": draft.get_state_display()}
        )
    if place.state == Place.State.CLOSED:
        raise UndoRefused(_("The draft wants no review any more."))
    if Assignment.objects.active().filter(place=place).exists():
        raise UndoRefused(_("Somebody else has this draft now."))
    if is_overruled(review):
        # Reviewed again it would ask the lead the same question.
        raise UndoRefused(_("A lead has found another review of this draft right; ask them."))
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
    held = (
        Assignment.objects.active()
        .filter(editor=editor, place=review.place_id, place__state__in=OPEN_STATES)
        .values_list("pk", flat=True)
        .first()
    )
    return None if held is None else get_assignment(held, editor)
