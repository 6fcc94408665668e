"""How far runs are, and what holds them up."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from accounts.models import LogEntry
from explanations.models import Draft, ModelServer, ModelVersion, Run
from explanations.services.drafting.pace import pace

# A drainer is called when a run starts; until it has come, nothing is amiss.
_TIME_TO_COME_S: Final = 10


@dataclass(frozen=True, slots=True)
class Failures:
    """Drafts of a run that failed for one reason: its code, and the sentence of one of them."""

    reason: str
    sentence: str
    count: int
    is_example: bool = False
    """Others of them say something else."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: its drafts by state, what they cost, why some failed."""

    by_state: Mapping[str, int]
    failures: Sequence[Failures] = field(default_factory=list)
    """The most frequent first."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    per_minute: float = 0.0
    """Drafts that end in a minute, by the last one, or by what there was of it."""
    redrafted: int = 0
    """Drafts among them that followed a blocked one, of which each counts by itself."""

    @property
    def total(self) -> int:
        """Return how many drafts the run has."""
        return sum(self.by_state.values())

    @property
    def ended(self) -> int:
        """Return how many drafts no longer wait for the model."""
        return self.total - self.by_state["PENDING"] - self.by_state["RUNNING"]

    @property
    def ready(self) -> int:
        """Return how many drafts came through the checks, reviewed ones among them."""
        return self.by_state["READY"] + self.by_state["REVIEWED"]

    @property
    def minutes_left(self) -> float | None:
        """Return how long the rest takes at this pace; None if unknown."""
        left = self.total - self.ended
        return left / self.per_minute if left and self.per_minute else None

    @property
    def time_left(self) -> str:
        """Return the same in words that promise no more than is known; empty if unknown."""
        if self.minutes_left is None:
            return ""
        minutes = ceil(self.minutes_left)
        if minutes < 2:
            return "about a minute"
        if minutes < 60:
            return f"about {minutes} minutes"
        hours, minutes = divmod(minutes, 60)
        return f"about {hours} h {minutes} min"


class Cause(StrEnum):
    """Why drafts of a running run wait, or come more slowly than they might."""

    SERVER_IN_TROUBLE = "server_in_trouble"
    FEWER_SERVERS = "fewer_servers"
    NO_SERVER = "no_server"
    NO_WORKER = "no_worker"


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What holds a run up or, with `only_slows`, back: its cause, in few words and in a sentence;
    the servers in trouble.
    """

    cause: Cause
    brief: str
    sentence: str
    servers: Sequence[ModelServer] = ()
    tries_again_within_s: float | None = None
    only_slows: bool = False


# Progress -----------------------------------------------------------------------------------------

_PROGRESS: Final = """
SELECT state, failure_reason, min(failure), min(failure) <> max(failure), count(*),
       coalesce(sum(prompt_tokens), 0), coalesce(sum(completion_tokens), 0),
       count(*) FILTER (WHERE finished_at > now() - interval '1 minute') * 60
           / (SELECT greatest(1, least(60, extract(epoch FROM now() - created_at)))
              FROM explanations_run WHERE id = %(run)s),
       count(*) FILTER (WHERE told <> '')
FROM explanations_draft
WHERE run_id = %(run)s
GROUP BY state, failure_reason
"""


def progress_of(run: Run) -> Progress:
    """Return how far a run is, by one query."""
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, {"run": run.pk})
        rows = cursor.fetchall()
    by_state = dict.fromkeys(Draft.State.values, 0)
    failures: list[Failures] = []
    prompt_tokens = completion_tokens = redrafted = 0
    per_minute = 0.0
    for state, reason, sentence, differ, count, prompted, completed, lately, told in rows:
        by_state[state] += count
        prompt_tokens += prompted
        completion_tokens += completed
        per_minute += float(lately)
        redrafted += told
        if state == Draft.State.FAILED:
            failures.append(Failures(reason, sentence, count, is_example=differ))
    failures.sort(key=lambda failed: -failed.count)
    return Progress(by_state, failures, prompt_tokens, completion_tokens, per_minute, redrafted)


def counts_of(runs: Iterable[Run]) -> dict[int, Progress]:
    """Return the drafts by state of each of the runs, by one query."""
    counts = {run.pk: dict.fromkeys(Draft.State.values, 0) for run in runs}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run_id, state, count(*) FROM explanations_draft WHERE run_id = ANY(%s)"
            " GROUP BY run_id, state",
            [list(counts)],
        )
        for run_id, state, count in cursor.fetchall():
            counts[run_id][state] = count
    return {run_id: Progress(by_state) for run_id, by_state in counts.items()}


def steps_of(run: Run) -> QuerySet[LogEntry]:
    """Return who did what to a run, the latest first."""
    return LogEntry.objects.filter(
        subject_type="run", subject_id=run.pk, action__startswith="run."
    ).select_related("actor")


# What holds them up -------------------------------------------------------------------------------

# Drafts that wait for their time are held up by nobody.
_WAITING_FOR_A_WORKER: Final = """
SELECT run.id
FROM explanations_run run
WHERE run.id = ANY(%(runs)s)
  AND run.created_at < now() - %(time_to_come_s)s * interval '1 second'
  AND EXISTS (
      SELECT FROM explanations_draft draft
      WHERE draft.run_id = run.id AND draft.state = 'PENDING'
        AND (draft.not_before IS NULL OR draft.not_before <= now())
  )
  AND NOT EXISTS (
      SELECT FROM explanations_drainer
      WHERE beat_at > clock_timestamp() - %(silent_s)s * interval '1 second'
  )
"""


def hindrance_of(run: Run) -> Hindrance | None:
    """Return what holds a run up, if anything does."""
    return hindrances_of([run]).get(run.pk)


def hindrances_of(runs: Iterable[Run]) -> dict[int, Hindrance]:
    """Return by the run's id what holds up those of the runs that should be going on."""
    going_on = [run for run in runs if run.state == Run.State.RUNNING]
    if not going_on:
        return {}
    servers = _servers_by_version(going_on)
    unworked = _waiting_for_a_worker(going_on)
    found = {
        run.pk: _hindrance(run, servers[run.model_version_id], run.pk in unworked)
        for run in going_on
    }
    return {run_id: hindrance for run_id, hindrance in found.items() if hindrance}


def _servers_by_version(runs: Iterable[Run]) -> dict[int, list[ModelServer]]:
    """Return the servers of the runs' models as they are now, whatever the runs have at hand."""
    served = (
        ModelVersion.servers.through._default_manager.filter(
            modelversion__in={run.model_version_id for run in runs}
        )
        .select_related("modelserver")
        .order_by("modelserver__name")
    )
    by_version: dict[int, list[ModelServer]] = defaultdict(list)
    for link in served:
        by_version[link.modelversion_id].append(link.modelserver)
    return by_version


def _hindrance(
    run: Run, servers: Sequence[ModelServer], waits_for_a_worker: bool
) -> Hindrance | None:
    if not servers:
        return Hindrance(
            Cause.NO_SERVER,
            "no model server",
            f"No model server serves {run.model_version.name} any more. The run goes on as soon as "
            "one does.",
        )
    troubled = [server for server in servers if server.trouble]
    if len(troubled) == len(servers):
        return Hindrance(
            Cause.SERVER_IN_TROUBLE,
            "model server in trouble",
            "The run waits for its model server."
            if len(servers) == 1
            else f"The run waits: all {len(servers)} model servers are in trouble.",
            servers,
            pace().longest_rest_s,
        )
    if waits_for_a_worker:
        return Hindrance(
            Cause.NO_WORKER,
            "no worker",
            "No worker drafts at the moment. One is called every few seconds; if none comes, no "
            "Celery worker listens to the queue “drafting”.",
        )
    if troubled:
        return Hindrance(
            Cause.FEWER_SERVERS,
            f"{len(troubled)} of {len(servers)} model servers in trouble",
            "The run goes on, more slowly: the other model servers carry it.",
            troubled,
            pace().longest_rest_s,
            only_slows=True,
        )
    return None


def _waiting_for_a_worker(runs: Iterable[Run]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING_FOR_A_WORKER,
            {
                "runs": [run.pk for run in runs],
                "time_to_come_s": _TIME_TO_COME_S,
                "silent_s": pace().silent_s,
            },
        )
        return {run_id for (run_id,) in cursor.fetchall()}
