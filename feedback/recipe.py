"""Recipes: what a dataset is to be made of, read from JSON and checked. No Django.

A recipe is kept with its dataset as `Recipe.as_json` writes it, every field named, so that it
means the same for ever, whatever the defaults become.
"""

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, cast, get_args

import orjson

from accounts.words import translatable
from feedback.formats import FILE_KINDS, training_format_slugs

SplitName = Literal["train", "validation", "test"]
SPLITS: Final[tuple[SplitName, ...]] = get_args(SplitName)
Agreement = Literal["any", "agreed"]
AGREEMENTS: Final[tuple[Agreement, ...]] = get_args(Agreement)

DEFAULT_SALT: Final = "copydesk"
DEFAULT_SHARES: Final[Mapping[SplitName, float]] = {"train": 1.0, "validation": 0.0, "test": 0.0}
DEFAULT_ALIKE: Final = 0.8
LEAST_ALIKE: Final = 0.7
"""Below it, texts are not compared at all."""
MOST_LISTED: Final = 200
MOST_CHARACTERS: Final = 200

_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SALT: Final = re.compile(r"[A-Za-z0-9._-]{1,60}")
_FIELD: Final = re.compile(r"[a-z0-9_-]{1,60}", re.IGNORECASE)

Problems = dict[str, list[str]]
"""Field -> sentences."""

TOO_LONG: Final = translatable("Each is a text of at most %(most)d characters.")
TOO_MANY: Final = translatable("At most %(most)d are named.")
UNKNOWN: Final = translatable("There is no %(unknown)s; there are: %(known)s.")
HOW_ALIKE: Final = translatable("From how alike two texts count as one: %(least)s to 1.")
EACH_OF: Final = translatable("Name a number for each of: %(known)s.")
AGREEMENT: Final = translatable("One of: %(known)s.")
NO_FIELD: Final = translatable("A recipe has no field %(name)s.")
SENTENCES: Final = (TOO_LONG, TOO_MANY, UNKNOWN, HOW_ALIKE, EACH_OF, AGREEMENT, NO_FIELD)
"""What is said of a wrong recipe with something in its places, for whoever translates it."""


class InvalidRecipe(ValueError):
    """A recipe that cannot be; `problems` says what is wrong with which field."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(" ".join(each for said in problems.values() for each in said))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Filters:
    """Which reviews may give rows. An empty one lets all through."""

    reviewed_from: date | None = None
    """A day of the desk; the first that counts."""
    reviewed_until: date | None = None
    """The last day that counts."""
    editors: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    prompts: tuple[int, ...] = ()
    """Their numbers, in the tasks of the recipe."""
    tags: tuple[str, ...] = ()
    """Slugs of categories; a review has at least one of them."""
    criteria: Mapping[str, str] = field(default_factory=dict)
    """Slug -> the answer that a review has."""
    locales: tuple[str, ...] = ()
    agreement: Agreement = "any"
    """`agreed`: all reviews of the draft came to the same outcome."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a dataset is to be made of."""

    name: str
    tasks: tuple[str, ...]
    formats: tuple[str, ...] = ("sft",)
    files: tuple[str, ...] = ("jsonl",)
    filters: Filters = field(default_factory=Filters)
    shares: Mapping[SplitName, float] = field(default_factory=lambda: dict(DEFAULT_SHARES))
    """Of the groups, 0 to 1, for each split."""
    salt: str = DEFAULT_SALT
    fewest: Mapping[SplitName, int] = field(default_factory=lambda: dict.fromkeys(SPLITS, 0))
    """Reviews that a split must have for the dataset to be built."""
    alike: float = DEFAULT_ALIKE
    """The share of pairs of words from which two texts count as one, 0.7 to 1."""
    most_per_group: int | None = None
    most_per_editor: int | None = None
    prompts: Mapping[str, int] = field(default_factory=dict)
    """Task -> the number of the prompt to render with, instead of the draft's own."""

    def as_json(self) -> dict[str, object]:
        """Return every field, in JSON, in the same order for every recipe."""
        filters = self.filters
        return {
            "name": self.name,
            "tasks": list(self.tasks),
            "formats": list(self.formats),
            "files": list(self.files),
            "filters": {
                "reviewed_from": _written(filters.reviewed_from),
                "reviewed_until": _written(filters.reviewed_until),
                "editors": list(filters.editors),
                "models": list(filters.models),
                "prompts": list(filters.prompts),
                "tags": list(filters.tags),
                "criteria": dict(sorted(filters.criteria.items())),
                "locales": list(filters.locales),
                "agreement": filters.agreement,
            },
            "shares": {split: self.shares[split] for split in SPLITS},
            "salt": self.salt,
            "fewest": {split: self.fewest[split] for split in SPLITS},
            "alike": self.alike,
            "most_per_group": self.most_per_group,
            "most_per_editor": self.most_per_editor,
            "prompts": dict(sorted(self.prompts.items())),
        }


def read_recipe(body: object) -> Recipe:
    """Read a recipe from JSON. Raises InvalidRecipe, which names all that is wrong at once.

    Whether its tasks, editors, models and prompts exist, only the desk's tables can say.
    """
    if not isinstance(body, Mapping):
        raise InvalidRecipe({"recipe": [translatable("A recipe is a JSON object.")]})
    reader = _Reader(body)
    recipe = Recipe(
        name=reader.name(),
        tasks=reader.words("tasks", at_least=1),
        formats=reader.some_of("formats", training_format_slugs(), ("sft",)),
        files=reader.some_of("files", FILE_KINDS, ("jsonl",)),
        filters=_read_filters(reader),
        shares=reader.shares(),
        salt=reader.salt(),
        fewest=reader.fewest(),
        alike=reader.alike(),
        most_per_group=reader.cap("most_per_group"),
        most_per_editor=reader.cap("most_per_editor"),
        prompts=reader.prompts(),
    )
    reader.refuse_unknown()
    if reader.problems:
        raise InvalidRecipe(reader.problems)
    return recipe


def _read_filters(outer: "_Reader") -> Filters:
    body = outer.take("filters")
    if body is None:
        return Filters()
    if not isinstance(body, Mapping):
        outer.say("filters", translatable("Filters are a JSON object."))
        return Filters()
    reader = _Reader(body, "filters.", outer.problems)
    filters = Filters(
        reviewed_from=reader.day("reviewed_from"),
        reviewed_until=reader.day("reviewed_until"),
        editors=reader.words("editors"),
        models=reader.words("models"),
        prompts=reader.numbers("prompts"),
        tags=reader.words("tags"),
        criteria=reader.answers("criteria"),
        locales=reader.words("locales"),
        agreement=reader.agreement(),
    )
    reader.refuse_unknown()
    first, last = filters.reviewed_from, filters.reviewed_until
    if first and last and first > last:
        reader.say("reviewed_until", translatable("The last day lies before the first."))
    return filters


def _written(day: date | None) -> str | None:
    return day.isoformat() if day else None


class _Reader:
    """Takes fields out of a JSON object and keeps what is wrong with them."""

    def __init__(
        self, body: Mapping[str, object], prefix: str = "", problems: Problems | None = None
    ) -> None:
        self._left = dict(body)
        self._prefix = prefix
        self.problems: Problems = {} if problems is None else problems

    def say(self, name: str, sentence: str) -> None:
        self.problems.setdefault(self._prefix + name, []).append(sentence)

    def take(self, name: str) -> object:
        return self._left.pop(name, None)

    def refuse_unknown(self) -> None:
        for name in self._left:
            if _FIELD.fullmatch(name):
                self.say(name, translatable("A recipe has no such field."))
            else:  # where it would have to be said is no place
                self.say("recipe", NO_FIELD % {"name": orjson.dumps(name[:60]).decode()})

    def name(self) -> str:
        value = self.take("name")
        if not isinstance(value, str) or not _NAME.fullmatch(value) or len(value) > 60:
            self.say(
                "name",
                translatable(
                    "A name has up to 60 small letters, digits and hyphens between them, "
                    "as music-sft."
                ),
            )
            return ""
        return value

    def salt(self) -> str:
        value = self.take("salt")
        if value is None:
            return DEFAULT_SALT
        if not isinstance(value, str) or not _SALT.fullmatch(value):
            self.say(
                "salt",
                translatable("A salt has up to 60 letters, digits, dots, hyphens and underscores."),
            )
            return DEFAULT_SALT
        return value

    def words(self, name: str, at_least: int = 0) -> tuple[str, ...]:
        value = self._list(name)
        if not all(isinstance(each, str) and 0 < len(each) <= MOST_CHARACTERS for each in value):
            self.say(name, TOO_LONG % {"most": MOST_CHARACTERS})
            return ()
        if len(value) < at_least and self._prefix + name not in self.problems:
            self.say(name, translatable("Name at least one."))
        return tuple(dict.fromkeys(cast(list[str], value)))

    def numbers(self, name: str) -> tuple[int, ...]:
        value = self._list(name)
        if not all(_is_count(each) for each in value):
            self.say(name, translatable("Each is a whole number from 1."))
            return ()
        return tuple(dict.fromkeys(cast(list[int], value)))

    def some_of(
        self, name: str, known: "list[str] | tuple[str, ...]", usual: tuple[str, ...]
    ) -> tuple[str, ...]:
        if name not in self._left or self._left[name] is None:
            self.take(name)
            return usual
        value = self.words(name, at_least=1)
        unknown = [each for each in value if each not in known]
        if unknown:
            self.say(name, UNKNOWN % {"unknown": ", ".join(unknown), "known": ", ".join(known)})
        # In the order of the desk: the same choice is the same recipe, however it was written.
        return tuple(each for each in known if each in value)

    def shares(self) -> dict[SplitName, float]:
        value = self._by_split("shares")
        if value is None:
            return dict(DEFAULT_SHARES)
        shares = {split: value.get(split, 0) for split in SPLITS}
        if not all(_is_number(each) and 0 <= each <= 1 for each in shares.values()):  # type: ignore[operator]
            self.say("shares", translatable("Each share is a number from 0 to 1."))
            return dict(DEFAULT_SHARES)
        given = {split: float(cast(float, share)) for split, share in shares.items()}
        if not math.isclose(sum(given.values()), 1, abs_tol=1e-6):
            self.say("shares", translatable("The shares must add up to 1."))
        return given

    def fewest(self) -> dict[SplitName, int]:
        value = self._by_split("fewest") or {}
        fewest = {split: value.get(split, 0) for split in SPLITS}
        if not all(_is_whole(each) and 0 <= each <= 10**9 for each in fewest.values()):  # type: ignore[operator]
            self.say("fewest", translatable("Each is a whole number of rows."))
            return dict.fromkeys(SPLITS, 0)
        return cast(dict[SplitName, int], fewest)

    def alike(self) -> float:
        value = self.take("alike")
        if value is None:
            return DEFAULT_ALIKE
        if not _is_number(value) or not LEAST_ALIKE <= cast(float, value) <= 1:
            self.say("alike", HOW_ALIKE % {"least": LEAST_ALIKE})
            return DEFAULT_ALIKE
        return float(cast(float, value))

    def cap(self, name: str) -> int | None:
        value = self.take(name)
        if value is None:
            return None
        if not _is_count(value):
            self.say(name, translatable("At most so many rows: a whole number from 1, or nothing."))
            return None
        return cast(int, value)

    def day(self, name: str) -> date | None:
        value = self.take(name)
        if value is None:
            return None
        with suppress(ValueError):
            if isinstance(value, str):
                day = date.fromisoformat(value)
                if 1900 <= day.year <= 2999:  # others have no day after them, or none before
                    return day
        self.say(name, translatable("A day is written like 2026-11-23, from 1900 to 2999."))
        return None

    def answers(self, name: str) -> dict[str, str]:
        value = self.take(name)
        if value is None:
            return {}
        if (
            not isinstance(value, Mapping)
            or len(value) > MOST_LISTED
            or not all(isinstance(each, str) for each in value)
            or not all(each in ("yes", "no", "na") for each in value.values())
        ):
            self.say(
                name,
                translatable('A criterion and its answer: {"specific": "yes"}; yes, no or na.'),
            )
            return {}
        return dict(value)

    def agreement(self) -> Agreement:
        value = self.take("agreement")
        if value is None:
            return "any"
        if value not in AGREEMENTS:
            self.say("agreement", AGREEMENT % {"known": ", ".join(AGREEMENTS)})
            return "any"
        return value

    def prompts(self) -> dict[str, int]:
        value = self.take("prompts")
        if value is None:
            return {}
        if (
            not isinstance(value, Mapping)
            or not all(isinstance(each, str) for each in value)
            or not all(_is_count(each) for each in value.values())
        ):
            self.say(
                "prompts",
                translatable('A task and the number of its prompt: {"music-oneliner": 3}.'),
            )
            return {}
        return dict(value)

    def _list(self, name: str) -> list[object]:
        value = self.take(name)
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.say(name, translatable("A list is wanted."))
            return []
        if len(value) > MOST_LISTED:
            self.say(name, TOO_MANY % {"most": MOST_LISTED})
            return []
        return list(value)

    def _by_split(self, name: str) -> dict[SplitName, object] | None:
        value = self.take(name)
        if value is None:
            return None
        if not isinstance(value, Mapping) or any(each not in SPLITS for each in value):
            self.say(name, EACH_OF % {"known": ", ".join(SPLITS)})
            return None
        return dict(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return _is_whole(value) and 1 <= cast(int, value) <= 10**9


def _is_number(value: object) -> bool:
    return _is_whole(value) or (isinstance(value, float) and math.isfinite(value))
