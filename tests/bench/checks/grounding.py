"""Grounding: numbers that are not the row's, and claims that no fact of it supports."""

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.bench.checks.frame import Corpus, Line, write
from tests.bench.checks.music_lines import (
    MONTHS,
    TUNING_TEMPLATES,
    capitalised,
    correct_music_lines,
    filled,
    values_of,
)

NAME: Final = "grounding"
CHECKS: Final = frozenset({"grounding"})

# Put behind a correct line, before its full stop; what is wrong stands in double brackets.
CHARTS: Final = (
    ", a [[number one]] in fourteen countries",
    ", which peaked at [[No. 3]] on the Billboard Hot 100",
    ", a [[top 10]] single in its day",
    ", and it [[topped the charts]] for weeks",
    ", a [[chart-topping]] turn",
    ", straight to [[#1]]",
    ", a [[Billboard]] favourite",
    ", once [[number two]] in the UK",
)
AWARDS: Final = (
    ", a [[Grammy-winning]] turn",
    ", which won a [[Grammy]]",
    ", [[award-winning]] for a reason",
    ", nominated for a [[Brit Award]]",
    ", with an [[MTV Video Music Award]] to show for it",
)
SALES: Final = (
    ", with [[two million copies]] sold",
    ", streamed [[500 million times]]",
    ", a [[platinum]] record by now",
    ", heard by [[millions of listeners]]",
    ", past [[a billion streams]]",
)
COUNTS: Final = (
    ", one of [[nine remixes]]",
    ", after [[three albums]] on the road",
    ", from a [[third album]] full of them",
    ", with [[seven guests]] in the room",
)
TITLES: Final = (
    ', from the album [["Midnight Harbour"]]',
    ", first heard on [[“Paper Lanterns”]]",
    ', a cousin of [["Tomorrow Is Glass"]]',
    ", lifted from the album [[Silver Rooms]]",
)
INVENTED: Final = {
    "chart": CHARTS,
    "award": AWARDS,
    "sales": SALES,
    "count": COUNTS,
    "title": TITLES,
}
SHIFTED: Final = {
    "year": (
        "The {artist} edition of {base} that came out in [[{wrong}]].",
        "{artist} released {base} in [[{wrong}]].",
        "On this [[{wrong}]] cut, {artist} lets {base} sprawl.",
        "{base}, a [[{wrong}]] single by {artist}, still bites.",
    ),
    "tempo": (
        "{artist} drives {base} at [[{wrong}]] beats a minute and never looks down.",
        "At [[{wrong}]] BPM, {base} is {artist} in a hurry.",
        "{artist} sets {base} at around [[{wrong}]] BPM, a pace for running home.",
    ),
    "duration": (
        "{base} runs [[{wrong}]], and {artist} wastes none of it.",
        "{artist} needs [[{wrong}]] for {base}, no more.",
    ),
    "decade": (
        "{base} is [[{wrong}]] {subgenre}, and {artist} wears it well.",
        "{artist} gives the [[{wrong}]] a {subgenre} heart on {base}.",
    ),
    "date": (
        "Dated [[{wrong}]], {base} catches {artist} between two moods.",
        "Out since [[{wrong}]]: {artist}'s {base}.",
    ),
}


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines whose every number and title is the row's."""
    return correct_music_lines(corpus, random, TUNING_TEMPLATES)


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines with an invented claim behind them, or with a number that is not the row's."""
    rows = list(corpus.music)
    for template, row, _, values in filled(corpus, random, TUNING_TEMPLATES):
        if random.random() < 0.5:
            kind = random.choice(list(INVENTED))
            template = template.rstrip(".") + random.choice(INVENTED[kind]) + "."
        else:
            row = random.choice(rows)
            kind = random.choice(list(SHIFTED))
            values = values_of(row, random)
            values["wrong"] = _shifted(kind, values, random)
            template = random.choice(SHIFTED[kind])
        written = write(template, values)
        if written is not None and written.marked is not None:
            yield Line(capitalised(written).text, row, kind=kind, wrong=written.marked)


def _shifted(kind: str, values: dict[str, str], random: Random) -> str:
    year = int(values["year"])
    known = set(values.values())
    match kind:
        case "year":
            wrong = str(year + random.choice((-1, 1)) * random.randint(1, 30))
        case "tempo":
            wrong = str(int(values["tempo"]) + random.choice((-1, 1)) * random.randint(8, 40))
        case "duration":
            seconds = int(values["seconds"]) + random.choice((-1, 1)) * random.randint(60, 150)
            wrong = f"{max(seconds, 30) // 60}:{max(seconds, 30) % 60:02d}"
        case "decade":
            wrong = f"{(year // 10 + random.choice((-3, -2, -1, 1, 2))) * 10}s"
        case _:
            wrong = f"{random.choice(MONTHS)} {year + random.choice((-7, -2, 1, 3))}"
    return "" if wrong in known else wrong
