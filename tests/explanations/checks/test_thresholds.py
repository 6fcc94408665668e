"""Which findings keep a text out of the ordinary queue, and how one is known again."""

from typing import Any

import pytest

from explanations.checks import Finding, Thresholds, blocking, check_names, gist_of, make_subject

TEXT = "Shit Happens is a filthy metalcore sprint."
ERROR = Finding("safety", 1, "error", "A swear word.", 0, 4, "harmful")
WARNING = Finding("tone", 1, "warning", "A worn word.", 18, 24, "tone")


def blocked_by(finding: Finding, thresholds: Thresholds, track: dict[str, Any]) -> bool:
    """Whether the finding blocks a line about this track."""
    return bool(blocking([finding], make_subject(TEXT, track), thresholds))


@pytest.mark.parametrize(
    ("threshold", "error_blocks", "warning_blocks"),
    [("nothing", False, False), ("errors", True, False), ("everything", True, True)],
)
def test_the_threshold_says_what_blocks(
    track: dict[str, Any], threshold: Any, error_blocks: bool, warning_blocks: bool
) -> None:
    thresholds = Thresholds(threshold)
    assert blocked_by(ERROR, thresholds, track) is error_blocks
    assert blocked_by(WARNING, thresholds, track) is warning_blocks


def test_a_check_has_a_threshold_of_its_own(track: dict[str, Any]) -> None:
    thresholds = Thresholds("nothing", {"tone": "everything"})
    assert blocked_by(WARNING, thresholds, track)
    assert not blocked_by(ERROR, thresholds, track)


def test_words_of_an_explicit_title_never_block(track: dict[str, Any]) -> None:
    track["item"]["title"] = "Shit Happens"
    assert not blocked_by(ERROR, Thresholds(), track)
    track["item"]["title"] = "Shitake"
    assert blocked_by(ERROR, Thresholds(), track)


def test_what_is_said_with_the_words_of_a_fact_may_block_all_the_same(
    track: dict[str, Any],
) -> None:
    track["item"]["title"] = "Shit Happens"
    wrong = Finding("attribution", 1, "error", "Not its artist.", 0, 4, "attribution")
    assert blocked_by(wrong, Thresholds(), track)


def test_a_finding_about_the_whole_text_is_of_no_words(track: dict[str, Any]) -> None:
    whole = Finding("format", 1, "error", "30 words where 18 are the most.", category="format")
    assert blocked_by(whole, Thresholds(), track)


def test_a_finding_is_known_by_its_words_whatever_their_case_and_accents() -> None:
    there = Finding("tone", 1, "warning", "A worn word.", 2, 6)
    assert gist_of(there, "A Café.") == gist_of(there, "A CAFE.") == "cafe"


def test_a_finding_about_a_whole_text_is_known_by_its_message_without_numbers() -> None:
    long = Finding("format", 1, "error", "30 words where 18 are the most.")
    longer = Finding("format", 1, "error", "41 words where 18 are the most.")
    assert (
        gist_of(long, "A line.") == gist_of(longer, "Another.") == ("# words where # are the most.")
    )


def test_every_finding_is_of_a_check_that_has_a_name(said: Any, track: dict[str, Any]) -> None:
    findings = said("Sure, here is the line: 1987 1987 1987, mail me@example.com!", track)
    assert findings
    assert {check for check, _severity, _words in findings} <= set(check_names())
