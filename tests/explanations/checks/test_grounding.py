"""Grounding: what no fact supports, and what a fact contradicts, each on its words."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import Finding, run_checks

Said = Callable[[str, dict[str, Any]], list[tuple[str, str, str]]]


def findings(text: str, recommendation: dict[str, Any]) -> list[Finding]:
    return [finding for finding in run_checks(text, recommendation) if finding.check == "grounding"]


def words(text: str, recommendation: dict[str, Any]) -> list[str]:
    """The words that grounding points at."""
    return [
        text[finding.start or 0 : finding.end or 0] for finding in findings(text, recommendation)
    ]


@pytest.fixture
def full(track: dict[str, Any]) -> dict[str, Any]:
    """The track with an album, its measures, and what the listener played."""
    item = track["item"] | {
        "album": "No.6 Collaborations",
        "subgenre": "dance pop",
        "energy": 0.92,
        "danceability": 0.68,
    }
    plays = [
        {"title": "In Only Seven Days - Remastered 2011", "artist": "Queen"},
        {"title": "Levels", "artist": "Avicii"},
        {"title": "Silence", "artist": "Marshmello"},
    ]
    return track | {"item": item, "audience": {"recently_played": plays}}


# --- Years, decades, dates ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran in 2019 at 125 beats.",
        "Ed Sheeran, 2:43 long.",
        "Ed Sheeran closes the 2010s.",
        "Ed Sheeran closes the twenty-tens.",
        "Ed Sheeran on the 11 July 2019 edition.",
        "Ed Sheeran, July 11, 2019.",
        "Ed Sheeran, the 11th of July.",
        "Ed Sheeran, out since July 2019.",
        "Ed Sheeran, 2019-07-11.",
        "Ed Sheeran, 11/07/2019.",
        "Ed Sheeran's summer of '19.",
        "Ed Sheeran in twenty nineteen.",
        "Ed Sheeran, released in July.",
    ],
)
def test_dates_of_the_facts_are_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("Ed Sheeran in 2018.", "2018"),
        ("Ed Sheeran in nineteen eighty-five.", "nineteen eighty-five"),
        ("Ed Sheeran's summer of '69.", "'69"),
        ("Ed Sheeran, 12 July 2019.", "12 July 2019"),
        ("Ed Sheeran, March 2019.", "March 2019"),
        ("Ed Sheeran, 2019-07-12.", "2019-07-12"),
        ("Ed Sheeran, 11/08/2019.", "11/08/2019"),
        ("Ed Sheeran, released in March.", "March"),
    ],
)
def test_a_date_that_the_facts_deny_is_an_error_beside_the_fact(
    full: dict[str, Any], line: str, wrong: str
) -> None:
    [finding] = findings(line, full)
    assert line[finding.start or 0 : finding.end or 0] == wrong
    assert (finding.severity, finding.category) == ("error", "contradicts")
    assert finding.pointer == "/item/edition_released"


def test_a_year_without_any_date_in_the_facts_is_unsupported(track: dict[str, Any]) -> None:
    del track["item"]["edition_released"]
    [finding] = findings("Ed Sheeran in 2018.", track)
    assert (finding.category, finding.pointer) == ("unsupported", "")


@pytest.mark.parametrize("decade", ["80s", "'80s", "1980s", "eighties"])
def test_a_decade_that_no_fact_speaks_of_is_for_the_editor(
    said: Said, track: dict[str, Any], decade: str
) -> None:
    assert said(f"Ed Sheeran as in the {decade}.", track) == [("grounding", "warning", decade)]


def test_a_year_in_what_somebody_played_is_none_of_the_track(full: dict[str, Any]) -> None:
    assert words("Ed Sheeran in 2011.", full) == ["2011"]


def test_a_year_in_a_title_is_a_fact(full: dict[str, Any]) -> None:
    full["item"]["title"] = "Perfect - 2007 Remaster"
    assert words("Ed Sheeran on the 2007 remaster.", full) == []


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran, a June evening of a song.",
        "Ed Sheeran marches on through winter.",
        "Ed Sheeran may yet surprise you.",
    ],
)
def test_a_month_that_dates_nothing_is_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


# --- Tempos, lengths, measures --------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran at 125 BPM.",
        "Ed Sheeran at 125bpm.",
        "Ed Sheeran at a hundred and twenty-five beats a minute.",
        "Ed Sheeran at one twenty-five beats per minute.",
        "Ed Sheeran at around 120 BPM.",
        "Ed Sheeran at 120-ish BPM.",
        "Ed Sheeran at just under 130 BPM.",
        "Ed Sheeran holds a tempo of 125.",
        "Ed Sheeran for 2:43.",
        "Ed Sheeran for 163 seconds.",
        "Ed Sheeran for two minutes and 43 seconds.",
        "Ed Sheeran in under three minutes.",
        "Ed Sheeran in nearly three minutes.",
        "Ed Sheeran in a three-minute rush.",
        "Ed Sheeran in two and a half minutes.",
        "Ed Sheeran at 92% energy.",
        "Ed Sheeran with an energy of 0.92.",
        "Ed Sheeran, nine out of ten for energy.",
        "Ed Sheeran, danceable at 68 percent.",
    ],
)
def test_measures_of_the_facts_are_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


@pytest.mark.parametrize(
    ("line", "wrong", "pointer"),
    [
        ("Ed Sheeran at 130 BPM.", "130 BPM", "/item/tempo_bpm"),
        ("Ed Sheeran at 163 BPM.", "163 BPM", "/item/tempo_bpm"),
        ("Ed Sheeran at around 140 BPM.", "around 140 BPM", "/item/tempo_bpm"),
        ("Ed Sheeran at ninety beats a minute.", "ninety beats a minute", "/item/tempo_bpm"),
        ("Ed Sheeran for 3:43.", "3:43", "/item/duration_s"),
        ("Ed Sheeran for five minutes.", "five minutes", "/item/duration_s"),
        ("Ed Sheeran in over three minutes.", "over three minutes", "/item/duration_s"),
        ("Ed Sheeran for 125 seconds.", "125 seconds", "/item/duration_s"),
        ("Ed Sheeran in a six-minute epic.", "six-minute", "/item/duration_s"),
        ("Ed Sheeran at 68% energy.", "68%", "/item/energy"),
        ("Ed Sheeran with an energy of 0.4.", "0.4", "/item/energy"),
    ],
)
def test_a_measure_that_a_fact_denies_contradicts_it(
    full: dict[str, Any], line: str, wrong: str, pointer: str
) -> None:
    [finding] = findings(line, full)
    assert line[finding.start or 0 : finding.end or 0] == wrong
    assert (finding.category, finding.pointer) == ("contradicts", pointer)


@pytest.mark.parametrize(
    "line",
    [
        "Ed Sheeran, a hundred percent himself.",
        "Ed Sheeran has you ten seconds in.",
        "Ed Sheeran for a ten-minute walk.",
        "One minute Ed Sheeran whispers, the next he shouts.",
        "Ed Sheeran and a 24-hour party.",
        "Ed Sheeran, 24/7, with an 808 and four-on-the-floor.",
        "Ed Sheeran at 3 a.m., a one-two punch.",
    ],
)
def test_ways_of_speaking_claim_nothing(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


def test_a_tempo_without_any_tempo_in_the_facts_is_for_the_editor(track: dict[str, Any]) -> None:
    del track["item"]["tempo_bpm"]
    [finding] = findings("Ed Sheeran at 130 BPM.", track)
    assert (finding.severity, finding.category) == ("warning", "unsupported")


# --- Charts, prizes, sales ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("Ed Sheeran's number one single.", "number one single"),
        ("Ed Sheeran at No. 1.", "No. 1"),
        ("Ed Sheeran, straight to #1.", "#1"),
        ("Ed Sheeran's top 10 moment.", "top 10"),
        ("Ed Sheeran's chart-topping turn.", "chart-topping"),
        ("Ed Sheeran topped the UK charts.", "topped the UK charts"),
        ("Ed Sheeran on the Billboard Hot 100.", "Billboard Hot 100"),
        ("Ed Sheeran charted twice.", "charted"),
        ("Ed Sheeran went platinum.", "went platinum"),
        ("Ed Sheeran's best-selling song.", "best-selling"),
        ("Ed Sheeran's Grammy-winning song.", "Grammy-winning"),
        ("Ed Sheeran, nominated and proud.", "nominated"),
        ("Ed Sheeran with an MTV Video Music Award.", "MTV Video Music Award"),
        ("Ed Sheeran sold two million copies.", "two million copies"),
        ("Ed Sheeran, streamed 500 million times.", "500 million times"),
    ],
)
def test_charts_prizes_and_sales_need_a_fact(full: dict[str, Any], line: str, wrong: str) -> None:
    found = findings(line, full)
    assert [finding.severity for finding in found] == ["error"]
    assert wrong in line[found[0].start or 0 : found[0].end or 0]
    assert found[0].category == "unsupported"


@pytest.mark.parametrize(
    "line",
    [
        "No one sings like Ed Sheeran.",
        "Off the charts in feeling, says Ed Sheeran.",
        "Ed Sheeran is my number one reason to dance.",
        "Ed Sheeran, one in a million.",
        "Ed Sheeran burns like a million little sparks.",
        "Ed Sheeran hits hard at the top of his voice.",
        "Ed Sheeran keeps his eyes on the prize.",
        "Ed Sheeran charts a course of his own.",
        "Ed Sheeran peaks at the chorus.",
        "Your most-played mood meets Ed Sheeran.",
        "Two spins and Ed Sheeran has you.",
    ],
)
def test_words_that_only_sound_like_it_are_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


def test_a_chart_that_a_fact_names_is_fine(full: dict[str, Any]) -> None:
    full["item"]["editors_note"] = "number one in the UK"
    assert words("Ed Sheeran's number one in the UK.", full) == []


# --- Counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("Ed Sheeran with nine remixes.", "nine remixes"),
        ("Ed Sheeran with 12 albums.", "12 albums"),
        ("Ed Sheeran's third album.", "third album"),
        ("Ed Sheeran's debut single.", "debut single"),
        ("Ed Sheeran with seven guests.", "seven guests"),
        ("Ed Sheeran, written by four songwriters.", "four songwriters"),
        ("Ed Sheeran in room 90.", "90"),
    ],
)
def test_a_count_that_no_fact_bears_out_is_for_the_editor(
    full: dict[str, Any], line: str, wrong: str
) -> None:
    assert [
        (finding.severity, line[finding.start or 0 : finding.end or 0])
        for finding in findings(line, full)
    ] == [("warning", wrong)]


@pytest.mark.parametrize(
    "line",
    [
        "Two voices, Ed Sheeran and Khalid.",
        "Ed Sheeran with one guest.",
        "Ed Sheeran after the three tracks you played.",
        "Ed Sheeran, second to none.",
        "Ed Sheeran, your first track tonight.",
    ],
)
def test_a_count_that_the_facts_bear_out_is_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


def test_numbers_inside_a_title_are_facts(said: Said, track: dict[str, Any]) -> None:
    track["item"]["title"] = "1999"
    assert said("Ed Sheeran parties like 1999.", track) == []


# --- Titles ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "wrong", "pointer"),
    [
        ('Ed Sheeran, from the album "Glass Rooms".', '"Glass Rooms"', "/item/album"),
        ("Ed Sheeran, from the album Glass Rooms.", "Glass Rooms", "/item/album"),
        ("Ed Sheeran on “Glass Rooms”.", "“Glass Rooms”", "/item/title"),
        ("Ed Sheeran sings 'Glass Rooms' tonight.", "'Glass Rooms'", "/item/title"),
        ("Ed Sheeran's Glass Rooms glows.", "Glass Rooms", "/item/title"),
        ("Hear Glass Rooms by Ed Sheeran.", "Glass Rooms", "/item/title"),
    ],
)
def test_a_title_that_no_fact_holds_contradicts_the_one_that_does(
    full: dict[str, Any], line: str, wrong: str, pointer: str
) -> None:
    [finding] = findings(line, full)
    assert wrong in line[finding.start or 0 : finding.end or 0]
    assert (finding.category, finding.pointer) == ("contradicts", pointer)


@pytest.mark.parametrize(
    "line",
    [
        'Ed Sheeran on "Beautiful People".',
        "Ed Sheeran on ‘Beautiful People’.",
        "Ed Sheeran, from the album No.6 Collaborations.",
        'Ed Sheeran after "Levels".',
        'Ed Sheeran calls it "fine" and means it.',
        "Ed Sheeran's EDM side.",
        "Ed Sheeran's dance pop.",
    ],
)
def test_titles_of_the_facts_and_mere_words_are_fine(full: dict[str, Any], line: str) -> None:
    assert words(line, full) == []


# --- Any task -------------------------------------------------------------------------------------


def test_a_job_has_charts_and_years_too(job: dict[str, Any]) -> None:
    line = "Partial fit\n+ You led an award-winning team in 2015."
    assert {"award-winning", "2015"} <= set(words(line, job))


def test_one_stretch_of_words_is_blamed_once(full: dict[str, Any]) -> None:
    assert words("Ed Sheeran, 12 weeks at number one in 1995.", full) == [
        "12 weeks at",
        "number one",
        "1995",
    ]
