"""What each decision needs and is worth, as a table."""

import pytest

from feedback.models import Review
from feedback.outcomes import (
    CRITICAL,
    MAJOR,
    MINOR,
    NEUTRAL,
    NOTHING,
    REASONS,
    Decision,
    Outcome,
    Worth,
    broken_rules,
    settle,
    worth,
)

ACCEPTED = Worth(grade="exemplary", sft="capped", kto=(("draft", True),))
MINOR_EDIT = Worth(grade="exemplary", sft="yes", dpo="golden", kto=(("golden", True),))
MAJOR_EDIT = Worth(
    grade="exemplary", sft="yes", dpo="golden", kto=(("golden", True), ("draft", False))
)
TASTE_EDIT = Worth(grade="exemplary", sft="yes", kto=(("golden", True),))
REJECTED = Worth(dpo="sibling", kto=(("draft", False),))


@pytest.mark.parametrize(
    ("outcome", "severities", "is_worth"),
    [
        (Outcome.ACCEPT, [], ACCEPTED),
        (Outcome.ACCEPT, [NEUTRAL], ACCEPTED),
        (Outcome.BLAND, [], Worth(grade="publishable")),
        (Outcome.EDIT, [], TASTE_EDIT),
        (Outcome.EDIT, [NEUTRAL], TASTE_EDIT),
        (Outcome.EDIT, [MINOR], MINOR_EDIT),
        (Outcome.EDIT, [NEUTRAL, MINOR], MINOR_EDIT),
        (Outcome.EDIT, [MAJOR], MAJOR_EDIT),
        (Outcome.EDIT, [MINOR, CRITICAL], MAJOR_EDIT),
        (Outcome.REJECT, [MAJOR], REJECTED),
        (Outcome.REJECT, [NEUTRAL], REJECTED),
        (Outcome.UNREVIEWABLE, [MAJOR], NOTHING),
        (Outcome.ESCALATE, [CRITICAL], NOTHING),
        (Outcome.SKIP, [], NOTHING),
    ],
)
def test_what_each_outcome_is_worth(
    outcome: Outcome, severities: list[int], is_worth: Worth
) -> None:
    assert worth(outcome, severities) == is_worth


@pytest.mark.parametrize("severity", [NEUTRAL, MINOR, MAJOR, CRITICAL])
def test_a_draft_is_never_the_worse_one_for_what_the_model_was_not_shown(severity: int) -> None:
    assert worth(Outcome.EDIT, [severity], uses_unshown_fact=True) == TASTE_EDIT


def edit(
    *, changed: bool, severities: tuple[int, ...] = (), answers: tuple[str, ...] = ()
) -> Decision:
    return Decision(
        Outcome.EDIT,
        severities=severities,
        answers=answers,
        has_rewrite=True,
        changed=changed,
    )


@pytest.mark.parametrize(
    ("decision", "broken"),
    [
        (Decision(Outcome.ACCEPT), set()),
        (Decision(Outcome.ACCEPT, severities=[NEUTRAL]), set()),
        (Decision(Outcome.ACCEPT, severities=[NEUTRAL, MINOR]), {"tags"}),
        (Decision(Outcome.ACCEPT, answers=["yes", "na"]), set()),
        (Decision(Outcome.ACCEPT, answers=["yes", "no"]), {"answers"}),
        (Decision(Outcome.ACCEPT, has_rewrite=True, changed=True), {"rewrite"}),
        (Decision(Outcome.ACCEPT, has_rewrite=True, changed=False), set()),
        (Decision(Outcome.BLAND, answers=["no"]), set()),
        (Decision(Outcome.BLAND, severities=[MINOR]), {"tags"}),
        (Decision(Outcome.EDIT), {"rewrite"}),
        (edit(changed=True, severities=(MAJOR,), answers=("no",)), set()),
        (edit(changed=True), set()),
        (edit(changed=False), set()),
        (edit(changed=False, severities=(MINOR,)), {"tags"}),
        (edit(changed=False, answers=("no",)), {"answers"}),
        (Decision(Outcome.REJECT), {"tags"}),
        (Decision(Outcome.REJECT, severities=[MAJOR]), set()),
        (Decision(Outcome.REJECT, severities=[MAJOR], reason="facts"), {"reason"}),
        (Decision(Outcome.UNREVIEWABLE), {"reason"}),
        (Decision(Outcome.UNREVIEWABLE, reason="broken"), set()),
        (Decision(Outcome.ESCALATE, reason="broken"), {"reason"}),
        (Decision(Outcome.ESCALATE, reason="guide"), set()),
        (Decision(Outcome.SKIP, reason="other"), {"note"}),
        (Decision(Outcome.SKIP, reason="other", note="  "), {"note"}),
        (Decision(Outcome.SKIP, reason="other", note="I wrote the biography."), set()),
    ],
)
def test_what_each_decision_needs(decision: Decision, broken: set[str]) -> None:
    assert set(broken_rules(decision)) == broken


def test_an_edit_that_changes_nothing_is_an_accept() -> None:
    assert settle(edit(changed=False)) is Outcome.ACCEPT
    assert settle(edit(changed=True)) is Outcome.EDIT


def test_the_outcomes_are_those_that_a_review_can_have() -> None:
    assert {str(outcome) for outcome in Outcome} | {"UNDO"} == set(Review.Outcome.values)


def test_every_reason_fits_its_column() -> None:
    longest = Review._meta.get_field("reason").max_length
    assert longest is not None
    assert all(len(slug) <= longest for reasons in REASONS.values() for slug in reasons)
