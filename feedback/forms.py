"""The forms of this app's pages."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from explanations.checks import check_names
from explanations.models import Category, Draft, ModelVersion, Task
from feedback.models import Golden, SavedView
from feedback.services.searching import (
    DRAFTS,
    GOLDENS,
    MOST_CHARACTERS,
    MOST_NUMBER,
    Search,
)

ABOUT = [(DRAFTS, _("Drafts")), (GOLDENS, _("Goldens"))]
STATES: dict[str, type[models.TextChoices]] = {DRAFTS: Draft.State, GOLDENS: Golden.State}

# An address that is longer is refused by servers on the way.
MOST_FILTERS: Final = 4_000

# The fields that stand folded away until one of them is used.
NARROWING = (
    *("task", "category", "check", "model", "prompt", "run"),
    *("made_from", "made_to", "similar_to"),
)


class SearchForm(forms.Form):
    """What to search for; its fields are named as those of `Search`, and stand in the address."""

    about = forms.ChoiceField(
        choices=ABOUT,
        required=False,
        label=_("Search in"),
        widget=forms.RadioSelect,
        initial=DRAFTS,
    )
    words = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        label=_("Words"),
        help_text=_("“In quotes” together, or, -without."),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    pattern = forms.CharField(
        required=False,
        max_length=MOST_CHARACTERS,
        strip=False,
        label=_("Regular expression"),
        help_text=_("Of PostgreSQL; (?i) for either case."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    task = forms.ChoiceField(required=False, label=_("Task"))
    category = forms.ChoiceField(required=False, label=_("Tagged by an editor as"))
    check = forms.ChoiceField(required=False, label=_("Found by the check"))
    model = forms.ChoiceField(required=False, label=_("Model"))
    prompt = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_NUMBER, label=_("Prompt version")
    )
    run = forms.IntegerField(required=False, min_value=1, max_value=MOST_NUMBER, label=_("Run"))
    made_from = forms.DateField(
        required=False, label=_("Made on or after"), widget=forms.DateInput(attrs={"type": "date"})
    )
    made_to = forms.DateField(
        required=False, label=_("Made on or before"), widget=forms.DateInput(attrs={"type": "date"})
    )
    similar_to = forms.IntegerField(
        required=False, min_value=1, max_value=MOST_NUMBER, label=_("Like the draft number")
    )
    state = forms.MultipleChoiceField(required=False, widget=forms.MultipleHiddenInput)

    def __init__(self, data: QueryDict) -> None:
        asked = data.copy()
        about = asked.setdefault("about", DRAFTS)
        super().__init__(asked)
        self._offer("state", list(STATES[GOLDENS if about == GOLDENS else DRAFTS].choices))
        self._offer("task", [("", "Every task"), *Task.objects.values_list("slug", "name")])
        categories = Category.objects.order_by("slug").values_list("slug", "name").distinct("slug")
        self._offer("category", [("", "Anything or nothing"), *categories])
        self._offer("check", [("", "Any or none"), *((name, name) for name in check_names())])
        models = ModelVersion.objects.order_by("name").values_list("name", "name")
        self._offer("model", [("", "Every model"), *models])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - they are declared above
        field.choices = choices

    def wanted(self) -> Search:
        """Return the search that a valid form asks for."""
        asked = dict(self.cleaned_data)
        return Search(
            about=asked.pop("about") or DRAFTS,
            states=tuple(asked.pop("state")),
            **asked,
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether more is asked for than words, a pattern and where to look."""
        return any(self.data.get(name) for name in NARROWING)

    def problems(self) -> list[str]:
        """Return what is wrong, each sentence with the name of its field."""
        return [
            f"{self[name].label}: {error}" if name in self.fields else str(error)
            for name, errors in self.errors.items()
            for error in errors
        ]


def in_words(search: Mapping[str, Any]) -> str:
    """Return a search, as `Search.as_asked` keeps it, for people."""
    states = STATES[search["about"]]
    said = [
        f"{SearchForm.base_fields[name].label}: {value}"
        for name, value in search.items()
        if name not in {"about", "states"}
    ]
    if "states" in search:
        said.append(", ".join(str(states[state]) for state in search["states"]))
    return "; ".join(said) if said else "everything"


class SavedViewForm(forms.Form):
    """A view of the dashboard and the name that it is kept under."""

    name = forms.CharField(
        max_length=80,
        error_messages={"required": _("A view is found again by its name: give it one.")},
    )
    page = forms.ChoiceField(choices=SavedView.Page.choices)
    asked = forms.CharField(
        required=False,
        max_length=MOST_FILTERS,
        error_messages={"max_length": _("These are more filters than a view can hold.")},
    )
    shared = forms.BooleanField(required=False)
