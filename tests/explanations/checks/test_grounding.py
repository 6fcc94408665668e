"""Grounding: what no fact supports."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import run_checks

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


def test_a_bullet_on_a_fact_that_is_not_there_blocks(job: dict[str, Any]) -> None:
    job["output"]["matches"][0]["fact"] = "/audience/skills/5"
    findings = run_checks("Partial fit\n+ You already work with Excel.", job)
    assert [(finding.severity, finding.pointer) for finding in findings] == [
        ("error", "/audience/skills/5")
    ]


def test_a_verdict_against_the_rule_is_for_the_editor(said: Said, job: dict[str, Any]) -> None:
    job["output"]["verdict"] = "strong"
    text = "Strong fit\n+ You already work with Excel."
    assert said(text, job) == [("verdict", "warning", "Strong fit")]


def test_the_verdict_of_the_rule_is_fine(said: Said, job: dict[str, Any]) -> None:
    assert said("Partial fit\n+ You already work with Excel.", job) == []
