"""Keys of the review screen: one table, changed per person, never two things on one key."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Person
from feedback.keys import (
    BY_NAME,
    COMMANDS,
    KeysRefused,
    chosen_keys,
    is_character,
    keys_of_commands,
    parts_of,
)


def test_no_key_of_the_table_does_two_things() -> None:
    keys = [key for command in COMMANDS for key in command.keys]

    assert len(keys) == len(set(keys))


def test_every_command_of_the_table_is_one_of_the_screen() -> None:
    screen = Path("static/feedback/review.js").read_text("utf-8")
    outcomes = ("accept", "bland", "reject", "unreviewable", "escalate", "skip")

    for name in BY_NAME:
        wanted = f"{name}: {{ outcome" if name in outcomes else name
        assert wanted in screen, name


def test_only_what_differs_from_the_table_is_kept() -> None:
    assert chosen_keys({"accept": "KeyY", "bland": "KeyB"}) == {"accept": "KeyY"}


def test_two_commands_may_swap_their_keys() -> None:
    own = chosen_keys({"accept": "KeyX", "reject": "KeyA"})

    assert keys_of_commands(own)["accept"] == ("KeyX",)
    assert keys_of_commands(own)["reject"] == ("KeyA",)


def test_one_key_for_two_commands_is_refused_at_both() -> None:
    with pytest.raises(KeysRefused) as refused:
        chosen_keys({"accept": "KeyX"})

    assert refused.value.clashes["accept"].name == "reject"
    assert refused.value.clashes["reject"].name == "accept"


@pytest.mark.parametrize(
    "wanted",
    [
        {"accept": "Digit1"},
        {"accept": "Escape"},
        {"take": "KeyT"},
        {"make-coffee": "KeyM"},
    ],
)
def test_what_nobody_offered_is_refused(wanted: dict[str, str]) -> None:
    with pytest.raises(KeysRefused):
        chosen_keys(wanted)


def test_a_command_may_be_left_without_a_key() -> None:
    assert keys_of_commands(chosen_keys({"skip": ""}))["skip"] == ()


def test_a_choice_wins_over_what_a_newer_desk_puts_on_its_key() -> None:
    # As if "open-item" had come to the table after somebody chose O for something else.
    keys = keys_of_commands({"accept": "KeyO", "a command of another desk": "KeyM"})

    assert keys["accept"] == ("KeyO",)
    assert keys["open-item"] == ()


def test_without_characters_only_those_keys_act_that_type_nothing() -> None:
    keys = keys_of_commands({}, with_characters=False)

    assert keys["accept"] == keys["more-severe"] == keys["keys"] == ()
    assert keys["take"] == ("Enter", "NumpadEnter")
    assert keys["extend-left"] == ("Shift+ArrowLeft",)
    assert not any(is_character(key) for held in keys.values() for key in held)


def test_a_key_is_shown_as_it_is_printed() -> None:
    assert parts_of("Shift+KeyF") == ("Shift", "F")
    assert parts_of("Delete") == ("Del",)
    assert parts_of("?") == ("?",)


def test_an_editor_changes_a_key_and_the_screen_shows_it(
    editor_client: Client, editor: Person
) -> None:
    answer = editor_client.post(
        "/review/keys/", {"character_keys": "on", "key-keys": "KeyH"}, follow=True
    )

    assert "Your keys are kept." in answer.content.decode()
    editor.refresh_from_db()
    assert editor.own_keys == {"keys": "KeyH"}
    assert (
        '<kbd data-code="KeyH">H</kbd></button>' in editor_client.get("/review/").content.decode()
    )


def test_a_clash_is_said_in_a_sentence_and_changes_nothing(
    editor_client: Client, editor: Person
) -> None:
    page = editor_client.post(
        "/review/keys/", {"character_keys": "on", "key-accept": "KeyX"}
    ).content.decode()

    assert "X is also the key of “Reject”. Give one of them another." in page
    assert "X is also the key of “Accept as exemplary”." in page
    assert '<option value="KeyX" selected>X</option>' in page
    editor.refresh_from_db()
    assert editor.own_keys == {}


def test_all_keys_go_back_to_the_usual_ones(editor_client: Client, editor: Person) -> None:
    editor_client.post("/review/keys/", {"key-accept": "KeyY"})
    editor.refresh_from_db()
    assert not editor.character_keys

    editor_client.post("/review/keys/", {"reset": "yes"})

    editor.refresh_from_db()
    assert editor.own_keys == {}
    assert editor.character_keys


def test_keys_that_are_switched_off_are_shown_nowhere(editor_client: Client) -> None:
    editor_client.post("/review/keys/", {})

    page = editor_client.get("/review/").content.decode()
    assert "Letters, digits and signs are switched off" in page
    assert 'data-code="KeyA"' not in page
