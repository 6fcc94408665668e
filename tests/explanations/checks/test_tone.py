"""Tone: the rules of the guide that was given, else of the one that ships with the task."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def tone(said: Said, text: str, recommendation: dict[str, Any]) -> list[str]:
    """The words that the check points at, all for the editor."""
    found = [each for each in said(text, recommendation) if each[0] == "tone"]
    assert all(severity == "warning" for _, severity, _ in found)
    return [words for _, _, words in found]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Ed Sheeran sings a Timeless song.", ["Timeless"]),
        ("Ed Sheeran hides a hidden gem, a hidden-gem.", ["hidden gem", "hidden-gem"]),
        ("Ed Sheeran makes a must hear of Beautiful People.", ["must hear"]),
        ("You won’t want to miss Ed Sheeran.", ["You won’t want to miss"]),
    ],
)
def test_a_phrase_of_the_guide_is_pointed_at(
    said: Said, track: dict[str, Any], line: str, words: list[str]
) -> None:
    assert tone(said, line, track) == words


@pytest.mark.parametrize(
    "line",
    ["Ed Sheeran sings epically.", "Ed Sheeran is hidden. Gem of a song.", "Ed Sheeran hits hard."],
)
def test_other_words_are_none_of_its_phrases(said: Said, track: dict[str, Any], line: str) -> None:
    assert tone(said, line, track) == []


def test_words_of_a_fact_are_never_meant(said: Said, track: dict[str, Any]) -> None:
    track["item"] |= {"title": "Timeless", "genre": "classic rock"}
    assert tone(said, "Timeless is Ed Sheeran at his most classic, a timeless one.", track) == []


def test_another_guide_has_other_phrases(said: Said, track: dict[str, Any]) -> None:
    track["guide"] = {"avoid": ["warm glow"]}
    assert tone(said, "Ed Sheeran has a timeless, warm glow.", track) == ["warm glow"]


def test_a_guide_without_rules_avoids_nothing(said: Said, track: dict[str, Any]) -> None:
    assert tone(said, "Epic! Ed Sheeran! Timeless!", track | {"guide": {}}) == []


@pytest.mark.parametrize(("most", "pointed_at"), [(0, 2), (1, 1), (2, 0), (None, 0)])
def test_exclamation_marks_are_counted(
    said: Said, track: dict[str, Any], most: int | None, pointed_at: int
) -> None:
    track["guide"] = {"exclamation_marks": most}
    assert tone(said, "Hey! It is Ed Sheeran!", track) == ["!"] * pointed_at


def test_the_exclamation_mark_of_a_name_is_its_own(said: Said, track: dict[str, Any]) -> None:
    track["item"]["artist"] = "P!nk"
    track["guide"] = {"exclamation_marks": 0}
    assert tone(said, "P!nk sings.", track) == []


def test_a_guide_may_avoid_the_second_person(said: Said, track: dict[str, Any]) -> None:
    line = "You’ll find Ed Sheeran in your kitchen."
    assert tone(said, line, track) == []
    assert tone(said, line, track | {"guide": {"second_person": "avoided"}}) == ["You’ll", "your"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Partial fit\n+ You know Excel.", []),
        ("Partial fit\n− The job asks for SAP software. Try a course.", []),
        ("Partial fit\n+ The candidate knows Excel.", ["The candidate"]),
        ("Partial fit\n+ He knows Excel.", ["He"]),
        ("Partial fit\n+ Knows Excel.", [""]),
    ],
)
def test_a_guide_may_expect_the_second_person(
    said: Said, job: dict[str, Any], text: str, words: list[str]
) -> None:
    assert tone(said, text, job) == words


def test_whom_a_text_speaks_to_is_judged_in_english_alone(
    said: Said, track: dict[str, Any]
) -> None:
    track |= {"locale": "de", "guide": {"second_person": "expected"}}
    assert tone(said, "Ed Sheeran singt leise in der warmen Nacht.", track) == []
