"""Format: mild where an editor mends it in a second, strict where the text is not the copy."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def words(count: int) -> str:
    return "Ed Sheeran " + " ".join(
        f"w{letter}x" for letter in "abcdefghijklmnopqrstuvwxyz"[:count]
    )


def test_an_empty_text_is_an_error_and_nothing_else(said: Said, track: dict[str, Any]) -> None:
    assert ("format", "error", "") in said("  ", track)


@pytest.mark.parametrize(("count", "severities"), [(18, []), (19, ["warning"]), (26, ["warning"])])
def test_a_few_words_too_many_are_for_the_editor(
    said: Said, track: dict[str, Any], count: int, severities: list[str]
) -> None:
    found = [severity for _, severity, _ in said(words(count) + ".", track)]
    assert found == severities


def test_far_too_many_words_block(said: Said, track: dict[str, Any]) -> None:
    line = words(26) + " one two three four."
    assert [severity for _, severity, _ in said(line, track)] == ["error"]


def test_title_artist_and_guests_do_not_count(said: Said, track: dict[str, Any]) -> None:
    line = words(17).removesuffix(".") + " Beautiful People by Khalid."
    assert said(line, track) == []


@pytest.mark.parametrize(
    "token", ["<|im_end|>", "</s>", "[/INST]", "<end_of_turn>", "<0x0A>", "{{ /item/title }}"]
)
def test_a_control_token_blocks(said: Said, track: dict[str, Any], token: str) -> None:
    assert said(f"Ed Sheeran sings. {token}", track)[0] == ("format", "error", token)


@pytest.mark.parametrize(
    "talk",
    [
        "Sure, here is the line:",
        "Certainly! Here's a sentence about the track:",
        "Here is your one-sentence summary:",
        "Of course, ",
        "As an AI",
    ],
)
def test_a_model_that_talks_to_its_user_blocks(
    said: Said, track: dict[str, Any], talk: str
) -> None:
    check, severity, _ = said(f"{talk} Ed Sheeran sings.", track)[0]
    assert (check, severity) == ("format", "error")


@pytest.mark.parametrize(
    "line",
    [
        "Of course Ed Sheeran sings.",
        "Here is Ed Sheeran at his softest.",
        "Sure-footed Ed Sheeran.",
    ],
)
def test_the_same_words_inside_a_line_are_fine(
    said: Said, track: dict[str, Any], line: str
) -> None:
    assert said(line, track) == []


def test_a_label_before_the_line_is_for_the_editor(said: Said, track: dict[str, Any]) -> None:
    assert said("Line: Ed Sheeran sings.", track) == [("format", "warning", "Line:")]


def test_a_second_sentence_is_for_the_editor(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran sings. It is warm.", track) == [("format", "warning", " It is warm.")]


def test_a_third_sentence_blocks(said: Said, track: dict[str, Any]) -> None:
    assert said("Ed Sheeran sings. It is warm. It ends.", track)[0][:2] == ("format", "error")


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran sings feat. Khalid.",
        "Dr. Beat and Ed Sheeran, vs. St. Vincent.",
        "Ed Sheeran meets the late B.I.G. tonight.",
        "Ed Sheeran waits …",
    ],
)
def test_abbreviations_end_no_sentence(said: Said, track: dict[str, Any], line: str) -> None:
    assert said(line, track) == []


def test_full_stops_inside_a_title_end_no_sentence(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "Stop. Look. Listen."
    assert said("Ed Sheeran hurries through Stop. Look. Listen. at last.", track) == []


def test_quotation_marks_around_the_line_are_for_the_editor(
    said: Said, track: dict[str, Any]
) -> None:
    assert [severity for _, severity, _ in said('"Ed Sheeran sings."', track)] == ["warning"]
    assert said('"Beautiful People" lets Ed Sheeran "glow".', track) == []


@pytest.mark.parametrize("marked", ["**warm**", "`warm`", "[warm](http://x.example)"])
def test_markdown_is_for_the_editor(said: Said, track: dict[str, Any], marked: str) -> None:
    link = [("privacy", "error", "http://x.example")] if "http://x.example" in marked else []
    assert said(f"Ed Sheeran sings {marked} songs.", track) == [
        *link,
        ("format", "warning", marked),
    ]


def test_the_same_bullet_twice_is_for_the_editor(said: Said, job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You know Excel.\n+ You know Excel."
    assert said(text, job) == [("format", "warning", "+ You know Excel.")]


def test_bullets_may_be_several_sentences(said: Said, job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You know Excel.\n− The job asks for SAP software. Try a course."
    assert said(text, job) == []


def test_a_dash_after_a_title_is_no_list(said: Said, track: dict[str, Any]) -> None:
    assert said("Beautiful People - by Ed Sheeran.", track) == []


def test_a_title_in_asterisks_is_no_markdown(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "**Flawless"
    assert said("Ed Sheeran covers **Flawless.", track) == []
