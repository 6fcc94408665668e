"""Attribution: does a line say whose music it is?"""

from collections.abc import Iterator

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject
from explanations.context import FactMissing, get_fact

VERSION = 1
CATEGORY = "attribution"


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning where a track's line leaves its artist out; an error where the title too.

    A line that names neither could stand under any track, and an editor would have to write it
    anew.
    """
    artist = _artist(subject)
    if artist is None or subject.output is not None:
        return
    named = {mention.pointer for mention in subject.mentions}
    if "/item/artist" in named:
        return
    nobody = "/item/title" not in named
    yield Finding(
        check="attribution",
        version=VERSION,
        severity="error" if nobody else "warning",
        message=(
            f"Neither the title nor the artist, {artist}, is named."
            if nobody
            else f"The artist, {artist}, is not named."
        ),
        category=CATEGORY,
        pointer="/item/artist",
    )


def _artist(subject: Subject) -> str | None:
    try:
        artist = get_fact(subject.facts, "/item/artist")
    except FactMissing:
        return None
    return artist if isinstance(artist, str) and artist.strip() else None
