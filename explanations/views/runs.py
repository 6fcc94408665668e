"""The pages of runs: the list, the form that starts one, and one that is watched and steered."""

from collections.abc import Callable
from math import ceil
from typing import Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from accounts.models import Person
from accounts.rights import DRAFT, READ, RightRequiredMixin, has_right, person_of
from explanations.forms import RunForm
from explanations.models import Run
from explanations.services import runs
from explanations.services.drafting.drainers import at_work
from explanations.services.runs import CannotStart, CannotSteer

RUNS_A_PAGE: Final = 30

STEPS: Final[dict[str, Callable[[Run, Person], object]]] = {
    "pause": runs.pause,
    "resume": runs.resume,
    "cancel": runs.cancel,
    "retry": runs.retry_failed,
}


class RunsPage(RightRequiredMixin, View):
    """`/runs/`: all runs, newest first."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the runs."""
        page = Paginator(_runs(), RUNS_A_PAGE).get_page(request.GET.get("page"))
        counts = runs.counts_of(list(page))
        context = {
            "page_obj": page,
            "rows": [(run, runs.Progress(counts[run.pk])) for run in page],
            "may_start": has_right(request.user, DRAFT),
        }
        return render(request, "explanations/runs.html", context)


class NewRunPage(RightRequiredMixin, View):
    """`/runs/new/`: the form that starts a run."""

    rights = (DRAFT,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form; the address may fill it in."""
        return self._show(request, RunForm(initial=request.GET.dict()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the run and go to its page, or show what is wrong."""
        form = RunForm(request.POST)
        if not form.is_valid():
            return self._show(request, form)
        asked = form.cleaned_data
        prompt, version = asked["prompt"], asked["model_version"]
        try:
            if prompt and prompt.task_id != asked["task"].pk:
                raise CannotStart("This prompt belongs to another task.")
            parts = runs.parts_of(
                asked["task"].slug,
                prompt.number if prompt else None,
                version.name if version else None,
            )
            run = runs.start_run(
                parts.task,
                parts.prompt,
                parts.model_version,
                form.selection(),
                asked["drafts_each"],
                person_of(request),
            )
        except CannotStart as refusal:
            form.add_error(None, str(refusal))
            return self._show(request, form)
        return redirect("run", run.pk)

    def _show(self, request: HttpRequest, form: RunForm) -> HttpResponse:
        return render(request, "explanations/run_new.html", {"form": form})


class RunPage(RightRequiredMixin, View):
    """`/runs/<id>/`: one run; its progress is the fragment that the page asks for while it runs."""

    rights = (READ,)

    def get(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Show the run, or only its progress."""
        run = get_object_or_404(_runs(), pk=run_id)
        progress = runs.progress_of(run)
        context = {
            "run": run,
            "progress": progress,
            "minutes_left": ceil(progress.minutes_left) if progress.minutes_left else None,
            "ready": progress.by_state["READY"] + progress.by_state["REVIEWED"],
            "trouble": runs.trouble_of(run) if run.state == Run.State.RUNNING else [],
            "nobody_drafts": progress.by_state["PENDING"] and not at_work()[0],
            # A paused run moves on only while something is still with the model.
            "is_live": run.state == Run.State.RUNNING or progress.by_state["RUNNING"] > 0,
            "may_steer": has_right(request.user, DRAFT),
        }
        part = "#progress" if getattr(request, "htmx", False) else ""
        return render(request, f"explanations/run.html{part}", context)

    def post(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Take the step that the pressed button names."""
        if not has_right(request.user, DRAFT):
            raise PermissionDenied
        run = get_object_or_404(_runs(), pk=run_id)
        step = STEPS.get(request.POST.get("step", ""))
        if step is None:
            return HttpResponseBadRequest("No such step.")
        try:
            step(run, person_of(request))
        except CannotSteer as refusal:
            messages.error(request, str(refusal))
        return redirect("run", run.pk)


def _runs() -> QuerySet[Run]:
    return Run.objects.select_related("task", "prompt", "model_version", "created_by")
