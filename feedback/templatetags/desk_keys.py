"""`{% key "accept" %}`: the key of a command, as this editor has it; `{% category_label "1" %}`:
the sign that stands for a category.
"""

from collections.abc import Mapping

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from feedback.keys import parts_of

register = template.Library()


@register.simple_tag(takes_context=True)
def key(context: Context, command: str) -> SafeString:
    """Show the first key of a command; nothing where it has none, or keys are switched off."""
    keys: Mapping[str, tuple[str, ...]] = context["keys"]
    return _as_printed(keys[command][0]) if keys.get(command) else SafeString("")


@register.simple_tag(takes_context=True)
def category_label(context: Context, number: str) -> SafeString:
    """Show the one sign that stands for a category, by its number: on the review screen the key
    that this editor tags with, elsewhere the number.
    """
    labels: Mapping[str, str] | None = context.get("category_labels")
    if labels is None:
        return format_html("<kbd>{}</kbd>", number)
    held: tuple[str, ...] = context["keys"][f"tag-{number}"]
    if held:
        return _as_printed(held[0])
    return format_html('<span class="category-number">{}</span>', labels[number])


def _as_printed(code: str) -> SafeString:
    """Return the key as it is printed on a keyboard; a script puts in what this one has there."""
    words = " ".join(gettext(part) for part in parts_of(code))
    return format_html('<kbd data-code="{}">{}</kbd>', code, words)
