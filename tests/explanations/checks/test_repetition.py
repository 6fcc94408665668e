"""Repetition: a model caught in a loop."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def test_a_loop_blocks_and_is_marked_from_end_to_end(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran sings to the beat, to the beat, to the beat."
    assert said(line, track) == [("repetition", "error", "to the beat, to the beat, to the beat")]


def test_a_word_said_three_times_blocks(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran sings on on on.", track) == [("repetition", "error", "on on on")]


def test_a_doubled_word_is_for_the_editor(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran sings the the song.", track) == [("repetition", "warning", "the the")]


@pytest.mark.parametrize(
    "line", ["Ed Sheeran: the more, the more.", "Ed Sheeran sings and sings again."]
)
def test_style_is_no_loop(said: Said, track: dict[str, Any], line: str) -> None:
    assert said(line, track) == []


def test_a_title_that_repeats_itself_is_no_loop(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "Work Work Work"
    assert said("Ed Sheeran goes Work Work Work.", track) == []


def test_bullets_that_begin_alike_are_no_loop(said: Said, job: dict[str, Any]) -> None:
    skills = ["Microsoft Excel", "SAP software", "Intuit QuickBooks"]
    job["audience"]["skills"] = skills
    job["output"]["verdict"] = "partial"
    text = "\n".join(["Partial fit", *(f"+ You already work with {skill}." for skill in skills)])
    assert said(text, job) == []


def test_the_same_words_before_different_facts_are_no_loop(said: Said, job: dict[str, Any]) -> None:
    job["audience"]["skills"] = ["Microsoft Excel", "SAP software", "Intuit QuickBooks"]
    text = "Partial fit\n+ You know Microsoft Excel, know SAP software, know Intuit QuickBooks."
    assert said(text, job) == []


def test_a_loop_inside_a_bullet_blocks(said: Said, job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You work on and on and on and on."
    assert ("repetition", "error") in [finding[:2] for finding in said(text, job)]
