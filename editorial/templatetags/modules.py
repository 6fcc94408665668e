"""`{% module "feedback/review.js" %}`: a script with all that it imports."""

import re
from functools import cache
from pathlib import Path, PurePosixPath

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

IMPORT = re.compile(r"""from "(\.\.?/[\w/]+\.js)";""")


@register.simple_tag
def module(name: str) -> SafeString:
    """Load the module, with what it imports on the way at once and not one after the other.

    The first picture waits for it: what it draws would push away what is there already.
    """
    return format_html(
        '{}<script type="module" src="{}" blocking="render"></script>',
        format_html_join(
            "", '<link rel="modulepreload" href="{}">', ((static(each),) for each in imported(name))
        ),
        static(name),
    )


@cache
def imported(name: str) -> tuple[str, ...]:
    """Return the names of all modules that a module needs, each once, without itself."""
    found: dict[str, None] = {}
    waiting = [name]
    while waiting:
        importer = waiting.pop()
        path = finders.find(importer)
        if path is None:
            continue
        for address in IMPORT.findall(Path(path).read_text("utf-8")):
            needed = _resolved(PurePosixPath(importer).parent / address)
            if needed != name and needed not in found:
                found[needed] = None
                waiting.append(needed)
    return tuple(sorted(found))


def _resolved(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
