"""The forms of this app's pages."""

from typing import Any, Final

from django import forms
from django.db.models import QuerySet

from explanations.models import Draft, Import, ModelVersion, Prompt, Task
from explanations.services.drafts import DraftFilters
from explanations.services.runs import MOST_DRAFTS_EACH, Selection

IMPORTS_OFFERED: Final = 50

NOT_DRAFTED: Final = "not_drafted"
REJECTED: Final = "rejected"
IMPORT: Final = "import"
NAMED: Final = "named"
EVERYTHING: Final = "everything"

WHICH: Final = [
    (NOT_DRAFTED, "What has no draft yet"),
    (REJECTED, "What editors rejected before"),
    (IMPORT, "What an import brought"),
    (NAMED, "These, by their external ids"),
    (EVERYTHING, "Everything, again"),
]


class DeliveryForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,
        help_text="NDJSON or CSV, gzipped or not. Bad lines are named and stop nothing else.",
        widget=forms.ClearableFileInput(
            attrs={"accept": ".jsonl,.ndjson,.json,.csv,.gz,application/x-ndjson,text/csv"}
        ),
    )
    catalogue_owner = forms.CharField(
        label="Catalogue owner",
        max_length=200,
        required=False,
        help_text="Whom a wrong fact is reported to, such as an address or a team.",
    )


class RunForm(forms.Form):
    """What to draft, with which prompt and which model."""

    task = forms.ModelChoiceField(Task.objects.none(), empty_label=None)
    prompt = forms.ModelChoiceField(
        Prompt.objects.none(), required=False, empty_label="The task's active prompt"
    )
    model_version = forms.ModelChoiceField(
        ModelVersion.objects.none(),
        required=False,
        empty_label="The task's own model",
        label="Model",
    )
    which = forms.ChoiceField(choices=WHICH, initial=NOT_DRAFTED, widget=forms.RadioSelect)
    delivery = forms.ModelChoiceField(
        Import.objects.none(), required=False, label="Import", empty_label="None in particular"
    )
    external_ids = forms.CharField(
        required=False,
        label="External ids",
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="One a line.",
    )
    sample = forms.IntegerField(
        required=False, min_value=1, label="A sample of", help_text="So many, at random."
    )
    limit = forms.IntegerField(
        required=False, min_value=1, label="At most", help_text="The highest priority first."
    )
    drafts_each = forms.IntegerField(
        initial=1, min_value=1, max_value=MOST_DRAFTS_EACH, label="Drafts of each"
    )

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._offer("task", Task.objects.all())
        self._offer("prompt", Prompt.objects.select_related("task"))
        self._offer("model_version", ModelVersion.objects.filter(servers__isnull=False).distinct())
        latest = Import.objects.order_by("-id").values("pk")[:IMPORTS_OFFERED]
        self._offer("delivery", Import.objects.filter(pk__in=latest))

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - they are declared above
        field.queryset = rows

    def clean(self) -> dict[str, Any]:
        """Ask for what the choice of recommendations needs besides."""
        cleaned = super().clean() or {}
        if cleaned.get("which") == IMPORT and not cleaned.get("delivery"):
            self.add_error("delivery", "Which import?")
        if cleaned.get("which") == NAMED and not cleaned.get("external_ids", "").split():
            self.add_error("external_ids", "Name at least one.")
        return cleaned

    def selection(self) -> Selection:
        """Return which recommendations a valid form asks for."""
        asked = self.cleaned_data
        which = asked["which"]
        lines = [line.strip() for line in asked["external_ids"].splitlines()]
        return Selection(
            not_drafted=which == NOT_DRAFTED,
            rejected_before=which == REJECTED,
            import_id=asked["delivery"].pk if which == IMPORT else None,
            external_ids=[line for line in lines if line] if which == NAMED else None,
            sample=asked["sample"],
            limit=asked["limit"],
        )


class DraftFiltersForm(forms.Form):
    """Which drafts to list; what is not understood does not matter."""

    task = forms.ModelChoiceField(
        Task.objects.none(), required=False, to_field_name="slug", empty_label="Every task"
    )
    state = forms.ChoiceField(choices=[("", "Every state"), *Draft.State.choices], required=False)
    run = forms.IntegerField(required=False, min_value=1)
    model = forms.CharField(required=False, max_length=200)
    external_id = forms.CharField(required=False, max_length=200, label="External id")
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
        )
