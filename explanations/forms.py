"""The forms of this app's pages."""

import secrets
import uuid
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

from django import forms
from django.db.models import Case, F, Q, QuerySet, When
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from explanations.checks import check_names
from explanations.models import Draft, Import, ModelVersion, Prompt, Task
from explanations.services.drafts import DraftFilters
from explanations.services.runs import MOST_DRAFTS_EACH
from explanations.services.selecting import (
    HIGHEST_PRIORITY,
    MOST_RECOMMENDATIONS,
    MOST_SEARCHED,
    SEEDS,
    Selection,
)

IMPORTS_OFFERED: Final = 50

NOT_DRAFTED: Final = "not_drafted"
REJECTED: Final = "rejected"
NAMED: Final = "named"
EVERYTHING: Final = "everything"

IS_ACTIVE: Final = Case(When(task__prompt=F("pk"), then=True), default=False)

WHICH: Final = [
    (NOT_DRAFTED, "What has no draft yet"),
    (REJECTED, "What editors rejected, and nothing better is there since"),
    (EVERYTHING, "Everything, drafted before or not"),
    (NAMED, "Named ones, by their external ids"),
]


class DeliveryForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("NDJSON or CSV, gzipped or not. Bad lines are named and stop nothing else."),
        widget=forms.ClearableFileInput(
            attrs={"accept": ".jsonl,.ndjson,.json,.csv,.gz,application/x-ndjson,text/csv"}
        ),
    )
    catalogue_owner = forms.CharField(
        label=_("Catalogue owner"),
        max_length=200,
        required=False,
        help_text=_("Whom a wrong fact is reported to, such as an address or a team."),
    )


class PromptsByTask(ModelChoiceIterator):  # type: ignore[type-arg] # no generic at run time
    """Prompts under the names of their tasks."""

    def __iter__(self) -> Iterator[Any]:
        """Yield no prompt in particular, and then each task with its prompts."""
        yield ("", self.field.empty_label)
        prompts = self.queryset.select_related("task").order_by("task__slug", "-number")
        for task, group in groupby(prompts, key=lambda prompt: prompt.task):
            yield (task.name, [self.choice(prompt) for prompt in group])


class PromptField(forms.ModelChoiceField):  # type: ignore[type-arg] # no generic at run time
    """A prompt of any task."""

    iterator = PromptsByTask

    def label_from_instance(self, prompt: Any) -> str:
        """Return its number, and whether it is the active one."""
        return f"Prompt {prompt.number}{', active' if prompt.is_active else ''}"


class RunForm(forms.Form):
    """What to draft, with which prompt and which model."""

    key = forms.UUIDField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    task = forms.ModelChoiceField(Task.objects.none(), empty_label=None)
    prompt = PromptField(
        Prompt.objects.none(), required=False, empty_label=_("The task's active prompt")
    )
    model_version = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label=_("The task's own model"),
        label=_("Model"),
    )
    which = forms.ChoiceField(choices=WHICH, initial=NOT_DRAFTED, widget=forms.RadioSelect)
    external_ids = forms.CharField(
        required=False,
        label=_("External ids"),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One a line."),
    )
    search = forms.CharField(
        required=False,
        max_length=MOST_SEARCHED,
        label=_("A fact says"),
        widget=forms.TextInput(attrs={"type": "search"}),
        help_text=_("These words, in any fact of the item."),
    )
    delivery = forms.ModelChoiceField(
        Import.objects.none(), required=False, label=_("Import"), empty_label=_("Any")
    )
    locale = forms.CharField(
        required=False, max_length=35, help_text=_("Such as en; it takes in en-GB.")
    )
    least_priority = forms.IntegerField(
        required=False, min_value=0, max_value=HIGHEST_PRIORITY, label=_("Priority from")
    )
    most_priority = forms.IntegerField(
        required=False, min_value=0, max_value=HIGHEST_PRIORITY, label=_("Priority to")
    )
    changed_from = forms.DateField(
        required=False,
        label=_("From day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("It came or last changed then."),
    )
    changed_to = forms.DateField(
        required=False,
        label=_("To day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=_("Included."),
    )
    sample = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("A sample of"),
        help_text=_("So many, at random; all if empty."),
    )
    seed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST_RECOMMENDATIONS,
        help_text=_("The same seed draws the same sample."),
    )
    limit = forms.IntegerField(
        required=False, min_value=1, label=_("At most"), help_text=_("The highest priority first.")
    )
    drafts_each = forms.IntegerField(
        initial=1,
        min_value=1,
        max_value=MOST_DRAFTS_EACH,
        label=_("Drafts of each"),
        help_text=f"1 to {MOST_DRAFTS_EACH}.",
    )
    priority = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=HIGHEST_PRIORITY,
        label=_("Priority of the drafts"),
        help_text=f"0 to {HIGHEST_PRIORITY}, when drafting and when reviewing; as recommended if "
        "empty.",
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._offer("task", Task.objects.all())
        self._offer("prompt", Prompt.objects.annotate(is_active=IS_ACTIVE))
        self._offer("model_version", ModelVersion.objects.filter(servers__isnull=False).distinct())
        offered = Q(pk__in=Import.objects.order_by("-id").values("pk")[:IMPORTS_OFFERED])
        asked = str(self.data.get("delivery") or self.initial.get("delivery") or "")
        if asked.isdecimal():
            offered |= Q(pk=int(asked))
        self._offer("delivery", Import.objects.filter(offered))

    @classmethod
    def fresh(cls, filled_in: dict[str, Any]) -> "RunForm":
        """Return a form that starts a run of its own, with a seed of its own."""
        drawn = {"seed": secrets.randbelow(SEEDS)}
        return cls(initial={**drawn, **filled_in, "key": uuid.uuid4()})

    def again(self) -> "RunForm":
        """Return the same form, as it was filled in, to start another run."""
        return RunForm({**dict(self.data.items()), "key": str(uuid.uuid4())})

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - they are declared above
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        """Ask for what the choice of recommendations needs besides."""
        cleaned = super().clean() or {}
        if cleaned.get("which") == NAMED and not cleaned.get("external_ids", "").split():
            self.add_error("external_ids", _("Name at least one."))
        prompt, task = cleaned.get("prompt"), cleaned.get("task")
        if prompt and task and prompt.task_id != task.pk:
            self.add_error("prompt", _("This prompt belongs to another task."))
        return cleaned

    def selection(self) -> Selection:
        """Return which recommendations a valid form asks for."""
        asked = self.cleaned_data
        which = asked["which"]
        lines = [line.strip() for line in asked["external_ids"].splitlines()]
        return Selection(
            not_drafted=which == NOT_DRAFTED,
            rejected_before=which == REJECTED,
            import_id=asked["delivery"].pk if asked["delivery"] else None,
            external_ids=[line for line in lines if line] if which == NAMED else None,
            locale=asked["locale"],
            search=asked["search"],
            least_priority=asked["least_priority"],
            most_priority=asked["most_priority"],
            changed_from=asked["changed_from"],
            changed_to=asked["changed_to"],
            sample=asked["sample"],
            seed=asked["seed"] if asked["sample"] else None,
            limit=asked["limit"],
        )


class DraftFiltersForm(forms.Form):
    """Which drafts to list; what is not understood does not matter."""

    task = forms.ModelChoiceField(
        Task.objects.none(), required=False, to_field_name="slug", empty_label=_("Every task")
    )
    state = forms.ChoiceField(
        choices=[("", _("Every state")), *Draft.State.choices], required=False
    )
    run = forms.IntegerField(required=False, min_value=1)
    model = forms.CharField(required=False, max_length=200)
    external_id = forms.CharField(required=False, max_length=200, label=_("External id"))
    check = forms.ChoiceField(
        required=False,
        choices=lambda: [("", _("Any finding or none")), *((name, name) for name in check_names())],
        label=_("Finding of"),
    )
    failure_reason = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        task = self.fields["task"]
        assert isinstance(task, forms.ModelChoiceField)  # noqa: S101 - it is declared above
        task.queryset = Task.objects.all()

    def filters(self) -> DraftFilters:
        """Return the filters of those fields that are valid."""
        self.is_valid()
        asked = self.cleaned_data
        task = asked.get("task")
        state = asked.get("state")
        return DraftFilters(
            task=task.slug if task else "",
            run_id=asked.get("run"),
            states=(state,) if state else (),
            model=asked.get("model", ""),
            failure_reason=asked.get("failure_reason", ""),
            external_id=asked.get("external_id", ""),
            check=asked.get("check", ""),
        )
