"""Attribution: does a line say whose music it is, and does it credit nobody else?

A name of the catalogue is blamed only where the line treats it as a name: a band may be called
"Yes", and a listener may be told of somebody else whom they have been playing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import regex

from explanations.checks.attribution import contexts
from explanations.checks.attribution.spelling import Window, nearest, windows
from explanations.checks.catalogue import Name, WordedText, credited_in_title, words_of_name
from explanations.checks.finding import Finding, Severity
from explanations.checks.subject import Subject
from explanations.context import FactMissing, get_fact

VERSION = 2
CATEGORY = "attribution"
ARTIST: Final = "/item/artist"
TITLE: Final = "/item/title"

Span = tuple[int, int]

_CAPITAL: Final = r"[\p{Lu}][\p{L}\p{N}\p{M}'’.&!$-]*"
_NAME: Final = (
    rf"(?P<name>{_CAPITAL}(?: (?:{_CAPITAL}|(?:of|the|van|von|de|da|del|la|y|&|N['’])(?= )))*)"
)
_BEFORE_NAME: Final = (
    rf"\b(?i:by|feat\.?|ft\.?|featuring|remixed by|produced by|courtesy of) {_NAME}"
)
_BEHIND_NAME: Final = rf"{_NAME}(?:['’]s?)? (?:remix|rework|bootleg|flip|edit)\b"
_CREDITED: Final = regex.compile(_BEFORE_NAME)
_CREDITED_OR_REMIXED: Final = regex.compile(f"{_BEFORE_NAME}|{_BEHIND_NAME}")
# What each of them cannot do without. To look for a name before a word is dear, and hardly ever
# called for.
_CREDIT_CUE: Final = re.compile(r"\b(?:by|feat|ft|featuring|courtesy of)\b")
_REMIX_CUE: Final = re.compile(r" (?:remix|rework|bootleg|flip|edit)\b")
# Capitals behind "by" that are nobody.
_NOBODY: Final = regex.compile(
    r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|March|April|May"
    r"|June|July|August|September|October|November|December|Christmas|Dawn|Night|Day|Radio|Extended"
    r"|Original|Club|This|That|The|A|An)",
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with the credits of a text.

    Errors: somebody else is credited, the artist's name is misspelt, or neither artist nor title is
    named. Warnings: only the artist is not named, a guest's or a remixer's name is misspelt, or a
    name is mentioned that no fact speaks of.
    """
    artist = _fact(subject, ARTIST)
    if not artist:
        yield from _employers_and_people(subject)
        return
    credits = _Credits(subject, artist)
    others = list(credits.others())
    spelling = [
        finding
        for finding in (*credits.misspelt_artist, *credits.misspelt_guests())
        if not any(_overlap(finding, other) for other in others)
    ]
    unknown = [
        finding
        for finding in credits.unknown()
        if not any(_overlap(finding, other) for other in (*others, *spelling))
    ]
    yield from (*others, *spelling, *unknown)
    blamed = any(finding.severity == "error" for finding in (*others, *spelling, *unknown))
    if not (credits.is_artist_named or blamed):
        yield _missing(subject, artist)


def _employers_and_people(subject: Subject) -> Iterator[Finding]:
    """Yield employers and people of the catalogue where no fact speaks of them.

    An employer is blamed where somebody is said to be with them: a product may be called the same.
    """
    if subject.catalogue is None:
        return
    for name in subject.catalogue.names_in(subject.worded):
        written = subject.text[name.start : name.end]
        is_blamed = ("person" in name.kinds and name.words > 1) or (
            "employer" in name.kinds and contexts.is_at_work(subject.text, name.start)
        )
        if is_blamed and _has_capital(written) and not _is_said_by_a_fact(subject, written):
            yield Finding(
                check="attribution",
                version=VERSION,
                severity="error",
                message=f"No fact speaks of {written}.",
                start=name.start,
                end=name.end,
                category="unsupported",
            )


def _is_said_by_a_fact(subject: Subject, written: str) -> bool:
    words = words_of_name(written)
    return any(
        words in words_of_name(fact.value) for fact in subject.leaves if isinstance(fact.value, str)
    )


@dataclass(frozen=True)
class _Credits:
    """The names in a line, and what the line does with them."""

    subject: Subject
    artist: str

    @cached_property
    def names(self) -> list[Name]:
        """The names of the catalogue that no fact of the item explains."""
        if self.subject.catalogue is None:
            return []
        found = self.subject.catalogue.names_in(self.subject.worded)
        return [name for name in found if not self._is_of_item(name)]

    @cached_property
    def is_artist_named(self) -> bool:
        """Whether the artist is named: in full, without "The", or by the last name."""
        return self._is_named_in_full or (not self.misspelt_artist and any(self._short_mentions()))

    @cached_property
    def misspelt_artist(self) -> list[Finding]:
        """What is meant to be the artist's name, where the name itself is missing."""
        if self._is_named_in_full:
            return []
        near = nearest(self.artist, self._windows, is_missing=True)
        if near is None or self._is_catalogued(near):
            return []
        return [_finding("error", f"The artist is spelt {self.artist}.", (near.start, near.end))]

    def misspelt_guests(self) -> Iterator[Finding]:
        """Yield what is meant to be a name that the title credits."""
        written = self.subject.worded.words
        unnamed = [name for name in self._guests if words_of_name(name) not in written]
        for name in unnamed:
            near = nearest(name, self._windows, is_missing=False)
            if near and not self._is_catalogued(near):
                span = (near.start, near.end)
                yield _finding("warning", f"The title spells it {name}.", span, TITLE)

    def others(self) -> Iterator[Finding]:
        """Yield names of the catalogue that the line credits, or mentions without a fact."""
        past_heard = 0
        for name in sorted(self.names, key=lambda name: name.start):
            if self._is_heard(name) and self._is_company(name, past_heard):
                past_heard = name.end
            elif severity := self._blame(name):
                words = self.subject.text[name.start : name.end]
                message = (
                    f"{words} is credited; the artist is {self.artist}."
                    if severity == "error"
                    else f"No fact speaks of {words}."
                )
                yield _finding(severity, message, (name.start, name.end))

    def unknown(self) -> Iterator[Finding]:
        """Yield credits of names that neither the facts nor the catalogue hold."""
        text = self.subject.masked
        lower = text.lower()
        if _REMIX_CUE.search(lower):
            credited = _CREDITED_OR_REMIXED
        elif _CREDIT_CUE.search(lower):
            credited = _CREDITED
        else:
            return
        for found in credited.finditer(text):
            start, end = found.span("name")
            name = text[start:end].rstrip(".,")
            if _NOBODY.fullmatch(name.split()[0]) or self._is_part_of_credits(name):
                continue
            severity: Severity = "warning" if self.is_artist_named else "error"
            yield _finding(severity, f"No fact credits {name}.", (start, start + len(name)))

    # --- What a name is ----------------------------------------------------------------------

    def _is_of_item(self, name: Name) -> bool:
        """Say whether a name is part of a fact that the text names, or a credit of the item."""
        for mention in self.subject.mentions:
            if mention.start <= name.start and name.end <= mention.end:
                written = self.subject.text[mention.start : mention.end]
                is_longer = words_of_name(written).count(" ") > name.words + 1
                if mention.pointer.startswith("/item/") or is_longer:
                    return True
        return self._is_part_of_credits(self.subject.text[name.start : name.end])

    def _is_part_of_credits(self, written: str) -> bool:
        words = words_of_name(written)
        return words in words_of_name(self.artist) or words in words_of_name(
            _fact(self.subject, TITLE)
        )

    def _is_heard(self, name: Name) -> bool:
        return any(
            mention.pointer.startswith("/audience/")
            and mention.start <= name.start
            and name.end <= mention.end
            for mention in self.subject.mentions
        )

    def _is_catalogued(self, window: Window) -> bool:
        return any((name.start, name.end) == (window.start, window.end) for name in self.names)

    # --- Whether the artist is named ----------------------------------------------------------

    @cached_property
    def _is_named_in_full(self) -> bool:
        return any(
            mention.pointer == ARTIST and not self._is_in_longer_name(mention.start, mention.end)
            for mention in self.subject.mentions
        )

    def _short_mentions(self) -> Iterator[Span]:
        text = self.subject.text
        for form in _short_forms(self.artist):
            for start, end in _places(self.subject.worded, form):
                before = text[:start].split()
                is_other_name = bool(before) and before[-1][:1].isupper() and len(before) > 1
                if not is_other_name and not self._is_in_longer_name(start, end):
                    yield start, end

    def _is_in_longer_name(self, start: int, end: int) -> bool:
        """Say whether it is but a part: "Queen" in "Queen II", or in "Queen Latifah"."""
        return any(
            name.start <= start and end <= name.end and (name.start, name.end) != (start, end)
            for name in self.names
        ) or any(
            mention.start <= start
            and end <= mention.end
            and mention.end - mention.start > end - start
            for mention in self.subject.mentions
            if mention.pointer == "/item/album"
            or mention.pointer.startswith("/audience/")
            or (mention.pointer == TITLE and not self._title_credits_artist)
        )

    @cached_property
    def _title_credits_artist(self) -> bool:
        return words_of_name(self.artist) in {words_of_name(name) for name in self._guests}

    @cached_property
    def _windows(self) -> list[Window]:
        return windows(self.subject, (self.artist, *self._guests))

    @cached_property
    def _guests(self) -> list[str]:
        return credited_in_title(_fact(self.subject, TITLE))

    # --- Whether a name is blamed -------------------------------------------------------------

    def _is_company(self, name: Name, past_heard: int) -> bool:
        """Say whether the line speaks of a name as of what the listener plays.

        Where the artist is missing, only words that can mean nothing else are taken for that.
        """
        text = self.subject.text
        if past_heard and contexts.is_chained(text, past_heard, name.start):
            return True
        if contexts.is_of_listener(text, name.start, name.end):
            return True
        return self.is_artist_named and contexts.is_beside(text, name.start)

    def _blame(self, name: Name) -> Severity | None:
        if "artist" not in name.kinds:
            return None
        text = self.subject.text
        if self._is_heard(name):
            is_credit = contexts.is_plainly_credited(text, name.start) or self._owns_title(name)
            is_partner = self._is_joined_to_artist(name) and not contexts.speaks_of_listener(text)
            return "error" if is_credit or is_partner or not self.is_artist_named else None
        credited = contexts.is_credited(text, name.start, name.end)
        if not self._is_written_as_name(name, credited):
            return None
        is_company = self._is_company(name, 0) and not self._owns_title(name)
        return "warning" if is_company and self.is_artist_named else "error"

    def _is_joined_to_artist(self, name: Name) -> bool:
        """Say whether the two are named as a pair: "Ed Sheeran and Rihanna"."""
        return any(
            contexts.is_joint(self.subject.text, mention.end, name.start)
            if mention.end <= name.start
            else contexts.is_joint(self.subject.text, name.end, mention.start)
            for mention in self.subject.mentions
            if mention.pointer == ARTIST
        )

    def _owns_title(self, name: Name) -> bool:
        """Say whether the title comes right behind: "Rihanna's Beautiful People"."""
        return any(
            mention.pointer == TITLE
            and contexts.is_owned(self.subject.text, name.end, mention.start)
            for mention in self.subject.mentions
        )

    def _is_written_as_name(self, name: Name, credited: bool) -> bool:
        """Say whether the words are meant as a name and not as words."""
        text = self.subject.text
        words = text[name.start : name.end].split()
        if name.is_written_small and not words[0][:1].isupper():
            return credited
        has_article = words[0].lower() == "the" and len(words) > 1
        telling = words[1:] if has_article else words
        if not all(_has_capital(word) for word in (telling[0], telling[-1])):
            return False
        if len(words) > 1:
            return True
        if not any(character.isalpha() for character in words[0]):
            return contexts.is_plainly_credited(text, name.start)  # "7" is a number first
        return self._is_word_meant_as_name(name, credited)

    def _is_word_meant_as_name(self, name: Name, credited: bool) -> bool:
        """Say whether a single word with a capital is meant as a name.

        Where the artist is named, only a plain credit makes a name of a word that has its capital
        for another reason; where nobody else is, the word is all there is.
        """
        text = self.subject.text
        if contexts.is_plainly_credited(text, name.start) or self._owns_title(name):
            return True
        if contexts.has_capital_anyway(text, name.start, name.end):
            if self.is_artist_named:
                return credited and not contexts.is_where_places_stand(text, name.start)
            return not contexts.is_where_places_stand(text, name.start)
        if self.is_artist_named:
            return credited or not contexts.begins_sentence(text, name.start)
        if not contexts.begins_text(text, name.start):
            return True
        may_be = credited or contexts.may_be_credited(text, name.end)
        return may_be or not contexts.is_plain_word(text, name.start, name.end)


def _has_capital(word: str) -> bool:
    first = next((character for character in word if character.isalnum()), "A")
    return not first.islower()


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


def _overlap(finding: Finding, other: Finding) -> bool:
    if finding.start is None or other.start is None or finding.end is None or other.end is None:
        return False
    return finding.start < other.end and other.start < finding.end


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
