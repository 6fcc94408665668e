"""Let the demo's first drafts appear: `manage.py draft_demo`."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Exists, OuterRef

from explanations.models import Run, Task
from explanations.services.runs import CannotStart, start_run
from explanations.services.selecting import Selection


class Command(BaseCommand):
    help = "Start a run of every task that can be drafted and never was. Safe to repeat."

    def handle(self, **options: Any) -> None:
        """Start the runs, and say so."""
        drafted = Run.objects.without_trials().filter(task=OuterRef("pk"))
        never_drafted = Task.objects.filter(~Exists(drafted))
        # The shortest texts first: somebody is waiting to see the first draft.
        for task in never_drafted.select_related("prompt", "model_version").order_by("word_limit"):
            if task.prompt is None or task.model_version is None:
                self.stdout.write(f"{task.name} has no prompt or no model yet.")
                continue
            try:
                run = start_run(
                    task, task.prompt, task.model_version, Selection(not_drafted=True), 1, None
                )
            except CannotStart as error:
                self.stdout.write(f"{task.name}: {error}")
            else:
                self.stdout.write(f"{task.name}: {run.drafts.count()} drafts on their way.")
