"""Correct lines under tracks: what our writers might say, with the facts of a row filled in."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from random import Random
from typing import Final

from explanations.context import base_title, featured_artists, remix_artists
from tests.bench.checks import measuring_lines
from tests.bench.checks.frame import Corpus, Line, Row, Written, write

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DECADE_WORDS: Final = {
    "1960": "sixties",
    "1970": "seventies",
    "1980": "eighties",
    "1990": "nineties",
    "2000": "noughties",
    "2010": "twenty-tens",
}
SMALL_NUMBERS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
)

# Templates: a line is written from those whose slots its row can fill.
PLAIN: Final = (
    "{artist} keeps {base} light on its feet and heavy on the low end.",
    "{artist} turns {title} into {subgenre} for the last hour of the night.",
    "{base} finds {artist} leaning into {subgenre} with both shoulders.",
    "{title} by {artist} simmers for a while before it boils over.",
    "A little {subgenre}, a little mischief: {artist} and {base}.",
    "Hear {artist} hurry through {base} as if the last train were leaving.",
    "With {base}, {artist} lets the drums do the talking.",
    "{artist}'s {base} rides a bass line that refuses to sit still.",
    "On {title}, {artist} trades volume for tension.",
    "Some evenings want {subgenre}, and {artist} obliges on {title}.",
    "There is grit under the gloss of {base}, and {artist} knows it.",
    "From the first bar {artist} lets {base} breathe.",
    "{subgenre} rarely moves with such ease as when {artist} plays {base}.",
    "Play {base} by {artist} loud, then play it again quieter.",
    "What {artist} does with {base} is simple, and that is the trick.",
    "{artist} goes full throttle on {title}, no seat belt supplied.",
    "Half whisper, half shove, {base} is {artist} at close range.",
    "{artist} brings a slow burn to {base}, all embers and no smoke.",
    "Bad weather outside? {artist} has {base} for that.",
    "The beat of {title} stomps while {artist} floats above it.",
    "It takes {artist} one bar of {base} to fill the room.",
    "A rush of {genre} from {artist}: {base}.",
    "{artist} strips nothing back on {base}, a wall of {subgenre} with a door left open.",
    "Tender and stubborn at once, {artist} steers {title} past every cliché of {genre}.",
    "Yes, {base} is loud, and {artist} would have it no other way.",
    "The future of your evening may well be {title}, with {artist} at the wheel.",
    "Queue up {base}, and let {artist} deal with the rest of the night.",
    "{artist} drops the floor out from under {base} and keeps dancing.",
    "Every corner of {title} glows, since {artist} lights it from below.",
    "A metalcore rush it is not: {artist} keeps {base} cool.",
)
CREDITS: Final = (
    "{artist} hands {base} to {remixer}, who sends it straight to the dance floor.",
    "{remixer} takes {artist}'s {base} apart and puts it back with sharper edges.",
    "{remixer}'s remix gives {artist} a bigger room on {base}.",
    "In the hands of {remixer}, {base} by {artist} grows teeth.",
    "The {remixer} version of {base} lets {artist} loose after midnight.",
    "{guest} joins {artist} on {base}, and the temperature rises.",
    "{artist} shares {base} with {guest}, two voices pulling at one rope.",
    "With {guest} at the door, {artist} throws the party of {base}.",
    "{artist} and {guest} trade places on {title} without missing a step.",
    "{guest} adds a dry second voice to {artist}'s {base}.",
    "{base} pairs {artist} with {guest} for some well-behaved {subgenre} trouble.",
    "{artist} feat. {guest} is a meeting of tempers, and {base} keeps the peace.",
    "{guest} and {artist} circle each other on {base}, {subgenre} with its guard up.",
)
LISTENING: Final = (
    "For your {favourite} evenings, {artist} lets {base} run a little hot.",
    "Like your recent {heard} plays, {base} by {artist} never sits down.",
    "If you came for {heard}, stay for {artist} and {base}.",
    "After all that {heard}, {artist} offers {base} as a change of air.",
    "A neighbour of {heard}'s: {artist} keeps {title} on its toes.",
    "You have been playing {heard}; {artist}'s {base} lives around the corner.",
    "{artist} picks up where {heard} left you, with {base}.",
    "Since {heard_title} has been on repeat, try {artist}'s {base}.",
    "File {artist}'s {base} next to your {heard} favourites.",
    "Fans of {heard} will find {artist} in the same bright mood on {base}.",
    "Between {heard} and {heard2} there is room for {artist} and {base}.",
    "Your love of {favourite} meets {artist} at full stretch on {title}.",
    "More {favourite} for you: {artist} lets {base} off the leash.",
    "If {heard} keeps you moving, {artist}'s {base} will not let you sit.",
)
NUMBERS: Final = (
    "{artist} drives {base} at {tempo} beats a minute and never looks down.",
    "At {tempo} BPM, {base} is {artist} in a hurry.",
    "{artist} sets {base} at around {tempo_near} BPM, a pace for running home.",
    "A {tempo} bpm {subgenre} sprint from {artist}: {title}.",
    "{base} runs {minutes_seconds}, and {artist} wastes none of it.",
    "{artist} needs {seconds} seconds for {base}, no more.",
    "{artist} packs {base} into {duration_words}.",
    "The {year} edition of {base} shows {artist} with sleeves rolled up.",
    "{artist} released this edition of {title} in {year}.",
    "On this {year} cut, {artist} lets {base} sprawl.",
    "Dated {month_year}, {base} catches {artist} between two moods.",
    "Out since {date_long}: {artist}'s {base}.",
    "{base} is {decade} {subgenre}, and {artist} wears it well.",
    "{artist} gives the {decade_words} a {subgenre} heart on {base}.",
    "With {energy} percent energy, {artist} leaves {base} no time to rest.",
    "{artist} runs {base} at {energy}% energy, every light on.",
    "From the album {album}, {base} is {artist} unbuttoned.",
    'On "{base}", {artist} turns every corner on two wheels.',
    "“{title}” by {artist} keeps its promises.",
    "{artist} took “{base}” from {album}, and it still kicks.",
)
TUNING_TEMPLATES: Final = (*PLAIN, *CREDITS, *LISTENING, *NUMBERS)


def templates_of(corpus: Corpus) -> Sequence[str]:
    """Return the templates of a set: the two sets differ in their rows and in their words."""
    return TUNING_TEMPLATES if corpus.name == "tuning" else measuring_lines.TEMPLATES


def values_of(row: Row, random: Random) -> dict[str, str]:
    """Return what the slots of a template can be filled with, "" where a row has nothing."""
    item, audience = row["item"], row["audience"]
    artist, title = item["artist"], item["title"]
    plays = audience["recently_played"]
    heard = [play for play in plays if play["artist"].casefold() != artist.casefold()]
    random.shuffle(heard)
    favourites = audience["favourite_subgenres"]
    return {
        "artist": artist,
        "title": title,
        "base": base_title(title),
        "album": item["album"],
        "genre": item["genre"],
        "subgenre": item["subgenre"],
        "guest": _any_of([*featured_artists(title)], random),
        "remixer": _any_of(_people_who_remixed(title), random),
        "heard": heard[0]["artist"] if heard else "",
        "heard2": heard[1]["artist"] if len(heard) > 1 else "",
        "heard_title": base_title(heard[0]["title"]) if heard else "",
        "favourite": _any_of(favourites, random),
        "tempo": str(item["tempo_bpm"]),
        "tempo_near": str(round(item["tempo_bpm"] / 5) * 5),
        "energy_decimal": str(item["energy"]),
        "energy": str(round(item["energy"] * 100)),
        **_times(item["duration_s"]),
        **_dates(item["edition_released"]),
    }


def correct_music_lines(corpus: Corpus, random: Random, templates: Sequence[str]) -> Iterator[Line]:
    """Yield a line for one row after the other, for ever, each by a template drawn at random."""
    for template, row, written, _ in filled(corpus, random, templates):
        yield Line(written.text, row, kind=template)


def filled(
    corpus: Corpus, random: Random, templates: Sequence[str]
) -> Iterator[tuple[str, Row, Written, Mapping[str, str]]]:
    """Yield template, row, what was written and the values, for one row after the other."""
    rows = list(corpus.music)
    random.shuffle(rows)
    for row in cycle(rows):
        values = values_of(row, random)
        template = random.choice(templates)
        if written := write(template, values):
            yield template, row, capitalised(written), values


def capitalised(written: Written) -> Written:
    """Begin with a capital, as writers do, unless the line begins with a name of the facts."""
    if any(start == 0 for name, (start, _) in written.slots.items() if "genre" not in name):
        return written
    text = written.text[:1].upper() + written.text[1:]
    return Written(text, written.slots, written.marked)


def _any_of(names: Sequence[str], random: Random) -> str:
    return random.choice(names) if names else ""


def _people_who_remixed(title: str) -> list[str]:
    """Leave out what a version is called: "Radio Edit", "Extended Mix"."""
    kinds = {"radio", "extended", "original", "album", "club", "single", "dub", "vip", "acoustic"}
    return [
        name
        for name in remix_artists(title)
        if not kinds & set(name.casefold().split()) and not any(sign in name for sign in "-/[]")
    ]


def _times(seconds: int) -> dict[str, str]:
    minutes, rest = divmod(seconds, 60)
    return {
        "seconds": str(seconds),
        "minutes_seconds": f"{minutes}:{rest:02d}",
        "minutes": SMALL_NUMBERS[minutes] if 0 < minutes < len(SMALL_NUMBERS) else "",
        "minutes_and_seconds": f"{minutes} minutes and {rest} seconds" if rest > 1 else "",
        "duration_words": _duration_words(minutes, rest),
    }


def _duration_words(minutes: int, rest: int) -> str:
    if not 0 < minutes < len(SMALL_NUMBERS) - 1:
        return ""
    if rest < 20:
        return f"just over {SMALL_NUMBERS[minutes]} minutes"
    if rest > 40:
        return f"nearly {SMALL_NUMBERS[minutes + 1]} minutes"
    return f"{SMALL_NUMBERS[minutes]} and a half minutes"


def _dates(edition: str) -> dict[str, str]:
    year, *rest = edition.split("-")
    decade = year[:3] + "0"
    dates = {
        "year": year,
        "decade": f"{decade}s",
        "decade_short": f"{decade[2:]}s",
        "decade_words": DECADE_WORDS.get(decade, ""),
    }
    if len(rest) == 2:
        month, day = MONTHS[int(rest[0]) - 1], int(rest[1])
        dates["month"] = month
        dates["month_year"] = f"{month} {year}"
        dates["date_long"] = f"{day} {month} {year}"
        dates["date_american"] = f"{month} {day}, {year}"
    return dates
