"""How somebody likes the desk: its language, light or dark, and their keys."""

from collections.abc import Mapping

from django.conf import settings

from accounts.models import Person, Theme


class UnknownPreference(ValueError):
    """Nobody offered this."""


def choose_language(person: Person, language: str) -> None:
    """Keep the language in which somebody reads the desk. Raises UnknownPreference."""
    if language not in dict(settings.LANGUAGES):
        raise UnknownPreference(language)
    Person.objects.filter(pk=person.pk).update(language=language)


def choose_theme(person: Person, theme: str) -> None:
    """Keep light, dark or as the system. Raises UnknownPreference."""
    if theme not in Theme.values:
        raise UnknownPreference(theme)
    Person.objects.filter(pk=person.pk).update(theme=theme)


def choose_keys(person: Person, own: Mapping[str, str], *, character_keys: bool) -> None:
    """Keep which keys somebody has changed, and whether keys that type something act at all."""
    Person.objects.filter(pk=person.pk).update(own_keys=dict(own), character_keys=character_keys)
