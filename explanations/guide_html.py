"""Turn a guide's Markdown into HTML that is safe to show."""

from functools import lru_cache
from typing import Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

# No raw HTML in, and no links or images out: a guide quotes drafts, and nothing in a draft ever
# becomes something to click or to load.
_MARKDOWN: Final = (
    MarkdownIt("commonmark", {"html": False})
    .enable("table")
    .disable(["link", "image", "autolink", "reference"])
)
_TAGS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "strong", "em", "code", "pre"}
    | {"blockquote", "hr", "br", "table", "thead", "tbody", "tr", "th", "td"}
)


@lru_cache(maxsize=64)
def guide_html(markdown: str) -> SafeString:
    """Return the guide as HTML: text, lists and tables, and nothing that leads anywhere.

    Headings begin at the second level, below the page's own.
    """
    tokens = _MARKDOWN.parse(markdown)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, 4)}"
    rendered = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return mark_safe(nh3.clean(rendered, tags=set(_TAGS), attributes={}))  # noqa: S308
