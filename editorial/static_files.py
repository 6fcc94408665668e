"""Static files under names that change with their content."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS_OF_MODULES = (
    r"""(?P<matched>from "(?P<url>\.\.?/(?:\w+/)?\w+\.js)";)""",
    'from "%(url)s";',
)


class DeskStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Compressed, and cached for ever: a page never mixes modules of two versions of the desk.

    The names by which the desk's own modules import each other are changed too. Django can do that
    for every script, but stumbles over what others' scripts only mention.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        *(
            (f"{folder}/*.js", (_IMPORTS_OF_MODULES,))
            for folder in ("desk", "explanations", "feedback")
        ),
    )
