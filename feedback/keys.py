"""Which key does what on the review screen: the one table behind the sheet, the buttons and the
browser, and what an editor may change of it. No Django.

A key is a physical place (`KeyA`, as `KeyboardEvent.code` names it), with `Shift+` where it is
held, or a sign as it is typed (`?`), because signs have no place of their own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from accounts.words import translatable


@dataclass(frozen=True, slots=True)
class Command:
    """Something that a key does. `decides`: it ends the work on a draft or begins to, and sleeps
    after a new one. `repeats`: it may run while the key is held down. `category`: it tags with the
    category of this number, whichever that is in the task.
    """

    name: str
    words: str
    keys: tuple[str, ...]
    decides: bool = False
    repeats: bool = False
    changeable: bool = True
    category: str = ""


def _tags_with(category: str, words: str) -> Command:
    keys = (f"Digit{category}", f"Numpad{category}")
    return Command(f"tag-{category}", words, keys, category=category)


COMMANDS: Final = (
    Command(
        "cursor-left", translatable("Word before"), ("ArrowLeft",), repeats=True, changeable=False
    ),
    Command(
        "cursor-right", translatable("Word after"), ("ArrowRight",), repeats=True, changeable=False
    ),
    Command(
        "extend-left",
        translatable("Extend the selection to the left"),
        ("Shift+ArrowLeft",),
        repeats=True,
        changeable=False,
    ),
    Command(
        "extend-right",
        translatable("Extend the selection to the right"),
        ("Shift+ArrowRight",),
        repeats=True,
        changeable=False,
    ),
    _tags_with("1", translatable("Category 1")),
    _tags_with("2", translatable("Category 2")),
    _tags_with("3", translatable("Category 3")),
    _tags_with("4", translatable("Category 4")),
    _tags_with("5", translatable("Category 5")),
    _tags_with("6", translatable("Category 6")),
    _tags_with("7", translatable("Category 7")),
    _tags_with("8", translatable("Category 8")),
    _tags_with("9", translatable("Category 9")),
    _tags_with("0", translatable("Category 0")),
    Command("characters", translatable("Characters instead of words, and back"), ("KeyC",)),
    Command(
        "missing",
        translatable("The next tag, or the one in hand, is about something missing"),
        ("KeyM",),
    ),
    Command("definitions", translatable("What the categories mean"), ("KeyD",)),
    Command("clear", translatable("Clear the selection"), ("Escape",), changeable=False),
    Command("next-mark", translatable("Next tag or suggestion"), ("KeyJ",)),
    Command("previous-mark", translatable("Previous tag or suggestion"), ("KeyK",)),
    Command(
        "take", translatable("Take the suggestion"), ("Enter", "NumpadEnter"), changeable=False
    ),
    Command(
        "dismiss",
        translatable("Dismiss the suggestion, remove the tag"),
        ("Delete", "Backspace"),
        changeable=False,
    ),
    Command(
        "dismiss-for-task",
        translatable("Dismiss the suggestion in all drafts of the task, as a lead"),
        ("Shift+Delete", "Shift+Backspace"),
        changeable=False,
    ),
    Command("more-severe", translatable("More severe"), ("+", "Equal", "NumpadAdd")),
    Command("less-severe", translatable("Less severe"), ("-", "−", "Minus", "NumpadSubtract")),
    Command("accept", translatable("Accept as exemplary"), ("KeyA",), decides=True),
    Command("bland", translatable("Fine but bland"), ("KeyB",), decides=True),
    Command("edit", translatable("Edit"), ("KeyE",), decides=True),
    Command("reject", translatable("Reject"), ("KeyX",), decides=True),
    Command("unreviewable", translatable("Unreviewable, with the reason"), ("KeyU",), decides=True),
    Command("escalate", translatable("To the lead, with a reason"), ("KeyL",), decides=True),
    Command("skip", translatable("Skip, with a reason"), ("KeyS",), decides=True),
    Command("start-from", translatable("Start from a golden that was decided before"), ("KeyR",)),
    Command("guide", translatable("Open the guide beside the draft, or fold it"), ("KeyG",)),
    Command("report-fact", translatable("Report a fact"), ("KeyF",)),
    Command("add-fact", translatable("Add a fact"), ("Shift+KeyF",)),
    Command("open-item", translatable("Open the item"), ("KeyO",)),
    Command("undo", translatable("Undo here"), ("KeyZ",)),
    Command(
        "reopen", translatable("Reopen what was last submitted"), ("Shift+KeyZ",), decides=True
    ),
    Command("keys", translatable("This list"), ("?",)),
)
BY_NAME: Final = {command.name: command for command in COMMANDS}
CHANGEABLE: Final = tuple(command for command in COMMANDS if command.changeable)
OF_CATEGORIES: Final = tuple(command for command in COMMANDS if command.category)

# What an editor may choose from: characters, because what is none moves about. A digit is that of
# both rows, above the letters and in the block beside them.
OFFERED: Final = (
    *(command.keys[0] for command in OF_CATEGORIES),
    *(f"Key{letter}" for letter in ascii_uppercase),
    *(f"Shift+Key{letter}" for letter in ascii_uppercase),
    *("+", "-", "?", ",", "."),
)
NO_KEY: Final = ""


def offered_for(command: Command) -> tuple[str, ...]:
    """Return what may be chosen for a command. A category's key with Shift says what it means."""
    offered = dict.fromkeys((command.keys[0], *OFFERED))
    return tuple(key for key in offered if not (command.category and key.startswith("Shift+")))


_NAMES: Final = {
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Escape": translatable("Esc"),
    "Enter": translatable("Enter"),
    "Delete": translatable("Del"),
    "-": "−",
}


class KeysRefused(Exception):
    """The choice of keys cannot be. `clashes` holds commands, each with the other of its key."""

    def __init__(self, clashes: Mapping[str, Command], unknown: Iterable[str] = ()) -> None:
        self.clashes = dict(clashes)
        self.unknown = tuple(unknown)
        super().__init__(", ".join([*self.clashes, *self.unknown]))


def chosen_keys(wanted: Mapping[str, str]) -> dict[str, str]:
    """Return what of `wanted` (command -> key, or NO_KEY) differs from the table.

    Raises KeysRefused for a command or key that nobody offered, and where one key is to do two
    things.
    """
    unknown = [
        name
        for name, key in wanted.items()
        if name not in BY_NAME
        or not BY_NAME[name].changeable
        or key not in (*offered_for(BY_NAME[name]), NO_KEY)
    ]
    if unknown:
        raise KeysRefused({}, unknown)
    own = {name: key for name, key in wanted.items() if key != BY_NAME[name].keys[0]}
    clashes: dict[str, Command] = {}
    holders: dict[str, Command] = {}
    for command in COMMANDS:
        for key in _keys_with(command, own):
            other = holders.setdefault(key, command)
            if other is not command:
                clashes[command.name] = other
                clashes[other.name] = command
    if clashes:
        raise KeysRefused(clashes)
    return own


def keys_of_commands(
    own: Mapping[str, str], *, with_characters: bool = True
) -> dict[str, tuple[str, ...]]:
    """Return the keys of every command, for an editor whose `own` choice is kept.

    What somebody chose wins over a command that a newer desk has put on the same key. Without
    characters only those keys act that type nothing anywhere.
    """
    known = {name: key for name, key in own.items() if name in BY_NAME}
    taken = {key for name in known for key in _keys_with(BY_NAME[name], known)}
    return {
        command.name: tuple(
            key
            for key in _keys_with(command, known)
            if (command.name in known or key not in taken)
            and (with_characters or not is_character(key))
        )
        for command in COMMANDS
    }


def is_character(key: str) -> bool:
    """Whether the key types something elsewhere: WCAG 2.1.4 lets people switch those off."""
    place = key.removeprefix("Shift+")
    return place.startswith("Key") or len(key) == 1 or place[-1].isdigit() or key in _SIGN_PLACES


def labels_of_categories(keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the one sign that stands for each category, by its number: what its key in `keys` has.

    One without a key keeps its number, unless that is the key of something else.
    """
    taken = {key for held in keys.values() for key in held}
    labels = {}
    for command in OF_CATEGORIES:
        number = "" if command.keys[0] in taken else command.category
        held = keys[command.name]
        labels[command.category] = parts_of(held[0])[0] if held else number
    return labels


def parts_of(key: str) -> tuple[str, ...]:
    """Return what is printed on the keys that are pressed: `("Shift", "F")`."""
    place = key.removeprefix("Shift+")
    shown = _NAMES.get(place, place.removeprefix("Key").removeprefix("Digit"))
    return (SHIFT, shown) if key.startswith("Shift+") else (shown,)


SHIFT: Final = translatable("Shift")
_SIGN_PLACES: Final = frozenset({"Equal", "NumpadAdd", "Minus", "NumpadSubtract"})


def _keys_with(command: Command, own: Mapping[str, str]) -> tuple[str, ...]:
    if command.name not in own:
        return command.keys
    chosen = own[command.name]
    if chosen.startswith("Digit"):
        return chosen, chosen.replace("Digit", "Numpad")
    return (chosen,) if chosen else ()
