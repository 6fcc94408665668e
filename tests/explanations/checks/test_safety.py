"""Safety: what must never be seen, and what only looks like it."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def safety(said: Said, text: str, recommendation: dict[str, Any]) -> list[tuple[str, str]]:
    """Severity and words of what the check points at."""
    return [each[1:] for each in said(text, recommendation) if each[0] == "safety"]


@pytest.mark.parametrize(
    ("line", "severity", "words"),
    [
        ("Ed Sheeran, you fucking genius.", "error", "fucking"),
        ("Ed Sheeran makes you want to kill yourself.", "error", "kill yourself"),
        ("Ed Sheeran tells you to beat her up.", "error", "beat her up"),
        ("Only idiots skip Ed Sheeran.", "error", "idiots"),
        ("Ed Sheeran makes you want to get high.", "warning", "get high"),
        ("Ed Sheeran shows off her curves.", "warning", "her curves"),
        ("Ed Sheeran sounds like a f*ck tonight.", "warning", "f*ck"),
    ],
)
def test_what_must_not_be_said_is_pointed_at(
    said: Said, track: dict[str, Any], line: str, severity: str, words: str
) -> None:
    assert safety(said, line, track) == [(severity, words)]


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran has a killer hook and a sick beat.",
        "This Ed Sheeran track is the bomb, drop dead gorgeous.",
        "Ed Sheeran goes hardcore, all scat and fingering.",
        "Ed Sheeran is dope, ill and wicked, high on the beat.",
        "Ed Sheeran kills it with a lazy, fat, dumb bass line.",
        "Ed Sheeran sounds young, like a man in love.",
        "Ed Sheeran’s assassin of a bass passes through Scunthorpe.",
    ],
)
def test_what_only_looks_like_it_is_left_alone(
    said: Said, track: dict[str, Any], line: str
) -> None:
    assert safety(said, line, track) == []


def test_words_of_the_facts_are_never_meant(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "I Don't Give A Fuck"
    assert (
        safety(said, "Ed Sheeran means it on I Don't Give A Fuck, and a fuck is given.", track)
        == []
    )
    track["item"]["title"] = "Killing Spree"
    assert safety(said, "Ed Sheeran keeps Killing Spree calm.", track) == []


def test_each_locale_has_its_own_words(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran singt dick und warm von der Nacht und dem Arschloch."
    assert safety(said, line, track | {"locale": "de"}) == [("error", "Arschloch")]


@pytest.mark.parametrize(
    ("text", "severity", "words"),
    [
        ("Weak fit\n+ You are too old for this.", "error", "too old"),
        ("Weak fit\n+ You know Excel, as a digital native does.", "warning", "digital native"),
        ("Weak fit\n+ You suit a young team.", "warning", "young"),
        ("Weak fit\n+ You may find it hard with children.", "error", "with children"),
        ("Weak fit\n+ You are no native speaker.", "error", "native speaker"),
        ("Weak fit\n+ You may be pregnant soon.", "error", "pregnant"),
        ("Weak fit\n+ You are lazy.", "error", "You are lazy"),
        ("Weak fit\n+ You have a gap in your CV.", "warning", "gap in your CV"),
    ],
)
def test_a_jobs_fit_speaks_of_no_protected_trait(
    said: Said, job: dict[str, Any], text: str, severity: str, words: str
) -> None:
    assert safety(said, text, job) == [(severity, words)]


def test_a_trait_that_is_the_jobs_own_matter_is_none(said: Said, job: dict[str, Any]) -> None:
    job["item"]["title"] = "Disability Counselors for Young Women"
    text = "Weak fit\n+ You counsel young women with a disability."
    assert safety(said, text, job) == []
