"""The index of names: every name that stands in a text, whatever the size of the catalogue."""

from collections.abc import Iterator
from typing import Any

import pytest

from explanations.checks import Catalogue, catalogue, make_catalogue, run_checks
from explanations.checks.catalogue import (
    WordedText,
    credited_in_title,
    names_of_recommendation,
    worded,
)

NAMES = [
    *("Ed Sheeran", "Guns N' Roses", "AC/DC", "W&W", "Tiësto", "The Who", "Yes", "宇多田ヒカル"),
    *("blink-182", "Earth, Wind & Fire", "Earth", "The Notorious B.I.G."),
]


def found(text: str, names: object = NAMES) -> list[str]:
    """The words of a text that are names, in their order."""
    index = make_catalogue(names)
    return [text[name.start : name.end] for name in sorted(index.names_in(worded(text)), key=at)]


def at(name: Any) -> int:
    return int(name.start)


@pytest.mark.parametrize(
    "written",
    [
        *("Ed Sheeran", "ED SHEERAN", "ed  sheeran", "Guns N’ Roses", "AC-DC", "ac dc", "W & W"),
        *("W and W", "Tiesto", "TIËSTO", "Blink 182", "The Notorious B.I.G"),
    ],
)
def test_a_name_is_found_however_it_is_typed(written: str) -> None:
    assert found(f"Tonight {written}’s on.") == [written]


@pytest.mark.parametrize(
    "text", ["Bed Sheerans", "Edsheeran", "yesterday", "the whole", "Ed, Sheeran", "Ed (Sheeran)"]
)
def test_a_part_of_a_word_or_of_two_sentences_is_no_name(text: str) -> None:
    assert found(text) == []


def test_the_longest_name_counts() -> None:
    assert found("Earth, Wind & Fire on Earth") == ["Earth, Wind & Fire", "Earth"]


def test_names_stand_side_by_side() -> None:
    assert found("Yes Ed Sheeran Yes") == ["Yes", "Ed Sheeran", "Yes"]


def test_a_script_without_spaces_has_names_too() -> None:
    assert found("私は宇多田ヒカルが好き") == ["宇多田ヒカル"]


def test_a_name_without_a_letter_is_left_out() -> None:
    assert len(make_catalogue(["!!!", "❤️", ""])) == 0
    assert found("!!! ❤️", ["!!!", "❤️"]) == []


def test_looking_a_text_up_steps_once_through_it_however_many_names_there_are() -> None:
    text = worded("Ed Sheeran keeps it light.")
    few = [("Ed Sheeran", "artist"), ("Rihanna", "artist")]
    small = make_catalogue(few)
    large = make_catalogue([*few, *((f"Name {number}", "artist") for number in range(20_000))])
    assert len(large) > 1_000 * len(small)
    assert list(small.names_in(text)) == list(large.names_in(text))
    assert looked_at(small, text) == looked_at(large, text)


def test_a_name_is_folded_once_however_often_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[str] = []

    def counted(name: str) -> WordedText:
        folded.append(name)
        return worded(name)

    monkeypatch.setattr(catalogue, "worded", counted)
    index = make_catalogue([("Sia", "artist"), ("Sia", "person"), ("sia", "artist")] * 50)
    assert folded == ["Sia", "Sia", "sia"]
    # The control: nothing that one of them says is lost.
    (name,) = index.names_in(worded("Sia sings."))
    assert name.kinds == {"artist", "person"}
    assert name.is_written_small


def looked_at(index: Catalogue, text: Any) -> int:
    """How many matches the automaton has to be asked for: its work is the text and these."""
    return sum(1 for _ in index._automaton.iter(text.words))


# --- Plain data ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "plain",
    [
        ["Rihanna"],
        ("Rihanna",),
        {"Rihanna"},
        {"Rihanna": "artist"},
        {"artist": ["Rihanna"]},
        {"artists": ["Rihanna"]},
        [("Rihanna", "artist")],
        [{"name": "Rihanna"}],
        [{"name": "Rihanna", "kind": "artist"}],
        [{"artist": "Rihanna", "title": "Umbrella"}],
        [{"item": {"artist": "Rihanna"}, "audience": {}}],
        {"item": {"artist": "Rihanna"}, "audience": {}},
        [{"item": {"artist": "Jay-Z", "title": "Run This Town (feat. Rihanna & Kanye West)"}}],
        [{"item": {}, "audience": {"recently_played": [{"artist": "Rihanna"}]}}],
    ],
)
def test_plain_data_is_indexed_on_the_spot(track: dict[str, Any], plain: object) -> None:
    findings = run_checks("Rihanna sings Beautiful People.", track, catalogue=plain)
    assert [(finding.check, finding.severity) for finding in findings] == [("attribution", "error")]


def test_a_generator_is_read_once(track: dict[str, Any]) -> None:
    names: Iterator[str] = (name for name in ["Rihanna"])
    assert run_checks("Rihanna sings Beautiful People.", track, catalogue=names)


@pytest.mark.parametrize("rubbish", ["Rihanna", b"Rihanna", 7, [7], [None], {"bands": 7}])
def test_rubbish_is_no_catalogue(track: dict[str, Any], rubbish: object) -> None:
    with pytest.raises(TypeError, match="catalogue"):
        run_checks("A line.", track, catalogue=rubbish)


def test_a_kind_that_there_is_not_is_refused(track: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="planet"):
        run_checks("A line.", track, catalogue={"Saturn": "planet"})


def test_a_list_is_indexed_once_for_many_texts() -> None:
    names = [f"Name {number}" for number in range(3_000)]
    assert make_catalogue(names) is make_catalogue(names)


def test_an_equal_list_of_moderate_length_is_known_again() -> None:
    assert make_catalogue(["Rihanna", "Sia"]) is make_catalogue(["Sia", "Rihanna"])


def test_a_list_that_grew_is_indexed_anew() -> None:
    names = [f"Name {number}" for number in range(3_000)]
    make_catalogue(names)
    names.append("Rihanna")
    assert found("Rihanna", names) == ["Rihanna"]


# --- Growing -------------------------------------------------------------------------------------


def test_an_index_grows_by_what_is_new_and_keeps_the_rest() -> None:
    index = Catalogue.of([("Sia", "artist")])
    grown = index.extended([("Sia", "artist"), ("Rihanna", "artist"), ("Acme", "employer")])
    assert (len(index), len(grown)) == (1, 3)
    assert [name.kinds for name in grown.names_in(worded("Acme"))] == [frozenset({"employer"})]


def test_an_index_that_holds_all_of_them_stays_what_it_is() -> None:
    index = Catalogue.of([("Sia", "artist")])
    assert index.extended([("SIA", "artist"), ("!!!", "artist")]) is index


def test_a_name_may_be_of_two_kinds() -> None:
    index = Catalogue.of([("Oracle", "artist")]).extended([("Oracle", "employer")])
    [name] = index.names_in(worded("Oracle"))
    assert name.kinds == {"artist", "employer"}


# --- Titles --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Beautiful People (feat. Khalid) - Jack Wins Remix", ["Khalid", "Jack Wins"]),
        ("Say My Name (feat. Bebe Rexha & J Balvin) - Lucas & Steve Remix",
         ["Bebe Rexha", "J Balvin", "Lucas", "Steve"]),
        ("I Don't Care (with Justin Bieber) - Loud Luxury Remix", ["Justin Bieber", "Loud Luxury"]),
        ("I Could Be The One (Avicii Vs. Nicky Romero) - Radio Edit", ["Avicii", "Nicky Romero"]),
        ("How Deep Is Your Love - Calvin Harris & R3HAB Remix", ["Calvin Harris", "R3HAB"]),
        ("Radioactive - Live", []),
        ("Ping Pong - Original Mix", []),
    ],
)  # fmt: skip
def test_a_title_credits_guests_remixers_and_rivals(title: str, names: list[str]) -> None:
    assert credited_in_title(title) == names


def test_a_recommendation_gives_the_names_of_both_its_sides() -> None:
    names = names_of_recommendation(
        {
            "item": {"artist": "Sia", "title": "Titanium (feat. Afrojack)", "label": "Acme"},
            "audience": {"recently_played": [{"artist": "Kygo", "title": "Firestone"}], "age": 7},
        }
    )
    assert list(names) == [
        ("Sia", "artist"),
        ("Afrojack", "artist"),
        ("Acme", "employer"),
        ("Kygo", "artist"),
    ]
