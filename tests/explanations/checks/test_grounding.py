"""Grounding: what no fact supports."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran in 2019 at 125 beats.",
        "Ed Sheeran, 2:43 long.",
        "Ed Sheeran closes the 2010s.",
        "Ed Sheeran on the 11 July 2019 edition.",
    ],
)
def test_numbers_of_the_facts_are_fine(said: Said, track: dict[str, Any], line: str) -> None:
    assert said(line, track) == []


def test_a_year_that_no_fact_holds_blocks(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran in 2018.", track) == [("grounding", "error", "2018")]


def test_another_number_is_for_the_editor(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran in room 90.", track) == [("grounding", "warning", "90")]


def test_a_decade_that_no_fact_speaks_of_is_for_the_editor(
    said: Said, track: dict[str, Any]
) -> None:
    assert said("Ed Sheeran as in the 80s.", track) == [("grounding", "warning", "80s")]


def test_numbers_inside_a_title_are_facts(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "1999"
    assert said("Ed Sheeran parties like 1999.", track) == []
