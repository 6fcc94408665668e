"""Repetition: a model caught in a loop."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import Published, make_published, run_checks

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


def test_a_stretch_said_twice_is_pointed_at_where_it_comes_again(
    said: Said, track: dict[str, Any]
) -> None:
    line = "Ed Sheeran waits for the summer to come and sings for the summer to come."
    assert said(line, track) == [("repetition", "warning", "for the summer to come")]


def test_a_long_stretch_said_twice_blocks(said: Said, track: dict[str, Any]) -> None:
    line = "Ed Sheeran is a song that is a classical remix that is a classical remix."
    assert ("repetition", "error", "that is a classical remix") not in said(line, track)
    longer = "It is a warm remix that Ed Sheeran sings, and is a warm remix that Ed Sheeran sings."
    (found,) = [found for found in said(longer, track) if found[0] == "repetition"]
    assert found == ("repetition", "error", "is a warm remix that Ed Sheeran sings")


def test_two_names_of_one_title_are_two_words(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "Sex, Love & Water - Loud Luxury Remix"
    assert said("Ed Sheeran wants Sex, Love and Water.", track) == []


# What was said before -----------------------------------------------------------------------------

LINE = "Ed Sheeran keeps Beautiful People light on its feet and heavy on the low end."


def repeated(line: str, recommendation: dict[str, Any], published: object) -> list[str]:
    """The messages about what was said before."""
    findings = run_checks(line, recommendation, published=published)
    found = [each for each in findings if each.category == "generic"]
    assert all((each.check, each.severity) == ("repetition", "warning") for each in found)
    return [each.message for each in found]


@pytest.mark.parametrize(
    "published",
    [
        ["Avicii keeps Levels light on its feet and heavy on the low end."],
        ["The Cranberries keep their song light on its feet, heavy on the low end."],
        [{"text": "Avicii keeps Levels light on its feet and heavy on the low end."}],
        (
            {
                "text": "Avicii keeps Levels light on its feet and heavy on the low end.",
                "item": {"artist": "Avicii", "title": "Levels"},
            },
        ),
    ],
)
def test_a_published_line_under_another_name_is_a_repeat(
    track: dict[str, Any], published: object
) -> None:
    (message,) = repeated(LINE, track, published)
    assert message.startswith("Names aside, this is published already: “")


@pytest.mark.parametrize(
    "published",
    [
        [],
        ["Avicii lets Levels climb until the roof gives in."],
        ["Light on its feet, Levels runs away from Avicii before the low end comes."],
        ["Ed Sheeran and Khalid share Beautiful People like a secret between neighbours."],
    ],
)
def test_another_thought_is_no_repeat(track: dict[str, Any], published: list[str]) -> None:
    assert repeated(LINE, track, published) == []


def test_its_own_items_line_is_no_repeat(track: dict[str, Any]) -> None:
    own = {"text": LINE, "item": track["item"], "audience": track["audience"]}
    assert repeated(LINE, track, [own]) == []


def test_the_same_line_for_many_is_counted(track: dict[str, Any]) -> None:
    others = [
        {
            "text": f"{name} keeps it light on its feet and heavy on the low end.",
            "item": {"artist": name},
        }
        for name in ("Avicii", "Queen", "Kygo", "Rihanna")
    ]
    line = "Ed Sheeran keeps it light on its feet and heavy on the low end."
    assert repeated(line, track, others) == ["Names aside, 4 other lines say exactly this."]


def test_a_short_line_repeats_only_what_is_the_same_to_the_letter(track: dict[str, Any]) -> None:
    assert repeated("Ed Sheeran sings on.", track, ["Queen sings on."]) == []
    assert repeated("Ed Sheeran sings on.", track, ["ed sheeran  sings on."]) == [
        "Names aside, another line says exactly this."
    ]


def test_bullets_may_say_what_others_say(job: dict[str, Any]) -> None:
    text = "Partial fit\n+ You already work with Excel."
    assert repeated(text, job, [text, text, text]) == []


@pytest.mark.parametrize("published", ["a line", {"text": "a line"}, [3], 3])
def test_what_is_no_collection_of_lines_is_the_callers_mistake(
    track: dict[str, Any], published: object
) -> None:
    with pytest.raises(TypeError, match="published"):
        run_checks(LINE, track, published=published)


def test_an_index_holds_a_bounded_number_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("explanations.checks.published.MOST_LINES", 2)
    monkeypatch.setattr("explanations.checks.published.MOST_COUNTED", 4)
    index = make_published([f"Line {number} has some words of its own." for number in "abcde"])
    assert len(index) == 2


def test_a_list_that_grew_is_read_again(track: dict[str, Any]) -> None:
    published = ["Avicii lets Levels climb until the roof gives in."]
    assert repeated(LINE, track, published) == []
    published.append("Avicii keeps Levels light on its feet and heavy on the low end.")
    assert len(repeated(LINE, track, published)) == 1


def test_beyond_a_hundred_lines_that_say_the_same_nobody_counts() -> None:
    """Counting all would make each draft of a run cost more than the one before."""
    published = Published()
    words = ("turns", "a", "quiet", "evening", "into", "weather")
    for number in range(5_000):
        published.count(words, f"item {number}")
    assert 99 <= published.said_of_others("", words, "item 3") <= 100
