"""Start and steer runs. Pages, REST views and commands all call these functions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Exists, Func, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat, Now

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.model_server import ParametersRefused, SamplingParameters
from explanations.models import (
    Draft,
    ModelServer,
    ModelVersion,
    Prompt,
    Recommendation,
    Run,
    Task,
)
from explanations.services.drafting.claiming import LOCK_ORDER

REJECTED: Final = "REJECT"
MOST_DRAFTS_EACH: Final = 8
MOST_EXTERNAL_IDS: Final = 100_000
# What a LIMIT can say; more recommendations there will never be.
MOST_RECOMMENDATIONS: Final = 2**31 - 1


class CannotStart(Exception):
    """A run that cannot be started; the text says why, to people."""


class CannotSteer(Exception):
    """A run that is in the wrong state for what was asked; the text says so, to people."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recommendations of a task a run drafts. What is asked for together must hold together.

    `sample` takes that many at random, `limit` the first ones by priority.
    """

    not_drafted: bool = False
    rejected_before: bool = False
    import_id: int | None = None
    external_ids: Sequence[str] | None = None
    sample: int | None = None
    limit: int | None = None

    def as_asked(self) -> dict[str, Any]:
        """Return what was asked for, as a run keeps it."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}


@dataclass(frozen=True, slots=True)
class Failures:
    """Drafts of a run that failed for one reason: its code, and the sentence of one of them."""

    reason: str
    sentence: str
    count: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: its drafts by state, what they cost, why some failed."""

    by_state: dict[str, int]
    failures: list[Failures] = field(default_factory=list)
    """The most frequent first."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    per_minute: float = 0.0
    """Drafts that ended in the last minute."""

    @property
    def total(self) -> int:
        """Return how many drafts the run has."""
        return sum(self.by_state.values())

    @property
    def ended(self) -> int:
        """Return how many drafts no longer wait for the model."""
        return self.total - self.by_state["PENDING"] - self.by_state["RUNNING"]

    @property
    def minutes_left(self) -> float | None:
        """Return how long the rest takes at the pace of the last minute; None if unknown."""
        left = self.total - self.ended
        return left / self.per_minute if left and self.per_minute else None


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
     finish_reason, failure_reason, failure, settled_outcome)
SELECT %s, %s, chosen.id, %s, %s, ordinal, chosen.priority,
       ordinal = 1 AND
           ('x' || left(md5('blind:' || %s || ':' || chosen.id), 8))::bit(32)::bigint
               / 4294967296.0 < %s,
       'PENDING', 0, 0, '', '', '{{}}', '', '', '', '', '', '', ''
FROM ({chosen}) AS chosen(id, priority) CROSS JOIN generate_series(1, %s) AS ordinal
ORDER BY chosen.priority DESC, chosen.id
"""


def start_run(
    task: Task,
    prompt: Prompt,
    model_version: ModelVersion,
    selection: Selection,
    drafts_each: int,
    person: Person | None,
) -> Run:
    """Make a run and its waiting drafts in one transaction, and wake a drainer after it.

    A random share of the first attempts (the task's `blind_share`), the same whenever it is asked
    for, is marked to be reviewed blind. The prompt is final from here on.
    Raises CannotStart when the parts do not fit together or nothing is selected.
    """
    _refuse_misfits(task, prompt, model_version, drafts_each)
    with transaction.atomic():
        run = Run.objects.create(
            task=task,
            prompt=prompt,
            model_version=model_version,
            selection=selection.as_asked(),
            drafts_each=drafts_each,
            created_by=person,
        )
        drafts = _insert_drafts(run, selection)
        if not drafts:
            raise CannotStart("No recommendation fits this selection.")
        Prompt.objects.filter(pk=prompt.pk, used_at__isnull=True).update(used_at=Now())
        record(person, "run.started", run, drafts=drafts)
        nudge.after_commit(nudge.DRAIN_DRAFTS)
    return run


def selected(task: Task, selection: Selection, seed: str = "") -> QuerySet[Recommendation]:
    """Return the recommendations that a selection means. `seed` decides what a sample takes."""
    found = Recommendation.objects.filter(task=task, snapshot__isnull=False)
    if selection.import_id is not None:
        found = found.filter(delivery_id=selection.import_id)
    if selection.external_ids is not None:
        found = found.filter(external_id__in=list(selection.external_ids))
    drafts = Draft.objects.filter(recommendation=OuterRef("pk"))
    if selection.not_drafted:
        ended_without = [Draft.State.FAILED, Draft.State.CANCELLED]
        found = found.exclude(Exists(drafts.exclude(state__in=ended_without)))
    if selection.rejected_before:
        found = found.filter(Exists(drafts.filter(settled_outcome=REJECTED)))
    if selection.sample is not None:
        by_chance = Func(Concat(Value(f"sample:{seed}:"), Cast("pk", TextField())), function="md5")
        sampled = found.order_by(by_chance)[: min(selection.sample, MOST_RECOMMENDATIONS)]
        found = Recommendation.objects.filter(pk__in=sampled.values("pk"))
    found = found.order_by("-priority", "pk")
    if selection.limit is None:
        return found
    return found[: min(selection.limit, MOST_RECOMMENDATIONS)]


def _refuse_misfits(
    task: Task, prompt: Prompt, model_version: ModelVersion, drafts_each: int
) -> None:
    if prompt.task_id != task.pk:
        raise CannotStart("This prompt belongs to another task.")
    if not 1 <= drafts_each <= MOST_DRAFTS_EACH:
        raise CannotStart(f"One to {MOST_DRAFTS_EACH} drafts can be made of each recommendation.")
    if not model_version.servers.exists():
        raise CannotStart(f"No model server serves {model_version.name}.")
    try:
        SamplingParameters.of(prompt.parameters)
    except ParametersRefused as refused:
        raise CannotStart(f"The prompt's parameters are wrong: {refused}") from None


def _insert_drafts(run: Run, selection: Selection) -> int:
    try:
        chosen, chosen_parameters = (
            selected(run.task, selection, seed=str(run.pk))
            .values_list("pk", "priority")
            .query.sql_with_params()
        )
    except EmptyResultSet:  # such as the number of an import that no column can hold
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT.format(chosen=chosen),
            [
                *(run.pk, run.task_id, run.prompt_id, run.model_version_id),
                *(run.pk, run.task.blind_share),
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
            raise CannotSteer(f"This run is {run.get_state_display()}.")
        record(person, action, run)
        if to == Run.State.RUNNING:
            nudge.after_commit(nudge.DRAIN_DRAFTS)
    return run


def _lock(run: Run, states: list[Draft.State]) -> None:
    """Lock a run's drafts in the order in which everybody does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM explanations_draft draft"  # noqa: S608 - constants
            f" WHERE run_id = %s AND state = ANY(%s) ORDER BY {LOCK_ORDER} FOR UPDATE) AS locked",
            [run.pk, list(states)],
        )


# Looking ------------------------------------------------------------------------------------------

_PROGRESS: Final = """
SELECT state, failure_reason, min(failure), count(*),
       coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
       count(*) FILTER (WHERE finished_at > now() - interval '1 minute')
FROM explanations_draft
WHERE run_id = %s
GROUP BY state, failure_reason
"""


def progress_of(run: Run) -> Progress:
    """Return how far a run is, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, [run.pk])
        rows = cursor.fetchall()
    by_state = dict.fromkeys(Draft.State.values, 0)
    failures: list[Failures] = []
    prompt_tokens = completion_tokens = recent = 0
    for state, reason, sentence, count, prompted, completed, ended_lately in rows:
        by_state[state] += count
        prompt_tokens += prompted
        completion_tokens += completed
        recent += ended_lately
        if state == Draft.State.FAILED:
            failures.append(Failures(reason, sentence, count))
    failures.sort(key=lambda failed: -failed.count)
    return Progress(by_state, failures, prompt_tokens, completion_tokens, float(recent))


def trouble_of(run: Run) -> list[ModelServer]:
    """Return the troubled servers of a run's model, if every one of them is in trouble."""
    servers = list(run.model_version.servers.all())
    return servers if servers and all(server.trouble for server in servers) else []


def counts_of(runs: Sequence[Run]) -> dict[int, dict[str, int]]:
    """Return the number of drafts by state of each of the runs, by one query."""
    counts = {run.pk: dict.fromkeys(Draft.State.values, 0) for run in runs}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run_id, state, count(*) FROM explanations_draft WHERE run_id = ANY(%s)"
            " GROUP BY run_id, state",
            [list(counts)],
        )
        for run_id, state, count in cursor.fetchall():
            counts[run_id][state] = count
    return counts
