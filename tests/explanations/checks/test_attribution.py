"""Attribution: a line says whose music it is."""

from collections.abc import Callable
from typing import Any

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def test_a_line_that_names_the_artist_is_fine(said: Said, track: dict[str, Any]) -> None:
    assert said("ED SHEERAN lets the summer in.", track) == []


def test_a_line_with_the_title_alone_is_for_the_editor(said: Said, track: dict[str, Any]) -> None:
    assert said("Beautiful People lets the summer in.", track) == [("attribution", "warning", "")]


def test_a_line_that_names_nobody_blocks(said: Said, track: dict[str, Any]) -> None:
    assert said("A track for the summer.", track) == [("attribution", "error", "")]


def test_an_unknown_artist_cannot_be_missed(said: Said, track: dict[str, Any]) -> None:
    del track["item"]["artist"]
    assert said("A track for the summer.", track) == []


def test_a_job_has_no_artist(said: Said, job: dict[str, Any]) -> None:
    assert said("Partial fit\n+ You know Excel.", job) == []
