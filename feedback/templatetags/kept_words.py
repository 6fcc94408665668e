"""`{{ golden.state_reason|state_reason }}`: what the desk keeps in English, for its reader."""

from django import template

from feedback.services.goldens import state_reason_in_words

register = template.Library()
register.filter("state_reason", state_reason_in_words)
