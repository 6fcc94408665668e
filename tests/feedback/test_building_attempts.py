"""One attempt at a dataset: it keeps its lease by working, and notices when it has lost it."""

from datetime import datetime
from uuid import uuid4

import pytest
from django.db.models import F

from accounts.models import Person
from explanations.models import Task
from feedback.models import Dataset
from feedback.recipe import read_recipe
from feedback.services.datasets import attempt as attempts
from feedback.services.datasets.attempt import LEASE, Attempt, AttemptLost, claim
from feedback.services.datasets.creating import cancel_dataset, create_dataset

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(music_task: Task, ml_engineer: Person) -> Dataset:
    """A dataset that waits."""
    recipe = read_recipe({"name": "lines", "tasks": ["music-oneliner"]})
    return create_dataset(recipe, ml_engineer, uuid4())


@pytest.fixture
def attempt(asked: Dataset, monkeypatch: pytest.MonkeyPatch) -> Attempt:
    """An attempt that tells each time it is asked to."""
    monkeypatch.setattr(attempts, "_TOLD_EVERY_S", 0.0)
    claimed = claim(asked.pk)
    assert claimed is not None
    return Attempt(claimed)


def lease_of(dataset: Dataset) -> datetime:
    dataset.refresh_from_db()
    assert dataset.lease_until is not None
    return dataset.lease_until


def lapsed(dataset: Dataset) -> None:
    """Two leases go by in which nobody hears of the worker."""
    Dataset.objects.filter(pk=dataset.pk).update(lease_until=F("lease_until") - 2 * LEASE)


def test_whoever_tells_how_far_it_is_keeps_the_lease(attempt: Attempt, asked: Dataset) -> None:
    attempt.enter(Dataset.Stage.WRITING, wanted=1000)
    lapsed(asked)
    before = lease_of(asked)

    attempt.tell(500)

    assert lease_of(asked) - before > LEASE
    assert (asked.done, asked.wanted) == (500, 1000)
    assert claim(asked.pk) is None


def test_whoever_does_not_tell_loses_it(attempt: Attempt, asked: Dataset) -> None:
    lapsed(asked)

    assert claim(asked.pk) is not None
    with pytest.raises(AttemptLost):
        attempt.tell(500)


def test_it_is_told_once_a_second_at_most(asked: Dataset) -> None:
    claimed = claim(asked.pk)
    assert claimed is not None
    attempt = Attempt(claimed)

    for done in range(1, 10_000):
        attempt.tell(done)

    asked.refresh_from_db()
    assert asked.done < 9_999


def test_a_build_hears_of_its_cancellation_at_the_next_batch(
    attempt: Attempt, asked: Dataset, ml_engineer: Person
) -> None:
    attempt.tell(100)
    cancel_dataset(asked.pk, ml_engineer)

    with pytest.raises(AttemptLost):
        attempt.tell(200)
    with pytest.raises(AttemptLost):
        attempt.enter(Dataset.Stage.STORING)
    with pytest.raises(AttemptLost):
        attempt.end_failed("Too late.")
    with pytest.raises(AttemptLost):
        attempt.end_ready([], 0, {})
    asked.refresh_from_db()
    assert (asked.state, asked.done) == (Dataset.State.CANCELLED, 100)


def test_three_workers_are_enough(asked: Dataset) -> None:
    for _ in range(3):
        assert claim(asked.pk) is not None
        lapsed(asked)

    assert claim(asked.pk) is None
