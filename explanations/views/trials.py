"""The pages on which a prompt version is tried: the form, and the comparison while it grows."""

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from accounts.rights import DRAFT, RightRequiredMixin, person_of
from explanations.models import Prompt, Trial
from explanations.services import trials
from explanations.services.runs import CannotStart, CannotSteer
from explanations.services.trials import KeyReused
from explanations.trial_form import TrialForm

# What a page that grows still waits for: "17:1" is the pair of recommendation 17, one draft ended.
WAITING: Final = "waiting"
LOOK_AGAIN_S: Final = 2


class NewTrialPage(RightRequiredMixin, View):
    """`/tasks/<slug>/prompts/<number>/try/`: the form that starts a trial."""

    rights = (DRAFT,)

    def get(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        """Show the form."""
        prompt = _prompt(slug, number)
        return self.show(request, prompt, TrialForm(prompt=prompt))

    def post(self, request: HttpRequest, slug: str, number: int) -> HttpResponse:
        """Start the trial and go to its page, or show what is wrong."""
        prompt = _prompt(slug, number)
        form = TrialForm(request.POST, prompt=prompt)
        if not form.is_valid():
            return self.show(request, prompt, form)
        asked = form.cleaned_data
        try:
            trial = trials.start_trial(
                prompt,
                asked["against"],
                asked["model_version"],
                asked["sample"],
                asked["seed"],
                person_of(request),
                key=asked["key"],
            )
        except KeyReused as reused:
            form = form.again(prompt)
            form.add_error(
                None,
                f"This form has started trial {reused.trial.pk} already. "
                "Press again to start another.",
            )
            return self.show(request, prompt, form)
        except CannotStart as refusal:
            form.add_error(None, str(refusal))
            return self.show(request, prompt, form)
        return redirect("trial", slug, trial.pk)

    def show(self, request: HttpRequest, prompt: Prompt, form: TrialForm) -> HttpResponse:
        """Render the page."""
        context = {"task": prompt.task, "prompt": prompt, "form": form}
        return render(request, "explanations/trial_new.html", context)


class TrialPage(RightRequiredMixin, View):
    """`/tasks/<slug>/trials/<id>/`: both sides, text beside text.

    While drafts are being written the page asks for its summary again, and says for which pairs it
    waits: those that have moved on come along, and what somebody reads is left alone.
    """

    rights = (DRAFT,)

    def get(self, request: HttpRequest, slug: str, trial_id: int) -> HttpResponse:
        """Show the trial, or what is new since the page last asked."""
        trial = _trial(slug, trial_id)
        result = trials.result_of(trial)
        is_fragment = bool(getattr(request, "htmx", False))
        waiting = set(request.GET.getlist(WAITING))
        context = {
            "trial": trial,
            "task": trial.task,
            "result": result,
            "pairs": [pair for pair in result.pairs if not is_fragment or _moved_on(pair, waiting)],
            "is_fragment": is_fragment,
            "hindrance": None if result.is_finished else trials.hindrance_of(trial),
            "look_again_s": None if result.is_finished else LOOK_AGAIN_S,
        }
        part = "#news" if is_fragment else ""
        return render(request, f"explanations/trial.html{part}", context)

    def post(self, request: HttpRequest, slug: str, trial_id: int) -> HttpResponse:
        """Cancel what is left of the trial."""
        trial = _trial(slug, trial_id)
        if request.POST.get("step") != "cancel":
            return HttpResponseBadRequest("No such step.")
        try:
            trials.cancel_trial(trial, person_of(request))
        except CannotSteer as refusal:
            messages.error(request, str(refusal))
        return redirect("trial", slug, trial.pk)


def _moved_on(pair: trials.Pair, waiting: set[str]) -> bool:
    """Say whether the page waits for the pair, with fewer drafts than have ended by now."""
    return any(f"{pair.recommendation.pk}:{ended}" in waiting for ended in range(pair.ended))


def _prompt(slug: str, number: int) -> Prompt:
    return get_object_or_404(
        Prompt.objects.select_related("task__prompt", "task__model_version"),
        task__slug=slug,
        number=number,
    )


def _trial(slug: str, trial_id: int) -> Trial:
    found = Trial.objects.select_related(
        "task__prompt", "prompt", "against", "model_version", "created_by"
    )
    return get_object_or_404(found, task__slug=slug, pk=trial_id)
