"""What changed in a guide since somebody last read it, and that they have read it now."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.db.models.functions import Now

from accounts.models import Person
from explanations.models import Guide, GuideAcknowledgement, Task
from explanations.services.versions import Differences, differences


@dataclass(frozen=True, slots=True)
class GuideNews:
    """A task's active guide, and what of it is new to somebody.

    `last_read` is the version that they read before it; None when they never read one.
    """

    task: Task
    guide: Guide
    is_read: bool
    last_read: Guide | None = None

    @property
    def changes(self) -> Differences | None:
        """What is different from the version that they read before; None where there is none."""
        return None if self.last_read is None else differences(self.last_read, self.guide)


def news_of(task: Task, person: Person) -> GuideNews | None:
    """Return what is new to a person in the guide of a task, or None where it has no guide."""
    if task.guide is None:
        return None
    read = [
        each.guide
        for each in GuideAcknowledgement.objects.filter(person=person, guide__task=task)
        .select_related("guide")
        .order_by("-at")
    ]
    others = [guide for guide in read if guide.pk != task.guide_id]
    return GuideNews(
        task=task,
        guide=task.guide,
        is_read=len(others) < len(read),
        last_read=others[0] if others else None,
    )


def unread_guides(person: Person) -> list[GuideNews]:
    """Return the active guides that a person has not read, by task; without what changed."""
    read = GuideAcknowledgement.objects.filter(person=person, guide=OuterRef("guide"))
    tasks = Task.objects.filter(~Exists(read), guide__isnull=False).select_related("guide")
    return [GuideNews(task, task.guide, is_read=False) for task in tasks if task.guide]


def acknowledge(guide: Guide, person: Person) -> None:
    """Keep that a person has read a guide, now; safe to repeat."""
    GuideAcknowledgement.objects.bulk_create(
        [GuideAcknowledgement(guide=guide, person=person, at=Now())],
        update_conflicts=True,
        unique_fields=["guide", "person"],
        update_fields=["at"],
    )
