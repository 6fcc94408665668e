"""Charts, prizes and sales: claims that need a fact, however they are put."""

import re
from collections.abc import Iterator
from typing import Final

import regex

from explanations.checks.grounding.claim import Claim, Reading
from explanations.checks.numbers import DIGITS, WORDS


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_PLACE: Final = (
    r"(?:[0-9]{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty"
    r"|forty|fifty|hundred)(?![\w])"
)
_WHOSE: Final = (
    r"(?:the|us|u\.s\.|uk|u\.k\.|british|american|global|world|worldwide|singles?|albums?|airplay"
    r"|dance|pop|rock|rap|club|country|latin|streaming|official|national|european|german|french"
    r"|spanish|international|itunes|radio|r&b|hip-hop|year-end|viral)"
)
_CLIMBING: Final = (
    r"(?:topp?(?:s|ed|ing)?|rul(?:ed|ing|es)|climb(?:ed|s|ing)?|storm(?:ed|s|ing)?"
    r"|conquer(?:ed|s|ing)?|hit(?:ting|s)?|lit up|led|leading|dominat(?:ed|ing|es)"
    r"|scal(?:ed|ing)|smash(?:ed|ing)|crack(?:ed|ing)|reach(?:ed|ing)|enter(?:ed|ing)"
    r"|burn(?:ed|ing) up|rid(?:es|ing)|rode|shot up|up|high on|atop|across)"
)
# Each pattern with what must stand in a text for it: trying all of them everywhere would cost more
# than all other readers together.
_CHARTS: Final[tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]] = (
    (
        ("number", "no.", "no ", "nos", "№", "#", "top"),
        _any_of(
            # "number one", not "no one"; and not "my number one reason".
            rf"\b(?:number[ -]|no\.\s?|no (?=[0-9])|nos?\.\s?|№\s?){_PLACE}"
            r"(?:[- ](?:hit|single|spot|record|smash|song|album|position|slot|track|tune|debut)s?"
            r"\b)?"
            r"(?!\s(?:reason|rule|fan|priority|choice|pick|advice|cure|enemy))",
            r"#\s?[0-9]{1,3}(?!\w)",
            rf"\btop[ -]{_PLACE}",
            r"\b(?:peak(?:ed|s|ing)|debut(?:ed|s|ing)|enter(?:ed|s|ing)|reach(?:ed|es|ing)|stall(?:ed"
            r"|ing)) (?:[\w-]+ ){0,2}?(?:number|no\.|no |№|#|top)[ -]?\w+",
        ),
    ),
    (
        ("chart",),
        _any_of(
            r"\bchart[ -]?(?:topp(?:er|ing)s?|bust(?:er|ing)s?|bound|climb(?:er|ing)s?"
            r"|smash(?:er|ing)?|storm(?:er|ing)|success(?:es)?|positions?|runs?|peaks?|hits?"
            r"|entr(?:y|ies)|singles?|history|performance|places?|placings?|debut|reign|royalty"
            r"|stars?|acts?|fame)\b",
            rf"\b{_CLIMBING} (?:[\w'’.&/-]+ ){{0,4}}?charts?\b",
            rf"(?<!\boff )\b{_WHOSE} charts?\b(?<!\boff the charts)",
            r"\bchart(?:ed|s)\b(?! (?:a|the|its|his|her|their|new|territory|course|waters)\b)"
            r"(?<!\boff the charts)",
        ),
    ),
    (
        ("week",),
        _any_of(
            r"\bspent (?:[\w-]+ ){1,3}weeks?\b",
            rf"\b(?:{WORDS}|[0-9]+|several|many) (?:straight |consecutive )?weeks?"
            r" (?:at|on|in|atop)\b",
        ),
    ),
    (
        ("billboard", "hot 100"),
        _any_of(
            r"\bbillboard(?:['’]s)?(?: (?:hot 100|200|charts?|top [0-9]+|favou?rite|hit))?\b",
            r"\bhot 100\b",
        ),
    ),
    (
        ("platinum", "gold", "diamond"),
        _any_of(
            r"\b(?:multi|double|triple|quadruple|[0-9]+x|[0-9]+[- ]times)[- ]?"
            r"(?:platinum|gold|diamond)\b",
            r"\b(?:went|gone|going|goes|turned|certified|struck) (?:multi-?)?"
            r"(?:platinum|diamond|gold)\b",
            r"\b(?:platinum|gold|diamond)[- ](?:certified|selling|certification|records?|singles?"
            r"|albums?|plaque|disc|hit|status|seller|award)\b",
            r"\bplatinum\b(?! blond)",
        ),
    ),
    (
        ("hit",),
        _any_of(
            r"\bhit parade\b",
            r"\b(?:one|two|three)-hit\b",
            r"\bhit[- ](?:single|record|song|maker|album|track)\b",
            r"\b(?:smash|global|worldwide|international|massive|huge|biggest|major|breakout|crossover"
            r"|viral|radio|runaway|monster|sleeper|club|summer|debut) (?:smash )?hits?\b",
        ),
    ),
    (
        ("sell", "most", "much", "record", "viral", "smash", "breakout"),
        _any_of(
            r"\bbest[- ]?sell(?:ing|ers?)\b",
            r"(?<!\byour )\b(?:most|much)[- ](?:streamed|played|downloaded|shazamed|watched|viewed"
            r"|requested)\b",
            r"\brecord-(?:breaking|breaker|setting)\b",
            r"\b(?:went|gone|going|goes) viral\b",
            r"\b(?:smash|breakout) single\b",
        ),
    ),
)
_PRIZE: Final = (
    r"(?:grammys?|grammies|oscars?|golden globes?|emmys?|emmies|vmas?|amas?|mobos?|junos?|brits"
    r"|mercury prize|eurovision|ivor novellos?|pulitzer"
    r"|(?:rock [\w&'’]{1,3} roll )?hall of fame)"
)
_WINNING: Final = (
    r"(?:[ -](?:award|nominee|nominated|nominations?|winn(?:er|ing)|nods?|wins?|gold|trophy|season"
    r"|show|haul))"
)
_AWARDS: Final = _any_of(
    rf"\b{_PRIZE}(?:['’]s)?{_WINNING}*s?\b",
    rf"(?<!\bon the )\b(?:awards?|prizes?)\b{_WINNING}*",
    rf"\b(?:award|prize|medal|trophy){_WINNING}+s?\b",
    r"\bnominat(?:ed|ions?|ees?)\b",
    r"\btroph(?:y|ies)\b",
    r"\baccolades?\b",
    r"\bdecorated with\b",
    r"\b(?:won|wins|winning|earned|bagged|scooped|took home|collected|garnered)"
    r" (?:[\w-]+ ){0,3}?(?:medals?|honou?rs)\b",
)
_NAME_BEFORE: Final = regex.compile(
    r"(?:\b(?:\p{Lu}[\p{L}&'’.-]*|of|the) ){1,4}$", flags=regex.REVERSE
)
_NUMBER: Final = (
    rf"(?:{WORDS}|{DIGITS}|half a|several|many|countless|multiple|a few|tens of|hundreds of)"
)
_HEARD: Final = (
    r"(?:streams?|plays|listens|listeners|copies|sales|views|viewers|fans|downloads|records|units"
    r"|followers|spins|hearts|ears|people|shazams|subscribers|homes|buyers)"
)
_SALES: Final = _any_of(
    rf"\b(?:(?:over|more than|nearly|almost|about|around|some|well over) )?(?:{_NUMBER}[ -])?"
    r"(?:thousand|million|billion|trillion)s?\b(?:[ -](?:and (?:counting|more)|of|selling|strong))*"
    rf"(?: (?:[\w-]+ ){{0,2}}?(?:{_HEARD}|times)\b)?",
    rf"(?<![\w])(?:{DIGITS})[ ]?(?:m|bn|k|mn)\b"
    rf"(?: (?:[\w-]+ ){{0,2}}?{_HEARD}\b)?",
    rf"(?<![\w])(?:{DIGITS}|{WORDS})\+?"
    r" (?:streams?|copies|sales|views|downloads|units)\b",
    rf"(?<![\w])(?:[0-9]{{1,3}},[0-9]{{3}}|[0-9]{{3,}})\+? {_HEARD}\b",
    r"\b(?:sold|shifted|moved|clocked|amassed|racked up|gathered|drew)"
    rf" (?:[\w-]+ ){{0,3}}?{_HEARD}\b",
    r"\bsold[- ]out\b",
)
# "One in a million", "a million miles away": nobody counts there.
_FIGURE_OF_SPEECH: Final = re.compile(
    r"\s(?:miles|bucks|dollars|pieces|reasons|little|tiny|other|years|lights|stars|volts|watts"
    r"|shades|colou?rs|suns|degrees|ways|things|thoughts|and one|sparks|feelings|stories|secrets"
    r"|words|to one|kisses|tears|drums|feet|hands|questions|memories|sunsets|mirrors)\b",
)
_ONE_IN: Final = re.compile(r"\b(?:in|like|of) (?:a )?$")


def charts_in(reading: Reading) -> Iterator[Claim]:
    """Yield places in charts, certificates and the like."""
    for cues, pattern in _CHARTS:
        if any(cue in reading.lowered for cue in cues):
            for found in pattern.finditer(reading.lowered):
                yield _claim(reading, found.span(), "No fact speaks of charts or hits")


def awards_in(reading: Reading) -> Iterator[Claim]:
    """Yield prizes and nominations, with the name that stands before them."""
    for found in _AWARDS.finditer(reading.lowered):
        name = _NAME_BEFORE.search(reading.text, 0, found.start())
        start = name.start() if name else found.start()
        yield _claim(reading, (start, found.end()), "No fact speaks of prizes")


def sales_in(reading: Reading) -> Iterator[Claim]:
    """Yield what was sold, streamed or heard, and by how many."""
    for found in _SALES.finditer(reading.lowered):
        if not _is_figure_of_speech(reading.lowered, found):
            yield _claim(reading, found.span(), "No fact speaks of so many")


def _claim(reading: Reading, span: tuple[int, int], message: str) -> Claim:
    words = reading.text[slice(*span)]
    start = span[0] + len(words) - len(words.lstrip())
    return Claim(start, start + len(words.strip()), f"{message}: “{words.strip()}”.")


def _is_figure_of_speech(text: str, found: re.Match[str]) -> bool:
    if _FIGURE_OF_SPEECH.match(text, found.end()):
        return True
    return bool(_ONE_IN.search(text, max(0, found.start() - 8), found.start()))
