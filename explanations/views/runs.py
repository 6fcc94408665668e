"""The pages of runs: the list, the form that starts one, and one that is watched and steered."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views import View

from accounts.models import Person
from accounts.rights import DRAFT, READ, RightRequiredMixin, has_right, person_of
from explanations.forms import RunForm
from explanations.models import Run
from explanations.services import runs
from explanations.services.runs import CannotStart, CannotSteer, KeyReused, Parts
from explanations.services.selecting import in_words
from explanations.services.watching import (
    Progress,
    counts_of,
    hindrance_of,
    hindrances_of,
    progress_of,
    steps_of,
)

RUNS_A_PAGE: Final = 30
STEPS_SHOWN: Final = 20
STEP_WORDS: Final = {
    "run.started": "started",
    "run.paused": "paused",
    "run.resumed": "resumed",
    "run.cancelled": "cancelled",
    "run.retried": "failed drafts tried again",
}

# Counting a large run costs the database more, and a second says less about it.
LARGE_RUN: Final = 20_000
LOOK_AGAIN_S: Final = 2
LOOK_AGAIN_AT_A_LARGE_RUN_S: Final = 5
LOOK_AGAIN_AT_A_LIST_S: Final = 10
LOOK_AGAIN_AT_REST_S: Final = 20

STEPS: Final[dict[str, Callable[[Run, Person], object]]] = {
    "pause": runs.pause,
    "resume": runs.resume,
    "cancel": runs.cancel,
    "retry": runs.retry_failed,
}


class RunsPage(RightRequiredMixin, View):
    """`/runs/`: all runs, newest first; the table is the fragment that the page asks for again."""

    rights = (READ,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """List the runs."""
        page = Paginator(_runs(), RUNS_A_PAGE).get_page(request.GET.get("page"))
        counts, hindrances = counts_of(page), hindrances_of(page)
        context = {
            "page_obj": page,
            "rows": [(run, counts[run.pk], hindrances.get(run.pk)) for run in page],
            "may_start": has_right(request.user, DRAFT),
            "look_again_s": LOOK_AGAIN_AT_A_LIST_S if any(map(_is_going_on, page)) else None,
        }
        part = "#table" if getattr(request, "htmx", False) else ""
        return render(request, f"explanations/runs.html{part}", context)


class NewRunPage(RightRequiredMixin, View):
    """`/runs/new/`: the form that starts a run; its fragment counts what the choice holds."""

    rights = (DRAFT,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the form; the address may fill it in."""
        return self._show(request, RunForm.fresh(request.GET.dict()))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the run and go to its page, or show what is wrong; a fragment only counts."""
        form = RunForm(request.POST)
        if getattr(request, "htmx", False):
            return self._count(request, form)
        if not form.is_valid():
            return self._show(request, form)
        try:
            parts = _parts(form)
            run = runs.start_run(
                parts.task,
                parts.prompt,
                parts.model_version,
                form.selection(),
                form.cleaned_data["drafts_each"],
                person_of(request),
                priority=form.cleaned_data["priority"],
                key=form.cleaned_data["key"],
            )
        except KeyReused as reused:
            form = form.again()
            form.add_error(
                None,
                f"This form has started run {reused.run.pk} already. Press again to start another.",
            )
            return self._show(request, form)
        except CannotStart as refusal:
            form.add_error(None, str(refusal))
            return self._show(request, form)
        return redirect("run", run.pk)

    def _count(self, request: HttpRequest, form: RunForm) -> HttpResponse:
        context: dict[str, Any] = {"form": form}
        if form.is_valid():
            try:
                parts = _parts(form)
                context["parts"] = parts
                context["holds"] = runs.preview(
                    parts,
                    form.selection(),
                    form.cleaned_data["drafts_each"],
                    form.cleaned_data["priority"],
                )
            except CannotStart as refusal:
                context["refusal"] = str(refusal)
        return render(request, "explanations/run_new.html#holds", context)

    def _show(self, request: HttpRequest, form: RunForm) -> HttpResponse:
        return render(request, "explanations/run_new.html", {"form": form})


def _parts(form: RunForm) -> Parts:
    asked = form.cleaned_data
    prompt, version = asked["prompt"], asked["model_version"]
    return runs.parts_of(
        asked["task"].slug,
        prompt.number if prompt else None,
        version.name if version else None,
    )


class RunPage(RightRequiredMixin, View):
    """`/runs/<id>/`: one run; its progress is the fragment that the page asks for while it runs."""

    rights = (READ,)

    def get(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Show the run, or only its progress."""
        run = get_object_or_404(_runs(), pk=run_id)
        progress = progress_of(run)
        # What the steps on offer depend on; the page sends back which it shows.
        offer = f"{run.state}-{'some' if progress.by_state['FAILED'] else 'none'}-failed"
        is_part = bool(getattr(request, "htmx", False))
        context: dict[str, Any] = {
            "run": run,
            "progress": progress,
            "hindrance": hindrance_of(run),
            "look_again_s": _look_again_s(run, progress),
            "may_steer": has_right(request.user, DRAFT),
            "offer": offer,
            "is_part": is_part,
            "offer_changed": request.GET.get("offer") != offer,
        }
        if is_part:
            return render(request, "explanations/run.html#look", context)
        context["selection"] = in_words(run.selection)
        context["steps"] = [
            (STEP_WORDS.get(step.action, step.action), step)
            for step in steps_of(run).order_by("-id")[:STEPS_SHOWN]
        ]
        return render(request, "explanations/run.html", context)

    def post(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """Take the step that the pressed button names."""
        if not has_right(request.user, DRAFT):
            raise PermissionDenied
        run = get_object_or_404(_runs(), pk=run_id)
        step = STEPS.get(request.POST.get("step", ""))
        if step is None:
            return HttpResponseBadRequest("No such step.")
        try:
            result = step(run, person_of(request))
        except CannotSteer as refusal:
            messages.warning(request, str(refusal))
        else:
            if isinstance(result, int):
                messages.success(
                    request,
                    ngettext(
                        "%(count)s failed draft is tried again.",
                        "%(count)s failed drafts are tried again.",
                        result,
                    )
                    % {"count": result},
                )
        return redirect("run", run.pk)


def _look_again_s(run: Run, progress: Progress) -> int | None:
    """Return after how many seconds the page looks again; None when nothing will change."""
    if _is_going_on(run) or progress.by_state["RUNNING"]:
        return LOOK_AGAIN_AT_A_LARGE_RUN_S if progress.total > LARGE_RUN else LOOK_AGAIN_S
    return LOOK_AGAIN_AT_REST_S if run.state == Run.State.PAUSED else None


def _is_going_on(run: Run) -> bool:
    return run.state == Run.State.RUNNING


def _runs() -> QuerySet[Run]:
    return Run.objects.without_trials().select_related(
        "task", "prompt", "model_version", "created_by"
    )
