"""Attribution: a line says whose music it is, and credits nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import Finding, run_checks

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]

CATALOGUE = [
    *("Ed Sheeran", "Khalid", "Jack Wins", "Rihanna", "David Guetta", "Kygo", "Queen", "Sia"),
    *("Bad", "Yes", "The Who", "Future", "Train", "Boston", "Logic", "7", "Summer Walker"),
    *("Guns N' Roses", "Queen Latifah"),
]


@pytest.fixture
def heard(track: dict[str, Any]) -> dict[str, Any]:
    """The track, for somebody who plays David Guetta and Kygo."""
    plays = [
        {"title": "Titanium (feat. Sia)", "artist": "David Guetta"},
        {"title": "Firestone", "artist": "Kygo"},
    ]
    return track | {"audience": {"recently_played": plays}}


def credits(text: str, recommendation: dict[str, Any]) -> list[tuple[str, str]]:
    """What attribution says, as (severity, words); the other families are not asked."""
    return [
        (finding.severity, text[finding.start or 0 : finding.end or 0])
        for finding in findings(text, recommendation)
    ]


def findings(text: str, recommendation: dict[str, Any]) -> list[Finding]:
    said = run_checks(text, recommendation, catalogue=CATALOGUE)
    return [finding for finding in said if finding.check == "attribution"]


# --- The right artist ----------------------------------------------------------------------------


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
    assert said("Partial fit\n+ You know Microsoft Excel.", job) == []


@pytest.mark.parametrize(
    "line",
    [
        "Sheeran leans into Beautiful People.",
        "Enter Sheeran, with Beautiful People.",
        "Ed Sheeran’s Beautiful People glows.",
    ],
)
def test_the_last_name_is_enough(track: dict[str, Any], line: str) -> None:
    assert credits(line, track) == []


def test_the_last_name_of_somebody_else_is_not(track: dict[str, Any]) -> None:
    assert credits("Hear how Bobby Sheeran sings Beautiful People.", track) != []


def test_an_artist_in_a_longer_name_is_not_named(track: dict[str, Any]) -> None:
    track["item"]["artist"] = "Queen"
    assert credits("Queen Latifah takes Beautiful People home.", track) == [
        ("error", "Queen Latifah")
    ]


def test_an_artist_in_the_name_of_the_album_is_not_named(track: dict[str, Any]) -> None:
    track["item"] |= {"artist": "Queen", "album": "Queen II"}
    assert credits("Beautiful People opens Queen II.", track) == [("warning", "")]


@pytest.mark.parametrize(
    "written", ["Ed Sheran", "Ed Sheerann", "Ed Sheeren", "Edd Sheeran", "Ed Sheearn", "EdSheeran"]
)
def test_a_misspelt_artist_is_an_error_on_the_name(track: dict[str, Any], written: str) -> None:
    [finding] = findings(f"Beautiful People is {written} at ease.", track)
    assert (finding.severity, finding.pointer) == ("error", "/item/artist")
    assert finding.message == "The artist is spelt Ed Sheeran."


@pytest.mark.parametrize("written", ["Khallid", "Jack Winns"])
def test_a_misspelt_guest_is_for_the_editor(track: dict[str, Any], written: str) -> None:
    line = f"Ed Sheeran meets {written} on the way."
    assert credits(line, track) == [("warning", written)]


def test_a_word_in_small_letters_is_no_misspelt_name(track: dict[str, Any]) -> None:
    track["item"]["artist"] = "The Weeknd"
    assert credits("Beautiful People opens the weekend.", track) == [("warning", "")]


# --- Somebody else -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Rihanna keeps Beautiful People light.",
        "Beautiful People is Rihanna at her warmest.",
        "Rihanna's Beautiful People rides a soft beat.",
        "Rihanna: Beautiful People.",
        "A dance floor for two, by Rihanna.",
        "Ed Sheeran and Rihanna share Beautiful People.",
        "Ed Sheeran feat. Rihanna on Beautiful People.",
        "The Rihanna remix gives Ed Sheeran more room.",
    ],
)
def test_another_artist_of_the_catalogue_is_an_error_on_the_name(
    track: dict[str, Any], line: str
) -> None:
    [finding] = findings(line, track)
    assert line[finding.start or 0 : finding.end or 0] == "Rihanna"
    assert (finding.severity, finding.category) == ("error", "attribution")
    assert finding.pointer == "/item/artist"


def test_without_a_catalogue_the_artist_is_missing_all_the_same(
    said: Said, track: dict[str, Any]
) -> None:
    assert said("Rihanna keeps Beautiful People light.", track) == [("attribution", "warning", "")]


def test_without_a_catalogue_a_plain_credit_is_blamed(said: Said, track: dict[str, Any]) -> None:
    assert said("Beautiful People, sung by Ana Torres.", track) == [
        ("attribution", "error", "Ana Torres")
    ]
    assert said("Ed Sheeran sings, produced by Ana Torres.", track) == [
        ("attribution", "warning", "Ana Torres")
    ]


def test_somebody_named_for_comparison_is_for_the_editor(track: dict[str, Any]) -> None:
    assert credits("Ed Sheeran for fans of Rihanna.", track) == [("warning", "Rihanna")]


@pytest.mark.parametrize(
    "line",
    [
        "Khalid joins Ed Sheeran on Beautiful People.",
        "Jack Wins takes Ed Sheeran to the dance floor.",
        "Jack Wins' remix of Beautiful People gives Ed Sheeran and Khalid a beat.",
        "Beautiful People (feat. Khalid) - Jack Wins Remix is Ed Sheeran out dancing.",
    ],
)
def test_guests_and_remixers_of_the_title_are_rightly_named(
    track: dict[str, Any], line: str
) -> None:
    assert credits(line, track) == []


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("I Don't Care (with Rihanna)", "Ed Sheeran and Rihanna do not care."),
        ("One (Rihanna Vs. Ed Sheeran) - Radio Edit", "Rihanna meets Ed Sheeran head on."),
        ("Paradise - Rihanna vs. Kygo Remix", "Rihanna and Kygo lift Ed Sheeran."),
        ("Dancing Queen", "Ed Sheeran borrows Dancing Queen."),
    ],
)
def test_whoever_the_title_names_is_rightly_named(
    track: dict[str, Any], title: str, line: str
) -> None:
    track["item"]["title"] = title
    assert credits(line, track) == []


def test_whoever_another_fact_of_the_item_names_is_rightly_named(track: dict[str, Any]) -> None:
    track["item"]["producer"] = "Rihanna"
    assert credits("Ed Sheeran sings, produced by Rihanna.", track) == []


# --- Names that are words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Yes, Ed Sheeran can still surprise.",
        "Bad weather outside? Ed Sheeran has a song for that.",
        "The future belongs to Ed Sheeran.",
        "Future nights will sound like Ed Sheeran.",
        "Train your ears on Ed Sheeran.",
        "Ed Sheeran, the queen of hearts at his side.",
        "From Boston to Berlin, Ed Sheeran needs no translation.",
        "Logic says dance, Ed Sheeran says wait.",
        "Ed Sheeran, and those who miss him.",
        "Out on 7 July, Ed Sheeran at ease.",
    ],
)
def test_a_name_that_is_a_word_is_no_error_by_itself(track: dict[str, Any], line: str) -> None:
    track["item"]["edition_released"] = "2019-07-07"
    assert credits(line, track) == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Future turns Beautiful People into a party.", "Future"),
        ("Beautiful People by Yes.", "Yes"),
        ("Beautiful People finds Train in high spirits.", "Train"),
        ("The Who bring Beautiful People to the boil.", "The Who"),
        ("A cut from Boston: Beautiful People.", "Boston"),
        ("Ed Sheeran feat. Future on Beautiful People.", "Future"),
        ("Queen's Beautiful People, with Ed Sheeran nowhere near.", "Queen"),
    ],
)
def test_the_same_name_as_a_credit_is(track: dict[str, Any], line: str, name: str) -> None:
    assert credits(line, track) == [("error", name)]


# --- What the listener plays ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Like your recent David Guetta plays, Ed Sheeran keeps you dancing.",
        "If you came for David Guetta, stay for Ed Sheeran.",
        "Fans of Kygo will find Ed Sheeran in the same mood.",
        "Between David Guetta and Kygo there is room for Ed Sheeran.",
        "David Guetta got you here, Ed Sheeran keeps you here.",
        "A neighbour of Kygo's: Ed Sheeran.",
        "You have been playing Titanium; Ed Sheeran lives next door.",
        "Ed Sheeran, for evenings after Sia.",
    ],
)
def test_what_somebody_plays_may_be_named(heard: dict[str, Any], line: str) -> None:
    assert credits(line, heard) == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Kygo's Beautiful People never sits down.", "Kygo"),
        ("Kygo keeps Beautiful People light.", "Kygo"),
        ("Ed Sheeran and Kygo share Beautiful People.", "Kygo"),
        ("Ed Sheeran feat. Kygo: Beautiful People.", "Kygo"),
        ("If you came for David Guetta, stay for Kygo and Beautiful People.", "Kygo"),
    ],
)
def test_but_not_be_credited(heard: dict[str, Any], line: str, name: str) -> None:
    assert credits(line, heard) == [("error", name)]


def test_a_full_stop_in_a_name_changes_nothing(heard: dict[str, Any]) -> None:
    heard["audience"]["recently_played"][0]["artist"] = "The Notorious B.I.G."
    line = "The Notorious B.I.G.'s Beautiful People glows."
    said = run_checks(line, heard, catalogue=["The Notorious B.I.G."])
    assert [line[each.start or 0 : each.end or 0] for each in said if each.check == "attribution"]


# --- Jobs ----------------------------------------------------------------------------------------


def test_an_employer_that_no_fact_names_is_an_error(job: dict[str, Any]) -> None:
    line = "Partial fit\n+ Your years at Globex count here."
    [finding] = [
        finding
        for finding in run_checks(line, job, catalogue={"Globex": "employer"})
        if finding.check == "attribution"
    ]
    assert line[finding.start or 0 : finding.end or 0] == "Globex"
    assert (finding.severity, finding.category) == ("error", "unsupported")


@pytest.mark.parametrize("line", ["Partial fit\n+ You know Globex.", "Partial fit\n+ You know it."])
def test_a_product_of_the_same_name_is_none(job: dict[str, Any], line: str) -> None:
    said = run_checks(line, job, catalogue={"Globex": "employer"})
    assert [finding for finding in said if finding.check == "attribution"] == []


def test_an_employer_of_the_facts_is_rightly_named(job: dict[str, Any]) -> None:
    job["audience"]["employers"] = ["Globex"]
    said = run_checks(
        "Partial fit\n+ Your years at Globex count here.", job, catalogue={"Globex": "employer"}
    )
    assert [finding for finding in said if finding.check == "attribution"] == []
