"""Attribution: does a line say whose music it is, and does it credit nobody else?

A name of the catalogue is blamed only where the line treats it as a name and as a credit: a band
may be called "Yes", and a listener may be told of somebody else whom they have been playing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex
from rapidfuzz.distance import OSA

from explanations.checks.catalogue import Name, WordedText, credited_in_title, worded, words_of_name
from explanations.checks.finding import Finding, Severity
from explanations.checks.subject import Subject
from explanations.context import FactMissing, get_fact

VERSION = 2
CATEGORY = "attribution"
ARTIST: Final = "/item/artist"
TITLE: Final = "/item/title"

Span = tuple[int, int]


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the credits of a text.

    Errors: another artist of the catalogue is credited, the artist's name is misspelt, or neither
    artist nor title is named. Warnings: only the artist is not named, a guest's or a remixer's name
    is misspelt, or a name is mentioned that no fact speaks of.
    """
    artist = _fact(subject, ARTIST)
    if not artist or subject.output is not None:
        return
    credits = _Credits(subject, artist)
    yield from credits.others
    yield from credits.misspelt
    if not (credits.is_artist_named or credits.others or credits.misspelt):
        yield _missing(subject, artist)


class _Credits:
    """The names in a line, and what it does with them."""

    def __init__(self, subject: Subject, artist: str) -> None:
        self.subject = subject
        self.artist = artist
        self.names = self._names_of_catalogue()
        self.is_artist_named = self._names_artist()
        self.misspelt = list(self._misspelt())
        if any(finding.severity == "error" for finding in self.misspelt):
            self.is_artist_named = True
        self.others = list(self._others())
        wrong = [(finding.start or 0, finding.end or 0) for finding in self.others]
        self.misspelt = [
            finding
            for finding in self.misspelt
            if not any(_overlap((finding.start or 0, finding.end or 0), span) for span in wrong)
        ]

    # --- Who is named ------------------------------------------------------------------------

    def _names_of_catalogue(self) -> list[Name]:
        """Return the names of the catalogue that no fact of the item explains."""
        if self.subject.catalogue is None:
            return []
        return [
            name
            for name in self.subject.catalogue.names_in(self.subject.worded)
            if not self._is_of_item(name)
        ]

    def _is_of_item(self, name: Name) -> bool:
        """Say whether a name is part of a fact that the text names, or a credit of the item."""
        if any(
            mention.start <= name.start and name.end <= mention.end
            for mention in self.subject.mentions
            if not mention.pointer.endswith("/artist") or mention.pointer == ARTIST
        ):
            return True
        key = worded(self.subject.text[name.start : name.end]).words
        return key in words_of_name(self.artist) or key in words_of_name(_fact(self.subject, TITLE))

    def _names_artist(self) -> bool:
        """Say whether the artist is named: in full, without "The", or by the last name."""
        if any(
            mention.pointer == ARTIST and not self._is_in_longer_name((mention.start, mention.end))
            for mention in self.subject.mentions
        ):
            return True
        words = self.subject.worded
        return any(
            any(not self._is_in_longer_name(span) for span in _places(words, short))
            for short in _short_forms(self.artist)
        )

    def _is_in_longer_name(self, span: Span) -> bool:
        return any(
            name.start <= span[0] and span[1] <= name.end and (name.start, name.end) != span
            for name in self.names
        )

    # --- Misspelt ----------------------------------------------------------------------------

    def _misspelt(self) -> Iterator[Finding]:
        windows = list(_windows(self.subject))
        if not windows:
            return
        if not self.is_artist_named:
            near = _nearest(self.artist, windows, is_missing=True)
            if near and not self._is_catalogued(near):
                yield _finding(
                    "error", f"The artist is spelt {self.artist}.", (near.start, near.end)
                )
                windows = [window for window in windows if not _overlap(_span(window), _span(near))]
        named = {
            worded(self.subject.text[mention.start : mention.end]).words
            for mention in self.subject.mentions
        }
        for name in credited_in_title(_fact(self.subject, TITLE)):
            if words_of_name(name) in named:
                continue
            near = _nearest(name, windows, is_missing=False)
            if near and not self._is_catalogued(near):
                yield _finding(
                    "warning", f"The title spells it {name}.", (near.start, near.end), TITLE
                )

    def _is_catalogued(self, window: "_Window") -> bool:
        return any((name.start, name.end) == _span(window) for name in self.names)

    # --- Somebody else -----------------------------------------------------------------------

    def _others(self) -> Iterator[Finding]:
        for name in self.names:
            if severity := self._blame(name):
                words = self.subject.text[name.start : name.end]
                message = (
                    f"{words} is credited; the artist is {self.artist}."
                    if severity == "error"
                    else f"No fact speaks of {words}."
                )
                yield _finding(severity, message, (name.start, name.end))

    def _blame(self, name: Name) -> Severity | None:
        if "artist" not in name.kinds:
            return None
        text = self.subject.text
        before, after = text[max(0, name.start - 60) : name.start], text[name.end : name.end + 60]
        is_heard = any(
            mention.pointer.startswith("/audience/")
            and mention.start <= name.start
            and name.end <= mention.end
            for mention in self.subject.mentions
        )
        credited = bool(_CREDIT_BEFORE.search(before) or _CREDIT_AFTER.match(after))
        listening = bool(_LISTENING_BEFORE.search(before) or _LISTENING_AFTER.match(after))
        if is_heard:
            if listening or (self.is_artist_named and not _is_plain_credit(before, after)):
                return None
            return "error"
        if not self._is_written_as_name(name, credited):
            return None
        return "warning" if listening and not credited and self.is_artist_named else "error"

    def _is_written_as_name(self, name: Name, credited: bool) -> bool:
        """Say whether the words are meant as a name and not as words."""
        text = self.subject.text
        written = text[name.start : name.end]
        words = written.split()
        if name.is_written_small and not written[0].isupper():
            return credited
        first = words[0][:1]
        if (
            first.isalpha()
            and not first.isupper()
            and not (words[0] == "the" and len(words) > 1 and words[1][:1].isupper())
        ):
            return False
        if len(words) > 1:
            return any(word[:1].isupper() for word in words[1:]) or not any(
                word[:1].isalpha() for word in words[1:]
            )
        if credited:
            return True
        return not (_begins_sentence(text, name.start) or written.casefold() in _PROPER_WORDS)


# --- Words and windows --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Window:
    """One or more words in a row that no fact explains, as they are compared."""

    start: int
    end: int
    key: str


def _windows(subject: Subject) -> Iterator[_Window]:
    """Yield stretches of words that begin with a capital or a digit and stand in no fact."""
    words = subject.worded
    places = [
        (at, span)
        for at, span in words.spans.items()
        if not subject.masked[span[0] : span[1]].isspace()
    ]
    for index, (at, span) in enumerate(places):
        first = subject.text[span[0]]
        if not (first.isupper() or first.isdigit()):
            continue
        for count in range(1, min(_MOST_WORDS, len(places) - index) + 1):
            last_at, last = places[index + count - 1]
            end_at = words.words.index(" ", last_at)
            yield _Window(span[0], last[1], words.words[at:end_at])


_MOST_WORDS: Final = 5


def _nearest(name: str, windows: list[_Window], *, is_missing: bool) -> _Window | None:
    """Return the window that a slip of the pen could have made of a name."""
    wanted = words_of_name(name).strip()
    most = _most_slips(wanted, is_missing)
    best: tuple[int, _Window] | None = None
    for window in windows:
        if abs(len(window.key) - len(wanted)) > most:
            continue
        slips = OSA.distance(wanted, window.key, score_cutoff=most)
        if slips <= most and (best is None or slips < best[0]):
            best = slips, window
    return best[1] if best else None


def _most_slips(wanted: str, is_missing: bool) -> int:
    letters = len(wanted)
    if letters < 3:
        return 0
    if letters < 5:
        return 1 if is_missing else 0
    if letters < 8:
        return 2 if is_missing else 1
    return max(2, letters // 4) if is_missing else 2


def _places(words: WordedText, key: str) -> Iterator[Span]:
    at = words.words.find(key)
    while at != -1:
        last = words.words.rfind(" ", 0, at + len(key) - 1) + 1
        yield words.spans[at + 1][0], words.spans[last][1]
        at = words.words.find(key, at + 1)


@lru_cache(maxsize=1024)
def _short_forms(artist: str) -> tuple[str, ...]:
    """Return what else an artist is called, as keys: without "The", by the last name."""
    words = words_of_name(artist).split()
    forms = [" ".join(words)]
    if len(words) > 1 and words[0] == "the" and len(words[-1]) > 4:
        forms.append(" ".join(words[1:]))
    elif len(words) > 1 and "and" not in words and len(words[-1]) > 4:
        forms.append(words[-1])
    return tuple(f" {form} " for form in forms if form)


# --- Contexts -----------------------------------------------------------------------------------

_CREDIT_BEFORE: Final = regex.compile(
    r"\b(?:by|feat\.?|ft\.?|featuring|starring|courtesy of|from|with|in the hands of)\s+[\"“‘']?$",
    flags=regex.IGNORECASE,
)
_CREDIT_AFTER: Final = regex.compile(
    r"['’]s?\b|\s+(?:and|&|feat\.?|ft\.?|featuring)\s"
    r"|\s+\p{Ll}+(?:s|ed)\b",
)
_PLAIN_CREDIT_BEFORE: Final = regex.compile(
    r"\b(?:feat\.?|ft\.?|featuring|starring|courtesy of"
    r"|(?:track|song|single|cut|remix|tune|one) (?:by|from))\s+$",
    flags=regex.IGNORECASE,
)
_LISTENING_BEFORE: Final = regex.compile(
    r"\b(?:like|your|you|recent|recently|fans? of|lovers? of|listeners? of|friends? of|next to"
    r"|after|alongside|beside|between|came for|come for|fell for|love (?:for|of)|neighbou?rs? of|if"
    r"|since|where|all (?:that|those)|playing|played|plays?|hear|heard|spinning|to|as|than|loved?"
    r"|enjoy(?:ed|ing)?|of)\s+(?:(?:your|the|that|those|some|more|all|recent|late|heavy|latest)\s+)*$",
    flags=regex.IGNORECASE,
)
_LISTENING_AFTER: Final = regex.compile(
    r"(?:['’]s?)?\s+(?:fans?|listeners?|lovers?|plays?|favou?rites?|streak|spins?|queue|rotation"
    r"|history|habit|sessions?|evenings?|nights?|mornings?|days?|marathons?|crowd|playlists?|phase"
    r"|keeps? you|left you|got you|has been|have been|is your|are your|is on your|territory|mood"
    r"|on repeat)\b",
    flags=regex.IGNORECASE,
)
_SENTENCE_BEGINS: Final = regex.compile(r"(?:^|[.!?:…—–]\s*|[\"“‘]|\n\W*)$")
# Words with a capital of their own that are names of bands too.
_PROPER: Final = """
america asia berlin boston chicago europe kansas london paris english french german latin spanish
monday tuesday wednesday thursday friday saturday sunday christmas halloween easter january february
march april may june july august september october november december
"""
_PROPER_WORDS: Final = frozenset(_PROPER.split())


def _is_plain_credit(before: str, after: str) -> bool:
    return bool(_PLAIN_CREDIT_BEFORE.search(before))


def _begins_sentence(text: str, start: int) -> bool:
    return bool(_SENTENCE_BEGINS.search(text[max(0, start - 4) : start])) or start == 0


# --- Findings -----------------------------------------------------------------------------------


def _missing(subject: Subject, artist: str) -> Finding:
    nobody = all(mention.pointer != TITLE for mention in subject.mentions)
    return _finding(
        "error" if nobody else "warning",
        f"Neither the title nor the artist, {artist}, is named."
        if nobody
        else f"The artist, {artist}, is not named.",
    )


def _fact(subject: Subject, pointer: str) -> str:
    try:
        value = get_fact(subject.facts, pointer)
    except FactMissing:
        return ""
    return value.strip() if isinstance(value, str) else ""


def _span(window: _Window) -> Span:
    return window.start, window.end


def _overlap(span: Span, other: Span) -> bool:
    return span[0] < other[1] and other[0] < span[1]


def _finding(
    severity: Severity, message: str, span: Span | None = None, pointer: str = ARTIST
) -> Finding:
    start, end = span or (None, None)
    return Finding(
        check="attribution",
        version=VERSION,
        severity=severity,
        message=message,
        start=start,
        end=end,
        category=CATEGORY,
        pointer=pointer,
    )
