"""`{{ draft|unlinked }}`: other people's words in a mail."""

from django import template

from feedback.mail_words import unlinked as without_links

register = template.Library()


@register.filter
def unlinked(text: object) -> str:
    """Return the text as one line in which nothing is a link."""
    return without_links(str(text))
