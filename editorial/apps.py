"""The project as an app: it has commands, and the desk's words in other languages."""

from django.apps import AppConfig
from django.conf import settings

from editorial.translations import compile_changed


class EditorialConfig(AppConfig):
    """Sees that there are words to translate to before anybody asks for one."""

    name = "editorial"

    def ready(self) -> None:
        """Compile what translators have changed."""
        compile_changed(settings.TRANSLATIONS_WRITTEN, settings.LOCALE_PATHS[0])
