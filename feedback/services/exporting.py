"""Write training files from goldens: streamed, from one snapshot of the database."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

import orjson
from django.db import connection, transaction
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import MD5, Cast

from explanations.models import Task
from explanations.output_formats import OutputFormat, UnusableOutput, get_output_format
from explanations.prompts import TemplateError, render_messages
from explanations.services.dismissing import Dismissals, dismissals_of
from feedback.formats import Example, Provenance, TrainingFormat, get_training_format
from feedback.models import Golden
from feedback.outcomes import MOST_ACCEPTS_IN_SFT, Outcome, worth
from feedback.services.goldens import said_of, unsupported_by_snapshot

FETCHED_AT_ONCE: Final = 500

UNSUPPORTED: Final = "an assertion that its facts do not support"

ACCEPTED_SHARE: Final = Fraction(str(MOST_ACCEPTS_IN_SFT))
EDITED: Final = [outcome for outcome in Outcome if worth(outcome, ()).sft == "yes"]
ACCEPTED: Final = [outcome for outcome in Outcome if worth(outcome, ()).sft == "capped"]


class UnknownTask(LookupError):
    """The desk has no such task."""


@dataclass(slots=True)
class ExportCounts:
    """What became of the task's exemplary goldens."""

    edited: int = 0
    accepted: int = 0
    accepts_left_out: int = 0
    """Drafts accepted as they were, beyond their share of a file."""
    refused: Counter[str] = field(default_factory=Counter)
    """Goldens that nothing should be trained on, by reason."""

    @property
    def written(self) -> int:
        """Return the number of rows."""
        return self.edited + self.accepted


class Refused(Exception):
    """A golden that nothing should be trained on; the message is a reason to count by."""


def export_goldens(
    task_slug: str, format_slug: str, write: Callable[[bytes], object]
) -> ExportCounts:
    """Hand the task's exemplary goldens to `write`, one JSON line each, and return the counts.

    Every line is of the same moment, however long it takes and whatever editors do meanwhile; the
    same goldens give the same bytes. Must not run inside a transaction.
    Raises UnknownTask, feedback.formats.UnknownTrainingFormat, and whatever `write` raises.
    """
    training_format = get_training_format(format_slug)
    with _one_snapshot():
        task = Task.objects.filter(slug=task_slug).first()
        if task is None:
            raise UnknownTask(task_slug)
        return _write_all(task, training_format, write)


@contextmanager
def _one_snapshot() -> Iterator[None]:
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _write_all(
    task: Task, training_format: TrainingFormat, write: Callable[[bytes], object]
) -> ExportCounts:
    output_format = get_output_format(task.output_format)
    counts = ExportCounts()
    dismissals = dismissals_of(task)

    def written(golden: Golden) -> bool:
        golden.task = task
        try:
            example = _example(golden, task, output_format, dismissals)
        except Refused as refused:
            counts.refused[str(refused)] += 1
            return False
        write(orjson.dumps(training_format.row(example), option=orjson.OPT_APPEND_NEWLINE))
        return True

    # What was rewritten on newer facts is somebody's own text, whatever the first decision was.
    rewritten = Q(replaces__isnull=False)
    edited = Q(review__outcome__in=EDITED) | rewritten
    for golden in _streamed(_exemplary(task).filter(edited).order_by("pk")):
        counts.edited += written(golden)

    # How many accepts there may be follows from the edits that are in the file. Which ones is
    # chance, but the same chance each time: neither the oldest nor the newest are the typical ones.
    accepts = _exemplary(task).filter(~rewritten, review__outcome__in=ACCEPTED)
    left = accepts.count()
    room = int(counts.edited * ACCEPTED_SHARE / (1 - ACCEPTED_SHARE))
    if room:
        for golden in _streamed(accepts.order_by(MD5(Cast("pk", CharField())))):
            left -= 1
            counts.accepted += written(golden)
            if counts.accepted == room:
                break
    counts.accepts_left_out = left
    return counts


def _exemplary(task: Task) -> QuerySet[Golden]:
    return Golden.objects.filter(
        task=task,
        state=Golden.State.APPROVED,
        grade=Golden.Grade.EXEMPLARY,
        review__superseded_by__isnull=True,
    ).select_related(
        "recommendation", "snapshot", "prompt", "review__guide", "review__draft__model_version"
    )


def _streamed(goldens: QuerySet[Golden]) -> Iterator[Golden]:
    """Read through a server-side cursor, so that memory does not grow with the desk."""
    return goldens.iterator(chunk_size=FETCHED_AT_ONCE)


def _example(
    golden: Golden, task: Task, output_format: OutputFormat, dismissals: Dismissals
) -> Example:
    """Return the golden as an example. Raises Refused.

    The prompt is rendered from the facts that the golden rests on, not from those that the model
    was shown: otherwise the golden would teach it to invent what the editor knew.
    """
    facts = golden.snapshot.facts
    _refuse_what_checks_forbid(golden, dismissals)
    try:
        completion = output_format.completion(golden.text, golden.output, facts)
        prompt = render_messages(
            golden.prompt.system, golden.prompt.examples, golden.prompt.user_template, facts
        )
    except UnusableOutput as unusable:
        raise Refused(unusable.reason_code) from unusable
    except TemplateError as error:
        raise Refused("template") from error
    if not completion.strip():
        raise Refused("empty")
    return Example(prompt, completion, _provenance(golden, task))


def _refuse_what_checks_forbid(golden: Golden, dismissals: Dismissals) -> None:
    said = said_of(golden, dismissals)
    if unsupported_by_snapshot(said):
        raise Refused(UNSUPPORTED)
    # One reason is enough to count a golden once.
    for each in said:
        if each.forbids:
            raise Refused(each.finding.check)


def _provenance(golden: Golden, task: Task) -> Provenance:
    review, draft = golden.review, golden.review.draft
    return Provenance(
        id=golden.pk,
        task=task.slug,
        group=golden.recommendation.group,
        locale=golden.recommendation.locale,
        recommendation=golden.recommendation.external_id,
        review_id=review.pk,
        draft_id=draft.pk,
        prompt_id=golden.prompt_id,
        prompt_number=golden.prompt.number,
        prompt_sha256=golden.prompt.sha256,
        guide_number=review.guide.number if review.guide else None,
        model=draft.model_version.name,
    )
