"""Titles and albums that the text names and no fact holds."""

import re
from collections.abc import Iterator
from typing import Final

import regex

from explanations.checks.catalogue import words_of_name
from explanations.checks.finding import Severity
from explanations.checks.grounding.claim import Claim, Reading

_QUOTED: Final = regex.compile(
    r"“(?P<title>[^“”\n]{2,80})”|„(?P<title>[^„“”\n]{2,80})[“”]|\"(?P<title>[^\"\n]{2,80})\""
    r"|«\s?(?P<title>[^«»\n]{2,80}?)\s?»|‘(?P<title>[^‘\n]{2,80}?)’(?!\p{L})"
    r"|(?<![\p{L}\p{N}])'(?P<title>[^'\n]{2,80})'(?![\p{L}\p{N}])"
    r"|(?<![\p{L}\p{N}*])\*(?P<title>[^*\n]{2,80})\*(?![\p{L}\p{N}*])"
)
_QUOTE: Final = re.compile(r"[\"“„«‘*]|(?<!\w)'")
_CAPITAL: Final = regex.compile(r"[\p{Lu}\p{N}]")
_CAPITAL_WORD: Final = r"(?:[\p{Lu}\p{N}][\p{L}\p{N}\p{M}'’.&!?-]*)"
_TITLE: Final = (
    rf"{_CAPITAL_WORD}(?: (?:{_CAPITAL_WORD}|(?:of|the|a|an|and|in|on|to|for|with|de|la|el|y|&|at"
    rf"|from|by|my|is)(?= ))){{0,7}}"
)
_WORK: Final = (
    r"(?:album|LP|EP|mixtape|record|soundtrack|compilation|debut|collection|single|song|track|anthem"
    r"|hit|tune)"
)
_CALLED: Final = regex.compile(
    rf"\b(?i:(?P<work>{_WORK})(?: called| titled| named| entitled|,)?) (?P<title>{_TITLE})"
    rf"|\b(?i:off|from|on) (?i:the |his |her |their )?(?P<title>(?!The\b|His\b|Her\b){_TITLE}) "
    rf"(?i:(?P<work>album|LP|EP|mixtape|record|soundtrack|sessions|era))\b"
)
_RELEASE_CUE: Final = regex.compile(
    r"\b(?:album|LP|EP|mixtape|record|soundtrack|from|off|on|single|song|track|hit|called|titled)\s*$",
    flags=regex.IGNORECASE,
)
_ALBUM_CUE: Final = regex.compile(
    r"\b(?:album|LP|EP|mixtape|record|soundtrack|compilation)\b", flags=regex.IGNORECASE
)
_ARTISTS_OWN: Final = regex.compile(rf"['’]s? (?P<title>{_TITLE})")
_BY_ARTIST: Final = regex.compile(rf"(?P<title>{_TITLE}),? (?:by|from) $")
_NO_TITLE: Final = regex.compile(
    r"(?:EDM|R&B|DJ|BPM|UK|US|USA|Latin|Spanish|English|French|German|Swedish|Dutch|American|British"
    r"|African|Caribbean|Jamaican|Miami|I|Afro\S*|Euro\S*|K-?[Pp]op|J-?[Pp]op|Monday|Tuesday"
    r"|Wednesday|Thursday|Friday|Saturday|Sunday|Here|Hear|Play|Press|This|That|The|A|An|If|When)"
)
ALBUM: Final = "/item/album"
TITLE: Final = "/item/title"


def quoted_titles_in(reading: Reading) -> Iterator[Claim]:
    """Yield titles in quotation marks or asterisks."""
    text = reading.subject.text
    if not _QUOTE.search(text):
        return
    for found in _QUOTED.finditer(text):
        if _is_whole(text, found) or _is_known(found["title"], reading):
            continue
        cued = _RELEASE_CUE.search(text, max(0, found.start() - 24), found.start())
        is_named_fact = not reading.text[slice(*found.span("title"))].strip()
        if not is_named_fact and (cued or not found["title"].lstrip()[:1].islower()):
            yield _unknown(reading, found.span(), found["title"])


def named_works_in(reading: Reading) -> Iterator[Claim]:
    """Yield what is called an album, a single or the like: "from the album Silver Rooms"."""
    if not _CAPITAL.search(reading.text, 1):
        return
    for found in _CALLED.finditer(reading.text):
        title = found["title"].strip()
        if not _is_known(title, reading) and not _NO_TITLE.fullmatch(title.split()[0]):
            yield _unknown(reading, found.span("title"), title, found["work"])


def works_of_artist_in(reading: Reading) -> Iterator[Claim]:
    """Yield what the artist is said to have made: "Ed Sheeran's Castle on the Hill"."""
    for mention in reading.subject.mentions:
        if mention.pointer != "/item/artist":
            continue
        if reading.text[mention.end : mention.end + 1] in {"'", "’"}:
            yield from _work_of_artist(reading, _ARTISTS_OWN.match(reading.text, mention.end))
        before = reading.text[: mention.start]
        if before.endswith(("by ", "from ")):
            yield from _work_of_artist(reading, _BY_ARTIST.search(before))


def _work_of_artist(reading: Reading, found: "regex.Match[str] | None") -> Iterator[Claim]:
    if found is None:
        return
    start, end = found.span("title")
    words = found["title"].split(" ")
    while words and _NO_TITLE.fullmatch(words[0]):
        start += len(words.pop(0)) + 1
    title = " ".join(words).strip(" .!?")
    is_first_word = not reading.text[:start].strip() and len(words) < 2
    if title and not is_first_word and not title.isupper() and not _is_known(title, reading):
        yield _unknown(reading, (start, end), title)


def _unknown(reading: Reading, span: tuple[int, int], title: str, work: str | None = None) -> Claim:
    start, end = span
    near = reading.subject.text[max(0, start - 30) : start] + (work or "")
    pointer = ALBUM if _ALBUM_CUE.search(near) else TITLE
    held = next((fact for fact in reading.subject.leaves if fact.pointer == pointer), None)
    said = f"; the facts say {held.value}" if held else ""
    severity: Severity = "error" if pointer == ALBUM else "warning"
    message = f"No fact holds the title {title.strip()}{said}."
    return Claim(start, end, message, severity, pointer if held else "")


def _is_known(title: str, reading: Reading) -> bool:
    """Say whether a fact is called that, or holds the words."""
    words = words_of_name(title)
    return not words.strip() or any(
        words in words_of_name(fact.value)
        for fact in reading.subject.leaves
        if isinstance(fact.value, str)
    )


def _is_whole(text: str, found: "regex.Match[str]") -> bool:
    """Say whether the whole text stands in the quotation marks, which is a matter of format."""
    return found.end() - found.start() >= len(text.strip(" .!?")) - 1
