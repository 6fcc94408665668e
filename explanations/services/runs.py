"""Start and steer runs. Pages, REST views and commands all call these functions."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.model_server import ParametersRefused, SamplingParameters
from explanations.models import Draft, Import, ModelVersion, Prompt, Run, Task
from explanations.services.drafting.claiming import LOCK_ORDER
from explanations.services.selecting import (
    HIGHEST_PRIORITY,
    Holds,
    Selection,
    count_selected,
    selected,
)

MOST_DRAFTS_EACH: Final = 8
# Any number will do, as long as nobody else on this database locks with it.
_STARTING: Final = 0x72756E73


class CannotStart(Exception):
    """A run that cannot be started; the text says why, to people."""


class KeyReused(CannotStart):
    """The key of another run, which was asked for in other words."""

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(f"This has started run {run.pk} already, which is another one.")


class CannotSteer(Exception):
    """A run that is in the wrong state for what was asked; the text says so, to people."""


# Starting -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run is made with."""

    task: Task
    prompt: Prompt
    model_version: ModelVersion


def parts_of(task_slug: str, prompt_number: int | None, model_name: str | None) -> Parts:
    """Find task, prompt and model by their names; None means the task's own.

    Raises CannotStart, which says what there is instead.
    """
    task = Task.objects.select_related("prompt", "model_version").filter(slug=task_slug).first()
    if task is None:
        slugs = ", ".join(Task.objects.values_list("slug", flat=True)) or "none yet"
        raise CannotStart(f"There is no task “{task_slug}”; there are: {slugs}.")
    prompt = task.prompt
    if prompt_number is not None:
        prompt = task.prompts.filter(number=prompt_number).first()
    if prompt is None:
        which = "active prompt" if prompt_number is None else f"prompt {prompt_number}"
        raise CannotStart(f"{task.name} has no {which}.")
    version = task.model_version
    if model_name is not None:
        version = ModelVersion.objects.filter(name=model_name).first()
    if version is None and model_name is not None:
        raise CannotStart(f"No model is called “{model_name}”.")
    if version is None:
        raise CannotStart(f"{task.name} has no model: `manage.py register_model_server` finds it.")
    return Parts(task, prompt, version)


_INSERT: Final = """
INSERT INTO explanations_draft
    (run_id, task_id, recommendation_id, prompt_id, model_version_id, ordinal, priority, blind,
     state, attempt, tries, claimed_by, text, rests_on, request_sha256, served_by, served_model,
     finish_reason, failure_reason, failure, settled_outcome, language)
SELECT %s, %s, chosen.id, %s, %s, ordinal, coalesce(%s, chosen.priority),
       ordinal = 1 AND
           ('x' || left(md5('blind:' || %s || ':' || chosen.id), 8))::bit(32)::bigint
               / 4294967296.0 < %s,
       'PENDING', 0, 0, '', '', '{{}}', '', '', '', '', '', '', '',
       copydesk_language(recommendation.locale)
FROM ({chosen}) AS chosen(id, priority)
JOIN explanations_recommendation recommendation ON recommendation.id = chosen.id
CROSS JOIN generate_series(1, %s) AS ordinal
ORDER BY chosen.priority DESC, chosen.id
"""


def start_run(
    task: Task,
    prompt: Prompt,
    model_version: ModelVersion,
    selection: Selection,
    drafts_each: int,
    person: Person | None,
    *,
    priority: int | None = None,
    key: UUID | None = None,
) -> Run:
    """Make a run and its waiting drafts in one transaction, and wake a drainer after it.

    Drafts have the `priority` of the run, 0 to 100, or else that of their recommendations. The same
    person's same `key` starts one run: a repetition gets that one. A random share of the first
    attempts (the task's `blind_share`), the same whenever it is asked for, is marked to be reviewed
    blind. The prompt is final from here on.
    Raises CannotStart when the parts do not fit together or nothing is selected, KeyReused when the
    key has started a run of something else.
    """
    asked = Run(
        task=task,
        prompt=prompt,
        model_version=model_version,
        selection=selection.as_asked(),
        drafts_each=drafts_each,
        priority=priority,
        created_by=person,
        key=key,
    )
    if started := _started_before(asked):
        return started
    refuse_misfits(task, prompt, model_version, selection, drafts_each, priority)
    try:
        with transaction.atomic():
            return _start(asked, selection.with_seed())
    except IntegrityError:
        # The same request was a moment faster.
        if started := _started_before(asked):
            return started
        raise


def preview(
    parts: Parts, selection: Selection, drafts_each: int, priority: int | None = None
) -> Holds:
    """Return what a run would draft, were it started now. Raises CannotStart as starting it would,
    but not when the selection holds nothing.
    """
    refuse_misfits(parts.task, parts.prompt, parts.model_version, selection, drafts_each, priority)
    return count_selected(parts.task, selection, drafts_each)


def refuse_misfits(
    task: Task,
    prompt: Prompt,
    model_version: ModelVersion,
    selection: Selection,
    drafts_each: int = 1,
    priority: int | None = None,
) -> None:
    """Raise CannotStart when these parts do not fit together, or nothing could be drafted."""
    if prompt.task_id != task.pk:
        raise CannotStart("This prompt belongs to another task.")
    if not 1 <= drafts_each <= MOST_DRAFTS_EACH:
        raise CannotStart(f"One to {MOST_DRAFTS_EACH} drafts can be made of each recommendation.")
    if priority is not None and not 0 <= priority <= HIGHEST_PRIORITY:
        raise CannotStart(f"Priorities go from 0 to {HIGHEST_PRIORITY}.")
    if problem := selection.problem():
        raise CannotStart(problem)
    if selection.import_id is not None and not _is_import(selection.import_id):
        raise CannotStart(f"There is no import {selection.import_id}.")
    if not model_version.servers.exists():
        raise CannotStart(f"No model server serves {model_version.name}.")
    try:
        SamplingParameters.of(prompt.parameters)
    except ParametersRefused as refused:
        raise CannotStart(f"The prompt's parameters are wrong: {refused}") from None


def _is_import(import_id: int) -> bool:
    return Import.objects.filter(pk=import_id).exists()


def _started_before(asked: Run) -> Run | None:
    """Return the run that the same key has started. Raises KeyReused when it is another."""
    if asked.key is None:
        return None
    run = Run.objects.filter(created_by=asked.created_by, key=asked.key).first()
    if run is not None and _words_of(run, asked) != _words_of(asked, asked):
        raise KeyReused(run)
    return run


def _words_of(run: Run, asked: Run) -> tuple[Any, ...]:
    """Return what was asked for, without the seed if the desk drew it."""
    selection = {
        name: value
        for name, value in run.selection.items()
        if name != "seed" or "seed" in asked.selection
    }
    parts = (run.task_id, run.prompt_id, run.model_version_id)
    return (*parts, selection, run.drafts_each, run.priority)


def _start(run: Run, selection: Selection) -> Run:
    run.selection = selection.as_asked()
    run.save()
    _wait_for_other_starts(run.task)
    drafts = _insert_drafts(run, selection)
    if not drafts:
        raise CannotStart("No recommendation fits this selection.")
    Prompt.objects.filter(pk=run.prompt_id, used_at__isnull=True).update(used_at=Now())
    record(run.created_by, "run.started", run, drafts=drafts)
    nudge.after_commit(nudge.DRAIN_DRAFTS)
    return run


def _wait_for_other_starts(task: Task) -> None:
    """Let the runs of a task begin one after the other, or two would draft what has no draft."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_STARTING, task.pk])


def _insert_drafts(run: Run, selection: Selection) -> int:
    try:
        chosen, chosen_parameters = (
            selected(run.task, selection).values_list("pk", "priority").query.sql_with_params()
        )
    except EmptyResultSet:  # such as a number that no column can hold
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT.format(chosen=chosen),
            [
                *(run.pk, run.task_id, run.prompt_id, run.model_version_id),
                *(run.priority, run.pk, run.task.blind_share),
                *chosen_parameters,
                run.drafts_each,
            ],
        )
        return int(cursor.rowcount)


# Steering -----------------------------------------------------------------------------------------


def pause(run: Run, person: Person | None) -> Run:
    """Claim no more drafts of a running run; what is with the model comes home."""
    return _steer(run, [Run.State.RUNNING], Run.State.PAUSED, "run.paused", person)


def resume(run: Run, person: Person | None) -> Run:
    """Go on with a paused run."""
    return _steer(run, [Run.State.PAUSED], Run.State.RUNNING, "run.resumed", person)


def cancel(run: Run, person: Person | None) -> Run:
    """End a run; what has not been written will not be. Late answers are fenced off."""
    with transaction.atomic():
        steered = _steer(
            run,
            [Run.State.RUNNING, Run.State.PAUSED],
            Run.State.CANCELLED,
            "run.cancelled",
            person,
        )
        _lock(run, [Draft.State.PENDING, Draft.State.RUNNING])
        Draft.objects.filter(run=run, state__in=[Draft.State.PENDING, Draft.State.RUNNING]).update(
            state=Draft.State.CANCELLED, lease_until=None, not_before=None, finished_at=Now()
        )
    return steered


def retry_failed(run: Run, person: Person | None) -> int:
    """Draft the failed drafts of a run once more, with fresh counters; return how many.

    A run that is done or cancelled goes on with them. Raises CannotSteer when none has failed.
    """
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        _lock(run, [Draft.State.FAILED])
        retried = Draft.objects.filter(run=run, state=Draft.State.FAILED).update(
            state=Draft.State.PENDING,
            tries=0,
            setbacks=0,
            lost=0,
            failure_reason="",
            failure="",
            finished_at=None,
        )
        if not retried:
            raise CannotSteer("No draft of this run has failed.")
        if locked.state != Run.State.PAUSED:
            Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, finished_at=None)
        record(person, "run.retried", run, drafts=retried)
        nudge.after_commit(nudge.DRAIN_DRAFTS)
    run.refresh_from_db()
    return retried


def _steer(
    run: Run, from_states: list[Run.State], to: Run.State, action: str, person: Person | None
) -> Run:
    """Change a run's state if it is in one of `from_states`. Raises CannotSteer if not."""
    ends = to == Run.State.CANCELLED
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=from_states).update(
            state=to, **({"finished_at": Now()} if ends else {})
        )
        run.refresh_from_db()
        if not changed:
            raise CannotSteer(_too_late(run, to))
        record(person, action, run)
        if to == Run.State.RUNNING:
            nudge.after_commit(nudge.DRAIN_DRAFTS)
    return run


def _too_late(run: Run, wanted: Run.State) -> str:
    state = run.get_state_display()
    if run.state == wanted:
        return f"This run is {state} already."
    return f"That does not fit any more: this run is {state}."


def _lock(run: Run, states: list[Draft.State]) -> None:
    """Lock a run's drafts in the order in which everybody does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM explanations_draft draft"  # noqa: S608 - constants
            f" WHERE run_id = %s AND state = ANY(%s) ORDER BY {LOCK_ORDER} FOR UPDATE) AS locked",
            [run.pk, list(states)],
        )
