"""What nobody stands behind any more marks the datasets that hold it, and changes none of them."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import Person
from explanations import nudge
from explanations.models import Draft, Place
from feedback.models import Dataset, DatasetMark, DatasetRow, Golden, Review
from feedback.recipe import read_recipe
from feedback.services.adjudicating import adjudicate, undo_adjudication
from feedback.services.datasets.attempt import Attempt, claim
from feedback.services.datasets.creating import create_dataset
from feedback.services.datasets.marking import OVERRULED, UNSETTLED
from feedback.services.goldens import withdraw_golden
from feedback.services.reviewing import undo_review
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import reviewed, tag_on_all

pytestmark = pytest.mark.django_db(transaction=True)

RECIPE = {"name": "music-sft", "tasks": ["music-oneliner"]}


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nudge, "send", lambda *_arguments: True)


@pytest.fixture
def golden(drafts: DraftMaker, editor: Person) -> Golden:
    """Accepted by Ada."""
    drafts(1)
    made = reviewed(editor, outcome="ACCEPT").golden
    assert made is not None
    return made


def begun(ml_engineer: Person, name: str = "music-sft") -> Attempt:
    """A build that is under way."""
    recipe = read_recipe({**RECIPE, "name": name, "salt": name})
    dataset = claim(create_dataset(recipe, ml_engineer, uuid4()).pk)
    assert dataset is not None
    return Attempt(dataset)


def ended(attempt: Attempt, review_id: int, golden: Golden | None) -> Dataset:
    """The build ends with this review in it."""
    with transaction.atomic():
        DatasetRow.objects.create(
            dataset=attempt.dataset, review_id=review_id, golden=golden, split="train"
        )
        attempt.end_ready([], 1, {})
    attempt.dataset.refresh_from_db()
    return attempt.dataset


def marks() -> list[tuple[str, int | None, str]]:
    return [
        (mark.dataset.name, mark.golden_id, mark.reason)
        for mark in DatasetMark.objects.select_related("dataset").order_by("dataset__name")
    ]


def test_a_golden_that_is_withdrawn_marks_every_ready_dataset_that_holds_it(
    golden: Golden, ml_engineer: Person, lead: Person
) -> None:
    for name in ("a", "b"):
        ended(begun(ml_engineer, name), golden.review_id, golden)
    begun(ml_engineer, "c")

    withdraw_golden(golden.pk, lead, "Poisoned.")

    assert marks() == [("a", golden.pk, "Poisoned."), ("b", golden.pk, "Poisoned.")]
    assert Dataset.objects.get(name="a").state == Dataset.State.READY


def test_a_golden_that_no_dataset_holds_marks_none(
    golden: Golden, ml_engineer: Person, lead: Person
) -> None:
    ended(begun(ml_engineer), golden.review_id, None)

    withdraw_golden(golden.pk, lead, "Poisoned.")

    assert marks() == []


def test_an_undo_marks_what_learned_from_the_review(
    golden: Golden, ml_engineer: Person, editor: Person
) -> None:
    ended(begun(ml_engineer), golden.review_id, golden)

    undo_review(editor, golden.review_id)

    assert marks() == [("music-sft", golden.pk, "Its editor took the review back.")]


def test_an_undo_of_a_rejection_marks_what_learned_from_it(
    drafts: DraftMaker, ml_engineer: Person, editor: Person
) -> None:
    drafts(1)
    rejection = reviewed(editor, outcome="REJECT", tags=[tag_on_all()]).review
    ended(begun(ml_engineer), rejection.pk, None)

    undo_review(editor, rejection.pk)

    assert marks() == [("music-sft", None, "Its editor took the review back.")]


def test_what_is_withdrawn_while_a_dataset_is_built_marks_it_when_it_is_ready(
    golden: Golden, ml_engineer: Person, lead: Person
) -> None:
    attempt = begun(ml_engineer)
    withdraw_golden(golden.pk, lead, "Erased.")
    assert marks() == []

    ended(attempt, golden.review_id, golden)

    assert marks() == [("music-sft", golden.pk, "Erased.")]


def test_what_is_taken_back_while_a_dataset_is_built_marks_it_when_it_is_ready(
    drafts: DraftMaker, ml_engineer: Person, editor: Person
) -> None:
    drafts(2)
    rejection = reviewed(editor, outcome="REJECT", tags=[tag_on_all()]).review
    attempt = begun(ml_engineer)
    undo_review(editor, rejection.pk)

    ended(attempt, rejection.pk, None)

    assert marks() == [("music-sft", None, "Its editor took the review back.")]


@pytest.fixture
def disagreement(
    drafts: DraftMaker, editor: Person, second_editor: Person
) -> tuple[Golden, Review]:
    """What Ada accepted, and Bela's rejection of the same draft."""
    (draft,) = drafts(1)
    Place.objects.create(draft=draft, task=draft.task, priority=50, ordinal=2)
    accepted = reviewed(editor, outcome="ACCEPT").golden
    assert accepted is not None
    return accepted, reviewed(second_editor, outcome="REJECT", tags=[tag_on_all()]).review


def test_what_a_lead_overrules_marks_what_learned_from_it(
    disagreement: tuple[Golden, Review], ml_engineer: Person, lead: Person
) -> None:
    golden, rejection = disagreement
    ended(begun(ml_engineer, "a"), golden.review_id, golden)
    ended(begun(ml_engineer, "b"), rejection.pk, None)

    adjudicate(rejection.draft_id, golden.review_id, lead, "It is fine.")

    assert marks() == [("b", None, OVERRULED)]
    undo_adjudication(rejection.draft_id, lead)
    adjudicate(rejection.draft_id, rejection.pk, lead, "It is not.")
    assert marks() == [("a", golden.pk, OVERRULED), ("b", None, OVERRULED)]


def test_what_a_lead_overrules_while_a_dataset_is_built_marks_it_when_it_is_ready(
    disagreement: tuple[Golden, Review], ml_engineer: Person, lead: Person
) -> None:
    golden, rejection = disagreement
    attempt = begun(ml_engineer)
    adjudicate(rejection.draft_id, golden.review_id, lead, "It is fine.")

    ended(attempt, rejection.pk, None)

    assert marks() == [("music-sft", None, OVERRULED)]


def test_what_a_lead_takes_back_marks_what_was_built_while_it_stood(
    disagreement: tuple[Golden, Review], ml_engineer: Person, lead: Person
) -> None:
    golden, rejection = disagreement
    ended(begun(ml_engineer, "before"), golden.review_id, golden)
    adjudicate(rejection.draft_id, golden.review_id, lead, "It is fine.")
    ended(begun(ml_engineer, "meanwhile"), golden.review_id, golden)
    attempt = begun(ml_engineer, "under-way")

    undo_adjudication(rejection.draft_id, lead)

    assert marks() == [("meanwhile", golden.pk, UNSETTLED)]
    ended(attempt, golden.review_id, golden)
    assert marks() == [("meanwhile", golden.pk, UNSETTLED), ("under-way", golden.pk, UNSETTLED)]


@pytest.mark.parametrize("withdrawn_first", [True, False])
def test_a_withdrawal_and_the_end_of_a_build_at_once_miss_nothing(
    golden: Golden, ml_engineer: Person, lead: Person, *, withdrawn_first: bool
) -> None:
    """Each has done its part and not committed when the other one begins."""
    attempt = begun(ml_engineer)

    def end() -> None:
        ended(attempt, golden.review_id, golden)

    def withdraw() -> None:
        withdraw_golden(golden.pk, lead, "Poisoned.")

    first, second = (withdraw, end) if withdrawn_first else (end, withdraw)

    def in_a_thread() -> None:
        try:
            second()
        finally:
            connection.close()

    other = threading.Thread(target=in_a_thread)
    with transaction.atomic():
        first()
        other.start()
        wait_until_somebody_waits_for_the_endings(other)
    other.join(timeout=60)

    assert marks() == [("music-sft", golden.pk, "Poisoned.")]


def wait_until_somebody_waits_for_the_endings(other: threading.Thread) -> None:
    while other.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            if cursor.fetchone()[0]:
                return
        other.join(timeout=0.05)


def test_a_mark_is_made_once_and_stays(
    ready_draft: Draft, golden: Golden, ml_engineer: Person, lead: Person, editor: Person
) -> None:
    ended(begun(ml_engineer), golden.review_id, golden)
    undo_review(editor, golden.review_id)

    assert DatasetMark.objects.count() == 1
