"""Lessons: what each review is worth to training, worked out once, soon after it is approved.

A worker makes them between builds and a build makes those that are missing, so that a dataset of a
million rows renders no prompt, runs no check and compares no texts. What is final stays as it is
made; the checks' verdict is asked again when the rules of its task have changed.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts.words import translatable
from explanations.checks import FAMILIES
from explanations.models import Draft, Finding, Task
from explanations.output_formats import UnusableOutput, get_output_format
from explanations.prompts import TemplateError, user_message
from explanations.services.dismissing import Dismissals, dismissals_of
from feedback.models import Golden, Lesson, Review, Tag
from feedback.near_texts import near_bands, word_pairs
from feedback.outcomes import NOTHING, Outcome, Worth, worth
from feedback.services.datasets.near_lessons import NearTexts
from feedback.services.goldens import said_of, unsupported_by_snapshot, uses_unshown_fact

BATCH: Final = 200
UNSUPPORTED: Final = translatable("an assertion that its facts do not support")
EMPTY: Final = "empty"
TEMPLATE: Final = "template"

_PRIVACY: Final = "privacy"
_LOCK: Final = "feedback.lessons"
_LOOKED_FOR_AT_ONCE: Final = 20_000

Tell = Callable[[int], object]


def prepare_lessons(tell: Tell = lambda done: None, seconds: float | None = None) -> int:
    """Make what lessons are missing and judge anew what was judged by other rules; return how many.

    Each batch is a transaction of its own; `tell` hears after each how many there were. After
    `seconds` it leaves the rest to whoever comes next; by default it goes on until none is left.
    """
    return _worked(tell, seconds).done


def prepare_all_lessons(tell: Tell, seconds: float) -> bool:
    """Do the same and return whether none is left; what was made before the time was up stays."""
    return not _worked(tell, seconds).ran_out


def prepare_lessons_if_nobody_does(seconds: float) -> None:
    """Do the same for so long, unless somebody else is at it: then it is done without this one."""
    _worked(lambda done: None, seconds, waits=False)


def _worked(tell: Tell, seconds: float | None, *, waits: bool = True) -> "_Work":
    work = _Work(tell, seconds, waits)
    near = NearTexts()
    tasks = [_Judged(task, near) for task in Task.objects.select_related("guide").order_by("pk")]
    for step in (_make_of_rejects, _make_of_goldens, _judge_anew):
        for task in tasks:
            work.go_through(step, task)
    return work


class _Judged:
    """A task with what judges its goldens now, and what their texts are compared with."""

    def __init__(self, task: Task, near: NearTexts) -> None:
        self.task: Final = task
        self.near: Final = near
        self.dismissals: Final[Dismissals] = dismissals_of(task)
        self.rules: Final = judging_rules(task, self.dismissals)
        approved = Golden.objects.filter(task=task, state=Golden.State.APPROVED)
        self.goldens: Final = _Missing(approved.filter(lesson=None))
        rejects = Review.objects.standing().filter(outcome=Outcome.REJECT, draft__task=task)
        its_lesson = Lesson.objects.filter(review=OuterRef("pk"), golden=None)
        self.rejects: Final = _Missing(rejects.filter(~Exists(its_lesson)))


class _Missing:
    """What has no lesson. It is looked for among all that there is, which takes the longer the more
    that is: so for many batches at once.
    """

    def __init__(self, without_a_lesson: "QuerySet[Any, Any]") -> None:
        self._without_a_lesson = without_a_lesson.order_by("pk").values_list("pk", flat=True)
        self._found: list[int] = []

    def batch(self) -> list[int]:
        """Return the next ids, none where nothing is left."""
        while True:
            batch, self._found = self._found[:BATCH], self._found[BATCH:]
            # Somebody else may have made some of them meanwhile.
            if missing := list(self._without_a_lesson.filter(pk__in=batch)):
                return missing
            if not self._found:
                self._found = list(self._without_a_lesson[:_LOOKED_FOR_AT_ONCE])
                if not self._found:
                    return []


class _Work:
    """Goes on batch by batch, as long as there is time."""

    def __init__(self, tell: Tell, seconds: float | None, waits: bool) -> None:
        self._tell = tell
        self._waits = waits
        self._until = None if seconds is None else time.monotonic() + seconds
        self.done = 0
        self.ran_out = False

    def go_through(self, step: Callable[[_Judged], int], judged: _Judged) -> None:
        while True:
            if self._until is not None and time.monotonic() >= self._until:
                self.ran_out = True
                return
            number = self._one_batch(step, judged)
            if not number:
                return
            self.done += number
            self._tell(self.done)

    def _one_batch(self, step: Callable[[_Judged], int], judged: _Judged) -> int:
        with transaction.atomic(), connection.cursor() as cursor:
            # One after the other: two made at once would not see how alike they are.
            if self._waits:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
                return step(judged)
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [_LOCK])
            return step(judged) if cursor.fetchone() == (True,) else 0


def judging_rules(task: Task, dismissals: Dismissals) -> str:
    """Return what stands for the rules by which a task's goldens are judged now."""
    written = [
        task.guide_id,
        task.word_limit,
        task.output_format,
        sorted(dismissals),
        [getattr(family, "VERSION", 0) for family in FAMILIES],
    ]
    return hashlib.sha256(orjson.dumps(written)).hexdigest()[:16]


# --- Making --------------------------------------------------------------------------------------


def _make_of_goldens(judged: _Judged) -> int:
    goldens = (
        Golden.objects.filter(pk__in=judged.goldens.batch())
        .select_related(
            "snapshot", "prompt", "recommendation", "review__draft__snapshot", "review__guide"
        )
        .prefetch_related("review__tags__category", "review__answers__criterion")
        .annotate(draft_is_private=_says_private_things("review__draft"))
        .order_by("pk")
    )
    lessons, texts = [], []
    for golden in goldens:
        golden.task = golden.review.draft.task = judged.task
        golden.review.draft.recommendation = golden.recommendation
        lessons.append(_lesson_of_golden(golden, judged))
        texts.append(golden.text)
    return _keep(lessons, texts, judged.near)


def _make_of_rejects(judged: _Judged) -> int:
    rejects = (
        Review.objects.filter(pk__in=judged.rejects.batch())
        .select_related("draft__snapshot", "draft__prompt", "draft__recommendation", "guide")
        .prefetch_related("tags__category", "answers__criterion")
        .annotate(draft_is_private=_says_private_things("draft"))
        .order_by("pk")
    )
    lessons, texts = [], []
    for review in rejects:
        review.draft.task = judged.task
        lessons.append(_lesson_of_reject(review, judged))
        texts.append(review.draft.text)
    return _keep(lessons, texts, judged.near)


def _says_private_things(draft: str) -> Exists:
    found = Finding.objects.standing().filter(draft=OuterRef(draft), check_name=_PRIVACY)
    return Exists(found.order_by())


def _lesson_of_golden(golden: Any, judged: _Judged) -> Lesson:
    """Return what a golden teaches.

    The prompt is rendered from the facts that the golden rests on, not from those that the model
    was shown: otherwise the golden would teach it to invent what the editor knew.
    """
    review, draft, facts = golden.review, golden.review.draft, golden.snapshot.facts
    knows_more = uses_unshown_fact(golden)
    lesson = _begun(review, judged)
    lesson.golden = golden
    lesson.prompt_id = golden.prompt_id
    lesson.knows_more = knows_more
    lesson.refused = verdict(golden, judged.dismissals)
    # A text that was made anew on newer facts is not what the draft was changed to.
    lesson.spans = golden.replaces_id is None
    _set_worth(lesson, _worth(golden, knows_more))
    if golden.rewritten_by_id is not None:
        lesson.editor_id, lesson.reviewed_at = golden.rewritten_by_id, golden.created_at
    try:
        lesson.question = user_message(golden.prompt.user_template, facts)["content"]
        lesson.answer = get_output_format(golden.task.output_format).completion(
            golden.text, golden.output, facts
        )
    except UnusableOutput as unusable:
        lesson.refused = lesson.refused or unusable.reason_code
    except TemplateError:
        lesson.refused = lesson.refused or TEMPLATE
    if not lesson.answer.strip():
        lesson.refused = lesson.refused or EMPTY
    _set_draft(lesson, draft, golden.draft_is_private)
    if lesson.answer == lesson.draft_answer:
        # A model would have written the very same, whatever was tagged in the text.
        lesson.dpo, lesson.kto_draft = Lesson.Dpo.NO, False
    return lesson


def _lesson_of_reject(review: Any, judged: _Judged) -> Lesson:
    draft = review.draft
    lesson = _begun(review, judged)
    _set_worth(lesson, worth(Outcome.REJECT, [tag.severity for tag in review.tags.all()]))
    try:
        facts = draft.snapshot.facts if draft.snapshot else {}
        lesson.question = user_message(draft.prompt.user_template, facts)["content"]
    except TemplateError:
        lesson.refused = TEMPLATE
    _set_draft(lesson, draft, review.draft_is_private)
    return lesson


def _begun(review: Review, judged: _Judged) -> Lesson:
    draft = review.draft
    tags = list(review.tags.all())
    return Lesson(
        review=review,
        task_id=draft.task_id,
        recommendation_id=draft.recommendation_id,
        draft=draft,
        prompt_id=draft.prompt_id,
        model_version_id=draft.model_version_id,
        guide_id=review.guide_id,
        editor_id=review.editor_id,
        group=draft.recommendation.group or draft.recommendation.external_id,
        locale=draft.recommendation.locale,
        external_id=draft.recommendation.external_id,
        outcome=review.outcome,
        reviewed_at=review.created_at,
        categories=sorted({tag.category.slug for tag in tags}),
        answers={each.criterion.slug: each.answer for each in review.answers.all()},
        tags=[_whole(tag) for tag in tags],
        knows_more=False,
        spans=True,
        judged_by=judged.rules,
        judged_at=Now(),
    )


def _whole(tag: Tag) -> dict[str, object]:
    return {
        "category": tag.category.slug,
        "severity": tag.severity,
        "scope": tag.scope,
        "start": tag.start,
        "end": tag.end,
        "quote": tag.quote,
        "note": tag.note,
        "fact": tag.pointer,
    }


def _worth(golden: Golden, knows_more: bool) -> Worth:
    if golden.grade != Golden.Grade.EXEMPLARY:
        return NOTHING
    if golden.replaces_id is not None:
        # Rewritten on newer facts it is somebody's own text, whatever the first decision was; and
        # the draft, which had the older ones, is not the worse one for that.
        return worth(Outcome.EDIT, ())
    severities = [tag.severity for tag in golden.review.tags.all()]
    return worth(Outcome(golden.review.outcome), severities, uses_unshown_fact=knows_more)


def _set_worth(lesson: Lesson, given: Worth) -> None:
    lesson.sft = given.sft
    lesson.dpo = given.dpo
    lesson.kto_answer = any(label for _text, label in given.kto)
    lesson.kto_draft = any(not label for _text, label in given.kto)


def _set_draft(lesson: Lesson, draft: Draft, is_private: bool) -> None:
    facts = draft.snapshot.facts if draft.snapshot else {}
    try:
        lesson.draft_answer = get_output_format(draft.task.output_format).completion(
            draft.text, draft.output, facts
        )
    except UnusableOutput as unusable:
        lesson.draft_refused = unusable.reason_code
    if is_private:
        lesson.draft_refused = _PRIVACY


# --- Judging -------------------------------------------------------------------------------------


def verdict(golden: Golden, dismissals: Dismissals) -> str:
    """Return why nobody should be trained on a golden, in words to count by, or ""."""
    said = said_of(golden, dismissals)
    if unsupported_by_snapshot(said):
        return UNSUPPORTED
    # One reason is enough to count a golden once.
    return next((each.finding.check for each in said if each.forbids), "")


def _judge_anew(judged: _Judged) -> int:
    lessons = Lesson.objects.filter(task=judged.task, golden__state=Golden.State.APPROVED)
    # Said as two ranges, and in its order: so an index answers at once where all are judged by the
    # same rules. Only a lead who overrides a check can change what is said by the same rules.
    for outdated in (
        lessons.filter(judged_by__lt=judged.rules).order_by("judged_by"),
        lessons.filter(judged_by__gt=judged.rules).order_by("judged_by"),
        lessons.exclude(refused="").filter(golden__changed_at__gt=F("judged_at")).order_by("pk"),
    ):
        if number := _judge(judged, list(outdated.values_list("pk", flat=True)[:BATCH])):
            return number
    return 0


def _judge(judged: _Judged, outdated: Sequence[int]) -> int:
    lessons = Lesson.objects.filter(pk__in=outdated).select_related(
        "golden__snapshot", "golden__recommendation"
    )
    done = []
    for lesson in lessons.order_by("pk"):
        golden = lesson.golden
        assert golden is not None  # noqa: S101  (filtered; for the type checker)
        golden.task = judged.task
        lesson.judged_by = judged.rules
        lesson.judged_at = Now()
        of_text = verdict(golden, judged.dismissals)
        if of_text or lesson.answer.strip():
            lesson.refused = of_text
        done.append(lesson)
    Lesson.objects.bulk_update(done, ["refused", "judged_by", "judged_at"])
    return len(done)


# --- How alike they are --------------------------------------------------------------------------


def _keep(lessons: Sequence[Lesson], texts: Sequence[str], near: NearTexts) -> int:
    if not lessons:
        return 0
    pairs = [word_pairs(text) for text in texts]
    for lesson, own in zip(lessons, pairs, strict=True):
        lesson.bands = near_bands(own)
    made = Lesson.objects.bulk_create(lessons)
    near.keep(made, pairs)
    return len(made)
