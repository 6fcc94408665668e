"""The page on which an editor changes the keys of the review screen, or switches them off."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache

from accounts.models import Person
from accounts.rights import REVIEW, RightRequiredMixin, person_of
from accounts.services.preferences import choose_keys
from explanations.models import Category
from feedback.keys import (
    BY_NAME,
    CHANGEABLE,
    COMMANDS,
    NO_KEY,
    OF_CATEGORIES,
    Command,
    KeysRefused,
    chosen_keys,
    keys_of_commands,
    labels_of_categories,
    offered_for,
    parts_of,
)


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A command on the page: what may be chosen for it, and what speaks against the choice."""

    command: Command
    chosen: str
    options: tuple[tuple[str, str], ...]
    problem: str
    categories: str
    """What it tags with in the desk's tasks."""


@method_decorator(never_cache, name="dispatch")
class KeysPage(RightRequiredMixin, View):
    """`/review/keys/`: one choice for each command, or none; all of them back to the usual."""

    rights = (REVIEW,)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the keys as they are."""
        person = person_of(request)
        keys = keys_of_commands(person.own_keys)
        wanted = {name: (keys[name] or (NO_KEY,))[0] for name in keys}
        return self.show(request, wanted, person.character_keys, {})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the choice, or say what speaks against it; forget it where the usual is wanted."""
        person = person_of(request)
        if "reset" in request.POST:
            choose_keys(person, {}, character_keys=True)
            messages.success(request, _("All keys are the usual ones again."))
            return redirect("review-keys")
        wanted = {
            command.name: request.POST.get(f"key-{command.name}", command.keys[0])
            for command in CHANGEABLE
        }
        character_keys = request.POST.get("character_keys") == "on"
        try:
            own = chosen_keys(wanted)
        except KeysRefused as refused:
            return self.show(request, wanted, character_keys, _problems(refused, wanted))
        choose_keys(person, own, character_keys=character_keys)
        messages.success(request, _("Your keys are kept."))
        return redirect("review-keys")

    def show(
        self,
        request: HttpRequest,
        wanted: dict[str, str],
        character_keys: bool,
        problems: dict[str, str],
    ) -> HttpResponse:
        """Render the page."""
        categories = _category_names()
        rows = [
            KeyRow(
                command,
                wanted.get(command.name, ""),
                _options(command),
                problems.get(command.name, ""),
                categories.get(command.category, ""),
            )
            for command in CHANGEABLE
        ]
        fixed = [command for command in COMMANDS if not command.changeable]
        return render(
            request,
            "feedback/keys.html",
            {
                "category_rows": [row for row in rows if row.command.category],
                "rows": [row for row in rows if not row.command.category],
                "fixed": fixed,
                "keys": {command.name: command.keys for command in fixed},
                "character_keys": character_keys,
                "problems": problems,
            },
        )


def keys_context(person: Person) -> dict[str, Any]:
    """Return what templates of the review screen need to show the person's keys, and its script to
    obey them.
    """
    return _keys_context(tuple(sorted(person.own_keys.items())), person.character_keys)


# Asked with each draft, and the same until somebody changes their keys.
@lru_cache(maxsize=256)
def _keys_context(own: tuple[tuple[str, str], ...], character_keys: bool) -> dict[str, Any]:
    keys = keys_of_commands(dict(own), with_characters=character_keys)
    return {
        "keys": keys,
        "keys_chosen": f"{character_keys} {own}",
        "character_keys": character_keys,
        "commands": [command for command in COMMANDS if not command.category],
        "category_labels": labels_of_categories(keys),
        "category_keys": [command.name for command in OF_CATEGORIES if keys[command.name]],
        "category_keys_are_usual": all(keys[each.name] == each.keys for each in OF_CATEGORIES),
        "keys_for_scripts": {
            "characters": character_keys,
            "commands": [
                {
                    "name": command.name,
                    "keys": keys[command.name],
                    "decides": command.decides,
                    "repeats": command.repeats,
                    "category": command.category,
                }
                for command in COMMANDS
            ],
        },
    }


def _options(command: Command) -> tuple[tuple[str, str], ...]:
    codes = offered_for(command)
    return (
        *((code, " ".join(_(part) for part in parts_of(code))) for code in codes),
        (NO_KEY, _("no key")),
    )


def _category_names() -> dict[str, str]:
    """Return what the categories in use are called in all tasks, by the number of their key."""
    names: dict[str, dict[str, None]] = {}
    for number, name in (
        Category.objects.filter(retired_at=None).order_by("task").values_list("key", "name")
    ):
        names.setdefault(number, {})[name] = None
    return {number: ", ".join(found) for number, found in names.items()}


def _problems(refused: KeysRefused, wanted: dict[str, str]) -> dict[str, str]:
    """Return a sentence for each command that cannot have its key."""
    problems = {name: _("Choose one of the keys.") for name in refused.unknown if name in BY_NAME}
    for name, other in refused.clashes.items():
        key = wanted.get(name) or (BY_NAME[name].keys or ("",))[0]
        problems[name] = _("%(key)s is also the key of “%(other)s”. Give one of them another.") % {
            "key": " ".join(_(part) for part in parts_of(key)),
            "other": _(other.words),
        }
    return problems
