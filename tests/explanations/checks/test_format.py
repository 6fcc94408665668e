"""Format: mild where an editor mends it in a second, strict where the text is not the copy."""

from collections.abc import Callable
from typing import Any

import pytest

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def words(count: int) -> str:
    plain = (
        "keeps the song as light on its feet as a cat that has seen a dog and is not sure yet "
        "what to make of it"
    )
    return " ".join(["Ed Sheeran", *plain.split()[:count]])


def test_an_empty_text_is_an_error_and_nothing_else(said: Said, track: dict[str, Any]) -> None:
    assert ("format", "error", "") in said("  ", track)


@pytest.mark.parametrize(("count", "severities"), [(18, []), (19, ["warning"]), (26, ["warning"])])
def test_a_few_words_too_many_are_for_the_editor(
    said: Said, track: dict[str, Any], count: int, severities: list[str]
) -> None:
    found = [severity for _, severity, _ in said(words(count) + ".", track)]
    assert found == severities


def test_far_too_many_words_block(said: Said, track: dict[str, Any]) -> None:
    line = words(24) + " one two three four."
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


# Left over ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "{artist}",
        "${title}",
        "[Artist]",
        "[song title]",
        "[insert genre]",
        "<title>",
        "<br>",
        "{% endif %}",
        "### Response:",
        "&amp;",
        "\\n",
        "\ufffd",
    ],
)
def test_what_a_template_leaves_behind_blocks(
    said: Said, track: dict[str, Any], token: str
) -> None:
    assert ("format", "error", token) in said(f"Ed Sheeran sings. {token}", track)


def test_a_title_in_square_brackets_is_no_placeholder(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "I Don't Care [Loud Luxury Remix]"
    assert said("Ed Sheeran sings I Don't Care [Loud Luxury Remix].", track) == []


# A model that talks -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't write about Ed Sheeran.",
        "I cannot provide a line for Ed Sheeran.",
        "Ed Sheeran, as an AI language model would say, is fine.",
        "Ed Sheeran sings. Let me know if you want another one.",
        "Based on the facts provided, Ed Sheeran sings.",
        "Ed Sheeran sings. (3 words)",
    ],
)
def test_refusals_and_talk_block_wherever_they_stand(
    said: Said, track: dict[str, Any], text: str
) -> None:
    assert ("format", "error") in [found[:2] for found in said(text, track)]


def test_a_song_may_say_what_a_model_would(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "I'm Sorry, I Can't Help"
    assert said("I'm Sorry, I Can't Help is Ed Sheeran at his softest.", track) == []


@pytest.mark.parametrize("label", ["Explanation:", "**One-liner:**", "Answer -", "Draft 2:"])
def test_a_label_in_front_is_for_the_editor(said: Said, track: dict[str, Any], label: str) -> None:
    found = [found[:2] for found in said(f"{label} Ed Sheeran sings on.", track)]
    assert ("format", "warning") in found


def test_a_title_before_a_colon_is_no_label(said: Said, track: dict[str, Any]) -> None:
    assert said("Beautiful People: Ed Sheeran lets the summer in.", track) == []


# Language -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran canta con mucha calma esta canción.",
        "Ed Sheeran bringt Beautiful People langsam zum Leuchten.",
        "Avec Beautiful People, Ed Sheeran offre une balade douce.",
        "Эд поёт тихо и светло, Beautiful People.",
        "Ed Sheeranは静かな夜を踊らせる。",
    ],
)
def test_another_language_than_the_locales_blocks(
    said: Said, track: dict[str, Any], line: str
) -> None:
    assert ("format", "error", "") in said(line, track)


def test_names_are_no_evidence_of_a_language(said: Said, track: dict[str, Any]) -> None:
    track["item"] |= {"title": "Despacito", "artist": "Luis Fonsi", "album": "Vida"}
    assert said("Despacito by Luis Fonsi.", track) == []
    assert said("Luis Fonsi keeps Despacito warm.", track) == []


def test_each_locale_has_its_own_language(said: Said, track: dict[str, Any]) -> None:
    german = "Ed Sheeran bringt Beautiful People langsam zum Leuchten."
    track["locale"] = "de-DE"
    assert said(german, track) == []
    english = "Ed Sheeran keeps Beautiful People light on its feet and warm to the end."
    assert ("format", "error", "") in said(english, track)


def test_a_locale_that_nobody_knows_is_not_judged(said: Said, track: dict[str, Any]) -> None:
    track["locale"] = "tlh"
    assert said("Ed Sheeran keeps Beautiful People light on its feet.", track) == []


def test_a_line_that_slips_into_another_language_blocks(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran keeps the song warm, porque la noche es larga y la luna brilla sobre el mar."
    assert ("format", "error", "") in said(line, track)


# Shape --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "“Ed Sheeran sings “Perfect” again.”",
        "'Ed Sheeran sings.'",
        "«Ed Sheeran sings.»",
    ],
)
def test_every_kind_of_quotation_mark_around_the_line_is_seen(
    said: Said, track: dict[str, Any], line: str
) -> None:
    assert ("format", "warning", "") in said(line, track)


def test_a_line_between_two_apostrophes_is_not_quoted(said: Said, track: dict[str, Any]) -> None:
    assert said("'Til morning Ed Sheeran keeps the floor movin'.", track) == []


@pytest.mark.parametrize("line", ["- Ed Sheeran sings.", "1. Ed Sheeran sings.", "> Ed Sheeran."])
def test_a_list_or_a_quote_of_markdown_is_for_the_editor(
    said: Said, track: dict[str, Any], line: str
) -> None:
    found = [found[:2] for found in said(line, track) if found[0] == "format"]
    assert found == [("format", "warning")]


def test_capitals_are_for_the_editor_unless_they_are_names(
    said: Said, track: dict[str, Any]
) -> None:
    assert ("format", "warning", "") in said("ED SHEERAN KEEPS THE SUMMER WARM.", track)
    assert said("Ed Sheeran brings EDM, R&B, BPM and LFO.", track) == []
    track["item"]["title"] = "KEEP THE SUMMER WARM"
    assert said("Ed Sheeran asks to KEEP THE SUMMER WARM.", track) == []


def test_emoji_are_a_matter_of_the_guide(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran sings on 🔥."
    assert said(line, track) == [("format", "warning", "🔥")]
    assert said(line, track | {"guide": {"emoji": True}}) == []
    track["item"]["title"] = "🔥"
    assert said(line, track) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Ed Sheeran keeps the summer", "summer"),
        ("Ed Sheeran keeps the summer and", "and"),
        ("Ed Sheeran keeps the…", "the…"),
        ("Ed Sheeran keeps the summer (warm.", "("),
    ],
)
def test_a_line_that_breaks_off_is_for_the_editor(
    said: Said, track: dict[str, Any], line: str, words: str
) -> None:
    assert said(line, track) == [("format", "warning", words)]


def test_a_bullet_that_breaks_off_is_for_the_editor(said: Said, job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You know Excel.\n− The job asks for SAP software and"
    assert ("format", "warning", "and") in said(text, job)


def test_a_line_is_one_line(said: Said, track: dict[str, Any]) -> None:
    assert ("format", "warning", "") in said("Ed Sheeran sings,\nand sings.", track)


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran and J. Cole wait at 3 a.m. for the train.",
        "Ed Sheeran says hush! and means it.",
        "Slow, slower … Ed Sheeran takes his time.",
        "Ed Sheeran plays No. 5, i.e. the slow one.",
    ],
)
def test_marks_inside_a_sentence_do_not_end_it(
    said: Said, track: dict[str, Any], line: str
) -> None:
    assert [found for found in said(line, track) if found[0] == "format"] == []


def test_a_sentence_that_begins_with_a_name_is_one_too(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran sings. Beautiful People glows."
    assert said(line, track) == [("format", "warning", " Beautiful People glows.")]
