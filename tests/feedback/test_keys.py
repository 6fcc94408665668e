"""Keys of the review screen: one table, changed per person, never two things on one key."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import Person
from accounts.services.preferences import choose_keys
from explanations.models import Draft, Task
from feedback.keys import (
    BY_NAME,
    COMMANDS,
    KeysRefused,
    chosen_keys,
    is_character,
    keys_of_commands,
    labels_of_categories,
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
        if BY_NAME[name].category:
            wanted = "tag: ({ category })"
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
        {"accept": "F1"},
        {"accept": "Escape"},
        {"tag-1": "Shift+KeyQ"},
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

    assert keys["accept"] == keys["more-severe"] == keys["keys"] == keys["tag-1"] == ()
    assert keys["take"] == ("Enter", "NumpadEnter")
    assert keys["extend-left"] == ("Shift+ArrowLeft",)
    assert not any(is_character(key) for held in keys.values() for key in held)


def test_a_category_takes_another_key_and_its_digit_is_free() -> None:
    own = chosen_keys({"tag-1": "KeyQ", "skip": "Digit1"})

    assert keys_of_commands(own)["tag-1"] == ("KeyQ",)
    assert keys_of_commands(own)["skip"] == ("Digit1", "Numpad1")


def test_a_digit_that_a_category_has_is_refused_in_both_rows() -> None:
    with pytest.raises(KeysRefused) as refused:
        chosen_keys({"accept": "Digit3"})

    assert refused.value.clashes["accept"].name == "tag-3"
    assert refused.value.clashes["tag-3"].name == "accept"


def test_two_categories_may_swap_their_digits() -> None:
    keys = keys_of_commands(chosen_keys({"tag-1": "Digit2", "tag-2": "Digit1"}))

    assert keys["tag-1"] == ("Digit2", "Numpad2")
    assert keys["tag-2"] == ("Digit1", "Numpad1")


def test_a_category_is_called_by_its_key_or_else_by_its_number() -> None:
    own = chosen_keys({"tag-1": "KeyQ", "tag-2": "", "tag-3": "", "tag-4": "Digit3"})
    labels = labels_of_categories(keys_of_commands(own))

    assert labels["1"] == "Q"
    assert labels["2"] == "2"
    # Another one is called 3 now, and two must not be called the same.
    assert (labels["3"], labels["4"]) == ("", "3")
    assert labels["5"] == "5"
    switched_off = keys_of_commands(own, with_characters=False)
    assert labels_of_categories(switched_off)["1"] == "1"


def test_a_key_is_shown_as_it_is_printed() -> None:
    assert parts_of("Shift+KeyF") == ("Shift", "F")
    assert parts_of("Digit7") == ("7",)
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


def test_a_clash_with_a_category_is_said_in_a_sentence(editor_client: Client) -> None:
    page = editor_client.post(
        "/review/keys/", {"character_keys": "on", "key-tag-2": "KeyA"}
    ).content.decode()

    assert "A is also the key of “Accept as exemplary”. Give one of them another." in page
    assert "A is also the key of “Category 2”. Give one of them another." in page


def test_the_page_says_what_each_category_key_tags_with(
    editor_client: Client, music_task: Task, job_task: Task
) -> None:
    page = editor_client.get("/review/keys/").content.decode()

    assert 'Category 1 <span class="quiet">Verdict, Attribution</span>' in page


def test_a_category_has_its_new_key_wherever_the_screen_names_it(
    editor: Person, editor_client: Client, ready_draft: Draft
) -> None:
    choose_keys(editor, {"tag-1": "KeyQ", "tag-2": ""}, character_keys=True)

    page = editor_client.get("/review/", follow=True).content.decode()

    # Its button, its definition, a cause of the strip "why?", and the list of keys.
    assert page.count('<kbd data-code="KeyQ">Q</kbd>') == 4
    assert 'data-code="Digit1"' not in page
    assert '<span class="category-number">2</span> <span>Contradicts</span>' in page
    assert "A category’s key tags the selection." in page


def test_who_has_no_category_keys_is_told_of_the_buttons(
    editor: Person, editor_client: Client, ready_draft: Draft
) -> None:
    choose_keys(editor, {}, character_keys=False)

    page = editor_client.get("/review/", follow=True).content.decode()

    assert 'data-code="Digit' not in page
    assert "A category’s button tags the selection." in page
    assert "A category’s key tags the selection." not in page
    assert "<kbd>1</kbd> " not in page, "neither a category's nor a reason's"
