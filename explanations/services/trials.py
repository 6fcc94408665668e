"""Trials: a prompt version beside another, on the same recommendations, before editors see it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.db.models.functions import Now

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.context import Fact, leaf_facts
from explanations.models import (
    MOST_SAMPLED,
    Draft,
    Finding,
    ModelVersion,
    Prompt,
    Recommendation,
    Run,
    Trial,
)
from explanations.output_formats import OutputFormat, get_output_format
from explanations.services import runs
from explanations.services.runs import CannotStart, CannotSteer
from explanations.services.selecting import MOST_RECOMMENDATIONS, Selection, selected
from explanations.services.watching import Hindrance, hindrances_of

USUAL_SAMPLE: Final = 10
MOST_SEED: Final = MOST_RECOMMENDATIONS
# Above every recommendation's: somebody waits for it in front of a page.
TRIAL_PRIORITY: Final = 101
_UNFINISHED: Final = frozenset({Draft.State.PENDING, Draft.State.RUNNING})


class KeyReused(CannotStart):
    """The key of another trial, which was asked for in other words."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        super().__init__(f"This has started trial {trial.pk} already, which is another one.")


@dataclass(frozen=True, slots=True)
class TriedDraft:
    """One draft of a trial, and how long its text is, as the task counts."""

    draft: Draft
    words: int | None

    @property
    def latency_s(self) -> float | None:
        """Return how long the model took."""
        return None if self.draft.latency_ms is None else self.draft.latency_ms / 1000

    @property
    def has_ended(self) -> bool:
        """Return whether the model has nothing more to do with it."""
        return self.draft.state not in _UNFINISHED


@dataclass(frozen=True, slots=True)
class Pair:
    """A recommendation with the draft of each side."""

    recommendation: Recommendation
    against: TriedDraft
    tried: TriedDraft

    @property
    def sides(self) -> list[TriedDraft]:
        """Return both, in the order in which they stand beside each other."""
        return [self.against, self.tried]

    @property
    def name(self) -> str:
        """Return what people call the recommendation."""
        snapshot = self.recommendation.snapshot
        title = snapshot.item.get("title") if snapshot else None
        return title if isinstance(title, str) and title else self.recommendation.external_id

    @property
    def facts(self) -> list[Fact]:
        """Return the facts that the model was shown, or will be."""
        snapshot = self.tried.draft.snapshot or self.recommendation.snapshot
        return leaf_facts(snapshot.facts) if snapshot else []

    @property
    def ended(self) -> int:
        """Return how many of the two have ended."""
        return self.against.has_ended + self.tried.has_ended

    @property
    def facts_differ(self) -> bool:
        """Return whether the facts changed between the two, so that they say little together."""
        snapshots = {self.against.draft.snapshot_id, self.tried.draft.snapshot_id}
        return len(snapshots - {None}) > 1


@dataclass(frozen=True, slots=True)
class Side:
    """What one prompt version made of the sample, as far as it is."""

    prompt: Prompt
    total: int
    ended: int
    ready: int
    blocked: int
    failed: int
    findings: dict[str, int]
    """How many findings by check."""
    median_words: float | None
    median_latency_s: float | None

    @property
    def judged(self) -> int:
        """Return how many drafts came to something; cancelled ones came to nothing."""
        return self.ready + self.blocked + self.failed

    @property
    def ready_share(self) -> float | None:
        """Return which share of them is ready, 0 to 1."""
        return self.ready / self.judged if self.judged else None

    @property
    def ready_percent(self) -> int | None:
        """Return the same share for people, in percent."""
        return None if self.ready_share is None else round(100 * self.ready_share)


@dataclass(frozen=True, slots=True)
class Result:
    """A trial as far as it is."""

    against: Side
    tried: Side
    pairs: list[Pair]

    @property
    def total(self) -> int:
        """Return how many drafts both sides have together."""
        return self.against.total + self.tried.total

    @property
    def ended(self) -> int:
        """Return how many of them have ended."""
        return self.against.ended + self.tried.ended

    @property
    def is_finished(self) -> bool:
        """Return whether nothing more will come."""
        return self.ended == self.total

    @property
    def sides(self) -> list[Side]:
        """Return both, in the order in which they stand beside each other."""
        return [self.against, self.tried]

    @property
    def findings(self) -> list[tuple[str, list[int]]]:
        """Return each check that found something with how often it did on each side."""
        checks = sorted({check for side in self.sides for check in side.findings})
        return [(check, [side.findings.get(check, 0) for side in self.sides]) for check in checks]


# Starting and stopping ----------------------------------------------------------------------------


def start_trial(
    prompt: Prompt,
    against: Prompt,
    model_version: ModelVersion,
    sample: int,
    seed: int | None,
    person: Person | None,
    *,
    key: UUID | None = None,
) -> Trial:
    """Draft the same `sample` recommendations with both prompts, and wake a drainer.

    `seed` decides which recommendations; without one it is drawn and kept. Both prompts are final
    from here on. The same person's same `key` starts one trial: a repetition gets that one.
    Raises CannotStart when the parts do not fit together or there is nothing to do, KeyReused when
    the key has started a trial of something else.
    """
    asked = Trial(
        task=prompt.task,
        prompt=prompt,
        against=against,
        model_version=model_version,
        sample=sample,
        created_by=person,
        key=key,
    )
    if started := _started_before(asked, seed):
        return started
    selection = Selection(sample=sample, seed=seed).with_seed()
    _refuse_misfits(asked, selection)
    try:
        with transaction.atomic():
            return _start(asked, selection)
    except IntegrityError:
        # The same request was a moment faster.
        if started := _started_before(asked, seed):
            return started
        raise


def _started_before(asked: Trial, seed: int | None) -> Trial | None:
    """Return the trial that the same key has started. Raises KeyReused when it is another."""
    if asked.key is None:
        return None
    trial = Trial.objects.filter(created_by=asked.created_by, key=asked.key).first()
    if trial is not None and not (_is_of(trial, asked) and seed in {None, trial.seed}):
        raise KeyReused(trial)
    return trial


def _is_of(trial: Trial, asked: Trial) -> bool:
    parts = ("task_id", "prompt_id", "against_id", "model_version_id", "sample")
    return all(getattr(trial, part) == getattr(asked, part) for part in parts)


def _refuse_misfits(asked: Trial, selection: Selection) -> None:
    if asked.prompt == asked.against:
        raise CannotStart("A prompt is tried beside another one.")
    if not 1 <= asked.sample <= MOST_SAMPLED:
        raise CannotStart(f"A trial takes 1 to {MOST_SAMPLED} recommendations.")
    for side in (asked.against, asked.prompt):
        runs.refuse_misfits(asked.task, side, asked.model_version, selection)


def _start(trial: Trial, selection: Selection) -> Trial:
    chosen = list(selected(trial.task, selection).only("pk", "task"))
    if not chosen:
        raise CannotStart(f"{trial.task.name} has no recommendations yet.")
    trial.seed = selection.seed or 0
    trial.save()
    sides = [_run(trial, side, selection) for side in (trial.against, trial.prompt)]
    # One recommendation after the other and not one side after the other, so that both meet
    # the server in the same mood.
    Draft.objects.bulk_create(
        _draft(run, recommendation) for recommendation in chosen for run in sides
    )
    Prompt.objects.filter(pk__in=[trial.prompt_id, trial.against_id], used_at__isnull=True).update(
        used_at=Now()
    )
    record(trial.created_by, "trial.started", trial, drafts=len(chosen) * len(sides))
    nudge.after_commit(nudge.DRAIN_DRAFTS)
    return trial


def cancel_trial(trial: Trial, person: Person | None) -> None:
    """End a trial; what has not been written will not be. Raises CannotSteer if it has ended."""
    with transaction.atomic():
        open_runs = [
            run
            for run in trial.runs.order_by("pk")
            if run.state in {Run.State.RUNNING, Run.State.PAUSED}
        ]
        if not open_runs:
            raise CannotSteer("This trial has ended.")
        for run in open_runs:
            runs.cancel(run, person)


def _run(trial: Trial, prompt: Prompt, selection: Selection) -> Run:
    return Run.objects.create(
        trial=trial,
        task=trial.task,
        prompt=prompt,
        model_version=trial.model_version,
        selection=selection.as_asked(),
        created_by=trial.created_by,
    )


def _draft(run: Run, recommendation: Recommendation) -> Draft:
    return Draft(
        run=run,
        task_id=run.task_id,
        recommendation=recommendation,
        prompt_id=run.prompt_id,
        model_version_id=run.model_version_id,
        priority=TRIAL_PRIORITY,
    )


# Looking ------------------------------------------------------------------------------------------


def result_of(trial: Trial) -> Result:
    """Return what came of a trial so far, pair by pair and in sum."""
    drafts = (
        Draft.objects.filter(run__in=trial.runs.all())
        .select_related("recommendation__snapshot", "snapshot", "prompt")
        .prefetch_related(
            Prefetch("findings", queryset=Finding.objects.standing().select_related("category"))
        )
        .order_by("id")
    )
    output_format = get_output_format(trial.task.output_format)
    by_recommendation: dict[int, dict[int, TriedDraft]] = {}
    for draft in drafts:
        sides = by_recommendation.setdefault(draft.recommendation_id, {})
        sides[draft.prompt_id] = TriedDraft(draft, _words(draft, output_format))
    pairs = [
        Pair(
            sides[trial.prompt_id].draft.recommendation,
            against=sides[trial.against_id],
            tried=sides[trial.prompt_id],
        )
        for sides in by_recommendation.values()
    ]
    return Result(
        against=_side(trial.against, [pair.against for pair in pairs]),
        tried=_side(trial.prompt, [pair.tried for pair in pairs]),
        pairs=pairs,
    )


def hindrance_of(trial: Trial) -> Hindrance | None:
    """Return what holds a trial up, if anything does."""
    return next(iter(hindrances_of(trial.runs.all()).values()), None)


def _words(draft: Draft, output_format: OutputFormat) -> int | None:
    if not draft.text or draft.snapshot is None:
        return None
    return output_format.word_count(draft.text, draft.snapshot.facts)


def _side(prompt: Prompt, tried: Sequence[TriedDraft]) -> Side:
    states = Counter(each.draft.state for each in tried)
    found = Counter(finding.check_name for each in tried for finding in each.draft.findings.all())
    return Side(
        prompt=prompt,
        total=len(tried),
        ended=sum(each.has_ended for each in tried),
        ready=states[Draft.State.READY],
        blocked=states[Draft.State.BLOCKED],
        failed=states[Draft.State.FAILED],
        findings=dict(sorted(found.items())),
        median_words=_median(each.words for each in tried),
        median_latency_s=_median(each.latency_s for each in tried if each.has_ended),
    )


def _median(values: Iterable[Any]) -> float | None:
    known = [value for value in values if value is not None]
    return float(median(known)) if known else None
