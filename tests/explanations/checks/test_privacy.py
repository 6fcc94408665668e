"""Privacy: addresses, links, numbers and handles, and what only looks like them."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[..., list[tuple[str, str, str]]]


def privacy(said: Said, text: str, recommendation: dict[str, Any]) -> list[str]:
    """The words that the check points at."""
    found = [each for each in said(text, recommendation) if each[0] == "privacy"]
    assert all(severity == "error" for _, severity, _ in found)
    return [words for _, _, words in found]


@pytest.mark.parametrize(
    "words",
    [
        "ed.sheeran+fans@mail.example.co.uk",
        "https://example.com/listen?x=1",
        "www.edsheeran.example",
        "edsheeran.com/tour",
        "+44 20 7946 0958",
        "+1 (555) 010-4477",
        "555-010-4477",
        "(555) 010-4477",
        "@teddysphotos",
        "sk-proj-abcdefABCDEF0123456789abcd",
        "desk_0123456789abcdef0123",
        "AKIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----",
    ],
)
def test_a_way_to_reach_somebody_is_an_error_on_its_words(
    track: dict[str, Any], said: Said, words: str
) -> None:
    text = f"Ed Sheeran sings Beautiful People, see {words} for more."
    assert privacy(said, text, track) == [words]


@pytest.mark.parametrize(
    "words", ["melodic-post-hardcore-and-more", "sk-ate-or-die", "a desk_job", "hf_", "AKIA"]
)
def test_long_words_with_hyphens_are_no_keys(track: dict[str, Any], said: Said, words: str) -> None:
    assert privacy(said, f"Ed Sheeran sings Beautiful People: {words}.", track) == []


def test_each_of_several_is_pointed_at(track: dict[str, Any], said: Said) -> None:
    text = "Ed Sheeran: write to ed@mail.example or @ed_sheeran."
    assert privacy(said, text, track) == ["ed@mail.example", "@ed_sheeran"]


@pytest.mark.parametrize(
    "text",
    [
        "Ed Sheeran at 125 beats a minute, from 2019-07-11, 163 seconds long.",
        "Ed Sheeran and Khalid @ their best.",
        "You know ASP.NET and Node.js, vs. Java.",
        "Ed Sheeran sings of 1999 2000 2001.",
        "It ends here.Then it begins again, e.g. with 10.000 fans.",
        "Beautiful People (feat. Khalid), 24/7, 100-120 BPM, 4-3-3.",
    ],
)
def test_what_only_looks_like_one_is_left_alone(
    track: dict[str, Any], said: Said, text: str
) -> None:
    assert privacy(said, text, track) == []


def test_what_a_fact_says_itself_is_no_finding(track: dict[str, Any], said: Said) -> None:
    track["item"] |= {"artist": "@onefive", "title": "Call 555-010-4477", "label": "booking.com"}
    text = "@onefive made Call 555-010-4477 at booking.com."
    assert privacy(said, text, track) == []
