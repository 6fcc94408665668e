"""What becomes of findings in a review: taken, dismissed, or left."""

import uuid
from typing import Any

import pytest

from accounts.models import Person
from explanations.models import Draft, Finding
from explanations.services.dismissing import dismiss_for_task
from feedback.models import FindingJudgement
from feedback.review_body import BodyRefused, body_sha256, parse_body
from feedback.services.queue import claim_next
from feedback.services.reviewing import submit_review, undo_review
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on, tag_on_all


@pytest.fixture
def findings(ready_draft: Draft) -> list[Finding]:
    """Three things that a check says of the draft."""
    return [
        Finding.objects.create(
            draft=ready_draft,
            check_name="tone",
            check_version=1,
            level="warning",
            message=f"“{words}” is worn.",
            start=ready_draft.text.index(words),
            end=ready_draft.text.index(words) + len(words),
            gist=words,
        )
        for words in ("latest", "adrenaline", "rush")
    ]


def verdicts(review: Any) -> list[str]:
    """What became of the findings, in their order."""
    return list(review.judgements.order_by("finding").values_list("verdict", flat=True))


def test_they_are_taken_dismissed_or_left(
    editor: Person, ready_draft: Draft, findings: list[Finding]
) -> None:
    taken, dismissed, _left = findings
    done = reviewed(
        editor,
        outcome="REJECT",
        tags=[tag_on(ready_draft, "latest") | {"finding": taken.pk}],
        dismissed=[dismissed.pk],
    )
    assert verdicts(done.review) == ["taken", "dismissed", "left"]


def test_the_blind_sample_judges_none(
    editor: Person, ready_draft: Draft, findings: list[Finding]
) -> None:
    Draft.objects.update(blind=True)
    assert verdicts(reviewed(editor, outcome="ACCEPT").review) == []


@pytest.mark.parametrize("outcome", ["SKIP", "ESCALATE", "UNREVIEWABLE"])
def test_what_says_nothing_of_the_text_judges_none(
    editor: Person, ready_draft: Draft, findings: list[Finding], outcome: str
) -> None:
    done = reviewed(editor, outcome=outcome, reason="other", note="Because.")
    assert verdicts(done.review) == []


def test_what_is_dismissed_for_the_task_is_not_judged(
    editor: Person, lead: Person, ready_draft: Draft, findings: list[Finding]
) -> None:
    dismiss_for_task(findings[0].pk, lead, "It is their name.")
    assert verdicts(reviewed(editor, outcome="ACCEPT").review) == ["left", "left"]


def test_a_finding_of_another_draft_is_refused(
    editor: Person, ready_draft: Draft, ready_job_draft: Draft
) -> None:
    other = Finding.objects.create(
        draft=ready_job_draft, check_name="x", check_version=1, level="warning", message="x"
    )
    assignment = claim_next(editor, tasks=[ready_draft.task])
    assert assignment is not None
    with pytest.raises(BodyRefused) as refused:
        submitted(editor, assignment, outcome="ACCEPT", dismissed=[other.pk])
    assert refused.value.errors == {"dismissed": ["This draft has no such finding."]}


@pytest.mark.parametrize("dismissed", ["1", [True], ["x"], [-1], [1.5], {"1": 1}])
def test_what_is_no_list_of_findings_is_refused(dismissed: Any) -> None:
    with pytest.raises(BodyRefused):
        parse_body({"outcome": "ACCEPT", "dismissed": dismissed})


def test_a_submission_of_before_is_known_as_a_repetition_still() -> None:
    plain = parse_body({"outcome": "ACCEPT"})
    nothing = parse_body({"outcome": "ACCEPT", "dismissed": []})
    some = parse_body({"outcome": "ACCEPT", "dismissed": [3]})
    assert body_sha256(plain, 1) == body_sha256(nothing, 1) != body_sha256(some, 1)


def test_a_repetition_judges_nothing_twice(
    editor: Person, ready_draft: Draft, findings: list[Finding]
) -> None:
    assignment = claimed(editor)
    key = uuid.uuid4()
    body = parse_body({"outcome": "ACCEPT", "dismissed": [findings[0].pk]})
    submit_review(editor, assignment.pk, key, body)
    assert submit_review(editor, assignment.pk, key, body).replayed
    assert FindingJudgement.objects.count() == 3


def test_an_undo_brings_the_dismissals_back_to_the_desk(
    editor: Person, ready_draft: Draft, findings: list[Finding]
) -> None:
    done = reviewed(editor, outcome="REJECT", tags=[tag_on_all()], dismissed=[findings[1].pk])
    undone = undo_review(editor, done.review.pk)
    assert undone.assignment is not None
    assert undone.assignment.work["dismissed"] == [findings[1].pk]
