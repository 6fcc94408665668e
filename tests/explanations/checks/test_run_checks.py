"""The one entry point of the checks."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explanations.checks import Finding, run_checks
from explanations.output_formats import UnknownOutputFormat


def test_a_good_line_gets_no_findings(track: dict[str, Any]) -> None:
    line = "Jack Wins gives Ed Sheeran and Khalid a dance floor on Beautiful People."
    assert run_checks(line, track) == []


def test_errors_come_first(track: dict[str, Any]) -> None:
    findings = run_checks("**Ed Sheeran** sang this in 1987.", track)
    assert [finding.severity for finding in findings] == ["error", "warning"]


def test_every_finding_names_its_check_and_version(track: dict[str, Any]) -> None:
    for finding in run_checks("Sure, here is the line: 1987 1987 1987", track):
        assert finding.check
        assert finding.version >= 1
        assert finding.category


def test_a_line_of_a_delivery_is_enough(track: dict[str, Any]) -> None:
    for key in ("output_format", "word_limit"):
        del track[key]
    line = "Ed Sheeran sings " + "la, " * 30 + "and that is all."
    assert run_checks(line, track) == run_checks(
        line, track | {"output_format": "music-oneliner", "word_limit": 18}
    )


@pytest.mark.parametrize("key", ["task", "item", "output_format", "word_limit"])
def test_a_missing_key_is_named(track: dict[str, Any], key: str) -> None:
    track["task"] = "a-task-of-our-own"
    del track[key]
    with pytest.raises(KeyError, match=key):
        run_checks("A line.", track)


@pytest.mark.parametrize(
    ("key", "value"),
    [("task", 7), ("item", ["a"]), ("audience", "me"), ("word_limit", "18"), ("locale", None)],
)
def test_a_value_of_another_type_is_named(track: dict[str, Any], key: str, value: object) -> None:
    with pytest.raises(TypeError, match=key):
        run_checks("A line.", track | {key: value})


def test_an_unknown_format_says_so(track: dict[str, Any]) -> None:
    with pytest.raises(UnknownOutputFormat):
        run_checks("A line.", track | {"output_format": "haiku"})


@pytest.mark.parametrize("span", [(None, 3), (3, None), (3, 3), (-1, 2)])
def test_a_span_is_half_open_or_absent(span: tuple[int | None, int | None]) -> None:
    with pytest.raises(ValueError, match="span"):
        Finding("format", 1, "warning", "No.", *span)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_any_text_gets_findings_whose_spans_lie_inside_it(track: dict[str, Any], text: str) -> None:
    for finding in run_checks(text, track):
        assert finding.end is None or finding.end <= len(text)
