"""Attribution: another artist in the place of the right one, the right one misspelt or missing."""

from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

from explanations.context import fold
from tests.bench.checks.frame import Corpus, Line, Row, write
from tests.bench.checks.music_lines import (
    capitalised,
    correct_music_lines,
    filled,
    templates_of,
)

NAME: Final = "attribution"
CHECKS: Final = frozenset({"attribution"})
# Artists whose name is a word that a line may need; each is in the catalogue of the bench.
COMMON_WORD_ARTISTS: Final = (
    *("Bad", "Yes", "The Who", "Future", "Train", "Queen", "Boston", "Europe", "Kiss", "Heart"),
    *("Bush", "Garbage", "Blur", "Pulp", "Oasis", "Air", "Common", "Logic", "Summer Walker"),
)
# Put behind a correct line, before its full stop.
KINDS: Final = ("swapped", "swapped", "swapped", "misspelt", "misspelt", "dropped", "extra guest")
EXTRA_GUESTS: Final = (
    ", featuring [[{other}]]",
    " feat. [[{other}]]",
    ", with a verse from [[{other}]]",
    ", produced by [[{other}]]",
)


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines that credit whom the row credits."""
    return correct_music_lines(corpus, random, templates_of(corpus))


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines with somebody else's name, a misspelt name, or nobody's."""
    others = [*corpus.artists, *COMMON_WORD_ARTISTS]
    for template, row, _, values in filled(corpus, random, templates_of(corpus)):
        kind = random.choice(KINDS)
        if kind == "dropped":
            if line := _without_artist(template, values):
                yield Line(line, row, kind=kind)
            continue
        if kind == "extra guest":
            yield _with_extra_guest(template, row, values, others, random)
            continue
        slots = [name for name in ("artist", "guest", "remixer") if f"{{{name}}}" in template]
        slot = random.choice(slots)
        name = values[slot]
        wrong = _other(others, values, random) if kind == "swapped" else misspelt(name, random)
        if fold(wrong).characters == fold(name).characters:
            continue
        written = write(template, {**values, slot: wrong})
        assert written is not None
        yield Line(capitalised(written).text, row, kind=f"{kind} {slot}", wrong=written.slots[slot])


def _with_extra_guest(
    template: str, row: Row, values: Mapping[str, str], others: list[str], random: Random
) -> Line:
    guest = random.choice(EXTRA_GUESTS)
    other = _other(others, values, random)
    written = write(template.rstrip(".?!") + guest + ".", {**values, "other": other})
    assert written is not None
    return Line(capitalised(written).text, row, kind="extra guest", wrong=written.marked)


def misspelt(name: str, random: Random) -> str:
    """Return a name with a slip of the pen: letters swapped, doubled, left out or taken for others.

    Names of fewer than five characters come back as they are: another short name is no slip.
    """
    letters = [place for place in range(1, len(name) - 1) if name[place].isalpha()]
    if len(name) < 5 or not letters:
        return name
    at = random.choice(letters)
    slips: tuple[Callable[[], str], ...] = (
        lambda: name[:at] + name[at + 1 :],
        lambda: name[:at] + name[at] + name[at:],
        lambda: name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        lambda: name[:at] + random.choice("aeioulnrst") + name[at + 1 :],
    )
    return random.choice(slips)()


def _other(others: list[str], values: Mapping[str, str], random: Random) -> str:
    named = " ".join(fold(value).characters for value in values.values())
    while True:
        other = random.choice(others)
        if fold(other).characters not in named:
            return other


def _without_artist(template: str, values: Mapping[str, str]) -> str:
    """Return the line with "the singer" for the artist, whom nothing else may name."""
    somebody = "the singer"
    written = write(template, {**values, "artist": somebody})
    if written is None or fold(values["artist"]).characters in fold(written.text).characters:
        return ""
    text = written.text
    return text[:1].upper() + text[1:]
