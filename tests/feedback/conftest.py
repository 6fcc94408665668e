"""What the tests of the human side need besides the desk's people and tasks."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models import F

from accounts.models import Person
from explanations.models import Draft, ModelVersion, Run, Task
from feedback.models import Assignment
from tests.conftest import LISTENER, TRACK, drafted, drafting_run, recommended
from tests.feedback.judged_desk import JudgedDesk

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


@pytest.fixture
def judged_desk(editor: Person) -> JudgedDesk:
    """Judges many drafts at once: `judged_desk.judge(run, 40, "REJECT", tags=[("tone", 1)])`."""
    return JudgedDesk(editor)


@pytest.fixture
def candidate_run(music_task: Task, ml_engineer: Person) -> Run:
    """A run of the model that may follow the live one."""
    return drafting_run(music_task, ModelVersion.objects.create(name="smollm2-tuned"), ml_engineer)


@pytest.fixture
def busy_desk(
    judged_desk: JudgedDesk, run: Run, candidate_run: Run, music_task: Task
) -> JudgedDesk:
    """Weeks of reviews: a live model and a better one, and a period before that was worse."""
    music_task.model_version = run.model_version
    music_task.save()
    judge, fine = judged_desk.judge, {"specific": "yes", "in-voice": "yes"}
    judge(run, 40, "ACCEPT", answers=fine)
    judge(run, 10, "BLAND", answers={"specific": "no"}, days_ago=9)
    judge(run, 30, "EDIT", tags=[("tone", 1), ("generic", 1)], answers=fine, days_ago=9)
    judge(run, 15, "REJECT", tags=[("attribution", 5), ("harmful", 25)], days_ago=16)
    judge(run, 5, "UNREVIEWABLE", days_ago=2)
    judge(candidate_run, 45, "ACCEPT", answers=fine, days_ago=3)
    judge(candidate_run, 20, "EDIT", tags=[("tone", 1)], days_ago=3, words_changed=6)
    judge(run, 35, "REJECT", tags=[("unsupported", 5)], blind=False, days_ago=4)
    judge(run, 20, "ACCEPT", days_ago=40)
    judge(run, 40, "EDIT", tags=[("tone", 1)], days_ago=40)
    judged_desk.count()
    return judged_desk
