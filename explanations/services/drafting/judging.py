"""What an answer amounts to: ready, blocked, another try, a wait, or a failure."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from django.db import InterfaceError, OperationalError

from explanations.checks import (
    Finding,
    Subject,
    blocking,
    findings_of,
    gist_of,
    make_subject,
)
from explanations.checks.language import load_language_model
from explanations.model_server import (
    Completion,
    ModelServerError,
    Permanent,
    Temporary,
    Unusable,
)
from explanations.models import Draft
from explanations.output_formats import Output, UnusableOutput
from explanations.prompts import told_about
from explanations.services.catalogue import catalogue_now
from explanations.services.drafting.asking import Asked, Brief, CannotAsk
from explanations.services.drafting.claiming import Claim, Holding
from explanations.services.drafting.pace import MOST_SETBACKS, MOST_TRIES, Pace
from explanations.services.published import published_now

log = logging.getLogger(__name__)

DEFECT: Final = "defect"
_DEFECT_SENTENCE: Final = "The desk could not handle this draft; its log says why."


class JudgedFinding(NamedTuple):
    """A finding as it is stored: what it goes by, and what it does to the draft."""

    finding: Finding
    gist: str = ""
    blocked: bool = False


@dataclass(slots=True)
class Outcome:
    """What becomes of a held draft; `writing` puts it into the database."""

    holding: Holding
    state: Draft.State
    task_id: int | None = None
    text: str = ""
    output: Output | None = None
    rests_on: Sequence[str] = ()
    findings: Sequence[JudgedFinding] = ()
    redraft_told: str = ""
    """What to tell the model when the draft is drafted again, if it is."""
    places: int = 0
    tries: int = 0
    setbacks: int = 0
    wait_s: float = 0.0
    failure_reason: str = ""
    failure: str = ""
    request_sha256: str = ""
    served_by: str = ""
    completion: Completion | None = field(default=None, repr=False)
    category_ids: Mapping[str, int] = field(default_factory=dict, repr=False)
    """Which category a finding's slug means in the draft's task."""


def load_what_checks_know() -> None:
    """Load what a process's first checks would have to wait for: some seconds, if names are many.

    Raises OperationalError and InterfaceError when the database is away.
    """
    load_language_model()
    catalogue_now()


def judge(
    asked: Asked, answer: Completion | ModelServerError, served_by: str, pace: Pace
) -> Outcome:
    """Return what becomes of a draft to which a server answered, or did not.

    Raises OperationalError and InterfaceError when the database went away while the checks looked
    there: that is no fault of the draft, and it has to be judged again.
    """
    try:
        outcome = _judged(asked, answer, pace)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("Draft %s could not be judged.", asked.claim.holding.draft_id)
        outcome = _failed(asked.claim, DEFECT, _DEFECT_SENTENCE)
    outcome.request_sha256 = asked.request.sha256
    outcome.served_by = served_by
    return outcome


def judge_unasked(claim: Claim, error: Exception) -> Outcome:
    """Return the failure of a draft for which no request could be made."""
    if isinstance(error, CannotAsk):
        return _failed(claim, error.reason, error.sentence)
    log.error("Draft %s could not be asked for.", claim.holding.draft_id, exc_info=error)
    return _failed(claim, DEFECT, _DEFECT_SENTENCE)


def unwritable(outcome: Outcome) -> Outcome:
    """Return the failure that takes the place of an outcome that the database refuses."""
    return Outcome(
        outcome.holding,
        Draft.State.FAILED,
        failure_reason=DEFECT,
        failure=_DEFECT_SENTENCE,
        tries=outcome.tries,
        setbacks=outcome.setbacks,
    )


def _judged(asked: Asked, answer: Completion | ModelServerError, pace: Pace) -> Outcome:
    match answer:
        case Completion():
            return _judged_completion(asked, answer)
        case Unusable():
            return _of_no_use(asked.claim, answer.reason, answer.sentence, answer.completion)
        case Permanent():
            return _failed(asked.claim, answer.reason, answer.sentence)
        case Temporary():
            return _set_back(asked.claim, answer, pace)
        case _:
            raise answer


def _judged_completion(asked: Asked, completion: Completion) -> Outcome:
    claim, brief = asked.claim, asked.brief
    facts = claim.facts or {}
    try:
        parsed = brief.output_format.parse(completion.text, facts)
    except UnusableOutput as unusable:
        return _of_no_use(claim, unusable.reason_code, unusable.sentence, completion)
    # Bullets are alike by design; lines should not be.
    published = published_now(brief.task_slug) if parsed.output is None else None
    subject = make_subject(
        parsed.text,
        {
            "task": brief.task_slug,
            "output_format": brief.output_format.slug,
            "locale": claim.locale,
            "word_limit": brief.word_limit,
            "output": parsed.output,
            "guide": brief.rules,
            **facts,
        },
        catalogue_now(),
        published,
    )
    findings = _judged_findings(subject, brief)
    if published is not None:
        published.count(subject.words_beside_facts, subject.owner)
    forbidding = [judged.finding.message for judged in findings if judged.blocked]
    is_blocked = bool(forbidding)
    # One more time and no more; those of the blind sample are reviewed as they are.
    is_redrafted = is_blocked and brief.redrafts_blocked and not claim.told and not claim.blind
    # The blind sample is reviewed whatever the checks say: it is what they are measured by.
    is_wanted = claim.blind or not is_blocked
    return Outcome(
        claim.holding,
        Draft.State.BLOCKED if is_blocked else Draft.State.READY,
        task_id=claim.task_id,
        text=parsed.text,
        output=parsed.output,
        rests_on=brief.output_format.rests_on(parsed.text, parsed.output, facts, subject.mentions),
        findings=findings,
        redraft_told=told_about(forbidding) if is_redrafted else "",
        places=brief.reviews_wanted if is_wanted else 0,
        tries=claim.tries,
        setbacks=claim.setbacks,
        completion=completion,
        category_ids=brief.category_ids,
    )


def _judged_findings(subject: Subject, brief: Brief) -> list[JudgedFinding]:
    gists = [(finding, gist_of(finding, subject.text)) for finding in findings_of(subject)]
    standing = [finding for finding, gist in gists if (finding.check, gist) not in brief.dismissals]
    forbidding = blocking(standing, subject, brief.thresholds)
    return [JudgedFinding(finding, gist, finding in forbidding) for finding, gist in gists]


def _of_no_use(claim: Claim, reason: str, sentence: str, completion: Completion | None) -> Outcome:
    tries = claim.tries + 1
    if tries >= MOST_TRIES:
        return replace(_failed(claim, reason, sentence), tries=tries, completion=completion)
    return Outcome(
        claim.holding,
        Draft.State.PENDING,
        tries=tries,
        setbacks=claim.setbacks,
        failure_reason=reason,
        failure=sentence,
    )


def _set_back(claim: Claim, error: Temporary, pace: Pace) -> Outcome:
    setbacks = claim.setbacks + 1
    if setbacks >= MOST_SETBACKS:
        return replace(_failed(claim, error.reason, error.sentence), setbacks=setbacks)
    backoff_s = min(pace.first_backoff_s * 2 ** (setbacks - 1), pace.longest_backoff_s)
    # Jitter, so that those that failed together do not come back together.
    wait_s = backoff_s * random.uniform(0.5, 1.0)  # noqa: S311
    return Outcome(
        claim.holding,
        Draft.State.PENDING,
        tries=claim.tries,
        setbacks=setbacks,
        wait_s=wait_s + (error.retry_after_s or 0.0),
        failure_reason=error.reason,
        failure=error.sentence,
    )


def _failed(claim: Claim, reason: str, sentence: str) -> Outcome:
    return Outcome(
        claim.holding,
        Draft.State.FAILED,
        tries=claim.tries,
        setbacks=claim.setbacks,
        failure_reason=reason,
        failure=sentence,
    )
