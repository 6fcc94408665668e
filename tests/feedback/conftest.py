"""What the tests of the human side need besides the desk's people and tasks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from explanations.models import Draft, Run, Task
from feedback.models import Assignment
from tests.conftest import LISTENER, TRACK, drafted, recommended

DraftMaker = Callable[..., list[Draft]]


@pytest.fixture
def drafts(run: Run, music_task: Task) -> DraftMaker:
    """Put n drafts into the queue, each about a track of its own: `drafts(3, priority=80)`."""

    def make(count: int, *, priority: int = 50) -> list[Draft]:
        made = run.drafts.count()
        return [
            drafted(
                run,
                recommended(
                    music_task,
                    f"track:{number}",
                    {**TRACK, "title": f"Deer Heart {number}"},
                    LISTENER,
                    group="Dead Rabbitts",
                    priority=priority,
                ),
                f"Dead Rabbitts sound metalcore for the {number}th time.",
                rests_on=["/item/artist", "/item/genre"],
            )
            for number in range(made, made + count)
        ]

    return make


def let_the_lease_run_out(assignment: Assignment) -> None:
    """Turn the desk's clock past the lease by moving the lease into the past."""
    Assignment.objects.filter(pk=assignment.pk).update(
        leased_until=F("created_at") - timedelta(seconds=1)
    )
