"""What is kept in English is shown in the reader's language, also with something in its places."""

from collections.abc import Iterator

import pytest
from django.utils import translation

from accounts.in_words import in_words

PATTERNS = ("There is no %(unknown)s; there are: %(known)s.", "It answered %(status)d.")


@pytest.fixture
def in_german() -> Iterator[None]:
    with translation.override("de"):
        yield


@pytest.mark.usefixtures("in_german")
@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        ("It answered 503.", "Sie hat mit 503 geantwortet."),
        ("There is no a.b (c); there are: x.", "Es gibt kein a.b (c); es gibt: x."),
        ("There is no 100 %; there are: %(known)s.", "Es gibt kein 100 %; es gibt: %(known)s."),
        ("There is no two\nlines; there are: x.", "Es gibt kein two\nlines; es gibt: x."),
        ("Name at least one.", "Nennen Sie mindestens eine."),
        ("It answered with a song.", "It answered with a song."),
        ("", ""),
    ],
)
def test_a_sentence_is_known_again_by_its_pattern(kept: str, shown: str) -> None:
    assert in_words(kept, PATTERNS) == shown


def test_in_english_it_stays_as_it_is() -> None:
    assert in_words("It answered 503.", PATTERNS) == "It answered 503."
