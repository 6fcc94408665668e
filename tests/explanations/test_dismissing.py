"""Findings that are nothing in all drafts of a task."""

import pytest

from accounts.models import LogEntry, Person
from explanations.models import Dismissal, Draft, Finding, Recommendation, Run, Task
from explanations.services.blocking import Blocking, set_blocking
from explanations.services.dismissing import (
    CannotDismiss,
    all_dismissals,
    dismiss_for_task,
    dismissals_of,
    revoke,
)
from explanations.services.drafting.judging import judge
from explanations.services.drafting.writing import write
from tests.conftest import LISTENER, TRACK, recommended
from tests.explanations.test_claiming import waiting
from tests.explanations.test_writing import LINE, PACE, answered, claimed, settle

WRONG = "Dead Rabbitts turn metalcore of 1987 into a sprint."


@pytest.fixture
def blocked(run: Run, recommendation: Recommendation) -> Draft:
    """A draft that an odd year has blocked, in a task that drafts nothing twice."""
    set_blocking(run.task, Blocking("errors", {}, redrafts=False), None)
    draft = waiting(run, recommendation)
    settle(claimed(run), answered(WRONG))
    draft.refresh_from_db()
    assert draft.state == "BLOCKED"
    return draft


def year_of(draft: Draft) -> Finding:
    """What the check says of the year."""
    return draft.findings.get(check_name="grounding")


def another(run: Run, external_id: str, text: str = WRONG) -> Draft:
    """One more draft of the task, written now."""
    draft = waiting(run, recommended(run.task, external_id, TRACK, LISTENER, "g"))
    settle(claimed(run), answered(text))
    draft.refresh_from_db()
    return draft


def test_what_is_dismissed_blocks_no_draft_from_then_on(
    run: Run, blocked: Draft, lead: Person
) -> None:
    dismissal = dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    later = another(run, "track:later")
    assert later.state == "READY"
    assert not later.findings.standing().exists()
    assert year_of(later).dismissal == dismissal


def test_one_that_was_judged_a_moment_before_shows_it_no_more_either(
    run: Run, blocked: Draft, lead: Person
) -> None:
    draft = waiting(run, recommended(run.task, "track:late", TRACK, LISTENER, "g"))
    (asked,) = claimed(run)
    outcome = judge(asked, answered(WRONG), "Own server", PACE)
    dismissal = dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    write([outcome])
    assert year_of(draft).dismissal == dismissal


def test_a_draft_that_nothing_else_blocked_goes_to_the_queue(
    run: Run, blocked: Draft, lead: Person
) -> None:
    both = another(run, "track:both", "Dead Rabbitts, metalcore of 1987: write to me@example.com.")
    dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    for draft in (blocked, both):
        draft.refresh_from_db()
    assert (blocked.state, both.state) == ("READY", "BLOCKED")
    assert blocked.places.filter(state="OPEN").count() == 1
    assert blocked.let_through.reason == "It is a nickname here."
    entry = LogEntry.objects.get(action="finding.dismissed_for_task")
    assert entry.detail["drafts_let_through"] == 1
    assert entry.detail["findings"] == 2


def test_one_that_was_drafted_again_stays_blocked(
    run: Run, recommendation: Recommendation, lead: Person
) -> None:
    draft = waiting(run, recommendation)
    settle(claimed(run), answered(WRONG))
    settle(claimed(run), answered(LINE))
    dismiss_for_task(year_of(draft).pk, lead, "It is a nickname here.")
    draft.refresh_from_db()
    assert draft.state == "BLOCKED"


def test_other_words_and_other_tasks_are_none_of_its_business(
    run: Run, blocked: Draft, job_task: Task, lead: Person
) -> None:
    dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    other = another(run, "track:other", WRONG.replace("1987", "1966"))
    assert other.state == "BLOCKED"
    assert dismissals_of(job_task) == frozenset()


def test_a_second_dismissal_of_the_same_is_the_first_one(
    run: Run, blocked: Draft, lead: Person
) -> None:
    first = dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    again = dismiss_for_task(year_of(blocked).pk, lead, "Once more.")
    assert again == first
    assert Dismissal.objects.get().reason == "It is a nickname here."


def test_nothing_is_dismissed_without_a_reason(blocked: Draft, lead: Person) -> None:
    with pytest.raises(CannotDismiss, match="Say why"):
        dismiss_for_task(year_of(blocked).pk, lead, " ")


def test_what_is_revoked_is_said_again(run: Run, blocked: Draft, lead: Person) -> None:
    dismissal = dismiss_for_task(year_of(blocked).pk, lead, "It is a nickname here.")
    revoke(dismissal.pk, lead)
    assert year_of(blocked).dismissal is None
    blocked.refresh_from_db()
    assert blocked.state == "READY"
    assert another(run, "track:later").state == "BLOCKED"
    with pytest.raises(CannotDismiss, match="already"):
        revoke(dismissal.pk, lead)
    again = dismiss_for_task(year_of(blocked).pk, lead, "After all.")
    assert list(all_dismissals(run.task)) == [again, dismissal]
