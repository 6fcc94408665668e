"""Grounding: numbers that are not the row's, and claims that no fact of it supports."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from tests.bench.checks import measuring_lines
from tests.bench.checks.frame import Corpus, Line, write
from tests.bench.checks.music_lines import (
    DECADE_WORDS,
    MONTHS,
    SMALL_NUMBERS,
    capitalised,
    correct_music_lines,
    filled,
    templates_of,
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
    return correct_music_lines(corpus, random, templates_of(corpus))


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines with an invented claim behind them, or with a number that is not the row's."""
    rows = list(corpus.music)
    is_tuning = corpus.name == "tuning"
    all_invented = INVENTED if is_tuning else measuring_lines.INVENTED
    all_shifted = SHIFTED if is_tuning else measuring_lines.SHIFTED
    for template, row, _, values in filled(corpus, random, templates_of(corpus)):
        if random.random() < 0.5:
            kind = random.choice(list(all_invented))
            template = template.rstrip(".") + random.choice(all_invented[kind]) + "."
        else:
            row = random.choice(rows)
            kind = random.choice(list(all_shifted))
            values = values_of(row, random)
            values |= _shifted(kind, values, random)
            template = random.choice(all_shifted[kind])
        written = write(template, values)
        if written is not None and written.marked is not None:
            yield Line(capitalised(written).text, row, kind=kind, wrong=written.marked)


def _shifted(kind: str, values: Mapping[str, str], random: Random) -> dict[str, str]:
    """Return a number that is not the row's, in the ways in which templates may write it."""
    year = int(values["year"])
    match kind:
        case "year":
            shifted = {"wrong": str(year + random.choice((-1, 1)) * random.randint(1, 30))}
        case "tempo":
            tempo = int(values["tempo"]) + random.choice((-1, 1)) * random.randint(8, 40)
            shifted = {"wrong": str(tempo)}
        case "duration":
            shifted = _shifted_duration(int(values["seconds"]), random)
        case "decade":
            decade = str((year // 10 + random.choice((-3, -2, -1, 1, 2))) * 10)
            shifted = {"wrong": f"{decade}s", "wrong_words": DECADE_WORDS.get(decade, "")}
        case _:
            month = random.choice(MONTHS)
            shifted = {"wrong": f"{month} {year + random.choice((-7, -2, 1, 3))}"}
    return {name: "" if wrong in values.values() else wrong for name, wrong in shifted.items()}


def _shifted_duration(seconds: int, random: Random) -> dict[str, str]:
    wrong = max(40, seconds + random.choice((-1, 1)) * random.randint(75, 200))
    if abs(wrong - seconds) < 75:
        wrong = seconds + 120
    minutes = round(wrong / 60)
    words = SMALL_NUMBERS[minutes] if 1 < minutes < len(SMALL_NUMBERS) else ""
    if abs(minutes * 60 - seconds) < 65:
        words = ""
    return {
        "wrong": f"{wrong // 60}:{wrong % 60:02d}",
        "wrong_minutes": words,
        "wrong_words": f"{words} minutes" if words else "",
    }
