"""All that a search found, dealt with at once, and put back as it was."""

from typing import Any

import pytest

from accounts.models import LogEntry, Person
from explanations import nudge
from explanations.models import Draft, Place, PublishedLine, Recommendation, Run
from explanations.services.facts import correct_fact
from feedback.models import Assignment, BulkAction, Golden
from feedback.services import bulk_actions
from feedback.services.bulk_actions import BulkRefused, do, examples, prepare, undo
from feedback.services.goldens import withdraw_golden
from feedback.services.queue import LeaseLost, claim_next, renew, save_work
from feedback.services.searching import Search, SearchRefused
from tests.conftest import drafted
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, submitted

Kind = BulkAction.Kind
ALL = Search(words="metalcore")
WHY = "They all say metalcore."


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been sent to workers."""
    sent: list[str] = []
    monkeypatch.setattr(nudge, "after_commit", lambda task, *_arguments: sent.append(task))
    return sent


def in_state(drafts: list[Draft], state: Draft.State) -> None:
    Draft.objects.filter(pk__in=[draft.pk for draft in drafts]).update(
        state=state,
        lease_until=None,
        failure_reason="x" if state == Draft.State.FAILED else "",
    )


def states(drafts: list[Draft]) -> list[str]:
    kept = dict(Draft.objects.values_list("pk", "state"))
    return [kept[draft.pk] for draft in drafts]


def as_it_is() -> dict[str, list[Any]]:
    """All that an action could touch."""
    return {
        "drafts": list(Draft.objects.order_by("pk").values_list("pk", "state", "settled_outcome")),
        "places": list(Place.objects.order_by("pk").values_list("pk", "state", "priority")),
        "goldens": list(
            Golden.objects.order_by("pk").values_list("pk", "state", "state_reason", "approved_by")
        ),
    }


def done(kind: Kind, lead: Person, wanted: Search = ALL) -> BulkAction:
    return do(prepare(kind, wanted, lead).pk, lead, WHY)


# Preparing ---------------------------------------------------------------------------------------


def test_what_is_prepared_says_how_many_and_what_is_left_out_and_changes_nothing(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    made = drafts(9)
    for index, state in enumerate(
        ["BLOCKED", "REVIEWED", "QUARANTINED", "WITHDRAWN", "FAILED", "CANCELLED"], start=1
    ):
        in_state([made[index]], Draft.State(state))
    Draft.objects.filter(pk=made[7].pk).update(blind=True)
    claimed(editor)
    before = as_it_is()

    action = prepare(Kind.QUARANTINE, ALL, lead)

    assert action.counts == {
        "found": 9,
        "chosen": 3,
        "states": {"READY": 2, "BLOCKED": 1},
        "left_out": {"reviewed": 1, "quarantined": 1, "ended": 3, "blind": 1},
        "on_desks": 1,
    }
    assert {draft.pk for draft in examples(action)} == {made[0].pk, made[1].pk, made[8].pk}
    assert as_it_is() == before
    assert not LogEntry.objects.filter(subject_type="bulkaction").exists()


def test_only_what_the_search_finds_is_meant(lead: Person, drafts: DraftMaker) -> None:
    made = drafts(3)
    action = done(Kind.QUARANTINE, lead, Search(words="1th", pattern="1th"))
    assert (action.changed, states(made)) == (1, ["READY", "QUARANTINED", "READY"])


def test_what_comes_after_the_preview_is_not_meant(lead: Person, drafts: DraftMaker) -> None:
    first = drafts(2)
    action = prepare(Kind.QUARANTINE, ALL, lead)
    later = drafts(1)
    assert do(action.pk, lead, WHY).changed == 2
    assert states(first + later) == ["QUARANTINED", "QUARANTINED", "READY"]


def test_a_second_preview_takes_the_place_of_the_first(lead: Person, drafts: DraftMaker) -> None:
    drafts(1)
    first = prepare(Kind.QUARANTINE, ALL, lead)
    prepare(Kind.REDRAFT, ALL, lead)
    with pytest.raises(BulkAction.DoesNotExist):
        do(first.pk, lead, WHY)


def test_too_many_at_once_are_refused(
    lead: Person, drafts: DraftMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_actions, "MOST_AT_ONCE", 2)
    drafts(3)
    with pytest.raises(BulkRefused, match="3 at once; 2 are the most"):
        prepare(Kind.QUARANTINE, ALL, lead)
    assert not BulkAction.objects.exists()


def test_what_cannot_be_searched_for_is_not_prepared(lead: Person) -> None:
    with pytest.raises(SearchRefused):
        prepare(Kind.QUARANTINE, Search(pattern="("), lead)


@pytest.mark.parametrize("kind", [Kind.QUARANTINE, Kind.REDRAFT])
def test_goldens_are_only_sent_to_review(lead: Person, kind: Kind) -> None:
    with pytest.raises(BulkRefused, match="nothing else"):
        prepare(kind, Search(about="goldens"), lead)


# Doing -------------------------------------------------------------------------------------------


def test_an_action_needs_a_reason(lead: Person, drafts: DraftMaker) -> None:
    drafts(1)
    action = prepare(Kind.QUARANTINE, ALL, lead)
    with pytest.raises(BulkRefused, match="Say why"):
        do(action.pk, lead, " ")
    with pytest.raises(BulkRefused, match="500"):
        do(action.pk, lead, "x" * 501)


def test_only_who_prepared_it_does_it(lead: Person, manager: Person, drafts: DraftMaker) -> None:
    drafts(1)
    with pytest.raises(BulkAction.DoesNotExist):
        do(prepare(Kind.QUARANTINE, ALL, lead).pk, manager, WHY)


def test_quarantined_drafts_leave_the_queue(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    made = drafts(2)
    done(Kind.QUARANTINE, lead)
    assert states(made) == ["QUARANTINED", "QUARANTINED"]
    assert set(Place.objects.values_list("state", flat=True)) == {"CLOSED"}
    assert claim_next(editor) is None


def test_it_is_logged_once_with_who_what_why_and_how_many(lead: Person, drafts: DraftMaker) -> None:
    drafts(5)
    action = done(Kind.QUARANTINE, lead)
    entry = LogEntry.objects.get(subject_type="bulkaction")
    assert (entry.actor, entry.action, entry.subject_id) == (lead, "quarantined drafts", action.pk)
    assert entry.detail["search"] == {"about": "drafts", "words": "metalcore"}
    assert (entry.detail["changed"], entry.detail["reason"]) == (5, WHY)
    undo(action.pk, lead)
    assert LogEntry.objects.filter(subject_type="bulkaction").count() == 2
    assert LogEntry.objects.latest("pk").detail == {"changed": 5, "restored": 5}


def test_doing_it_twice_does_it_once(lead: Person, drafts: DraftMaker) -> None:
    drafts(2)
    action = done(Kind.QUARANTINE, lead)
    assert do(action.pk, lead, "Again.") == action
    assert undo(action.pk, lead) == undo(action.pk, lead)
    assert LogEntry.objects.filter(subject_type="bulkaction").count() == 2
    with pytest.raises(BulkRefused, match="done and undone"):
        do(action.pk, lead, WHY)


def test_what_is_only_prepared_is_not_undone(lead: Person, drafts: DraftMaker) -> None:
    drafts(1)
    with pytest.raises(BulkRefused, match="has not been done"):
        undo(prepare(Kind.QUARANTINE, ALL, lead).pk, lead)


def test_what_has_changed_since_the_preview_is_passed_over(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    made = drafts(3)
    action = prepare(Kind.QUARANTINE, ALL, lead)
    reviewed(
        editor, outcome="REJECT", tags=[{"category": "generic", "severity": 1, "scope": "draft"}]
    )
    assert do(action.pk, lead, WHY).changed == 2
    assert states(made) == ["REVIEWED", "QUARANTINED", "QUARANTINED"]
    assert action.rows.count() == 2


class TestOnAnEditorsDesk:
    def test_the_editor_is_told_and_keeps_what_was_typed(
        self, lead: Person, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        held = claimed(editor)
        save_work(held.pk, editor, {"note": "half a thought"}, 0, 10)
        done(Kind.QUARANTINE, lead)
        with pytest.raises(LeaseLost, match="withdrawn"):
            renew(held.pk, editor)
        with pytest.raises(LeaseLost):
            submitted(editor, held, outcome="ACCEPT")
        assert claim_next(editor) is None
        held.refresh_from_db()
        assert held.state == Assignment.State.EXPIRED

    def test_after_the_undo_it_is_theirs_again_with_what_was_typed(
        self, lead: Person, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        held = claimed(editor)
        save_work(held.pk, editor, {"note": "half a thought"}, 0, 10)
        undo(done(Kind.QUARANTINE, lead).pk, lead)
        assert renew(held.pk, editor).state == Assignment.State.ACTIVE
        assert claimed(editor).work == {"note": "half a thought"}


# Taking back -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.QUARANTINE, Kind.REDRAFT])
def test_undone_everything_is_exactly_as_it_was(
    lead: Person, editor: Person, drafts: DraftMaker, kind: Kind
) -> None:
    made = drafts(5)
    in_state(made[:1], Draft.State.BLOCKED)
    Place.objects.filter(draft=made[0]).delete()
    Place.objects.filter(draft=made[1]).update(state=Place.State.ESCALATED)
    Place.objects.create(draft=made[2], ordinal=2, task=made[2].task, priority=50)
    Place.objects.filter(draft=made[2], ordinal=1).update(state=Place.State.DONE)
    before = as_it_is()

    action = done(kind, lead)
    assert action.changed == 5
    assert as_it_is() != before

    assert undo(action.pk, lead).restored == 5
    after = as_it_is()
    redrafts = Draft.objects.filter(redraft_of__isnull=False)
    assert set(redrafts.values_list("state", flat=True)) <= {"CANCELLED"}
    after["drafts"] = [row for row in after["drafts"] if row[0] not in {r.pk for r in redrafts}]
    assert after == before


def test_what_others_have_dealt_with_since_is_left_alone_and_counted(
    lead: Person, drafts: DraftMaker
) -> None:
    made = drafts(4)
    first = done(Kind.QUARANTINE, lead)
    in_state(made[:1], Draft.State.WITHDRAWN)
    back = done(Kind.REVIEW, lead, Search(pattern="1th"))
    again = done(Kind.QUARANTINE, lead, Search(pattern="1th"))
    assert (back.changed, again.changed) == (1, 1)

    undone = undo(first.pk, lead)

    assert (undone.changed, undone.restored) == (4, 2)
    assert states(made) == ["WITHDRAWN", "QUARANTINED", "READY", "READY"]


def test_actions_are_undone_from_the_last_to_the_first(lead: Person, drafts: DraftMaker) -> None:
    made = drafts(2)
    before = as_it_is()
    first, second = done(Kind.QUARANTINE, lead), done(Kind.REVIEW, lead)
    assert undo(first.pk, lead).restored == 0
    assert undo(second.pk, lead).restored == 2
    assert states(made) == ["QUARANTINED", "QUARANTINED"]
    assert as_it_is() != before


def test_a_draft_whose_facts_changed_meanwhile_comes_back_only_to_be_drafted_again(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    changed, other = drafts(2)
    action = done(Kind.QUARANTINE, lead)
    correct_fact(changed.recommendation, "/item/genre", "post-hardcore", "the sleeve", editor)
    assert states([changed, other]) == ["QUARANTINED", "QUARANTINED"]
    undo(action.pk, lead)
    assert states([changed, other]) == ["WITHDRAWN", "READY"]
    assert Draft.objects.get(redraft_of=changed).state == Draft.State.PENDING


# Redrafting --------------------------------------------------------------------------------------


def test_each_draft_is_withdrawn_and_drafted_again_in_its_run(
    lead: Person, run: Run, drafts: DraftMaker, no_broker: list[str]
) -> None:
    made = drafts(2)
    second = drafted(run, made[0].recommendation, "More metalcore.", ordinal=2)
    Run.objects.update(state=Run.State.DONE)
    done(Kind.REDRAFT, lead)
    assert states([*made, second]) == ["WITHDRAWN"] * 3
    again = Draft.objects.filter(redraft_of__isnull=False)
    assert list(again.filter(redraft_of=made[0]).values_list("run", "ordinal", "state")) == [
        (run.pk, 3, "PENDING")
    ]
    assert again.count() == 3
    run.refresh_from_db()
    assert run.state == Run.State.RUNNING
    assert nudge.DRAIN_DRAFTS in no_broker


def test_in_a_cancelled_run_nothing_is_drafted_any_more(
    lead: Person, run: Run, drafts: DraftMaker
) -> None:
    drafts(2)
    Run.objects.update(state=Run.State.CANCELLED)
    assert prepare(Kind.REDRAFT, ALL, lead).counts["left_out"] == {"run_cancelled": 2}
    Run.objects.update(state=Run.State.RUNNING)
    action = prepare(Kind.REDRAFT, ALL, lead)
    Run.objects.update(state=Run.State.CANCELLED)
    assert do(action.pk, lead, WHY).changed == 0


def test_a_blocked_draft_that_is_followed_already_is_not_drafted_a_third_time(
    lead: Person, run: Run, drafts: DraftMaker
) -> None:
    blocked = drafts(1)[0]
    in_state([blocked], Draft.State.BLOCKED)
    Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=blocked.recommendation,
        prompt=run.prompt,
        model_version=run.model_version,
        priority=50,
        ordinal=2,
        redraft_of=blocked,
        told="Name the artist.",
    )
    assert prepare(Kind.REDRAFT, ALL, lead).counts["left_out"] == {"followed": 1}


def test_what_has_been_drafted_again_by_now_stays_so(lead: Person, drafts: DraftMaker) -> None:
    made = drafts(2)
    action = done(Kind.REDRAFT, lead)
    again = Draft.objects.get(redraft_of=made[0])
    Draft.objects.filter(pk=again.pk).update(
        state=Draft.State.READY, text="Better.", snapshot=made[0].snapshot
    )
    assert undo(action.pk, lead).restored == 1
    assert states(made) == ["WITHDRAWN", "READY"]
    again.refresh_from_db()
    assert again.state == Draft.State.READY


# Sending to review -------------------------------------------------------------------------------


def test_quarantined_drafts_come_back_into_the_queue(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    held, blocked, waiting, blocked_and_held = drafts(4)
    in_state([blocked, blocked_and_held], Draft.State.BLOCKED)
    Place.objects.filter(draft__in=[blocked, blocked_and_held]).delete()
    done(Kind.QUARANTINE, lead, Search(pattern="[03]th"))
    before = as_it_is()

    action = prepare(Kind.REVIEW, ALL, lead)
    # What a check has blocked is let through by who answers for that, finding by finding.
    assert action.counts["left_out"] == {"waiting": 1, "blocked": 2}
    do(action.pk, lead, WHY)

    assert states([held, blocked, waiting, blocked_and_held]) == [
        "READY",
        "BLOCKED",
        "READY",
        "QUARANTINED",
    ]
    assert claimed(editor).place.draft == held
    assert undo(action.pk, lead).restored == 1
    assert as_it_is() == before


def test_what_has_been_reviewed_by_now_stays_so(
    lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    made = drafts(2)
    done(Kind.QUARANTINE, lead)
    action = done(Kind.REVIEW, lead)
    reviewed(editor, outcome="ACCEPT")
    assert undo(action.pk, lead).restored == 1
    assert states(made) == ["REVIEWED", "QUARANTINED"]


class TestGoldens:
    def test_those_that_stand_need_a_new_review_and_the_reason_says_why(
        self, lead: Person, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(3)
        goldens = [reviewed(editor, outcome="ACCEPT").golden for _ in range(3)]
        assert all(goldens)
        withdraw_golden(goldens[0].pk, lead, "No.")  # type: ignore[union-attr]
        before = as_it_is()

        action = prepare(Kind.REVIEW, Search(about="goldens", words="metalcore"), lead)
        assert action.counts["left_out"] == {"withdrawn": 1}
        assert len(examples(action)) == 2
        do(action.pk, lead, WHY)

        assert list(Golden.objects.order_by("pk").values_list("state", "state_reason")) == [
            ("WITHDRAWN", "No."),
            ("NEEDS_REVIEW", WHY),
            ("NEEDS_REVIEW", WHY),
        ]
        assert undo(action.pk, lead).restored == 2
        assert as_it_is() == before

    def test_new_drafts_may_repeat_it_only_meanwhile(
        self, lead: Person, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(2)
        goldens = [reviewed(editor, outcome="ACCEPT").golden for _ in range(2)]
        published = list(PublishedLine.objects.order_by("source").values("source", "text", "words"))
        assert [each["source"] for each in published] == [
            f"golden {golden.pk}" for golden in goldens if golden
        ]
        action = done(Kind.REVIEW, lead, Search(about="goldens"))
        assert not PublishedLine.objects.exists()
        undo(action.pk, lead)
        assert published == list(
            PublishedLine.objects.order_by("source").values("source", "text", "words")
        )

    def test_one_whose_facts_changed_meanwhile_still_needs_its_review(
        self, lead: Person, editor: Person, drafts: DraftMaker
    ) -> None:
        drafts(1)
        reviewed(editor, outcome="ACCEPT")
        action = done(Kind.REVIEW, lead, Search(about="goldens"))
        about = Recommendation.objects.get()
        correct_fact(about, "/item/genre", "post-hardcore", "the sleeve", editor)
        undo(action.pk, lead)
        golden = Golden.objects.get()
        assert golden.state == Golden.State.NEEDS_REVIEW
        assert "/item/genre" in golden.state_reason


# However many ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.QUARANTINE, Kind.REVIEW])
def test_doing_takes_as_many_statements_for_many_as_for_one(
    lead: Person, drafts: DraftMaker, kind: Kind, django_assert_max_num_queries: Any
) -> None:
    made = drafts(30)
    if kind == Kind.REVIEW:
        in_state(made, Draft.State.QUARANTINED)
    action = prepare(kind, ALL, lead)
    with django_assert_max_num_queries(20):
        assert do(action.pk, lead, WHY).changed == 30
    with django_assert_max_num_queries(20):
        assert undo(action.pk, lead).restored == 30
