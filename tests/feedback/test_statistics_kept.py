"""What is kept of the reviews equals what the reviews say: whatever people do, whenever it dies."""

import random
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Person
from explanations.models import Draft, Place, Recommendation, Task
from feedback.models import Adjudication, Cohort, DraftToCount, Golden, JudgedDraft, Review, Tally
from feedback.outcomes import ENDS_THE_PLACE
from feedback.services.adjudicating import (
    adjudicate,
    undo_adjudication,
    where_reviews_disagree,
)
from feedback.services.goldens import GoldenRefused, withdraw_golden
from feedback.services.queue import claim_next
from feedback.services.reviewing import UndoRefused, undo_review
from feedback.services.statistics import keeping
from feedback.services.statistics.keeping import keep_statistics
from feedback.services.statistics.recounting import recount
from tests.faults.workers import environment
from tests.feedback.conftest import DraftMaker
from tests.feedback.counted_by_hand import counted_by_hand, counted_by_the_desk, judged_by_hand
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on, tag_on_all

REWRITE = "Dead Rabbitts play metalcore as if it were the first time."


class TestOneReview:
    def test_counts_once_it_is_submitted(self, editor: Person, ready_draft: Draft) -> None:
        tag = tag_on(ready_draft, "latest", "timebound")
        reviewed(
            editor,
            outcome="EDIT",
            rewrite="Dead Rabbitts' new single is a metalcore adrenaline rush!",
            tags=[tag],
            answers={"specific": "yes"},
        )
        assert not JudgedDraft.objects.exists()
        assert keep_statistics() == 1
        judged = JudgedDraft.objects.get()
        assert judged.draft == ready_draft
        assert judged.outcome == "EDIT"
        assert judged.words_changed == 1
        assert judged.severities == [1]
        assert judged.answers == ["yes"]
        assert counted_by_the_desk() == counted_by_hand()
        assert not DraftToCount.objects.exists()

    def test_is_counted_once_however_often_it_is_counted(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ACCEPT")
        for _ in range(3):
            DraftToCount.objects.create(draft=ready_draft)
        keep_statistics(batch=1)
        assert counted_by_the_desk()["outcome", "ACCEPT"] == 1

    def test_leaves_nothing_behind_when_it_is_undone(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
        keep_statistics()
        undo_review(editor, done.review.pk)
        keep_statistics()
        assert not JudgedDraft.objects.exists()
        assert not Tally.objects.exists()

    def test_changes_nothing_while_the_draft_wants_another(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        Place.objects.create(draft=ready_draft, task=ready_draft.task, priority=50, ordinal=2)
        reviewed(editor, outcome="ACCEPT")
        keep_statistics()
        assert not JudgedDraft.objects.exists()
        reviewed(second_editor, outcome="ACCEPT")
        keep_statistics()
        assert JudgedDraft.objects.get().editor == second_editor

    def test_counts_for_nothing_where_reviews_disagree(
        self, editor: Person, second_editor: Person, ready_draft: Draft
    ) -> None:
        Place.objects.create(draft=ready_draft, task=ready_draft.task, priority=50, ordinal=2)
        reviewed(editor, outcome="ACCEPT")
        reviewed(second_editor, outcome="REJECT", tags=[tag_on_all()])
        keep_statistics()
        assert not JudgedDraft.objects.exists()

    def test_that_a_lead_decided_counts_as_the_leads(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ESCALATE", reason="guide")
        submitted(lead, claimed(lead, escalated=True), outcome="BLAND")
        keep_statistics()
        assert JudgedDraft.objects.get().editor == lead
        assert counted_by_the_desk() == counted_by_hand()

    def test_has_changed_no_words_once_its_golden_is_withdrawn(
        self, editor: Person, lead: Person, ready_draft: Draft
    ) -> None:
        done = reviewed(editor, outcome="EDIT", rewrite=REWRITE)
        keep_statistics()
        assert JudgedDraft.objects.get().words_changed
        assert done.golden is not None
        withdraw_golden(done.golden.pk, lead, "Made up.")
        keep_statistics()
        assert JudgedDraft.objects.get().words_changed is None

    def test_belongs_to_the_day_of_the_desk(
        self, editor: Person, ready_draft: Draft, settings: Any
    ) -> None:
        settings.TIME_ZONE = "Pacific/Kiritimati"
        done = reviewed(editor, outcome="ACCEPT")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (created_at AT TIME ZONE 'Pacific/Kiritimati')::date FROM feedback_review"
                " WHERE id = %s",
                [done.review.pk],
            )
            (day,) = cursor.fetchone()
        keep_statistics()
        assert JudgedDraft.objects.get().day == day

    @pytest.mark.parametrize(
        ("said", "priority", "counted"),
        [
            ("niche", 90, "niche"),
            ("popular", 0, "popular"),
            ("", 50, "popular"),
            ("", 49, "niche"),
        ],
    )
    def test_is_of_the_stratum_that_its_recommendation_says_or_else_its_priority(
        self, editor: Person, ready_draft: Draft, said: str, priority: int, counted: str
    ) -> None:
        Recommendation.objects.update(stratum=said, priority=priority)
        reviewed(editor, outcome="ACCEPT")
        keep_statistics()
        assert Cohort.objects.get().stratum == counted

    def test_keeps_where_and_how_popular_the_item_was(
        self, editor: Person, ready_draft: Draft
    ) -> None:
        reviewed(editor, outcome="ACCEPT")
        keep_statistics()
        Recommendation.objects.update(locale="de", priority=1, stratum="niche")
        DraftToCount.objects.create(draft=ready_draft)
        keep_statistics()
        cohort = Cohort.objects.get()
        assert (cohort.locale, cohort.stratum) == ("en", "popular")
        assert recount().is_right


class TestRecount:
    @pytest.fixture
    def counted(self, editor: Person, drafts: DraftMaker) -> list[Draft]:
        made = drafts(3)
        for _ in made:
            reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
        keep_statistics()
        assert recount().is_right
        return made

    def test_finds_a_draft_that_is_kept_wrongly_and_mends_it(self, counted: list[Draft]) -> None:
        JudgedDraft.objects.filter(draft=counted[0]).update(outcome="ACCEPT")
        found = recount()
        assert (found.wrong_drafts, found.wrong_tallies > 0) == (1, True)
        recount(mend=True)
        assert recount().is_right
        assert counted_by_the_desk() == counted_by_hand()

    def test_finds_a_tally_that_is_wrong_and_mends_it(self, counted: list[Draft]) -> None:
        Tally.objects.filter(measure=1).update(drafts=7)
        assert recount().wrong_tallies == 2
        recount(mend=True)
        assert recount().is_right

    def test_makes_all_of_it_from_nothing(self, counted: list[Draft]) -> None:
        kept = counted_by_the_desk()
        for model in (Tally, JudgedDraft, Cohort):
            model.objects.all().delete()
        assert recount().wrong_drafts == 3
        recount(mend=True)
        assert recount().is_right
        assert counted_by_the_desk() == kept

    def test_the_command_says_so(self, counted: list[Draft], capsys: Any) -> None:
        call_command("recount_statistics")
        assert "equals" in capsys.readouterr().out
        JudgedDraft.objects.filter(draft=counted[0]).delete()
        with pytest.raises(SystemExit):
            call_command("recount_statistics")
        call_command("recount_statistics", mend=True)
        call_command("recount_statistics")


# Whatever people do ------------------------------------------------------------------------------


class Killed(Exception):
    """The keeper is gone."""


@contextmanager
def killed_at(statement: int) -> Iterator[None]:
    """Let the keeper die before this statement of its own; what it has not committed is lost."""
    left = statement

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal left
        if "SAVEPOINT" in args[0]:
            return execute(*args)
        left -= 1
        if left < 0:
            raise Killed
        return execute(*args)

    with connection.execute_wrapper(count), suppress(Killed):
        yield


class PeopleAtWork(RuleBasedStateMachine):
    """Editors, a lead and a keeper who is killed; each example is undone at its end."""

    desk: "TheDesk"
    counts_in_one_transaction = True

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        try:
            self.desk.keep()
            assert not DraftToCount.objects.exists()
            assert counted_by_the_desk() == counted_by_hand()
            assert set(JudgedDraft.objects.values_list("pk", flat=True)) == set(judged_by_hand())
            assert recount().is_right
        finally:
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    @rule(who=st.integers(0, 2), what=st.integers(0, 6), chance=st.randoms(use_true_random=False))
    def somebody_decides(self, who: int, what: int, chance: random.Random) -> None:
        self.desk.decide(who, what, chance)

    @rule(who=st.integers(0, 2), back=st.integers(0, 3))
    def somebody_takes_it_back(self, who: int, back: int) -> None:
        self.desk.take_back(who, back)

    @rule(which=st.integers(0, 5))
    def the_lead_withdraws_a_golden(self, which: int) -> None:
        self.desk.withdraw(which)

    @initialize(right=st.integers(0, 2))
    def the_lead_has_settled_one(self, right: int) -> None:
        self.desk.settle(0, right)

    @rule(which=st.integers(0, 2), right=st.integers(0, 2))
    def the_lead_settles_a_disagreement(self, which: int, right: int) -> None:
        self.desk.settle(which, right)

    @rule(which=st.integers(0, 2))
    def the_lead_takes_that_back(self, which: int) -> None:
        self.desk.unsettle(which)

    @rule(batch=st.integers(1, 3))
    def the_keeper_counts(self, batch: int) -> None:
        self.desk.keep(batch)

    @rule(statement=st.integers(0, 12), batch=st.integers(1, 3))
    def the_keeper_is_killed(self, statement: int, batch: int) -> None:
        with killed_at(statement):
            self.desk.keep(batch)

    @invariant()
    def what_is_kept_is_right(self) -> None:
        assert recount().is_right

    @invariant()
    def what_a_lead_found_right_is_what_the_draft_amounts_to(self) -> None:
        for settled in Adjudication.objects.standing().select_related("draft", "review"):
            assert settled.draft.state == Draft.State.REVIEWED
            assert settled.draft.settled_outcome == settled.review.outcome
            assert not hasattr(settled.review, "superseded_by")
            others = Golden.objects.filter(review__draft=settled.draft).exclude(
                review=settled.review
            )
            assert not others.exclude(state=Golden.State.WITHDRAWN).exists()


class TheDesk:
    """What the machine's rules do."""

    def __init__(self, people: list[Person]) -> None:
        self.people = people

    def decide(self, who: int, what: int, chance: random.Random) -> None:
        person = self.people[who]
        assignment = None
        if who == 2:
            assignment = claim_next(person, escalated=True)
        if assignment is None and (assignment := claim_next(person)) is None:
            return
        draft = assignment.place.draft
        answers = {
            slug: chance.choice(["yes", "na"]) for slug in ("specific", "grounded", "in-voice")
        }
        tags = [
            tag_on_all(chance.choice(["tone", "generic", "taste"]), chance.choice([0, 1, 5, 25]))
            for _ in range(chance.randint(1, 3))
        ]
        bodies: list[dict[str, Any]] = [
            {"outcome": "ACCEPT", "answers": answers},
            {"outcome": "BLAND", "answers": answers | {"specific": "no"}},
            {"outcome": "EDIT", "rewrite": REWRITE, "tags": tags, "answers": answers},
            {"outcome": "REJECT", "tags": tags},
            {"outcome": "UNREVIEWABLE", "reason": "broken"},
            {"outcome": "ESCALATE", "reason": "guide"},
            {"outcome": "SKIP", "reason": "later"},
        ]
        if assignment.place.state == Place.State.ESCALATED and what == 5:
            what = 3
        assert draft.text != REWRITE
        submitted(person, assignment, **bodies[what], active_ms=chance.randint(0, 90_000))

    def take_back(self, who: int, back: int) -> None:
        reviews = list(Review.objects.standing().filter(editor=self.people[who])[: back + 1])
        with suppress(UndoRefused):
            if reviews:
                undo_review(self.people[who], reviews[-1].pk)

    def withdraw(self, which: int) -> None:
        goldens = list(Golden.objects.exclude(state=Golden.State.WITHDRAWN)[: which + 1])
        with suppress(GoldenRefused):
            if goldens:
                withdraw_golden(goldens[-1].pk, self.people[2], "Not good enough.")

    def settle(self, which: int, right: int) -> None:
        drafts = list(where_reviews_disagree().order_by("pk")[: which + 1])
        if drafts:
            given = Review.objects.standing().filter(draft=drafts[-1], outcome__in=ENDS_THE_PLACE)
            reviews = list(given.order_by("pk")[: right + 1])
            adjudicate(drafts[-1].pk, reviews[-1].pk, self.people[2], "So says the guide.")

    def unsettle(self, which: int) -> None:
        settled = list(Adjudication.objects.standing().order_by("pk")[: which + 1])
        if settled:
            undo_adjudication(settled[-1].draft_id, self.people[2])

    def keep(self, batch: int = keeping.BATCH) -> None:
        keep_statistics(batch=batch)


@pytest.fixture
def desk(editor: Person, second_editor: Person, lead: Person, drafts: DraftMaker) -> TheDesk:
    """Five drafts, one of the blind sample and one that wants two reviews; and a sixth, about which
    two editors agreed and the lead did not.
    """
    made = drafts(6)
    Draft.objects.filter(pk=made[1].pk).update(blind=True)
    Place.objects.create(draft=made[0], task=made[0].task, priority=90, ordinal=2)
    Place.objects.filter(draft=made[5]).update(priority=100)
    for ordinal in (2, 3):
        Place.objects.create(draft=made[5], task=made[5].task, priority=100, ordinal=ordinal)
    reviewed(editor, outcome="ACCEPT", answers={"specific": "yes"})
    reviewed(second_editor, outcome="ACCEPT", answers={"specific": "na"})
    reviewed(lead, outcome="REJECT", tags=[tag_on_all()])
    assert where_reviews_disagree().get() == made[5]
    keep_statistics()
    return TheDesk([editor, second_editor, lead])


def whatever_people_do(
    desk: TheDesk, examples: int, phases: Collection[Phase] = tuple(Phase)
) -> None:
    machine = type("PeopleOfTheDesk", (PeopleAtWork,), {"desk": desk})
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=14,
            deadline=None,
            database=None,
            derandomize=True,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_what_is_kept_equals_a_recount_whatever_people_do(desk: TheDesk) -> None:
    whatever_people_do(desk, examples=10)


@pytest.mark.soak
@pytest.mark.django_db
def test_what_is_kept_equals_a_recount_whatever_people_do_for_long(desk: TheDesk) -> None:
    whatever_people_do(desk, examples=300)


class DeafDesk(TheDesk):
    """A control: nobody says that a draft is to be counted because a lead settled it."""

    def settle(self, which: int, right: int) -> None:
        known = set(DraftToCount.objects.values_list("pk", flat=True))
        super().settle(which, right)
        DraftToCount.objects.exclude(pk__in=known).delete()


class HastyDesk(TheDesk):
    """A control: the last review that came to the settled outcome counts, whatever a lead said."""

    def keep(self, batch: int = keeping.BATCH) -> None:
        right = "AND one.id = coalesce(found_right.review_id, one.id)"
        assert right in keeping.COUNT
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keeping, "COUNT", keeping.COUNT.replace(right, ""))
            super().keep(batch)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [DeafDesk, HastyDesk])
def test_a_desk_that_forgets_what_a_lead_settled_is_found_out(
    desk: TheDesk, kind: type[TheDesk]
) -> None:
    with pytest.raises(AssertionError):
        whatever_people_do(kind(desk.people), examples=2, phases=[Phase.generate])


class ForgetfulDesk(TheDesk):
    """The control: what is to be counted is taken in a transaction of its own."""

    def keep(self, batch: int = keeping.BATCH) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM feedback_drafttocount RETURNING draft_id")
            drafts = [draft for (draft,) in cursor.fetchall()]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(keeping.COUNT, {"drafts": drafts, "zone": settings.TIME_ZONE})


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "forgets"), [(TheDesk, False), (ForgetfulDesk, True)])
def test_a_keeper_killed_at_any_statement_has_forgotten_nothing(
    desk: TheDesk, kind: type[TheDesk], forgets: bool
) -> None:
    keeper = kind(desk.people)
    missing = 0
    for statement in range(6):
        with transaction.atomic():
            for _ in range(2):  # the first draft wants two reviews
                desk.decide(0, 0, random.Random(1))
            with killed_at(statement):
                keeper.keep()
            keeper.keep()
            missing += counted_by_the_desk() != counted_by_hand()
            transaction.set_rollback(True)
    assert bool(missing) is forgets


# While others write ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("follows_what_is_left_for_it", [True, False])
def test_a_review_that_commits_late_is_counted_late_and_not_missed(
    editor: Person,
    second_editor: Person,
    music_task: Task,
    drafts: DraftMaker,
    follows_what_is_left_for_it: bool,
) -> None:
    """The control, which goes on after the last review that it saw, misses it."""
    keep = keep_statistics if follows_what_is_left_for_it else KeeperByNumber().keep
    made = drafts(2)
    with (
        closing(submitted_elsewhere(editor, made[0])) as begun_first,
        closing(submitted_elsewhere(second_editor, made[1])) as begun_later,
    ):
        begun_later.commit()
        keep()
        assert set(JudgedDraft.objects.values_list("pk", flat=True)) == {made[1].pk}
        begun_first.commit()
        keep()
    missed = set() if follows_what_is_left_for_it else {made[0].pk}
    judged = set(JudgedDraft.objects.values_list("pk", flat=True))
    assert judged == {made[0].pk, made[1].pk} - missed
    assert counted_by_the_desk() == counted_by_hand() or missed


class KeeperByNumber:
    """Reads the reviews whose numbers are above the last one that it read."""

    def __init__(self) -> None:
        self.last = 0

    def keep(self) -> None:
        new = list(Review.objects.filter(pk__gt=self.last).values_list("pk", "draft"))
        self.last = max([self.last, *(review for review, _draft in new)])
        with transaction.atomic(), connection.cursor() as cursor:
            drafts = [draft for _review, draft in new]
            cursor.execute(keeping.COUNT, {"drafts": drafts, "zone": settings.TIME_ZONE})


def submitted_elsewhere(editor: Person, draft: Draft) -> psycopg.Connection[Any]:
    """A connection on which a review is submitted and not committed."""
    elsewhere = psycopg.connect(environment()["DATABASE_URL"])
    elsewhere.execute(
        "UPDATE explanations_draft SET state = 'REVIEWED', settled_outcome = 'ACCEPT'"
        " WHERE id = %s",
        [draft.pk],
    )
    elsewhere.execute(
        "INSERT INTO feedback_review (draft_id, place_id, editor_id, key, body_sha256, outcome,"
        " reason, note, rewrite, alignment, active_ms)"
        " SELECT draft_id, id, %s, gen_random_uuid(), '', 'ACCEPT', '', '', '', '[]', 1000"
        " FROM explanations_place WHERE draft_id = %s",
        [editor.pk, draft.pk],
    )
    return elsewhere


@pytest.mark.django_db(transaction=True)
def test_one_keeper_works_at_a_time(editor: Person, ready_draft: Draft) -> None:
    reviewed(editor, outcome="ACCEPT")
    with psycopg.connect(environment()["DATABASE_URL"]) as other:
        other.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["feedback.statistics"]
        )
        assert keep_statistics() == 0
    assert keep_statistics() == 1


@pytest.mark.django_db(transaction=True)
def test_a_submission_waits_for_no_keeper(
    editor: Person, second_editor: Person, drafts: DraftMaker
) -> None:
    drafts(2)
    reviewed(editor, outcome="ACCEPT")
    with psycopg.connect(environment()["DATABASE_URL"]) as keeper:
        # A keeper that has counted, holds all its locks and does not commit.
        keeper.execute("SELECT pg_advisory_xact_lock(hashtextextended('feedback.statistics', 0))")
        keeper.execute("DELETE FROM feedback_drafttocount")
        keeper.execute(
            "INSERT INTO feedback_statisticskeeper (id, looked_at, time_zone)"
            " VALUES (1, now(), 'UTC')"
        )
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        reviewed(second_editor, outcome="ACCEPT")
        keeper.rollback()
    assert keep_statistics() == 2
