"""The form in which a structured draft is rewritten.

It is the same for every draft of a format but for the facts that its bullets offer, so it is
rendered once in each language, and each draft's facts are put into it. What an editor wrote comes
into it in the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from explanations.context import SIDES
from explanations.models import Draft
from explanations.output_formats import FormField, FormGroup, get_output_format


@dataclass(frozen=True, slots=True)
class ShownField:
    """One field of the rewrite's form; `name` is unique on the page, `key` the output's."""

    name: str
    key: str
    label: str
    kind: str
    choices: tuple[str, ...]
    most_characters: int
    options: SafeString
    """Its facts, or what stands for them."""
    group: str = ""
    slot: int = 0


@dataclass(frozen=True, slots=True)
class ShownSlot:
    """The fields of one bullet."""

    index: int
    fields: tuple[ShownField, ...]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """Bullets of one kind."""

    name: str
    label: str
    slots: tuple[ShownSlot, ...]


def rewrite_form(draft: Draft, options: Mapping[str, SafeString]) -> SafeString:
    """Return the form for a structured draft, nothing for a plain line.

    `options` are the facts of each side that a bullet can rest on, as `<option>`s.
    """
    if draft.output is None:
        return SafeString()
    form = _without_facts(draft.task.output_format, get_language())
    for side in SIDES:
        form = form.replace(_stands_for(side), options[side])
    return SafeString(form)


# The language is the active one, by which the form is rendered anyway: so each has its own.
@lru_cache
def _without_facts(output_format: str, _language: str | None) -> str:
    form = get_output_format(output_format).edit_form
    shown = [
        _shown_group(part) if isinstance(part, FormGroup) else _shown_field(part) for part in form
    ]
    return render_to_string("feedback/rewrite_form.html", {"form_fields": shown})


def _stands_for(side: str) -> SafeString:
    """Return what no fact can hold: within an option it would be escaped."""
    return SafeString(f"<!-- facts of the {side} -->")


def _shown_group(group: FormGroup) -> ShownGroup:
    slots = tuple(
        ShownSlot(
            index,
            tuple(_shown_field(field, group.name, index) for field in group.fields),
        )
        for index in range(group.at_most)
    )
    return ShownGroup(group.name, group.label, slots)


def _shown_field(field: FormField, group: str = "", slot: int = 0) -> ShownField:
    return ShownField(
        name=f"{group}-{slot}-{field.name}" if group else field.name,
        key=field.name,
        label=field.label,
        kind=field.kind,
        choices=field.choices,
        most_characters=field.max_characters,
        options=_stands_for(field.side) if field.kind == "fact" else SafeString(),
        group=group,
        slot=slot,
    )
