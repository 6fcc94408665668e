"""The rules of a style guide that a machine can check, as plain data beside its words.

What a guide does not say is not checked: a guide without rules forbids nothing.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal, cast, get_args

SecondPerson = Literal["expected", "avoided", "either"]

SECOND_PERSON: Final[tuple[SecondPerson, ...]] = get_args(SecondPerson)
MOST_PHRASES: Final = 500
MOST_PHRASE_CHARACTERS: Final = 80
MOST_EXCLAMATION_MARKS: Final = 20

_STARTER: Final = Path(__file__).resolve().parent / "starter"
_KEYS: Final = frozenset({"avoid", "exclamation_marks", "emoji", "second_person"})


@dataclass(frozen=True, slots=True)
class GuideRules:
    """What a guide wants of every text.

    `avoid` holds words and phrases, compared without case and by whole words;
    `exclamation_marks` is the most that a text may have, None for any number; `emoji` says whether
    a text may have any of its own; `second_person` whether it speaks to "you".
    """

    avoid: tuple[str, ...] = ()
    exclamation_marks: int | None = None
    emoji: bool = True
    second_person: SecondPerson = "either"

    def as_json(self) -> dict[str, object]:
        """Return what `read_rules` reads."""
        return {
            "avoid": list(self.avoid),
            "exclamation_marks": self.exclamation_marks,
            "emoji": self.emoji,
            "second_person": self.second_person,
        }


class RulesRefused(ValueError):
    """Rules that cannot be checked; `problems` says for each of them why."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


def read_rules(written: Mapping[str, object]) -> GuideRules:
    """Read rules as `GuideRules.as_json` gives them; absent ones forbid nothing.

    Raises RulesRefused.
    """
    problems = rules_problems(written)
    if problems:
        raise RulesRefused(problems)
    phrases = cast("list[str]", written.get("avoid", []))
    return GuideRules(
        avoid=tuple(dict.fromkeys(" ".join(phrase.split()) for phrase in phrases)),
        exclamation_marks=cast("int | None", written.get("exclamation_marks")),
        emoji=cast("bool", written.get("emoji", True)),
        second_person=cast("SecondPerson", written.get("second_person", "either")),
    )


def rules_problems(written: Mapping[str, object]) -> dict[str, str]:
    """Return for each rule what is wrong with it; empty where all can be checked."""
    problems = {str(name): "There is no such rule." for name in written if name not in _KEYS}
    if "avoid" in written and (problem := _phrases_problem(written["avoid"])):
        problems["avoid"] = problem
    most = written.get("exclamation_marks")
    if most is not None and not _is_count(most):
        problems["exclamation_marks"] = (
            f"A whole number from 0 to {MOST_EXCLAMATION_MARKS}, or nothing for any number."
        )
    if not isinstance(written.get("emoji", True), bool):
        problems["emoji"] = "Yes or no."
    if written.get("second_person", "either") not in SECOND_PERSON:
        problems["second_person"] = f"One of {', '.join(SECOND_PERSON)}."
    return problems


@lru_cache(maxsize=16)
def shipped_rules(slug: str) -> GuideRules:
    """Return the rules of the guide that ships with a task; for any other, rules without a word."""
    path = _STARTER / slug / "rules.toml"
    if not slug.replace("-", "").isalnum() or not path.is_file():
        return GuideRules()
    return read_rules(tomllib.loads(path.read_text(encoding="utf-8")))


def _phrases_problem(phrases: object) -> str:
    if not isinstance(phrases, list) or not all(isinstance(each, str) for each in phrases):
        return "A list of words and phrases."
    if len(phrases) > MOST_PHRASES:
        return f"There are {len(phrases):,} phrases; {MOST_PHRASES:,} are the most."
    for phrase in phrases:
        if not any(character.isalnum() for character in phrase):
            return f"“{phrase}” has neither a letter nor a digit."
        if len(phrase) > MOST_PHRASE_CHARACTERS:
            return (
                f"“{phrase[:20]}…” has {len(phrase)} characters; "
                f"{MOST_PHRASE_CHARACTERS} are the most."
            )
    return ""


def _is_count(value: object) -> bool:
    return (
        isinstance(value, int)
        and not isinstance(value, bool)
        and 0 <= value <= MOST_EXCLAMATION_MARKS
    )
