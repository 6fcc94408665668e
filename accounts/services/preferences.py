"""How somebody likes the desk: its language, light or dark, and their keys."""

from collections.abc import Mapping

from accounts.models import Person


def choose_language(person: Person, language: str) -> None:
    """Keep the language, one of the settings' LANGUAGES, in which somebody reads the desk."""
    Person.objects.filter(pk=person.pk).update(language=language)


def choose_theme(person: Person, theme: str) -> None:
    """Keep light, dark or as the system: a value of Theme."""
    Person.objects.filter(pk=person.pk).update(theme=theme)


def choose_keys(person: Person, own: Mapping[str, str], *, character_keys: bool) -> None:
    """Keep which keys somebody has changed, and whether keys that type something act at all."""
    Person.objects.filter(pk=person.pk).update(own_keys=dict(own), character_keys=character_keys)
