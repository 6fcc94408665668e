"""The form that starts a trial."""

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from explanations.models import MOST_SAMPLED, ModelVersion, Prompt
from explanations.services.trials import MOST_SEED, USUAL_SAMPLE


class TrialForm(forms.Form):
    """What to try a prompt version beside, and on how much."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    against = forms.ModelChoiceField(Prompt.objects.none(), label=_("Beside"), empty_label=None)
    model_version = forms.ModelChoiceField(
        ModelVersion.objects.none(), label=_("Model"), empty_label=None
    )
    sample = forms.IntegerField(
        min_value=1,
        max_value=MOST_SAMPLED,
        initial=USUAL_SAMPLE,
        label=_("Recommendations"),
        help_text=f"So many at random, at most {MOST_SAMPLED}; both sides get the same.",
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_SEED,
        help_text=_("Of an earlier trial, to take the same recommendations again. Drawn if empty."),
    )

    def __init__(self, typed: Mapping[str, Any] | None = None, *, prompt: Prompt) -> None:
        task = prompt.task
        # Beside the active version, or, if that is the one to try, beside the one before.
        others = Prompt.objects.filter(task=task).exclude(pk=prompt.pk).order_by("-number")
        is_active = task.prompt_id == prompt.pk
        beside = others.first() if is_active else task.prompt
        initial = {
            "against": beside,
            "model_version": task.model_version,
            "key": uuid.uuid4(),
        }
        super().__init__(typed, initial=initial)
        served = ModelVersion.objects.filter(servers__isnull=False).distinct().order_by("name")
        for name, rows in (("against", others.select_related("task")), ("model_version", served)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
            field.queryset = rows

    def again(self, prompt: Prompt) -> "TrialForm":
        """Return the same form, as it was filled in, to start another trial."""
        return TrialForm({**dict(self.data.items()), "key": str(uuid.uuid4())}, prompt=prompt)
