"""Near lessons: the same are found however many there are and however little is held in memory."""

import random
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Person
from explanations.models import Draft, Run
from feedback.models import Lesson, NearLessons
from feedback.near_texts import Texts, alike, numbers_of, word_pairs
from feedback.recipe import LEAST_ALIKE
from feedback.services.datasets import lessons, near_lessons
from feedback.services.datasets.lessons import prepare_lessons
from tests.feedback.test_choosing import grouped_draft, rejected
from tests.feedback.test_exporting import another_draft, reviewed

__all__ = ["another_draft"]

FORMS = (
    "You have worked with {} on {} sites, and {} is asked for and your profile shows none of it.",
    "Set up a small {} at home for {} and write down how {} did it.",
)
WORDS = ("docker", "python", "welding", "latin")

Near = dict[int, tuple[list[tuple[int, float]], float | None]]
"""Lesson -> the earlier ones it is near to, and how alike the first is that is not kept."""


def written_to_forms(chance: random.Random) -> Iterator[str]:
    """Most lines share their form with a third of the others, some with none."""
    while True:
        if chance.random() < 0.2:
            yield " ".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=12))
        else:
            yield chance.choice(FORMS).format(*chance.choices(WORDS, k=3))


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk of sixty lessons meets every limit."""
    monkeypatch.setattr(lessons, "BATCH", 7)
    for name, value in (
        ("MOST_NEAR", 2),
        ("MOST_COMPARED", 6),
        ("_BLOCK", 4),
        ("_MOST_HELD", 20),
        ("_AT_ONCE", 3),
        ("_MOST_PAIRS_HELD", 100),
    ):
        monkeypatch.setattr(near_lessons, name, value)


def compared_one_by_one() -> Near:
    """What each lesson is near to, found without any index, in the order of their ids."""
    found: Near = {}
    before: list[tuple[Lesson, str]] = []
    made = Lesson.objects.select_related("golden", "draft").order_by("pk")
    for later in made:
        text = later.draft.text if later.golden is None else later.golden.text
        sharing = [
            (earlier, its_text)
            for earlier, its_text in reversed(before)
            if (earlier.golden is None) == (later.golden is None)
            and set(earlier.bands) & set(later.bands)
        ][: near_lessons.MOST_COMPARED]
        near = sorted(
            (-share, earlier.pk)
            for earlier, its_text in sharing
            if (share := alike(word_pairs(text), word_pairs(its_text))) >= LEAST_ALIKE
        )
        most = near_lessons.MOST_NEAR
        kept = sorted((pk, -share) for share, pk in near[:most])
        found[later.pk] = (kept, -near[most][0] if len(near) > most else None)
        before.append((later, text))
    return found


def kept() -> Near:
    return {
        lesson.pk: (
            sorted((near.earlier_id, near.alike) for near in lesson.near_earlier.all()),
            lesson.crowded_from,
        )
        for lesson in Lesson.objects.prefetch_related("near_earlier")
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("seed", range(4))
def test_the_same_are_near_as_where_each_is_compared_with_each(
    run: Run, editor: Person, seed: int
) -> None:
    chance = random.Random(seed)
    lines = written_to_forms(chance)
    for turn in range(4):
        for number in range(chance.randrange(5, 25)):
            draft = grouped_draft(run, number, f"group {turn}", next(lines))
            if chance.random() < 0.3:
                rejected(draft, editor)
            else:
                reviewed(draft, editor, next(lines))
        # Each goes on where the one before has ended, and knows nothing of it.
        prepare_lessons()

    assert kept() == compared_one_by_one()
    assert NearLessons.objects.count() > 5


@pytest.mark.django_db
def test_lessons_that_another_worker_makes_meanwhile_are_compared_as_well(
    another_draft: Callable[[], Draft], editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "BATCH", 2)
    for number in range(8):
        reviewed(another_draft(), editor, FORMS[0].format("docker", number, "python"))
    others: list[int] = []

    def somebody_else_goes_on(done: int) -> None:
        if not others:
            others.append(0)
            others[0] = prepare_lessons()

    prepare_lessons(somebody_else_goes_on)
    for number in range(8):
        reviewed(another_draft(), editor, FORMS[0].format("python", number, "docker"))
    prepare_lessons(somebody_else_goes_on)

    assert others == [6]
    assert kept() == compared_one_by_one()
    assert NearLessons.objects.count() > 5


@given(own=st.text("ab c", max_size=20), others=st.lists(st.text("ab c", max_size=20), min_size=1))
def test_many_texts_at_once_are_as_alike_as_one_by_one(own: str, others: list[str]) -> None:
    pairs = [word_pairs(other) for other in others]
    found = Texts([numbers_of(each) for each in pairs]).alike(numbers_of(word_pairs(own)))
    assert np.array_equal(found, [alike(word_pairs(own), each) for each in pairs])
