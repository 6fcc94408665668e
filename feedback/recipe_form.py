"""The form of a recipe: the same fields as `feedback.recipe`, as a page asks for them.

It says what a recipe is in the fields' own words and hands it to `read_recipe`, which alone knows
the rules; what that refuses comes back beside the field it is about.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.in_words import in_words
from accounts.models import Person
from explanations.models import Category, Criterion, ModelVersion, Prompt, Task
from feedback.formats import FILE_KINDS, training_format_slugs
from feedback.models import Review
from feedback.recipe import (
    DEFAULT_ALIKE,
    DEFAULT_SALT,
    LEAST_ALIKE,
    SENTENCES,
    SPLITS,
    InvalidRecipe,
    Recipe,
    read_recipe,
)

# What each format is for; one that is not here stands for itself.
FORMAT_WORDS: Final[Mapping[str, Any]] = {
    "sft": _("prompt and golden: what supervised fine-tuning learns"),
    "messages": _("the same as one conversation"),
    "dpo": _("golden over draft, with the causes: preferences"),
    "kto": _("good and bad answers one by one: labels"),
    "spans": _("drafts with their tags: models that find errors"),
    "eval": _("prompt, facts and golden: for scoring, never trained on"),
    "openai-chat": _("conversations as OpenAI’s service takes them"),
    "openai-preference": _("preferences as OpenAI’s service takes them"),
    "llama-factory-dpo": _("preferences as LLaMA-Factory reads them"),
    "llama-factory-kto": _("labels as LLaMA-Factory reads them"),
}
FILE_WORDS: Final[Mapping[str, Any]] = {
    "jsonl": _("one row a line"),
    "jsonl.gz": _("the same, compressed"),
    "parquet": _("columns with types"),
}
ANSWERS: Final = [("", _("Any answer")), ("yes", _("yes")), ("no", _("no")), ("na", _("n/a"))]

# Where a problem of the recipe stands, if not at the field of its own name.
_PLACES: Final = {
    "files": "file_kinds",
    "shares": "share_train",
    "fewest": "fewest_train",
    "filters.prompts": "prompt_numbers",
    "filters.criteria": None,
    "prompts": None,
}
_NO_CHOICES: Final[list[Any]] = []


def _ticks(label: Any, *, required: bool = False, help_text: Any = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label,
        choices=_NO_CHOICES,
        required=required,
        help_text=help_text,
        widget=forms.CheckboxSelectMultiple,
    )


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(required=False, label=label, widget=widget)


def _percent(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        required=False,
        label=label,
        min_value=0,
        max_value=100,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )


def _count(label: Any, least: int, help_text: Any = "") -> forms.IntegerField:
    return forms.IntegerField(
        required=False, label=label, min_value=least, max_value=10**9, help_text=help_text
    )


class RecipeForm(forms.Form):
    """What a dataset is to be made of."""

    key = forms.UUIDField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_(
            "Small letters, digits and hyphens, such as music-sft. A name that there is gets its "
            "next version."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    tasks = _ticks(_("Tasks"), required=True)
    formats = _ticks(_("Formats"), required=True)
    file_kinds = _ticks(_("Files"), required=True)

    reviewed_from = _day(_("Reviewed from"))
    reviewed_until = _day(_("Reviewed until"))
    agreement = forms.ChoiceField(
        label=_("Agreement"),
        choices=[
            ("any", _("Whatever other editors said")),
            ("agreed", _("Only where all reviews of the draft agree")),
        ],
        initial="any",
    )
    locales = forms.CharField(
        required=False, label=_("Languages"), help_text=_("Such as en, de-AT; all if empty.")
    )
    prompt_numbers = forms.CharField(
        required=False,
        label=_("Prompt versions"),
        help_text=_("Such as 2, 3; all if empty."),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )
    editors = _ticks(_("Editors"))
    models = _ticks(_("Models"))
    tags = _ticks(_("Tagged as"), help_text=_("With at least one of these."))

    share_train = _percent(_("Train, per cent"))
    share_validation = _percent(_("Validation, per cent"))
    share_test = _percent(_("Test, per cent"))
    fewest_train = _count(_("At least reviews: train"), 0)
    fewest_validation = _count(_("At least reviews: validation"), 0)
    fewest_test = _count(_("At least reviews: test"), 0)
    salt = forms.CharField(
        required=False,
        label=_("Salt"),
        max_length=60,
        help_text=_("Datasets of one salt never move a row from one split to another."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    alike = forms.DecimalField(
        required=False,
        label=_("Near duplicates from"),
        min_value=LEAST_ALIKE,
        max_value=1,
        help_text=_("From which share of pairs of words two texts count as one: 0.7 to 1."),
        widget=forms.NumberInput(attrs={"step": "0.01"}),
    )
    most_per_group = _count(_("At most per group"), 1, _("Reviews; no limit if empty."))
    most_per_editor = _count(_("At most per editor"), 1, _("Reviews; no limit if empty."))

    def __init__(
        self, data: QueryDict | None = None, *, recipe: Mapping[str, Any] | None = None
    ) -> None:
        self._former = recipe
        initial = _as_typed(recipe or {}) | {"key": uuid.uuid4()}
        super().__init__(data, initial=initial)
        tasks = Task.objects.order_by("pk")
        self._offer("tasks", [(task.slug, task.name) for task in tasks])
        self._offer("formats", _in_words(training_format_slugs(), FORMAT_WORDS))
        self._offer("file_kinds", _in_words(FILE_KINDS, FILE_WORDS))
        reviewers = Person.objects.filter(Exists(Review.objects.filter(editor=OuterRef("pk"))))
        self._offer("editors", [(each.username, str(each)) for each in reviewers])
        models = ModelVersion.objects.order_by("name").values_list("name", "name")
        self._offer("models", models)
        tags = Category.objects.order_by("slug").distinct("slug").values_list("slug", "name")
        self._offer("tags", tags)
        self.tasks_offered = list(tasks)
        for task in tasks:
            self._ask_for_prompt(task)
        self._ask_for_answers()

    def _offer(self, name: str, choices: Iterable[tuple[str, Any]]) -> None:
        """Offer these, and what a former recipe has chosen, be it gone by now."""
        offered = list(choices)
        known = {value for value, _words in offered}
        chosen = self.initial.get(name) or []
        offered += [(value, value) for value in chosen if value not in known]
        field = self.fields[name]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101 - they are declared above
        field.choices = offered

    def _ask_for_prompt(self, task: Task) -> None:
        prompts = Prompt.objects.filter(task=task).order_by("-number")
        choices = [
            (str(number), gettext("Prompt %(number)s") % {"number": number})
            for number in prompts.values_list("number", flat=True)
        ]
        self.fields[f"prompt_of_{task.slug}"] = forms.ChoiceField(
            label=task.name,
            required=False,
            choices=[("", _("Each draft's own prompt")), *choices],
        )

    def _ask_for_answers(self) -> None:
        criteria = Criterion.objects.order_by("slug").distinct("slug")
        for slug, name in criteria.values_list("slug", "name"):
            self.fields[f"answer_{slug}"] = forms.ChoiceField(
                label=name, required=False, choices=ANSWERS
            )

    def prompt_fields(self) -> list[forms.BoundField]:
        """Return the fields that ask for the prompt to render each task with."""
        return [self[name] for name in self.fields if name.startswith("prompt_of_")]

    def answer_fields(self) -> list[forms.BoundField]:
        """Return the fields that ask for the answers to criteria."""
        return [self[name] for name in self.fields if name.startswith("answer_")]

    @property
    def is_filtered(self) -> bool:
        """Whether anything stands in the filters, which are folded away otherwise."""
        names = ("reviewed_from", "reviewed_until", "locales", "prompt_numbers", "editors")
        bound = [self[name] for name in (*names, "models", "tags")]
        wanted = any(field.value() for field in [*bound, *self.answer_fields()])
        return wanted or self["agreement"].value() == "agreed"

    def recipe(self) -> Recipe | None:
        """Return the recipe of a form that is right, or None with its fields saying what is not."""
        if not self.is_valid():
            return None
        try:
            return read_recipe(self._body())
        except InvalidRecipe as refused:
            self.refuse(refused)
            return None

    def refuse(self, refused: InvalidRecipe) -> None:
        """Say at each field what is wrong with it."""
        for place, sentences in refused.problems.items():
            name = _PLACES.get(place, place.removeprefix("filters."))
            for sentence in sentences:
                words = in_words(sentence, SENTENCES)
                self.add_error(name if name in self.fields else None, words)

    def again(self) -> "RecipeForm":
        """Return the same form, as it was filled in, with a key of its own."""
        assert isinstance(self.data, QueryDict)  # noqa: S101 - it was posted
        data = self.data.copy()
        data["key"] = str(uuid.uuid4())
        return RecipeForm(data, recipe=self._former)

    def _body(self) -> dict[str, Any]:
        asked = self.cleaned_data
        body = {name: asked[name] for name in ("name", "tasks", "formats")}
        body["files"] = asked["file_kinds"]
        body["filters"] = {
            "reviewed_from": _written(asked["reviewed_from"]),
            "reviewed_until": _written(asked["reviewed_until"]),
            "agreement": asked["agreement"],
            "locales": _listed(asked["locales"]),
            "prompts": [_number(each) for each in _listed(asked["prompt_numbers"])],
            "editors": asked["editors"],
            "models": asked["models"],
            "tags": asked["tags"],
            "criteria": self._chosen("answer_"),
        }
        body["shares"] = self._shares()
        body["fewest"] = {split: asked[f"fewest_{split}"] or 0 for split in SPLITS}
        body["salt"] = asked["salt"] or DEFAULT_SALT
        body["alike"] = DEFAULT_ALIKE if asked["alike"] is None else float(asked["alike"])
        body["most_per_group"] = asked["most_per_group"]
        body["most_per_editor"] = asked["most_per_editor"]
        numbers = self._chosen("prompt_of_").items()
        body["prompts"] = {task: int(number) for task, number in numbers if task in asked["tasks"]}
        return body

    def _shares(self) -> dict[str, float]:
        per_cent = {split: self.cleaned_data[f"share_{split}"] or 0 for split in SPLITS}
        return {split: float(share / 100) for split, share in per_cent.items()}

    def _chosen(self, prefix: str) -> dict[str, str]:
        return {
            name.removeprefix(prefix): value
            for name, value in self.cleaned_data.items()
            if name.startswith(prefix) and value
        }


def _as_typed(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a recipe, as `Recipe.as_json` writes it, looks like in the form."""
    whole: dict[str, Any] = Recipe(name="", tasks=()).as_json() | dict(recipe)
    filters, shares, fewest = (dict(whole[name]) for name in ("filters", "shares", "fewest"))
    same = ("name", "tasks", "formats", "salt", "alike")
    typed = {name: whole[name] for name in (*same, "most_per_group", "most_per_editor")}
    typed["file_kinds"] = whole["files"]
    typed |= {f"share_{split}": _per_cent(share) for split, share in shares.items()}
    typed |= {f"fewest_{split}": rows or None for split, rows in fewest.items()}
    typed |= {f"answer_{slug}": answer for slug, answer in filters.pop("criteria").items()}
    typed["locales"] = ", ".join(filters.pop("locales"))
    typed["prompt_numbers"] = ", ".join(map(str, filters.pop("prompts")))
    typed |= {f"prompt_of_{task}": str(number) for task, number in whole["prompts"].items()}
    return typed | filters


def _in_words(slugs: Sequence[str], words: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(slug, words.get(slug, "")) for slug in slugs]


def _per_cent(share: float) -> float | int:
    per_cent = round(share * 100, 6)
    return int(per_cent) if per_cent == int(per_cent) else per_cent


def _written(day: Any) -> str | None:
    return day.isoformat() if day else None


def _listed(typed: str) -> list[str]:
    return typed.replace(",", " ").split()


def _number(typed: str) -> int | str:
    return int(typed) if typed.isascii() and typed.isdecimal() else typed
